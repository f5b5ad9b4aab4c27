// The middleware chain of the official Graph client: retries, the token, one request.
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { isServiceFault, isUnreadable } from '../rules/classify.ts';
import type { Outside } from './limiter.ts';
import { retryAfterMs } from './retryAfter.ts';
import { sleep } from './sleep.ts';
import { type Token, type Tokens, TokenUnavailableError } from './tokens.ts';
import type { Wait } from './waits.ts';

export interface ChainOptions {
  /** The origin of Graph. The token is sent nowhere else. */
  readonly endpoint: string;
  readonly tokens: Tokens;
  readonly now: () => Date;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly fetch?: typeof fetch;
}

/** Exchanges that share one token until Graph rejects it. A control proves nothing about another token. */
export interface Session {
  token?: Token | undefined;
}

/** What several exchanges have in common, or what they tell the one who asks. */
export interface Companions {
  /** Shares one token between exchanges. Without it the exchange has a token of its own. */
  readonly session?: Session | undefined;
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Waits without a place in the limiter's room. */
  readonly outside?: Outside | undefined;
}

/** Everything that is learned while a request is under way. */
export class Journey {
  readonly signal: AbortSignal;
  readonly endsAt: number;
  readonly session: Session;
  readonly onWait: ((wait: Wait) => void) | undefined;
  attempts = 0;
  /** Tries that ended in a fault of the service or the network. */
  failedTries = 0;
  /** Answers with 200 that could not be read. */
  unreadable = 0;
  clientRequestId: string | null = null;
  /** The last answer. Its body is parsed JSON, or text when it is not JSON. */
  answer: { readonly status: number; readonly headers: Headers; readonly body: unknown } | undefined;
  failure: 'network' | 'timeout' | 'token' | undefined;

  readonly outside: Outside;

  constructor(signal: AbortSignal, endsAt: number, { session = {}, onWait, outside = (wait) => wait() }: Companions) {
    this.signal = signal;
    this.endsAt = endsAt;
    this.session = session;
    this.onWait = onWait;
    this.outside = outside;
  }
}

/** Carries a journey through the official client to the chain. */
export class JourneyOptions {
  readonly journey: Journey;
  constructor(journey: Journey) {
    this.journey = journey;
  }
}

/** The chain for the official client. Every request needs `JourneyOptions`. */
export function createChain(options: ChainOptions): Middleware {
  return new Retry(options, new Authenticate(options, new Send(options)));
}

// For faults of the service and the network. A throttled request is repeated until the deadline.
export const MAX_ATTEMPTS = 5;
// A batch that holds a broken mailbox fails every time, so it is then asked in smaller parts.
const MOST_UNREADABLE = 2;
const FIRST_BACKOFF_MS = 200;

/** The wait before the next try: as the server asks, or 0.2, 0.4, 0.8, 1.6 seconds and so on. */
export function waitBeforeRetryMs(asked: number | null, attempts: number, random: () => number): number {
  // Jitter only lengthens a wait that a server asked for. A wait of 0 becomes a short pause.
  if (asked !== null) return Math.max(asked, FIRST_BACKOFF_MS) * (1 + random() / 10);
  return FIRST_BACKOFF_MS * 2 ** Math.min(attempts - 1, 7) * (0.75 + random() / 2);
}

/** Repeats a request while its fault may pass and the deadline allows it. */
class Retry implements Middleware {
  readonly #options: ChainOptions;
  readonly #next: Middleware;
  constructor(options: ChainOptions, next: Middleware) {
    this.#options = options;
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    const journey = journeyOf(context);
    for (;;) {
      await this.#next.execute(context);
      const waitMs = this.#waitMs(journey);
      if (waitMs === null) break;
      const { answer, failure } = journey;
      const status = failure === undefined ? (answer?.status ?? null) : null;
      const begun = performance.now() + waitMs < journey.endsAt;
      journey.onWait?.({ ms: waitMs, status, begun });
      if (!begun) break;
      if (!(await journey.outside(() => sleep(waitMs, journey.signal)))) break;
    }
    // The official client needs a response, but nothing uses it.
    context.response = new Response(null, { status: 204 });
  }

  /** The wait before the next try; null when the last answer counts. */
  #waitMs(journey: Journey): number | null {
    const { answer, attempts, failure } = journey;
    if (failure === 'timeout' || failure === 'token') return null;
    const headers = answer && failure === undefined ? answer.headers : new Headers();
    const wait = waitBeforeRetryMs(retryAfterMs(headers, this.#options.now()), attempts, this.#options.random);
    if (failure === undefined && answer) {
      if (answer.status === 429) return wait;
      if (isUnreadable(answer)) {
        journey.unreadable += 1;
        return journey.unreadable < MOST_UNREADABLE ? wait : null;
      }
      if (!isServiceFault(answer.status)) return null;
    }
    journey.failedTries += 1;
    return journey.failedTries < MAX_ATTEMPTS ? wait : null;
  }
}

/** Adds the token, but only for the configured Graph. Replaces a token that Graph rejects, once. */
class Authenticate implements Middleware {
  readonly #options: ChainOptions;
  readonly #next: Middleware;
  constructor(options: ChainOptions, next: Middleware) {
    this.#options = options;
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    const journey = journeyOf(context);
    const { session } = journey;
    const { tokens, endpoint } = this.#options;
    if (new URL(String(context.request)).origin !== endpoint)
      throw new Error('the request goes to a host that is not the configured Graph');
    for (const last of [false, true]) {
      journey.failure = undefined;
      const token = session.token ?? (await this.#fetchToken(journey));
      if (!token) return;
      session.token = token;
      setHeader(context, 'authorization', `Bearer ${token.value}`);
      await this.#next.execute(context);
      if (journey.failure !== undefined || journey.answer?.status !== 401) return;
      tokens.reject(token);
      // Another exchange of the session may already have replaced it.
      if (session.token === token) session.token = undefined;
      if (last) return;
    }
  }

  async #fetchToken(journey: Journey): Promise<Token | undefined> {
    try {
      return await journey.outside(() => this.#options.tokens.get(journey.signal));
    } catch (error) {
      if (!(error instanceof TokenUnavailableError) && !journey.signal.aborted) throw error;
      journey.failure = 'token';
      return undefined;
    }
  }
}

/** Sends one request and reads the whole answer, so that a cut body counts as a network fault. */
class Send implements Middleware {
  readonly #options: ChainOptions;
  constructor(options: ChainOptions) {
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
      journey.answer = { status: response.status, headers: response.headers, body: parseBody(await response.text()) };
    } catch (error) {
      // fetch rejects only with TypeErrors (the network) and with the signal's reason.
      if (!journey.signal.aborted && !(error instanceof TypeError)) throw error;
      journey.failure = journey.signal.aborted ? 'timeout' : 'network';
    }
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page of HTML, raw text or nothing. What it proves is decided by the status.
    return text;
  }
}

function journeyOf(context: Context): Journey {
  const found = context.middlewareControl?.getMiddlewareOptions(JourneyOptions);
  // The client of this folder is the only caller, and always passes its journey.
  return (found as JourneyOptions).journey;
}

function setHeader(context: Context, name: string, value: string): void {
  const headers = new Headers(context.options?.headers as Record<string, string> | Headers | undefined);
  headers.set(name, value);
  headers.set('accept', 'application/json');
  context.options = { ...context.options, headers };
}
