/** A watch: it goes on over lost connections and restarts of the server. */
import { type Connection, parsed, post } from './calls.js';
import { SideroomError, badAnswer, errorFrom, noAnswer } from './errors.js';
import { METHOD, type Position } from './position.js';
import { ATTEMPT_MS, sleep } from './retry.js';
import type { WatchResponse } from './types.js';

/** The server sends an empty line every 15 seconds; one that says nothing for so long is gone. */
const SILENCE_MS = 45_000;
const LONGEST_LINE = 64 * 1024 * 1024;

/**
 * The room when the watch began, then each change, each once and in order. A second snapshot means that events were
 * missed that the server no longer keeps: take it as the new state. `break` ends the watch, and so does `close`.
 */
export class Watch implements AsyncIterableIterator<WatchResponse> {
  readonly #closed = new AbortController();
  readonly #items: AsyncGenerator<WatchResponse | undefined, undefined>;

  private constructor(
    private readonly connection: Connection,
    private readonly position: Position,
    private readonly signal?: AbortSignal,
  ) {
    this.#items = this.#run();
  }

  /** Resolves when the connection stands: nothing is missed that happens from then on. */
  static async open(connection: Connection, position: Position, signal?: AbortSignal): Promise<Watch> {
    const watch = new Watch(connection, position, signal);
    await watch.#items.next();
    return watch;
  }

  /** The number of the last event: where `afterSeq` goes on, also in another process. */
  get seq(): number | undefined {
    return this.position.seq;
  }

  /** Ends the watch. A `next` that waits is done. */
  close(): void {
    this.#closed.abort();
  }

  async next(): Promise<IteratorResult<WatchResponse, undefined>> {
    for (;;) {
      const { value, done } = await this.#items.next();
      if (done) return { value: undefined, done };
      if (value !== undefined) return { value, done: false };
    }
  }

  async return(): Promise<IteratorResult<WatchResponse, undefined>> {
    this.close();
    await this.#items.return(undefined);
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The items, and `undefined` for each connection that stands. */
  async *#run(): AsyncGenerator<WatchResponse | undefined, undefined> {
    const stop = this.signal ? AbortSignal.any([this.#closed.signal, this.signal]) : this.#closed.signal;
    while (!this.position.ended) {
      let wait: number;
      try {
        yield* this.#connection(stop);
        if (this.position.ended) return undefined;
        wait = this.position.handleEnd();
      } catch (error) {
        if (this.#closed.signal.aborted) return undefined;
        this.signal?.throwIfAborted();
        wait = this.position.handleError(error instanceof SideroomError ? error : noAnswer(METHOD, error));
      }
      if (!this.position.ended && !(await this.#waited(wait, stop))) return undefined;
    }
    return undefined;
  }

  /** False if the watch was closed meanwhile. */
  async #waited(ms: number, stop: AbortSignal): Promise<boolean> {
    try {
      await sleep(ms, stop);
      return true;
    } catch (error) {
      if (this.#closed.signal.aborted) return false;
      throw error;
    }
  }

  async *#connection(stop: AbortSignal): AsyncGenerator<WatchResponse | undefined> {
    const { position } = this;
    const silent = new AbortController();
    const signal = AbortSignal.any([stop, silent.signal]);
    const hush = (ms: number): NodeJS.Timeout => setTimeout(() => silent.abort(new Error('the server is silent')), ms);
    let timer = hush(ATTEMPT_MS);
    try {
      const response = await post(this.connection, METHOD, position.request(), signal);
      if (response.status !== 200) throw errorFrom(METHOD, response.status, parsed(await response.text()));
      position.handleOpen();
      clearTimeout(timer);
      yield undefined;
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let rest = '';
      for (;;) {
        // Only while the server is waited for: the one who reads may take their time.
        timer = hush(SILENCE_MS);
        const { value, done } = await reader.read();
        clearTimeout(timer);
        if (done) return;
        const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
        rest = lines.pop() as string;
        if (rest.length > LONGEST_LINE) throw badAnswer(METHOD, 200, 'a line of the watch has no end');
        for (const line of lines) {
          const item = position.handleLine(line);
          if (item) yield item;
          if (position.ended) return;
        }
      }
    } finally {
      clearTimeout(timer);
      // Lets go of the connection, however this ends.
      silent.abort();
    }
  }
}
