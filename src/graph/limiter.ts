// Limits the calls to Graph in flight. The room for them belongs to the process; who is held back is a scope's own matter.
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';

/** Waits without a place in the room, and takes a place again before it answers. */
export type Outside = <T>(wait: () => Promise<T>) => Promise<T>;

/** A call to Graph, or several in a row. */
type Work<T> = (outside: Outside) => Promise<T>;

export interface Limiter {
  /**
   * Runs `work` when there is room, in the order of the calls. Returns null if the signal fires before the work begins.
   * Work that has begun goes on to its end.
   */
  run<T>(work: Work<T>, signal: AbortSignal): Promise<T | null>;
  /** The same for a read of a control. It goes first, and one mailbox has at most three reads in flight. */
  runControl<T>(mailbox: string, work: Work<T>, signal: AbortSignal): Promise<T | null>;
  /** Begins no new work for this time. With several calls, the latest end counts. */
  holdBack(ms: number): void;
}

// Outlook answers four requests for one mailbox at a time. One is left for other callers.
const CONTROL_READS = 3;
// The longest pause, also if a server asks for more. By then every waiting shard has given up.
const LONGEST_HOLD_MS = 10 * 60_000;

/** The room for calls in flight. Scopes share it. */
export type Room = PQueue;

export function createRoom(concurrency: number): Room {
  return new PQueue({ concurrency });
}

export function createLimiter(room: Room): Limiter {
  // As many as there is room for wait in the room itself, the others here: so scopes take turns.
  const queue = new PQueue({ concurrency: room.concurrency });
  const controls = new Map<string, PQueue>();
  let heldUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Runs `work` with a place in the room. It begins only when nothing holds the scope back. */
  async function inRoom<T>(work: Work<T>, signal: AbortSignal, priority: number): Promise<T | null> {
    let leave = await takePlace(room, signal, priority);
    const outside: Outside = async (wait) => {
      leave?.();
      try {
        return await wait();
      } finally {
        // Without a place the signal has fired, and what is left of the work ends by itself.
        leave = await takePlace(room, signal, priority);
      }
    };
    try {
      for (let heldMs = heldUntil - performance.now(); leave && heldMs > 0; heldMs = heldUntil - performance.now())
        await outside(() => sleep(heldMs, undefined, { signal }).catch(() => undefined));
      return leave ? await work(outside) : null;
    } finally {
      leave?.();
    }
  }

  const inTurn = <T>(work: Work<T>, signal: AbortSignal, priority: number) =>
    enqueue(queue, () => inRoom(work, signal, priority), signal, priority);

  return {
    run: (work, signal) => inTurn(work, signal, 0),
    async runControl(mailbox, work, signal) {
      const gate = controls.get(mailbox) ?? new PQueue({ concurrency: CONTROL_READS });
      controls.set(mailbox, gate);
      try {
        return await enqueue(gate, () => inTurn(work, signal, 1), signal, 0);
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

/** Waits for a place in the room. Answers how to leave it; null if the signal fires before. */
async function takePlace(room: Room, signal: AbortSignal, priority: number): Promise<(() => void) | null> {
  const place = Promise.withResolvers<() => void>();
  const staying = enqueue(room, () => new Promise<void>((leave) => place.resolve(leave)), signal, priority);
  // A signal that fires before the place is taken settles the queue's promise first.
  return Promise.race([place.promise, staying.then(() => null)]);
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
    // The queue drops a running task when its signal fires, but the task itself goes on.
    if (begun !== undefined) return begun;
    if (signal.aborted) return null;
    throw error;
  }
}
