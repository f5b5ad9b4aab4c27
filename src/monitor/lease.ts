// The time within which a shard may write: whoever closes a run relies on it.
import type { Lease } from '../storage/tables.ts';
import { ALIVE_MS } from './runState.ts';

// The last transaction is sent ten seconds before the run may be found dead, and given up two seconds before.
const WRITING_MS = ALIVE_MS - 10_000;
const ARRIVING_MS = ALIVE_MS - 2_000;

/** @param startedAt when its run was marked as alive, by `performance.now()` */
export function startLease(startedAt: number): Lease {
  return {
    signal: AbortSignal.timeout(Math.round(ARRIVING_MS - (performance.now() - startedAt))),
    remainingMs: () => WRITING_MS - (performance.now() - startedAt),
    check() {
      if (performance.now() - startedAt < WRITING_MS) return;
      throw new Error('the shard has taken too long and writes nothing more; it is to be done again');
    },
  };
}
