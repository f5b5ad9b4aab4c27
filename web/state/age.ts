// How old what is shown may be, by the page's own clock: a dead monitor must not look alive.
import type { Run } from '../apiTypes.ts';

/** How often the page asks. */
export const REFRESH = { shownMs: 15_000, hiddenMs: 60_000 } as const;
/** A window that was hidden has an answer of the minute before, and asks at once. It does not call that one too old. */
const ANSWER_COUNTS_MS = 2 * REFRESH.hiddenMs;

/** Whether the last answer of the API is too old to be believed. */
export function isAnswerOld(answeredAt: number, now: number): boolean {
  return now - answeredAt > ANSWER_COUNTS_MS;
}

/** A run takes time, and clocks differ. */
const SLACK_MS = 60_000;
const SHORTEST_INTERVAL_MS = 30_000;

/**
 * Whether runs that were expected did not come. The API judges this too, by its own clock. This finds what the API cannot:
 * its clock stands still, or something on the way repeats an old answer.
 *
 * @param lastRun the start of the last completed run, ISO 8601 UTC
 * @param next the next scheduled time, as the API last said; ISO 8601 UTC
 * @param intervalMs between scheduled runs; null when it is not known
 */
export function isRunMissing(lastRun: string, next: string | null, intervalMs: number | null, now: number): boolean {
  if (next === null || intervalMs === null || lastRun >= next) return false;
  return now - Date.parse(next) > 2 * intervalMs + SLACK_MS;
}

/**
 * The shortest time between scheduled runs; null when too little is known.
 *
 * @param runs newest first
 * @param next the next scheduled time, ISO 8601 UTC
 */
export function intervalOf(runs: readonly Pick<Run, 'trigger' | 'startedAt'>[], next: string | null): number | null {
  const timed = runs.filter(({ trigger }) => trigger === 'timer').map(({ startedAt }) => Date.parse(startedAt));
  const times = next === null ? timed : [Date.parse(next), ...timed];
  const gaps = times.slice(1).map((earlier, index) => (times[index] ?? earlier) - earlier);
  const real = gaps.filter((gap) => gap >= SHORTEST_INTERVAL_MS);
  return real.length === 0 ? null : Math.min(...real);
}

/** The next scheduled time as earlier runs let expect it, ISO 8601 UTC; null when too little is known. */
export function expectedNext(runs: readonly Pick<Run, 'trigger' | 'startedAt'>[], now: number): string | null {
  const interval = intervalOf(runs, null);
  const last = runs.find(({ trigger }) => trigger === 'timer');
  if (interval === null || last === undefined) return null;
  const start = Date.parse(last.startedAt);
  const passed = Math.max(0, Math.floor((now - start) / interval));
  return new Date(start + (passed + 1) * interval).toISOString();
}
