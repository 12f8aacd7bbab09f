/**
 * The messages and enums of the API.
 *
 * Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew.
 */

/** A participant's rights by virtue of their role. */
export type Role =
  | 'ROLE_UNSPECIFIED'
  | 'ROLE_PARTICIPANT'
  | 'ROLE_MODERATOR';

/** How a room is run. Breakouts exist in group mode only. */
export type RoomMode =
  | 'ROOM_MODE_UNSPECIFIED'
  | 'ROOM_MODE_GROUP'
  | 'ROOM_MODE_LECTURE';

/** The four kinds of track. */
export type TrackKind =
  | 'TRACK_KIND_UNSPECIFIED'
  | 'TRACK_KIND_AUDIO'
  | 'TRACK_KIND_CAMERA'
  | 'TRACK_KIND_SCREEN'
  | 'TRACK_KIND_CANVAS';

/** The one video codec of a room. */
export type VideoCodec =
  | 'VIDEO_CODEC_UNSPECIFIED'
  | 'VIDEO_CODEC_VP8'
  | 'VIDEO_CODEC_H264'
  | 'VIDEO_CODEC_VP9'
  | 'VIDEO_CODEC_AV1';

/** Whether a breakout can be joined. */
export type BreakoutState =
  | 'BREAKOUT_STATE_UNSPECIFIED'
  | 'BREAKOUT_STATE_OPEN'
  | 'BREAKOUT_STATE_CLOSED';

/** The parent's media that people who join a breakout still receive. */
export type ParentWhileAway =
  | 'PARENT_WHILE_AWAY_UNSPECIFIED'
  | 'PARENT_WHILE_AWAY_LIVE'
  | 'PARENT_WHILE_AWAY_PAUSED';

/** Whether a participant's transport is up. */
export type Connection =
  | 'CONNECTION_UNSPECIFIED'
  | 'CONNECTION_CONNECTED'
  /** The transport is gone; the place is kept for the grace period. */
  | 'CONNECTION_LOST'
  /** Let in, and the transport is not up yet. Only rooms that are read say so; events do not. */
  | 'CONNECTION_CONNECTING';

/** Why somebody changed groups. */
export type MoveReason =
  | 'MOVE_REASON_UNSPECIFIED'
  /** Joined by itself: after an invitation, an assignment or by self-selection. */
  | 'MOVE_REASON_JOINED'
  /** An invitation with force_join. */
  | 'MOVE_REASON_FORCED'
  /** Assigned to a breakout with auto_move that opened, or was open already. */
  | 'MOVE_REASON_AUTO_MOVED'
  /** Left by itself. */
  | 'MOVE_REASON_LEFT'
  /** A moderator moved them. */
  | 'MOVE_REASON_MOVED'
  /** The breakouts were shuffled. */
  | 'MOVE_REASON_SHUFFLED'
  /** The breakouts were cleared. */
  | 'MOVE_REASON_CLEARED'
  /** The breakout was destroyed. */
  | 'MOVE_REASON_DESTROYED'
  /** The breakout was closed. */
  | 'MOVE_REASON_CLOSED'
  /** The breakouts' time was up. */
  | 'MOVE_REASON_TIME_UP'
  /** Joined the room. */
  | 'MOVE_REASON_JOINED_ROOM'
  /** Left the room. */
  | 'MOVE_REASON_LEFT_ROOM'
  /** A round of a rotation began, or the last one ended. */
  | 'MOVE_REASON_ROTATED'
  /** An arrangement was applied. */
  | 'MOVE_REASON_ARRANGED';

/** How an invitation ended. */
export type InvitationEnd =
  | 'INVITATION_END_UNSPECIFIED'
  /** The invitee is inside: they accepted, or somebody moved them there. */
  | 'INVITATION_END_ACCEPTED'
  | 'INVITATION_END_REJECTED'
  /** A moderator or the owner withdrew the invitation, or the breakout is gone. */
  | 'INVITATION_END_WITHDRAWN'
  /** The invitee left the room or went into another breakout, or the breakouts' time was up. */
  | 'INVITATION_END_EXPIRED';

/** Why somebody is no longer in the room. */
export type LeaveReason =
  | 'LEAVE_REASON_UNSPECIFIED'
  | 'LEAVE_REASON_LEFT'
  | 'LEAVE_REASON_REMOVED'
  /** The grace period after a lost connection ran out. */
  | 'LEAVE_REASON_CONNECTION_LOST'
  | 'LEAVE_REASON_ROOM_CLOSED'
  /** A moderator banned the person. */
  | 'LEAVE_REASON_BANNED';

/**
 * The part of a breakout that an account of it holds. Fields left out are not empty: they keep their last
 * known value.
 */
export type BreakoutDetail =
  | 'BREAKOUT_DETAIL_UNSPECIFIED'
  /** The view of people who may choose it or are invited: without owner, invitees, assignees and members. */
  | 'BREAKOUT_DETAIL_SUMMARY'
  /** The view of those inside: without invitees and assignees. */
  | 'BREAKOUT_DETAIL_INSIDE'
  /** The view of moderators and the owner. */
  | 'BREAKOUT_DETAIL_FULL';

/** Whether a room has breakouts at all. */
export type Availability =
  | 'AVAILABILITY_UNSPECIFIED'
  | 'AVAILABILITY_AVAILABLE'
  /** The kind of room has none. */
  | 'AVAILABILITY_NOT_SUPPORTED'
  /** The operator switched them off. */
  | 'AVAILABILITY_DISABLED';

/** Whether people who may join a breakout go in by themselves. */
export type Door =
  | 'DOOR_UNSPECIFIED'
  | 'DOOR_OPEN'
  /** Only moderators and the owner come in by themselves. */
  | 'DOOR_LOCKED'
  /** Those who are not asked knock; somebody inside or a moderator lets them in. */
  | 'DOOR_KNOCKING';

/** How a knock ended. */
export type KnockEnd =
  | 'KNOCK_END_UNSPECIFIED'
  | 'KNOCK_END_ADMITTED'
  | 'KNOCK_END_REFUSED'
  /** Nobody answered within a minute. */
  | 'KNOCK_END_EXPIRED'
  | 'KNOCK_END_WITHDRAWN'
  /** They went elsewhere, or the breakout takes no knocks any more. */
  | 'KNOCK_END_VOID';

/** What is done with a rotation that runs. */
export type RotationStep =
  | 'ROTATION_STEP_UNSPECIFIED'
  /** The present round lasts until the rotation is resumed. */
  | 'ROTATION_STEP_PAUSE'
  | 'ROTATION_STEP_RESUME'
  /** The next round begins at once; after the last one everybody returns. */
  | 'ROTATION_STEP_SKIP'
  /** No further round begins. People stay where they are. */
  | 'ROTATION_STEP_END';

/** How a rotation ended. */
export type RotationEnd =
  | 'ROTATION_END_UNSPECIFIED'
  /** The last round is over; everybody has returned. */
  | 'ROTATION_END_DONE'
  /** A moderator ended it. */
  | 'ROTATION_END_STOPPED'
  /** None of its breakouts is open any more. */
  | 'ROTATION_END_VOID';

