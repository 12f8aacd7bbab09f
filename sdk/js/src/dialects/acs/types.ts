import type { Breakout } from '../../breakouts.js';
import type { Participant, Room } from '../../index.js';
import type { ResultCategories } from './errors.js';

/** The states of a call. Sideroom's calls are `Connecting`, `Connected`, `LocalHold`, `Disconnecting` or `Disconnected`. */
export type CallState =
  | 'None'
  | 'Connecting'
  | 'Ringing'
  | 'Connected'
  | 'LocalHold'
  | 'RemoteHold'
  | 'InLobby'
  | 'Disconnecting'
  | 'Disconnected'
  | 'EarlyMedia';
/** The states of a remote participant. Sideroom's are `Connected`, `Connecting` (they reconnect) or `Disconnected`. */
export type RemoteParticipantState = 'Idle' | 'Connecting' | 'Ringing' | 'Connected' | 'Hold' | 'InLobby' | 'EarlyMedia' | 'Disconnected';
/** The roles of participants: moderators are `Organizer`, everybody else is `Attendee`. */
export type ParticipantRole = 'Unknown' | 'Presenter' | 'Attendee' | 'Organizer' | 'Consumer' | 'Co-organizer';

/** An identity of a client token. As text the identity is its `rawId`. */
export interface CommunicationUserKind {
  readonly kind: 'communicationUser';
  readonly communicationUserId: string;
  readonly rawId: string;
  toString(): string;
}
/** Never made by Sideroom; here so that apps that tell kinds apart compile. */
export interface PhoneNumberKind {
  readonly kind: 'phoneNumber';
  readonly phoneNumber: string;
  readonly rawId: string;
}
/** Never made by Sideroom; here so that apps that tell kinds apart compile. */
export interface MicrosoftTeamsUserKind {
  readonly kind: 'microsoftTeamsUser';
  readonly microsoftTeamsUserId: string;
  readonly rawId: string;
}
/** Never made by Sideroom; here so that apps that tell kinds apart compile. */
export interface UnknownIdentifierKind {
  readonly kind: 'unknown';
  readonly id: string;
  readonly rawId: string;
}
/** The identity of a person. Sideroom's are all of the kind `communicationUser`. */
export type CommunicationIdentifierKind = CommunicationUserKind | PhoneNumberKind | MicrosoftTeamsUserKind | UnknownIdentifierKind;

/** Why a call ended. */
export interface CallEndReason {
  readonly code: number;
  readonly subCode: number;
  readonly message: string;
  readonly resultCategories: ResultCategories[];
}

/** Called without an argument when a property has changed; read it from its object. */
export type PropertyChangedEvent = () => void;
/** Called with added and removed items. */
export type CollectionUpdatedEvent<T> = (args: { added: T[]; removed: T[] }) => void;

/** Another participant of a call. The same object for as long as they are in it. */
export interface RemoteParticipant {
  readonly identifier: CommunicationIdentifierKind;
  /**
   * Undefined where the client token gave no name: `p.displayName || p.identifier` always identifies
   * them.
   */
  readonly displayName?: string;
  readonly state: RemoteParticipantState;
  readonly isMuted: boolean;
  readonly isSpeaking: boolean;
  readonly role: ParticipantRole;
  readonly callEndReason?: CallEndReason;
  /** The participant underneath, with `stream('camera')` and the like. */
  readonly native: Participant;
  /** Mutes their microphone; a moderator's. */
  mute(): Promise<void>;
  on(event: RemoteParticipantEvent, listener: PropertyChangedEvent): void;
  off(event: RemoteParticipantEvent, listener: PropertyChangedEvent): void;
}
/** The events of a remote participant. */
export type RemoteParticipantEvent = 'stateChanged' | 'isMutedChanged' | 'displayNameChanged' | 'isSpeakingChanged' | 'roleChanged';

