/** How long to wait before each attempt to reconnect. */
export interface BackoffOptions {
  /** The wait before the first attempt, in milliseconds. Default 300. */
  firstMs?: number;
  /** No wait is longer than this, in milliseconds. Default 8,000. */
  longestMs?: number;
  /** Give up when this much time has passed since the connection was lost. Default ten minutes. */
  giveUpMs?: number;
}

/** @internal Exponential waits with jitter, so that a room full of clients does not come back at once. */
export class Backoff {
  readonly #firstMs: number;
  readonly #longestMs: number;
  readonly giveUpMs: number;
  #attempt = 0;

  constructor(
    options: BackoffOptions = {},
    private readonly chance: () => number = Math.random,
  ) {
    this.#firstMs = options.firstMs ?? 300;
    this.#longestMs = options.longestMs ?? 8_000;
    this.giveUpMs = options.giveUpMs ?? 600_000;
  }

  /** Which attempt the last call of `nextMs` was for, counted from 1. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The wait before the next attempt: between half and all of a value that doubles each time. */
  nextMs(): number {
    const full = Math.min(this.#firstMs * 2 ** Math.min(this.#attempt, 16), this.#longestMs);
    this.#attempt += 1;
    return Math.round(full * (0.5 + this.chance() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