/** A person who is kept out of the room, whichever way they come. */
export interface Ban {
  readonly identity: string;
  /** Shown to the person when they try to join. */
  readonly reason: string;
  /** The end of the ban; 0: with the room. */
  readonly untilMs: number;
  /** The author of the ban: a participant's id or `operator`. */
  readonly by: string;
  readonly sinceMs: number;
}

/** A client's rights beyond the role. Grants bound moderators too. */
export interface Grants {
  /** The kinds of track that the client may publish. */
  readonly publish: readonly TrackKind[];
  readonly createBreakouts: boolean;
  readonly moveOthers: boolean;
  readonly listenIn: boolean;
  readonly addressAll: boolean;
  readonly createSideRooms: boolean;
}

/** One flag for each kind of track: those allowed in a breakout, or taken along into it. */
export interface MediaFlags {
  readonly audio: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly canvas: boolean;
}

/** The parent's media that do not reach somebody who is away. */
export interface ParentGate {
  readonly paused: boolean;
  readonly audioMuted: boolean;
  /** Camera, screen and canvas together. */
  readonly videoMuted: boolean;
}

/** One published track of a participant. */
export interface Track {
  readonly id: string;
  readonly kind: TrackKind;
  readonly mutedByPublisher: boolean;
  readonly mutedByModerator: boolean;
}

/** A person in a room, as one viewer may see them. */
export interface Participant {
  readonly id: string;
  /** From the client token; unique in the room. */
  readonly identity: string;
  readonly displayName: string;
  readonly role: Role;
  /** Only moderators and the participant see these. */
  readonly grants?: Grants;
  /**
   * Their group: `parent` or the id of a breakout, which only moderators and members of the same breakout
   * see. For others it stays `parent`, and `away` is set.
   */
  readonly groupId: string;
  /** True: the participant is in a breakout. */
  readonly away: boolean;
  /** Their tracks, where the viewer can hear or see them. */
  readonly tracks: readonly Track[];
  readonly connection: Connection;
  readonly joinedAtMs: number;
}

/**
 * A smaller group split off a room. Moderators see the owner, invitees, assignees and members; members
 * see each other.
 */
export interface Breakout {
  readonly id: string;
  readonly displayName: string;
  /** The owner's participant id; empty: the signaling server. */
  readonly ownerId: string;
  readonly capacity: number;
  /** How many are inside. */
  readonly occupancy: number;
  readonly media?: MediaFlags;
  readonly state: BreakoutState;
  /** Assigned people are moved without being asked when the breakout opens. */
  readonly autoMove: boolean;
  /** Anybody may join, without invitation or assignment. */
  readonly selfSelect: boolean;
  /** Invited identities without an answer. */
  readonly invitedIdentities: readonly string[];
  /** Identities that are assigned, whether they are in the room or not. */
  readonly assignedIdentities: readonly string[];
  readonly memberIds: readonly string[];
  /** The chat thread of this breakout. */
  readonly threadId: string;
  /** The fields above that are filled in. */
  readonly detail: BreakoutDetail;
  readonly door: Door;
  /** A participant made it for themselves and those they invite. */
  readonly side: boolean;
  /** When everybody inside returns and it closes; 0: no set end. */
  readonly endsAtMs: number;
}

/** The settings of all breakouts of a room. */
export interface BreakoutSettings {
  readonly parentWhileAway: ParentWhileAway;
  /** People may return to the parent by themselves. */
  readonly allowReturn: boolean;
  /** Anybody may join any open breakout. */
  readonly selfSelect: boolean;
  /** When everybody is to return; 0: no end is set. */
  readonly endsAtMs: number;
  /** How long after the end everybody is returned. */
  readonly endGraceMs: number;
  readonly availability: Availability;
  /** Camera video may be switched on for a breakout. */
  readonly allowVideo: boolean;
  /** How long before the end everybody is reminded. */
  readonly countdownMs: readonly number[];
  /** Those inside a breakout see who listens in. Default: true. */
  readonly announcePresence: boolean;
}

/** Changes to the settings of the breakouts: fields that are absent stay as they are. */
export interface BreakoutSettingsPatch {
  readonly parentWhileAway?: ParentWhileAway;
  readonly allowReturn?: boolean;
  readonly selfSelect?: boolean;
  /** In the future; 0 takes the timer away. It also goes when the last open breakout is closed or destroyed. */
  readonly endsAtMs?: number;
  readonly endGraceMs?: number;
  /** The signaling server's only. */
  readonly availability?: Availability;
  /** The signaling server's only. */
  readonly allowVideo?: boolean;
  /** From the longest time to the shortest, each once, at most 10; empty: as it is. */
  readonly countdownMs: readonly number[];
  /** Turns reminders off. Not together with `countdown_ms`. */
  readonly noCountdown: boolean;
  /** Those inside a breakout see who listens in. Default: true. */
  readonly announcePresence?: boolean;
}

/** The settings of a room. */
export interface RoomSettings {
  readonly mode: RoomMode;
  readonly maxActiveTalkers: number;
  readonly maxBreakouts: number;
  readonly maxParticipants: number;
  readonly reconnectGraceMs: number;
  readonly videoCodec: VideoCodec;
  readonly breakouts?: BreakoutSettings;
}

/** Settings for a new room, or changes to a room's: fields that are absent get the default, or stay. */
export interface RoomSettingsPatch {
  readonly mode?: RoomMode;
  readonly maxActiveTalkers?: number;
  readonly maxBreakouts?: number;
  readonly maxParticipants?: number;
  readonly reconnectGraceMs?: number;
  /** Counts for those who join from then on. */
  readonly videoCodec?: VideoCodec;
  readonly breakouts?: BreakoutSettingsPatch;
}

/** A participant who speaks to every group. */
export interface Addressing {
  readonly participantId: string;
  readonly kinds: readonly TrackKind[];
}

/** An open request for help. */
export interface HelpRequest {
  readonly participantId: string;
  readonly groupId: string;
  readonly text: string;
  readonly atMs: number;
}

/** A participant who hears a breakout without being inside. */
export interface Listening {
  readonly participantId: string;
  readonly groupId: string;
}

/** An invitation that waits for the viewer's answer. */
export interface Invitation {
  readonly breakout?: Breakout;
  /** The participant who asks, or `operator`. */
  readonly requestor: string;
}

/** A participant speaks to a set of groups and people. */
export interface Intercom {
  /** The speaker. */
  readonly participantId: string;
  /** To everybody. */
  readonly all: boolean;
  readonly groupIds: readonly string[];
  readonly toParticipantIds: readonly string[];
  readonly kinds: readonly TrackKind[];
  readonly suspendOwnGroup: boolean;
  readonly allowReply: boolean;
  /** When it ends by itself; 0: not before it is stopped. */
  readonly untilMs: number;
  /** Those of the addressed who answer now. */
  readonly replyingIds: readonly string[];
}

/** Somebody knocks at the door of a breakout. */
export interface Knock {
  readonly breakoutId: string;
  readonly participantId: string;
  /** When it ends by itself. */
  readonly untilMs: number;
}

/** What becomes of a scheduled command whose time passed while the server was away. */
export interface IfLate {
  /** It is carried out if it is at most this late, at least 1000; else it fails. */
  readonly withinMs: number;
  /** It is carried out however late it is. */
  readonly always: boolean;
}

