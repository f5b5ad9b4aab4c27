// What a run saw of one mailbox: the outcome and its evidence.
import type { MessageClass, Outcome, Reason } from './classify.ts';

export interface Observation {
  readonly mailbox: string;
  readonly runId: string;
  /** The time of the answer that counts, or of giving up; ISO 8601 UTC. */
  readonly checkedAt: string;
  readonly outcome: Outcome;
  /** Null unless the outcome is inconclusive. */
  readonly reason: Reason | null;
  /** The status of the last answer; null when none came. */
  readonly status: number | null;
  readonly code: string | null;
  readonly messageClass: MessageClass | null;
  /** Graph's id of the request about only this mailbox; null when Graph gave none. */
  readonly requestId: string | null;
  /** Our own id of the same request. */
  readonly clientRequestId: string | null;
  /** Graph's id of the batch that held the request. */
  readonly batchRequestId: string | null;
  readonly durationMs: number;
  readonly attempts: number;
  /**
   * Whether an allowed mailbox was readable before and after, with the same token. If not, a refusal proves nothing.
   */
  readonly controlHeld: boolean;
}

/** One read of a control that is not an observation. */
export type ControlRead = Omit<Observation, 'runId' | 'controlHeld'>;

/** An answer that made a control not readable. `reason` is null for a refusal. */
export type ControlFault = Pick<Observation, 'reason' | 'status' | 'code'>;

/** The allowed mailbox that was read before and after the others of a shard. `mailbox` is null if none was readable. */
export interface Control {
  readonly mailbox: string | null;
  /** Whether it belongs to another shard. */
  readonly borrowed: boolean;
  /** Whether it was readable both times, with the same token. */
  readonly held: boolean;
  /** The reads of borrowed candidates, and the second read of the control. */
  readonly reads: readonly ControlRead[];
  /** The first read that was not readable. Null when the control held, and when the token was replaced between its reads. */
  readonly fault: ControlFault | null;
}

/** The status and code for people: `403 ErrorAccessDenied`; empty when no answer came. */
export function answerText({ status, code }: Pick<Observation, 'status' | 'code'>): string {
  return [status, code].filter((part) => part !== null).join(' ');
}

/** Graph's id of the request, or else of its batch. */
export function requestIdOf(seen: Pick<Observation, 'requestId' | 'batchRequestId'>): string | null {
  return seen.requestId ?? seen.batchRequestId;
}
