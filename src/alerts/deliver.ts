// Posts an alert to the webhook, and reports whether the receiver accepted it.
import { createHmac } from 'node:crypto';
import type { AlertSettings, Secret } from '../settings/settings.ts';
import type { Alert } from './alert.ts';
import { FORMATS } from './formats/formats.ts';

/** `again`: the fault may pass, so try again soon. `refused`: try again with the next run. */
export interface Delivery {
  readonly result: 'accepted' | 'again' | 'refused';
  /** The status of the answer; null when no answer came. */
  readonly status: number | null;
  readonly error: string | null;
}

const TIMEOUT_MS = 10_000;
const LARGEST_ANSWER = 64 * 1024;

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
    await readSome(response);
    return deliveryOf(response.status);
  } catch (error) {
    // fetch rejects only with TypeErrors (the network) and with the signal's reason.
    const timedOut = error instanceof DOMException;
    if (!timedOut && !(error instanceof TypeError)) throw error;
    const why = timedOut
      ? `did not answer within ${TIMEOUT_MS / 1000} seconds`
      : 'cannot be reached, or cut the connection';
    return { result: 'again', status: null, error: `The webhook ${why}.` };
  }
}

function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return { result: 'accepted', status, error: null };
  const error = `The webhook answered ${status}.`;
  const mayPass = status === 408 || status === 429 || status >= 500;
  return { result: mayPass ? 'again' : 'refused', status, error };
}

/** Reads the body up to a limit. If the connection is cut in the body, the answer does not count. */
async function readSome(response: Response): Promise<void> {
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > LARGEST_ANSWER) break;
  }
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
