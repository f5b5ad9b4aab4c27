// The content of an alert, before any format: one message a run.
import { causeOf } from '../rules/cause.ts';
import type { Drift } from '../rules/drift.ts';
import { DRIFT_KINDS, type DriftKind } from '../rules/judge.ts';
import type { Services } from '../services.ts';
import { DEFAULT_SCOPE } from '../settings/scopes.ts';

/**
 * `recovered`: an answer showed it. `changed`: an answer came again, but not as declared. `ended`: the mailbox has a new
 * expectation or is no longer listed. Only the first is a recovery.
 */
export type Happening = (typeof HAPPENINGS)[number];
export const HAPPENINGS = ['opened', 'reminder', 'changed', 'recovered', 'ended'] as const;

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

/** Which scope an alert is about. */
export interface AlertOrigin {
  readonly scope: string;
  /** How its headline begins: `Mailscope`, or `Mailscope (crm)` where there are several scopes. */
  readonly title: string;
}

export interface Alert extends AlertOrigin {
  /** The same for every try, so that a receiver can recognize a repetition. Unique among all scopes. */
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly time: string;
  readonly counts: Readonly<Record<Happening, Counts>>;
  /** The first twenty, breaches first. */
  readonly items: readonly AlertItem[];
  /** Sentences about the monitor itself, the roles and the runs. */
  readonly notices: readonly string[];
  /** The address of the API; null when the app does not know its own name. */
  readonly apiUrl: string | null;
  /** The address of the drift on the page; null in the same case. */
  readonly driftUrl: string | null;
  readonly test: boolean;
}

export function originOf({ scope, isOneOfSeveral }: Pick<Services, 'scope' | 'isOneOfSeveral'>): AlertOrigin {
  return { scope, title: isOneOfSeveral ? `Mailscope (${scope})` : 'Mailscope' };
}

/** `PUBLIC_URL`, or else the platform's name of the app, leads to it. */
export function linksOf({
  scope,
  isOneOfSeveral,
  environment,
  settings,
}: Pick<Services, 'scope' | 'isOneOfSeveral' | 'environment' | 'settings'>): Pick<Alert, 'apiUrl' | 'driftUrl'> {
  const { WEBSITE_HOSTNAME: hostname } = environment;
  const origin = settings().publicUrl ?? (hostname ? `https://${hostname}` : null);
  if (origin === null) return { apiUrl: null, driftUrl: null };
  const query = isOneOfSeveral ? `?scope=${scope}` : '';
  return { apiUrl: `${origin}/api`, driftUrl: `${origin}/api/dashboard#/drift${query}` };
}

/** Ids of runs are unique within a scope only. */
export function alertIdOf(scope: string, runId: string): string {
  return scope === DEFAULT_SCOPE ? runId : `${scope}:${runId}`;
}

export const MOST_ITEMS = 20;

const MOST_URGENT_CLOSED = 10;

/** Smaller is more urgent: open breaches, other open drift, what changed, then closed drift. */
export function urgency(happening: Happening, kind: DriftKind): number {
  const closed = happening === 'recovered' || happening === 'ended';
  const second = happening === 'reminder' || happening === 'ended';
  if (happening === 'changed') return MOST_URGENT_CLOSED - 1;
  return (closed ? MOST_URGENT_CLOSED : 0) + DRIFT_KINDS.indexOf(kind) * 2 + (second ? 1 : 0);
}

export function noCounts(): Record<Happening, Record<DriftKind, number>> {
  const none = () => ({ breach: 0, lockout: 0, unverified: 0 });
  return { opened: none(), reminder: none(), changed: none(), recovered: none(), ended: none() };
}

export function toItem(happening: Happening, drift: Drift, runCause: string | null): AlertItem {
  const { kind, mailbox, openedAt, closedAt, closedBecause, evidence } = drift;
  const isOver = happening !== 'opened' && happening !== 'reminder';
  const shown = isOver ? (evidence.closed ?? evidence.opened) : evidence.opened;
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
