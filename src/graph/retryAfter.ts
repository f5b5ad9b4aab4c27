// Reads `Retry-After`: how long a server asks to wait.

/** The longest wait of a timer: 31 bits of milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * The wait that an answer asks for, in milliseconds; null when there is none, or none that can be read. A date is
 * compared with the answer's own `Date`, so a wrong clock on this machine does not matter (RFC 9110, section 10.2.3).
 */
export function retryAfterMs(headers: Headers, now: Date): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT_MS);
  const until = httpDate(value);
  if (until === null) return null;
  const waitMs = until - (httpDate(headers.get('date') ?? '') ?? now.getTime());
  return Math.min(Math.max(0, waitMs), LONGEST_WAIT_MS);
}

/** The time of a date as HTTP writes it, in milliseconds; null when it is none. */
export function httpDate(value: string): number | null {
  const time = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
