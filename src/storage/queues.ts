// The queues between a run, its shards and its alert.
import type { QueueClient } from '@azure/storage-queue';
import { MailscopeError } from '../errors.ts';
import type { StorageSettings } from '../settings/settings.ts';
import { limited } from './callLimit.ts';
import { onceEach } from './onceEach.ts';
import { storageCredential } from './storageCredential.ts';

export const SHARD_QUEUE = 'poll-shards';
/** The platform moves a shard's message there after its last try. */
export const GIVEN_UP_QUEUE = `${SHARD_QUEUE}-poison` as const;
export const ALERT_QUEUE = 'drift-alerts';

export type QueueName = typeof SHARD_QUEUE | typeof GIVEN_UP_QUEUE | typeof ALERT_QUEUE;

/** A message of a run. Apps over one account share the queues, so it says whose it is. */
export interface OwnedMessage {
  readonly runId: string;
  /** The scope of the run; undefined for the default one, as in messages of an earlier version. */
  readonly scope?: string | undefined;
  /** The app that sent it; undefined for anybody, as in messages of an earlier version. */
  readonly owner?: string | undefined;
  /** How often another app has sent it again. */
  readonly returned?: number | undefined;
}

/** Names the shard, the run and the list. It never holds mailboxes. */
export interface ShardMessage extends OwnedMessage {
  readonly shard: number;
  readonly listHash: string;
}

/** A run whose alert may be due. */
export type AlertMessage = OwnedMessage;

export interface Queues {
  sendShards(messages: readonly ShardMessage[]): Promise<void>;
  sendAlert(message: AlertMessage): Promise<void>;
  /** Sends a message of another app again. It is hidden for 30 seconds. */
  sendBack(queue: QueueName, message: OwnedMessage): Promise<void>;
}

const SENDS_IN_FLIGHT = 16;
/** For one message. A start of a run also writes to tables, and both have to fit into the time of a request. */
const SEND_MS = 5_000;
const HIDDEN_SECONDS = 30;

export function createQueues(settings: StorageSettings): Queues {
  const opened = onceEach((name) => openQueue(settings, name));

  async function send(name: string, messages: readonly object[], hiddenSeconds = 0): Promise<void> {
    try {
      const queue = await opened.get(name);
      const waiting = [...messages];
      const work = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          // The platform's queue trigger expects Base64.
          const text = Buffer.from(JSON.stringify(next)).toString('base64');
          await limited(
            (abortSignal) => queue.sendMessage(text, { abortSignal, visibilityTimeout: hiddenSeconds }),
            SEND_MS,
          );
        }
      };
      await Promise.all(Array.from({ length: Math.min(SENDS_IN_FLIGHT, messages.length) }, work));
    } catch (cause) {
      // Somebody may have deleted the queue: the next call creates it again.
      opened.forget(name);
      throw new MailscopeError('storage-unavailable', `The queue ${name} does not accept messages.`, { cause });
    }
  }

  return {
    sendShards: (messages) => send(SHARD_QUEUE, messages),
    sendAlert: (message) => send(ALERT_QUEUE, [message]),
    sendBack: (queue, message) => send(queue, [message], HIDDEN_SECONDS),
  };
}

/** The queue, created when it is missing. */
export async function openQueue(settings: StorageSettings, name: string): Promise<QueueClient> {
  const { QueueClient, QueueServiceClient } = await import('@azure/storage-queue');
  const options = {
    retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 3_000, tryTimeoutInMs: 10_000 },
  };
  const queue =
    settings.kind === 'connection-string'
      ? new QueueClient(settings.value.reveal(), name, options)
      : new QueueServiceClient(settings.queueServiceUri, await storageCredential(settings), options).getQueueClient(
          name,
        );
  await limited((abortSignal) => queue.createIfNotExists({ abortSignal }), SEND_MS);
  return queue;
}
