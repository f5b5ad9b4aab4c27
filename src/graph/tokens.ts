// The token that goes to Graph: one at a time, shared by everybody who waits for it, replaced when Graph rejects it.
import { errorData, type Log } from '../log.ts';
import { isRecord } from '../rules/classify.ts';

export interface Token {
  readonly value: string;
  readonly expiresOn: Date;
}

/** Fetches a token. `fresh` asks past every cache on this side. */
export type FetchToken = (fresh: boolean) => Promise<Token>;

/** No token can be had. The cause is the identity library's own error. */
export class TokenUnavailableError extends Error {
  override readonly name = 'TokenUnavailableError';
}

export interface Tokens {
  /**
   * The token in force.
   * @throws TokenUnavailableError; or the signal's reason, at once, when the caller gives up
   */
  get(signal: AbortSignal): Promise<Token>;
  /** Says that Graph rejected `token`: the next `get` fetches another. A token already replaced is left alone. */
  reject(token: Token): void;
}

// The identity library, too, counts a token's last five minutes as gone.
const EXPIRY_MARGIN_MS = 5 * 60_000;
const FETCH_TIMEOUT_MS = 15_000;

/**
 * Joins concurrent calls into one, since the identity library does not: on a cold start N probes would make N requests. A
 * fetch outlives the caller who began it, and ends after 15 seconds so that a hanging endpoint is asked again.
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
      throw new TokenUnavailableError('The identity endpoint gives no token for Microsoft Graph.', { cause });
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

/** What a token claims. For diagnosis only: the payload is read as it stands, the signature is Graph's to check. */
export function claimsOf(token: Token): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.value.split('.')[1] ?? '', 'base64url').toString());
    return isRecord(claims) ? claims : {};
  } catch {
    // A token that is no JWT is Graph's to judge; it claims nothing.
    return {};
  }
}

/** The `roles` among them. */
export function rolesOf(token: Token): readonly string[] {
  const { roles } = claimsOf(token);
  return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
}
