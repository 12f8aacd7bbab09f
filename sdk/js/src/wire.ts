/**
 * The words of the gateway's JSON dialect, turned into the SDK's own: enums without their prefix, numbers
 * as numbers, defaults filled in. Nothing of a message is trusted to be there.
 */
import { SideroomError } from './errors.js';
import { flag, json, kind, kinds, list, name, number, text, texts, type Json } from './json.js';
import type { TrackKind } from './kinds.js';
import { arrangement, rotation, rounds, seed, type ArrangementState, type RotationEnd, type RotationPlan, type RotationState } from './plans.js';
import {
  door,
  intercom,
  knock,
  schedule,
  type Door,
  type IntercomState,
  type KnockEnd,
  type KnockState,
  type ScheduleState,
} from './presence.js';

/** @internal */
export { json, kind, kindName, kinds, list, number, text } from './json.js';
/** @internal */
export { attendance } from './plans.js';
export type { Json };

/** The roles, which carry rights. */
export type Role = 'participant' | 'moderator';

/** Where somebody is: `parent`, the id of a breakout, or `away`: in a breakout that this client may not know. */
export type GroupId = string;

/** One flag for each kind of track. */
export type MediaFlags = Record<TrackKind, boolean>;

/** The parent's media that do not reach somebody who is away. */
export interface ParentGate {
  readonly paused: boolean;
  readonly audioMuted: boolean;
  readonly videoMuted: boolean;
}

/** Rights beyond the role. */
export interface Grants {
  readonly publish: readonly TrackKind[];
  readonly createBreakouts: boolean;
  readonly moveOthers: boolean;
  readonly listenIn: boolean;
  readonly addressAll: boolean;
  readonly createSideRooms: boolean;
}

/** One published track of a participant. */
export interface TrackState {
  readonly id: string;
  readonly kind: TrackKind;
  readonly mutedByPublisher: boolean;
  readonly mutedByModerator: boolean;
}

/** A person in the room, as the server sees them. */
export interface ParticipantState {
  readonly id: string;
  readonly identity: string;
  readonly displayName: string;
  readonly role: Role;
  /** Only moderators and the person see these. */
  readonly grants: Grants;
  readonly groupId: GroupId;
  /** Their tracks, where this client can hear or see them. */
  readonly tracks: readonly TrackState[];
  readonly connected: boolean;
  readonly joinedAtMs: number;
}

/**
 * The extent of a breakout's account: `summary` leaves out owner, invitees, assignees and members, `inside`
 * leaves out invitees and assignees.
 */
export type BreakoutDetail = 'summary' | 'inside' | 'full';

/** A breakout, as the server sees it. */
export interface BreakoutState {
  readonly id: string;
  readonly displayName: string;
  readonly ownerId: string;
  readonly capacity: number;
  /** How many are inside. */
  readonly occupancy: number;
  readonly media: MediaFlags;
  readonly state: 'open' | 'closed';
  readonly autoMove: boolean;
  readonly selfSelect: boolean;
  readonly invitedIdentities: readonly string[];
  readonly assignedIdentities: readonly string[];
  readonly memberIds: readonly string[];
  readonly threadId: string;
  readonly door: Door;
  /** A side room: made by a participant for themselves and their guests. */
  readonly side: boolean;
  /** When everybody inside returns and it closes; 0: not before it is closed. */
  readonly endsAtMs: number;
  readonly detail: BreakoutDetail;
}

/** An invitation that waits for this participant's answer. */
export interface InvitationState {
  readonly breakout: BreakoutState;
  /** The participant who asks, or `operator`. */
  readonly requestor: string;
}

/** How an invitation ended: the invitee is inside, declined, was taken off the list, or is gone or elsewhere. */
export type InvitationEnd = 'accepted' | 'rejected' | 'withdrawn' | 'expired';

