/** The delegate of the EnableX iOS SDK: every method with its payload. */
import type { EnxAnswer, EnxFailure, EnxInvited, EnxRoomMeta, EnxRooms } from '../enablex/answers.js';
import type { IosRoom } from './index.js';

/** One's own leave. */
export interface IosLeft {
  readonly moderatorId: string;
  readonly msg: string;
  readonly result: 0;
}

/** Being returned, by clear, destroy, a moderator's move or the end of the time. */
export interface IosReturned {
  readonly room_id: string;
}

/**
 * Every delegate method. An app implements those that it needs. In Swift each gets the room first, and its
 * payload as an array of one dictionary; here the payload comes first and is the dictionary itself. {@link IosSelectors} are as in Swift.
 */
export interface IosDelegate {
  didAckCreateBreakOutRoom?(answer: EnxAnswer<EnxRooms>, room: IosRoom): void;
  didAckCreateAndInviteBreakOutRoom?(answer: EnxAnswer<EnxRooms>, room: IosRoom): void;
  didAckInviteBreakOutRoom?(answer: EnxAnswer, room: IosRoom): void;
  didAckRejectBreakoutRoom?(answer: EnxAnswer, room: IosRoom): void;
  didAckPause?(answer: EnxAnswer, room: IosRoom): void;
  didAckResume?(answer: EnxAnswer, room: IosRoom): void;
  didAckMuteRoom?(answer: EnxAnswer, room: IosRoom): void;
  didAckUnmuteRoom?(answer: EnxAnswer, room: IosRoom): void;
  didBreakoutRoomCreated?(payload: { rooms: string[]; owner: string }, room: IosRoom): void;
  didBreakoutRoomInvited?(payload: { room_id: string; clients: string[]; requestor: string }, room: IosRoom): void;
  didBreakoutRoomInviteRejected?(payload: { room_id: string; clientId: string }, room: IosRoom): void;
  didInvitationForBreakoutRoom?(payload: EnxInvited, room: IosRoom): void;
  /** Once the forced invitee is connected. */
  didBreakoutroomjoining?(payload: EnxInvited, room: IosRoom): void;
  /** The metadata dictionary, in Swift as well. `room` is the breakout's instance. */
  didConnectedBreakoutRoom?(payload: EnxRoomMeta, room: IosRoom): void;
  didFailedJoinBreakOutRoom?(payload: EnxFailure, room: IosRoom): void;
  didUserJoinedBreakoutRoom?(payload: { clientId: string; room: string }, room: IosRoom): void;
  didDisconnectedBreakoutRoom?(payload: IosLeft | IosReturned, room: IosRoom): void;
  /** The other spelling, which a clear arrives with as well. */
  didDisconnectededBreakoutRoom?(payload: IosReturned, room: IosRoom): void;
  didUserDisconnectedFromBreakoutRoom?(payload: { clientId: string; name: string; room: string }, room: IosRoom): void;
  /** A command failed that has no acknowledgement: disconnect, clear or destroy. */
  didEventError?(payload: EnxFailure, room: IosRoom): void;
}

/** The same methods under the product's selectors and with its arguments: the room, then an array of one dictionary. */
export type IosSelectors = {
  [K in keyof IosDelegate as `room:${K}:`]?: (room: IosRoom, payload: K extends 'didConnectedBreakoutRoom' ? IosPayload<K> : [IosPayload<K>]) => void;
};

/** The payload of a delegate method. */
export type IosPayload<K extends keyof IosDelegate> = Parameters<NonNullable<IosDelegate[K]>>[0];
