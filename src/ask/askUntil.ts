// Repeats an ask until everything is as declared, or the time is up.
import type { Services } from '../services.ts';
import type { AskReport } from './ask.ts';

/** The state before each pause. */
export interface Waiting {
  readonly report: AskReport;
  readonly pauseMs: number;
  /** The time that is left for waiting. */
  readonly leftMs: number;
}

const FIRST_PAUSE_MS = 2_000;
// RBAC for Applications applies a change after 30 minutes if the app is idle, and after up to two hours if it keeps
// asking.
const LONGEST_PAUSE_MS = 10 * 60_000;

/**
 * Returns the first report in which everything is as declared, or the last one when the time is up. Pauses double.
 *
 * @param waitMs the longest wait; 0 asks once
 */
export async function askUntil(
  ask: () => Promise<AskReport>,
  { now, sleep }: Pick<Services, 'now' | 'sleep'>,
  waitMs: number,
  onWait: (waiting: Waiting) => void,
): Promise<AskReport> {
  const endsAt = now().getTime() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const report = await ask();
    const leftMs = endsAt - now().getTime();
    if (report.verdicts.compliant === report.mailboxes.length || leftMs <= 0) return report;
    const waiting = { report, pauseMs: Math.min(pauseMs, leftMs), leftMs };
    onWait(waiting);
    await sleep(waiting.pauseMs);
  }
}
