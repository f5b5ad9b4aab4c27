// Drift: the time of one breach, lockout or unverified verdict.
import { type DriftKind, isDrift, type JudgingRun, type MailboxState } from './judge.ts';
import type { Observation } from './observation.ts';

/** Why a drift ended: Graph's answer, a new expectation, or a removal from the list. */
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number];
export const CLOSED_BECAUSE = ['refused', 'readable', 'redeclared', 'unlisted'] as const;

export interface Drift {
  readonly id: string;
  readonly mailbox: string;
  readonly kind: DriftKind;
  /** Start of the run; ISO 8601 UTC. */
  readonly openedAt: string;
  readonly openedRun: number;
  /** Whether it opened in the first run that saw the mailbox under its expectation. */
  readonly firstSight: boolean;
  readonly closedAt: string | null;
  readonly closedRun: number | null;
  readonly closedBecause: ClosedBecause | null;
  /**
   * Whether the answer that ended it was as declared. It was not if an unverified mailbox answers again and is a breach, a
   * lockout or pending. Absent while it is open, if no answer ended it, and in rows of an earlier version.
   */
  readonly recovered?: boolean;
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
 * The drift that closes and opens between two states; `next` is null when the mailbox is no longer listed. A state
 * determines its drift and has at most one, so the same two states always give the same changes.
 */
export function driftChanges(previous: MailboxState | null, next: MailboxState | null, run: JudgingRun): DriftChanges {
  const before = previous && openDrift(previous);
  const after = next && openDrift(next);
  if (before?.id === after?.id) return { closed: null, opened: null };
  const because = closedBecause(previous, next);
  const closed = before && { id: before.id, closedAt: run.startedAt, closedRun: run.number, closedBecause: because };
  return { closed, opened: after };
}

/** The open drift of a state, or null. */
export function openDrift({ mailbox, verdict, since, sinceRun, declaredRun }: MailboxState): DriftOpening | null {
  if (!isDrift(verdict)) return null;
  const firstSight = sinceRun === declaredRun;
  return { id: `${sinceRun}-${mailbox}`, mailbox, kind: verdict, openedAt: since, openedRun: sinceRun, firstSight };
}

function closedBecause(previous: MailboxState | null, next: MailboxState | null): ClosedBecause {
  if (next === null) return 'unlisted';
  if (previous?.expectation !== next.expectation) return 'redeclared';
  // Only a conclusive answer closes a drift, so the outcome is readable or refused.
  return next.lastOutcome === 'readable' ? 'readable' : 'refused';
}
