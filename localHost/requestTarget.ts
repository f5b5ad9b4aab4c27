// Reads the target of a request as Microsoft's host does: escapes, dot segments, names in any case, absolute form.

export interface RequestTarget {
  /** Decoded, without dot segments. `%2F` and escapes that are no UTF-8 stay as they are. */
  readonly path: string;
  /** Each name once, as it was first written, with its values in order. */
  readonly query: readonly (readonly [name: string, values: readonly string[]])[];
  /** What the function gets as its URL: the path is escaped again, the query is as it came. */
  readonly url: string;
}

/**
 * @param raw the target in the request's first line
 * @param hosts the values of the request's `Host` headers
 * @returns null where Microsoft's host answers 400
 */
export function readTarget(raw: string, hosts: readonly string[]): RequestTarget | null {
  const [host = ''] = hosts;
  if (hosts.length > 1 || !HOST.test(host) || /[^\x21-\x7e]/.test(raw)) return null;
  const absolute = /^https?:\/\/([^/?]*)/i.exec(raw);
  if (absolute && hostOf(absolute[1] ?? '') !== hostOf(host)) return null;
  const origin = absolute ? raw.slice(absolute[0].length).replace(/^(?!\/)/, '/') : raw;
  const [, rawPath = '', query = ''] = /^([^?]*)(.*)$/.exec(origin) ?? [];
  const path = withoutDotSegments(decodePath(rawPath));
  const url = URL.parse(`http://${host || '127.0.0.1'}${escapePath(path)}${query}`);
  if (!rawPath.startsWith('/') || path.includes('\0') || url === null) return null;
  return { path, query: readQuery(query.slice(1)), url: url.href };
}

/** The value of a parameter whose name may be written in any case; the first one if it is repeated. */
export function firstValue({ query }: RequestTarget, name: string): string | undefined {
  return query.find(([one]) => one.toLowerCase() === name)?.[1][0];
}

// Letters, digits and marks, or an IPv6 address, and a port. A name and a password are refused.
const HOST = /^(?:(?:[\w!$&'().~-]+|\[[0-9a-f:.]+\])(?::\d+)?)?$/i;

function hostOf(authority: string): string | undefined {
  return URL.parse(`http://${authority}`)?.host;
}

function readQuery(text: string): RequestTarget['query'] {
  const found = new Map<string, [name: string, values: string[]]>();
  for (const pair of text.split('&').filter((one) => one !== '')) {
    const [, rawName = '', rawValue = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? [];
    const name = decodeQuery(rawName);
    const one = found.get(name.toLowerCase()) ?? [name, []];
    one[1].push(decodeQuery(rawValue));
    found.set(name.toLowerCase(), one);
  }
  return [...found.values()];
}

// One character of UTF-8.
const ENCODED =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi;

function decodeQuery(text: string): string {
  return text.replaceAll('+', ' ').replace(ENCODED, decodeCharacter);
}

function decodePath(path: string): string {
  return path.replace(ENCODED, (one) => (/^%2f$/i.test(one) ? one : decodeCharacter(one)));
}

function decodeCharacter(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // It looks like UTF-8 and is not, such as half of a pair: it stays text.
    return encoded;
  }
}

function withoutDotSegments(path: string): string {
  const segments = path.split('/').slice(1);
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const endsWithDots = ['.', '..'].includes(segments.at(-1) ?? '');
  return `/${[...kept, ...(endsWithDots ? [''] : [])].join('/')}`;
}

/** As .NET's `PathString.ToUriComponent`: what already looks like an escape is left as it is. */
function escapePath(path: string): string {
  return path.replace(/%[0-9A-Fa-f]{2}|[^\w.~!$&'()*+,;=:@/-]/gu, (one) =>
    one.length === 3 ? one : encodeURIComponent(one),
  );
}