/** The settings of all breakouts of a room. */
export interface BreakoutSettings {
  readonly parentWhileAway: 'live' | 'paused';
  readonly allowReturn: boolean;
  readonly selfSelect: boolean;
  /** When everybody is returned, in milliseconds since the Unix epoch; 0: no end is set. */
  readonly endsAtMs: number;
  /** How long after the end everybody is returned. */
  readonly endGraceMs: number;
  readonly availability: 'available' | 'not_supported' | 'disabled';
  /** Camera video may be switched on for a breakout. */
  readonly allowVideo: boolean;
  /** How long before the end everybody is reminded. */
  readonly countdownMs: readonly number[];
  /** Those inside a breakout see who listens in. */
  readonly announcePresence: boolean;
}

/** The settings of a room. */
export interface RoomSettings {
  readonly mode: 'group' | 'lecture';
  readonly maxActiveTalkers: number;
  readonly maxBreakouts: number;
  readonly maxParticipants: number;
  readonly reconnectGraceMs: number;
  readonly videoCodec: string;
  readonly breakouts: BreakoutSettings;
}

/** An open call for help. */
export interface HelpRequest {
  readonly participantId: string;
  readonly groupId: GroupId;
  readonly text: string;
  readonly atMs: number;
}

/** A snapshot of a room, as far as this participant may see. */
export interface RoomState {
  readonly name: string;
  readonly settings: RoomSettings;
  readonly roomGate: ParentGate;
  /** This participant's own. */
  readonly parentGate: ParentGate;
  readonly participants: readonly ParticipantState[];
  /** All of them for a moderator; else this participant's own. */
  readonly breakouts: readonly BreakoutState[];
  /** Those that this participant may choose from. */
  readonly selectable: readonly BreakoutState[];
  readonly assigned: BreakoutState | undefined;
  /** Breakouts that this participant is invited to and has not answered. */
  readonly invitations: readonly BreakoutState[];
  /** The same, with their requestors. */
  readonly pendingInvitations: readonly InvitationState[];
  readonly addressing: readonly { participantId: string; kinds: readonly TrackKind[] }[];
  readonly help: readonly HelpRequest[];
  /** All of them for a moderator; else this participant's own, and on their breakout. */
  readonly listening: readonly { participantId: string; groupId: GroupId }[];
  /** All of them for a moderator; else this participant's own, and those that address them. */
  readonly intercoms: readonly IntercomState[];
  /** All of them for a moderator; else this participant's own, and those at their breakout. */
  readonly knocks: readonly KnockState[];
  /** All of them for a moderator; else those that concern this participant. */
  readonly schedules: readonly ScheduleState[];
  /** The rotation that runs. */
  readonly rotation: RotationState | undefined;
  /** Only moderators see them. */
  readonly arrangements: readonly ArrangementState[];
  readonly draining: boolean;
  readonly seq: number;
  readonly epoch: number;
  /** The version of the room's state: for `expectedVersion`. */
  readonly version: number;
}

/** Why somebody changed groups. */
export type MoveReason =
  | 'joined'
  | 'forced'
  | 'auto_moved'
  | 'left'
  | 'moved'
  | 'shuffled'
  | 'cleared'
  | 'destroyed'
  | 'closed'
  | 'time_up'
  | 'arranged'
  | 'rotated'
  | 'joined_room'
  | 'left_room';

/** One stay in a group: the person, the times, and the reason. */
export interface Move {
  readonly participantId: string;
  readonly identity: string;
  readonly groupId: GroupId;
  readonly fromMs: number;
  /** 0: still there. */
  readonly untilMs: number;
  readonly reason: MoveReason;
  /** The author: a participant's id, `operator` or `system`. */
  readonly by: string;
}

