// The holes since a mailbox was last reached, as of now: a dead monitor shows its hole while it is dead.
import { holesBefore, missedSince, type Reached } from '../rules/missedTicks.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { Run } from '../storage/runStore.ts';

export interface Newest {
  /** The newest run; null before the first one. */
  readonly run: Run | null;
  /** The ticks skipped since, because it was at work. */
  readonly skippedTicks: number;
}

/** Read it before the states: a run that ends in between must not look like a hole. */
export async function readNewest(services: Services): Promise<Newest> {
  const { runs } = services.storage();
  const [{ items }, current] = await Promise.all([runs.list(1, ''), runs.current()]);
  const run = items[0] ?? null;
  return { run, skippedTicks: current && current.value.number === run?.number ? current.value.skippedTicks : 0 };
}

/**
 * Counts the holes of a state: runs that have ended without it, their missed ticks, and the scheduled times since the
 * newest run except the latest one.
 */
export function holeCounter(services: Services, { run, skippedTicks }: Newest): (state: Reached) => number {
  if (run === null) return () => 0;
  const { count } = parseSchedule(services.settings().pollSchedule);
  const missed = missedSince(count, run, skippedTicks, services.now());
  // A run in progress may still reach the mailbox.
  const itself = run.status === 'running' ? 0 : 1;
  return (state) => (state.lastRun >= run.number ? 0 : holesBefore(run, state) + itself) + missed;
}