/** A command that is carried out later. */
export interface ScheduledCommand {
  readonly scheduleId: number;
  readonly atMs: number;
  readonly ifLate?: IfLate;
  /** The author: a participant's id or `operator`. */
  readonly by: string;
  /** The name of the command, such as `open`. */
  readonly command: string;
  /** It concerns everybody in the room. */
  readonly public: boolean;
  /** The participants that it names. */
  readonly participantIds: readonly string[];
}

/** The people of one breakout in one round. */
export interface RotationGroup {
  readonly breakoutId: string;
  readonly identities: readonly string[];
}

/** One round of a rotation. */
export interface RotationRound {
  readonly groups: readonly RotationGroup[];
}

/** Rounds in which people change breakouts. */
export interface Rotation {
  readonly breakoutIds: readonly string[];
  readonly rounds: number;
  /** How many have begun. */
  readonly begun: number;
  readonly roundMs: number;
  /** When the present round ends; 0: it is paused. */
  readonly nextAtMs: number;
  /** While it is paused: how much of the present round is left. */
  readonly pausedMs?: number;
  /** The author: a participant's id or `operator`. */
  readonly by: string;
  /** The plan of the rounds that have not begun. For moderators. */
  readonly ahead: readonly RotationRound[];
  /** How often pairs meet that have met before, in the rounds of the plan as it was last made. For moderators. */
  readonly repeats: number;
  /** The seed of the plan. For moderators. */
  readonly seed: bigint;
}

/** The name and size of an arrangement. */
export interface ArrangementSummary {
  readonly name: string;
  readonly rooms: number;
  /** All rooms together. */
  readonly identities: number;
}

/**
 * A room as one viewer may see it: a participant sees themselves, the roster, and the breakouts that concern
 * them; a moderator and the signaling server see everything.
 */
export interface Room {
  readonly name: string;
  readonly settings?: RoomSettings;
  /** The parent's media that a moderator paused or muted for everybody who is away. */
  readonly roomGate?: ParentGate;
  readonly participants: readonly Participant[];
  /** All of them for moderators; else the viewer's own. */
  readonly breakouts: readonly Breakout[];
  /** The number of the last event that this state includes. */
  readonly seq: number;
  /** The version of the routing table. */
  readonly epoch: number;
  /** The viewer's own gate. */
  readonly parentGate?: ParentGate;
  /** The breakouts that the viewer may choose from by itself. */
  readonly selectable: readonly Breakout[];
  /** The breakout that the viewer is assigned to. */
  readonly assigned?: Breakout;
  /** The breakouts that the viewer is invited to, while the invitations wait for an answer. */
  readonly invitations: readonly Breakout[];
  readonly addressing: readonly Addressing[];
  /** All for moderators; else the viewer's own. */
  readonly help: readonly HelpRequest[];
  /** The room admits nobody any more. */
  readonly draining: boolean;
  /** Only moderators see these. */
  readonly bans: readonly Ban[];
  /**
   * People who listen in: everywhere for moderators; else on the viewer's own breakout, if the room announces
   * presence.
   */
  readonly listening: readonly Listening[];
  /** The invitations of `invitations`, with their requestors. */
  readonly pendingInvitations: readonly Invitation[];
  /** The version of the room's state: it moves with every change, not with talkers, views or texts. */
  readonly version: number;
  /**
   * Intercoms other than announcements to everybody: all for moderators; else the viewer's own and those that
   * address the viewer.
   */
  readonly intercoms: readonly Intercom[];
  /** All for moderators; else the viewer's own and those at the viewer's breakout. */
  readonly knocks: readonly Knock[];
  /** All for moderators; else those that concern the viewer. */
  readonly schedules: readonly ScheduledCommand[];
  /** The rotation that runs; moderators see its plan. */
  readonly rotation?: Rotation;
  /** For moderators. */
  readonly arrangements: readonly ArrangementSummary[];
}

/** One line of the list of rooms. */
export interface RoomSummary {
  readonly name: string;
  readonly participants: number;
  readonly breakouts: number;
  readonly createdAtMs: number;
  readonly seq: number;
  readonly epoch: number;
  readonly version: number;
}

/** A move that a command would make. */
export interface MoveForecast {
  readonly participantId: string;
  readonly fromGroupId: string;
  readonly toGroupId: string;
}

/** What a command would do. */
export interface DryRun {
  /** Those whom it would move. */
  readonly moves: readonly MoveForecast[];
  /** The streams that leave the server now, and that would leave it, all subscribers together. */
  readonly audioStreamsBefore: number;
  readonly videoStreamsBefore: number;
  readonly audioStreamsAfter: number;
  readonly videoStreamsAfter: number;
}

/** The answer to every command. */
export interface Answer {
  /** The epoch from which the routing table obeys: no later packet follows an older one. */
  readonly epoch: number;
  /** The number of the last event that the command caused. */
  readonly seq: number;
  /** The request id was seen before: this is the first answer again, nothing was done twice. */
  readonly replayed: boolean;
  /** The version of the room's state that the command led to. */
  readonly version: number;
  /** With `at_ms`: the schedule. Nothing else of the response is filled in. */
  readonly schedule?: ScheduledCommand;
  /** With `dry_run`: what the command would do. The response is the one that it would have. */
  readonly dryRun?: DryRun;
}

/** One stay in a group: the person, the times, and the reason. */
export interface Move {
  readonly participantId: string;
  readonly identity: string;
  readonly groupId: string;
  readonly fromMs: number;
  /** 0: it is still there. */
  readonly untilMs: number;
  readonly reason: MoveReason;
  /** The author: a participant's id, `operator` or `system`. */
  readonly by: string;
}

/** One room of an arrangement. */
export interface ArrangedRoom {
  /** The name of the breakout. */
  readonly name: string;
  /** How many the breakout holds if it is created; absent: as many as the room allows. */
  readonly capacity?: number;
  /** Those who belong there, whether they are in the room or not. */
  readonly identities: readonly string[];
}

/** A time without a connection. */
export interface Absence {
  readonly fromMs: number;
  /** 0: it lasts. */
  readonly untilMs: number;
}

/** A stay in one group, and how much of it somebody was connected. */
export interface Attendance {
  readonly identity: string;
  readonly participantId: string;
  readonly groupId: string;
  readonly fromMs: number;
  /** 0: it lasts. */
  readonly untilMs: number;
  /** Why it began. */
  readonly reason: MoveReason;
  /** The author of the move to there: a participant's id, `operator` or `system`. */
  readonly by: string;
  /** Why it ended; unspecified: it lasts. */
  readonly endReason: MoveReason;
  /** How long they were connected, until now if it lasts. */
  readonly connectedMs: number;
  /** When they were not connected. */
  readonly absences: readonly Absence[];
}

/** The settings of a new breakout. */
export interface BreakoutDefinition {
  /** Number of breakouts: 1 to the room's max_breakouts, counting those that exist. */
  readonly maxRooms: number;
  /** Capacity of each breakout: 2 to max_active_talkers - 1. */
  readonly participants?: number;
  readonly media?: MediaFlags;
  /** Names, in order; those that are missing are called `Breakout N`. */
  readonly names: readonly string[];
  /** Absent: open. */
  readonly state?: BreakoutState;
  readonly autoMove: boolean;
  /** Anybody may join, without invitation or assignment. */
  readonly selfSelect: boolean;
  /** Absent: open. */
  readonly door?: Door;
}

