import type { Breakout } from '../../breakouts.js';
import { SideroomError } from '../../errors.js';
import type { Room } from '../../room.js';
import { JoinableRoom } from './breakout-room.js';
import { BreakoutCall } from './call.js';
import { CODES, failure, mapped } from './errors.js';
import { Listeners } from './listeners.js';
import type { BreakoutRoom, BreakoutRoomsCallFeature, BreakoutRoomsEventData, BreakoutRoomsSettings, BreakoutRoomsUpdated, BreakoutRoomsUpdatedListener, Call, TimestampInfo } from './types.js';

const UPDATED = 'breakoutRoomsUpdated';

/** The last values that listeners saw: an event follows when one of them changes. */
interface Told {
  settings: string;
  /** Undefined if this participant may not see the list. */
  rooms: string | undefined;
  assigned: string;
  room: JoinableRoom | undefined;
  call: BreakoutCall | undefined;
}

/**
 * The initial values, which cause no event: no breakouts, not assigned, not inside, the settings as they
 * begin.
 */
const NOTHING: Told = { settings: keyOf(false, 0), rooms: '', assigned: '', room: undefined, call: undefined };

function keyOf(...parts: unknown[]): string {
  return JSON.stringify(parts);
}

/** The breakouts of a main call, and their events. */
export class BreakoutRoomsFeature implements BreakoutRoomsCallFeature {
  readonly name = 'BreakoutRooms';
  readonly #room: Room;
  readonly #main: Call;
  readonly #listeners = new Listeners('The breakout rooms feature', [UPDATED]);
  readonly #rooms = new WeakMap<Breakout, JoinableRoom>();
  #call: BreakoutCall | undefined;
  #told = NOTHING;

  constructor(room: Room, main: Call) {
    this.#room = room;
    this.#main = main;
    this.#enter();
  }

  /**
   * The first listener is also called for the state so far: an app that only listens learns of an assignment
   * older than the call, and of the breakout room that a reload put the participant into.
   */
  on(event: BreakoutRoomsUpdated, listener: BreakoutRoomsUpdatedListener): void {
    this.#listeners.on(event, listener);
    queueMicrotask(() => this.#tell());
  }
  off(event: BreakoutRoomsUpdated, listener: BreakoutRoomsUpdatedListener): void {
    this.#listeners.off(event, listener);
  }
  dispose(): void {
    this.#listeners.clear();
  }

  get breakoutRooms(): BreakoutRoom[] {
    return this.#room.me.isModerator ? this.#room.breakouts.all.map((breakout) => this.#wrap(breakout)) : [];
  }
  get assignedBreakoutRoom(): BreakoutRoom {
    return this.#assigned() as BreakoutRoom;
  }
  get breakoutRoomsSettings(): BreakoutRoomsSettings {
    const { allowReturn, endsAtMs } = this.#room.breakouts.settings;
    return { disableReturnToMainMeeting: !allowReturn, roomEndTime: (endsAtMs ? new Date(endsAtMs) : undefined) as TimestampInfo };
  }
  describe(details: { id?: string; displayName?: string }): BreakoutRoom {
    const known = details.id ? this.#room.breakouts.find(details.id) : undefined;
    return known ? this.#wrap(known) : new JoinableRoom(this, this.#room.breakouts.unreadable(details));
  }

  /** The main call. */
  get main(): Call {
    return this.#main;
  }
  /** The call of the breakout that this participant is in. */
  get call(): BreakoutCall | undefined {
    return this.#call;
  }
  callIn(breakout: Breakout): BreakoutCall | undefined {
    return this.#call?.id === breakout.id ? this.#call : undefined;
  }
  /** Whether it is open, still there, and joinable for this participant. */
  isOpen(breakout: Breakout): boolean {
    const { breakouts, me } = this.#room;
    if (!breakout.isOpen || breakouts.find(breakout.id) !== breakout) return false;
    const invited = breakouts.invitations.some((invitation) => invitation.breakout === breakout);
    return me.isModerator || breakout.selfSelect || breakout.isMine || invited || breakouts.assigned === breakout;
  }
  async join(breakout: Breakout): Promise<Call> {
    if (!breakout.id) throw failure('The details of this breakout room cannot be read. Wait for the next update.', CODES.unreadable);
    // Apps call hangUp() and join the next breakout room without awaiting it.
    await this.#call?.left;
    const inside = this.callIn(breakout);
    if (inside) return inside;
    await mapped(breakout.join(), CODES.joinFailed).catch((error: unknown) => {
      const gone = error instanceof Error && error.cause instanceof SideroomError && error.cause.code === 'NotFound';
      throw gone ? failure('This breakout room was closed and removed. Wait until you are assigned to another one.', CODES.closed, error) : error;
    });
    this.#enter();
    const call = this.callIn(breakout);
    if (!call) throw failure('You were moved out of the breakout room while joining it. Join again.', CODES.joinFailed);
    return call;
  }

  /** Something changed in the room. */
  update(): void {
    this.#enter();
    this.#tell();
    this.#call?.update();
  }
  /** The main call is over, and the breakout room's with it. */
  end(): void {
    this.#call?.end('The main call has ended.');
    this.#call = undefined;
  }

  #wrap(breakout: Breakout): JoinableRoom {
    const known = this.#rooms.get(breakout) ?? new JoinableRoom(this, breakout);
    this.#rooms.set(breakout, known);
    return known;
  }

