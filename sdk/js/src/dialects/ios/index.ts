/**
 * The EnableX iOS dialect as a reference: the delegate methods, their objects and payloads, derived from the
 * gateway's messages alone. A Swift client does the same; `docs/dialects/ios.md` has the table.
 *
 * @packageDocumentation
 */
import { connect, type ConnectOptions, type Room, type Token } from '../../index.js';
import type { ParentGate } from '../../wire.js';
import {
  enxFailure,
  type EnxBreakoutDefinition,
  type EnxInvitation,
  type EnxJoinee,
  type EnxMuteInfo,
  type EnxOperation,
  type EnxStreamInfo,
} from '../enablex/answers.js';
import { definitionOf, fieldsOf, invitationOf, muteOf, roomIdOf, streamInfoOf } from '../enablex/arguments.js';
import { keepParentLive } from '../enablex/meta.js';
import type { IosDelegate, IosSelectors } from './delegate.js';
import { IosSession } from './session.js';

export type { IosDelegate, IosLeft, IosPayload, IosReturned, IosSelectors } from './delegate.js';

type Ack = 'didAckInviteBreakOutRoom' | 'didAckRejectBreakoutRoom' | 'didAckPause' | 'didAckResume' | 'didAckMuteRoom' | 'didAckUnmuteRoom';

const BOTH: EnxMuteInfo = { audio: true, video: true };

/** Joins a room, and calls `delegate` on its events. */
export async function joinRoom(url: string, token: Token, delegate: IosDelegate & IosSelectors, options?: ConnectOptions): Promise<IosRoom> {
  return new IosRoom(await connect(url, token, options), delegate);
}

/** The commands of the iOS SDK, and the delegates that answer them. None throws, and none returns anything. */
export class IosRoom {
  readonly #session: IosSession;
  /** Empty for the instance of the parent. */
  readonly #breakoutId: string;

  constructor(native: Room, delegate: IosDelegate & IosSelectors);
  /** @internal The instance of a breakout. */
  constructor(session: IosSession, breakoutId: string);
  constructor(given: Room | IosSession, second: (IosDelegate & IosSelectors) | string) {
    this.#breakoutId = typeof second === 'string' ? second : '';
    if (given instanceof IosSession) {
      this.#session = given;
      return;
    }
    const instance = (session: IosSession, breakoutId: string): IosRoom => new IosRoom(session, breakoutId);
    this.#session = new IosSession(given, second as IosDelegate & IosSelectors, this, instance);
  }

  /** The room underneath. */
  get native(): Room {
    return this.#session.native;
  }

  createBreakOutRoom(definition: EnxBreakoutDefinition): void {
    this.#create('didAckCreateBreakOutRoom', definition, async (wanted) => this.native.breakouts.create(wanted));
  }
  createAndInviteBreakoutRoom(definition: EnxBreakoutDefinition): void {
    this.#create('didAckCreateAndInviteBreakOutRoom', definition, async (wanted) => (await this.native.breakouts.createAndInvite(wanted)).breakouts);
  }
  inviteToBreakOutRoom(invitation: EnxInvitation): void {
    this.#acknowledge('didAckInviteBreakOutRoom', async () => this.native.command('BreakoutService/Invite', invitationOf(invitation)), 'Success');
  }
  /** Declines an invitation; takes the breakout's id, also as `{ room_id }`. */
  rejectBreakOutRoom(room: string | { room_id: string }): void {
    const reject = async (): Promise<void> => {
      const breakoutId = roomIdOf(typeof room === 'string' ? room : fieldsOf(room)['room_id']);
      this.native.breakouts.forgetInvitation(breakoutId);
      await this.native.command('BreakoutService/RejectInvite', { breakoutId });
    };
    this.#acknowledge('didAckRejectBreakoutRoom', reject, 'Success', 'join');
  }
  /** Answered by `didConnectedBreakoutRoom` or `didFailedJoinBreakOutRoom`. */
  joinBreakOutRoom(joinee: EnxJoinee, streamInfo?: EnxStreamInfo): void {
    const join = async (): Promise<unknown> => {
      const breakoutId = roomIdOf(fieldsOf(joinee)['room_id']);
      return this.native.command('BreakoutService/JoinBreakout', { breakoutId, streamInfo: streamInfoOf(streamInfo) });
    };
    void this.#session.deliveries.answer(join, () => {}, (error) => this.#session.call('didFailedJoinBreakOutRoom', enxFailure(error, 'join')));
  }