export interface CreateBreakoutsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly definition?: BreakoutDefinition;
}

export interface CreateBreakoutsResponse {
  readonly answer?: Answer;
  readonly breakouts: readonly Breakout[];
}

export interface CreateAndInviteRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly definition?: BreakoutDefinition;
  /** Moves people without asking. */
  readonly forceJoin: boolean;
  /** Makes the distribution repeatable. */
  readonly seed?: bigint;
}

/** A person and their breakout. */
export interface Placement {
  readonly participantId: string;
  readonly breakoutId: string;
}

export interface CreateAndInviteResponse {
  readonly answer?: Answer;
  readonly breakouts: readonly Breakout[];
  /** People left over, who stay in the parent. */
  readonly leftOverIds: readonly string[];
  /** People who were invited, or with force_join moved, and their breakouts. */
  readonly placed: readonly Placement[];
  /** The seed of the distribution. */
  readonly seed?: bigint;
}

export interface UpdateBreakoutRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly breakoutId: string;
  /** Absent: as it is. */
  readonly displayName?: string;
  readonly capacity?: number;
  readonly media?: MediaFlags;
  readonly autoMove?: boolean;
  readonly selfSelect?: boolean;
  /** Names another moderator as owner. */
  readonly ownerId?: string;
  /** The app's own chat thread. */
  readonly threadId?: string;
  readonly door?: Door;
  /** When everybody inside returns and it closes; 0: no set end. */
  readonly endsAtMs?: number;
}

export interface UpdateBreakoutResponse {
  readonly answer?: Answer;
  readonly breakout?: Breakout;
}

export interface OpenBreakoutsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** Empty: all. */
  readonly breakoutIds: readonly string[];
}

/** A person and their destination. */
export interface MoveTarget {
  readonly participantId: string;
  /** `parent` or a breakout. */
  readonly toGroupId: string;
  /** The tracks to take along. Absent: every kind that is allowed there. */
  readonly streamInfo?: MediaFlags;
}

export interface OpenBreakoutsResponse {
  readonly answer?: Answer;
  readonly breakoutIds: readonly string[];
  /** The people it moved, with their new groups. */
  readonly moved: readonly MoveTarget[];
}

export interface CloseBreakoutsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** Empty: all. */
  readonly breakoutIds: readonly string[];
}

export interface CloseBreakoutsResponse {
  readonly answer?: Answer;
  readonly breakoutIds: readonly string[];
  readonly returnedIds: readonly string[];
}

export interface UpdateSettingsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly settings?: BreakoutSettingsPatch;
}

export interface UpdateSettingsResponse {
  readonly answer?: Answer;
  readonly settings?: BreakoutSettings;
}

export interface InviteRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly breakoutId: string;
  readonly participantIds: readonly string[];
  readonly forceJoin: boolean;
}

export interface InviteResponse {
  readonly answer?: Answer;
  readonly breakout?: Breakout;
}

export interface WithdrawInvitesRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly breakoutId: string;
  readonly participantIds: readonly string[];
}

export interface WithdrawInvitesResponse {
  readonly answer?: Answer;
  readonly breakout?: Breakout;
}

export interface RejectInviteRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
  readonly breakoutId: string;
}

export interface RejectInviteResponse {
  readonly answer?: Answer;
}

export interface AssignRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly breakoutId: string;
  readonly identities: readonly string[];
}

export interface AssignResponse {
  readonly answer?: Answer;
  readonly breakout?: Breakout;
}

export interface UnassignRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly identities: readonly string[];
}

export interface UnassignResponse {
  readonly answer?: Answer;
}

export interface JoinBreakoutRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
  /** Empty: the breakout that the participant is assigned to or invited into, if there is only one. */
  readonly breakoutId: string;
  /** The tracks to take along. Absent: every kind that is allowed there. */
  readonly streamInfo?: MediaFlags;
}

export interface JoinBreakoutResponse {
  readonly answer?: Answer;
  readonly participantId: string;
  /** The participant's group after the command. */
  readonly groupId: string;
}

export interface LeaveBreakoutRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
}

export interface LeaveBreakoutResponse {
  readonly answer?: Answer;
  readonly participantId: string;
  /** The participant's group after the command. */
  readonly groupId: string;
}

export interface MoveParticipantsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly moves: readonly MoveTarget[];
}

export interface MoveParticipantsResponse {
  readonly answer?: Answer;
  readonly moved: readonly MoveTarget[];
}

export interface ShuffleRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly seed?: bigint;
  /** Over which; empty: all. */
  readonly breakoutIds: readonly string[];
}

export interface ShuffleResponse {
  readonly answer?: Answer;
  readonly leftOverIds: readonly string[];
  readonly placed: readonly Placement[];
  readonly seed?: bigint;
  readonly breakouts: readonly Breakout[];
}

export interface ClearBreakoutsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** Empty: all. */
  readonly breakoutIds: readonly string[];
}

export interface ClearBreakoutsResponse {
  readonly answer?: Answer;
  readonly returnedIds: readonly string[];
  readonly breakoutIds: readonly string[];
}

export interface DestroyBreakoutsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** Empty: all. */
  readonly breakoutIds: readonly string[];
}

export interface DestroyBreakoutsResponse {
  readonly answer?: Answer;
  readonly returnedIds: readonly string[];
  readonly breakoutIds: readonly string[];
}

export interface StartAddressAllRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** The moderator who speaks. */
  readonly participantId: string;
  /** Empty: audio. */
  readonly kinds: readonly TrackKind[];
}

export interface StartAddressAllResponse {
  readonly answer?: Answer;
}

export interface StopAddressAllRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
}

export interface StopAddressAllResponse {
  readonly answer?: Answer;
}

export interface StartListeningRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** The moderator who listens. */
  readonly participantId: string;
  readonly groupId: string;
  /** Their own group hears nothing of them meanwhile. */
  readonly follow: boolean;
}

export interface StartListeningResponse {
  readonly answer?: Answer;
}

export interface StopListeningRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
}

export interface StopListeningResponse {
  readonly answer?: Answer;
}

export interface RaiseHelpRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
  /** At most 512 bytes. */
  readonly text: string;
  /** Takes the call back. */
  readonly withdraw: boolean;
}

export interface RaiseHelpResponse {
  readonly answer?: Answer;
}

export interface AnswerHelpRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
  /** The message to the group; at most 512 bytes. */
  readonly text: string;
}

export interface AnswerHelpResponse {
  readonly answer?: Answer;
}

export interface StartIntercomRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** The moderator who speaks. */
  readonly participantId: string;
  /** Empty: audio. */
  readonly kinds: readonly TrackKind[];
  /** Everybody, in every group. Not together with the next two. */
  readonly all: boolean;
  /** `parent` or breakouts. */
  readonly groupIds: readonly string[];
  /** People, wherever they are. */
  readonly toParticipantIds: readonly string[];
  /** The speaker's own group hears none of these kinds meanwhile, unless it is addressed. */
  readonly suspendOwnGroup: boolean;
  /** The addressed may answer within the same set. */
  readonly allowReply: boolean;
  /** When it ends by itself, from now on; absent: not before it is stopped. */
  readonly limitMs?: number;
}

