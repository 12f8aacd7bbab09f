/** Callback shapes, payloads and codes that the EnableX dialects for the web and for iOS share. */
import { SideroomError } from '../../errors.js';
import type { Breakout, BreakoutDefinition, StreamInfo } from '../../breakouts.js';
import type { Room } from '../../room.js';

/** What a callback gets when it went well. */
export interface EnxSuccess<T = string> {
  readonly result: 0;
  readonly msg: T;
}

/** What a callback gets when it went wrong: a code of the EnableX table, and a sentence. */
export interface EnxFailure {
  readonly result: number;
  readonly msg: string;
}

/** The answer to a command. */
export type EnxAnswer<T = string> = EnxSuccess<T> | EnxFailure;

/** Takes the answer to a command. */
export type EnxCallback<T = string> = (answer: EnxAnswer<T>) => void;

/** The ids of new breakouts. */
export interface EnxRooms {
  readonly rooms: string[];
}

/** What breakouts to make. All of it is required. */
export interface EnxBreakoutDefinition {
  /** People in each, 2 to the room's active talkers less one. */
  participants: number;
  audio: boolean;
  video: boolean;
  canvas: boolean;
  share: boolean;
  max_rooms: number;
}

/** Who is asked, and where to. */
export interface EnxInvitation {
  /** Client ids; the string form `"[a, b]"` is understood too. */
  clients: readonly string[] | string;
  room_id: string;
  force_join?: boolean;
}

/** Who joins, and where. */
export interface EnxJoinee {
  role?: 'participant' | 'moderator';
  room_id: string;
}

/** What is taken along. */
export interface EnxStreamInfo {
  audio?: boolean;
  video?: boolean;
  screen?: boolean;
  canvas?: boolean;
}

/** What a pause or mute of media covers. */
export interface EnxMuteInfo {
  audio?: boolean;
  video?: boolean;
}

/** An invitation, as the invitee gets it. */
export interface EnxInvited {
  readonly type: string;
  readonly message: { readonly room_id: string; readonly requestor: string };
}

/** What is known of a breakout on entering it. */
export interface EnxRoomMeta {
  readonly room_id: string;
  readonly name: string;
  readonly owner: string;
  readonly participants: number;
  readonly audio: boolean;
  readonly video: boolean;
  readonly share: boolean;
  readonly canvas: boolean;
  readonly clients: readonly { clientId: string; name: string; role: string }[];
}

/** A failure in the words of EnableX. Errors without a code of their own are 1138, our own fault there. */
export function enxFailure(error: unknown): EnxFailure {
  if (!(error instanceof SideroomError)) return { result: 1138, msg: 'Something went wrong in the client. Reload the page.' };
  // Without a valid token nobody gets media credentials, which is what 1729 says in EnableX.
  const result = error.code === 'Unauthenticated' ? 1729 : (error.enablex ?? 1138);
  return { result, msg: error.message };
}

/**
 * Checks a definition as EnableX does, before anything is asked of the server: what is not a number can't
 * even be sent.
 */
export function definitionOf(given: EnxBreakoutDefinition): BreakoutDefinition {
  const raw: Record<string, unknown> = { ...given };
  const count = raw['participants'];
  if (count === undefined || count === null || count === '') {
    throw new SideroomError('ParticipantCountMissing', 'Say how many participants a breakout holds: `participants` is missing.', 1734);
  }
  const capacity = typeof count === 'string' ? Number(count) : count;
  if (typeof capacity !== 'number' || !Number.isInteger(capacity) || capacity < 2) {
    throw new SideroomError('ParticipantCountInvalid', 'Give `participants` as a whole number from 2 on.', 1724);
  }
  const rooms = Number(raw['max_rooms']);
  const missing = ['audio', 'video', 'canvas', 'share'].filter((key) => raw[key] === undefined);
  if (missing.length || !Number.isInteger(rooms) || rooms < 1) {
    throw new SideroomError('CreateFailed', `Give a usable ${[...missing, 'max_rooms'][0]}.`, 1731);
  }
  const media = { audio: truthy(raw['audio']), camera: truthy(raw['video']), canvas: truthy(raw['canvas']), screen: truthy(raw['share']) };
  return { rooms, capacity, media };
}

/** `true`, and the strings that older samples send. */
function truthy(value: unknown): boolean {
  return value === true || value === 'true';
}

/** `["a", "b"]`, or the documented `"[a, b]"`. */
export function clientsOf(clients: readonly string[] | string): string[] {
  if (typeof clients !== 'string') return [...clients];
  const inner = clients.trim().replace(/^\[|\]$/g, '');
  return inner.split(',').map((each) => each.trim().replace(/^["']|["']$/g, '')).filter(Boolean);
}

/** What is taken along, in our words. What is not named goes nowhere. */
export function streamInfoOf(info: EnxStreamInfo | undefined): StreamInfo {
  return { audio: info?.audio === true, camera: info?.video === true, screen: info?.screen === true, canvas: info?.canvas === true };
}

/** What an entrant learns of the breakout. */
export function metaOf(room: Room, breakout: Breakout): EnxRoomMeta {
  const ids = new Set([...breakout.memberIds, ...breakout.members.map(({ id }) => id)]);
  const clients = [...ids].flatMap((id) => {
    const known = room.participants.get(id);
    return known ? [{ clientId: id, name: known.name, role: known.role }] : [];
  });
  const { audio, camera, screen, canvas } = breakout.media;
  return {
    room_id: breakout.id,
    name: breakout.name,
    owner: breakout.ownerId || room.me.id,
    participants: breakout.capacity,
    audio,
    video: camera,
    share: screen,
    canvas,
    clients,
  };
}

/**
 * In EnableX whoever joins a breakout goes on hearing the parent until it pauses or mutes it. Said before
 * the first breakout is made, and not for a definition that the server will refuse anyway.
 */
export async function keepParentLive(room: Room, { rooms, capacity }: BreakoutDefinition): Promise<void> {
  const { maxActiveTalkers, maxBreakouts } = room.settings;
  const refused = capacity > maxActiveTalkers - 1 || rooms + room.breakouts.all.length > maxBreakouts;
  if (refused || room.me.isAway || room.breakouts.settings.parentWhileAway === 'live') return;
  await room.breakouts.configure({ parentWhileAway: 'live' });
}
