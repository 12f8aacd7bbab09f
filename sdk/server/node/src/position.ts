/** Where a watch is in the events of its room, and how it goes on after an interruption. */
import { SideroomError, badAnswer, errorFrom } from './errors.js';
import { Backoff, mayBeRepeated } from './retry.js';
import type { WatchResponse } from './types.js';
import { fromJson, toJson } from './wire.js';

export const METHOD = 'EventService/Watch';

export interface WatchOptions {
  /** Goes on after this number instead of beginning with a snapshot. */
  readonly afterSeq?: number | undefined;
  /** Also what carries no number: talkers, slots, layers. */
  readonly includeVolatile?: boolean;
  /** Ends the watch; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export class Position {
  seq: number | undefined;
  /** The room is closed, or the caller has left it: nothing comes any more. */
  ended = false;
  readonly #backoff = new Backoff();
  /** Until the first connection stands, a watch fails as a call does. */
  #giveUpAt: number | undefined;
  #endedInOrder = false;

  constructor(
    private readonly room: string,
    private readonly options: WatchOptions,
    firstWithinMs: number,
  ) {
    this.seq = options.afterSeq;
    this.#giveUpAt = Date.now() + firstWithinMs;
  }

  request(): string {
    const { includeVolatile = false } = this.options;
    return JSON.stringify(toJson('WatchRequest', { room: this.room, afterSeq: this.seq, includeVolatile }));
  }

  /** A connection stands. */
  handleOpen(): void {
    this.#giveUpAt = undefined;
    this.#endedInOrder = false;
  }

  /** The item of a line, unless it is empty or known already. */
  handleLine(line: string): WatchResponse | undefined {
    if (!line.trim()) return undefined;
    let said: { error?: unknown };
    let item: WatchResponse;
    try {
      said = JSON.parse(line) as { error?: unknown };
      item = fromJson('WatchResponse', said) as unknown as WatchResponse;
    } catch (error) {
      throw badAnswer(METHOD, 200, `a line of the watch cannot be read: ${String(error)}`, error);
    }
    if (said.error !== undefined) throw errorFrom(METHOD, 200, said);
    this.#backoff.reset();
    if (item.snapshot) {
      this.seq = item.snapshot.seq;
    } else if (item.event) {
      if (this.seq !== undefined && item.event.seq <= this.seq) return undefined;
      this.seq = item.event.seq;
      this.ended = item.event.roomClosed !== undefined;
    } else if (Object.keys(item).length === 0) {
      // Only a newer version of the SDK knows it.
      return undefined;
    }
    return item;
  }

  /** The stream ended in good order, or a proxy ended it: the next connection tells. How long to wait. */
  handleEnd(): number {
    this.#endedInOrder = true;
    return this.#backoff.nextWaitMs();
  }

  /** How long to wait before the next connection. Throws the error if there is none. */
  handleError(error: SideroomError): number {
    if (error.code === 'NOT_FOUND' && this.#endedInOrder) {
      this.ended = true;
      return 0;
    }
    if (error.code === 'OUT_OF_RANGE' && this.seq !== undefined) {
      // The server no longer keeps the missed events: a snapshot takes their place.
      this.seq = undefined;
      return 0;
    }
    if (error.reason !== 'TooSlow' && !mayBeRepeated(error)) throw error;
    const wait = this.#backoff.nextWaitMs(error);
    if (this.#giveUpAt !== undefined && Date.now() + wait >= this.#giveUpAt) throw error;
    return wait;
  }
}
