// Sends mailboxes through batches until each has an answer that counts, or has no tries left.
//
// A batch whose answer cannot be read says nothing about any of its mailboxes. They are asked again in halves, in halves
// of these, and at last each alone. So one broken mailbox does not hide the others.
import { type Answer, LARGEST_BATCH, type Question } from './batch.ts';
import { MAX_ATTEMPTS, waitBeforeRetryMs } from './middleware.ts';

/** One mailbox that is asked about in one or more batches. */
export class Probe {
  readonly question: Question;
  /** The last answer; null when none came in time. */
  answer: Answer | null = null;
  attempts = 0;
  durationMs = 0;
  /** The largest batch that may hold it; 0 asks about it alone, without a batch. */
  largestBatch = LARGEST_BATCH;
  /** Whether its answer counts, so that it needs no more tries. */
  isDone = false;
  #tries = 0;
  #unreadParts = 0;
  #tokenTries = 0;
  #serviceTries = 0;

  constructor(question: Question) {
    this.question = question;
  }

  /**
   * Takes an answer. Returns the wait before the next try, or null when this answer counts.
   *
   * @param unreadSize the largest batch to try next if the whole batch could not be read
   */
  settle(answer: Answer, tookMs: number, random: () => number, unreadSize = 0): number | null {
    this.answer = answer;
    this.attempts += answer.attempts;
    this.durationMs += tookMs;
    this.#tries += 1;
    this.isDone = !this.#mayPass(answer, unreadSize);
    if (this.isDone) return null;
    // Smaller parts are other requests, so their waits need not grow.
    const tries = answer.unread === 'batch' ? 1 : this.#tries;
    return waitBeforeRetryMs(answer.retryAfterMs, tries, random);
  }

  #mayPass({ outcome, reason, final, unread }: Answer, unreadSize: number): boolean {
    if (final || outcome !== 'inconclusive') return false;
    if (unread === 'batch') {
      this.largestBatch = Math.min(this.largestBatch, unreadSize);
      return true;
    }
    if (unread === 'part') {
      this.#unreadParts += 1;
      if (this.#unreadParts > 1) this.largestBatch = 0;
      return true;
    }
    if (reason === 'throttled') return true;
    if (reason === 'token') {
      // With a bad token the whole batch gets a 401. A 401 for one mailbox does not mean that the token is bad.
      this.#tokenTries += 1;
      return this.#tokenTries < 2;
    }
    this.#serviceTries += 1;
    return reason === 'service' && this.#serviceTries < MAX_ATTEMPTS;
  }
}

export interface AskProbes {
  /**
   * Sends what `take` returns as soon as there is room: a batch, or one probe that is asked alone. Returns each probe's
   * wait before the next try; null when done.
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
      return ready.splice(0, firstGroup(ready, 0));
    }

    function pump(): void {
      if (open === 0) finish();
      while (!signal.aborted && calls < countGroups(ready)) {
        calls += 1;
        send(take).then(settle, reject);
      }
    }

    function settle(waits: ReadonlyMap<Probe, number | null>): void {
      const together = new Map<number, Probe[]>();
      for (const [probe, waitMs] of waits) {
        if (waitMs === null) open -= 1;
        else together.set(waitMs, [...(together.get(waitMs) ?? []), probe]);
      }
      for (const [waitMs, group] of together) later(group, waitMs);
      pump();
    }

    /** Those that wait equally long share their next batch. */
    function later(group: readonly Probe[], waitMs: number): void {
      const timer = setTimeout(() => {
        timers.delete(timer);
        ready.push(...group);
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

/** How many probes from `start` on go together: neighbours for which the same size of a batch is right. */
function firstGroup(ready: readonly Probe[], start: number): number {
  const size = ready[start]?.largestBatch ?? 0;
  const most = Math.max(1, size);
  let count = 1;
  while (count < most && ready[start + count]?.largestBatch === size) count += 1;
  return count;
}

function countGroups(ready: readonly Probe[]): number {
  let groups = 0;
  for (let start = 0; start < ready.length; start += firstGroup(ready, start)) groups += 1;
  return groups;
}
