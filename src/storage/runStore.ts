// The table `Runs`: one row for the newest run's number and start, one row a run, and one row a shard.
import type { TableEntity, TransactionAction } from '@azure/data-tables';
import type { Tally } from '../rules/tally.ts';
import { invertedNumber } from './keys.ts';
import { type Page, refuseAfter } from './mergePartitions.ts';
import { and, between, type Columns, collect, following, fromRow, getEach, quoted, toRow } from './rows.ts';
import type { Row, Tables } from './tables.ts';

export type RunTrigger = 'timer' | 'request' | 'scope-breach' | 'overdue';
export type RunStatus = 'running' | 'completed' | 'incomplete';

/** Everything that a run has seen. */
export interface RunResult extends Tally {
  /** Whether the control held in every shard. */
  readonly controlHeld: boolean;
  readonly shardsWithoutControl: number;
  readonly removed: number;
  /** Listed mailboxes that no shard has seen. */
  readonly notSeen: number;
  readonly roles: readonly string[];
  /** The number of 429 answers, and the sum of the milliseconds that shards waited to ask again. */
  readonly throttled: number;
  readonly waitedMs: number;
}

/** One pass over all listed mailboxes. Times are ISO 8601 UTC. */
export interface Run {
  /** Start and number: `20261123T081500Z-42`. */
  readonly id: string;
  readonly number: number;
  readonly trigger: RunTrigger;
  readonly status: RunStatus;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly listHash: string;
  /** The number of listed mailboxes, and of their shards. */
  readonly mailboxes: number;
  readonly shards: number;
  /** Timer ticks that were skipped while the run before was alive. */
  readonly skippedTicks: number;
  /** Scheduled times since the run before at which no run was at work; null in rows of an earlier version. */
  readonly missedTicks: number | null;
  /** The sum of them over this run and all before it. */
  readonly missedTotal: number | null;
  /** When a shard last began. */
  readonly touchedAt: string;
  readonly result: RunResult | null;
  readonly probableCause: string | null;
  readonly problem: string | null;
  /** Tells whose end it was: the library may send an end twice, and the second is refused. */
  readonly endedBy: string | null;
}

export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

/** The newest run, and the ticks skipped since. */
export interface Current {
  readonly number: number;
  readonly id: string;
  readonly startedAt: string;
  /** Identifies the start: the library may send one twice, and storage refuses the second. */
  readonly startedBy: string;
  readonly skippedTicks: number;
  /** Who counted the last of them: the library may send a count twice, and the second is refused. */
  readonly skippedBy: string | null;
  /** The app that began it; null for anybody, as in rows of an earlier version. */
  readonly owner: string | null;
  /** The next run gets a higher number than this; null for any. Only tables that came back from a copy have one. */
  readonly skipTo: number | null;
}

export interface RunStore {
  current(): Promise<Stored<Current> | null>;
  get(number: number): Promise<Stored<Run> | null>;
  /** Newest first. */
  list(top: number, after: string): Promise<Page<Run>>;
  /** The causes that ended runs have found, by number. A run in progress, or one that was deleted, is not in it. */
  causes(numbers: readonly number[]): Promise<ReadonlyMap<number, string | null>>;
  /** The newest run that was completed; null when there is none. */
  lastCompleted(): Promise<Run | null>;
  /**
   * Writes the new run, its number and the end of the run before: all or nothing. False when another start was first.
   */
  start(
    run: Run,
    by: Pick<Current, 'startedBy' | 'owner'>,
    current: Stored<Current> | null,
    ended: Stored<Run> | null,
  ): Promise<boolean>;
  /** Replaces a run; false when it has changed since it was read. */
  replace(run: Run, etag: string): Promise<boolean>;
  /** Counts a tick that `owner` skipped, once for each `skippedBy`. Another owner's row stays as it is. */
  skipTick(skippedBy: string, owner: string): Promise<void>;
  /** Makes the number of the next run higher than `number`. False when it is anyway. */
  skipTo(number: number): Promise<boolean>;
  /** Deletes runs that began before `before`, ISO 8601 UTC, with their shards. */
  forget(before: string): Promise<void>;
}

const TABLE = 'Runs';
const RUNS = 'run';
const CURRENT = { partition: RUNS, row: 'current' };
// Row keys of runs begin with a digit. The row `current` does not.
const END_OF_RUNS = ':';
const ROW_OF_RUN = /^\d{10}$/;

const CURRENT_COLUMNS: Columns<Current> = {
  number: 'value',
  id: 'value',
  startedAt: 'value',
  startedBy: 'value',
  skippedTicks: 'value',
  skippedBy: 'value',
  owner: 'value',
  skipTo: 'value',
};

const CAUSE_COLUMNS: Columns<Pick<Run, 'number' | 'status' | 'probableCause'>> = {
  number: 'value',
  status: 'value',
  probableCause: 'value',
};

const RUN_COLUMNS: Columns<Omit<Run, 'result'>> = {
  id: 'value',
  number: 'value',
  trigger: 'value',
  status: 'value',
  startedAt: 'value',
  finishedAt: 'value',
  listHash: 'value',
  mailboxes: 'value',
  shards: 'value',
  skippedTicks: 'value',
  missedTicks: 'value',
  missedTotal: 'value',
  touchedAt: 'value',
  probableCause: 'value',
  problem: 'value',
  endedBy: 'value',
};

/**
 * A result as columns of its run's row. `mailboxes` is `judged` here, because the run's own column counts the listed
 * ones.
 */
