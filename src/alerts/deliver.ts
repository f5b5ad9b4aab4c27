// Posts an alert to the webhook, and reports whether the receiver accepted it.
import { createHmac } from 'node:crypto';
import { printable } from '../printable.ts';
import type { AlertFormat, AlertSettings, Secret } from '../settings/settings.ts';
import type { Alert } from './alert.ts';
import { FORMATS } from './formats/formats.ts';

/** `again`: the fault may pass, so try again soon. `refused`: try again with the next run. */
export interface Delivery {
  readonly result: 'accepted' | 'again' | 'refused';
  /** The status of the answer; null when no answer came. */
  readonly status: number | null;
  /** How it failed, in words that are safe for anybody. */
  readonly error: string | null;
  /** What the receiver says about it: one printable line. It may repeat names of mailboxes, so it is not for everybody. */
  readonly answer: string | null;
}

const TIMEOUT_MS = 10_000;
const LARGEST_ANSWER = 64 * 1024;
const LONGEST_SHOWN = 200;

/**
 * Never throws for a fault of the receiver. Does not follow redirects, because an alert must go only to the set
 * address.
 */
export async function deliver(alert: Alert, settings: AlertSettings, now: Date): Promise<Delivery> {
  const { contentType, body } = FORMATS[settings.format](alert);
  const headers = { 'content-type': contentType, ...signature(alert.id, body, settings.secret, now) };
  try {
    const request = {
      method: 'POST',
      headers,
      body,
      redirect: 'manual' as const,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const response = await fetch(settings.url.reveal(), request);
    return deliveryOf(response.status, await readSome(response), settings.format);
  } catch (error) {
    // fetch rejects only with TypeErrors (the network) and with the signal's reason.
    const timedOut = error instanceof DOMException;
    if (!timedOut && !(error instanceof TypeError)) throw error;
    const why = timedOut
      ? `did not answer within ${TIMEOUT_MS / 1000} seconds`
      : 'cannot be reached, or cut the connection';
    return { result: 'again', status: null, error: `The webhook ${why}.`, answer: null };
  }
}

function deliveryOf(status: number, body: string, format: AlertFormat): Delivery {
  const failure = format === 'teams' ? teamsFailure(body) : null;
  const isAccepted = status >= 200 && status < 300 && failure === null;
  if (isAccepted) return { result: 'accepted', status, error: null, answer: null };
  const answer = printable(body.trim(), LONGEST_SHOWN) || null;
  const result = mayPass(failure ?? status) ? 'again' : 'refused';
  const passedOn = failure === null ? '' : `, but Teams did not take the message (${failure || 'without a status'})`;
  const reason = answer !== null && REASON.test(answer) ? `: ${answer}` : '';
  return { result, status, error: `The webhook answered ${status}${passedOn}${reason}.`, answer };
}

/** A reason in one word, as Slack gives it: `invalid_blocks`. Whatever else stands in a body may hold names. */
const REASON = /^[a-z]+(?:_[a-z]+)*$/;

function mayPass(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/**
 * A Teams webhook answers 200 also when Teams did not take the message, and says so in the body ("Create Incoming
 * Webhooks", rate limiting). Answers the status in it; 0 without one, null when the message was taken.
 */
function teamsFailure(body: string): number | null {
  if (!/message delivery failed|returned HTTP error/i.test(body)) return null;
  const [, status = '0'] = /\bHTTP error (\d{3})\b/i.exec(body) ?? [];
  return Number(status);
}

/** Reads the body up to a limit. If the connection is cut in the body, the answer does not count. */
async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    // Leaving the loop closes the connection.
    if (length > LARGEST_ANSWER) break;
  }
  return Buffer.concat(chunks).toString();
}

/** "Standard Webhooks" 1.0: HMAC-SHA256 over id, timestamp and body. */
function signature(id: string, body: string, secret: Secret | undefined, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const unsigned = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (!secret) return unsigned;
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...unsigned, 'webhook-signature': `v1,${signed}` };
}
