// Microsoft Graph as the rest of the app sees it: ask once, get back everything that the exchange showed.
import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import { type Classification, classify, inconclusive, type Reason } from '../rules/classify.ts';
import { Deadline } from './deadline.ts';
import { type ChainOptions, createChain, Journey, JourneyOptions, type Session } from './middleware.ts';
import { retryAfterMs } from './retryAfter.ts';
import { type Token, TokenUnavailableError } from './tokens.ts';
import type { Wait } from './waits.ts';

/** One request with its retries, and what became of it. */
export interface Exchange {
  /** Why there is no answer that counts; null when there is one. */
  readonly failure: Extract<Reason, 'network' | 'timeout' | 'token'> | null;
  /** The last answer's status and body (JSON where it parses, text otherwise); null when none came. */
  readonly status: number | null;
  readonly body: unknown;
  /** Graph's `request-id`, `Date` and `x-ms-ags-diagnostic` of the last answer. */
  readonly requestId: string | null;
  readonly date: string | null;
  readonly diagnostic: string | null;
  /** The `client-request-id` of the last request that was sent. */
  readonly clientRequestId: string | null;
  /** What the last answer asked for, rounded up. */
  readonly retryAfterSeconds: number | null;
  /** Requests sent. */
  readonly attempts: number;
  readonly durationMs: number;
}

export interface AskOptions {
  /** For everything, tokens and waits included. */
  readonly deadlineMs: number;
  /** A token of its own without it. */
  readonly session?: Session;
  readonly onWait?: (wait: Wait) => void;
}

/**
 * Neither call throws for what Graph, the network or the identity do: that is in the exchange.
 */
export interface Graph {
  /** `GET /v1.0{path}`, about a mailbox's messages: what the answer proves is part of the exchange. */
  get(path: string, query: Readonly<Record<string, string>>, options: AskOptions): Promise<Exchange & Classification>;
  /** `POST /v1.0{path}` with a JSON body. */
  post(path: string, body: object, options: AskOptions): Promise<Exchange>;
  /** The token in force; throws TokenUnavailableError. For health, which wants to know whether there is one. */
  token(deadlineMs: number): Promise<Token>;
}

/**
 * The official client with a middleware chain of its own: the stock one sleeps out a `Retry-After` although its request was
 * aborted, does not ask again after 500, 502 or a network fault, takes one token for all tries, and drops the
 * token over plain http, which a tenant on this machine speaks.
 */
export function createGraph(options: ChainOptions): Graph {
  const middleware = createChain(options);
  const client = Client.initWithMiddleware({ baseUrl: options.endpoint, defaultVersion: 'v1.0', middleware });

  async function exchange(ask: AskOptions, send: (journey: JourneyOptions) => Promise<unknown>): Promise<Exchange> {
    const startedAt = performance.now();
    const deadline = new Deadline(ask.deadlineMs);
    const endsAt = startedAt + ask.deadlineMs;
    const journey = new Journey(deadline.signal, endsAt, ask.session ?? {}, ask.onWait);
    try {
      await send(new JourneyOptions(journey));
    } finally {
      deadline.clear();
    }
    return toExchange(journey, performance.now() - startedAt, options.now());
  }

  const request = (path: string, journey: JourneyOptions) =>
    client.api(path).responseType(ResponseType.RAW).middlewareOptions([journey]);

  return {
    async get(path, query, ask) {
      const found = await exchange(ask, (journey) => request(path, journey).query(query).get());
      return { ...found, ...classifyExchange(found) };
    },
    post: (path, body, ask) => exchange(ask, (journey) => request(path, journey).post(body)),
    async token(deadlineMs) {
      const deadline = new Deadline(deadlineMs);
      try {
        return await options.tokens.get(deadline.signal);
      } catch (cause) {
        if (cause instanceof TokenUnavailableError) throw cause;
        throw new TokenUnavailableError('The identity endpoint does not answer in time.', { cause });
      } finally {
        deadline.clear();
      }
    },
  };
}

/** What an exchange as a whole proves. */
export function classifyExchange({ failure, status, body }: Exchange): Classification {
  return failure === null && status !== null ? classify({ status, body }) : inconclusive(failure ?? 'network');
}

function toExchange(journey: Journey, durationMs: number, now: Date): Exchange {
  const { answer, failure, attempts, clientRequestId } = journey;
  // An answer that came before the last try failed still says more than "no answer".
  const answered = answer !== undefined && failure !== 'token';
  const wait = answer && retryAfterMs(answer.headers, now);
  return {
    failure: answered ? null : (failure ?? 'network'),
    status: answer?.status ?? null,
    body: answer ? parseBody(answer.text) : null,
    requestId: answer?.headers.get('request-id') ?? null,
    date: answer?.headers.get('date') ?? null,
    diagnostic: answer?.headers.get('x-ms-ags-diagnostic') ?? null,
    clientRequestId,
    retryAfterSeconds: wait == null ? null : Math.ceil(wait / 1000),
    attempts,
    durationMs: Math.round(durationMs),
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
