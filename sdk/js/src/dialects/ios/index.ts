/**
 * The EnableX iOS dialect as a reference: which delegate is called, on whom, with what payload, told from
 * the gateway's messages alone. A Swift client does the same; `docs/dialects/ios.md` has the table.
 *
 * @packageDocumentation
 */
import type { Room } from '../../room.js';
import type { ParentGate, WireEvent, WireEventOf } from '../../wire.js';
import {
  clientsOf,
  definitionOf,
  enxFailure,
  keepParentLive,
  metaOf,
  streamInfoOf,
  type EnxAnswer,
  type EnxBreakoutDefinition,
  type EnxFailure,
  type EnxInvitation,
  type EnxInvited,
  type EnxJoinee,
  type EnxMuteInfo,
  type EnxRoomMeta,
  type EnxRooms,
  type EnxStreamInfo,
} from '../enablex/answers.js';

/** Every delegate, with its payload. An app implements those that it needs. */
export interface IosDelegate {
  didAckCreateBreakOutRoom?(answer: EnxAnswer<EnxRooms>): void;
  didAckCreateAndInviteBreakOutRoom?(answer: EnxAnswer<EnxRooms>): void;
  didAckInviteBreakOutRoom?(answer: EnxAnswer): void;
  didAckRejectBreakoutRoom?(answer: EnxAnswer): void;
  didAckPause?(answer: EnxAnswer): void;
  didAckResume?(answer: EnxAnswer): void;
  didAckMuteRoom?(answer: EnxAnswer): void;
  didAckUnmuteRoom?(answer: EnxAnswer): void;
  didBreakoutRoomCreated?(payload: { rooms: readonly string[]; owner: string }): void;
  didBreakoutRoomInvited?(payload: { room_id: string; clients: readonly string[]; requestor: string }): void;
  didBreakoutRoomInviteRejected?(payload: { room_id: string; clientId: string }): void;
  didInvitationForBreakoutRoom?(payload: EnxInvited): void;
  didBreakoutroomjoining?(payload: EnxInvited): void;
  didConnectedBreakoutRoom?(payload: EnxRoomMeta): void;
  didFailedJoinBreakOutRoom?(payload: EnxFailure): void;
  didUserJoinedBreakoutRoom?(payload: { clientId: string; room: string }): void;
  didDisconnectedBreakoutRoom?(payload: { moderatorId: string; msg: string; result: 0; room_id: string }): void;
  didUserDisconnectedFromBreakoutRoom?(payload: { clientId: string; name: string; room: string }): void;
}

type Payload<K extends keyof IosDelegate> = Parameters<NonNullable<IosDelegate[K]>>[0];
type Ack = 'didAckInviteBreakOutRoom' | 'didAckRejectBreakoutRoom' | 'didAckPause' | 'didAckResume' | 'didAckMuteRoom' | 'didAckUnmuteRoom';
type CreateAck = 'didAckCreateBreakOutRoom' | 'didAckCreateAndInviteBreakOutRoom';

/** The commands of the iOS SDK, and the delegates that answer them. */
export class IosRoom {
  /** Of people who are no longer in the room: they are told to have left their breakout after that. */
  readonly #names = new Map<string, string>();

