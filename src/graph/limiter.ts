// How much of Graph this process asks at once: one limit for every run and shard in it.
import PQueue from 'p-queue';

export interface Limiter {
  /**
   * Runs `work` when there is room, in the order of the calls. Answers null when the signal fired before its turn came; what has
   * begun ends by itself.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null>;
  /** The same for a read of a control: it overtakes, and of one mailbox at most three are in flight. */
  runControl<T>(mailbox: string, work: () => Promise<T>, signal: AbortSignal): Promise<T | null>;
  /** Begins nothing new for so long. Of several calls the latest end counts. */
  holdBack(ms: number): void;
}

// Outlook answers four requests of one mailbox at once. One is left for whoever else asks.
const CONTROL_READS = 3;
// Whatever a server asks for: by then every shard that waits has given up.
const LONGEST_HOLD_MS = 10 * 60_000;

export function createLimiter(concurrency: number): Limiter {
  const queue = new PQueue({ concurrency });
  const controls = new Map<string, PQueue>();
  let heldUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  return {
    run: (work, signal) => enqueue(queue, work, signal, 0),
    async runControl(mailbox, work, signal) {
      const gate = controls.get(mailbox) ?? new PQueue({ concurrency: CONTROL_READS });
      controls.set(mailbox, gate);
      try {
        return await enqueue(gate, () => enqueue(queue, work, signal, 1), signal, 0);
      } finally {
        if (gate.pending === 0 && gate.size === 0) controls.delete(mailbox);
      }
    },
    holdBack(askedMs) {
      const ms = Math.min(askedMs, LONGEST_HOLD_MS);
      const until = performance.now() + ms;
      if (until <= heldUntil) return;
      heldUntil = until;
      clearTimeout(timer);
      queue.pause();
      timer = setTimeout(() => queue.start(), ms);
    },
  };
}

async function enqueue<T>(queue: PQueue, work: () => Promise<T>, signal: AbortSignal, priority: number) {
  let begun: Promise<T> | undefined;
  const begin = () => {
    begun = work();
    return begun;
  };
  try {
    return await queue.add(begin, { signal, priority });
  } catch (error) {
    // The queue forgets a task whose signal fires while it runs; the task itself goes on.
    if (begun !== undefined) return begun;
    if (signal.aborted) return null;
    throw error;
  }
}