export interface StartIntercomResponse {
  readonly answer?: Answer;
  readonly intercom?: Intercom;
}

export interface StopIntercomRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly participantId: string;
}

export interface StopIntercomResponse {
  readonly answer?: Answer;
}

export interface StartReplyRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  /** The speaker of the intercom. */
  readonly speakerId: string;
}

export interface StartReplyResponse {
  readonly answer?: Answer;
}

export interface StopReplyRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
}

export interface StopReplyResponse {
  readonly answer?: Answer;
}

export interface KnockRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly breakoutId: string;
}

export interface KnockResponse {
  readonly answer?: Answer;
}

export interface StopKnockingRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly breakoutId: string;
}

export interface StopKnockingResponse {
  readonly answer?: Answer;
}

export interface AnswerKnockRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** The participant who knocks. */
  readonly participantId: string;
  readonly breakoutId: string;
  /** False: they are sent away. */
  readonly admit: boolean;
}

export interface AnswerKnockResponse {
  readonly answer?: Answer;
}

export interface CreateSideRoomRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** The participant who makes it, owns it and goes in. */
  readonly participantId: string;
  /** Absent: it is named after them. */
  readonly displayName?: string;
  /** Absent: as many as the room allows. */
  readonly capacity?: number;
  /** Absent: all but the camera. */
  readonly media?: MediaFlags;
  /** Absent: open. */
  readonly door?: Door;
  readonly inviteIds: readonly string[];
}

export interface CreateSideRoomResponse {
  readonly answer?: Answer;
  readonly breakouts: readonly Breakout[];
}

export interface ChangeScheduleRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly scheduleId: number;
  readonly atMs?: number;
  readonly ifLate?: IfLate;
}

export interface ChangeScheduleResponse {
  readonly answer?: Answer;
  readonly schedule?: ScheduledCommand;
}

export interface CancelScheduleRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly scheduleId: number;
}

export interface CancelScheduleResponse {
  readonly answer?: Answer;
}

export interface StartRotationRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  /** Between which; empty: all but side rooms. */
  readonly breakoutIds: readonly string[];
  /** 1 to 50. */
  readonly rounds: number;
  /** How long each lasts, from 1,000 to 86,400,000. */
  readonly roundMs: number;
  /** Repeats a plan for the same people; absent: the room draws one. */
  readonly seed?: bigint;
}

export interface StartRotationResponse {
  readonly answer?: Answer;
  /** With its plan. */
  readonly rotation?: Rotation;
  readonly placed: readonly Placement[];
  /** Those who found no place in the first round; they stay in the parent. */
  readonly leftOverIds: readonly string[];
}

export interface ChangeRotationRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly step: RotationStep;
}

export interface ChangeRotationResponse {
  readonly answer?: Answer;
  /** As it is now; absent: it is over. */
  readonly rotation?: Rotation;
  /** If a round began. */
  readonly placed: readonly Placement[];
  readonly leftOverIds: readonly string[];
}

export interface SaveArrangementRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** 1 to 128 characters. */
  readonly name: string;
  /**
   * One of these three. A pasted list or CSV: the name of a room and then identities on each line, apart by commas,
   * semicolons or tabs.
   */
  readonly list: string;
  readonly rooms: readonly ArrangedRoom[];
  /** The breakouts as they are, with those who are inside or assigned. */
  readonly asItStands: boolean;
}

export interface SaveArrangementResponse {
  readonly answer?: Answer;
  readonly arrangement?: ArrangementSummary;
}

export interface GetArrangementRequest {
  readonly room: string;
  readonly name: string;
}

export interface GetArrangementResponse {
  readonly rooms: readonly ArrangedRoom[];
}

export interface RemoveArrangementRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly name: string;
}

export interface RemoveArrangementResponse {
  readonly answer?: Answer;
}

export interface ApplyArrangementRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Carries it out then, by the rules of that moment; the answer names the schedule. */
  readonly atMs?: number;
  /** With `at_ms`. Absent: carried out if it is at most 30 seconds late. */
  readonly ifLate?: IfLate;
  /** Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used. */
  readonly dryRun: boolean;
  readonly name: string;
  /** Opens the breakouts and moves everybody who is here, in one step. */
  readonly open: boolean;
}

export interface ApplyArrangementResponse {
  readonly answer?: Answer;
  /** In the order of its rooms. */
  readonly breakoutIds: readonly string[];
  /** Those who were moved. */
  readonly placed: readonly Placement[];
  /** Those who are not in the room: they are assigned. */
  readonly absentIdentities: readonly string[];
}

export interface WatchRequest {
  readonly room: string;
  /** The number of the last event that the caller has. */
  readonly afterSeq?: number;
  /** Includes messages without a number: talkers, slots, layers. */
  readonly includeVolatile: boolean;
}

/** To everybody: mode or other settings of the room. */
export interface RoomUpdated {
  readonly settings?: RoomSettings;
}

/** To everybody, and the last event of a room. */
export interface RoomClosed {
}

/** Sent to everybody. */
export interface ParticipantJoined {
  readonly participant?: Participant;
}

/** Sent to everybody. */
export interface ParticipantLeft {
  readonly participantId: string;
  readonly reason: LeaveReason;
}

/** Sent to everybody. */
export interface ConnectionChanged {
  readonly participantId: string;
  readonly connection: Connection;
  /** With CONNECTION_LOST: the end of the grace period. */
  readonly untilMs: number;
}

/**
 * Sent to everybody. The participant whose role changed takes a fresh snapshot, since they see more or less from
 * now on.
 */
export interface RoleChanged {
  readonly participantId: string;
  readonly role: Role;
}

/** To the participant and the moderators. */
export interface GrantsChanged {
  readonly participantId: string;
  readonly grants?: Grants;
}

/** Sent to everybody if the publisher is in the parent, else to their breakout and the moderators. */
export interface TrackPublished {
  readonly participantId: string;
  readonly groupId: string;
  readonly track?: Track;
}

/** To the same as its publication. */
export interface TrackUnpublished {
  readonly participantId: string;
  readonly groupId: string;
  readonly track?: Track;
}

/**
 * Sent to the same: all kinds of a participant that are muted now, and by whom (`by` of the event names the
 * moderator).
 */
export interface MuteChanged {
  readonly participantId: string;
  readonly groupId: string;
  readonly byPublisher: readonly TrackKind[];
  readonly byModerator: readonly TrackKind[];
}

/** To the same: which kinds it brings into its breakout; the others go nowhere. */
export interface StreamChanged {
  readonly participantId: string;
  readonly groupId: string;
  readonly stream?: MediaFlags;
}

/** To the participant and the moderators. */
export interface ParentGateChanged {
  readonly participantId: string;
  readonly gate?: ParentGate;
}

/** Sent to everybody. */
export interface RoomGateChanged {
  readonly gate?: ParentGate;
}

/** To the group, or to everybody. */
export interface MessageSent {
  readonly from: string;
  /** Empty: to every group. */
  readonly groupId: string;
  readonly text: string;
}

/** Sent to everybody: the room admits nobody any more, or admits people again. */
export interface DrainingChanged {
  readonly draining: boolean;
}

