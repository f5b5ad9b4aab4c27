// What a key opens, as on the platform.
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** The keys of a host. The host key opens every function. The master key also opens calls of the administrator. */
export interface Keys {
  readonly master: string;
  readonly host: string;
  readonly functions: Readonly<Record<string, string>>;
}

/** What a caller may do, by its key. */
export type Level = 'anonymous' | 'function' | 'admin';

export function makeKeys(functions: readonly { readonly name: string }[]): Keys {
  const key = () => randomBytes(32).toString('base64url');
  return { master: key(), host: key(), functions: Object.fromEntries(functions.map(({ name }) => [name, key()])) };
}

/**
 * The level that `key` gives at the function `name`, or at the administrator's calls without a name. There a function's
 * own key is worth nothing. Without `keys` everyone is the administrator, as with Core Tools.
 */
export function levelOf(keys: Keys | undefined, key: string, name?: string): Level {
  if (!keys || same(key, keys.master)) return 'admin';
  const own = name === undefined ? '' : (keys.functions[name] ?? '');
  return same(key, keys.host) || same(key, own) ? 'function' : 'anonymous';
}

/** Whether `level` opens a function with `authLevel`. */
export function opens(level: Level, authLevel: string): boolean {
  return level === 'admin' || authLevel === 'anonymous' || (level === 'function' && authLevel === 'function');
}

function same(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)];
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}