/** The payloads of the numbered events, by type. */
export interface WirePayloads {
  roomUpdated: { settings: RoomSettings };
  roomClosed: object;
  drainingChanged: { draining: boolean };
  participantJoined: { participant: ParticipantState };
  participantLeft: { participantId: string; reason: string };
  participantRenamed: { participantId: string; displayName: string };
  connectionChanged: { participantId: string; connected: boolean; untilMs: number };
  roleChanged: { participantId: string; role: Role };
  grantsChanged: { participantId: string; grants: Grants };
  trackPublished: { participantId: string; groupId: GroupId; track: TrackState };
  trackUnpublished: { participantId: string; groupId: GroupId; track: TrackState };
  muteChanged: {
    participantId: string;
    groupId: GroupId;
    byPublisher: readonly TrackKind[];
    byModerator: readonly TrackKind[];
  };
  streamChanged: { participantId: string; groupId: GroupId; stream: MediaFlags };
  parentGateChanged: { participantId: string; gate: ParentGate };
  roomGateChanged: { gate: ParentGate };
  messageSent: { from: string; groupId: GroupId; text: string };
  breakoutsCreated: { breakouts: readonly BreakoutState[] };
  breakoutUpdated: { breakout: BreakoutState };
  breakoutsDestroyed: { breakoutIds: readonly string[]; memberIds: readonly string[] };
  selectableBreakouts: { breakouts: readonly BreakoutState[] };
  settingsChanged: { settings: BreakoutSettings };
  invitationReceived: { participantId: string; breakout: BreakoutState; requestor: string; forced: boolean };
  invitationRejected: { participantId: string; breakoutId: string };
  invitationEnded: { participantId: string; breakoutId: string; end: InvitationEnd };
  assignmentChanged: { participantId: string; breakout: BreakoutState | undefined };
  participantMoved: {
    participantId: string;
    fromGroupId: GroupId;
    toGroupId: GroupId;
    reason: MoveReason;
    by: string;
    breakout: BreakoutState | undefined;
    /** The parent's media that do not reach them now. */
    gate: ParentGate;
  };
  membersChanged: {
    breakoutId: string;
    joinedIds: readonly string[];
    leftIds: readonly string[];
    /** If somebody came: everybody inside. */
    people: readonly ParticipantState[];
    /** If somebody came: those who listen in, as far as those inside may know. */
    listenerIds: readonly string[];
  };
  /** `people`: those who are back. */
  awayChanged: { awayIds: readonly string[]; backIds: readonly string[]; people: readonly ParticipantState[] };
  timerTicked: { endsAtMs: number; remainingMs: number; inGrace: boolean };
  addressAllChanged: { participantId: string; kinds: readonly TrackKind[] };
  listeningChanged: {
    participantId: string;
    groupId: GroupId;
    listening: boolean;
    /** At the beginning: the breakout, its members, and those who listen in. */
    breakout: BreakoutState | undefined;
    people: readonly ParticipantState[];
    listenerIds: readonly string[];
  };
  helpChanged: { participantId: string; groupId: GroupId; text: string; raised: boolean; answeredBy: string };
  intercomChanged: { intercom: IntercomState };
  intercomStopped: { participantId: string };
  /** `end`: how these knocks ended; undefined while they wait for an answer. */
  knockChanged: { knocks: readonly KnockState[]; end: KnockEnd | undefined };
  /** `done`, `cancelled`: it waits no longer. */
  scheduleChanged: { schedule: ScheduleState; done: boolean; cancelled: boolean };
  scheduleFailed: { schedule: ScheduleState; reason: string; message: string };
  /** Without the plan. `rotation` undefined: it is over; `end` says how. */
  rotationChanged: { rotation: RotationState | undefined; end: RotationEnd | undefined };
  /** To moderators. */
  rotationPlanned: RotationPlan;
  /** To moderators. `removed`: only its name is known. */
  arrangementChanged: { arrangement: ArrangementState; removed: boolean };
}

/** A numbered event of the room, decoded. */
export type WireEvent = {
  [T in keyof WirePayloads]: WireEventOf<T>;
}[keyof WirePayloads];

