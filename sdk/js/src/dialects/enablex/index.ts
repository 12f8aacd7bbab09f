/**
 * The EnableX web dialect: an `EnxRoom` with the method names, callbacks, events and codes that apps
 * written for EnableX know. Such an app changes its import and the call that connects.
 *
 * @packageDocumentation
 */
import { connect, type ConnectOptions, type Room, type Token } from '../../index.js';
import type { WireEvent, WireEventOf } from '../../wire.js';
import {
  clientsOf,
  definitionOf,
  enxFailure,
  keepParentLive,
  metaOf,
  streamInfoOf,
  type EnxBreakoutDefinition,
  type EnxCallback,
  type EnxFailure,
  type EnxInvitation,
  type EnxInvited,
  type EnxJoinee,
  type EnxMuteInfo,
  type EnxRoomMeta,
  type EnxRooms,
  type EnxStreamInfo,
} from './answers.js';

export type * from './answers.js';

/** The events of an `EnxRoom` that concern breakouts. */
export interface EnxEvents {
  /** The invitee is asked. */
  'join-breakout-room': EnxInvited;
  /** The invitee is moved without being asked; `breakout-room-connected` follows. */
  'breakout-room-joining': EnxInvited;
  /** The joiner is inside. */
  'breakout-room-connected': { type: string; message: EnxRoomMeta; room: EnxBreakoutRoom };
  /** The joiner could not join. */
  'breakout-room-error': EnxFailure;
  /** Everyone inside: somebody came in. */
  'user-joined-breakout-room': { type: string; clientId: string; room: string };
  /** Moderators: an invitation was declined. */
  'breakout-invite-rejected': { type: string; message: { room_id: string; client_id: string } };
  /** The leaver is back in the parent. */
  'breakout-room-disconnected': { type: string; message: { room_id: string } };
  /** Those who stay: somebody went out. */
  'user-disconnected-breakout-room': { type: string; clientId: string; name: string; room: string };
  /** Owner and moderators, once for each person that a clear returned. */
  'breakout-user-disconnected': { type: string; message: { room_id: string; client_id: string } };
  /** The breakouts are gone; the parent is resumed and unmuted. */
  'breakout-room-destroyed': { type: string; message: { rooms: readonly string[] } };
}

/** Joins a room: what takes the place of the product's own connect call. */
export async function joinRoom(url: string, token: Token, options?: ConnectOptions): Promise<EnxRoom> {
  return new EnxRoom(await connect(url, token, options));
}

/** The breakout that this client is in. */
export class EnxBreakoutRoom {
  constructor(
    readonly roomId: string,
    private readonly room: Room,
  ) {}

  /** Returns to the parent. */
  disconnect(callback?: EnxCallback): void {
    answer(callback, async () => {
      await this.room.breakouts.find(this.roomId)?.leave();
      return 'Success';
    });
  }
}

/** A room with the surface of EnableX. `native` is the room underneath. */
export class EnxRoom {
  /** Of people who are no longer in the room: they are told to have left their breakout after that. */
  readonly #names = new Map<string, string>();
  readonly #listeners = new Map<string, Set<(event: never) => void>>();

