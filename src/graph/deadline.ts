// A span of time for several requests, which begins with the first of them.

/** Not AbortSignal.timeout, whose clock tests cannot move. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #endsAt: number | undefined;
  #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#ms = ms;
    // What never begins is given up, too.
    this.#timer = this.#arm();
  }

  /** Fires when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets the time run, from the first call on; answers what is left of it, in milliseconds. */
  begin(): number {
    if (this.#endsAt === undefined) {
      clearTimeout(this.#timer);
      this.#timer = this.#arm();
      this.#endsAt = performance.now() + this.#ms;
    }
    return this.#endsAt - performance.now();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(): NodeJS.Timeout {
    const over = () => this.#controller.abort(new DOMException('The deadline is over.', 'TimeoutError'));
    return setTimeout(over, this.#ms);
  }
}
