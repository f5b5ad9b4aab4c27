// The time within which a shard may write: whoever closes a run relies on it.
import type { Lease } from '../storage/tables.ts';

// A run is alive for 120 seconds after a shard began. What is sent last has ten seconds to arrive.
const WRITING_MS = 110_000;
const ARRIVING_MS = 118_000;

export function startLease(): Lease {
  const startedAt = performance.now();
  return {
    signal: AbortSignal.timeout(ARRIVING_MS),
    remainingMs: () => WRITING_MS - (performance.now() - startedAt),
    check() {
      if (performance.now() - startedAt < WRITING_MS) return;
      throw new Error('the shard has taken too long and writes nothing more; it is to be done again');
    },
  };
}
