// A time limit for several requests. It begins with the first request.

/** Uses setTimeout, because tests cannot move the clock of AbortSignal.timeout. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #latest: number;
  #endsAt: number | undefined;
  #timer: NodeJS.Timeout;

  /** @param mostMs the limit for everything, including the wait before the first request */
  constructor(ms: number, mostMs: number = ms) {
    this.#ms = ms;
    this.#latest = performance.now() + mostMs;
    // The signal also fires when no request ever begins.
    this.#timer = this.#arm(mostMs);
  }

  /** Fires when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time with the first call. Returns the milliseconds that are left. */
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
