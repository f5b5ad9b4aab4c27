// The app's client for Microsoft Graph: one call, and everything that the exchange showed.
import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import { type Classification, classify, inconclusive, type Reason } from '../rules/classify.ts';
import { cutWordOrNull, LONGEST } from '../rules/foreignText.ts';
import { RESOURCES, type Resource, type ResourceName } from '../rules/resources.ts';
import { Deadline } from './deadline.ts';
import { type ChainOptions, createChain, Journey, JourneyOptions, type Session } from './middleware.ts';
import { retryAfterMs } from './retryAfter.ts';
import { type Token, TokenUnavailableError } from './tokens.ts';
import type { Wait } from './waits.ts';

/** One request with its retries, and the result. */
export interface Exchange {
  /** Why no answer counts; null when one does. */
  readonly failure: Extract<Reason, 'network' | 'timeout' | 'token'> | null;
  /** Status and body of the last answer (parsed JSON, or text); null when no answer came. */
  readonly status: number | null;
  readonly body: unknown;
  /** The headers `request-id`, `Date` and `x-ms-ags-diagnostic` of the last answer. */
  readonly requestId: string | null;
  readonly date: string | null;
  readonly diagnostic: string | null;
  /** The `client-request-id` of the last request that was sent. */
  readonly clientRequestId: string | null;
  /** The `Retry-After` of the last answer, rounded up. */
  readonly retryAfterSeconds: number | null;
  /** The number of requests sent. */
  readonly attempts: number;
  readonly durationMs: number;
}

export interface AskOptions {
  /** The limit for everything, including tokens and waits. */
  readonly deadlineMs: number;
  /** Shares one token between exchanges. Without it the exchange has a token of its own. */
  readonly session?: Session;
  readonly onWait?: (wait: Wait) => void;
}

/**
 * `get` and `post` never throw for a fault of Graph, the network or the identity. The exchange holds the fault.
 */
export interface Graph {
  /** What mailboxes are asked for. It decides what an answer proves. */
  readonly resource: Resource;
  /** `GET /v1.0{path}` for the resource of a mailbox. The result also says what the answer proves. */
  get(path: string, query: Readonly<Record<string, string>>, options: AskOptions): Promise<Exchange & Classification>;
  /** `POST /v1.0{path}` with a JSON body. */
  post(path: string, body: object, options: AskOptions): Promise<Exchange>;
  /** The current token, for checks that there is one. Throws TokenUnavailableError. */
  token(deadlineMs: number): Promise<Token>;
}

export interface GraphOptions extends ChainOptions {
  readonly resource: ResourceName;
}

/**
 * The official client with our own middleware chain. The stock chain waits for a whole `Retry-After` although its
 * request was aborted, and does not retry after 500, 502 or a network fault. It also uses one token for all tries, and
 * sends no token over plain http, which the sandbox uses.
 */
export function createGraph(options: GraphOptions): Graph {
  const resource = RESOURCES[options.resource];
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
    resource,
    async get(path, query, ask) {
      const found = await exchange(ask, (journey) => request(path, journey).query(query).get());
      return { ...found, ...classifyExchange(found, resource) };
    },
    post: (path, body, ask) => exchange(ask, (journey) => request(path, journey).post(body)),
    async token(deadlineMs) {
      const deadline = new Deadline(deadlineMs);
      try {
        return await options.tokens.get(deadline.signal);
      } catch (cause) {
        if (cause instanceof TokenUnavailableError) throw cause;
        throw new TokenUnavailableError('The identity endpoint did not answer in time.', { cause });
      } finally {
        deadline.clear();
      }
    },
  };
}

/** What an exchange proves. */
export function classifyExchange({ failure, status, body }: Exchange, resource: Resource): Classification {
  if (failure !== null || status === null) return inconclusive(failure ?? 'network');
  return classify({ status, body }, resource);
}

function toExchange(journey: Journey, durationMs: number, now: Date): Exchange {
  const { answer, failure, attempts, clientRequestId } = journey;
  // If the last try failed but an earlier one was answered, the earlier answer counts.
  const answered = answer !== undefined && failure !== 'token';
  const wait = answer && retryAfterMs(answer.headers, now);
  const header = (name: string, most: number) => cutWordOrNull(answer?.headers.get(name) ?? null, most);
  return {
    failure: answered ? null : (failure ?? 'network'),
    status: answer?.status ?? null,
    body: answer?.body ?? null,
    requestId: header('request-id', LONGEST.id),
    date: header('date', LONGEST.time),
    diagnostic: header('x-ms-ags-diagnostic', LONGEST.header),
    clientRequestId,
    retryAfterSeconds: wait == null ? null : Math.ceil(wait / 1000),
    attempts,
    durationMs: Math.round(durationMs),
  };
}
