// The tables `Observations<yyyyMM>`: what every run saw. There is one table a month, and an old one is dropped.
import type { TableEntity, TransactionAction } from '@azure/data-tables';
import type { JudgingRun } from '../rules/judge.ts';
import type { Observation } from '../rules/observation.ts';
import { afterPrefix, encodeKey, observationRow, partitionOf } from './keys.ts';
import { type Page, refuseAfter } from './mergePartitions.ts';
import {
  and,
  between,
  type Columns,
  type Conditions,
  conditionsOf,
  following,
  fromRow,
  quoted,
  toRow,
} from './rows.ts';
import { inTransactions, type Lease, type Row, type Table, type Tables, writeGroups } from './tables.ts';

/** ISO 8601 UTC; `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export interface ObservationStore {
  /**
   * Writes the observations of one run. It never replaces one of the same run: that one counts and is returned. One of
   * another run with the same number is replaced. Only tables that came back from copies of different ages have it.
   *
   * @param startedAt the run's start: its month names the table
   */
  insert(
    observations: readonly Observation[],
    run: Pick<JudgingRun, 'number' | 'startedAt'>,
    lease: Lease,
  ): Promise<readonly Observation[]>;
  /** The observations of a mailbox, newest first. */
  history(mailbox: string, range: TimeRange, top: number, after: string): Promise<Page<Observation>>;
  /** Drops the tables of months before `month`, `yyyyMM`. */
  forget(month: string): Promise<void>;
}

const PREFIX = 'Observations';
/** Longer than any run. A run may have begun in the month before, and its table must be searched too. */
const LONGEST_RUN_MS = 24 * 3_600_000;

const COLUMNS: Columns<Observation> = {
  mailbox: 'value',
  runId: 'value',
  checkedAt: 'value',
  outcome: 'value',
  reason: 'value',
  status: 'value',
  code: 'value',
  messageClass: 'value',
  requestId: 'value',
  clientRequestId: 'value',
  batchRequestId: 'value',
  durationMs: 'value',
  attempts: 'value',
  controlHeld: 'value',
};

const CONDITIONS: Conditions<TimeRange> = {
  from: (from) => `checkedAt ge ${quoted(from)}`,
  to: (to) => `checkedAt lt ${quoted(to)}`,
};

export function createObservationStore(tables: Tables): ObservationStore {
  return {
    async insert(observations, run, lease) {
      const table = await tables.open(PREFIX + monthOf(run.startedAt));
      const actionsOf = (one: Observation) => [['create', entityOf(one, run.number)] satisfies TransactionAction];
      const groups = inTransactions(observations, ({ mailbox }) => partitionOf(mailbox));
      const refused = await writeGroups(table, groups, actionsOf, lease);
      const existing = await Promise.all(refused.map((one) => existingOrReplaced(table, one, run.number, lease)));
      return existing.filter((one) => one !== null);
    },

    async history(mailbox, range, top, after) {
      const { from, to } = range;
      const lowest = monthOf(new Date(Date.parse(from) - LONGEST_RUN_MS).toISOString());
      const months = (await tables.names(PREFIX)).map((name) => name.slice(PREFIX.length)).filter(isMonth);
      const [afterMonth = '', afterRow = ''] = after === '' ? [] : after.split('/');
      const newestFirst = months
        .filter((month) => month >= lowest && month <= monthOf(to) && (afterMonth === '' || month <= afterMonth))
        .reverse();
      const prefix = `${encodeKey(mailbox)}~`;
      if (after !== '' && !(isMonth(afterMonth) && afterRow.startsWith(prefix))) refuseAfter();
      const rows: { readonly month: string; readonly row: Row }[] = [];
      for (const month of newestFirst) {
        const table = await tables.existing(PREFIX + month);
        const partition = partitionOf(mailbox);
        const high = afterPrefix(prefix);
        const rest = month === afterMonth ? following(partition, afterRow, high) : between(partition, prefix, high);
        const filter = and(rest, ...conditionsOf(range, CONDITIONS));
        for await (const page of table.list(filter, { pageSize: Math.min(1_000, top + 1) })) {
          rows.push(...page.map((row) => ({ month, row })));
          if (rows.length > top) break;
        }
        if (rows.length > top) break;
      }
      const shown = rows.slice(0, top);
      const last = shown.at(-1);
      const more = rows.length > top && last;
      return {
        items: shown.map(({ row }) => fromRow(row, COLUMNS)),
        continuation: more ? `${last.month}/${last.row.rowKey}` : null,
      };
    },

    async forget(month) {
      for (const name of await tables.names(PREFIX)) {
        const own = name.slice(PREFIX.length);
        if (isMonth(own) && own < month) await tables.drop(name);
      }
    },
  };
}

/** `yyyyMM` of a time, UTC. */
export function monthOf(time: string): string {
  return new Date(time).toISOString().slice(0, 7).replace('-', '');
}

function isMonth(text: string): boolean {
  return /^\d{6}$/.test(text);
}

function entityOf(observation: Observation, runNumber: number): TableEntity {
  const position = { partition: partitionOf(observation.mailbox), row: observationRow(observation.mailbox, runNumber) };
  return toRow(position, observation, COLUMNS);
}

/** The observation of the same run that is on record; null when one of another run stood there and was replaced. */
async function existingOrReplaced(
  table: Table,
  observation: Observation,
  runNumber: number,
  lease: Lease,
): Promise<Observation | null> {
  const { mailbox, runId } = observation;
  for (;;) {
    const row = await table.get(partitionOf(mailbox), observationRow(mailbox, runNumber));
    // Storage refused the row as a duplicate, so it exists. Single rows are never deleted.
    if (row === null) throw new Error('storage refused an observation as a duplicate, but cannot find the first one');
    const found = fromRow(row, COLUMNS);
    if (found.runId === runId) return found;
    const entity = entityOf(observation, runNumber);
    if (await table.write([['update', entity, 'Replace', { etag: row.etag }]], lease)) return null;
  }
}
