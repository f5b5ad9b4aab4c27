// The time within which a shard may write: whoever closes a run relies on it.
import type { Lease } from '../storage/tables.ts';
import { ALIVE_MS } from './runState.ts';

// The last transaction is sent ten seconds before the run may be found dead, and given up two seconds before.
const WRITING_MS = ALIVE_MS - 10_000;
const ARRIVING_MS = ALIVE_MS - 2_000;

/** A lease that holds its signal, and what listens to it, until it is ended. */
export interface HeldLease extends Lease {
  end(): void;
}

/** @param startedAt when its run was marked as alive, by `performance.now()` */
export function startLease(startedAt: number): HeldLease {
  const controller = new AbortController();
  const remainingMs = (lengthMs: number) => lengthMs - (performance.now() - startedAt);
  const timer = setTimeout(() => controller.abort(), remainingMs(ARRIVING_MS));
  return {
    signal: controller.signal,
    remainingMs: () => remainingMs(WRITING_MS),
    check() {
      if (remainingMs(WRITING_MS) > 0) return;
      throw new Error('the shard has taken too long and writes nothing more; it is to be done again');
    },
    end: () => clearTimeout(timer),
  };
}
