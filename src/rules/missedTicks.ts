// Holes: scheduled times without a run, and runs that did not reach a mailbox. `recent` shows each as a dot. Pure.

/** A timer may fire a moment early. Its run still belongs to that scheduled time. */
export const EARLY_MS = 1_000;

/** The largest number of missed ticks that a run records. */
export const MOST_MISSED = 10_000;

/** The number of letters in `recent`. */
export const RECENT_RUNS = 48;

/** Counts the scheduled times after `after`, up to and with `upTo`. */
export type CountTicks = (after: Date, upTo: Date) => number;

/** What a run tells about holes. Times are ISO 8601 UTC. */
export interface StartedRun {
  readonly startedAt: string;
  readonly trigger: string;
  /** Ticks at which the run before was still at work. */
  readonly skippedTicks: number;
}

/**
 * The scheduled times between two runs at which no run was at work. A timer's run has one of them for itself.
 *
 * @param before start of the run before, ISO 8601 UTC; null for the first run
 */
export function missedTicks(countTicks: CountTicks, before: string | null, run: StartedRun): number {
  if (before === null) return 0;
  const own = run.trigger === 'timer' ? 1 : 0;
  return limited(countTicks(soonAfter(before), soonAfter(run.startedAt)) - own - run.skippedTicks);
}

/** The scheduled times since the newest run, except the latest one: its run may be about to start. */
export function missedSince(
  countTicks: CountTicks,
  newest: Pick<StartedRun, 'startedAt'>,
  skippedTicks: number,
  now: Date,
): number {
  return limited(countTicks(soonAfter(newest.startedAt), now) - 1 - skippedTicks);
}

function soonAfter(time: string): Date {
  return new Date(Date.parse(time) + EARLY_MS);
}

function limited(ticks: number): number {
  return Math.min(Math.max(ticks, 0), MOST_MISSED);
}

/** The last run that reached a mailbox. Rows of an earlier version have no sum, which counts as 0. */
export interface Reached {
  readonly lastRun: number;
  readonly missedTotal: number | null;
}

/** A run and the sum of all missed ticks up to its start. */
export interface NumberedRun {
  readonly number: number;
  readonly missedTotal: number | null;
}

/** The holes between the last run that reached a mailbox and the start of `run`. */
export function holesBefore(run: NumberedRun, { lastRun, missedTotal }: Reached): number {
  const runs = Math.max(0, run.number - lastRun - 1);
  // An earlier version that was deployed in between has written no sum, so the sum may begin again.
  return runs + Math.max(0, (run.missedTotal ?? 0) - (missedTotal ?? 0));
}

/** `recent` with so many dots after it. */
export function withHoles(recent: string, holes: number): string {
  return (recent + '.'.repeat(Math.min(holes, RECENT_RUNS))).slice(-RECENT_RUNS);
}
