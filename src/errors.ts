// The one error class of the app: a stable code, a text for people, and facts for the caller.

/** Every code of answers, log lines and runs. Codes are part of the contract: their meaning never changes. */
export type ErrorCode =
  | 'mailbox-invalid'
  | 'mailbox-not-listed'
  | 'mailbox-refused'
  | 'scope-breach'
  | 'mailbox-not-found'
  | 'throttled'
  | 'graph-unavailable'
  | 'graph-error'
  | 'graph-timeout'
  | 'identity-unavailable'
  | 'parameter-invalid'
  | 'not-found'
  | 'scope-not-found'
  | 'not-acceptable'
  | 'run-in-progress'
  | 'tables-in-use'
  | 'sign-in-off'
  | 'sign-in-required'
  | 'role-missing'
  | 'cross-site'
  | 'storage-unavailable'
  | 'alert-undelivered'
  | 'configuration-invalid'
  | 'internal-error';

/** Graph's own answer. A person needs it to find the request at Microsoft. */
export interface GraphEvidence {
  /** HTTP status, or null when Graph never answered. */
  readonly status: number | null;
  /** Graph's `error.code`. */
  readonly code: string | null;
  /** Graph's `request-id`. */
  readonly requestId: string | null;
}

/** More facts about an error. */
export interface ErrorFacts {
  readonly graph?: GraphEvidence;
  /** The time to wait before the next try. */
  readonly retryAfterSeconds?: number;
  /** The run in progress. */
  readonly runId?: string;
  /** The other app that owns the tables. */
  readonly owner?: string;
  /** The faults of the settings, one text for each. */
  readonly faults?: readonly string[];
  readonly cause?: unknown;
}

/** A failure with a stable code. Any other error is a defect, and the API answers `internal-error`. */
export class MailscopeError extends Error {
  override readonly name = 'MailscopeError';
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.code = code;
    this.facts = facts;
  }
}
