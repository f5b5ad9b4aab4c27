// Everything that is kept in the storage account.
import type { StorageSettings } from '../settings.ts';
import { type CursorStore, createCursorStore } from './cursor.ts';
import { createMailboxStore, type MailboxStore } from './mailboxes.ts';
import { createObservationStore, type ObservationStore } from './observations.ts';
import { createQueues, type Queues } from './queues.ts';
import { createRunStore, type RunStore } from './runs.ts';
import { createTables } from './tables.ts';

export interface Storage {
  readonly mailboxes: MailboxStore;
  readonly observations: ObservationStore;
  readonly runs: RunStore;
  readonly cursor: CursorStore;
  readonly queues: Queues;
}

/** Nothing is opened until it is used. */
export function openStorage(settings: StorageSettings): Storage {
  const tables = createTables(settings);
  return {
    mailboxes: createMailboxStore(tables),
    observations: createObservationStore(tables),
    runs: createRunStore(tables),
    cursor: createCursorStore(tables),
    queues: createQueues(settings),
  };
}