/** The others in a call: an array that can also be asked as a map, by identity. */
export interface RemoteParticipants extends Array<RemoteParticipant> {
  readonly size: number;
  get(identity: string): RemoteParticipant | undefined;
  has(identity: string): boolean;
}

/** The events of a call. `idChanged` is accepted and never comes: an id never changes. */
export type CallEvent =
  | 'stateChanged'
  | 'idChanged'
  | 'isMutedChanged'
  | 'mutedByOthers'
  | 'roleChanged'
  | 'isScreenSharingOnChanged'
  | 'totalParticipantCountChanged';

/** A call: the main one, or the one inside a breakout room. */
export interface Call {
  readonly kind: 'Call' | 'TeamsCall';
  readonly id: string;
  readonly state: CallState;
  readonly direction: 'Incoming' | 'Outgoing';
  /** Undefined until the call has ended. */
  readonly callEndReason?: CallEndReason;
  readonly isMuted: boolean;
  readonly isScreenSharingOn: boolean;
  readonly role: ParticipantRole;
  readonly remoteParticipants: RemoteParticipants;
  /** This participant among them. */
  readonly totalParticipantCount: number;
  /** The room underneath: for everything that this dialect has no method for. */
  readonly native: Room;
  /** Always the same object, for the main call and for the calls of its breakout rooms. */
  feature<TFeature extends CallFeature>(factory: CallFeatureFactory<TFeature>): TFeature;
  on(event: CallEvent, listener: PropertyChangedEvent): void;
  on(event: 'remoteParticipantsUpdated', listener: CollectionUpdatedEvent<RemoteParticipant>): void;
  off(event: CallEvent, listener: PropertyChangedEvent): void;
  off(event: 'remoteParticipantsUpdated', listener: CollectionUpdatedEvent<RemoteParticipant>): void;
  /** Mutes the microphone, in every call of this client. */
  mute(): Promise<void>;
  /** Unmutes the microphone; opens and publishes it if that was not done yet. */
  unmute(): Promise<void>;
  /** Main call: puts it on hold while one is in a breakout room. */
  hold(): Promise<void>;
  /** Main call: takes it off hold; nothing happens where it is not on hold. */
  resume(): Promise<void>;
  /** Main call: leaves the meeting. Breakout room: returns to the main call, where that is allowed. */
  hangUp(options?: HangUpOptions): Promise<void>;
  /** Hangs up a breakout room's call, if that was not done yet, resumes the main call and gives it. */
  returnToMainMeeting(): Promise<Call>;
}
/** Sideroom has one kind of call. */
export type TeamsCall = Call;

/** `forEveryone` is refused: see `native`. */
export interface HangUpOptions {
  readonly forEveryone?: boolean;
}

/** Something that a call can be extended by. */
export interface CallFeature {
  readonly name: string;
  /** Removes every listener. */
  dispose(): void;
}
/** Names a feature; see `Features`. */
export interface CallFeatureFactory<TFeature extends CallFeature> {
  readonly name: string;
  /** Only for the type of the feature: not there. */
  readonly feature?: TFeature;
}

/** The state of a breakout room. */
export type BreakoutRoomState = 'open' | 'closed';
/** When the breakout rooms end. */
export type TimestampInfo = Date;
/** A person who may join a breakout room. `id` is an identity, as `identifier.rawId` of participants. */
export interface Invitee {
  readonly id: string;
}

/**
 * The settings of all breakout rooms. Published samples read `roomEndTime` without a check, and so it is typed: it is
 * undefined while no end is set.
 */
export interface BreakoutRoomsSettings {
  /** People can't leave a breakout room by themselves. */
  readonly disableReturnToMainMeeting: boolean;
  /** When everybody is brought back. */
  readonly roomEndTime: TimestampInfo;
}
/** The other published spelling. */
export type BreakoutRoomSettings = BreakoutRoomsSettings;

/**
 * The part of a breakout room that this participant may see. The object is always current, and stays the same for
 * as long as the room is known.
 */
