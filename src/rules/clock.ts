// What a stored time says of now. Clocks differ between machines, jump, and are set back. Pure.

/** How far apart two clocks may be. A time that lies further in the future proves nothing. */
export const CLOCK_SKEW_MS = 60_000;

/** Whether `time`, ISO 8601, is less than `ms` milliseconds ago. A time beyond the skew in the future is not. */
export function isRecent(time: string, ms: number, now: Date): boolean {
  const ageMs = now.getTime() - Date.parse(time);
  return ageMs < ms && ageMs >= -CLOCK_SKEW_MS;
}

/** The latest time that may still be believed, ISO 8601 UTC. */
export function latestBelievable(now: Date): string {
  return new Date(now.getTime() + CLOCK_SKEW_MS).toISOString();
}
