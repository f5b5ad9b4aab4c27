// Queue triggers: takes messages, runs the function, retries failures and moves poison messages, as the Functions host
// does.
import { setTimeout as wait } from 'node:timers/promises';
import { type DequeuedMessageItem, QueueClient, type RestError } from '@azure/storage-queue';
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
  /** How often the invisibility of a message in work is renewed. */
  readonly renewMs?: number;
}

/*
 * How long a message is invisible while it is in work. The platform takes ten minutes. But if the answer of
 * `receiveMessages` is lost, or this process is killed, nobody works on the message, and it stays hidden for this time.
 * On your machine both happen: the emulator closes idle connections, and people press Ctrl-C. A minute is shorter than
 * the two minutes after which the app counts a run as dead, so the run goes on. Two renewals may fail before a message
 * appears that is still in work.
 */
const INVISIBLE_SECONDS = 60;
const RENEW_MS = 20_000;
const SHORTEST_POLL_MS = 100;
// The emulator closes idle connections. A request that reuses such a connection fails, and so may the next ones.
const AGAIN = { maxTries: 8, retryDelayInMs: 100, maxRetryDelayInMs: 2_000 };

/**
 * Listens until the returned function is called. It does not wait: messages in work become visible again by themselves.
 */
export function startQueueTrigger(options: QueueTriggerOptions): () => void {
  const { queueName, connection, settings, log, renewMs = RENEW_MS } = options;
  const stopping = new AbortController();
  // The pace of looking for messages is this loop's.
  const queue = new QueueClient(connection, queueName, { retryOptions: { maxTries: 1 } });
  // A message that is taken and not put back stays hidden for a minute: these calls are tried again.
  const taken = new QueueClient(connection, queueName, { retryOptions: AGAIN });
  const poison = new QueueClient(connection, `${queueName}-poison`, { retryOptions: AGAIN });
  // As on the platform, a poison queue has no poison queue of its own: its messages stay until they succeed.
  const isPoison = queueName.endsWith('-poison');
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

  /**
   * 1. A message that is not base64 goes to the poison queue at once, as on the platform.
   * 2. Run the function, and keep the message invisible meanwhile.
   * 3. Delete the message, or put it back. Both need the receipt of the last renewal.
   */
  async function work(message: DequeuedMessageItem): Promise<void> {
    const text = decodeBase64(message.messageText);
    if (text === null && isPoison) return log(`A message of ${queueName} is not base64, and stays there.`);
    if (text === null) return putAside(message, message.popReceipt, 'is not base64');
    const kept = keepInvisible(message);
    try {
      await options.run({ string: text }, metadataOf(message));
    } catch (error) {
      const popReceipt = await kept.release();
      if (stopping.signal.aborted) return;
      log(`A message of ${queueName} failed (try ${message.dequeueCount}): ${(error as Error).message}`);
      return putBack(message, popReceipt);
    }
    await remove(message, await kept.release());
  }

  /** Renews the invisibility until `release`, which settles with the receipt when no renewal is in flight any more. */
  function keepInvisible(message: DequeuedMessageItem): { release(): Promise<string> } {
    let { popReceipt } = message;
    let renewing: Promise<void> | undefined;
    async function renew(): Promise<void> {
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
    }
    // One at a time: each renewal needs the receipt of the one before.
    const timer = setInterval(() => {
      renewing ??= renew().finally(() => {
        renewing = undefined;
      });
    }, renewMs);
    return {
      async release() {
        clearInterval(timer);
        await renewing;
        return popReceipt;
      },
    };
  }

  /** Deletes a finished message. If that fails, the message comes back, as on the platform. It did not fail itself. */
  async function remove({ messageId }: DequeuedMessageItem, popReceipt: string): Promise<void> {
    try {
      await taken.deleteMessage(messageId, popReceipt);
    } catch (error) {
      if (stopping.signal.aborted || (error as RestError).statusCode === 404) return;
      log(`A finished message of ${queueName} could not be deleted, and will run again: ${(error as Error).message}`);
    }
  }

  /** Makes a failed message visible again after the delay. After the last try it goes to the poison queue. */
  async function putBack(message: DequeuedMessageItem, popReceipt: string): Promise<void> {
    if (message.dequeueCount >= settings.maxDequeueCount && !isPoison)
      return putAside(message, popReceipt, `failed ${message.dequeueCount} times`);
    try {
      const delay = Math.round(settings.visibilityTimeoutMs / 1000);
      await taken.updateMessage(message.messageId, popReceipt, message.messageText, delay);
    } catch (error) {
      log(`A message of ${queueName} could not be put back: ${(error as Error).message}`);
    }
  }

  /** Copies a message to the poison queue, and then deletes it: a crash in between must not lose it. */
  async function putAside(message: DequeuedMessageItem, popReceipt: string, why: string): Promise<void> {
    try {
      await poison.createIfNotExists();
      await poison.sendMessage(message.messageText);
      await taken.deleteMessage(message.messageId, popReceipt);
      log(`A message of ${queueName} ${why} and was moved to ${queueName}-poison.`);
    } catch (error) {
      log(`A message of ${queueName} could not be moved to ${queueName}-poison: ${(error as Error).message}`);
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

/** The text in base64, with white space ignored as .NET does; null when it is something else. */
function decodeBase64(encoded: string): string | null {
  const dense = encoded.replace(/[ \t\r\n]/g, '');
  const isBase64 = dense.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(dense);
  return isBase64 ? Buffer.from(dense, 'base64').toString() : null;
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
