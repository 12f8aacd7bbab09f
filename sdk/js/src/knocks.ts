import type { Participant } from './participant.js';
import type { KnockState } from './presence.js';

/** A participant waits at the door of a breakout. */
export interface Knock extends KnockState {
  /** Lets them in. Somebody's inside, the owner's or a moderator's. */
  admit(): Promise<void>;
  /** Sends them away. */
  refuse(): Promise<void>;
}

/** @internal The knocks that this client knows of. */
export class Knocks {
  readonly #waiting = new Map<string, Knock>();

  constructor(private readonly answer: (knock: KnockState, admit: boolean) => Promise<void>) {}

  get all(): readonly Knock[] {
    return [...this.#waiting.values()];
  }
  reset(states: readonly KnockState[]): void {
    this.#waiting.clear();
    for (const each of states) this.add(each);
  }
  add(state: KnockState): Knock {
    const knock: Knock = { ...state, admit: () => this.answer(state, true), refuse: () => this.answer(state, false) };
    this.#waiting.set(keyOf(state), knock);
    return knock;
  }
  delete(state: KnockState): void {
    this.#waiting.delete(keyOf(state));
  }
  /** Forgets the knocks of others at a breakout that this client has left. */
  loseSight(breakoutId: string, me: Participant): void {
    for (const each of this.all) if (each.breakoutId === breakoutId && each.participantId !== me.id) this.delete(each);
  }
}

const keyOf = ({ breakoutId, participantId }: KnockState): string => `${breakoutId} ${participantId}`;