/** A numbered event of one type. */
export interface WireEventOf<T extends keyof WirePayloads> {
  readonly seq: number;
  readonly epoch: number;
  /** The version of the room's state that goes with it; 0 if it happened under a server that had none. */
  readonly version: number;
  readonly atMs: number;
  /** The request of this client that caused the event, if there is one. */
  readonly causingRequestId: string;
  /** The author: a participant's id, `operator` or `system`. */
  readonly by: string;
  readonly type: T;
  readonly payload: WirePayloads[T];
}

/** @internal The relays of an answer, as `RTCPeerConnection` takes them. */
export function iceServers(message: Json): RTCIceServer[] {
  return list(message['iceServers']).map((value) => {
    const { urls, username, credential } = json(value);
    return { urls: list(urls).map(text), username: text(username), credential: text(credential) };
  });
}

/** @internal */
export function gate(value: unknown): ParentGate {
  const from = json(value);
  return { paused: flag(from['paused']), audioMuted: flag(from['audioMuted']), videoMuted: flag(from['videoMuted']) };
}

/** @internal */
export function mediaFlags(value: unknown): MediaFlags {
  const from = json(value);
  return {
    audio: flag(from['audio']),
    camera: flag(from['camera']),
    screen: flag(from['screen']),
    canvas: flag(from['canvas']),
  };
}

function grants(value: unknown): Grants {
  const from = json(value);
  return {
    publish: kinds(from['publish']),
    createBreakouts: flag(from['createBreakouts']),
    moveOthers: flag(from['moveOthers']),
    listenIn: flag(from['listenIn']),
    addressAll: flag(from['addressAll']),
    createSideRooms: flag(from['createSideRooms']),
  };
}

function track(value: unknown): TrackState {
  const from = json(value);
  return {
    id: text(from['id']),
    kind: kind(from['kind']),
    mutedByPublisher: flag(from['mutedByPublisher']),
    mutedByModerator: flag(from['mutedByModerator']),
  };
}

/** @internal */
export function participant(value: unknown): ParticipantState {
  const from = json(value);
  const groupId = text(from['groupId']) || 'parent';
  return {
    id: text(from['id']),
    identity: text(from['identity']),
    displayName: text(from['displayName']) || text(from['identity']),
    role: name(from['role'], 'ROLE_', 'participant'),
    grants: grants(from['grants']),
    groupId: flag(from['away']) && groupId === 'parent' ? 'away' : groupId,
    tracks: list(from['tracks']).map(track),
    connected: text(from['connection']) !== 'CONNECTION_LOST',
    joinedAtMs: number(from['joinedAtMs']),
  };
}

/** @internal */
export function breakout(value: unknown): BreakoutState {
  const from = json(value);
  return {
    id: text(from['id']),
    displayName: text(from['displayName']),
    ownerId: text(from['ownerId']),
    capacity: number(from['capacity']),
    occupancy: number(from['occupancy']),
    media: mediaFlags(from['media']),
    state: name(from['state'], 'BREAKOUT_STATE_', 'open'),
    autoMove: flag(from['autoMove']),
    selfSelect: flag(from['selfSelect']),
    invitedIdentities: texts(from['invitedIdentities']),
    assignedIdentities: texts(from['assignedIdentities']),
    memberIds: texts(from['memberIds']),
    threadId: text(from['threadId']),
    door: door(from['door']),
    side: flag(from['side']),
    endsAtMs: number(from['endsAtMs']),
    detail: name(from['detail'], 'BREAKOUT_DETAIL_', 'full'),
  };
}

function invitation(value: unknown): InvitationState {
  const from = json(value);
  return { breakout: breakout(from['breakout']), requestor: text(from['requestor']) };
}

const maybeBreakout = (value: unknown): BreakoutState | undefined => (value ? breakout(value) : undefined);

