// What a run saw of one mailbox: the outcome, and everything that proves it.
import type { MessageClass, Outcome, Reason } from './classify.ts';

export interface Observation {
  readonly mailbox: string;
  readonly runId: string;
  /** When the deciding answer came, or asking was given up; ISO 8601 UTC. */
  readonly checkedAt: string;
  readonly outcome: Outcome;
  /** Null unless the outcome is inconclusive. */
  readonly reason: Reason | null;
  /** Of the last answer; null when none came. */
  readonly status: number | null;
  readonly code: string | null;
  readonly messageClass: MessageClass | null;
  /** Graph's id of the request about this mailbox alone, where it gave one. */
  readonly requestId: string | null;
  /** Ours of the same request. */
  readonly clientRequestId: string | null;
  /** Graph's id of the batch that the request travelled in. */
  readonly batchRequestId: string | null;
  readonly durationMs: number;
  readonly attempts: number;
  /** Whether an allowed mailbox was readable before and after, with the same token: without it a refusal proves nothing. */
  readonly controlHeld: boolean;
}

/** What one read of a control showed, when it is nobody's observation. */
export type ControlRead = Omit<Observation, 'runId' | 'controlHeld'>;

/** The allowed mailbox that was read before and after the others of a shard. `mailbox` is null when no candidate was readable. */
export interface Control {
  readonly mailbox: string | null;
  /** Whether it belongs to another shard. */
  readonly borrowed: boolean;
  /** Readable both times, with the same token. */
  readonly held: boolean;
  /** The reads of borrowed candidates, and the second one. */
  readonly reads: readonly ControlRead[];
}

/** What an answer said, as people read it: `403 ErrorAccessDenied`; empty when none came. */
export function answerText({ status, code }: Pick<Observation, 'status' | 'code'>): string {
  return [status, code].filter((part) => part !== null).join(' ');
}

/** Graph's id of the request; that of its batch when it has none of its own. */
export function requestIdOf(seen: Pick<Observation, 'requestId' | 'batchRequestId'>): string | null {
  return seen.requestId ?? seen.batchRequestId;
}
