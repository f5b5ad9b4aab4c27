// What the last completed run has counted, as of now. No state is read, so it takes as long for a hundred thousand
// mailboxes as for ten.
import { DRIFT_KINDS, type DriftKind, type Verdict } from '../rules/judge.ts';
import { EXPECTATIONS, type Expectation } from '../rules/mailbox.ts';
import type { Services } from '../services.ts';
import type { Run, RunResult } from '../storage/runStore.ts';
import { freshSpan, isFresh } from './freshness.ts';

export type VerdictCounts = Readonly<Record<Verdict, number>>;

export interface LastCounts {
  readonly run: Run;
  readonly result: RunResult;
  /** If the run began more than three intervals ago, its `compliant` mailboxes count as `unverified`. */
  readonly verdicts: VerdictCounts;
  /** Null in runs of an earlier version. */
  readonly verdictsByExpectation: Readonly<Record<Expectation, VerdictCounts>> | null;
  /** Drift stays open until a run closes it, so the age of the run changes nothing. */
  readonly openDrift: Readonly<Record<DriftKind, number>>;
}

/** Null before the first completed run. */
export async function lastCounts(services: Services): Promise<LastCounts | null> {
  const run = await services.storage().runs.lastCompleted();
  if (!run?.result) return null;
  const { result } = run;
  const asOfNow = isFresh(run.startedAt, freshSpan(services)) ? (counts: VerdictCounts) => counts : asStale;
  const by = result.verdictsByExpectation;
  return {
    run,
    result,
    verdicts: asOfNow(result.verdicts),
    verdictsByExpectation: by && each(EXPECTATIONS, (expectation) => asOfNow(by[expectation])),
    openDrift: each(DRIFT_KINDS, (kind) => result.verdicts[kind]),
  };
}

function asStale({ compliant, unverified, ...others }: VerdictCounts): VerdictCounts {
  return { ...others, compliant: 0, unverified: unverified + compliant };
}

function each<Name extends string, Value>(names: readonly Name[], value: (name: Name) => Value): Record<Name, Value> {
  // The entries are one for each name.
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}
