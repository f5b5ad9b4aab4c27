// The table `Mailboxes`: where each mailbox stands, and every drift there was, side by side in sixteen partitions.
import type { TransactionAction } from '@azure/data-tables';
import { MailscopeError } from '../errors.ts';
import type { Drift } from '../rules/drift.ts';
import type { DriftKind, MailboxState } from '../rules/judge.ts';
import {
  afterPrefix,
  DRIFT_PREFIX,
  driftRow,
  encodeKey,
  PARTITIONS,
  type Position,
  partitionOf,
  STATE_PREFIX,
  statePosition,
} from './keys.ts';
import { mergeRows } from './merge.ts';
import { and, between, type Columns, following, fromRow, quoted, toRow } from './rows.ts';
import type { Lease, Row, Table, Tables } from './tables.ts';

/** What is kept of a mailbox: its state, its open drift with the evidence, and what was last shown of an allowed one. */
export interface MailboxRecord extends MailboxState {
  readonly openDrift: Drift | null;
  readonly latestSubject: string | null;
  readonly latestReceivedDateTime: string | null;
}

export interface StoredMailbox {
  readonly record: MailboxRecord;
  readonly etag: string;
}

/** One step of one mailbox: its state, and the drift that closes or opens with it. They are written together or not at all. */
export interface MailboxChange {
  readonly previous: StoredMailbox | null;
  readonly next: MailboxRecord;
  readonly closed: Drift | null;
  readonly opened: Drift | null;
}

/** Rows from one position, inclusive, to another, exclusive; null is the end of the table. */
export interface Range {
  readonly from: Position;
  readonly to: Position | null;
}

export interface MailboxFilter {
  readonly startsWith?: string;
  readonly condition?: string;
}

export interface DriftFilter {
  readonly open?: boolean;
  readonly kind?: DriftKind;
  readonly mailbox?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it in to go on; null at the end. */
  readonly continuation: string | null;
}

export interface MailboxStore {
  get(mailbox: string): Promise<StoredMailbox | null>;
  /** Every state in a range of positions. */
  inRange(range: Range): Promise<readonly StoredMailbox[]>;
  /** Writes what can be written; answers the mailboxes whose row was not as `previous` says. */
  write(changes: readonly MailboxChange[], lease: Lease): Promise<readonly string[]>;
  /** Deletes a state as it was read; false when it has changed meanwhile. A drift has to be closed before. */
  remove(stored: StoredMailbox, lease: Lease): Promise<boolean>;
  /** States in alphabetical order. */
  list(filter: MailboxFilter, top: number, after: string): Promise<Page<MailboxRecord>>;
  /** Drift, newest first. */
  listDrift(filter: DriftFilter, top: number, after: string): Promise<Page<Drift>>;
  /** Every drift that fits the OData condition, without its evidence; a table may hold very many. */
  eachDrift(condition: string): AsyncIterable<DriftSummary>;
  getDrift(openedRun: number, mailbox: string): Promise<Drift | null>;
  /** Deletes drift that was closed before `before`, ISO 8601 UTC. */
  forgetDrift(before: string): Promise<void>;
}

/** A drift without what proves it. */
export type DriftSummary = Omit<Drift, 'evidence' | 'probableCause'>;

const TABLE = 'Mailboxes';
const LARGEST_TRANSACTION = 100;

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

/** `open` is for readers of the table: a condition cannot ask for a column that is absent. */
const DRIFT_COLUMNS: Columns<Drift & { readonly open: boolean }> = {
  id: 'value',
  mailbox: 'value',
  kind: 'value',
  open: 'value',
  openedAt: 'value',
  openedRun: 'value',
  closedAt: 'value',
  closedRun: 'value',
  closedBecause: 'value',
  probableCause: 'value',
  evidence: 'json',
};

const SUMMARY_COLUMNS = Object.keys(DRIFT_COLUMNS).filter((name) => name !== 'evidence' && name !== 'probableCause');

