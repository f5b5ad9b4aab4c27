// Who sends an attempt: a claim keeps others from doing the same work. Nothing goes wrong when two hold it. Pure.
import { CLOCK_SKEW_MS } from '../rules/clock.ts';

/** Longer than the webhook may take. Then somebody else may send the attempt. */
const CLAIM_MS = 15_000;

export function claimEnd(now: Date): string {
  return new Date(now.getTime() + CLAIM_MS).toISOString();
}

/**
 * Whether a claim stands. One that lies further ahead than a claim can be was written by a clock that is wrong: it is over.
 *
 * @param leftShare how much of it must be left
 */
export function isClaimed(claimedUntil: string | null, now: Date, leftShare = 0): boolean {
  if (claimedUntil === null) return false;
  const leftMs = Date.parse(claimedUntil) - now.getTime();
  return leftMs > CLAIM_MS * leftShare && leftMs <= CLAIM_MS + CLOCK_SKEW_MS;
}
