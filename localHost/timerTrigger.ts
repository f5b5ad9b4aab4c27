// Timer triggers: each tick runs its function once, but never while the last run is under way.
import { parseSchedule, type Schedule } from '../src/settings/schedule.ts';
import type { TriggerData } from './processMessages.ts';

export interface TimerOptions {
  readonly schedule: string;
  readonly run: (data: TriggerData) => Promise<void>;
}

// setTimeout takes at most 31 bits of milliseconds, so a longer wait is split.
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Starts the timer. The returned function stops it. As on the platform, the next tick is computed at the end of a run.
 * So runs never overlap, and missed ticks become one run that is past due.
 */
export function startTimer({ schedule: expression, run }: TimerOptions): () => void {
  const schedule = parseSchedule(expression);
  let timer: NodeJS.Timeout;
  let stopped = false;

  function waitFor(tick: Date): void {
    if (stopped) return;
    const waitMs = tick.getTime() - Date.now();
    timer = setTimeout(() => (waitMs > LONGEST_WAIT_MS ? waitFor(tick) : void tickNow(tick)), clamp(waitMs));
  }

  async function tickNow(tick: Date): Promise<void> {
    await run(timerData(schedule, tick, false));
    const next = schedule.next(tick);
    if (!stopped && next.getTime() <= Date.now()) await run(timerData(schedule, next, true));
    // A timer may fire a millisecond early. The same tick must not come twice.
    waitFor(schedule.next(new Date(Math.max(Date.now(), tick.getTime()))));
  }

  waitFor(schedule.next(new Date()));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** The timer's data, as on the platform. */
export function timerData(schedule: Schedule, tick: Date, isPastDue: boolean): TriggerData {
  const last = tick.toISOString();
  return {
    json: JSON.stringify({
      Schedule: { AdjustForDST: false },
      ScheduleStatus: { Last: last, LastUpdated: last, Next: schedule.next(tick).toISOString() },
      IsPastDue: isPastDue,
    }),
  };
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}
