/**
 * The EnableX web dialect: an `EnxRoom` with the method names, callbacks, events and codes that apps
 * written for EnableX know. Such an app changes its import and the call that connects.
 *
 * @packageDocumentation
 */
import { connect, type ConnectOptions, type Room, type Token } from '../../index.js';
import {
  enxFailure,
  type EnxBreakoutDefinition,
  type EnxCallback,
  type EnxFailure,
  type EnxInvitation,
  type EnxJoinee,
  type EnxMember,
  type EnxMuteInfo,
  type EnxOperation,
  type EnxRoomMeta,
  type EnxRooms,
  type EnxStreamInfo,
} from './answers.js';
import { SideroomError } from '../../errors.js';
import { callbackOf, definitionOf, fieldsOf, invitationOf, muteOf, roomIdOf, streamInfoOf } from './arguments.js';
import type { EnxConnected, EnxEventName, EnxEvents } from './events.js';
import { callSafely, type AnyListener } from './listeners.js';
import { keepParentLive } from './meta.js';
import { Session, type Stay } from './session.js';

export type {
  EnxAnswer,
  EnxBreakoutDefinition,
  EnxCallback,
  EnxCode,
  EnxFailure,
  EnxInvitation,
  EnxInvited,
  EnxJoinee,
  EnxMember,
  EnxMuteInfo,
  EnxRoomMeta,
  EnxRooms,
  EnxStreamInfo,
  EnxSuccess,
} from './answers.js';
export type { EnxConnected, EnxEventName, EnxEvents } from './events.js';

/** The error of a join that failed: `result` and `msg` as answers have them; 1729 without a valid token. */
export type EnxJoinError = SideroomError & EnxFailure;

/** Joins a room, in place of the product's own connect call. Rejects with an {@link EnxJoinError}. */
export async function joinRoom(url: string, token: Token, options?: ConnectOptions): Promise<EnxRoom> {
  const native = await connect(url, token, options).catch((error: unknown) => {
    throw error instanceof Error ? Object.assign(error, enxFailure(error, 'join')) : error;
  });
  return new EnxRoom(native);
}

/**
 * A room with the surface of EnableX. `native` is the room underneath.
 *
 * A callback may be missing, or stand in the place of an optional argument. It is called before the events
 * that the command causes. Methods work without their object, too: `const { pauseRoom } = room`.
 */
export class EnxRoom {
  readonly #session: Session;

  constructor(native: Room);
  /** @internal */
  constructor(session: Session);
  constructor(given: Room | Session) {
    this.#session = given instanceof Session ? given : new Session(given, connectedEvent);
    bindMethods(this);
  }

  /** The room underneath, with streams, devices and everything that EnableX has no word for. */
  get native(): Room {
    return this.#session.native;
  }
  /** The id of this client. */
  get clientId(): string {
    return this.#session.clientId;
  }

  addEventListener<K extends EnxEventName>(name: K, listener: (event: EnxEvents[K]) => void): void;
  /** Events of other names are not sent; a listener for one does no harm. */
  addEventListener(name: string, listener: (event: any) => void): void;
  addEventListener(name: string, listener: AnyListener): void {
    this.#session.addListener(name, listener);
  }
  removeEventListener<K extends EnxEventName>(name: K, listener: (event: EnxEvents[K]) => void): void;
  removeEventListener(name: string, listener: (event: any) => void): void;
  removeEventListener(name: string, listener: AnyListener): void {
    this.#session.removeListener(name, listener);
  }

