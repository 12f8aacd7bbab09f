/** Translates the server's events into those of an EnableX room. */
import type { Phase } from '../../connection.js';
import { SideroomError } from '../../errors.js';
import type { Room } from '../../room.js';
import type { BreakoutState, WireEvent, WireEventOf } from '../../wire.js';
import { payload, type EnxRoomMeta } from './answers.js';
import type { EnxConnected, EnxEventName, EnxEvents } from './events.js';
import { Deliveries, Listeners, type AnyListener } from './listeners.js';
import { metaOf } from './meta.js';

/** A stay in a breakout. Its listeners are those that the app added to the breakout's room object. */
export interface Stay {
  readonly breakoutId: string;
  readonly listeners: Listeners;
}

/** An event of a lasting state that found no listeners, and is kept for the first one. */
interface KeptEvent {
  readonly name: EnxEventName;
  readonly event: EnxEvents[EnxEventName];
  /** Whether things still stand so. */
  holds(): boolean;
}

/** One participant in one meeting: shared by the room object of the parent and those of breakouts. */
export class Session {
  readonly deliveries = new Deliveries();
  readonly #listeners = new Listeners();
  /** Names of people who are no longer in the room: their leaving of a breakout is reported after that. */
  readonly #names = new Map<string, string>();
  /** The breakouts that this client owns, with their members. */
  readonly #owned = new Map<string, readonly string[]>();
  readonly #joins = new Set<Promise<unknown>>();
  #kept: KeptEvent[] = [];
  #stay: Stay | undefined;
  /** The stay before, kept until the next one because listeners also hear of the breakout's end. */
  #ended: Stay | undefined;
  /** The breakout that this client enters once the event comes. */
  #entering = '';
  /** The report of destroyed breakouts, made once this client is back in the parent. */
  #destroyed: (() => void) | undefined;
  /** The app asked for the pause, so entering a breakout does not lift it. */
  #pausedByApp: boolean;

