import type { Room } from '../../room.js';
import { BaseCall } from './call.js';
import { CODES, failure, mapped, unawaited } from './errors.js';
import { BreakoutRoomsFeature } from './feature.js';
import type { BreakoutRoomsCallFeature, Call, CallFeature, CallFeatureFactory, HangUpOptions } from './types.js';

/** The features of calls. */
export const Features: { readonly BreakoutRooms: CallFeatureFactory<BreakoutRoomsCallFeature> } = Object.freeze({
  BreakoutRooms: Object.freeze({ name: 'BreakoutRooms' }),
});

/** The main call. */
export class MainCall extends BaseCall {
  readonly #breakoutRooms: BreakoutRoomsFeature;

  constructor(room: Room) {
    super(room, () => room.membersOf('parent'));
    this.#breakoutRooms = new BreakoutRoomsFeature(room, this);
    this.watch();
    room.on('changed', () => this.#handleChange());
    room.on('localChanged', () => this.#handleChange());
  }

  /** The name of the room. */
  get id(): string {
    return this.native.name;
  }
  protected get isOnHold(): boolean {
    const { me } = this.native;
    return me.isAway && me.gate.paused;
  }

  feature<TFeature extends CallFeature>(factory: CallFeatureFactory<TFeature>): TFeature {
    const name = typeof factory === 'string' ? factory : factory?.name;
    if (name !== Features.BreakoutRooms.name) {
      throw failure(`This call has no feature ${name ? `"${name}"` : 'of that name'}. It has Features.BreakoutRooms.`, CODES.notSupported);
    }
    const { settings } = this.native;
    if (settings.mode === 'lecture') throw failure('A lecture has no breakout rooms. Ask a moderator to switch it to group mode.', CODES.notSupported);
    if (settings.breakouts.availability === 'not_supported') throw failure('This kind of meeting has no breakout rooms.', CODES.notSupported);
    if (settings.breakouts.availability === 'disabled') throw failure('The operator switched breakout rooms off. Ask them to allow breakout rooms.', CODES.disabled);
    return this.#breakoutRooms as unknown as TFeature;
  }

  resume(): Promise<void> {
    return unawaited(this.#resume());
  }
  hold(): Promise<void> {
    return unawaited(this.#hold());
  }
  /** Leaves the meeting, and the breakout room with it. */
  async hangUp({ forEveryone }: HangUpOptions = {}): Promise<void> {
    if (forEveryone) throw failure('hangUp({ forEveryone: true }) is not supported. The meeting ends for everyone when the server removes its room.', CODES.misuse);
    this.native.leave();
  }
  async returnToMainMeeting(): Promise<Call> {
    const { call } = this.#breakoutRooms;
    return call ? call.returnToMainMeeting() : this;
  }

  async #resume(): Promise<void> {
    if (this.#hasEnded()) throw failure('The main call has ended. Join it again.', CODES.resumeFailed);
    // Apps call hangUp() on the breakout room's call and resume() here, and await neither.
    await this.#breakoutRooms.call?.left;
    if (this.native.me.isAway) await mapped(this.native.setGate({ paused: false }), CODES.resumeFailed);
    this.#handleChange();
  }

  async #hold(): Promise<void> {
    if (this.#hasEnded()) throw failure('The main call has ended. Join it again.', CODES.holdFailed);
    if (!this.native.me.isAway) throw failure('The main call can be put on hold from a breakout room only. Mute the microphone, or hang up.', CODES.holdFailed);
    await mapped(this.native.setGate({ paused: true }), CODES.holdFailed);
    this.#handleChange();
  }

  #hasEnded(): boolean {
    return this.native.phase.name === 'closed';
  }

  #handleChange(): void {
    if (this.#hasEnded()) {
      const { phase } = this.native;
      this.#breakoutRooms.end();
      return this.end((phase.name === 'closed' && phase.error?.message) || 'The call was hung up.');
    }
    this.#breakoutRooms.update();
    this.update();
  }
}