/** To the moderators. */
export interface BreakoutsCreated {
  readonly breakouts: readonly Breakout[];
}

/**
 * To moderators: a breakout was opened, closed or renamed, or has another owner, invitees, assignees or members.
 * To those inside and invited: the name, occupancy, state or media changed; sent without invitees and the like.
 * People assigned to the breakout get AssignmentChanged.
 */
export interface BreakoutUpdated {
  readonly breakout?: Breakout;
}

/** To the moderators, the owner and those who were inside; to those who were invited, without the members. */
export interface BreakoutsDestroyed {
  readonly breakoutIds: readonly string[];
  /** The members until then. */
  readonly memberIds: readonly string[];
}

/** To everybody: the breakouts that anybody may choose from, all of them, as they are now. */
export interface SelectableBreakouts {
  readonly breakouts: readonly Breakout[];
}

/** Sent to everybody. */
export interface SettingsChanged {
  readonly settings?: BreakoutSettings;
}

/** To the invitee and the moderators. With `forced` it is moved in the same step, and not asked. */
export interface InvitationReceived {
  readonly participantId: string;
  readonly breakout?: Breakout;
  readonly requestor: string;
  readonly forced: boolean;
}

/** To the moderators. */
export interface InvitationRejected {
  readonly participantId: string;
  readonly breakoutId: string;
}

/** Sent to the assignee: their new assignment, or a change of that breakout (opened, closed, renamed). */
export interface AssignmentChanged {
  readonly participantId: string;
  /** Absent: no longer assigned. */
  readonly breakout?: Breakout;
}

/** Sent to the participants who moved and the moderators. A move is this one event, whatever caused it. */
export interface ParticipantMoved {
  readonly participantId: string;
  readonly fromGroupId: string;
  readonly toGroupId: string;
  readonly reason: MoveReason;
  readonly by: string;
  /** The breakout moved into, as those inside see it. */
  readonly breakout?: Breakout;
  /** The parent's media that do not reach them now. */
  readonly gate?: ParentGate;
}

/** Sent to those inside: people who came or went. */
export interface MembersChanged {
  readonly breakoutId: string;
  readonly joinedIds: readonly string[];
  readonly leftIds: readonly string[];
  /** If somebody came: everybody inside, with their tracks. Their grants are left out. */
  readonly people: readonly Participant[];
  /** If somebody came: those who listen in, as far as those inside may know. */
  readonly listenerIds: readonly string[];
}

/** Sent to everybody: people who went away into a breakout, and people back in the parent. */
export interface AwayChanged {
  readonly awayIds: readonly string[];
  readonly backIds: readonly string[];
  /** The people who are back, with tracks and without grants. */
  readonly people: readonly Participant[];
}

/** To everybody: the end of the breakouts comes near, or is reached and the grace period runs. */
export interface TimerTicked {
  /** When the breakouts end; with `in_grace` when everybody is returned. */
  readonly endsAtMs: number;
  readonly remainingMs: number;
  readonly inGrace: boolean;
}

/** Sent to everybody. */
export interface AddressAllChanged {
  readonly participantId: string;
  /** Empty: stopped. */
  readonly kinds: readonly TrackKind[];
}

/**
 * To the listener and the moderators, and to those inside if the room announces presence: somebody hears
 * the breakout without being in it.
 */
export interface ListeningChanged {
  readonly participantId: string;
  readonly groupId: string;
  /** False: no longer. */
  readonly listening: boolean;
  /**
   * If it begins: the breakout as those inside see it, everybody inside with their tracks, and those who
   * listen in as far as those inside may know.
   */
  readonly breakout?: Breakout;
  readonly people: readonly Participant[];
  readonly listenerIds: readonly string[];
}

/**
 * Sent to the participant who asks and the moderators; the end is sent to the whole group. A call also ends
 * when its author goes to another group.
 */
export interface HelpChanged {
  readonly participantId: string;
  readonly groupId: string;
  /** The text of the request or of the answer. */
  readonly text: string;
  /** True: help is asked for. False: the request was withdrawn or answered. */
  readonly raised: boolean;
  /** The person who answered; the same as `participant_id`: withdrawn. */
  readonly answeredBy: string;
}

/** Sent to moderators. */
export interface BanChanged {
  readonly identity: string;
  /** The ban now; absent: it was lifted. */
  readonly ban?: Ban;
}

/** To everybody: somebody came back under another name. */
export interface ParticipantRenamed {
  readonly participantId: string;
  readonly displayName: string;
}

/** To the invitee, the moderators and the owner: the invitation waits no longer for an answer. */
export interface InvitationEnded {
  readonly participantId: string;
  readonly breakoutId: string;
  readonly end: InvitationEnd;
}

/**
 * To the speaker, the addressed and the moderators: somebody speaks to a set of groups and people, in another
 * way than before. Sent to those as well who come to where an intercom reaches them.
 */
export interface IntercomChanged {
  readonly intercom?: Intercom;
}

/** To the same, as they were addressed. Sent to those as well who go to where it does not reach them. */
export interface IntercomStopped {
  /** The speaker. */
  readonly participantId: string;
}

/** To the one who knocks, those inside and the moderators. Sent to those as well who come in while others knock. */
export interface KnockChanged {
  readonly knocks: readonly Knock[];
  /** How it ended; unspecified: it waits for an answer. */
  readonly end: KnockEnd;
}

/**
 * To everybody, or to the author, those whom the command names and the moderators: a command was scheduled,
 * or its schedule changed or ended.
 */
export interface ScheduleChanged {
  readonly schedule?: ScheduledCommand;
  /** It waits no longer: it was carried out, or cancelled. */
  readonly done: boolean;
  readonly cancelled: boolean;
}

/** To the same: a scheduled command was refused when its time came. */
export interface ScheduleFailed {
  readonly schedule?: ScheduledCommand;
  /** The stable name of the error. */
  readonly reason: string;
  /** The sentence for a person. */
  readonly message: string;
}

/** To everybody: a rotation began, went on, was paused or resumed, or is over. */
export interface RotationChanged {
  /** Without the plan; absent: it is over. */
  readonly rotation?: Rotation;
  /** How it ended; unspecified: it runs. */
  readonly end: RotationEnd;
}

/** To the moderators: the plan of the rounds of a rotation that have not begun. */
export interface RotationPlanned {
  readonly ahead: readonly RotationRound[];
  /** How often pairs meet that have met before, in the rounds of the plan as it was last made. */
  readonly repeats: number;
  readonly seed: bigint;
}

/** To the moderators: an arrangement was kept or removed. */
export interface ArrangementChanged {
  readonly arrangement?: ArrangementSummary;
  /** Only its name is filled in. */
  readonly removed: boolean;
}

