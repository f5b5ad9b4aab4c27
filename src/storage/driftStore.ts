// Drift rows of the table `Mailboxes`: one row a drift, in the partition of the mailbox's state.
import type { TransactionAction } from '@azure/data-tables';
import type { Drift } from '../rules/drift.ts';
import type { DriftKind } from '../rules/judge.ts';
import { afterPrefix, DRIFT_PREFIX, driftRow, PARTITIONS, type Position, partitionOf } from './keys.ts';
import { mergedPage, type Page } from './mergePartitions.ts';
import { and, between, type Columns, type Conditions, collect, conditionsOf, fromRow, quoted, toRow } from './rows.ts';
import { inTransactions, type Row, type Tables, writeGroups } from './tables.ts';

export interface DriftFilter {
  readonly open?: boolean | undefined;
  readonly kind?: DriftKind | undefined;
  readonly mailbox?: string | undefined;
  /** Opened or closed then or later; ISO 8601 UTC. */
  readonly since?: string | undefined;
}

/** An opening or an end that no alert has taken yet. */
export const DUE = 'due';

/**
 * Which alerts announce a drift. Each is `DUE` until an attempt writes its stamp (`stampOf`). The end of an open drift has
 * none, and neither has a row of a version that did not keep this.
 */
export interface Announcement {
  readonly openedAlert: string | null;
  readonly closedAlert: string | null;
}

/** A drift without its evidence. */
export interface DriftSummary extends Omit<Drift, 'evidence'>, Announcement {}

export interface StoredSummary extends DriftSummary {
  readonly etag: string;
}

/** What is written on a drift: null leaves its column as it is. */
export interface Stamp extends Announcement {
  readonly drift: StoredSummary;
}

export interface DriftStore {
  /** Newest first. */
  list(filter: DriftFilter, top: number, after: string): Promise<Page<Drift>>;
  /** Every drift that fits the OData condition, without evidence, in pages of one partition each. There may be very many. */
  pages(condition: string): AsyncIterable<readonly StoredSummary[]>;
  /** Writes stamps on drift as it was read; answers the drift that has changed since. */
  stamp(stamps: readonly Stamp[]): Promise<readonly StoredSummary[]>;
  get(openedRun: number, mailbox: string): Promise<Drift | null>;
  /** A drift as it is now, without its evidence. */
  summary(openedRun: number, mailbox: string): Promise<StoredSummary | null>;
  /** Deletes drift that was closed before `before`, ISO 8601 UTC. */
  forget(before: string): Promise<void>;
}

/** `open` is a column of its own, because a filter cannot ask whether `closedAt` is absent. */
const DRIFT_COLUMNS: Columns<Drift & { readonly open: boolean }> = {
  id: 'value',
  mailbox: 'value',
  kind: 'value',
  open: 'value',
  openedAt: 'value',
  openedRun: 'value',
  firstSight: 'value',
  closedAt: 'value',
  closedRun: 'value',
  closedBecause: 'value',
  recovered: 'value',
  evidence: 'json',
};

const CONDITIONS: Conditions<DriftFilter> = {
  open: (open) => `open eq ${open}`,
  kind: (kind) => `kind eq ${quoted(kind)}`,
  mailbox: (mailbox) => `mailbox eq ${quoted(mailbox)}`,
  since: (since) => `openedAt ge ${quoted(since)} or closedAt ge ${quoted(since)}`,
};

const ANNOUNCEMENT_COLUMNS: Columns<Announcement> = { openedAlert: 'value', closedAlert: 'value' };

const { evidence: _, open: __, ...BARE_COLUMNS } = DRIFT_COLUMNS;
const SUMMARY_COLUMNS: Columns<DriftSummary> = { ...BARE_COLUMNS, ...ANNOUNCEMENT_COLUMNS };
const SELECTED = ['PartitionKey', 'RowKey', ...Object.keys(SUMMARY_COLUMNS)];

export function createDriftStore(tables: Tables): DriftStore {
  const table = () => tables.open('Mailboxes');

  return {
    async list(filter, top, after) {
      const conditions = conditionsOf(filter, CONDITIONS);
      return mergedPage(await table(), { prefix: DRIFT_PREFIX, conditions, top, after }, toDrift);
    },

    async *pages(condition) {
      const source = await table();
      for (const partition of PARTITIONS) {
        const filter = and(between(partition, DRIFT_PREFIX, afterPrefix(DRIFT_PREFIX)), condition);
        for await (const page of source.list(filter, { select: SELECTED })) yield page.map(toSummary);
      }
    },

    async stamp(stamps) {
      const groups = inTransactions(stamps, ({ drift }) => partitionOf(drift.mailbox));
      const refused = await writeGroups(await table(), groups, (one) => [stampAction(one)]);
      return refused.map(({ drift }) => drift);
    },

    async get(openedRun, mailbox) {
      const row = await (await table()).get(partitionOf(mailbox), driftRow(openedRun, mailbox));
      return row && toDrift(row);
    },

    async summary(openedRun, mailbox) {
      const row = await (await table()).get(partitionOf(mailbox), driftRow(openedRun, mailbox));
      return row && toSummary(row);
    },

    async forget(before) {
      const target = await table();
      for (const partition of PARTITIONS) {
        const old = and(between(partition, DRIFT_PREFIX, afterPrefix(DRIFT_PREFIX)), `closedAt lt ${quoted(before)}`);
        for (const row of await collect(target, old)) await target.remove(partition, row.rowKey, row.etag);
      }
    },
  };
}

/** What is written of a drift when it opens or ends: an alert is due. */
export function driftEntity(drift: Drift) {
  const open = drift.closedAt === null;
  return {
    ...toRow(positionOf(drift), { ...drift, open }, DRIFT_COLUMNS),
    ...(open ? { openedAlert: DUE } : { closedAlert: DUE }),
  };
}

function positionOf({ mailbox, openedRun }: Pick<Drift, 'mailbox' | 'openedRun'>): Position {
  return { partition: partitionOf(mailbox), row: driftRow(openedRun, mailbox) };
}

function stampAction({ drift, openedAlert, closedAlert }: Stamp): TransactionAction {
  const entity = toRow(positionOf(drift), { openedAlert, closedAlert }, ANNOUNCEMENT_COLUMNS);
  return ['update', entity, 'Merge', { etag: drift.etag }];
}

function toSummary(row: Row): StoredSummary {
  return { ...fromRow<DriftSummary>(row, SUMMARY_COLUMNS), etag: row.etag };
}

function toDrift(row: Row): Drift {
  const { open: _, recovered, ...drift } = fromRow(row, DRIFT_COLUMNS);
  return { ...drift, ...(typeof recovered === 'boolean' ? { recovered } : {}) };
}