/** @internal */
export function breakoutSettings(value: unknown): BreakoutSettings {
  const from = json(value);
  return {
    parentWhileAway: name(from['parentWhileAway'], 'PARENT_WHILE_AWAY_', 'paused'),
    allowReturn: flag(from['allowReturn']),
    selfSelect: flag(from['selfSelect']),
    endsAtMs: number(from['endsAtMs']),
    endGraceMs: number(from['endGraceMs']),
    availability: name(from['availability'], 'AVAILABILITY_', 'available'),
    allowVideo: flag(from['allowVideo']),
    countdownMs: list(from['countdownMs']).map(number),
    announcePresence: flag(from['announcePresence']),
  };
}

function roomSettings(value: unknown): RoomSettings {
  const from = json(value);
  return {
    mode: name(from['mode'], 'ROOM_MODE_', 'group'),
    maxActiveTalkers: number(from['maxActiveTalkers']),
    maxBreakouts: number(from['maxBreakouts']),
    maxParticipants: number(from['maxParticipants']),
    reconnectGraceMs: number(from['reconnectGraceMs']),
    videoCodec: name(from['videoCodec'], 'VIDEO_CODEC_', 'vp8'),
    breakouts: breakoutSettings(from['breakouts']),
  };
}

/** @internal */
export function room(value: unknown): RoomState {
  const from = json(value);
  return {
    name: text(from['name']),
    settings: roomSettings(from['settings']),
    roomGate: gate(from['roomGate']),
    parentGate: gate(from['parentGate']),
    participants: list(from['participants']).map(participant),
    breakouts: list(from['breakouts']).map(breakout),
    selectable: list(from['selectable']).map(breakout),
    assigned: maybeBreakout(from['assigned']),
    invitations: list(from['invitations']).map(breakout),
    pendingInvitations: list(from['pendingInvitations']).map(invitation),
    addressing: list(from['addressing']).map(json).map((each) => ({ participantId: text(each['participantId']), kinds: kinds(each['kinds']) })),
    help: list(from['help']).map(json).map(help),
    listening: list(from['listening']).map(json).map((each) => ({ participantId: text(each['participantId']), groupId: text(each['groupId']) })),
    intercoms: list(from['intercoms']).map(intercom),
    knocks: list(from['knocks']).map(knock),
    schedules: list(from['schedules']).map(schedule),
    rotation: rotation(from['rotation']),
    arrangements: list(from['arrangements']).map(arrangement),
    draining: flag(from['draining']),
    seq: number(from['seq']),
    epoch: number(from['epoch']),
    version: number(from['version']),
  };
}

function help(from: Json): HelpRequest {
  return { participantId: text(from['participantId']), groupId: text(from['groupId']), text: text(from['text']), atMs: number(from['atMs']) };
}

/** @internal */
export function move(value: unknown): Move {
  const from = json(value);
  return {
    participantId: text(from['participantId']),
    identity: text(from['identity']),
    groupId: text(from['groupId']),
    fromMs: number(from['fromMs']),
    untilMs: number(from['untilMs']),
    reason: name(from['reason'], 'MOVE_REASON_', 'moved'),
    by: text(from['by']),
  };
}

type Field = (value: unknown) => unknown;

const breakouts: Field = (value) => list(value).map(breakout);
const people: Field = (value) => list(value).map(participant);
const inGroup = { participantId: text, groupId: text };

