/** Callback shapes, payloads and codes that the EnableX dialects for the web and for iOS share. */
import { SideroomError } from '../../errors.js';

/** The codes of the EnableX table. A failure never carries another one. */
export type EnxCode = 1138 | 1724 | 1725 | 1726 | 1729 | 1731 | 1734 | 5067;

/** The answer to a command that succeeded. */
export interface EnxSuccess<T = string> {
  readonly result: 0;
  readonly msg: T;
}

/** The answer to a command that failed: a code of the EnableX table, and a sentence. */
export interface EnxFailure {
  readonly result: EnxCode;
  readonly msg: string;
}

/** The answer to a command. `result === 0` tells the two apart. */
export type EnxAnswer<T = string> = EnxSuccess<T> | EnxFailure;

/** Takes the answer to a command. */
export type EnxCallback<T = string> = (answer: EnxAnswer<T>) => void;

/** The ids of new breakouts. */
export interface EnxRooms {
  readonly rooms: string[];
}

/** The breakouts to create. All of it is required. */
export interface EnxBreakoutDefinition {
  /** People in each, 2 to the room's active talkers less one. A string of digits is understood. */
  participants: number | string;
  audio: boolean;
  video: boolean;
  canvas: boolean;
  share: boolean;
  /** How many breakouts. A string of digits is understood. */
  max_rooms: number | string;
}

/** An invitation of one or more people. */
export interface EnxInvitation {
  /** Client ids; the string forms `"[a, b]"`, `"a, b"` and JSON are understood too. */
  clients: readonly string[] | string;
  room_id: string;
  /** Move them without asking. */
  force_join?: boolean | string;
}

/** The breakout to join. */
export interface EnxJoinee {
  /** `participant` or `moderator`. The role that counts is the token's. */
  role?: string;
  room_id: string;
}

/** The kinds to take along. Kinds that are not named go nowhere while inside. */
export interface EnxStreamInfo {
  audio?: boolean;
  video?: boolean;
  screen?: boolean;
  canvas?: boolean;
  /** The same as `screen`, as the definition of a breakout spells it. */
  share?: boolean;
}

/** The kinds that a mute of the parent covers. `video` is camera, screen and canvas. */
export interface EnxMuteInfo {
  audio?: boolean;
  video?: boolean;
}

/** The event by which an invitee learns of an invitation. */
export interface EnxInvited {
  readonly type: string;
  readonly message: { readonly room_id: string; readonly requestor: string };
}

/** A member of a breakout. */
export interface EnxMember {
  readonly clientId: string;
  readonly name: string;
  readonly role: string;
}

/** The metadata of a breakout. */
export interface EnxRoomMeta {
  readonly room_id: string;
  readonly name: string;
  /** The creator's client id; `operator` if the app's server created the breakout. */
  readonly owner: string;
  /** How many people it holds. */
  readonly participants: number;
  readonly audio: boolean;
  readonly video: boolean;
  readonly share: boolean;
  readonly canvas: boolean;
  /** Everyone inside, oneself included. */
  readonly clients: EnxMember[];
}

/** The commands, as far as their failures have codes of their own. */
export type EnxOperation = 'create' | 'join' | 'gate' | 'other';

const CODES: ReadonlySet<number> = new Set<EnxCode>([1138, 1724, 1725, 1726, 1729, 1731, 1734, 5067]);

/** The code of a creation or join that failed for any reason without a code of its own. */
const NOT_CREATED = 1731;

/** A failure in the words of EnableX. Errors without a code of their own are 1138, our own fault there. */
export function enxFailure(error: unknown, operation: EnxOperation = 'other'): EnxFailure {
  if (!(error instanceof SideroomError)) {
    return { result: 1138, msg: 'Something went wrong in the client. Reload the page.' };
  }
  return { result: codeOf(error, operation), msg: error.message };
}

function codeOf({ code, enablex }: SideroomError, operation: EnxOperation): EnxCode {
  if (operation === 'gate' || code === 'Internal') return 1138;
  // Media credentials need a valid token, which is the meaning of 1729 in EnableX.
  if (code === 'Unauthenticated' && operation !== 'create') return 1729;
  const known = enablex !== undefined && CODES.has(enablex) ? (enablex as EnxCode) : 1138;
  return known === 1138 && operation !== 'other' ? NOT_CREATED : known;
}

/**
 * An event or payload with exactly the published fields. `extra` can be read as well, and is left out when
 * the app compares, lists or serializes.
 */
export function payload<T extends object, E extends object>(published: T, extra: E): T & E {
  for (const [name, value] of Object.entries(extra)) {
    Object.defineProperty(published, name, { value, enumerable: false, configurable: true, writable: true });
  }
  return published as T & E;
}

/** An argument that can't be meant so. */
export function invalid(sentence: string, code: EnxCode = 1138): SideroomError {
  return new SideroomError('InvalidArgument', sentence, code);
}