export interface BreakoutRoom {
  readonly id: string;
  readonly displayName: string;
  /** The chat thread of this breakout room. */
  readonly threadId: string;
  /** `closed` also when the room is gone, and for participants who may no longer join. */
  readonly state: BreakoutRoomState;
  readonly autoMoveParticipantToBreakoutRoom: boolean;
  /** The call inside. Typed as samples read it, without a check: undefined while this participant is not there. */
  readonly call: Call;
  /** Assigned or invited people; only moderators see them. */
  readonly invitees: Invitee[];
  /** The breakout underneath. */
  readonly native: Breakout;
  /**
   * Goes inside; the main call is put on hold. Returns the existing call if this participant is inside
   * already.
   */
  join(): Promise<Call>;
  /** Hangs up the call inside. */
  hangUp(): Promise<void>;
  /** The same, then resumes the main call and gives it. */
  rejoinMainMeeting(): Promise<Call>;
}

/** To moderators: the whole list, whenever a breakout room was made, changed or removed. */
export interface BreakoutRoomsEvent {
  readonly type: 'breakoutRooms';
  readonly data: BreakoutRoom[];
}
/** The settings changed. */
export interface BreakoutRoomsSettingsEvent {
  readonly type: 'breakoutRoomsSettings' | 'breakoutRoomSettings';
  readonly data: BreakoutRoomsSettings;
}
/** To the assignee: assigned, or that breakout room changed. Assigned no longer: the last one known, `closed`. */
export interface AssignedBreakoutRoomsEvent {
  readonly type: 'assignedBreakoutRooms' | 'assignedBreakoutRoom';
  readonly data: BreakoutRoom;
}
/** In the breakout room, by `join()`, by auto move or by a moderator. */
export interface JoinBreakoutRoomsEvent {
  readonly type: 'join';
  readonly data: Call;
}
/** The other published spellings. */
export type BreakoutRoomSettingsEvent = BreakoutRoomsSettingsEvent;
export type AssignedBreakoutRoomEvent = AssignedBreakoutRoomsEvent;
export type JoinBreakoutRoomEvent = JoinBreakoutRoomsEvent;

/** Everything that `breakoutRoomsUpdated` tells. */
export type BreakoutRoomsEventData = BreakoutRoomsEvent | BreakoutRoomsSettingsEvent | AssignedBreakoutRoomsEvent | JoinBreakoutRoomsEvent;
/** The name of the event of the feature. */
export type BreakoutRoomsUpdated = 'breakoutRoomsUpdated';
/** Takes what `breakoutRoomsUpdated` tells; also one that is typed for some of the events only. */
export type BreakoutRoomsUpdatedListener = { bivariant(event: BreakoutRoomsEventData): void }['bivariant'];
/** Alias of the above. */
export type BreakoutRoomsEventListener = BreakoutRoomsUpdatedListener;

/** The return value of `call.feature(Features.BreakoutRooms)`. */
export interface BreakoutRoomsCallFeature extends CallFeature {
  /** All breakout rooms, for organizer, co-organizer and manager (Sideroom's moderators); nothing for anybody else. */
  readonly breakoutRooms: BreakoutRoom[];
  /** The breakout room that this participant is assigned to. Typed as samples read it: undefined while there is none. */
  readonly assignedBreakoutRoom: BreakoutRoom;
  readonly breakoutRoomsSettings: BreakoutRoomsSettings;
  on(event: BreakoutRoomsUpdated, listener: BreakoutRoomsUpdatedListener): void;
  off(event: BreakoutRoomsUpdated, listener: BreakoutRoomsUpdatedListener): void;
  /**
   * A breakout room from details that an app kept or was sent: the one that is known under that id. Details
   * that cannot be read give one that cannot be joined.
   */
  describe(details: { id?: string; displayName?: string }): BreakoutRoom;
}