  /** Creates breakouts by the definition. */
  createBreakoutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    this.#answer('create', callbackOf(definition, callback), async () => {
      const wanted = definitionOf(definition, this.native.settings);
      await keepParentLive(this.native, wanted);
      return { rooms: (await this.native.breakouts.create(wanted)).map(({ id }) => id) };
    });
  }
  /** Makes breakouts, distributes people at random and invites them. */
  createAndInviteBreakoutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    this.#answer('create', callbackOf(definition, callback), async () => {
      const wanted = definitionOf(definition, this.native.settings);
      await keepParentLive(this.native, wanted);
      return { rooms: (await this.native.breakouts.createAndInvite(wanted)).breakouts.map(({ id }) => id) };
    });
  }
  /** Invites people into a breakout, or with `force_join` moves them there. */
  inviteToBreakoutRoom(invitation: EnxInvitation, callback?: EnxCallback): void {
    this.#answer('other', callbackOf(invitation, callback), async () => {
      const body = invitationOf(invitation);
      await this.native.command('BreakoutService/Invite', body).catch((error: unknown) => {
        throw this.#unknownRoom(body.breakoutId, error);
      });
      return 'Success';
    });
  }
  /** Joins a breakout: `breakout-room-connected` or `breakout-room-error` follows. */
  joinBreakOutRoom(joinee: EnxJoinee, streamInfo?: EnxStreamInfo | EnxCallback | null, callback?: EnxCallback): void {
    const told = callbackOf<string>(joinee, streamInfo, callback);
    const join = async (): Promise<string> => {
      await this.#session.join(roomIdOf(fieldsOf(joinee)['room_id']), streamInfoOf(streamInfo));
      return 'Success';
    };
    this.#answer('join', (answer) => {
      callSafely(told, answer);
      if (answer.result !== 0) this.#session.emit('breakout-room-error', { ...answer });
    }, join);
  }
  /** Declines an invitation. */
  rejectBreakOutRoomInvite(roomId: string, callback?: EnxCallback): void {
    this.#answer('join', callbackOf(roomId, callback), async () => {
      const breakoutId = roomIdOf(roomId);
      this.native.breakouts.forgetInvitation(breakoutId);
      await this.native.command('BreakoutService/RejectInvite', { breakoutId });
      return 'Success';
    });
  }

  /** Stops receiving the parent while in a breakout. */
  pauseRoom(callback?: EnxCallback): void {
    this.#gate(callback, () => this.#session.setPaused(true), 'Room paused');
  }
  /** Receives the parent again. */
  resumeRoom(callback?: EnxCallback): void {
    this.#gate(callback, () => this.#session.setPaused(false), 'Room resumed');
  }
  /** Stops receiving sound, pictures or both of the parent while in a breakout. */
  muteRoom(info: EnxMuteInfo, callback?: EnxCallback): void {
    this.#gate(callbackOf(info, callback), async () => {
      const change = muteOf(info, true);
      await this.#session.requireAway('mute');
      await this.native.setGate(change);
    }, 'Room muted');
  }
  /** Takes a mute back; without `info` for sound and pictures. */
  unMuteRoom(info?: EnxMuteInfo | EnxCallback | null, callback?: EnxCallback): void {
    const given = typeof info === 'function' ? undefined : info;
    this.#gate(callbackOf(info, callback), async () => {
      await this.native.setGate(muteOf(given ?? { audio: true, video: true }, false));
    }, 'Room unmuted');
  }

  /** Returns everybody and keeps the breakouts. From a plain participant: returns that one only. */
  clearAllBreakOutSession(callback?: EnxCallback): void {
    this.#answer('other', callbackOf(callback), async () => {
      await this.native.command('BreakoutService/ClearBreakouts', { breakoutIds: this.#session.concerned() });
      return 'Success';
    });
  }
  /** Returns everybody and removes the breakouts. */
  destroyAllBreakOutSession(callback?: EnxCallback): void {
    this.#answer('other', callbackOf(callback), async () => {
      await this.native.command('BreakoutService/DestroyBreakouts', { breakoutIds: this.#session.concerned() });
      return 'Success';
    });
  }

  /** Leaves the meeting. On the room object of a breakout: returns to the parent. */
  disconnect(callback?: EnxCallback): void {
    this.#answer('other', callbackOf(callback), async () => {
      this.native.leave();
      return 'Success';
    });
  }

  /** The other spelling of `createBreakoutRoom`. */
  createBreakOutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    this.createBreakoutRoom(definition, callback);
  }
  /** The other spelling of `createAndInviteBreakoutRoom`. */
  createAndInviteBreakOutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    this.createAndInviteBreakoutRoom(definition, callback);
  }
  /** The other spelling of `inviteToBreakoutRoom`. */
  inviteToBreakOutRoom(invitation: EnxInvitation, callback?: EnxCallback): void {
    this.inviteToBreakoutRoom(invitation, callback);
  }
  /** The other spelling of `joinBreakOutRoom`. */
  joinBreakoutRoom(joinee: EnxJoinee, streamInfo?: EnxStreamInfo | EnxCallback | null, callback?: EnxCallback): void {
    this.joinBreakOutRoom(joinee, streamInfo, callback);
  }
  /** The other spelling of `rejectBreakOutRoomInvite`. */
  rejectBreakOutRoomInvitation(roomId: string, callback?: EnxCallback): void {
    this.rejectBreakOutRoomInvite(roomId, callback);
  }
  /** The other spelling of `pauseRoom`. */
  pause(callback?: EnxCallback): void {
    this.pauseRoom(callback);
  }
  /** The other spelling of `resumeRoom`. */
  resume(callback?: EnxCallback): void {
    this.resumeRoom(callback);
  }
  /** The other spelling of `unMuteRoom`. */
  unmuteRoom(info?: EnxMuteInfo | EnxCallback | null, callback?: EnxCallback): void {
    this.unMuteRoom(info, callback);
  }

  /** An id that is none is an unknown room, too. */
  #unknownRoom(breakoutId: string, error: unknown): unknown {
    if (this.native.breakouts.find(breakoutId)) return error;
    const malformed = error instanceof SideroomError && error.code === 'InvalidArgument';
    return malformed ? new SideroomError('NotFound', 'There is no such breakout in this room; take its id from `msg.rooms`.', 1731) : error;
  }

  #gate(callback: EnxCallback | undefined, run: () => Promise<void>, msg: string): void {
    this.#answer('gate', callbackOf(callback), async () => {
      await run();
      return msg;
    });
  }

  #answer<T>(operation: EnxOperation, callback: EnxCallback<T> | undefined, run: () => Promise<T>): void {
    const succeed = (msg: T): void => callback?.({ result: 0, msg });
    const fail = (error: unknown): void => callback?.(enxFailure(error, operation));
    void this.#session.deliveries.answer(run, succeed, fail);
  }
}

