// Sends mailboxes through batches until each has an answer that counts, or has no tries left.
import { type Answer, LARGEST_BATCH, type Question } from './batch.ts';
import { MAX_ATTEMPTS, waitBeforeRetryMs } from './middleware.ts';

/** One mailbox that is asked about in one or more batches. */
export class Probe {
  readonly question: Question;
  /** The last answer; null when none came in time. */
  answer: Answer | null = null;
  attempts = 0;
  durationMs = 0;
  #tries = 0;
  #tokenTries = 0;
  #serviceTries = 0;

  constructor(question: Question) {
    this.question = question;
  }

  /** Takes an answer. Returns the wait before the next try, or null when this answer counts. */
  settle(answer: Answer, tookMs: number, random: () => number): number | null {
    this.answer = answer;
    this.attempts += answer.attempts;
    this.durationMs += tookMs;
    this.#tries += 1;
    return this.#mayPass(answer) ? waitBeforeRetryMs(answer.retryAfterMs, this.#tries, random) : null;
  }

  #mayPass({ outcome, reason, status, final }: Answer): boolean {
    if (final || outcome !== 'inconclusive') return false;
    if (reason === 'throttled') return true;
    if (reason === 'token') {
      // With a bad token the whole batch gets a 401. A 401 for one mailbox does not mean that the token is bad.
      this.#tokenTries += 1;
      return this.#tokenTries < 2;
    }
    this.#serviceTries += 1;
    return (reason === 'service' || status === null) && this.#serviceTries < MAX_ATTEMPTS;
  }
}

export interface AskProbes {
  /**
   * Sends what `take` returns as soon as there is room. Returns each probe's wait before the next try; null when done.
   */
  readonly send: (take: () => readonly Probe[]) => Promise<ReadonlyMap<Probe, number | null>>;
  /** Fires when the time for asking is over. */
  readonly signal: AbortSignal;
}

/**
 * Asks about all `probes`. It fills a batch only when there is room to send it, so repeated questions share batches.
 * Settles when every probe is done, or at once when the signal fires.
 */
export function askProbes(probes: readonly Probe[], { send, signal }: AskProbes): Promise<void> {
  return new Promise((resolve, reject) => {
    const ready = [...probes];
    const timers = new Set<NodeJS.Timeout>();
    let open = probes.length;
    let calls = 0;

    function take(): readonly Probe[] {
      calls -= 1;
      return ready.splice(0, LARGEST_BATCH);
    }

    function pump(): void {
      if (open === 0) finish();
      while (!signal.aborted && calls * LARGEST_BATCH < ready.length) {
        calls += 1;
        send(take).then(settle, reject);
      }
    }

    function settle(waits: ReadonlyMap<Probe, number | null>): void {
      for (const [probe, waitMs] of waits) {
        if (waitMs === null) open -= 1;
        else later(probe, waitMs);
      }
      pump();
    }

    function later(probe: Probe, waitMs: number): void {
      const timer = setTimeout(() => {
        timers.delete(timer);
        ready.push(probe);
        pump();
      }, waitMs);
      timers.add(timer);
    }

    function finish(): void {
      for (const timer of timers) clearTimeout(timer);
      // `AbortSignal.any` keeps all its listeners in memory until one of its sources fires.
      signal.removeEventListener('abort', finish);
      resolve();
    }

    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
    pump();
  });
}
