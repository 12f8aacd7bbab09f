/** Named sets of rooms, and the identities that belong in each. */
import { commands } from './commands.js';
import { Emitter } from './emitter.js';
import { list, texts } from './json.js';
import { arrangedRoom, arrangement as decodeArrangement, type ArrangedRoom, type ArrangementState } from './plans.js';
import type { Json, RoomState, WireEvent } from './wire.js';

/** Events of arrangements. Only moderators are told. */
export interface ArrangementsEvents {
  saved: { arrangement: ArrangementState };
  removed: { name: string };
}

/**
 * The contents of an arrangement: a pasted list or CSV with a room and then identities on each line, the rooms, or the
 * breakouts as they are, with those who are inside or assigned.
 */
export type ArrangementSource = { readonly list: string } | { readonly rooms: readonly ArrangedRoom[] } | 'asItStands';

/** The result of applying an arrangement. */
export interface AppliedArrangement {
  /** In the order of its rooms. */
  readonly breakoutIds: readonly string[];
  /** Those who are not here: they are assigned, and go there when they come. */
  readonly absentIdentities: readonly string[];
}

/** @internal The part of a room that arrangements need. */
export interface ArrangementHost {
  command(method: string, body?: Json): Promise<Json>;
}

/** The arrangements of a room. A moderator's. */
export class Arrangements extends Emitter<ArrangementsEvents> {
  readonly #known = new Map<string, ArrangementState>();

  /** @internal */
  constructor(private readonly host: ArrangementHost) {
    super();
  }

  /** In the order of their names. */
  get all(): readonly ArrangementState[] {
    return [...this.#known.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Keeps one under a name, in place of an earlier one. An error in a list names each line in its `lines`. */
  async save(name: string, from: ArrangementSource): Promise<ArrangementState> {
    const source = from === 'asItStands' ? { asItStands: true } : from;
    return decodeArrangement((await this.#run('SaveArrangement', { name, ...source }))['arrangement']);
  }
  /** The rooms of one. */
  async rooms(name: string): Promise<ArrangedRoom[]> {
    return list((await this.#run('GetArrangement', { name }))['rooms']).map(arrangedRoom);
  }
  /**
   * Makes the breakouts that are missing and assigns everybody; with `open` it opens them and moves everybody who is
   * here, at once.
   */
  async apply(name: string, options: { open?: boolean } = {}): Promise<AppliedArrangement> {
    const { method, body } = commands.applyArrangement(name, options);
    const answer = await this.#run(method, body);
    return { breakoutIds: texts(answer['breakoutIds']), absentIdentities: texts(answer['absentIdentities']) };
  }
  async remove(name: string): Promise<void> {
    await this.#run('RemoveArrangement', { name });
  }

  #run(method: string, body: Json): Promise<Json> {
    return this.host.command(`BreakoutService/${method}`, body);
  }

  /** @internal A fresh snapshot. */
  reset(state: RoomState): void {
    this.#known.clear();
    for (const each of state.arrangements) this.#known.set(each.name, each);
  }
  /** @internal Takes those events that concern arrangements. */
  handle(event: WireEvent): void {
    if (event.type !== 'arrangementChanged') return;
    const { arrangement, removed } = event.payload;
    if (removed) this.#known.delete(arrangement.name);
    else this.#known.set(arrangement.name, arrangement);
    if (removed) this.emit('removed', { name: arrangement.name });
    else this.emit('saved', { arrangement });
  }
}