/**
 * The breakout that this client is in, as metadata and as a room object. Only the metadata are own fields, so
 * the object can be listed, spread and serialized.
 */
export class EnxBreakoutRoom extends EnxRoom implements EnxRoomMeta {
  declare readonly room_id: string;
  declare readonly name: string;
  declare readonly owner: string;
  declare readonly participants: number;
  declare readonly audio: boolean;
  declare readonly video: boolean;
  declare readonly share: boolean;
  declare readonly canvas: boolean;
  declare readonly clients: EnxMember[];
  readonly #session: Session;
  readonly #stay: Stay;

  /** @internal */
  constructor(session: Session, stay: Stay, meta: EnxRoomMeta) {
    super(session);
    this.#session = session;
    this.#stay = stay;
    Object.assign(this, structuredClone(meta));
  }

  /** The same as `room_id`. */
  get roomId(): string {
    return this.#stay.breakoutId;
  }

  /** Listens to events of this breakout, until this client has left. */
  override addEventListener(name: string, listener: (event: any) => void): void {
    this.#stay.listeners.add(name, listener);
  }
  override removeEventListener(name: string, listener: (event: any) => void): void {
    this.#stay.listeners.remove(name, listener);
  }
  /** Returns to the parent. */
  override disconnect(callback?: EnxCallback): void {
    const told = callbackOf<string>(callback);
    const succeed = (msg: string): void => told?.({ result: 0, msg });
    const leave = async (): Promise<string> => {
      await this.#session.leave(this.#stay);
      return 'Success';
    };
    void this.#session.deliveries.answer(leave, succeed, (error) => told?.(enxFailure(error)));
  }
}

/** The argument of `breakout-room-connected`, which apps use as metadata and as a room. */
function connectedEvent(session: Session, stay: Stay, meta: EnxRoomMeta): EnxConnected {
  const inner = new EnxBreakoutRoom(session, stay, meta);
  const event = new EnxBreakoutRoom(session, stay, meta);
  return Object.assign(event, { type: 'breakout-room-connected', message: inner, room: inner });
}

/** Lets methods be taken off their object, without showing among its fields. */
function bindMethods(room: EnxRoom): void {
  for (let from = Object.getPrototypeOf(room) as object; from !== Object.prototype; from = Object.getPrototypeOf(from) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (name === 'constructor' || typeof value !== 'function' || Object.hasOwn(room, name)) continue;
      const method = (value as (...given: unknown[]) => unknown).bind(room);
      Object.defineProperty(room, name, { value: method, configurable: true, writable: true });
    }
  }
}
