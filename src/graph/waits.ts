// How often a shard was throttled, and the time that it planned to wait before it asked again.

/** A request is going to be sent again after a wait, or would be if there were the time. */
export interface Wait {
  readonly ms: number;
  /** Of the answer that is to be followed by another; null when there was none. */
  readonly status: number | null;
  /** False when the wait would end after the deadline. */
  readonly begun: boolean;
}

/** The waits of one shard, of which many go on at once. */
export class Waits {
  /** Answers that were a 429. */
  throttled = 0;
  /** Time in which something waited, or would have but for the deadline. */
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
