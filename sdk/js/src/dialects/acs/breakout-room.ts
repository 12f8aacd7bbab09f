import type { Breakout } from '../../breakouts.js';
import type { BreakoutRoomsFeature } from './feature.js';
import { CODES, failure } from './errors.js';
import { showFields } from './listeners.js';
import type { BreakoutRoom, BreakoutRoomState, Call, Invitee } from './types.js';

const FIELDS = ['id', 'displayName', 'threadId', 'state', 'autoMoveParticipantToBreakoutRoom', 'invitees'];

/** The part of a breakout that this participant may see. */
export class JoinableRoom implements BreakoutRoom {
  readonly #feature: BreakoutRoomsFeature;
  readonly #breakout: Breakout;
  readonly #isOver: boolean;

  /** `isOver`: shown as closed whatever the breakout is. */
  constructor(feature: BreakoutRoomsFeature, breakout: Breakout, isOver = false) {
    this.#feature = feature;
    this.#breakout = breakout;
    this.#isOver = isOver;
    showFields(this, FIELDS);
  }

  get native(): Breakout {
    return this.#breakout;
  }
  get id(): string {
    return this.#breakout.id;
  }
  get displayName(): string {
    return this.#breakout.name;
  }
  get threadId(): string {
    return this.#breakout.threadId;
  }
  get state(): BreakoutRoomState {
    return !this.#isOver && this.#feature.isOpen(this.#breakout) ? 'open' : 'closed';
  }
  get autoMoveParticipantToBreakoutRoom(): boolean {
    return this.#breakout.autoMove;
  }
  get call(): Call {
    return this.#feature.callIn(this.#breakout) as Call;
  }
  get invitees(): Invitee[] {
    return [...new Set([...this.#breakout.assignedIdentities, ...this.#breakout.invitedIdentities])].map((id) => ({ id }));
  }

  join(): Promise<Call> {
    return this.#feature.join(this.#breakout);
  }
  async hangUp(): Promise<void> {
    const call = this.#feature.callIn(this.#breakout);
    if (!call) throw failure('You are not in this breakout room.', CODES.hangUpFailed);
    await call.hangUp();
  }
  async rejoinMainMeeting(): Promise<Call> {
    return this.#feature.main.returnToMainMeeting();
  }
}
