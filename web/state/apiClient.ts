// Asks the API: the key in a header, a limit of time, and every failure in words.
import type { Page, Problem } from '../apiTypes.ts';

/**
 * `key`: the platform wants a function key, or another one. `sign-in`: nobody is signed in. `unreachable`: no answer.
 * `problem`: the API says what is wrong.
 */
export type FailureKind = 'key' | 'sign-in' | 'unreachable' | 'problem';

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly kind: FailureKind;
  /** The code of the problem, such as `run-in-progress`; null without one. */
  readonly code: string | null;
  /** The run in progress; null without one. */
  readonly runId: string | null;

  constructor(kind: FailureKind, message: string, problem: Partial<Problem> = {}, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.code = problem.code ?? null;
    this.runId = problem.runId ?? null;
  }
}

/** What a question may carry. Undefined and empty values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ClientOptions {
  /** The API's address, such as `/api`. */
  readonly base: string;
  /** The function key; null without one. It only ever travels in a header. */
  readonly key: () => string | null;
  readonly fetch: typeof fetch;
  /** Called with the time of the server's clock, in ms. */
  readonly onServerTime?: (server: number) => void;
}

export interface ApiClient {
  /** The text of the answer, which is JSON. @throws ApiFailure, or the reason of `signal` */
  text(path: string, query?: Query, signal?: AbortSignal): Promise<string>;
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, query?: Query): Promise<T>;
  /** An answer as a file. */
  csv(path: string, query: Query): Promise<CsvFile>;
}

export interface CsvFile {
  readonly content: Blob;
  /** Whether there is more than this file holds. */
  readonly isCut: boolean;
}

/** The API itself gives up earlier with all it has to ask. */
const PATIENCE_MS = 30_000;

export function createClient({ base, key, fetch, onServerTime }: ClientOptions): ApiClient {
  async function ask(method: string, path: string, query: Query = {}, signal?: AbortSignal, accept?: string) {
    const secret = key();
    const headers = {
      accept: accept ?? 'application/json',
      ...(secret === null ? {} : { 'x-functions-key': secret }),
    };
    const limit = AbortSignal.timeout(PATIENCE_MS);
    const both = signal ? AbortSignal.any([signal, limit]) : limit;
    const response = await answerOf(
      // A key must not follow a redirect to elsewhere.
      () =>
        fetch(addressOf(base, path, query), { method, headers, cache: 'no-store', redirect: 'error', signal: both }),
      signal,
    );
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) onServerTime?.(date);
    // Whoever is unhealthy says so with 503, and the answer is a good one.
    const isHealth = path === 'health' && response.status === 503;
    if (!response.ok && !isHealth) throw await failureOf(response);
    return response;
  }

  /** An answer that breaks off is no answer. */
  async function answerOf<T>(asking: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await asking();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const slow = error instanceof DOMException && error.name === 'TimeoutError';
      const text = slow
        ? `Mailscope has not answered for ${PATIENCE_MS / 1_000} seconds.`
        : 'Mailscope does not answer.';
      throw new ApiFailure('unreachable', text, {}, error);
    }
  }

  async function text(path: string, query?: Query, signal?: AbortSignal): Promise<string> {
    const response = await ask('GET', path, query, signal);
    return answerOf(() => response.text(), signal);
  }

  return {
    text,
    async get<T>(path: string, query?: Query, signal?: AbortSignal) {
      // The types of apiTypes.ts describe what the API answers.
      return parsed(await text(path, query, signal)) as T;
    },
    async post<T>(path: string, query?: Query) {
      const response = await ask('POST', path, query);
      return parsed(await answerOf(() => response.text())) as T;
    },
    async csv(path, query) {
      const response = await ask('GET', path, { ...query, format: 'csv' }, undefined, 'text/csv');
      const isCut = /rel="?next"?/.test(response.headers.get('link') ?? '');
      return { content: await answerOf(() => response.blob()), isCut };
    },
  };
}

export function addressOf(base: string, path: string, query: Query): string {
  const values = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
  return `${base}/${path}${values.length > 0 ? `?${new URLSearchParams(values)}` : ''}`;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = 'Something on the way answered in place of Mailscope: the answer is not JSON.';
    throw new ApiFailure('unreachable', message, {}, error);
  }
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const problem = problemOf(await response.text().catch(() => ''));
  if (response.status === 401 && problem.code === 'sign-in-required')
    return new ApiFailure('sign-in', problem.detail ?? 'Nobody is signed in.', problem);
  if (response.status === 401) return new ApiFailure('key', 'This app asks for a function key.', problem);
  if (problem.code !== undefined)
    return new ApiFailure('problem', problem.detail ?? problem.title ?? problem.code, problem);
  // 429, 502 and the like come from the platform, or from a proxy.
  return new ApiFailure('unreachable', `Mailscope does not answer: the server says ${response.status}.`);
}

function problemOf(text: string): Partial<Problem> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'code' in value ? (value as Partial<Problem>) : {};
  } catch {
    // The platform's own answers are empty, or a page.
    return {};
  }
}

/** Where a list goes on, from its `nextLink`. Its host may be one that only the app knows. */
export function afterOf({ nextLink }: Pick<Page<unknown>, 'nextLink'>): string | undefined {
  if (nextLink === undefined) return undefined;
  return new URLSearchParams(nextLink.split('?')[1] ?? '').get('after') ?? undefined;
}
