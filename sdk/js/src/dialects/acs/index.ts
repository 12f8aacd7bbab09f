/**
 * The dialect of Azure Communication Services: `call.feature(Features.BreakoutRooms)` with its properties,
 * event types and error codes. An app written for it changes its import and the call that connects.
 *
 * @packageDocumentation
 */
import type { Breakout } from '../../breakouts.js';
import { SideroomError } from '../../errors.js';
import { connect, type ConnectOptions, type Participant, type Room, type Token } from '../../index.js';
import type { WireEvent } from '../../wire.js';

/** A failure with the code and subcode of the calling SDK. */
export class CommunicationError extends Error {
  override readonly name = 'CommunicationError';

  constructor(
    message: string,
    readonly code: number,
    readonly subCode: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What a call can be extended by. */
export const Features = { BreakoutRooms: 'BreakoutRooms' } as const;

/** The state of a breakout. */
export type BreakoutRoomState = 'open' | 'closed';

/** The settings of all breakouts. */
export interface BreakoutRoomsSettings {
  /** People can't leave a breakout by themselves. */
  readonly disableReturnToMainMeeting: boolean;
  /** When everybody is brought back. */
  readonly roomEndTime: Date | undefined;
}

/** Who may join a breakout. */
export interface Invitee {
  readonly id: string;
}

/** What `breakoutRoomsUpdated` tells. The two spellings of the middle types are both accepted in handlers. */
export type BreakoutRoomsEvent =
  | { readonly type: 'breakoutRooms'; readonly data: readonly BreakoutRoom[] }
  | { readonly type: 'breakoutRoomsSettings' | 'breakoutRoomSettings'; readonly data: BreakoutRoomsSettings }
  | { readonly type: 'assignedBreakoutRooms' | 'assignedBreakoutRoom'; readonly data: BreakoutRoom | undefined }
  | { readonly type: 'join'; readonly data: BreakoutCall };

/** Takes what `breakoutRoomsUpdated` tells. */
export type BreakoutRoomsEventListener = (event: BreakoutRoomsEvent) => void;

/** Connects: what takes the place of the product's own way to start or join a call. */
export async function joinCall(url: string, token: Token, options?: ConnectOptions): Promise<Call> {
  return new Call(await connect(url, token, options));
}

/** The main call. `native` is the room underneath. */
export class Call {
  readonly #breakoutRooms: BreakoutRoomsFeature;

  constructor(readonly native: Room) {
    this.#breakoutRooms = new BreakoutRoomsFeature(native);
  }

  /** The name of the room. */
  get id(): string {
    return this.native.name;
  }
  /** `LocalHold` while a breakout has put the main call on hold. */
  get state(): 'Connected' | 'LocalHold' | 'Disconnected' | 'Connecting' {
    const { phase, me } = this.native;
    if (phase.name === 'closed') return 'Disconnected';
    if (phase.name !== 'connected') return 'Connecting';
    return me.isAway && me.gate.paused ? 'LocalHold' : 'Connected';
  }
  /** Everybody else in the main call. */
  get remoteParticipants(): readonly Participant[] {
    return this.native.membersOf('parent').filter(({ isMe }) => !isMe);
  }

  feature(name: typeof Features.BreakoutRooms): BreakoutRoomsFeature {
    if (name !== Features.BreakoutRooms) throw new CommunicationError('This call has no such feature.', 400, 46250);
    const { settings } = this.native;
    if (settings.mode === 'lecture') throw new CommunicationError('A lecture has no breakout rooms. Ask a moderator to switch it to group mode.', 400, 46250);
    if (settings.breakouts.availability === 'not_supported') throw new CommunicationError('This kind of meeting has no breakout rooms.', 400, 46250);
    if (settings.breakouts.availability === 'disabled') throw new CommunicationError('The operator switched breakout rooms off. Ask them to allow breakout rooms.', 405, 46251);
    return this.#breakoutRooms;
  }

  /** Takes the main call off hold while one is in a breakout. */
  async resume(): Promise<void> {
    await mapped(this.native.setGate({ paused: false }), 412, 46257);
  }
  /** Puts the main call on hold while one is in a breakout. */
  async hold(): Promise<void> {
    await mapped(this.native.setGate({ paused: true }), 500, 46255);
  }
  /** Leaves the main call, and everything with it. */
  async hangUp(): Promise<void> {
    this.native.leave();
  }
}

/** The call inside a breakout. */
export class BreakoutCall {
  constructor(
    private readonly native: Room,
    private readonly breakout: Breakout,
  ) {}

  get id(): string {
    return this.breakout.id;
  }
  /** Everybody else inside. */
  get remoteParticipants(): readonly Participant[] {
    return this.breakout.members.filter(({ isMe }) => !isMe);
  }
  /** Returns to the main call; refused where `disableReturnToMainMeeting` is set. */
  async hangUp(): Promise<void> {
    if (this.native.me.groupId !== this.breakout.id) throw new CommunicationError('This breakout room was left already.', 500, 46259);
    await mapped(this.breakout.leave(), 500, 46259);
  }
}

/** A breakout, as this participant may see it. */
export class BreakoutRoom {
  /** @internal */
  constructor(
    private readonly feature: BreakoutRoomsFeature,
    /** The breakout underneath. */
    readonly native: Breakout,
  ) {}

  get id(): string {
    return this.native.id;
  }
  get displayName(): string {
    return this.native.name;
  }
  /** The chat thread of this breakout. */
  get threadId(): string {
    return this.native.threadId;
  }
  get state(): BreakoutRoomState {
    return this.native.isOpen ? 'open' : 'closed';
  }
  get autoMoveParticipantToBreakoutRoom(): boolean {
    return this.native.autoMove;
  }
  /** The call inside, while this participant is there. */
  get call(): BreakoutCall | undefined {
    return this.feature.callIn(this.native);
  }
  /** Who is assigned or invited. */
  get invitees(): readonly Invitee[] {
    return this.feature.inviteesOf(this.native);
  }
  /** Goes inside; the main call is put on hold. */
  async join(): Promise<BreakoutCall> {
    return this.feature.join(this);
  }
}

/** What `call.feature(Features.BreakoutRooms)` gives. */
export class BreakoutRoomsFeature {
  readonly name = 'BreakoutRooms';
  readonly #listeners = new Set<BreakoutRoomsEventListener>();
  readonly #rooms = new Map<Breakout, BreakoutRoom>();
  #call: BreakoutCall | undefined;
  #assignedBefore = '';

  /** @internal */
  constructor(private readonly native: Room) {
    this.#assignedBefore = this.#assignmentKey();
    this.#enter();
    native.on('event', (event) => this.#translate(event));
    native.on('phase', (phase) => {
      if (phase.name === 'connected' && phase.how === 'rejoined') this.#enter();
    });
  }

  on(name: 'breakoutRoomsUpdated', listener: BreakoutRoomsEventListener): void {
    if (name === 'breakoutRoomsUpdated') this.#listeners.add(listener);
  }
  off(name: 'breakoutRoomsUpdated', listener: BreakoutRoomsEventListener): void {
    if (name === 'breakoutRoomsUpdated') this.#listeners.delete(listener);
  }

  /** All breakouts, for organizer, co-organizer and manager; nothing for anybody else. */
  get breakoutRooms(): readonly BreakoutRoom[] {
    return this.native.me.isModerator ? this.native.breakouts.all.map((breakout) => this.#wrap(breakout)) : [];
  }
  /** The breakout that this participant is assigned to. */
  get assignedBreakoutRoom(): BreakoutRoom | undefined {
    const { assigned, invitations, mine } = this.native.breakouts;
    const breakout = assigned ?? invitations.at(-1)?.breakout ?? mine;
    return breakout && this.#wrap(breakout);
  }
  get breakoutRoomsSettings(): BreakoutRoomsSettings {
    const { allowReturn, endsAtMs } = this.native.breakouts.settings;
    return { disableReturnToMainMeeting: !allowReturn, roomEndTime: endsAtMs ? new Date(endsAtMs) : undefined };
  }

  /**
   * A breakout from details that an app kept or was sent: the one that is known under that id. Details
   * that cannot be read give one that cannot be joined.
   */
  describe(details: { id?: string; displayName?: string }): BreakoutRoom {
    const known = details.id ? this.native.breakouts.find(details.id) : undefined;
    return known ? this.#wrap(known) : new BreakoutRoom(this, this.native.breakouts.unreadable(details));
  }

  /** @internal */
  callIn(breakout: Breakout): BreakoutCall | undefined {
    return this.#call?.id === breakout.id ? this.#call : undefined;
  }
  /** @internal */
  inviteesOf(breakout: Breakout): Invitee[] {
    return [...new Set([...breakout.assignedIdentities, ...breakout.invitedIdentities])].map((id) => ({ id }));
  }
  /** @internal */
  async join(room: BreakoutRoom): Promise<BreakoutCall> {
    if (!room.native.id) throw new CommunicationError('The details of this breakout room cannot be read. Wait for the next update.', 412, 46258);
    await mapped(room.native.join(), 500, 46254);
    return this.#enter() ?? new BreakoutCall(this.native, room.native);
  }

  #wrap(breakout: Breakout): BreakoutRoom {
    const known = this.#rooms.get(breakout) ?? new BreakoutRoom(this, breakout);
    this.#rooms.set(breakout, known);
    return known;
  }

  /** Where this participant is now. */
  #enter(): BreakoutCall | undefined {
    const { mine } = this.native.breakouts;
    if (this.#call?.id !== mine?.id) this.#call = mine && new BreakoutCall(this.native, mine);
    return this.#call;
  }

  #emit(event: BreakoutRoomsEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #assignmentKey(): string {
    const assigned = this.assignedBreakoutRoom;
    return assigned ? `${assigned.id} ${assigned.displayName} ${assigned.state} ${assigned.autoMoveParticipantToBreakoutRoom}` : '';
  }

  #translate(event: WireEvent): void {
    if (event.type === 'settingsChanged') this.#emit({ type: 'breakoutRoomsSettings', data: this.breakoutRoomsSettings });
    if (CHANGES.has(event.type) && this.native.me.isModerator) this.#emit({ type: 'breakoutRooms', data: this.breakoutRooms });
    const key = this.#assignmentKey();
    if (key !== this.#assignedBefore) {
      this.#assignedBefore = key;
      this.#emit({ type: 'assignedBreakoutRooms', data: this.assignedBreakoutRoom });
    }
    if (event.type !== 'participantMoved' || event.payload.participantId !== this.native.me.id) return;
    const call = this.#enter();
    if (call) this.#emit({ type: 'join', data: call });
  }
}

/** What changes the list that moderators see. */
const CHANGES = new Set<WireEvent['type']>(['breakoutsCreated', 'breakoutUpdated', 'breakoutsDestroyed']);

/** Errors that the server gives no ACS code for get the one of the operation. */
async function mapped<T>(result: Promise<T>, code: number, subCode: number): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof SideroomError)) throw error;
    throw new CommunicationError(error.message, error.acs?.code ?? code, error.acs?.subCode ?? subCode, { cause: error });
  }
}