  constructor(readonly native: Room) {
    native.on('event', (event) => this.#translate(event));
    native.on('participantLeft', ({ participant }) => this.#names.set(participant.id, participant.name));
  }

  /** The id of this client. */
  get clientId(): string {
    return this.native.me.id;
  }

  addEventListener<K extends keyof EnxEvents>(name: K, listener: (event: EnxEvents[K]) => void): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as (event: never) => void));
  }
  removeEventListener<K extends keyof EnxEvents>(name: K, listener: (event: EnxEvents[K]) => void): void {
    this.#listeners.get(name)?.delete(listener as (event: never) => void);
  }

  createBreakoutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    answer(callback, async () => {
      const wanted = definitionOf(definition);
      await keepParentLive(this.native, wanted);
      return { rooms: (await this.native.breakouts.create(wanted)).map(({ id }) => id) };
    });
  }

  createAndInviteBreakoutRoom(definition: EnxBreakoutDefinition, callback?: EnxCallback<EnxRooms>): void {
    answer(callback, async () => {
      const wanted = definitionOf(definition);
      await keepParentLive(this.native, wanted);
      return { rooms: (await this.native.breakouts.createAndInvite(wanted)).breakouts.map(({ id }) => id) };
    });
  }

  inviteToBreakoutRoom(invitation: EnxInvitation, callback?: EnxCallback): void {
    answer(callback, async () => {
      await this.native.command('BreakoutService/Invite', {
        breakoutId: invitation.room_id,
        participantIds: clientsOf(invitation.clients),
        forceJoin: invitation.force_join === true,
      });
      return 'Success';
    });
  }

  joinBreakOutRoom(joinee: EnxJoinee, streamInfo?: EnxStreamInfo, callback?: EnxCallback): void {
    const told: EnxCallback = (result) => {
      if (result.result !== 0) this.#emit('breakout-room-error', result as EnxFailure);
      callback?.(result);
    };
    answer(told, async () => {
      await this.native.command('BreakoutService/JoinBreakout', { breakoutId: joinee.room_id, streamInfo: streamInfoOf(streamInfo) });
      return 'Success';
    });
  }

  rejectBreakOutRoomInvite(roomId: string, callback?: EnxCallback): void {
    answer(callback, async () => {
      this.native.breakouts.forgetInvitation(roomId);
      await this.native.command('BreakoutService/RejectInvite', { breakoutId: roomId });
      return 'Success';
    });
  }
  /** The other spelling of `rejectBreakOutRoomInvite`. */
  rejectBreakOutRoomInvitation(roomId: string, callback?: EnxCallback): void {
    this.rejectBreakOutRoomInvite(roomId, callback);
  }

  pauseRoom(callback?: EnxCallback): void {
    gate(callback, async () => this.native.setGate({ paused: true }), 'Room paused');
  }
  resumeRoom(callback?: EnxCallback): void {
    gate(callback, async () => this.native.setGate({ paused: false }), 'Room resumed');
  }
  /** The other spelling of `pauseRoom`. */
  pause(callback?: EnxCallback): void {
    this.pauseRoom(callback);
  }
  /** The other spelling of `resumeRoom`. */
  resume(callback?: EnxCallback): void {
    this.resumeRoom(callback);
  }

  muteRoom(info: EnxMuteInfo, callback?: EnxCallback): void {
    gate(callback, async () => this.native.setGate(muteOf(info, true)), 'Room muted');
  }
  /** Without `info`: both. */
  unMuteRoom(info?: EnxMuteInfo | EnxCallback | null, callback?: EnxCallback): void {
    const told = typeof info === 'function' ? info : callback;
    const media = typeof info === 'object' && info !== null ? info : { audio: true, video: true };
    gate(told, async () => this.native.setGate(muteOf(media, false)), 'Room unmuted');
  }

  clearAllBreakOutSession(callback?: EnxCallback): void {
    answer(callback, async () => {
      await this.native.breakouts.clear();
      return 'Success';
    });
  }
  destroyAllBreakOutSession(callback?: EnxCallback): void {
    answer(callback, async () => {
      await this.native.breakouts.destroy();
      return 'Success';
    });
  }

  #emit<K extends keyof EnxEvents>(name: K, event: EnxEvents[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as (event: EnxEvents[K]) => void)(event);
  }

  #translate(event: WireEvent): void {
    switch (event.type) {
      case 'invitationReceived': {
        const { participantId, forced, breakout, requestor } = event.payload;
        const type = forced ? 'breakout-room-joining' : 'join-breakout-room';
        if (participantId === this.clientId) this.#emit(type, { type, message: { room_id: breakout.id, requestor } });
        return;
      }
      case 'invitationRejected': {
        const { breakoutId, participantId } = event.payload;
        const type = 'breakout-invite-rejected';
        return this.#emit(type, { type, message: { room_id: breakoutId, client_id: participantId } });
      }
      case 'participantMoved':
        return this.#moved(event);
      case 'membersChanged':
        return this.#membersChanged(event);
      case 'breakoutsDestroyed': {
        const type = 'breakout-room-destroyed';
        return this.#emit(type, { type, message: { rooms: event.payload.breakoutIds } });
      }
      default:
    }
  }

  #moved({ payload }: WireEventOf<'participantMoved'>): void {
    const { participantId, fromGroupId: from, toGroupId: to, reason } = payload;
    const mine = participantId === this.clientId;
    if (mine && from !== 'parent') {
      const type = 'breakout-room-disconnected';
      this.#emit(type, { type, message: { room_id: from } });
    }
    if (reason === 'cleared' && this.native.me.isModerator) {
      const type = 'breakout-user-disconnected';
      this.#emit(type, { type, message: { room_id: from, client_id: participantId } });
    }
    const breakout = mine && to !== 'parent' ? this.native.breakouts.find(to) : undefined;
    if (breakout) {
      const type = 'breakout-room-connected';
      this.#emit(type, { type, message: metaOf(this.native, breakout), room: new EnxBreakoutRoom(to, this.native) });
    }
  }

  #membersChanged({ payload }: WireEventOf<'membersChanged'>): void {
    const { breakoutId: room, joinedIds, leftIds } = payload;
    for (const clientId of joinedIds) {
      const type = 'user-joined-breakout-room';
      if (clientId !== this.clientId) this.#emit(type, { type, clientId, room });
    }
    for (const clientId of leftIds) {
      const type = 'user-disconnected-breakout-room';
      const name = this.native.participants.get(clientId)?.name ?? this.#names.get(clientId) ?? '';
      if (clientId !== this.clientId) this.#emit(type, { type, clientId, name, room });
    }
  }
}

function muteOf(info: EnxMuteInfo, muted: boolean): { audioMuted?: boolean; videoMuted?: boolean } {
  return { ...(info.audio === true && { audioMuted: muted }), ...(info.video === true && { videoMuted: muted }) };
}

/** Runs a command and tells its callback, once. */
function answer<T>(callback: EnxCallback<T> | undefined, run: () => Promise<T>): void {
  run().then(
    (msg) => callback?.({ result: 0, msg }),
    (error: unknown) => callback?.(enxFailure(error)),
  );
}

/** Pause, resume, mute and unmute fail with 1138, whatever the cause. */
function gate(callback: EnxCallback | undefined, run: () => Promise<unknown>, msg: string): void {
  run().then(
    () => callback?.({ result: 0, msg }),
    (error: unknown) => callback?.({ ...enxFailure(error), result: 1138 }),
  );
}
