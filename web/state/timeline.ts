// Where each observation of a mailbox is drawn: time from left to right, duration upwards.
import type { Expectation, Observation } from '../apiTypes.ts';
import type { CellKind } from './cells.ts';

export interface Dot {
  readonly kind: CellKind;
  /** 0 to 1, from the earliest to the latest. */
  readonly x: number;
  /** 0 to 1, from the fastest to the slowest, by the logarithm: durations differ by powers of ten. */
  readonly y: number;
}

export interface Timeline {
  readonly dots: readonly Dot[];
  /** ISO 8601 UTC; null when there is nothing. */
  readonly from: string | null;
  readonly to: string | null;
  readonly slowestMs: number;
}

/** What an observation counts as, for the mailbox's expectation. A refusal without its control proves nothing. */
export function kindOfObservation(
  { outcome, controlHeld }: Pick<Observation, 'outcome' | 'controlHeld'>,
  expectation: Expectation,
): CellKind {
  if (outcome === 'inconclusive') return 'unknown';
  if (expectation === 'allowed') return outcome === 'readable' ? 'good' : 'bad';
  if (outcome === 'readable') return 'bad';
  return controlHeld ? 'good' : 'unknown';
}

/** @param seen newest first */
export function timelineOf(seen: readonly Observation[], expectation: Expectation): Timeline {
  const [to = null, from = null] = [seen[0]?.checkedAt, seen.at(-1)?.checkedAt];
  const slowestMs = Math.max(0, ...seen.map(({ durationMs }) => durationMs));
  if (from === null || to === null) return { dots: [], from, to, slowestMs };
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const dots = seen.map((one): Dot => {
    const x = end === start ? 1 : (Date.parse(one.checkedAt) - start) / (end - start);
    return { kind: kindOfObservation(one, expectation), x, y: height(one.durationMs, slowestMs) };
  });
  return { dots, from, to, slowestMs };
}

function height(ms: number, slowestMs: number): number {
  return slowestMs <= 1 ? 0 : Math.log(Math.max(1, ms)) / Math.log(slowestMs);
}
