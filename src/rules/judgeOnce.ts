// Decides what one answer proves by itself, without history or grace period. Pure.
import { type Verdict, whatItShows } from './judge.ts';
import type { Expectation } from './mailbox.ts';
import type { Observation } from './observation.ts';

/** A verdict without history. Nothing is pending: without proof a mailbox is `unverified` at once. */
export type VerdictOnce = Exclude<Verdict, 'pending'>;

/** A refusal of a denied mailbox counts only when the control held, as in a run. */
export function judgeOnce(
  expectation: Expectation,
  observation: Pick<Observation, 'outcome' | 'controlHeld'>,
): VerdictOnce {
  const shown = whatItShows(observation, expectation);
  if (shown === 'inconclusive') return 'unverified';
  if (expectation === 'denied') return shown === 'readable' ? 'breach' : 'compliant';
  return shown === 'readable' ? 'compliant' : 'lockout';
}
