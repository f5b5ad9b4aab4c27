// What a scope stands at now. Its counts are those of the last completed run, and since then more may be known.
import type { Run, Scope } from '../apiTypes.ts';

/**
 * Counts mailboxes that were listed after the last completed run as `pending`, and adds the drift that later runs have
 * opened: one that is under way, or one that never became complete. What they closed is not known by kind, so it still
 * counts.
 *
 * @param runs newest first
 */
export function asOfNow(scope: Scope, runs: readonly Pick<Run, 'number' | 'openedByKind'>[]): Scope {
  const { verdicts, openDrift, mailboxes, lastCompletedRun } = scope;
  if (verdicts === null || openDrift === null || lastCompletedRun === null) return scope;
  const last = numberOf(lastCompletedRun);
  const opened = { breach: 0, lockout: 0, unverified: 0 };
  for (const { number, openedByKind } of runs) {
    if (number <= last) continue;
    opened.breach += openedByKind.breach;
    opened.lockout += openedByKind.lockout;
    opened.unverified += openedByKind.unverified;
  }
  const counted = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  const listed = mailboxes === null ? counted : mailboxes.allowed + mailboxes.denied;
  return {
    ...scope,
    verdicts: {
      ...added(verdicts, opened),
      compliant: verdicts.compliant,
      pending: verdicts.pending + Math.max(0, listed - counted),
    },
    openDrift: added(openDrift, opened),
  };
}

type Kinds = NonNullable<Scope['openDrift']>;

function added(counts: Kinds, more: Kinds): Kinds {
  return {
    breach: counts.breach + more.breach,
    lockout: counts.lockout + more.lockout,
    unverified: counts.unverified + more.unverified,
  };
}

/** A run's id ends in its number: `20261123T081500Z-42`. */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}
