// How old what was seen may be: a dead monitor must not go on saying `compliant`.
import { latestBelievable } from '../rules/clock.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';

/** Times that count as fresh, ISO 8601 UTC, both inclusive. */
export interface FreshSpan {
  readonly from: string;
  readonly to: string;
}

/** From the third-last scheduled time on. A time in the future was written by a clock that was wrong, and is not fresh. */
export function freshSpan(services: Services): FreshSpan {
  const now = services.now();
  const ticks = parseSchedule(services.settings().pollSchedule).previous(now, 3);
  return { from: (ticks.at(-1) ?? new Date(0)).toISOString(), to: latestBelievable(now) };
}

export function isFresh(time: string, { from, to }: FreshSpan): boolean {
  return time >= from && time <= to;
}
