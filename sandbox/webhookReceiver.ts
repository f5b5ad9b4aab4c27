// The tenant's webhook receiver: keeps every delivery, checks signatures, and can fail in many ways.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { printable } from '../src/printable.ts';
import { counter, type Limits } from './faults.ts';

/** How the receiver answers. Without settings it answers 200. */
export interface ReceiverSettings extends Limits {
  readonly status?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** The text of the answer. */
  readonly body?: string | undefined;
  readonly mode?: 'refuse' | 'hang' | 'cut' | 'redirect' | 'large' | undefined;
}

export interface Delivery {
  /** ISO 8601 UTC. */
  readonly receivedAt: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON. */
  readonly body: unknown;
  /** The status of the answer; null when there was no answer. */
  readonly answered: number | null;
  /** Null when there is no signature, or no secret to check it. */
  readonly signatureValid: boolean | null;
}

export interface Receiver {
  readonly deliveries: readonly Delivery[];
  settings: ReceiverSettings;
  configure(settings: ReceiverSettings): void;
  receive(request: IncomingMessage, body: Buffer, response: ServerResponse): void;
}

/** The size of a large answer: more than a client should read. */
const LARGE = 10 * 1024 * 1024;

/** @param secret a Standard Webhooks secret, `whsec_` and base64; undefined checks nothing */
export function createReceiver(now: () => number, secret: string | undefined): Receiver {
  const deliveries: Delivery[] = [];
  let hits = counter(undefined, 0);
  const receiver: Receiver = {
    deliveries,
    settings: {},
    configure(settings) {
      receiver.settings = settings;
      hits = counter(settings, settings.status !== undefined || settings.mode !== undefined ? 1 : 0);
    },
    receive(request, body, response) {
      const settings = hits() ? receiver.settings : {};
      const answered = answer(settings, request, response);
      const text = body.toString();
      deliveries.push({
        receivedAt: new Date(now()).toISOString(),
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        body: parsed(text),
        answered,
        signatureValid: signatureValid(request, text, secret),
      });
      const headline = headlineOf(parsed(text)) ?? 'a message that is not an alert';
      console.log(`The receiver got: ${printable(headline)} (answered ${answered ?? 'nothing'})`);
    },
  };
  return receiver;
}

/** Answers as the settings say. Returns the status, or null when it does not answer. */
function answer(settings: ReceiverSettings, request: IncomingMessage, response: ServerResponse): number | null {
  const { mode, status = 200, retryAfterSeconds, body = '' } = settings;
  if (mode === 'refuse') {
    request.socket.destroy();
    return null;
  }
  if (mode === 'hang') return null;
  if (mode === 'cut') {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('half an answ', () => response.destroy());
    return 200;
  }
  if (mode === 'redirect') {
    response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
    return 302;
  }
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  response.writeHead(status, headers).end(mode === 'large' ? Buffer.alloc(LARGE, 'x') : body);
  return status;
}

/** The headline. Its place depends on the format. */
function headlineOf(body: unknown): string | undefined {
  const { data, text, attachments } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly data?: { readonly headline?: string };
    readonly text?: string;
    readonly attachments?: readonly { readonly content?: { readonly fallbackText?: string } }[];
  };
  const headline: unknown = data?.headline ?? attachments?.[0]?.content?.fallbackText ?? text;
  return typeof headline === 'string' ? headline : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body. */
function signatureValid(request: IncomingMessage, body: string, secret: string | undefined): boolean | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers;
  if (secret === undefined || typeof signature !== 'string') return null;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return signature.split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
