// The one error that crosses a border: a stable code, a text for people, and what a caller may act on.

/** Every code that an answer, a log line or a run may carry. They are part of the contract and never change their meaning. */
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
  | 'run-in-progress'
  | 'storage-unavailable'
  | 'alert-undelivered'
  | 'configuration-invalid'
  | 'internal-error';

/** What Graph itself said, kept so that a person can find the request at Microsoft. */
export interface GraphEvidence {
  /** HTTP status, or null when Graph never answered. */
  readonly status: number | null;
  /** Graph's `error.code`. */
  readonly code: string | null;
  /** Graph's `request-id`. */
  readonly requestId: string | null;
}

/** What goes with an error beside its code and text. */
export interface ErrorFacts {
  readonly graph?: GraphEvidence;
  /** When asking again makes sense. */
  readonly retryAfterSeconds?: number;
  /** The run under way. */
  readonly runId?: string;
  /** The faults of the settings, one text each. */
  readonly faults?: readonly string[];
  readonly cause?: unknown;
}

/** A failure with a stable code. Anything else that is thrown is a defect and is answered as `internal-error`. */
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