  #assigned(): JoinableRoom | undefined {
    const { assigned, invitations, mine } = this.#room.breakouts;
    const breakout = assigned ?? invitations.at(-1)?.breakout ?? mine;
    return breakout && this.#wrap(breakout);
  }

  /** Keeps the call of the breakout that this participant is in. */
  #enter(): void {
    const { mine } = this.#room.breakouts;
    const before = this.#call;
    if (before?.id === mine?.id) return;
    this.#call = mine && new BreakoutCall(this.#room, mine, this);
    before?.end('This participant left the breakout room.');
  }

  #look(): Told {
    const { allowReturn, endsAtMs } = this.#room.breakouts.settings;
    const room = this.#assigned();
    const rooms = this.breakoutRooms.map(describeRoom).join();
    return {
      settings: keyOf(!allowReturn, endsAtMs),
      rooms: this.#room.me.isModerator ? rooms : undefined,
      assigned: room ? keyOf(room.id, room.displayName, room.threadId, room.state, room.autoMoveParticipantToBreakoutRoom) : '',
      room,
      call: this.#call,
    };
  }

  #tell(): void {
    if (!this.#listeners.has(UPDATED)) return;
    const [before, now] = [this.#told, this.#look()];
    this.#told = now;
    if (now.settings !== before.settings) this.#emit(() => ({ type: 'breakoutRoomsSettings', data: this.breakoutRoomsSettings }));
    if (now.rooms !== undefined && now.rooms !== (before.rooms ?? '')) this.#emit(() => ({ type: 'breakoutRooms', data: this.breakoutRooms }));
    const assigned = now.room ?? (before.room && this.#lastKnown(before.room));
    if (assigned && now.assigned !== before.assigned) this.#emit(() => ({ type: 'assignedBreakoutRooms', data: assigned }));
    const { call } = now;
    if (call && call !== before.call) this.#emit(() => ({ type: 'join', data: call }));
  }

  #emit(event: () => BreakoutRoomsEventData): void {
    this.#listeners.emit(UPDATED, event);
  }

  /** Listeners read the data unchecked: an assignment that is gone is reported as a room that is closed. */
  #lastKnown(room: JoinableRoom): JoinableRoom {
    return room.state === 'closed' ? room : new JoinableRoom(this, room.native, true);
  }
}

function describeRoom({ id, displayName, threadId, state, autoMoveParticipantToBreakoutRoom, invitees }: BreakoutRoom): string {
  return keyOf(id, displayName, threadId, state, autoMoveParticipantToBreakoutRoom, invitees);
}
