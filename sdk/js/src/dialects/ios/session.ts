/** Derives the calls of delegate methods, with their payloads, from the gateway's messages. */
import type { Phase } from '../../connection.js';
import type { Room } from '../../room.js';
import type { BreakoutState, WireEvent, WireEventOf } from '../../wire.js';
import { payload } from '../enablex/answers.js';
import { Deliveries, callSafely } from '../enablex/listeners.js';
import { metaOf } from '../enablex/meta.js';
import type { IosDelegate, IosPayload, IosSelectors } from './delegate.js';
import type { IosRoom } from './index.js';

const LEFT = 'Breakout Room disconnected';

/** One participant in one meeting: shared by the instance of the parent and those of breakouts. */
export class IosSession {
  readonly deliveries = new Deliveries();
  /** Names of people who are no longer in the room: their leaving of a breakout is reported after that. */
  readonly #names = new Map<string, string>();
  readonly #parent: IosRoom;
  /** The breakout that this client is in, and the room instance for the breakout. */
  #inside: { readonly breakoutId: string; readonly room: IosRoom } | undefined;
  /** A forced invitation, reported once this client is inside. */
  #forced: { readonly breakoutId: string; readonly requestor: string } | undefined;

  constructor(
    readonly native: Room,
    private readonly delegate: IosDelegate & IosSelectors,
    parent: IosRoom,
    private readonly instance: (session: IosSession, breakoutId: string) => IosRoom,
  ) {
    this.#parent = parent;
    native.on('event', (event) => this.#translate(event));
    native.on('participantLeft', ({ participant: { id, name } }) => this.#names.set(id, name));
    native.on('phase', (phase) => this.#handlePhase(phase));
    // After a restart of the app the place is still there, and so are invitations.
    if (native.me.isAway) this.#enter(native.me.groupId, undefined, false);
    for (const { breakout, requestor } of native.breakouts.invitations) this.#tellInvitation(breakout.id, requestor, false);
  }

  /** Calls a method of the delegate, at once. */
  call<K extends keyof IosDelegate>(name: K, given: IosPayload<K>, room = this.#parent): void {
    const method = this.delegate[name] as ((payload: IosPayload<K>, room: IosRoom) => void) | undefined;
    callSafely((it: IosPayload<K>) => method?.call(this.delegate, it, room), given);
    const selector = (this.delegate as Record<string, unknown>)[`room:${name}:`] as ((room: IosRoom, payload: unknown) => void) | undefined;
    callSafely((it: unknown) => selector?.call(this.delegate, room, it), name === 'didConnectedBreakoutRoom' ? given : [given]);
  }

  /** Calls a method of the delegate, after all earlier calls. */
  #tell<K extends keyof IosDelegate>(name: K, given: IosPayload<K>, own: boolean, room?: IosRoom): void {
    this.deliveries.push(() => this.call(name, given, room), own);
  }

  #translate(event: WireEvent): void {
    const { me } = this.native;
    const own = event.by === me.id;
    switch (event.type) {
      case 'breakoutsCreated':
        if (me.isAway) return;
        return this.#tell('didBreakoutRoomCreated', { rooms: event.payload.breakouts.map(({ id }) => id), owner: event.by }, own);
      case 'invitationRejected': {
        if (me.isAway) return;
        const { breakoutId: room_id, participantId: clientId } = event.payload;
        return this.#tell('didBreakoutRoomInviteRejected', { room_id, clientId }, own);
      }
      case 'invitationReceived':
        return this.#handleInvitation(event, own);
      case 'participantMoved':
        return this.#handleMove(event, own);
      case 'membersChanged':
        return this.#handleMembers(event, own);
      default:
    }
  }

  #handleInvitation({ payload: invitation }: WireEventOf<'invitationReceived'>, own: boolean): void {
    const { participantId, forced, breakout, requestor } = invitation;
    const { me } = this.native;
    const room_id = breakout.id;
    if (me.isModerator && !me.isAway) {
      this.#tell('didBreakoutRoomInvited', { room_id, clients: [participantId], requestor }, own);
    }
    if (participantId !== me.id) return;
    if (forced) this.#forced = { breakoutId: room_id, requestor };
    else this.#tellInvitation(room_id, requestor, own);
  }

  #tellInvitation(room_id: string, requestor: string, own: boolean): void {
    this.#tell('didInvitationForBreakoutRoom', { type: 'join-breakout-room', message: { room_id, requestor } }, own);
  }

  #handleMove({ payload: move }: WireEventOf<'participantMoved'>, own: boolean): void {
    const { participantId, fromGroupId: from, toGroupId: to, reason, by, breakout } = move;
    if (participantId !== this.native.me.id) return;
    if (from !== 'parent') this.#leave(from, reason, by, own);
    if (to !== 'parent') this.#enter(to, breakout, own);
  }

  #leave(room_id: string, reason: string, by: string, own: boolean): void {
    const { room } = this.#inside ?? {};
    this.#inside = undefined;
    if (reason === 'left') {
      const left = { moderatorId: '', msg: LEFT, result: 0 } as const;
      return this.#tell('didDisconnectedBreakoutRoom', payload(left, { room_id }), own, room);
    }
    const returned = (): IosPayload<'didDisconnectededBreakoutRoom'> => payload({ room_id }, { moderatorId: by, msg: LEFT, result: 0 });
    this.#tell('didDisconnectedBreakoutRoom', returned(), own, room);
    if (reason === 'cleared') this.#tell('didDisconnectededBreakoutRoom', returned(), own, room);
  }

  #enter(breakoutId: string, told: BreakoutState | undefined, own: boolean): void {
    const room = this.instance(this, breakoutId);
    this.#inside = { breakoutId, room };
    const forced = this.#forced?.breakoutId === breakoutId ? this.#forced : undefined;
    this.#forced = undefined;
    const asked = metaOf(this.native, breakoutId, told);
    this.deliveries.push(async () => {
      const meta = await asked;
      if (forced) {
        const message = { room_id: breakoutId, requestor: forced.requestor };
        this.call('didBreakoutroomjoining', { type: 'breakout-room-joining', message });
      }
      this.call('didConnectedBreakoutRoom', meta, room);
    }, own);
  }

  #handleMembers({ payload: change }: WireEventOf<'membersChanged'>, own: boolean): void {
    const { breakoutId: room, joinedIds, leftIds } = change;
    const inside = this.#inside;
    if (inside?.breakoutId !== room) return;
    const me = this.native.me.id;
    for (const clientId of joinedIds) {
      if (clientId !== me) this.#tell('didUserJoinedBreakoutRoom', { clientId, room }, own, inside.room);
    }
    for (const clientId of leftIds) {
      const name = this.native.participants.get(clientId)?.name ?? this.#names.get(clientId) ?? '';
      if (clientId !== me) this.#tell('didUserDisconnectedFromBreakoutRoom', { clientId, name, room }, own, inside.room);
    }
  }

  /** A new connection may have missed a move: tells the delegate of the place that the client has now. */
  #handlePhase(phase: Phase): void {
    if (phase.name !== 'connected' || phase.how === 'joined') return;
    const { groupId } = this.native.me;
    const inside = this.#inside?.breakoutId ?? 'parent';
    if (inside === groupId) return;
    if (inside !== 'parent') this.#leave(inside, 'moved', 'system', false);
    if (groupId !== 'parent') this.#enter(groupId, undefined, false);
  }
}
