// Drift rows of the table `Mailboxes`: one row a drift, in the partition of the mailbox's state.
import type { Drift } from '../rules/drift.ts';
import type { DriftKind } from '../rules/judge.ts';
import { afterPrefix, DRIFT_PREFIX, driftRow, PARTITIONS, partitionOf } from './keys.ts';
import { mergedPage, type Page } from './mergePartitions.ts';
import { and, between, type Columns, collect, fromRow, quoted, toRow } from './rows.ts';
import type { Row, Tables } from './tables.ts';

export interface DriftFilter {
  readonly open?: boolean | undefined;
  readonly kind?: DriftKind | undefined;
  readonly mailbox?: string | undefined;
}

/** A drift without its evidence. */
export type DriftSummary = Omit<Drift, 'evidence'>;

export interface DriftStore {
  /** Newest first. */
  list(filter: DriftFilter, top: number, after: string): Promise<Page<Drift>>;
  /** Every drift that fits the OData condition, without evidence. A table may hold very many. */
  each(condition: string): AsyncIterable<DriftSummary>;
  get(openedRun: number, mailbox: string): Promise<Drift | null>;
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
  evidence: 'json',
};

const SUMMARY_COLUMNS = Object.keys(DRIFT_COLUMNS).filter((name) => name !== 'evidence');

export function createDriftStore(tables: Tables): DriftStore {
  const table = () => tables.open('Mailboxes');

  return {
    async list({ open, kind, mailbox }, top, after) {
      const conditions = [
        open === undefined ? '' : `open eq ${open}`,
        kind === undefined ? '' : `kind eq ${quoted(kind)}`,
        mailbox === undefined ? '' : `mailbox eq ${quoted(mailbox)}`,
      ];
      return mergedPage(await table(), { prefix: DRIFT_PREFIX, conditions, top, after }, toDrift);
    },

    async *each(condition) {
      const source = await table();
      for (const partition of PARTITIONS) {
        const filter = and(between(partition, DRIFT_PREFIX, afterPrefix(DRIFT_PREFIX)), condition);
        for await (const page of source.list(filter, { select: SUMMARY_COLUMNS })) yield* page.map(toDrift);
      }
    },

    async get(openedRun, mailbox) {
      const row = await (await table()).get(partitionOf(mailbox), driftRow(openedRun, mailbox));
      return row && toDrift(row);
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

/** The row of a drift. */
export function driftEntity(drift: Drift) {
  const position = { partition: partitionOf(drift.mailbox), row: driftRow(drift.openedRun, drift.mailbox) };
  return toRow(position, { ...drift, open: drift.closedAt === null }, DRIFT_COLUMNS);
}

function toDrift(row: Row): Drift {
  const { open: _, ...drift } = fromRow(row, DRIFT_COLUMNS);
  return drift;
}
