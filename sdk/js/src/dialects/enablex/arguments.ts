/** Reads and checks the arguments of the EnableX dialects; its errors name the problem. */
import type { BreakoutDefinition, StreamInfo } from '../../breakouts.js';
import { SideroomError } from '../../errors.js';
import type { RoomSettings } from '../../wire.js';
import { invalid, type EnxBreakoutDefinition, type EnxCallback, type EnxInvitation } from './answers.js';

type Fields = Record<string, unknown>;

/** The callback among some arguments: the last function, wherever it stands. */
export function callbackOf<T>(...given: unknown[]): EnxCallback<T> | undefined {
  return given.findLast((each) => typeof each === 'function') as EnxCallback<T> | undefined;
}

/** An argument with named fields; nothing is named by anything else. */
export function fieldsOf(given: unknown): Fields {
  return typeof given === 'object' && given !== null ? (given as Fields) : {};
}

/** Checks a definition as EnableX does. A value out of range can't even be sent, so it ends here. */
export function definitionOf(given: EnxBreakoutDefinition, settings: RoomSettings): BreakoutDefinition {
  const fields = fieldsOf(given);
  const capacity = capacityOf(fields['participants'], settings.maxActiveTalkers - 1);
  const media = {
    audio: flagOf(fields, 'audio'),
    camera: flagOf(fields, 'video'),
    canvas: flagOf(fields, 'canvas'),
    screen: flagOf(fields, 'share'),
  };
  const rooms = countOf(fields['max_rooms']);
  if (!Number.isInteger(rooms) || rooms < 1) {
    throw new SideroomError('CreateFailed', 'Give `max_rooms` as a whole number from 1 on.', 1731);
  }
  if (rooms > settings.maxBreakouts) {
    const sentence = `A room has ${settings.maxBreakouts} breakouts at most; give a smaller \`max_rooms\`.`;
    throw new SideroomError('BreakoutLimitReached', sentence, 1726);
  }
  return { rooms, capacity, media };
}

function capacityOf(given: unknown, most: number): number {
  if (given === undefined || given === null || given === '') {
    const sentence = 'Say how many participants a breakout holds: `participants` is missing.';
    throw new SideroomError('ParticipantCountMissing', sentence, 1734);
  }
  const capacity = countOf(given);
  if (capacity > most) {
    const sentence = `A breakout of this room holds ${most} participants at most; give a smaller number.`;
    throw new SideroomError('ParticipantCountTooLarge', sentence, 1725);
  }
  if (!Number.isInteger(capacity) || capacity < 2) {
    throw new SideroomError('ParticipantCountInvalid', 'Give `participants` as a whole number from 2 on.', 1724);
  }
  return capacity;
}

/** A number, or a string of digits; anything else is `NaN`. */
function countOf(given: unknown): number {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && /^\s*\d+\s*$/.test(given) ? Number(given) : Number.NaN;
}

function flagOf(fields: Fields, name: string): boolean {
  const flag = booleanOf(fields[name]);
  if (flag === undefined) throw new SideroomError('CreateFailed', `Give \`${name}\` as true or false.`, 1731);
  return flag;
}

/** A boolean, or the string that some samples send in its place. */
function booleanOf(given: unknown): boolean | undefined {
  if (given === true || given === 'true') return true;
  return given === false || given === 'false' ? false : undefined;
}

/** The id of a breakout. */
export function roomIdOf(given: unknown): string {
  if (typeof given === 'string' && given.trim()) return given.trim();
  throw new SideroomError('NotFound', 'Name the breakout: give its id as `room_id`.', 1731);
}

/** The body of `Invite`. */
export function invitationOf(given: EnxInvitation): { breakoutId: string; participantIds: string[]; forceJoin: boolean } {
  const fields = fieldsOf(given);
  const breakoutId = roomIdOf(fields['room_id']);
  const participantIds = clientsOf(fields['clients']);
  const force = fields['force_join'] ?? false;
  const forceJoin = booleanOf(force);
  if (forceJoin === undefined) throw invalid('Give `force_join` as true or false.');
  return { breakoutId, participantIds, forceJoin };
}

/** `["a", "b"]`, or as a string: `"[a, b]"`, `"a, b"` or JSON. */
export function clientsOf(clients: unknown): string[] {
  if (typeof clients === 'string') {
    return clients.trim().replace(/^\[|\]$/g, '').split(',').map(clientOf).filter(Boolean);
  }
  const ids = Array.isArray(clients) ? clients.map(clientOf) : [''];
  if (ids.includes('')) throw invalid('Give `clients` as an array of client ids.');
  return ids;
}

/** A client id without quotes; an entry of `clients` in a breakout's metadata is understood, too. */
function clientOf(part: unknown): string {
  const id = typeof part === 'object' ? fieldsOf(part)['clientId'] : part;
  return typeof id === 'string' ? id.trim().replace(/^["']|["']$/g, '').trim() : '';
}

/** The kinds to take along; `undefined`, if nothing is said: whatever the breakout carries. */
export function streamInfoOf(given: unknown): StreamInfo | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const taken = (name: string): boolean => booleanOf(fieldsOf(given)[name]) === true;
  return { audio: taken('audio'), camera: taken('video'), screen: taken('screen') || taken('share'), canvas: taken('canvas') };
}

/** The change of a gate that a mute, or with `muted: false` an unmute, asks for. */
export function muteOf(given: unknown, muted: boolean): { audioMuted?: boolean; videoMuted?: boolean } {
  const { audio = false, video = false } = fieldsOf(given);
  if (typeof audio !== 'boolean' || typeof video !== 'boolean' || !(audio || video)) {
    const verb = muted ? 'mute' : 'unmute';
    throw invalid(`Say what to ${verb}: give \`audio\`, \`video\` or both as true.`);
  }
  return { ...(audio && { audioMuted: muted }), ...(video && { videoMuted: muted }) };
}
