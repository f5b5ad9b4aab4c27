// What the API answers, as far as the page reads it. Times are ISO 8601 UTC.

export type Verdict = 'compliant' | 'breach' | 'lockout' | 'unverified' | 'pending';
export type DriftKind = 'breach' | 'lockout' | 'unverified';
export type Expectation = 'allowed' | 'denied';
export type Outcome = 'readable' | 'refused' | 'inconclusive';

export interface Observation {
  readonly checkedAt: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly batchRequestId: string | null;
  readonly durationMs: number;
  readonly attempts: number;
  readonly controlHeld: boolean;
}

export interface Drift {
  readonly id: string;
  readonly mailbox: string;
  readonly kind: DriftKind;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closedBecause: string | null;
  readonly recovered?: boolean;
  readonly probableCause: string | null;
  readonly evidence: { readonly opened: Observation; readonly closed?: Observation };
}

export interface Mailbox {
  readonly mailbox: string;
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  readonly since: string | null;
  readonly stale: boolean;
  readonly provenAt: string | null;
  readonly lastOutcome: Outcome | null;
  readonly lastReason: string | null;
  readonly lastCheckedAt: string | null;
  readonly recent: string;
  readonly latestSubject?: string | null;
  readonly openDrift?: Drift;
}

export interface Run {
  readonly id: string;
  readonly number: number;
  readonly trigger: string;
  readonly status: 'running' | 'completed' | 'incomplete';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly mailboxes: number;
  readonly shards: number;
  readonly skippedTicks: number;
  readonly missedTicks?: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly byExpectation: Readonly<Record<Expectation, Readonly<Record<Outcome, number>>>>;
  /** When the denied mailbox that waits longest for proof was last proven; null when that is unknown. */
  readonly oldestProof?: string | null;
  readonly opened: number;
  readonly closed: number;
  readonly controlHeld: boolean;
  readonly notSeen: number;
  readonly throttled: number;
  readonly waitedMs: number;
  readonly roles: readonly string[];
  readonly probableCause: string | null;
  readonly problem?: string;
}

export interface HealthProblem {
  readonly code: string;
  readonly scope?: string;
  readonly detail?: string;
  readonly setting?: string;
  readonly fault?: string;
}

export interface Health {
  readonly status: 'healthy' | 'unhealthy';
  readonly lastCompletedRun: string | null;
  readonly nextRunExpectedBy: string | null;
  readonly alertsPausedUntil?: string;
  readonly problems: readonly HealthProblem[];
}

export interface Scope {
  readonly name: string;
  readonly resource: string;
  readonly identity: { readonly kind: string; readonly clientId: string | null } | null;
  readonly mailboxes: { readonly allowed: number; readonly denied: number } | null;
  readonly verdicts: Readonly<Record<Verdict, number>> | null;
  readonly openDrift: Readonly<Record<DriftKind, number>> | null;
  readonly lastCompletedRun: string | null;
  readonly controlHeld: boolean | null;
  readonly status: 'healthy' | 'unhealthy';
  readonly problems: readonly HealthProblem[];
}

export interface Page<Item> {
  readonly value: readonly Item[];
  readonly nextLink?: string;
}

/** Problem details, as far as the page reads them. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly runId?: string;
}
