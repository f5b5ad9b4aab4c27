// The queues between a run and its shards.
import type { QueueClient } from '@azure/storage-queue';
import { MailscopeError } from '../errors.ts';
import type { StorageSettings } from '../settings.ts';
import { storageCredential } from './credential.ts';

export const SHARD_QUEUE = 'poll-shards';

/** Which shard of which run, and of which list: never the mailboxes. */
export interface ShardMessage {
  readonly runId: string;
  readonly shard: number;
  readonly listHash: string;
}

export interface Queues {
  sendShards(messages: readonly ShardMessage[]): Promise<void>;
}

const SENDS_IN_FLIGHT = 16;

export function createQueues(settings: StorageSettings): Queues {
  let opened: Promise<QueueClient> | undefined;

  function open(): Promise<QueueClient> {
    opened ??= connect(settings);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  }

  return {
    async sendShards(messages) {
      try {
        const queue = await open();
        const waiting = [...messages];
        const send = async () => {
          for (let next = waiting.shift(); next; next = waiting.shift()) {
            // Base64, as the platform's queue trigger reads it.
            await queue.sendMessage(Buffer.from(JSON.stringify(next)).toString('base64'));
          }
        };
        await Promise.all(Array.from({ length: Math.min(SENDS_IN_FLIGHT, messages.length) }, send));
      } catch (cause) {
        throw new MailscopeError('storage-unavailable', 'The shards of the run cannot be put on their queue.', {
          cause,
        });
      }
    },
  };
}

async function connect(settings: StorageSettings): Promise<QueueClient> {
  const { QueueClient, QueueServiceClient } = await import('@azure/storage-queue');
  const options = {
    retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 3_000, tryTimeoutInMs: 10_000 },
  };
  const queue =
    settings.kind === 'connection-string'
      ? new QueueClient(settings.value.reveal(), SHARD_QUEUE, options)
      : new QueueServiceClient(settings.queueServiceUri, await storageCredential(settings), options).getQueueClient(
          SHARD_QUEUE,
        );
  await queue.createIfNotExists();
  return queue;
}
