// Repeats an ask until everything is as declared, or the time is up.
import type { Services } from '../services.ts';

/** The state before each pause. */
export interface Waiting<Seen> {
  readonly seen: Seen;
  readonly pauseMs: number;
  /** The time that is left for waiting. */
  readonly leftMs: number;
}

const FIRST_PAUSE_MS = 2_000;
// RBAC for Applications applies a change after 30 minutes if the app is idle, and after up to two hours if it keeps
// asking.
const LONGEST_PAUSE_MS = 10 * 60_000;

/**
 * Returns the first answer that is good enough, or the last one when the time is up. Pauses double.
 *
 * @param waitMs the longest wait; 0 asks once
 */
export async function askUntil<Seen>(
  ask: () => Promise<Seen>,
  isGood: (seen: Seen) => boolean,
  { now, sleep }: Pick<Services, 'now' | 'sleep'>,
  waitMs: number,
  onWait: (waiting: Waiting<Seen>) => void,
): Promise<Seen> {
  const endsAt = now().getTime() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const seen = await ask();
    const leftMs = endsAt - now().getTime();
    if (isGood(seen) || leftMs <= 0) return seen;
    const waiting = { seen, pauseMs: Math.min(pauseMs, leftMs), leftMs };
    onWait(waiting);
    await sleep(waiting.pauseMs);
  }
}
