// Reads from a run's rows whether it is alive, and what its result is. Pure.
import { probableCause } from '../rules/cause.ts';
import { isRecent } from '../rules/clock.ts';
import { fewRoles } from '../rules/foreignText.ts';
import { RESOURCES, type ResourceName } from '../rules/resources.ts';
import { sum } from '../rules/tally.ts';
import type { Run, RunResult } from '../storage/runStore.ts';
import type { ShardRecord } from '../storage/shardStore.ts';

/** A shard gives up earlier than this. What a late one writes all the same, the next alert announces. */
export const ALIVE_MS = 120_000;

/** Whether one of its rows was touched a short time ago. A time in the future is no sign of life. */
export function isAlive(run: Run, shards: readonly ShardRecord[], now: Date): boolean {
  const touched = [run.touchedAt, ...shards.flatMap(({ begunAt, committedAt }) => [begunAt, committedAt ?? begunAt])];
  return touched.some((time) => isRecent(time, ALIVE_MS, now));
}

/** The run at its end. It is completed if every shard was committed. */
export function endRun(
  run: Run,
  shards: readonly ShardRecord[],
  now: Date,
  last: RunResult | null,
  resource: ResourceName,
): Run {
  const done = shards.filter(({ committedAt }) => committedAt !== null).length;
  const problem = done === run.shards ? null : `${run.shards - done} of ${run.shards} shards did not finish.`;
  const status = problem === null ? 'completed' : 'incomplete';
  const result = resultOf(run, shards);
  const cause = probableCause(result, last, RESOURCES[resource]);
  return { ...run, status, finishedAt: now.toISOString(), result, probableCause: cause, problem };
}

/** The result of the committed shards. */
export function resultOf(run: Run, shards: readonly ShardRecord[]): RunResult {
  const committed = shards.filter(({ committedAt }) => committedAt !== null);
  const tally = sum(committed.flatMap((shard) => shard.tally ?? []));
  const added = (count: (shard: ShardRecord) => number) => committed.reduce((sum, shard) => sum + count(shard), 0);
  const held = committed.filter(({ controlHeld }) => controlHeld).length;
  return {
    ...tally,
    closed: tally.closed + added(({ closedByRemoval }) => closedByRemoval),
    // A shard that is missing may have the oldest.
    oldestProof: committed.length === run.shards ? tally.oldestProof : null,
    removed: added(({ removed }) => removed),
    controlHeld: held === run.shards,
    shardsWithoutControl: committed.length - held,
    notSeen: run.mailboxes - tally.mailboxes,
    roles: fewRoles(committed.flatMap(({ roles }) => roles ?? [])),
    throttled: added(({ throttled }) => throttled),
    waitedMs: added(({ waitedMs }) => waitedMs),
  };
}

/** A run's id is its start and number: `20261123T081500Z-42`. */
export function runIdOf(startedAt: Date, number: number): string {
  return `${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}-${number}`;
}

/** The number in a run's id; null when the text is not an id. */
export function runNumberOf(id: string): number | null {
  const [, number] = /^\d{8}T\d{6}Z-(\d{1,10})$/.exec(id) ?? [];
  return number === undefined ? null : Number(number);
}
