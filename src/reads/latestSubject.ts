// Answers the latest subject of one mailbox, or says why there is none to show.
import { MailscopeError } from '../errors.ts';
import { type LatestMessage, latestMessage } from '../graph/latestMessage.ts';
import type { Reason } from '../rules/classify.ts';
import type { Expectation } from '../rules/mailbox.ts';
import { recordBreach } from '../runs/recordBreach.ts';
import type { Services } from '../services.ts';
import { listedMailbox } from './mailboxes.ts';

export interface LatestSubject {
  readonly mailbox: string;
  readonly subject: string | null;
  /** ISO 8601 UTC. */
  readonly receivedDateTime: string | null;
  /** ISO 8601 UTC. */
  readonly checkedAt: string;
}

const DEADLINE_MS = 20_000;

/** How long a client should wait when Graph did not say. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/**
 * Always asks Graph, never a table, and asks only about listed mailboxes. The subject of a denied mailbox is not requested,
 * so that it cannot be shown even when Graph lets us in.
 *
 * @throws MailscopeError with any of the codes of the `latestSubject` route
 */
export async function latestSubject(services: Services, name: string): Promise<LatestSubject> {
  const { mailbox, expectation } = await listedMailbox(services, name);
  const message = await latestMessage(services.graph(), mailbox, expectation === 'allowed', {
    deadlineMs: DEADLINE_MS,
  });
  services.log(message.outcome === 'inconclusive' ? 'warn' : 'info', 'mailbox.asked', evidence(message));
  if (message.outcome === 'readable' && expectation === 'denied') await recordBreach(services, mailbox);
  if (message.outcome !== 'readable' || expectation === 'denied') throw problem(mailbox, expectation, message);
  return {
    mailbox,
    subject: message.subject,
    receivedDateTime: message.receivedDateTime,
    checkedAt: services.now().toISOString(),
  };
}

function problem(mailbox: string, expectation: Expectation, message: LatestMessage): MailscopeError {
  const { status, code, requestId, outcome, reason } = message;
  const graph = { status, code, requestId };
  if (outcome === 'refused') {
    return new MailscopeError('mailbox-refused', `Microsoft Graph refused access to ${mailbox}.`, { graph });
  }
  if (outcome === 'readable' && expectation === 'denied') {
    const text = `${mailbox} must be refused, but Microsoft Graph let us in. Its subject was not requested.`;
    return new MailscopeError('scope-breach', text, { graph });
  }
  const retryAfterSeconds = message.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
  // A reason stands beside every inconclusive outcome.
  const [errorCode, text] = INCONCLUSIVE[reason ?? 'unexpected'];
  const wait = errorCode === 'throttled' || errorCode === 'graph-unavailable' ? { retryAfterSeconds } : {};
  return new MailscopeError(errorCode, text, { graph, ...wait });
}

const INCONCLUSIVE = {
  throttled: ['throttled', 'Microsoft Graph asks to be left alone for a while.'],
  'not-found': ['mailbox-not-found', 'Microsoft Graph knows no such user.'],
  'no-mailbox': ['mailbox-not-found', 'The user exists, but has no mailbox that Microsoft Graph can reach.'],
  token: ['identity-unavailable', 'The identity gets no token for Microsoft Graph, or Graph rejects it.'],
  service: ['graph-unavailable', 'Microsoft Graph is in trouble.'],
  network: ['graph-unavailable', 'Microsoft Graph cannot be reached.'],
  timeout: ['graph-timeout', 'Microsoft Graph did not answer within 20 seconds.'],
  unexpected: ['graph-error', 'Microsoft Graph answered something that proves nothing.'],
} as const satisfies Record<Reason, readonly [string, string]>;

/** What may be logged of an exchange: no address, no body. */
function evidence(message: LatestMessage) {
  const { outcome, reason, status, code, requestId, clientRequestId, attempts, durationMs } = message;
  return { outcome, reason, status, code, requestId, clientRequestId, attempts, durationMs };
}