  constructor(
    readonly native: Room,
    private readonly delegate: IosDelegate,
  ) {
    native.on('event', (event) => this.#translate(event));
    native.on('participantLeft', ({ participant: { id, name } }) => this.#names.set(id, name));
  }

  createBreakOutRoom(definition: EnxBreakoutDefinition): void {
    this.#create('didAckCreateBreakOutRoom', async () => (await this.native.breakouts.create(await this.#prepared(definition))).map(({ id }) => id));
  }
  createAndInviteBreakOutRoom(definition: EnxBreakoutDefinition): void {
    this.#create('didAckCreateAndInviteBreakOutRoom', async () => (await this.native.breakouts.createAndInvite(await this.#prepared(definition))).breakouts.map(({ id }) => id));
  }
  inviteToBreakOutRoom({ room_id: breakoutId, clients, force_join: forced }: EnxInvitation): void {
    const body = { breakoutId, participantIds: clientsOf(clients), forceJoin: forced === true };
    this.#acknowledge('didAckInviteBreakOutRoom', () => this.native.command('BreakoutService/Invite', body), 'Success');
  }
  rejectInviteBreakOutRoom(roomId: string): void {
    this.#acknowledge('didAckRejectBreakoutRoom', () => this.native.command('BreakoutService/RejectInvite', { breakoutId: roomId }), 'Success');
  }
  /** Answered by `didConnectedBreakoutRoom` or `didFailedJoinBreakOutRoom`. */
  joinBreakOutRoom(joinee: EnxJoinee, streamInfo?: EnxStreamInfo): void {
    const body = { breakoutId: joinee.room_id, streamInfo: streamInfoOf(streamInfo) };
    this.native.command('BreakoutService/JoinBreakout', body).catch((error: unknown) => this.#call('didFailedJoinBreakOutRoom', enxFailure(error)));
  }
  /** For the whole parent, like resume, mute and unmute: a moderator's. */
  pauseRoom(): void {
    this.#gate('didAckPause', { paused: true }, 'Room muted');
  }
  resumeRoom(): void {
    this.#gate('didAckResume', { paused: false }, 'Room resumed');
  }
  muteRoom(info: EnxMuteInfo = { audio: true, video: true }): void {
    this.#gate('didAckMuteRoom', { ...(info.audio && { audioMuted: true }), ...(info.video && { videoMuted: true }) }, 'Room muted');
  }
  unmuteRoom(info: EnxMuteInfo = { audio: true, video: true }): void {
    this.#gate('didAckUnmuteRoom', { ...(info.audio && { audioMuted: false }), ...(info.video && { videoMuted: false }) }, 'Room unmuted');
  }
  /** Returns to the parent; answered by `didDisconnectedBreakoutRoom`. */
  disconnect(): Promise<unknown> {
    return this.native.command('BreakoutService/LeaveBreakout');
  }
  clearAllBreakOutSession(): Promise<unknown> {
    return this.native.breakouts.clear();
  }
  destroyAllBreakOutSession(): Promise<unknown> {
    return this.native.breakouts.destroy();
  }

  async #prepared(definition: EnxBreakoutDefinition): Promise<ReturnType<typeof definitionOf>> {
    const wanted = definitionOf(definition);
    await keepParentLive(this.native, wanted);
    return wanted;
  }

  #create(ack: CreateAck, run: () => Promise<string[]>): void {
    run().then(
      (rooms) => this.#call(ack, { result: 0, msg: { rooms } }),
      (error: unknown) => this.#call(ack, enxFailure(error)),
    );
  }

  #acknowledge(ack: Ack, run: () => Promise<unknown>, msg: string): void {
    run().then(
      () => this.#call(ack, { result: 0, msg }),
      (error: unknown) => this.#call(ack, enxFailure(error)),
    );
  }

  #gate(ack: Ack, change: Partial<ParentGate>, msg: string): void {
    this.native.setRoomGate(change).then(
      () => this.#call(ack, { result: 0, msg }),
      (error: unknown) => this.#call(ack, { ...enxFailure(error), result: 1138 }),
    );
  }

  #call<K extends keyof IosDelegate>(name: K, payload: Payload<K>): void {
    (this.delegate[name] as ((payload: Payload<K>) => void) | undefined)?.(payload);
  }

  #translate(event: WireEvent): void {
    const { me } = this.native;
    switch (event.type) {
      case 'breakoutsCreated':
        if (me.isAway) return;
        return this.#call('didBreakoutRoomCreated', { rooms: event.payload.breakouts.map(({ id }) => id), owner: event.by });
      case 'invitationRejected': {
        if (me.isAway) return;
        return this.#call('didBreakoutRoomInviteRejected', { room_id: event.payload.breakoutId, clientId: event.payload.participantId });
      }
      case 'invitationReceived':
        return this.#invited(event);
      case 'participantMoved':
        return this.#moved(event);
      case 'membersChanged':
        return this.#membersChanged(event);
      default:
    }
  }

  #invited({ payload }: WireEventOf<'invitationReceived'>): void {
    const { participantId, forced, breakout, requestor } = payload;
    const { me } = this.native;
    const message = { room_id: breakout.id, requestor };
    if (me.isModerator && !me.isAway) {
      this.#call('didBreakoutRoomInvited', { room_id: breakout.id, clients: [participantId], requestor });
    }
    if (participantId !== me.id) return;
    if (forced) this.#call('didBreakoutroomjoining', { type: 'breakout-room-joining', message });
    else this.#call('didInvitationForBreakoutRoom', { type: 'join-breakout-room', message });
  }

  #moved({ payload }: WireEventOf<'participantMoved'>): void {
    const { participantId, fromGroupId: from, toGroupId: to, by } = payload;
    if (participantId !== this.native.me.id) return;
    if (from !== 'parent') {
      this.#call('didDisconnectedBreakoutRoom', { moderatorId: by, msg: 'Breakout Room disconnected', result: 0, room_id: from });
    }
    const entered = to === 'parent' ? undefined : this.native.breakouts.find(to);
    if (entered) this.#call('didConnectedBreakoutRoom', metaOf(this.native, entered));
  }

  #membersChanged({ payload }: WireEventOf<'membersChanged'>): void {
    const { breakoutId: room, joinedIds, leftIds } = payload;
    const me = this.native.me.id;
    for (const clientId of joinedIds) if (clientId !== me) this.#call('didUserJoinedBreakoutRoom', { clientId, room });
    for (const clientId of leftIds) {
      const name = this.native.participants.get(clientId)?.name ?? this.#names.get(clientId) ?? '';
      if (clientId !== me) this.#call('didUserDisconnectedFromBreakoutRoom', { clientId, name, room });
    }
  }
}
