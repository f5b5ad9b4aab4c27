// The present time. Where this computer's clock is wrong, it is the server's: ages are of times that the server wrote.

/** A header has whole seconds, and an answer takes time. Clocks that differ by less are equal. */
const EQUAL_MS = 120_000;

let aheadMs: number | null = null;

/** @param server what the server's clock showed when it answered, in ms */
export function learnServerTime(server: number): void {
  const ahead = server - Date.now();
  // An answer that something on the way repeats is older than it seems, so it must not set the clock back.
  aheadMs = Math.max(aheadMs ?? ahead, ahead);
}

/** How much the server's clock is ahead of this computer's, in ms; 0 where both are equal, and where nothing is known. */
export function clockErrorMs(): number {
  return aheadMs !== null && Math.abs(aheadMs) > EQUAL_MS ? aheadMs : 0;
}

/** The present time in ms. */
export function presentTime(): number {
  return Date.now() + clockErrorMs();
}
