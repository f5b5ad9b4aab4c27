// The time within which a shard may write. After it no shard writes, so a dead run can be closed safely.
import type { Lease } from '../storage/tables.ts';
import { ALIVE_MS } from './runState.ts';

// A shard sends nothing in the last ten seconds before its run counts as dead, and aborts open requests two seconds
// before.
const WRITING_MS = ALIVE_MS - 10_000;
const ARRIVING_MS = ALIVE_MS - 2_000;

/** A lease with a timer. End it: until then its signal keeps all listeners in memory. */
export interface HeldLease extends Lease {
  end(): void;
}

/** @param startedAt when the run was marked as alive, by `performance.now()` */
export function startLease(startedAt: number): HeldLease {
  const controller = new AbortController();
  const remainingMs = (lengthMs: number) => lengthMs - (performance.now() - startedAt);
  const timer = setTimeout(() => controller.abort(), remainingMs(ARRIVING_MS));
  return {
    signal: controller.signal,
    remainingMs: () => remainingMs(WRITING_MS),
    check() {
      if (remainingMs(WRITING_MS) > 0) return;
      throw new Error('the shard took too long and may not write any more; it must be done again');
    },
    end: () => clearTimeout(timer),
  };
}