/** Something that changed. `type` names the payload that is set, in its JSON spelling. */
export interface Event {
  /** Counts up by one for each event of the room; viewers see gaps for events that are hidden from them. */
  readonly seq: number;
  /** The version of the routing table that goes with it. */
  readonly epoch: number;
  readonly atMs: number;
  /**
   * The request that caused it; empty if no request did (timers, lost connections), or if it was another
   * caller's.
   */
  readonly causingRequestId: string;
  readonly type: string;
  /** The author: a participant's id, `operator` or `system`. */
  readonly by: string;
  /** The version of the room's state that goes with it; 0 if it happened under a server that had none. */
  readonly version: number;
  readonly roomUpdated?: RoomUpdated;
  readonly roomClosed?: RoomClosed;
  readonly participantJoined?: ParticipantJoined;
  readonly participantLeft?: ParticipantLeft;
  readonly connectionChanged?: ConnectionChanged;
  readonly roleChanged?: RoleChanged;
  readonly grantsChanged?: GrantsChanged;
  readonly trackPublished?: TrackPublished;
  readonly trackUnpublished?: TrackUnpublished;
  readonly muteChanged?: MuteChanged;
  readonly streamChanged?: StreamChanged;
  readonly parentGateChanged?: ParentGateChanged;
  readonly roomGateChanged?: RoomGateChanged;
  readonly messageSent?: MessageSent;
  readonly drainingChanged?: DrainingChanged;
  readonly breakoutsCreated?: BreakoutsCreated;
  readonly breakoutUpdated?: BreakoutUpdated;
  readonly breakoutsDestroyed?: BreakoutsDestroyed;
  readonly selectableBreakouts?: SelectableBreakouts;
  readonly settingsChanged?: SettingsChanged;
  readonly invitationReceived?: InvitationReceived;
  readonly invitationRejected?: InvitationRejected;
  readonly assignmentChanged?: AssignmentChanged;
  readonly participantMoved?: ParticipantMoved;
  readonly membersChanged?: MembersChanged;
  readonly awayChanged?: AwayChanged;
  readonly timerTicked?: TimerTicked;
  readonly addressAllChanged?: AddressAllChanged;
  readonly listeningChanged?: ListeningChanged;
  readonly helpChanged?: HelpChanged;
  readonly banChanged?: BanChanged;
  readonly participantRenamed?: ParticipantRenamed;
  readonly invitationEnded?: InvitationEnded;
  readonly intercomChanged?: IntercomChanged;
  readonly intercomStopped?: IntercomStopped;
  readonly knockChanged?: KnockChanged;
  readonly scheduleChanged?: ScheduleChanged;
  readonly scheduleFailed?: ScheduleFailed;
  readonly rotationChanged?: RotationChanged;
  readonly rotationPlanned?: RotationPlanned;
  readonly arrangementChanged?: ArrangementChanged;
}

/** Volatile: the talkers of the viewer's group, the loudest first. */
export interface Speakers {
  readonly groupId: string;
  readonly participantIds: readonly string[];
}

/** Volatile, to one participant: the source of one of their slots. */
export interface SlotAssigned {
  /** The slot's m-line, where the watcher has negotiated it (the gateway). */
  readonly mid: string;
  /** Empty: nothing. */
  readonly participantId: string;
  readonly kind: TrackKind;
  /** True: the gate is open. A shut gate keeps the slot. */
  readonly open: boolean;
  /** Why the gate is shut, as in the drop counters. */
  readonly reason: string;
  /** `audio` or `video`. */
  readonly media: string;
  /** Counted from 0 for each media type. */
  readonly index: number;
}

/** Volatile, to one participant: the server paused the source of a slot for want of bandwidth, or resumed it. */
export interface SlotPaused {
  readonly mid: string;
  readonly paused: boolean;
  readonly reason: string;
  readonly media: string;
  readonly index: number;
}

/** Volatile, to one publisher: which simulcast layers of a track anybody receives. */
export interface LayersWanted {
  readonly kind: TrackKind;
  /** One bit for each layer, bit 0 the smallest; 0: no subscriber receives the track. */
  readonly layers: number;
}

export interface WatchResponse {
  readonly snapshot?: Room;
  readonly event?: Event;
  readonly speakers?: Speakers;
  readonly slotAssigned?: SlotAssigned;
  readonly slotPaused?: SlotPaused;
  readonly layersWanted?: LayersWanted;
}

export interface GetStatsRequest {
}

/** One media worker. */
export interface WorkerStats {
  readonly worker: number;
  readonly participants: number;
  /** Counted since the worker started. */
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Share of one core, 0 to 1, over the last second. */
  readonly load: number;
}

export interface DropCount {
  /** A drop reason as in the metric label. */
  readonly reason: string;
  readonly packets: number;
}

export interface GetStatsResponse {
  readonly version: string;
  readonly uptimeMs: number;
  readonly draining: boolean;
  readonly rooms: number;
  readonly participants: number;
  readonly breakouts: number;
  readonly workers: readonly WorkerStats[];
  readonly drops: readonly DropCount[];
}

export interface DrainRequest {
  /** After this long the remaining participants are sent away; 0: the configured deadline. */
  readonly deadlineMs: number;
}

export interface DrainResponse {
}

/** A client's hint on the track that an m-line of the offer carries. */
export interface TrackHint {
  readonly mid: string;
  readonly kind: TrackKind;
}

/** The m-line of the answer on which a track is sent. */
export interface NegotiatedTrack {
  readonly mid: string;
  readonly kind: TrackKind;
}

/** The m-line of the answer on which a slot is received. */
export interface NegotiatedSlot {
  readonly mid: string;
  /** `audio` or `video`. */
  readonly media: string;
  /** Counted from 0 for each media type. */
  readonly index: number;
}

export interface JoinRequest {
  /** May be left out with a client token; any other room than the token's is refused. */
  readonly room: string;
  readonly requestId: string;
  /** The client token, when an API key is the bearer. */
  readonly clientToken: string;
  /** The offer, SDP. */
  readonly offer: string;
  readonly tracks: readonly TrackHint[];
}

/** A relay with credentials. They are good for some minutes; every join and further offer brings fresh ones. */
export interface IceServer {
  /** Such as `turns:meet.example:443?transport=tcp`. */
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

export interface JoinResponse {
  readonly answer?: Answer;
  readonly participantId: string;
  /** The answer, SDP. */
  readonly sdp: string;
  readonly tracks: readonly NegotiatedTrack[];
  readonly slots: readonly NegotiatedSlot[];
  /** The room, as far as the participant may see. */
  readonly room?: Room;
  /** The identity was there already and has its place again. */
  readonly resumed: boolean;
  /**
   * For `RTCPeerConnection`: the server's own relay, for clients that cannot reach its media ports. Empty if it
   * has none, or if a signaling server joins and `turn.urls` is not configured.
   */
  readonly iceServers: readonly IceServer[];
}

export interface ReofferRequest {
  readonly room: string;
  readonly requestId: string;
  readonly participantId: string;
  readonly offer: string;
  readonly tracks: readonly TrackHint[];
}

export interface ReofferResponse {
  readonly sdp: string;
  readonly tracks: readonly NegotiatedTrack[];
  readonly slots: readonly NegotiatedSlot[];
  /** As in JoinResponse, with fresh credentials. */
  readonly iceServers: readonly IceServer[];
}

export interface TrickleRequest {
  readonly room: string;
  readonly participantId: string;
  /** A `candidate:` attribute value; empty: that was the last. */
  readonly candidate: string;
  readonly mid: string;
}

export interface TrickleResponse {
}

export interface LeaveRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly participantId: string;
}

export interface LeaveResponse {
  readonly answer?: Answer;
}

export interface RemoveRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
}

export interface RemoveResponse {
  readonly answer?: Answer;
}

