// Keeps the token for Graph: one at a time, shared by all callers, replaced when Graph rejects it.
import { errorData, type Log } from '../log.ts';
import { isRecord } from '../rules/classify.ts';
import { fewRoles } from '../rules/foreignText.ts';

export interface Token {
  readonly value: string;
  readonly expiresOn: Date;
}

/** Fetches a token. `fresh` skips every cache on this side. */
export type FetchToken = (fresh: boolean) => Promise<Token>;

/** There is no token. The cause is the error of the identity library. */
export class TokenUnavailableError extends Error {
  override readonly name = 'TokenUnavailableError';
}

export interface Tokens {
  /**
   * The current token.
   * @throws TokenUnavailableError; or the signal's reason at once when the signal fires
   */
  get(signal: AbortSignal): Promise<Token>;
  /** Graph rejected `token`, so the next `get` fetches another. Does nothing if `token` was already replaced. */
  reject(token: Token): void;
}

// The identity library also treats the last five minutes of a token as expired.
const EXPIRY_MARGIN_MS = 5 * 60_000;
const FETCH_TIMEOUT_MS = 15_000;

/**
 * Joins concurrent calls into one fetch, because the identity library does not: N probes of a cold start would make N
 * requests. A fetch goes on when its caller gives up. It ends after 15 seconds, so that a hanging endpoint is asked
 * again.
 */
export function createTokens(fetchToken: FetchToken, log: Log, now: () => Date): Tokens {
  let current: Token | undefined;
  let rejected = false;
  let pending: Promise<Token> | undefined;

  async function replace(): Promise<Token> {
    try {
      current = await withTimeout(fetchToken(rejected));
      rejected = false;
      return current;
    } catch (cause) {
      log('warn', 'token.unavailable', { error: errorData(cause) });
      throw new TokenUnavailableError('The identity endpoint gave no token for Microsoft Graph.', { cause });
    } finally {
      pending = undefined;
    }
  }

  return {
    async get(signal) {
      signal.throwIfAborted();
      if (current && !rejected && current.expiresOn.getTime() - EXPIRY_MARGIN_MS > now().getTime()) return current;
      pending ??= replace();
      return unlessAborted(pending, signal);
    },
    reject(token) {
      if (token === current) rejected = true;
    },
  };
}

async function withTimeout(fetching: Promise<Token>): Promise<Token> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 15 seconds')), FETCH_TIMEOUT_MS);
  });
  try {
    return await Promise.race([fetching, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The claims of a token. For diagnosis only: the signature is not checked here, Graph checks it. */
export function claimsOf(token: Token): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.value.split('.')[1] ?? '', 'base64url').toString());
    return isRecord(claims) ? claims : {};
  } catch {
    // Not a JWT, so there are no claims to read. Graph decides whether it is good.
    return {};
  }
}

/** The claim `roles`: the first hundred, those that read mailboxes before others. */
export function rolesOf(token: Token): readonly string[] {
  const { roles } = claimsOf(token);
  return Array.isArray(roles) ? fewRoles(roles.filter((role) => typeof role === 'string')) : [];
}