  /** For the whole parent, like resume, mute and unmute: a moderator's. */
  pause(): void {
    this.#gate('didAckPause', () => ({ paused: true }), 'Room muted');
  }
  resume(): void {
    this.#gate('didAckResume', () => ({ paused: false }), 'Room resumed');
  }
  /** Without `info`: sound and pictures. */
  muteRoom(info?: EnxMuteInfo): void {
    this.#gate('didAckMuteRoom', () => muteOf(info ?? BOTH, true), 'Room muted');
  }
  /** Without `info`: sound and pictures. */
  unmuteRoom(info?: EnxMuteInfo): void {
    this.#gate('didAckUnmuteRoom', () => muteOf(info ?? BOTH, false), 'Room unmuted');
  }

  /**
   * On the instance of a breakout: returns to the parent. On that of the parent: the same while in a breakout,
   * and leaves the meeting otherwise.
   */
  disconnect(): void {
    const { me } = this.native;
    if (!this.#breakoutId && !me.isAway) return this.native.leave();
    const elsewhere = this.#breakoutId !== '' && me.groupId !== this.#breakoutId;
    const leave = async (): Promise<unknown> => (elsewhere ? undefined : this.native.command('BreakoutService/LeaveBreakout'));
    this.#run(leave);
  }
  clearAllBreakOutSession(): void {
    this.#run(() => this.native.breakouts.clear());
  }
  destroyAllBreakOutSession(): void {
    this.#run(() => this.native.breakouts.destroy());
  }

  /** The other spelling of `createAndInviteBreakoutRoom`. */
  createAndInviteBreakOutRoom(definition: EnxBreakoutDefinition): void {
    this.createAndInviteBreakoutRoom(definition);
  }
  /** The other spelling of `rejectBreakOutRoom`. */
  rejectInviteBreakOutRoom(room: string | { room_id: string }): void {
    this.rejectBreakOutRoom(room);
  }
  /** The other spelling of `pause`. */
  pauseRoom(): void {
    this.pause();
  }
  /** The other spelling of `resume`. */
  resumeRoom(): void {
    this.resume();
  }

  'createBreakOutRoom:'(definition: EnxBreakoutDefinition): void {
    this.createBreakOutRoom(definition);
  }
  'createAndInviteBreakoutRoom:'(definition: EnxBreakoutDefinition): void {
    this.createAndInviteBreakoutRoom(definition);
  }
  'inviteToBreakOutRoom:'(invitation: EnxInvitation): void {
    this.inviteToBreakOutRoom(invitation);
  }
  'joinBreakOutRoom:withStreamInfo:'(joinee: EnxJoinee, streamInfo?: EnxStreamInfo): void {
    this.joinBreakOutRoom(joinee, streamInfo);
  }
  'rejectBreakOutRoom:'(room: string | { room_id: string }): void {
    this.rejectBreakOutRoom(room);
  }
  'muteRoom:'(info?: EnxMuteInfo): void {
    this.muteRoom(info);
  }
  'unmuteRoom:'(info?: EnxMuteInfo): void {
    this.unmuteRoom(info);
  }

  #create(
    ack: 'didAckCreateBreakOutRoom' | 'didAckCreateAndInviteBreakOutRoom',
    definition: EnxBreakoutDefinition,
    run: (wanted: ReturnType<typeof definitionOf>) => Promise<readonly { id: string }[]>,
  ): void {
    const create = async (): Promise<string[]> => {
      const wanted = definitionOf(definition, this.native.settings);
      await keepParentLive(this.native, wanted);
      return (await run(wanted)).map(({ id }) => id);
    };
    const succeed = (rooms: string[]): void => this.#session.call(ack, { result: 0, msg: { rooms } });
    void this.#session.deliveries.answer(create, succeed, (error) => this.#session.call(ack, enxFailure(error, 'create')));
  }

  #acknowledge(ack: Ack, run: () => Promise<unknown>, msg: string, operation: EnxOperation = 'other'): void {
    const succeed = (): void => this.#session.call(ack, { result: 0, msg });
    void this.#session.deliveries.answer(run, succeed, (error) => this.#session.call(ack, enxFailure(error, operation)));
  }

  #gate(ack: Ack, change: () => Partial<ParentGate>, msg: string): void {
    this.#acknowledge(ack, async () => this.native.setRoomGate(change()), msg, 'gate');
  }

  /** Runs a command that has no acknowledgement. */
  #run(run: () => Promise<unknown>): void {
    void this.#session.deliveries.answer(run, () => {}, (error) => this.#session.call('didEventError', enxFailure(error)));
  }
}

/** The class under the product's own name. */
export { IosRoom as EnxRoom };
