// Judges a schedule: too often, in bursts, or too seldom. Pure.
import { span } from '../span.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

export interface ScheduleFacts {
  /** The expression of the setting. */
  readonly expression: string;
  /** The next ticks, at least two. */
  readonly ticks: readonly Date[];
  /** The longest time that a run may take. */
  readonly longestRunMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export function judgeSchedule({ expression, ticks, longestRunMs }: ScheduleFacts): Finding {
  const gaps = ticks.slice(1).map((tick, index) => tick.getTime() - (ticks[index] ?? tick).getTime());
  const shortest = Math.min(...gaps);
  const longest = Math.max(...gaps);
  const next = ticks.slice(0, 3).map((tick) => tick.toISOString().replace('.000', ''));
  const says = `"${expression}" ticks next at ${next.join(', ')}`;
  const burst = longestBurst(gaps);
  if (burst > 1 && longest > MINUTE_MS) {
    const advice = 'The first of the six fields is the seconds. It should probably be 0.';
    return problem(`${says}: ${burst} times within a minute, then not for ${span(longest)}.`, advice);
  }
  if (shortest < longestRunMs) {
    const advice = `A run can take up to ${span(longestRunMs)}, and a tick during a run is skipped. Let it tick less often.`;
    return warning(`${says}: as little as ${span(shortest)} apart.`, advice);
  }
  if (longest > DAY_MS) {
    const advice = 'A breach can stay unseen for that long. Let it tick at least every hour.';
    return warning(`${says}: up to ${span(longest)} apart.`, advice);
  }
  return ok(`${says}: ${shortest === longest ? '' : `${span(shortest)} to `}${span(longest)} apart.`);
}

/** The largest number of ticks within a minute. 0 if a series lasts longer, such as every 30 s in working hours. */
function longestBurst(gaps: readonly number[]): number {
  let most = 0;
  let ticks = 1;
  let lengthMs = 0;
  for (const gap of gaps) {
    const isOver = gap >= MINUTE_MS;
    ticks = isOver ? 1 : ticks + 1;
    lengthMs = isOver ? 0 : lengthMs + gap;
    if (lengthMs > MINUTE_MS) return 0;
    most = Math.max(most, ticks);
  }
  return most;
}
