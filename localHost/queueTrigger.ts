// Queue triggers: takes messages, runs the function, retries failures and moves poison messages, as the Functions host
// does.
import { setTimeout as wait } from 'node:timers/promises';
import { type DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { QueueSettings } from './hostJson.ts';
import type { Metadata, TriggerData } from './processMessages.ts';

export interface QueueTriggerOptions {
  readonly queueName: string;
  /** A connection string. */
  readonly connection: string;
  readonly settings: QueueSettings;
  /** Rejects when the function throws or its process dies. */
  readonly run: (data: TriggerData, metadata: Metadata) => Promise<void>;
  readonly log: (line: string) => void;
}

// How long a message is invisible while it is in work. It is renewed at half of this time until the work ends.
const INVISIBLE_SECONDS = 600;
const SHORTEST_POLL_MS = 100;
// The emulator closes idle connections. A request that reuses such a connection fails, and so may the next ones.
const AGAIN = { maxTries: 8, retryDelayInMs: 100, maxRetryDelayInMs: 2_000 };

/**
 * Listens until the returned function is called. It does not wait: messages in work become visible again by themselves.
 */
export function startQueueTrigger(options: QueueTriggerOptions): () => void {
  const { queueName, connection, settings, log } = options;
  const stopping = new AbortController();
  // The pace of looking for messages is this loop's.
  const queue = new QueueClient(connection, queueName, { retryOptions: { maxTries: 1 } });
  // A message that is taken and not put back stays hidden for ten minutes: these calls are tried again.
  const taken = new QueueClient(connection, queueName, { retryOptions: AGAIN });
  const poison = new QueueClient(connection, `${queueName}-poison`, { retryOptions: AGAIN });
  let exists = false;
  let reported = false;
  void listen();
  return () => stopping.abort();

  /**
   * Takes a batch while at most `newBatchThreshold` messages are in work. It polls an idle queue less and less often.
   */
  async function listen(): Promise<void> {
    const inWork = new Set<Promise<void>>();
    let pauseMs = SHORTEST_POLL_MS;
    while (!stopping.signal.aborted) {
      if (inWork.size > settings.newBatchThreshold) {
        await Promise.race(inWork);
        continue;
      }
      const messages = await receive();
      pauseMs = messages.length > 0 ? SHORTEST_POLL_MS : Math.min(pauseMs * 2, settings.maxPollingIntervalMs);
      for (const message of messages) {
        const working: Promise<void> = work(message).finally(() => inWork.delete(working));
        inWork.add(working);
      }
      if (messages.length === 0) await pause(pauseMs);
    }
  }

  async function receive(): Promise<readonly DequeuedMessageItem[]> {
    try {
      if (!exists) await queue.createIfNotExists({ abortSignal: stopping.signal });
      exists = true;
      const wanted = { numberOfMessages: settings.batchSize, visibilityTimeout: INVISIBLE_SECONDS };
      const { receivedMessageItems } = await queue.receiveMessages({ ...wanted, abortSignal: stopping.signal });
      reported = false;
      return receivedMessageItems;
    } catch (error) {
      exists = false;
      if (!stopping.signal.aborted && !reported)
        log(`The queue ${queueName} cannot be read: ${(error as Error).message}`);
      reported = true;
      await pause(settings.maxPollingIntervalMs);
      return [];
    }
  }

  async function work(message: DequeuedMessageItem): Promise<void> {
    let { popReceipt } = message;
    const renewal = setInterval(async () => {
      try {
        const renewed = await taken.updateMessage(
          message.messageId,
          popReceipt,
          message.messageText,
          INVISIBLE_SECONDS,
        );
        popReceipt = renewed.popReceipt ?? popReceipt;
      } catch (error) {
        log(`A message of ${queueName} could not be kept invisible: ${(error as Error).message}`);
      }
    }, INVISIBLE_SECONDS * 500);
    try {
      await options.run({ string: Buffer.from(message.messageText, 'base64').toString() }, metadataOf(message));
      clearInterval(renewal);
      await taken.deleteMessage(message.messageId, popReceipt);
    } catch (error) {
      clearInterval(renewal);
      if (stopping.signal.aborted) return;
      log(`A message of ${queueName} failed (try ${message.dequeueCount}): ${(error as Error).message}`);
      await putBack(message, popReceipt);
    }
  }

  /** Makes a failed message visible again after the delay. After the last try it goes to the poison queue. */
  async function putBack(message: DequeuedMessageItem, popReceipt: string): Promise<void> {
    try {
      // As on the platform, a poison queue has no poison queue of its own: its messages stay until they succeed.
      if (message.dequeueCount < settings.maxDequeueCount || queueName.endsWith('-poison')) {
        const delay = Math.round(settings.visibilityTimeoutMs / 1000);
        await taken.updateMessage(message.messageId, popReceipt, message.messageText, delay);
        return;
      }
      await poison.createIfNotExists();
      await poison.sendMessage(message.messageText);
      await taken.deleteMessage(message.messageId, popReceipt);
      log(`A message of ${queueName} failed ${message.dequeueCount} times and was moved to ${queueName}-poison.`);
    } catch (error) {
      log(`A message of ${queueName} could not be put back: ${(error as Error).message}`);
    }
  }

  async function pause(ms: number): Promise<void> {
    try {
      await wait(ms, undefined, { signal: stopping.signal });
    } catch {
      // The listener is being stopped, so the wait and the loop end.
    }
  }
}

function metadataOf(message: DequeuedMessageItem): Metadata {
  const { dequeueCount, messageId, popReceipt, insertedOn, expiresOn, nextVisibleOn } = message;
  const values = {
    DequeueCount: dequeueCount,
    Id: messageId,
    PopReceipt: popReceipt,
    InsertionTime: insertedOn,
    ExpirationTime: expiresOn,
    NextVisibleTime: nextVisibleOn,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { json: JSON.stringify(value) }]));
}
