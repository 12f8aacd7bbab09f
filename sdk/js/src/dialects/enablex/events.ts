/** The events of an EnableX room that concern breakouts, and their payloads. */
import type { EnxFailure, EnxInvited } from './answers.js';
import type { EnxBreakoutRoom } from './index.js';

/** The argument of `breakout-room-connected`: the breakout's metadata and its room object in one. */
export type EnxConnected = EnxBreakoutRoom & {
  readonly type: string;
  /** The same metadata and room object. */
  readonly message: EnxBreakoutRoom;
  /** The same metadata and room object. */
  readonly room: EnxBreakoutRoom;
};

/** The events of an `EnxRoom` that concern breakouts. */
export interface EnxEvents {
  /** The invitee is asked. */
  'join-breakout-room': EnxInvited;
  /** The invitee is moved without being asked; `breakout-room-connected` follows. */
  'breakout-room-joining': EnxInvited;
  /** The joiner is inside. */
  'breakout-room-connected': EnxConnected;
  /** The joiner could not join. */
  'breakout-room-error': EnxFailure;
  /** Everyone inside: somebody came in. */
  'user-joined-breakout-room': { readonly type: string; readonly clientId: string; readonly room: string };
  /** Moderators: an invitation was declined. */
  'breakout-invite-rejected': { readonly type: string; readonly message: { readonly room_id: string; readonly client_id: string } };
  /** The leaver is back in the parent. */
  'breakout-room-disconnected': { readonly type: string; readonly message: { readonly room_id: string } };
  /** Those who stay: somebody went out. */
  'user-disconnected-breakout-room': { readonly type: string; readonly clientId: string; readonly name: string; readonly room: string };
  /** Owner and moderators, once for each person that a clear returned. */
  'breakout-user-disconnected': { readonly type: string; readonly message: { readonly room_id: string; readonly client_id: string } };
  /**
   * For the owner, moderators and everybody who was inside: the breakouts are gone; the parent is resumed
   * and unmuted.
   */
  'breakout-room-destroyed': { readonly type: string; readonly message: { readonly rooms: string[] } };
  /** This client is no longer in the meeting. */
  'room-disconnected': { readonly type: string; readonly message: { readonly msg: string } };
}

/** The name of an event. */
export type EnxEventName = keyof EnxEvents;
