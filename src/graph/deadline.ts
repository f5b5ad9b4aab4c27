// A span of time for several requests, which begins with the first of them.

/** Not AbortSignal.timeout, whose clock tests cannot move. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #latest: number;
  #endsAt: number | undefined;
  #timer: NodeJS.Timeout;

  /** @param mostMs for everything, the wait before the beginning included */
  constructor(ms: number, mostMs: number = ms) {
    this.#ms = ms;
    this.#latest = performance.now() + mostMs;
    // What never begins is given up, too.
    this.#timer = this.#arm(mostMs);
  }

  /** Fires when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets the time run, from the first call on; answers what is left of it, in milliseconds. */
  begin(): number {
    if (this.#endsAt === undefined) {
      const now = performance.now();
      this.#endsAt = Math.min(now + this.#ms, this.#latest);
      clearTimeout(this.#timer);
      this.#timer = this.#arm(this.#endsAt - now);
    }
    return this.#endsAt - performance.now();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(ms: number): NodeJS.Timeout {
    const over = () => this.#controller.abort(new DOMException('The deadline is over.', 'TimeoutError'));
    return setTimeout(over, ms);
  }
}
