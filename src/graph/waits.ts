// Counts how often a shard was throttled, and how long it waited to ask again.

/** A request will be sent again after a wait, or would be if there were enough time. */
export interface Wait {
  readonly ms: number;
  /** The status of the last answer; null when none came. */
  readonly status: number | null;
  /** False when the wait would end after the deadline. */
  readonly begun: boolean;
}

/** The waits of one shard. Many of them overlap. */
export class Waits {
  /** The number of 429 answers. */
  throttled = 0;
  /** The time in which at least one request waited. */
  waitedMs = 0;
  #until = Number.NEGATIVE_INFINITY;

  note({ ms, status, begun }: Wait): void {
    if (status === 429) this.throttled += 1;
    if (!begun) return;
    const now = performance.now();
    const until = now + ms;
    this.waitedMs += Math.max(0, until - Math.max(now, this.#until));
    this.#until = Math.max(this.#until, until);
  }
}
