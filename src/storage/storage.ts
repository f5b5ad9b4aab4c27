// Everything that is kept in the storage account.
import type { StorageSettings } from '../settings/settings.ts';
import { type CursorStore, createCursorStore } from './cursorStore.ts';
import { createDriftStore, type DriftStore } from './driftStore.ts';
import { createMailboxStore, type MailboxStore } from './mailboxStore.ts';
import { createObservationStore, type ObservationStore } from './observationStore.ts';
import { createQueues, type Queues } from './queues.ts';
import { createRunStore, type RunStore } from './runStore.ts';
import { createShardStore, type ShardStore } from './shardStore.ts';
import { createTables, type Tables } from './tables.ts';

export interface Storage {
  readonly mailboxes: MailboxStore;
  readonly drift: DriftStore;
  readonly observations: ObservationStore;
  readonly runs: RunStore;
  readonly shards: ShardStore;
  readonly cursor: CursorStore;
  readonly queues: Queues;
}

/** Nothing is opened until it is used. */
export function openStorage(
  settings: StorageSettings,
  tables: Tables = createTables(settings),
  queues: Queues = createQueues(settings),
): Storage {
  return {
    mailboxes: createMailboxStore(tables),
    drift: createDriftStore(tables),
    observations: createObservationStore(tables),
    runs: createRunStore(tables),
    shards: createShardStore(tables),
    cursor: createCursorStore(tables),
    queues,
  };
}