  constructor(
    readonly native: Room,
    private readonly describe: (session: Session, stay: Stay, meta: EnxRoomMeta) => EnxConnected,
  ) {
    const { me, breakouts } = native;
    native.on('event', (event) => this.#translate(event));
    native.on('participantLeft', ({ participant }) => this.#names.set(participant.id, participant.name));
    native.on('phase', (phase) => this.#handlePhase(phase));
    for (const { id, ownerId, memberIds } of breakouts.all) this.#noteOwner({ id, ownerId, memberIds });
    this.#pausedByApp = me.gate.paused && (!me.isAway || breakouts.settings.parentWhileAway === 'live');
    // After a reload the place is still there, and so are invitations.
    if (me.isAway) this.#enter(me.groupId, undefined, false);
    for (const { breakout, requestor } of breakouts.invitations) this.#keepInvitation(breakout.id, requestor);
  }

  get clientId(): string {
    return this.native.me.id;
  }

  addListener(name: string, listener: AnyListener): void {
    this.#listeners.add(name, listener);
    if (!this.#kept.some((each) => each.name === name)) return;
    // Listeners that the app adds in the same tick are called as well.
    this.deliveries.push(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      const due = this.#kept.filter((each) => each.name === name);
      this.#kept = this.#kept.filter((each) => each.name !== name);
      for (const { event, holds } of due) if (holds()) this.#listeners.emit(name, event);
    });
  }

  removeListener(name: string, listener: AnyListener): void {
    this.#listeners.remove(name, listener);
  }

  /** Emits an event to the app, after all earlier ones. */
  emit<K extends EnxEventName>(name: K, event: EnxEvents[K], own = false): void {
    this.#emitTo(this.#stay, name, event, own);
  }

  /** Joins a breakout. Until the event comes this client is about to be inside. */
  async join(breakoutId: string, streamInfo: object | undefined): Promise<void> {
    const joining = this.native.command('BreakoutService/JoinBreakout', { breakoutId, streamInfo });
    this.#joins.add(joining);
    try {
      await joining;
      if (!this.native.me.isAway) this.#entering = breakoutId;
    } finally {
      this.#joins.delete(joining);
    }
  }

  /** Leaves the breakout of a stay; fails after its end. */
  async leave({ breakoutId }: Stay): Promise<void> {
    if (this.native.phase.name !== 'closed' && this.native.me.groupId !== breakoutId) {
      throw new SideroomError('LeaveFailed', 'You are not in this breakout any more; there is nothing to leave.', 1138);
    }
    await this.native.command('BreakoutService/LeaveBreakout');
  }

  /** The breakouts that a clear or destroy is for: all of them for a moderator, else the client's own. */
  concerned(): string[] {
    return this.native.me.isModerator ? [] : [...this.#owned.keys()];
  }

  /** Pauses or resumes the parent. */
  async setPaused(paused: boolean): Promise<void> {
    const before = this.#pausedByApp;
    this.#pausedByApp = paused;
    try {
      if (paused) await this.requireAway('pause');
      await this.native.setGate({ paused });
    } catch (error) {
      this.#pausedByApp = before;
      throw error;
    }
  }

  /** Fails in the parent, where there is nothing to hold back. */
  async requireAway(verb: string): Promise<void> {
    const { me, phase } = this.native;
    if (phase.name === 'closed') return;
    await Promise.allSettled(this.#joins);
    if (!me.isAway && this.#entering) await this.native.settled(() => this.native.me.isAway);
    if (this.native.me.isAway) return;
    const sentence = `You are in the parent room, so there is nothing to ${verb}: this holds the parent back while you are in a breakout. Join one first.`;
    throw new SideroomError('NotInBreakout', sentence, 1138);
  }

  #emitTo<K extends EnxEventName>(stay: Stay | undefined, name: K, event: EnxEvents[K], own = false): void {
    this.deliveries.push(() => {
      this.#listeners.emit(name, event);
      stay?.listeners.emit(name, event);
    }, own);
  }

  #translate(event: WireEvent): void {
    const own = event.by === this.clientId;
    switch (event.type) {
      case 'invitationReceived': {
        const { participantId, forced, breakout, requestor } = event.payload;
        if (participantId !== this.clientId) return;
        if (forced) this.#entering = breakout.id;
        const type = forced ? 'breakout-room-joining' : 'join-breakout-room';
        return this.emit(type, { type, message: { room_id: breakout.id, requestor } }, own);
      }
      case 'invitationRejected': {
        const { breakoutId, participantId } = event.payload;
        const type = 'breakout-invite-rejected';
        return this.emit(type, { type, message: { room_id: breakoutId, client_id: participantId } }, own);
      }
      case 'participantMoved':
        return this.#handleMove(event, own);
      case 'membersChanged':
        return this.#handleMembers(event, own);
      case 'breakoutsCreated':
        return event.payload.breakouts.forEach((each) => this.#noteOwner(each));
      case 'breakoutUpdated':
        return this.#handleUpdate(event, own);
      case 'breakoutsDestroyed':
        return this.#handleDestroyed(event, own);
      default:
    }
  }

  #handleMove({ payload: move }: WireEventOf<'participantMoved'>, own: boolean): void {
    const { participantId, fromGroupId: from, toGroupId: to, reason, breakout } = move;
    const mine = participantId === this.clientId;
    if (mine) this.#entering = '';
    if (mine && from !== 'parent') {
      if (reason !== 'left' && reason !== 'moved') this.#pausedByApp = false;
      this.#leave(from, own);
    }
    const told = this.native.me.isModerator || (mine && this.#owned.has(from));
    if (reason === 'cleared' && told) this.#tellReturned(from, participantId, own);
    if (mine && to !== 'parent') this.#enter(to, breakout, from === 'parent', own);
  }

  #tellReturned(room_id: string, client_id: string, own: boolean): void {
    const type = 'breakout-user-disconnected';
    this.emit(type, { type, message: { room_id, client_id } }, own);
  }

  #enter(breakoutId: string, state: BreakoutState | undefined, fromParent: boolean, own = false): void {
    const stay: Stay = { breakoutId, listeners: new Listeners() };
    this.#stay = stay;
    this.#ended = undefined;
    const held = fromParent && this.native.breakouts.settings.parentWhileAway === 'paused';
    const resumed = held && !this.#pausedByApp ? this.native.setGate({ paused: false }).catch(() => {}) : undefined;
    const asked = metaOf(this.native, breakoutId, state);
    this.deliveries.push(async () => {
      const [meta] = await Promise.all([asked, resumed]);
      const event = this.describe(this, stay, meta);
      const name = 'breakout-room-connected';
      if (this.#listeners.has(name)) return this.#listeners.emit(name, event);
      this.#kept.push({ name, event, holds: () => this.#stay === stay });
    }, own);
  }

  #leave(breakoutId: string, own: boolean): void {
    const type = 'breakout-room-disconnected';
    this.emit(type, { type, message: { room_id: breakoutId } }, own);
    this.#ended = this.#stay;
    this.#stay = undefined;
    this.#destroyed?.();
    this.#destroyed = undefined;
  }

  #handleMembers({ payload: change }: WireEventOf<'membersChanged'>, own: boolean): void {
    const { breakoutId: room, joinedIds, leftIds } = change;
    // The server also informs people who listen in, which EnableX does not know.
    if (this.#stay?.breakoutId !== room) return;
    for (const clientId of joinedIds) {
      const type = 'user-joined-breakout-room';
      if (clientId !== this.clientId) this.emit(type, payload({ clientId, room }, { type }), own);
    }
    for (const clientId of leftIds) {
      const type = 'user-disconnected-breakout-room';
      const name = this.native.participants.get(clientId)?.name ?? this.#names.get(clientId) ?? '';
      if (clientId !== this.clientId) this.emit(type, payload({ clientId, name, room }, { type }), own);
    }
  }

  /** A moderator learns of each move. An owner who is none learns from the list of members. */
  #handleUpdate({ by, payload: { breakout } }: WireEventOf<'breakoutUpdated'>, own: boolean): void {
    const before = this.#owned.get(breakout.id) ?? [];
    this.#noteOwner(breakout);
    if (this.native.me.isModerator) return;
    const gone = before.filter((id) => !breakout.memberIds.includes(id) && this.native.participants.has(id));
    for (const id of gone) if (id !== by && id !== this.clientId) this.#tellReturned(breakout.id, id, own);
  }

  #handleDestroyed({ payload: gone }: WireEventOf<'breakoutsDestroyed'>, own: boolean): void {
    const { breakoutIds: rooms, memberIds } = gone;
    const owned = rooms.filter((id) => this.#owned.delete(id)).length > 0;
    // The server also informs people who are only invited, so that their invitation ends.
    if (!owned && !this.native.me.isModerator && !memberIds.includes(this.clientId)) return;
    const type = 'breakout-room-destroyed';
    const event = { type, message: { rooms: [...rooms] } };
    const stay = [this.#stay, this.#ended].find((each) => each && rooms.includes(each.breakoutId));
    const tell = (): void => this.#emitTo(stay, type, event, own);
    if (stay && stay === this.#stay) this.#destroyed = tell;
    else tell();
  }

  #noteOwner({ id, ownerId, memberIds }: Pick<BreakoutState, 'id' | 'ownerId' | 'memberIds'>): void {
    if (ownerId === this.clientId) this.#owned.set(id, memberIds);
    else this.#owned.delete(id);
  }

  #keepInvitation(breakoutId: string, requestor: string): void {
    const name = 'join-breakout-room';
    const event = { type: name, message: { room_id: breakoutId, requestor } };
    const holds = (): boolean => this.native.breakouts.invitations.some(({ breakout }) => breakout.id === breakoutId);
    this.#kept.push({ name, event, holds });
  }

  /** A new connection may have missed a move: tells the app of the place that the client has now. */
  #handlePhase(phase: Phase): void {
    if (phase.name === 'closed') {
      if (this.#stay) this.#leave(this.#stay.breakoutId, true);
      const type = 'room-disconnected';
      return this.emit(type, { type, message: { msg: phase.error?.message ?? 'You left the room.' } }, true);
    }
    if (phase.name !== 'connected' || phase.how === 'joined') return;
    const { groupId } = this.native.me;
    const inside = this.#stay?.breakoutId ?? 'parent';
    if (inside === groupId) return;
    this.#entering = '';
    if (inside !== 'parent') this.#leave(inside, false);
    if (groupId !== 'parent') this.#enter(groupId, undefined, false);
  }
}
