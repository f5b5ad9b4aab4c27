// The table `Mailboxes`: the state of each mailbox and all its drift, in sixteen partitions.
import type { TransactionAction } from '@azure/data-tables';
import type { Drift } from '../rules/drift.ts';
import type { MailboxState } from '../rules/judge.ts';
import { driftEntity } from './driftStore.ts';
import { afterPrefix, encodeKey, PARTITIONS, type Position, partitionOf, STATE_PREFIX, statePosition } from './keys.ts';
import { mergedPage, type Page } from './mergePartitions.ts';
import { between, type Columns, collect, fromRow, getEach, toRow } from './rows.ts';
import { LARGEST_TRANSACTION, type Lease, type Row, type Tables, writeGroups } from './tables.ts';

/** The row of a mailbox: its state, its open drift with evidence, and the last message of an allowed one. */
export interface MailboxRecord extends MailboxState {
  readonly openDrift: Drift | null;
  readonly latestSubject: string | null;
  readonly latestReceivedDateTime: string | null;
}

export interface StoredMailbox {
  readonly record: MailboxRecord;
  readonly etag: string;
}

/** One step of one mailbox: its state, and the drift that closes or opens. All of it is written, or nothing. */
export interface MailboxChange {
  readonly previous: StoredMailbox | null;
  readonly next: MailboxRecord;
  readonly closed: Drift | null;
  readonly opened: Drift | null;
}

/** Rows from `from`, inclusive, to `to`, exclusive; null is the end of the table. */
export interface Range {
  readonly from: Position;
  readonly to: Position | null;
}

export interface MailboxFilter {
  readonly startsWith?: string;
  readonly conditions?: readonly string[];
}

export interface MailboxStore {
  get(mailbox: string): Promise<StoredMailbox | null>;
  /** The states of some mailboxes, each read by its key, in their order. Null for one without a state. */
  getAll(mailboxes: readonly string[]): Promise<readonly (MailboxRecord | null)[]>;
  /** Every state in the range. */
  inRange(range: Range): Promise<readonly StoredMailbox[]>;
  /** Writes the changes, and returns the mailboxes whose row has changed since `previous` was read. */
  write(changes: readonly MailboxChange[], lease: Lease): Promise<readonly string[]>;
  /** Deletes a state; false when it has changed since it was read. Close its drift first. */
  remove(stored: StoredMailbox, lease: Lease): Promise<boolean>;
  /** States in alphabetical order. */
  list(filter: MailboxFilter, top: number, after: string): Promise<Page<MailboxRecord>>;
}

const TABLE = 'Mailboxes';

const STATE_COLUMNS: Columns<MailboxRecord> = {
  mailbox: 'value',
  expectation: 'value',
  verdict: 'value',
  since: 'value',
  sinceRun: 'value',
  addedRun: 'value',
  declaredAt: 'value',
  declaredRun: 'value',
  provenAt: 'value',
  lastRun: 'value',
  missedTotal: 'value',
  lastConclusiveRun: 'value',
  refusals: 'value',
  lastOutcome: 'value',
  lastReason: 'value',
  lastMessageClass: 'value',
  lastControlHeld: 'value',
  lastCheckedAt: 'value',
  closedRun: 'value',
  recent: 'value',
  openDrift: 'json',
  latestSubject: 'value',
  latestReceivedDateTime: 'value',
};

export function createMailboxStore(tables: Tables): MailboxStore {
  const table = () => tables.open(TABLE);

  return {
    async get(mailbox) {
      const { partition, row } = statePosition(mailbox);
      const found = await (await table()).get(partition, row);
      return found && toStored(found);
    },

    async getAll(mailboxes) {
      const rows = await getEach(await table(), mailboxes.map(statePosition));
      return rows.map((row) => row && fromRow<MailboxRecord>(row, STATE_COLUMNS));
    },

    async inRange(range) {
      const source = await table();
      const parts = await Promise.all(partsOf(range).map((filter) => collect(source, filter)));
      return parts.flat().map(toStored);
    },

    async write(changes, lease) {
      const refused = await writeGroups(await table(), grouped(changes), actionsOf, lease);
      return refused.map(({ next }) => next.mailbox);
    },

    async remove({ record, etag }, lease) {
      const { partition, row } = statePosition(record.mailbox);
      return (await table()).remove(partition, row, etag, lease);
    },

    async list({ startsWith = '', conditions = [] }, top, after) {
      return mergedPage(
        await table(),
        { prefix: STATE_PREFIX + encodeKey(startsWith), conditions, top, after },
        (row) => fromRow(row, STATE_COLUMNS),
      );
    },
  };
}

function toStored(row: Row): StoredMailbox {
  return { record: fromRow(row, STATE_COLUMNS), etag: row.etag };
}

/** The rows of a change in one transaction: the state under its ETag, and its drift. */
function actionsOf({ previous, next, closed, opened }: MailboxChange): TransactionAction[] {
  const state = toRow(statePosition(next.mailbox), next, STATE_COLUMNS);
  const stateAction: TransactionAction = previous
    ? ['update', state, 'Replace', { etag: previous.etag }]
    : ['create', state];
  const drifts = [closed, opened].filter((one) => one !== null);
  // Merged, so that the end of a drift keeps what is known of the alert that announced its opening.
  return [stateAction, ...drifts.map((drift): TransactionAction => ['upsert', driftEntity(drift), 'Merge'])];
}

/** Groups the changes into transactions, which hold one partition and a hundred rows. */
function grouped(changes: readonly MailboxChange[]): MailboxChange[][] {
  const groups: MailboxChange[][] = [];
  const open = new Map<string, { readonly group: MailboxChange[]; rows: number }>();
  for (const change of changes) {
    const partition = partitionOf(change.next.mailbox);
    const rows = 1 + Number(change.closed !== null) + Number(change.opened !== null);
    let current = open.get(partition);
    if (!current || current.rows + rows > LARGEST_TRANSACTION) {
      current = { group: [], rows: 0 };
      open.set(partition, current);
      groups.push(current.group);
    }
    current.group.push(change);
    current.rows += rows;
  }
  return groups;
}

/** The filters for a range of states, one for each partition in it. */
function partsOf({ from, to }: Range): string[] {
  const touched = PARTITIONS.filter((one) => one >= from.partition && (to === null || one <= to.partition));
  return touched.map((partition) => {
    const low = partition === from.partition ? from.row : STATE_PREFIX;
    const high = partition === to?.partition ? to.row : afterPrefix(STATE_PREFIX);
    return between(partition, low, high);
  });
}