interface ResultRow extends Omit<RunResult, 'mailboxes'> {
  readonly judged: number;
}

const RESULT_COLUMNS: Columns<ResultRow> = {
  judged: 'value',
  controlHeld: 'value',
  shardsWithoutControl: 'value',
  outcomes: 'json',
  verdicts: 'json',
  messageClasses: 'json',
  opened: 'value',
  closed: 'value',
  added: 'value',
  removed: 'value',
  redeclared: 'value',
  notSeen: 'value',
  roles: 'json',
  throttled: 'value',
  waitedMs: 'value',
  byExpectation: 'json',
  verdictsByExpectation: 'json',
  oldestProof: 'value',
  openedByKind: 'json',
  openedNames: 'json',
};

export function createRunStore(tables: Tables): RunStore {
  const table = () => tables.open(TABLE);

  return {
    async current() {
      const row = await (await tables.existing(TABLE)).get(CURRENT.partition, CURRENT.row);
      return row && { value: fromRow(row, CURRENT_COLUMNS), etag: row.etag };
    },

    async get(number) {
      const row = await (await table()).get(RUNS, invertedNumber(number));
      return row && { value: toRun(row), etag: row.etag };
    },

    async list(top, after) {
      if (after !== '' && !ROW_OF_RUN.test(after)) refuseAfter();
      const filter = after === '' ? between(RUNS, '0', END_OF_RUNS) : following(RUNS, after, END_OF_RUNS);
      const rows = await collect(await table(), filter, { most: top + 1 });
      const shown = rows.slice(0, top);
      return {
        items: shown.map(toRun),
        continuation: rows.length > top ? (shown.at(-1)?.rowKey ?? null) : null,
      };
    },

    async causes(numbers) {
      const keys = [...new Set(numbers)].map((number) => ({ partition: RUNS, row: invertedNumber(number) }));
      const rows = await getEach(await table(), keys);
      // An absent column is null.
      const runs = rows.flatMap((row) => (row ? [fromRow(row, CAUSE_COLUMNS)] : []));
      const ended = runs.filter(({ status }) => status !== 'running');
      return new Map(ended.map(({ number, probableCause }) => [number, probableCause]));
    },

    async lastCompleted() {
      const completed = and(between(RUNS, '0', END_OF_RUNS), `status eq 'completed'`);
      const [row] = await collect(await table(), completed, { most: 1 });
      return row ? toRun(row) : null;
    },

    async start(run, by, current, ended) {
      const { number, id, startedAt } = run;
      const anew = { skippedTicks: 0, skippedBy: null, skipTo: null };
      const next = toRow(CURRENT, { number, id, startedAt, ...by, ...anew }, CURRENT_COLUMNS);
      const actions: TransactionAction[] = [
        current ? ['update', next, 'Replace', { etag: current.etag }] : ['create', next],
        ['create', runEntity(run)],
      ];
      if (ended) actions.push(['update', runEntity(ended.value), 'Replace', { etag: ended.etag }]);
      if (await (await table()).write(actions)) return true;
      return (await this.current())?.value.startedBy === by.startedBy;
    },

    async replace(run, etag) {
      return (await table()).write([['update', runEntity(run), 'Replace', { etag }]]);
    },

    async skipTick(skippedBy, owner) {
      const target = await table();
      for (;;) {
        const current = await this.current();
        if (current === null || current.value.skippedBy === skippedBy) return;
        if (current.value.owner !== null && current.value.owner !== owner) return;
        const counted = { ...current.value, skippedTicks: current.value.skippedTicks + 1, skippedBy };
        const entity = toRow(CURRENT, counted, CURRENT_COLUMNS);
        if (await target.write([['update', entity, 'Replace', { etag: current.etag }]])) return;
      }
    },

    async skipTo(number) {
      const target = await table();
      for (;;) {
        const current = await this.current();
        if (current === null || Math.max(current.value.number, current.value.skipTo ?? 0) >= number) return false;
        const entity = toRow(CURRENT, { ...current.value, skipTo: number }, CURRENT_COLUMNS);
        if (await target.write([['update', entity, 'Replace', { etag: current.etag }]])) return true;
      }
    },

    async forget(before) {
      const target = await table();
      const old = and(between(RUNS, '0', END_OF_RUNS), `startedAt lt ${quoted(before)}`);
      for (const row of await collect(target, old)) {
        // The shards go first. Without the run's row, nothing would find them again.
        const shards = `PartitionKey eq ${quoted(toRun(row).id)}`;
        for (const shard of await collect(target, shards)) {
          await target.remove(shard.partitionKey, shard.rowKey, shard.etag);
        }
        await target.remove(RUNS, row.rowKey, row.etag);
      }
    },
  };
}

function runEntity({ result, ...run }: Run): TableEntity {
  const position = { partition: RUNS, row: invertedNumber(run.number) };
  const entity = toRow(position, run, RUN_COLUMNS);
  if (result === null) return entity;
  const { mailboxes: judged, ...seen } = result;
  return { ...entity, ...toRow(position, { ...seen, judged }, RESULT_COLUMNS) };
}

function toRun(row: Row): Run {
  const { judged, ...seen } = fromRow(row, RESULT_COLUMNS);
  // A result is written completely or not at all.
  const run = fromRow(row, RUN_COLUMNS);
  return { ...run, result: judged === null ? null : { ...seen, mailboxes: judged } };
}
