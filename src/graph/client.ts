// Microsoft Graph as the rest of the app sees it: ask once, get back everything that the exchange showed.
import { Client, type Context, type Middleware, ResponseType } from '@microsoft/microsoft-graph-client';
import { type Classification, classify, inconclusive } from '../rules/classify.ts';
import { retryAfterMs } from './retryAfter.ts';
import { type Token, type Tokens, TokenUnavailableError } from './tokens.ts';

/** One request with its retries, and what became of it. */
export interface Exchange extends Classification {
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

export interface Graph {
  /**
   * `GET /v1.0{path}` within `deadlineMs` for everything, tokens and waits included. Never throws for what Graph, the network
   * or the identity do: that is in the exchange.
   */
  get(path: string, query: Readonly<Record<string, string>>, deadlineMs: number): Promise<Exchange>;
  /** The token in force; throws TokenUnavailableError. For health, which wants to know whether there is one. */
  token(deadlineMs: number): Promise<Token>;
}

export interface GraphOptions {
  readonly endpoint: string;
  readonly tokens: Tokens;
  readonly now: () => Date;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly fetch?: typeof fetch;
}

// Asked again after 5xx and network faults: five times in all. Throttling is asked again as long as the deadline allows.
const MAX_ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 200;

/** What the middleware learns while a request is under way. */
class Journey {
  readonly signal: AbortSignal;
  readonly endsAt: number;
  attempts = 0;
  clientRequestId: string | null = null;
  answer: { readonly status: number; readonly headers: Headers; readonly text: string } | undefined;
  failure: 'network' | 'timeout' | 'token' | undefined;
  constructor(signal: AbortSignal, endsAt: number) {
    this.signal = signal;
    this.endsAt = endsAt;
  }
}

/**
 * The official client with a middleware chain of its own: the stock one sleeps out a `Retry-After` although its request was
 * aborted, does not ask again after 500, 502 or a network fault, takes one token for all tries, and drops the
 * token over plain http, which a tenant on this machine speaks.
 */
export function createGraph(options: GraphOptions): Graph {
  const middleware = chain(new Retry(options), new Authenticate(options), new Send(options));
  const client = Client.initWithMiddleware({ baseUrl: options.endpoint, defaultVersion: 'v1.0', middleware });
  return {
    async get(path, query, deadlineMs) {
      const startedAt = performance.now();
      const deadline = startDeadline(deadlineMs);
      const journey = new Journey(deadline.signal, startedAt + deadlineMs);
      try {
        const request = client.api(path).query(query).responseType(ResponseType.RAW);
        await request.middlewareOptions([new JourneyOptions(journey)]).get();
      } finally {
        deadline.clear();
      }
      return toExchange(journey, performance.now() - startedAt, options.now());
    },
    async token(deadlineMs) {
      const deadline = startDeadline(deadlineMs);
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

/** Asks again what may pass, under the one deadline. */
class Retry implements Middleware {
  readonly #options: GraphOptions;
  #next: Middleware | undefined;
  constructor(options: GraphOptions) {
    this.#options = options;
  }
  setNext(next: Middleware): void {
    this.#next = next;
  }
  async execute(context: Context): Promise<void> {
    const journey = journeyOf(context);
    for (;;) {
      await this.#next?.execute(context);
      const waitMs = this.#waitMs(journey);
      if (waitMs === null || performance.now() + waitMs >= journey.endsAt) break;
      if (!(await sleep(waitMs, journey.signal))) break;
    }
    // The official client wants a response; what it would make of it is not used.
    context.response = new Response(null, { status: 204 });
  }

  /** How long to wait before asking again; null when the last answer decides. */
  #waitMs(journey: Journey): number | null {
    if (journey.failure === 'timeout' || journey.failure === 'token') return null;
    const { answer, attempts } = journey;
    const headers = answer && journey.failure === undefined ? answer.headers : new Headers();
    const asked = retryAfterMs(headers, this.#options.now());
    const backoff = FIRST_BACKOFF_MS * 2 ** Math.min(attempts - 1, 7) * (0.75 + this.#options.random() / 2);
    // Jitter only ever lengthens what a server asked for.
    const wait = asked === null ? backoff : asked * (1 + this.#options.random() / 10);
    if (journey.failure === 'network' || (answer && answer.status >= 500)) return attempts < MAX_ATTEMPTS ? wait : null;
    return answer?.status === 429 ? wait : null;
  }
}

/** Adds the token, there and only for the configured Graph, and replaces one that Graph rejects, once. */
class Authenticate implements Middleware {
  readonly #options: GraphOptions;
  #next: Middleware | undefined;
  constructor(options: GraphOptions) {
    this.#options = options;
  }
  setNext(next: Middleware): void {
    this.#next = next;
  }
  async execute(context: Context): Promise<void> {
    const journey = journeyOf(context);
    const { tokens, endpoint } = this.#options;
    if (new URL(String(context.request)).origin !== endpoint) throw new Error('a request for another host than Graph');
    for (const last of [false, true]) {
      journey.failure = undefined;
      let token: Token;
      try {
        token = await tokens.get(journey.signal);
      } catch (error) {
        if (!(error instanceof TokenUnavailableError) && !journey.signal.aborted) throw error;
        journey.failure = 'token';
        return;
      }
      setHeader(context, 'authorization', `Bearer ${token.value}`);
      await this.#next?.execute(context);
      if (journey.failure !== undefined || journey.answer?.status !== 401) return;
      tokens.reject(token);
      if (last) return;
    }
  }
}

/** Sends one request and reads the whole answer: one that is cut in its body is a network fault like any other. */
class Send implements Middleware {
  readonly #options: GraphOptions;
  constructor(options: GraphOptions) {
    this.#options = options;
  }
  async execute(context: Context): Promise<void> {
    const journey = journeyOf(context);
    journey.attempts += 1;
    journey.clientRequestId = this.#options.newId();
    setHeader(context, 'client-request-id', journey.clientRequestId);
    try {
      const send = this.#options.fetch ?? fetch;
      const request = { ...context.options, redirect: 'manual' as const, signal: journey.signal };
      const response = await send(String(context.request), request as RequestInit);
      journey.answer = { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      // fetch rejects with nothing but TypeErrors (the network) and the signal's reason.
      if (!journey.signal.aborted && !(error instanceof TypeError)) throw error;
      journey.failure = journey.signal.aborted ? 'timeout' : 'network';
    }
  }
}

class JourneyOptions {
  readonly journey: Journey;
  constructor(journey: Journey) {
    this.journey = journey;
  }
}

function journeyOf(context: Context): Journey {
  const found = context.middlewareControl?.getMiddlewareOptions(JourneyOptions);
  // `get` above is the only caller and always hands its journey along.
  return (found as JourneyOptions).journey;
}

function setHeader(context: Context, name: string, value: string): void {
  const headers = new Headers(context.options?.headers as Record<string, string> | Headers | undefined);
  headers.set(name, value);
  headers.set('accept', 'application/json');
  context.options = { ...context.options, headers };
}

function chain(first: Middleware, ...rest: readonly Middleware[]): Middleware {
  let previous = first;
  for (const next of rest) {
    previous.setNext?.(next);
    previous = next;
  }
  return first;
}

function toExchange(journey: Journey, durationMs: number, now: Date): Exchange {
  const { answer, failure, attempts, clientRequestId } = journey;
  const body = answer ? parseBody(answer.text) : null;
  // An answer that came before the last try failed still says more than "no answer".
  const decisive = answer !== undefined && failure !== 'token';
  const classification = decisive ? classify({ status: answer.status, body }) : inconclusive(failure ?? 'network');
  const wait = answer && retryAfterMs(answer.headers, now);
  return {
    ...classification,
    status: answer?.status ?? null,
    body,
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

/** A signal that fires after `ms`. Not AbortSignal.timeout, whose clock tests cannot move. */
function startDeadline(ms: number): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('The deadline is over.', 'TimeoutError')), ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** Waits `ms`; false, at once, when the signal fires first. */
function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (whole: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(whole);
    };
    const abort = () => finish(false);
    const timer = setTimeout(() => finish(true), ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}