export function createMailboxStore(tables: Tables): MailboxStore {
  const table = () => tables.open(TABLE);

  async function mergedPage<T>(prefix: string, filter: string, top: number, after: string, read: (row: Row) => T) {
    // One more than asked for tells whether there is more.
    const source = await table();
    if (!(after === '' || after.startsWith(prefix))) {
      throw new MailscopeError('parameter-invalid', 'The query parameter after belongs to another list.');
    }
    const pageSize = Math.min(1_000, Math.ceil((top + 1) / 8));
    const high = afterPrefix(prefix);
    const rowsOf = (partition: string) => {
      const rest = after === '' ? between(partition, prefix, high) : following(partition, after, high);
      return source.list(and(rest, filter), { pageSize });
    };
    const rows = await mergeRows(PARTITIONS.map(rowsOf), top + 1);
    const items = rows.slice(0, top);
    const more = rows.length > top;
    return { items: items.map(read), continuation: more ? (items.at(-1)?.rowKey ?? null) : null };
  }

  return {
    async get(mailbox) {
      const { partition, row } = statePosition(mailbox);
      const found = await (await table()).get(partition, row);
      return found && toStored(found);
    },

    async inRange(range) {
      const source = await table();
      const parts = await Promise.all(partsOf(range).map((filter) => collect(source, filter)));
      return parts.flat().map(toStored);
    },

    async write(changes, lease) {
      const target = await table();
      const conflicts: string[] = [];
      const apply = async (group: readonly MailboxChange[]): Promise<void> => {
        const done = await target.write(group.flatMap(actionsOf), lease);
        const [only] = group;
        if (done !== null || !only) return;
        // One row stands in the way of the others: each is tried by itself.
        if (group.length === 1) conflicts.push(only.next.mailbox);
        else await Promise.all(group.map((one) => apply([one])));
      };
      await Promise.all(inTransactions(changes).map(apply));
      return conflicts;
    },

    async remove({ record, etag }, lease) {
      const { partition, row } = statePosition(record.mailbox);
      return (await table()).remove(partition, row, etag, lease);
    },

    list({ startsWith = '', condition = '' }, top, after) {
      return mergedPage(STATE_PREFIX + encodeKey(startsWith), condition, top, after, (row) =>
        fromRow(row, STATE_COLUMNS),
      );
    },

    async listDrift({ open, kind, mailbox }, top, after) {
      const filter = [
        open === undefined ? '' : `open eq ${open}`,
        kind === undefined ? '' : `kind eq ${quoted(kind)}`,
        mailbox === undefined ? '' : `mailbox eq ${quoted(mailbox)}`,
      ]
        .filter((one) => one !== '')
        .join(' and ');
      return mergedPage(DRIFT_PREFIX, filter, top, after, toDrift);
    },

    async *eachDrift(condition) {
      const source = await table();
      for (const partition of PARTITIONS) {
        const filter = and(between(partition, DRIFT_PREFIX, afterPrefix(DRIFT_PREFIX)), condition);
        for await (const page of source.list(filter, { select: SUMMARY_COLUMNS })) yield* page.map(toDrift);
      }
    },

    async getDrift(openedRun, mailbox) {
      const row = await (await table()).get(partitionOf(mailbox), driftRow(openedRun, mailbox));
      return row && toDrift(row);
    },

    async forgetDrift(before) {
      const target = await table();
      for (const partition of PARTITIONS) {
        const old = and(between(partition, DRIFT_PREFIX, afterPrefix(DRIFT_PREFIX)), `closedAt lt ${quoted(before)}`);
        for (const row of await collect(target, old)) await target.remove(partition, row.rowKey, row.etag);
      }
    },
  };
}

function toStored(row: Row): StoredMailbox {
  return { record: fromRow(row, STATE_COLUMNS), etag: row.etag };
}

function toDrift(row: Row): Drift {
  const { open: _, ...drift } = fromRow(row, DRIFT_COLUMNS);
  return drift;
}

/** A change as the rows of one transaction: the state under its ETag, and with it the drift. */
function actionsOf({ previous, next, closed, opened }: MailboxChange): TransactionAction[] {
  const state = toRow(statePosition(next.mailbox), next, STATE_COLUMNS);
  const stateAction: TransactionAction = previous
    ? ['update', state, 'Replace', { etag: previous.etag }]
    : ['create', state];
  const drifts = [closed, opened].filter((one) => one !== null);
  return [stateAction, ...drifts.map((drift): TransactionAction => ['upsert', driftEntity(drift), 'Replace'])];
}

function driftEntity(drift: Drift) {
  const position = { partition: partitionOf(drift.mailbox), row: driftRow(drift.openedRun, drift.mailbox) };
  return toRow(position, { ...drift, open: drift.closedAt === null }, DRIFT_COLUMNS);
}

/** Changes that fit into one transaction: one partition, a hundred rows. */
function inTransactions(changes: readonly MailboxChange[]): MailboxChange[][] {
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

/** The filters for a range of states, one for each partition that it touches. */
function partsOf({ from, to }: Range): string[] {
  const touched = PARTITIONS.filter((one) => one >= from.partition && (to === null || one <= to.partition));
  return touched.map((partition) => {
    const low = partition === from.partition ? from.row : STATE_PREFIX;
    const high = partition === to?.partition ? to.row : afterPrefix(STATE_PREFIX);
    return between(partition, low, high);
  });
}

async function collect(table: Table, filter: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of table.list(filter)) rows.push(...page);
  return rows;
}