export interface BanRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** A participant in the room, or: */
  readonly participantId: string;
  /** an identity, which need not be in the room. */
  readonly identity: string;
  /** Shown to the person when they try to join; up to 512 bytes. */
  readonly reason: string;
  /** The end of the ban; 0: with the room. */
  readonly untilMs: number;
}

export interface BanResponse {
  readonly answer?: Answer;
}

export interface UnbanRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly identity: string;
}

export interface UnbanResponse {
  readonly answer?: Answer;
}

export interface SetRoleRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly role: Role;
}

export interface SetRoleResponse {
  readonly answer?: Answer;
}

export interface SetGrantsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  /** The complete grants: an absent one is not granted. */
  readonly grants?: Grants;
}

export interface SetGrantsResponse {
  readonly answer?: Answer;
}

export interface SetStreamRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly stream?: MediaFlags;
}

export interface SetStreamResponse {
  readonly answer?: Answer;
}

export interface PublishRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly kinds: readonly TrackKind[];
}

export interface PublishResponse {
  readonly answer?: Answer;
}

export interface UnpublishRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly kinds: readonly TrackKind[];
}

export interface UnpublishResponse {
  readonly answer?: Answer;
}

export interface MuteRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly kinds: readonly TrackKind[];
}

export interface MuteResponse {
  readonly answer?: Answer;
}

export interface UnmuteRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  readonly kinds: readonly TrackKind[];
}

export interface UnmuteResponse {
  readonly answer?: Answer;
}

export interface SetParentGateRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly participantId: string;
  /** Absent: as it is. */
  readonly paused?: boolean;
  readonly audioMuted?: boolean;
  readonly videoMuted?: boolean;
}

export interface SetParentGateResponse {
  readonly answer?: Answer;
  readonly gate?: ParentGate;
}

export interface SetRoomGateRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** Absent: as it is. */
  readonly paused?: boolean;
  readonly audioMuted?: boolean;
  readonly videoMuted?: boolean;
}

export interface SetRoomGateResponse {
  readonly answer?: Answer;
  readonly gate?: ParentGate;
}

/** One wish of a subscriber. */
export interface View {
  readonly participantId: string;
  readonly kind: TrackKind;
  /** Shown before all others. */
  readonly pinned: boolean;
  /** Not shown at all: takes no slot. */
  readonly hidden: boolean;
  /** The largest picture that there is use for, in lines; 0: any. */
  readonly maxHeight: number;
}

export interface SetViewsRequest {
  readonly room: string;
  readonly requestId: string;
  readonly participantId: string;
  /** Replaces all earlier wishes; at most 256. */
  readonly views: readonly View[];
  /** Shows only named participants, even if slots are left. */
  readonly onlyThese: boolean;
}

export interface SetViewsResponse {
}

export interface CreateTokenRequest {
  readonly room: string;
  readonly identity: string;
  readonly displayName: string;
  readonly role: Role;
  /** Absent: everything that the role may. */
  readonly grants?: Grants;
  /** How long the token may be used to join; 0: one hour, at most one day. */
  readonly validForS: number;
}

export interface CreateTokenResponse {
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface CreateRoomRequest {
  /** 1 to 128 characters, the room's public name. */
  readonly room: string;
  readonly requestId: string;
  readonly settings?: RoomSettingsPatch;
}

export interface CreateRoomResponse {
  readonly room?: Room;
}

export interface GetRoomRequest {
  readonly room: string;
}

export interface GetRoomResponse {
  readonly room?: Room;
}

export interface ListRoomsRequest {
  /** The most rooms on a page; 0: 100. */
  readonly pageSize: number;
  /** Rooms whose name follows this one. */
  readonly after: string;
}

export interface ListRoomsResponse {
  readonly rooms: readonly RoomSummary[];
  /** There are more: ask again with `after` set to the last name. */
  readonly more: boolean;
}

export interface UpdateRoomRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  readonly settings?: RoomSettingsPatch;
}

export interface UpdateRoomResponse {
  readonly answer?: Answer;
  readonly settings?: RoomSettings;
}

export interface SetDrainingRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly draining: boolean;
}

export interface SetDrainingResponse {
  readonly answer?: Answer;
}

export interface DeleteRoomRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
}

export interface DeleteRoomResponse {
}

export interface SendMessageRequest {
  readonly room: string;
  readonly requestId: string;
  readonly expectedEpoch?: number;
  readonly expectedVersion?: number;
  readonly asParticipantId: string;
  /** `parent` or a breakout; empty: the sender's own group. */
  readonly groupId: string;
  /** Every group at once; a moderator's. */
  readonly allGroups: boolean;
  /** At most 4,096 bytes. */
  readonly text: string;
}

export interface SendMessageResponse {
  readonly answer?: Answer;
}

export interface ListMovesRequest {
  readonly room: string;
  /** Only this participant, if given. */
  readonly participantId: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** 1,000 if not given, 5,000 at most. */
  readonly pageSize: number;
  /** `last` of the page before. */
  readonly after: number;
}

export interface ListMovesResponse {
  /** The oldest first. */
  readonly moves: readonly Move[];
  /** There are more: ask again with `after`. */
  readonly more: boolean;
  /** The number of the last of these. */
  readonly last: number;
}

export interface ListAttendanceRequest {
  readonly room: string;
  /** Only this identity, if given. */
  readonly identity: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** 1,000 if not given, 5,000 at most. */
  readonly pageSize: number;
  /** `last` of the page before. */
  readonly after: number;
}

export interface ListAttendanceResponse {
  /** The oldest first. */
  readonly rows: readonly Attendance[];
  /** There are more: ask again with `after`. */
  readonly more: boolean;
  /** The number of the last of these. */
  readonly last: number;
}

/** Why a call failed. Programs look at this. */
export type Reason =
  | 'ParticipantCountInvalid'
  | 'ParticipantCountTooLarge'
  | 'ParticipantCountMissing'
  | 'BreakoutLimitReached'
  | 'TokenFailed'
  | 'CreateFailed'
  | 'LectureMode'
  | 'BreakoutsExist'
  | 'NotSupported'
  | 'Disabled'
  | 'JoinFailed'
  | 'HoldFailed'
  | 'BreakoutClosed'
  | 'ResumeFailed'
  | 'DetailsUnreadable'
  | 'LeaveFailed'
  | 'NotAssigned'
  | 'NotFound'
  | 'NotModerator'
  | 'NotInParent'
  | 'Banned'
  | 'AlreadyInBreakout'
  | 'BreakoutFull'
  | 'RoomFull'
  | 'ReturnNotAllowed'
  | 'VideoNotAllowed'
  | 'InvalidArgument'
  | 'BreakoutLocked'
  | 'ScheduleFailed'
  | 'VersionMismatch'
  | 'EpochMismatch'
  | 'Unauthenticated'
  | 'PermissionDenied'
  | 'RateLimited'
  | 'LimitReached'
  | 'TooLarge'
  | 'BadOffer'
  | 'RoomExists'
  | 'SessionGone'
  | 'NoSuchMethod'
  | 'OutOfRange'
  | 'TooSlow'
  | 'Draining'
  | 'StoreFailed'
  | 'Overloaded'
  | 'Internal';
