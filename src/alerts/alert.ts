// The content of an alert, before any format: one message a run.
import { causeOf } from '../rules/cause.ts';
import type { Drift } from '../rules/drift.ts';
import { DRIFT_KINDS, type DriftKind } from '../rules/judge.ts';

/**
 * `recovered`: an answer showed it. `ended`: the mailbox has a new expectation or is no longer listed, which is no
 * recovery.
 */
export type Happening = (typeof HAPPENINGS)[number];
export const HAPPENINGS = ['opened', 'reminder', 'recovered', 'ended'] as const;

export interface AlertItem {
  readonly happening: Happening;
  readonly kind: DriftKind;
  readonly mailbox: string;
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly closedAt: string | null;
  readonly closedBecause: string | null;
  /** Graph's id of the request that is the evidence. */
  readonly requestId: string | null;
  readonly probableCause: string | null;
}

export type Counts = Readonly<Record<DriftKind, number>>;

export interface Alert {
  /** The same for every try, so that a receiver can recognize a repetition. */
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly time: string;
  readonly counts: Readonly<Record<Happening, Counts>>;
  /** The first twenty, breaches first. */
  readonly items: readonly AlertItem[];
  /** Sentences about the monitor itself, the roles and the runs. */
  readonly notices: readonly string[];
  /** The address of the API; null when the app does not know its host name. */
  readonly apiUrl: string | null;
  readonly test: boolean;
}

export const MOST_ITEMS = 20;

/** Smaller is more urgent: open breaches, other open drift, then closed drift. */
export function urgency(happening: Happening, kind: DriftKind): number {
  const open = happening === 'opened' || happening === 'reminder';
  return (open ? 0 : 10) + DRIFT_KINDS.indexOf(kind) * 2 + (HAPPENINGS.indexOf(happening) % 2);
}

export function noCounts(): Record<Happening, Record<DriftKind, number>> {
  const none = () => ({ breach: 0, lockout: 0, unverified: 0 });
  return { opened: none(), reminder: none(), recovered: none(), ended: none() };
}

export function toItem(happening: Happening, drift: Drift, runCause: string | null): AlertItem {
  const { kind, mailbox, openedAt, closedAt, closedBecause, evidence } = drift;
  const shown = happening === 'recovered' ? (evidence.closed ?? evidence.opened) : evidence.opened;
  const isOver = happening === 'recovered' || happening === 'ended';
  return {
    happening,
    kind,
    mailbox,
    since: openedAt,
    closedAt: isOver ? closedAt : null,
    closedBecause: isOver ? closedBecause : null,
    requestId: shown.requestId ?? shown.batchRequestId,
    probableCause: isOver ? null : causeOf(drift, runCause),
  };
}

/** An alert in the receiver's format. */
export interface Formatted {
  readonly contentType: string;
  readonly body: string;
}
