// Drift: the period of one breach, lockout or unverified verdict.
import { type DriftKind, isDrift, type JudgingRun, type MailboxState } from './judge.ts';
import type { Observation } from './observation.ts';

/** Why a drift ended: what was seen, or that the mailbox was declared anew or is no longer listed, which is no recovery. */
export type ClosedBecause = 'refused' | 'readable' | 'redeclared' | 'unlisted';

export interface Drift {
  readonly id: string;
  readonly mailbox: string;
  readonly kind: DriftKind;
  /** Start of the run; ISO 8601 UTC. */
  readonly openedAt: string;
  readonly openedRun: number;
  /** Whether it opened in the run that saw the mailbox first under its expectation. */
  readonly firstSight: boolean;
  readonly closedAt: string | null;
  readonly closedRun: number | null;
  readonly closedBecause: ClosedBecause | null;
  readonly evidence: { readonly opened: Observation; readonly closed?: Observation };
}

export interface DriftOpening {
  readonly id: string;
  readonly mailbox: string;
  readonly kind: DriftKind;
  readonly openedAt: string;
  readonly openedRun: number;
  readonly firstSight: boolean;
}

export interface DriftClosing {
  readonly id: string;
  readonly closedAt: string;
  readonly closedRun: number;
  readonly closedBecause: ClosedBecause;
}

export interface DriftChanges {
  readonly closed: DriftClosing | null;
  readonly opened: DriftOpening | null;
}

/**
 * What changes when a mailbox goes from one state to the next; `next` is null when it is no longer listed. A state has at most
 * one drift, which follows from it, so at most one is open, and the same two states always change the same.
 */
export function driftChanges(previous: MailboxState | null, next: MailboxState | null, run: JudgingRun): DriftChanges {
  const before = previous && openDrift(previous);
  const after = next && openDrift(next);
  if (before?.id === after?.id) return { closed: null, opened: null };
  const because = closedBecause(previous, next);
  const closed = before && { id: before.id, closedAt: run.startedAt, closedRun: run.number, closedBecause: because };
  return { closed, opened: after };
}

/** The drift that is open in a state, or null. */
export function openDrift({ mailbox, verdict, since, sinceRun, declaredRun }: MailboxState): DriftOpening | null {
  if (!isDrift(verdict)) return null;
  const firstSight = sinceRun === declaredRun;
  return { id: `${sinceRun}-${mailbox}`, mailbox, kind: verdict, openedAt: since, openedRun: sinceRun, firstSight };
}

function closedBecause(previous: MailboxState | null, next: MailboxState | null): ClosedBecause {
  if (next === null) return 'unlisted';
  if (previous?.expectation !== next.expectation) return 'redeclared';
  // Only an answer that shows something closes a drift.
  return next.lastOutcome === 'readable' ? 'readable' : 'refused';
}
