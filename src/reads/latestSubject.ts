// Answers the latest subject of one mailbox, or why it cannot be shown.
import { MailscopeError } from '../errors.ts';
import { type LatestMessage, latestMessage } from '../graph/latestMessage.ts';
import type { Reason } from '../rules/classify.ts';
import type { Expectation } from '../rules/mailbox.ts';
import { isWrongTenant, reasonText } from '../rules/reasons.ts';
import { RESOURCES } from '../rules/resources.ts';
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

/** The client's wait when Graph names none. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/**
 * Asks Graph each time, never a table, and only about listed mailboxes. It does not request the subject of a denied
 * mailbox, so it cannot show it even if Graph gives access.
 *
 * @throws MailscopeError with any of the codes of the `latestSubject` route
 */
export async function latestSubject(services: Services, name: string): Promise<LatestSubject> {
  const { subjectQuery, data } = RESOURCES[services.settings().resource];
  if (subjectQuery === null)
    throw new MailscopeError('not-found', `There is no latest subject: Mailscope asks for ${data}.`);
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
    const text = `${mailbox} must be refused, but Microsoft Graph gave access. Mailscope did not request its subject.`;
    return new MailscopeError('scope-breach', text, { graph });
  }
  const retryAfterSeconds = message.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
  // Every inconclusive outcome has a reason.
  const [errorCode, usual] = INCONCLUSIVE[reason ?? 'unexpected'];
  const text = isWrongTenant(message) ? `Microsoft Graph rejects the token: ${reasonText(message)}.` : usual;
  const wait = errorCode === 'throttled' || errorCode === 'graph-unavailable' ? { retryAfterSeconds } : {};
  return new MailscopeError(errorCode, text, { graph, ...wait });
}

const INCONCLUSIVE = {
  throttled: ['throttled', 'Microsoft Graph throttles the app. Wait as long as Retry-After says.'],
  'not-found': ['mailbox-not-found', 'Microsoft Graph does not know this user.'],
  'no-mailbox': ['mailbox-not-found', 'The user exists, but has no mailbox that Microsoft Graph can reach.'],
  token: ['identity-unavailable', 'The app gets no token for Microsoft Graph, or Graph rejects it.'],
  service: ['graph-unavailable', 'Microsoft Graph answered with a server error. Try again later.'],
  network: ['graph-unavailable', 'Microsoft Graph cannot be reached.'],
  timeout: ['graph-timeout', 'Microsoft Graph did not answer within 20 seconds.'],
  unexpected: ['graph-error', 'Microsoft Graph gave an unexpected answer, which proves nothing.'],
} as const satisfies Record<Reason, readonly [string, string]>;

/** The part of an exchange that may be logged: no address, no body. */
function evidence(message: LatestMessage) {
  const { outcome, reason, status, code, requestId, clientRequestId, attempts, durationMs } = message;
  return { outcome, reason, status, code, requestId, clientRequestId, attempts, durationMs };
}
