import type { Breakout, StreamInfo } from './breakout.js';

/** An invitation that waits for an answer. */
export interface Invitation {
  readonly breakout: Breakout;
  /** The participant who asked, or `operator`. */
  readonly requestor: string;
  /** The invitee is not asked: the move follows. */
  readonly forced: boolean;
  /** Joins. Of a forced invitation, and of one that was accepted already, it waits until this client is inside. */
  accept(streamInfo?: StreamInfo): Promise<Breakout>;
  /** Rejects the invitation; the moderators learn of this. */
  reject(): Promise<void>;
}

/** @internal The invitations that wait for this client's answer, by breakout. */
export class Invitations {
  readonly #waiting = new Map<string, Invitation>();
  readonly #accepting = new Map<string, Promise<Breakout>>();

  get all(): readonly Invitation[] {
    return [...this.#waiting.values()];
  }
  has(breakoutId: string): boolean {
    return this.#waiting.has(breakoutId);
  }
  isFrom(requestor: string, breakoutId: string): boolean {
    return this.#waiting.get(breakoutId)?.requestor === requestor;
  }

  /** A forced one waits for nothing. */
  add(breakout: Breakout, requestor: string, forced: boolean): Invitation {
    const invitation: Invitation = {
      breakout,
      requestor,
      forced,
      accept: (streamInfo) => this.#accept(breakout, forced, streamInfo),
      reject: () => breakout.reject(),
    };
    if (!forced) this.#waiting.set(breakout.id, invitation);
    return invitation;
  }
  delete(breakoutId: string): boolean {
    return this.#waiting.delete(breakoutId);
  }

  /** Joins, unless that was done: by an earlier click, or because the invitation is forced. */
  async #accept(breakout: Breakout, forced: boolean, streamInfo: StreamInfo | undefined): Promise<Breakout> {
    const before = this.#accepting.get(breakout.id);
    if (before) return before;
    if (forced || breakout.isMine) return breakout.entered();
    const joining = breakout.join(streamInfo).finally(() => this.#accepting.delete(breakout.id));
    this.#accepting.set(breakout.id, joining);
    return joining;
  }
}