/** How each field of each payload is decoded. */
const FIELDS: { [T in keyof WirePayloads]: { [F in keyof WirePayloads[T]]: Field | [string, Field] } } = {
  roomUpdated: { settings: roomSettings },
  roomClosed: {},
  drainingChanged: { draining: flag },
  participantJoined: { participant },
  participantLeft: { participantId: text, reason: (value) => name(value, 'LEAVE_REASON_', 'left') },
  participantRenamed: { participantId: text, displayName: text },
  connectionChanged: {
    participantId: text,
    connected: ['connection', (value) => text(value) !== 'CONNECTION_LOST'],
    untilMs: number,
  },
  roleChanged: { participantId: text, role: (value) => name(value, 'ROLE_', 'participant') },
  grantsChanged: { participantId: text, grants },
  trackPublished: { ...inGroup, track },
  trackUnpublished: { ...inGroup, track },
  muteChanged: { ...inGroup, byPublisher: kinds, byModerator: kinds },
  streamChanged: { ...inGroup, stream: mediaFlags },
  parentGateChanged: { participantId: text, gate },
  roomGateChanged: { gate },
  messageSent: { from: text, groupId: text, text },
  breakoutsCreated: { breakouts },
  breakoutUpdated: { breakout },
  breakoutsDestroyed: { breakoutIds: texts, memberIds: texts },
  selectableBreakouts: { breakouts },
  settingsChanged: { settings: breakoutSettings },
  invitationReceived: { participantId: text, breakout, requestor: text, forced: flag },
  invitationRejected: { participantId: text, breakoutId: text },
  invitationEnded: { participantId: text, breakoutId: text, end: (value) => name(value, 'INVITATION_END_', 'expired') },
  assignmentChanged: { participantId: text, breakout: maybeBreakout },
  participantMoved: {
    participantId: text,
    fromGroupId: text,
    toGroupId: text,
    reason: (value) => name(value, 'MOVE_REASON_', 'moved'),
    by: text,
    breakout: maybeBreakout,
    gate,
  },
  membersChanged: { breakoutId: text, joinedIds: texts, leftIds: texts, people, listenerIds: texts },
  awayChanged: { awayIds: texts, backIds: texts, people },
  timerTicked: { endsAtMs: number, remainingMs: number, inGrace: flag },
  addressAllChanged: { participantId: text, kinds },
  listeningChanged: { ...inGroup, listening: flag, breakout: maybeBreakout, people, listenerIds: texts },
  helpChanged: { ...inGroup, text, raised: flag, answeredBy: text },
  intercomChanged: { intercom },
  intercomStopped: { participantId: text },
  knockChanged: { knocks: (value) => list(value).map(knock), end: (value) => name(value, 'KNOCK_END_', '') || undefined },
  scheduleChanged: { schedule, done: flag, cancelled: flag },
  scheduleFailed: { schedule, reason: text, message: text },
  rotationChanged: { rotation, end: (value) => name(value, 'ROTATION_END_', '') || undefined },
  rotationPlanned: { ahead: rounds, repeats: number, seed },
  arrangementChanged: { arrangement, removed: flag },
};

/** @internal An event, or nothing if it is of a type that this release does not know. */
export function event(value: unknown): WireEvent | undefined {
  const from = json(value);
  const type = text(from['type']) as keyof WirePayloads;
  if (!Object.hasOwn(FIELDS, type)) return undefined;
  const body = json(from[type]);
  const payload: Json = {};
  for (const [field, decode] of Object.entries<Field | [string, Field]>(FIELDS[type])) {
    const [key, how] = typeof decode === 'function' ? [field, decode] : decode;
    payload[field] = how(body[key]);
  }
  return {
    seq: number(from['seq']),
    epoch: number(from['epoch']),
    version: number(from['version']),
    atMs: number(from['atMs']),
    causingRequestId: text(from['causingRequestId']),
    by: text(from['by']),
    type,
    payload,
  } as unknown as WireEvent;
}

/** @internal An `error` message of the gateway. */
export function wireError(message: Json): SideroomError {
  const acsCode = number(message['acsCode']);
  return new SideroomError(
    text(message['reason']) || text(message['code']) || 'Internal',
    text(message['message']) || 'Something went wrong on the server. Try again.',
    number(message['enablexCode']) || undefined,
    acsCode ? { code: acsCode, subCode: number(message['acsSubcode']) } : undefined,
    { lines: list(message['lines']).map(json).map((each) => ({ line: number(each['line']), problem: text(each['problem']) })) },
  );
}
