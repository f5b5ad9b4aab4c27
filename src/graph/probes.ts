// Mailboxes on their way through batches: each is asked until it has an answer that counts, or may not be asked again.
import { type Answer, LARGEST_BATCH, type Question } from './batch.ts';
import { MAX_ATTEMPTS, waitBeforeRetryMs } from './middleware.ts';

/** One mailbox on its way through as many batches as it takes. */
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

  /** Takes an answer; says how long to wait before asking again, or null when this one decides. */
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
      // A bad token answers the whole batch with 401: one mailbox's is no sign of it.
      this.#tokenTries += 1;
      return this.#tokenTries < 2;
    }
    this.#serviceTries += 1;
    return (reason === 'service' || status === null) && this.#serviceTries < MAX_ATTEMPTS;
  }
}

export interface AskProbes {
  /** Sends what `take` gives it, when there is room, and settles each probe. Answers what each has to wait; null when it is done. */
  readonly send: (take: () => readonly Probe[]) => Promise<ReadonlyMap<Probe, number | null>>;
  /** Fires when no more may be asked. */
  readonly signal: AbortSignal;
}

/**
 * Asks about all `probes`. A batch is filled when there is room to send it, so that what is asked again travels together.
 * Settles when every probe is done, and at once when the signal fires.
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
      // A signal made of others lives, and all that listens to it, until they fire.
      signal.removeEventListener('abort', finish);
      resolve();
    }

    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
    pump();
  });
}
