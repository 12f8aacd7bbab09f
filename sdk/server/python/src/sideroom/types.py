"""The messages and enums of the API.

Generated from crates/rpc/proto by sdk/server/generate. `make generate` writes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Union, cast

from .wire import Field, Message, WireEnum


class Role(WireEnum):
    """A participant's rights by virtue of their role."""

    UNSPECIFIED = "ROLE_UNSPECIFIED"
    PARTICIPANT = "ROLE_PARTICIPANT"
    MODERATOR = "ROLE_MODERATOR"


class RoomMode(WireEnum):
    """How a room is run. Breakouts exist in group mode only."""

    UNSPECIFIED = "ROOM_MODE_UNSPECIFIED"
    GROUP = "ROOM_MODE_GROUP"
    LECTURE = "ROOM_MODE_LECTURE"


class TrackKind(WireEnum):
    """The four kinds of track."""

    UNSPECIFIED = "TRACK_KIND_UNSPECIFIED"
    AUDIO = "TRACK_KIND_AUDIO"
    CAMERA = "TRACK_KIND_CAMERA"
    SCREEN = "TRACK_KIND_SCREEN"
    CANVAS = "TRACK_KIND_CANVAS"


class VideoCodec(WireEnum):
    """The one video codec of a room."""

    UNSPECIFIED = "VIDEO_CODEC_UNSPECIFIED"
    VP8 = "VIDEO_CODEC_VP8"
    H264 = "VIDEO_CODEC_H264"
    VP9 = "VIDEO_CODEC_VP9"
    AV1 = "VIDEO_CODEC_AV1"


class BreakoutState(WireEnum):
    """Whether a breakout can be joined."""

    UNSPECIFIED = "BREAKOUT_STATE_UNSPECIFIED"
    OPEN = "BREAKOUT_STATE_OPEN"
    CLOSED = "BREAKOUT_STATE_CLOSED"


class ParentWhileAway(WireEnum):
    """The parent's media that people who join a breakout still receive."""

    UNSPECIFIED = "PARENT_WHILE_AWAY_UNSPECIFIED"
    LIVE = "PARENT_WHILE_AWAY_LIVE"
    PAUSED = "PARENT_WHILE_AWAY_PAUSED"


class Connection(WireEnum):
    """Whether a participant's transport is up."""

    UNSPECIFIED = "CONNECTION_UNSPECIFIED"
    CONNECTED = "CONNECTION_CONNECTED"
    # The transport is gone; the place is kept for the grace period.
    LOST = "CONNECTION_LOST"
    # Let in, and the transport is not up yet. Only rooms that are read say so; events do not.
    CONNECTING = "CONNECTION_CONNECTING"


class MoveReason(WireEnum):
    """Why somebody changed groups."""

    UNSPECIFIED = "MOVE_REASON_UNSPECIFIED"
    # Joined by itself: after an invitation, an assignment or by self-selection.
    JOINED = "MOVE_REASON_JOINED"
    # An invitation with force_join.
    FORCED = "MOVE_REASON_FORCED"
    # Assigned to a breakout with auto_move that opened, or was open already.
    AUTO_MOVED = "MOVE_REASON_AUTO_MOVED"
    # Left by itself.
    LEFT = "MOVE_REASON_LEFT"
    # A moderator moved them.
    MOVED = "MOVE_REASON_MOVED"
    # The breakouts were shuffled.
    SHUFFLED = "MOVE_REASON_SHUFFLED"
    # The breakouts were cleared.
    CLEARED = "MOVE_REASON_CLEARED"
    # The breakout was destroyed.
    DESTROYED = "MOVE_REASON_DESTROYED"
    # The breakout was closed.
    CLOSED = "MOVE_REASON_CLOSED"
    # The breakouts' time was up.
    TIME_UP = "MOVE_REASON_TIME_UP"
    # Joined the room.
    JOINED_ROOM = "MOVE_REASON_JOINED_ROOM"
    # Left the room.
    LEFT_ROOM = "MOVE_REASON_LEFT_ROOM"
    # A round of a rotation began, or the last one ended.
    ROTATED = "MOVE_REASON_ROTATED"
    # An arrangement was applied.
    ARRANGED = "MOVE_REASON_ARRANGED"


class InvitationEnd(WireEnum):
    """How an invitation ended."""

    UNSPECIFIED = "INVITATION_END_UNSPECIFIED"
    # The invitee is inside: they accepted, or somebody moved them there.
    ACCEPTED = "INVITATION_END_ACCEPTED"
    REJECTED = "INVITATION_END_REJECTED"
    # A moderator or the owner withdrew the invitation, or the breakout is gone.
    WITHDRAWN = "INVITATION_END_WITHDRAWN"
    # The invitee left the room or went into another breakout, or the breakouts' time was up.
    EXPIRED = "INVITATION_END_EXPIRED"


class LeaveReason(WireEnum):
    """Why somebody is no longer in the room."""

    UNSPECIFIED = "LEAVE_REASON_UNSPECIFIED"
    LEFT = "LEAVE_REASON_LEFT"
    REMOVED = "LEAVE_REASON_REMOVED"
    # The grace period after a lost connection ran out.
    CONNECTION_LOST = "LEAVE_REASON_CONNECTION_LOST"
    ROOM_CLOSED = "LEAVE_REASON_ROOM_CLOSED"
    # A moderator banned the person.
    BANNED = "LEAVE_REASON_BANNED"


class BreakoutDetail(WireEnum):
    """The part of a breakout that an account of it holds. Fields left out are not empty: they keep their last
    known value.
    """

    UNSPECIFIED = "BREAKOUT_DETAIL_UNSPECIFIED"
    # The view of people who may choose it or are invited: without owner, invitees, assignees and members.
    SUMMARY = "BREAKOUT_DETAIL_SUMMARY"
    # The view of those inside: without invitees and assignees.
    INSIDE = "BREAKOUT_DETAIL_INSIDE"
    # The view of moderators and the owner.
    FULL = "BREAKOUT_DETAIL_FULL"


class Availability(WireEnum):
    """Whether a room has breakouts at all."""

    UNSPECIFIED = "AVAILABILITY_UNSPECIFIED"
    AVAILABLE = "AVAILABILITY_AVAILABLE"
    # The kind of room has none.
    NOT_SUPPORTED = "AVAILABILITY_NOT_SUPPORTED"
    # The operator switched them off.
    DISABLED = "AVAILABILITY_DISABLED"


class Door(WireEnum):
    """Whether people who may join a breakout go in by themselves."""

    UNSPECIFIED = "DOOR_UNSPECIFIED"
    OPEN = "DOOR_OPEN"
    # Only moderators and the owner come in by themselves.
    LOCKED = "DOOR_LOCKED"
    # Those who are not asked knock; somebody inside or a moderator lets them in.
    KNOCKING = "DOOR_KNOCKING"


class KnockEnd(WireEnum):
    """How a knock ended."""

    UNSPECIFIED = "KNOCK_END_UNSPECIFIED"
    ADMITTED = "KNOCK_END_ADMITTED"
    REFUSED = "KNOCK_END_REFUSED"
    # Nobody answered within a minute.
    EXPIRED = "KNOCK_END_EXPIRED"
    WITHDRAWN = "KNOCK_END_WITHDRAWN"
    # They went elsewhere, or the breakout takes no knocks any more.
    VOID = "KNOCK_END_VOID"


class RotationStep(WireEnum):
    """What is done with a rotation that runs."""

    UNSPECIFIED = "ROTATION_STEP_UNSPECIFIED"
    # The present round lasts until the rotation is resumed.
    PAUSE = "ROTATION_STEP_PAUSE"
    RESUME = "ROTATION_STEP_RESUME"
    # The next round begins at once; after the last one everybody returns.
    SKIP = "ROTATION_STEP_SKIP"
    # No further round begins. People stay where they are.
    END = "ROTATION_STEP_END"


class RotationEnd(WireEnum):
    """How a rotation ended."""

    UNSPECIFIED = "ROTATION_END_UNSPECIFIED"
    # The last round is over; everybody has returned.
    DONE = "ROTATION_END_DONE"
    # A moderator ended it.
    STOPPED = "ROTATION_END_STOPPED"
    # None of its breakouts is open any more.
    VOID = "ROTATION_END_VOID"


@dataclass(kw_only=True)
class Ban(Message):
    """A person who is kept out of the room, whichever way they come."""

    identity: str = ""
    # Shown to the person when they try to join.
    reason: str = ""
    # The end of the ban; 0: with the room.
    until_ms: int = 0
    # The author of the ban: a participant's id or `operator`.
    by: str = ""
    since_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("identity", "identity", "string"),
        Field("reason", "reason", "string"),
        Field("until_ms", "untilMs", "int64"),
        Field("by", "by", "string"),
        Field("since_ms", "sinceMs", "int64"),
    )


@dataclass(kw_only=True)
class Grants(Message):
    """A client's rights beyond the role. Grants bound moderators too."""

    # The kinds of track that the client may publish.
    publish: list[TrackKind] = field(default_factory=list)
    create_breakouts: bool = False
    move_others: bool = False
    listen_in: bool = False
    address_all: bool = False
    create_side_rooms: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("publish", "publish", TrackKind, repeated=True),
        Field("create_breakouts", "createBreakouts", "bool"),
        Field("move_others", "moveOthers", "bool"),
        Field("listen_in", "listenIn", "bool"),
        Field("address_all", "addressAll", "bool"),
        Field("create_side_rooms", "createSideRooms", "bool"),
    )


@dataclass(kw_only=True)
class MediaFlags(Message):
    """One flag for each kind of track: those allowed in a breakout, or taken along into it."""

    audio: bool = False
    camera: bool = False
    screen: bool = False
    canvas: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("audio", "audio", "bool"),
        Field("camera", "camera", "bool"),
        Field("screen", "screen", "bool"),
        Field("canvas", "canvas", "bool"),
    )


@dataclass(kw_only=True)
class ParentGate(Message):
    """The parent's media that do not reach somebody who is away."""

    paused: bool = False
    audio_muted: bool = False
    # Camera, screen and canvas together.
    video_muted: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("paused", "paused", "bool"),
        Field("audio_muted", "audioMuted", "bool"),
        Field("video_muted", "videoMuted", "bool"),
    )


@dataclass(kw_only=True)
class Track(Message):
    """One published track of a participant."""

    id: str = ""
    kind: TrackKind = TrackKind.UNSPECIFIED
    muted_by_publisher: bool = False
    muted_by_moderator: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("id", "id", "string"),
        Field("kind", "kind", TrackKind),
        Field("muted_by_publisher", "mutedByPublisher", "bool"),
        Field("muted_by_moderator", "mutedByModerator", "bool"),
    )


@dataclass(kw_only=True)
class Participant(Message):
    """A person in a room, as one viewer may see them."""

    id: str = ""
    # From the client token; unique in the room.
    identity: str = ""
    display_name: str = ""
    role: Role = Role.UNSPECIFIED
    # Only moderators and the participant see these.
    grants: Grants | None = None
    # Their group: `parent` or the id of a breakout, which only moderators and members of the same breakout
    # see. For others it stays `parent`, and `away` is set.
    group_id: str = ""
    # True: the participant is in a breakout.
    away: bool = False
    # Their tracks, where the viewer can hear or see them.
    tracks: list[Track] = field(default_factory=list)
    connection: Connection = Connection.UNSPECIFIED
    joined_at_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("id", "id", "string"),
        Field("identity", "identity", "string"),
        Field("display_name", "displayName", "string"),
        Field("role", "role", Role),
        Field("grants", "grants", Grants, optional=True),
        Field("group_id", "groupId", "string"),
        Field("away", "away", "bool"),
        Field("tracks", "tracks", Track, repeated=True),
        Field("connection", "connection", Connection),
        Field("joined_at_ms", "joinedAtMs", "int64"),
    )


@dataclass(kw_only=True)
class Breakout(Message):
    """A smaller group split off a room. Moderators see the owner, invitees, assignees and members; members
    see each other.
    """

    id: str = ""
    display_name: str = ""
    # The owner's participant id; empty: the signaling server.
    owner_id: str = ""
    capacity: int = 0
    # How many are inside.
    occupancy: int = 0
    media: MediaFlags | None = None
    state: BreakoutState = BreakoutState.UNSPECIFIED
    # Assigned people are moved without being asked when the breakout opens.
    auto_move: bool = False
    # Anybody may join, without invitation or assignment.
    self_select: bool = False
    # Invited identities without an answer.
    invited_identities: list[str] = field(default_factory=list)
    # Identities that are assigned, whether they are in the room or not.
    assigned_identities: list[str] = field(default_factory=list)
    member_ids: list[str] = field(default_factory=list)
    # The chat thread of this breakout.
    thread_id: str = ""
    # The fields above that are filled in.
    detail: BreakoutDetail = BreakoutDetail.UNSPECIFIED
    door: Door = Door.UNSPECIFIED
    # A participant made it for themselves and those they invite.
    side: bool = False
    # When everybody inside returns and it closes; 0: no set end.
    ends_at_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("id", "id", "string"),
        Field("display_name", "displayName", "string"),
        Field("owner_id", "ownerId", "string"),
        Field("capacity", "capacity", "uint32"),
        Field("occupancy", "occupancy", "uint32"),
        Field("media", "media", MediaFlags, optional=True),
        Field("state", "state", BreakoutState),
        Field("auto_move", "autoMove", "bool"),
        Field("self_select", "selfSelect", "bool"),
        Field("invited_identities", "invitedIdentities", "string", repeated=True),
        Field("assigned_identities", "assignedIdentities", "string", repeated=True),
        Field("member_ids", "memberIds", "string", repeated=True),
        Field("thread_id", "threadId", "string"),
        Field("detail", "detail", BreakoutDetail),
        Field("door", "door", Door),
        Field("side", "side", "bool"),
        Field("ends_at_ms", "endsAtMs", "int64"),
    )


@dataclass(kw_only=True)
class BreakoutSettings(Message):
    """The settings of all breakouts of a room."""

    parent_while_away: ParentWhileAway = ParentWhileAway.UNSPECIFIED
    # People may return to the parent by themselves.
    allow_return: bool = False
    # Anybody may join any open breakout.
    self_select: bool = False
    # When everybody is to return; 0: no end is set.
    ends_at_ms: int = 0
    # How long after the end everybody is returned.
    end_grace_ms: int = 0
    availability: Availability = Availability.UNSPECIFIED
    # Camera video may be switched on for a breakout.
    allow_video: bool = False
    # How long before the end everybody is reminded.
    countdown_ms: list[int] = field(default_factory=list)
    # Those inside a breakout see who listens in. Default: true.
    announce_presence: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("parent_while_away", "parentWhileAway", ParentWhileAway),
        Field("allow_return", "allowReturn", "bool"),
        Field("self_select", "selfSelect", "bool"),
        Field("ends_at_ms", "endsAtMs", "int64"),
        Field("end_grace_ms", "endGraceMs", "uint32"),
        Field("availability", "availability", Availability),
        Field("allow_video", "allowVideo", "bool"),
        Field("countdown_ms", "countdownMs", "uint32", repeated=True),
        Field("announce_presence", "announcePresence", "bool"),
    )


@dataclass(kw_only=True)
class BreakoutSettingsPatch(Message):
    """Changes to the settings of the breakouts: fields that are absent stay as they are."""

    parent_while_away: ParentWhileAway | None = None
    allow_return: bool | None = None
    self_select: bool | None = None
    # In the future; 0 takes the timer away. It also goes when the last open breakout is closed or destroyed.
    ends_at_ms: int | None = None
    end_grace_ms: int | None = None
    # The signaling server's only.
    availability: Availability | None = None
    # The signaling server's only.
    allow_video: bool | None = None
    # From the longest time to the shortest, each once, at most 10; empty: as it is.
    countdown_ms: list[int] = field(default_factory=list)
    # Turns reminders off. Not together with `countdown_ms`.
    no_countdown: bool = False
    # Those inside a breakout see who listens in. Default: true.
    announce_presence: bool | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("parent_while_away", "parentWhileAway", ParentWhileAway, optional=True),
        Field("allow_return", "allowReturn", "bool", optional=True),
        Field("self_select", "selfSelect", "bool", optional=True),
        Field("ends_at_ms", "endsAtMs", "int64", optional=True),
        Field("end_grace_ms", "endGraceMs", "uint32", optional=True),
        Field("availability", "availability", Availability, optional=True),
        Field("allow_video", "allowVideo", "bool", optional=True),
        Field("countdown_ms", "countdownMs", "uint32", repeated=True),
        Field("no_countdown", "noCountdown", "bool"),
        Field("announce_presence", "announcePresence", "bool", optional=True),
    )


@dataclass(kw_only=True)
class RoomSettings(Message):
    """The settings of a room."""

    mode: RoomMode = RoomMode.UNSPECIFIED
    max_active_talkers: int = 0
    max_breakouts: int = 0
    max_participants: int = 0
    reconnect_grace_ms: int = 0
    video_codec: VideoCodec = VideoCodec.UNSPECIFIED
    breakouts: BreakoutSettings | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mode", "mode", RoomMode),
        Field("max_active_talkers", "maxActiveTalkers", "uint32"),
        Field("max_breakouts", "maxBreakouts", "uint32"),
        Field("max_participants", "maxParticipants", "uint32"),
        Field("reconnect_grace_ms", "reconnectGraceMs", "uint32"),
        Field("video_codec", "videoCodec", VideoCodec),
        Field("breakouts", "breakouts", BreakoutSettings, optional=True),
    )


@dataclass(kw_only=True)
class RoomSettingsPatch(Message):
    """Settings for a new room, or changes to a room's: fields that are absent get the default, or stay."""

    mode: RoomMode | None = None
    max_active_talkers: int | None = None
    max_breakouts: int | None = None
    max_participants: int | None = None
    reconnect_grace_ms: int | None = None
    # Counts for those who join from then on.
    video_codec: VideoCodec | None = None
    breakouts: BreakoutSettingsPatch | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mode", "mode", RoomMode, optional=True),
        Field("max_active_talkers", "maxActiveTalkers", "uint32", optional=True),
        Field("max_breakouts", "maxBreakouts", "uint32", optional=True),
        Field("max_participants", "maxParticipants", "uint32", optional=True),
        Field("reconnect_grace_ms", "reconnectGraceMs", "uint32", optional=True),
        Field("video_codec", "videoCodec", VideoCodec, optional=True),
        Field("breakouts", "breakouts", BreakoutSettingsPatch, optional=True),
    )


@dataclass(kw_only=True)
class Addressing(Message):
    """A participant who speaks to every group."""

    participant_id: str = ""
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class HelpRequest(Message):
    """An open request for help."""

    participant_id: str = ""
    group_id: str = ""
    text: str = ""
    at_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("text", "text", "string"),
        Field("at_ms", "atMs", "int64"),
    )


@dataclass(kw_only=True)
class Listening(Message):
    """A participant who hears a breakout without being inside."""

    participant_id: str = ""
    group_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
    )


@dataclass(kw_only=True)
class Invitation(Message):
    """An invitation that waits for the viewer's answer."""

    breakout: Breakout | None = None
    # The participant who asks, or `operator`.
    requestor: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout", "breakout", Breakout, optional=True),
        Field("requestor", "requestor", "string"),
    )


@dataclass(kw_only=True)
class Intercom(Message):
    """A participant speaks to a set of groups and people."""

    # The speaker.
    participant_id: str = ""
    # To everybody.
    all: bool = False
    group_ids: list[str] = field(default_factory=list)
    to_participant_ids: list[str] = field(default_factory=list)
    kinds: list[TrackKind] = field(default_factory=list)
    suspend_own_group: bool = False
    allow_reply: bool = False
    # When it ends by itself; 0: not before it is stopped.
    until_ms: int = 0
    # Those of the addressed who answer now.
    replying_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("all", "all", "bool"),
        Field("group_ids", "groupIds", "string", repeated=True),
        Field("to_participant_ids", "toParticipantIds", "string", repeated=True),
        Field("kinds", "kinds", TrackKind, repeated=True),
        Field("suspend_own_group", "suspendOwnGroup", "bool"),
        Field("allow_reply", "allowReply", "bool"),
        Field("until_ms", "untilMs", "int64"),
        Field("replying_ids", "replyingIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class Knock(Message):
    """Somebody knocks at the door of a breakout."""

    breakout_id: str = ""
    participant_id: str = ""
    # When it ends by itself.
    until_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout_id", "breakoutId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("until_ms", "untilMs", "int64"),
    )


@dataclass(kw_only=True)
class IfLate(Message):
    """What becomes of a scheduled command whose time passed while the server was away."""

    # It is carried out if it is at most this late, at least 1000; else it fails.
    within_ms: int = 0
    # It is carried out however late it is.
    always: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("within_ms", "withinMs", "uint32"),
        Field("always", "always", "bool"),
    )


@dataclass(kw_only=True)
class ScheduledCommand(Message):
    """A command that is carried out later."""

    schedule_id: int = 0
    at_ms: int = 0
    if_late: IfLate | None = None
    # The author: a participant's id or `operator`.
    by: str = ""
    # The name of the command, such as `open`.
    command: str = ""
    # It concerns everybody in the room.
    public: bool = False
    # The participants that it names.
    participant_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("schedule_id", "scheduleId", "uint32"),
        Field("at_ms", "atMs", "int64"),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("by", "by", "string"),
        Field("command", "command", "string"),
        Field("public", "public", "bool"),
        Field("participant_ids", "participantIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class RotationGroup(Message):
    """The people of one breakout in one round."""

    breakout_id: str = ""
    identities: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout_id", "breakoutId", "string"),
        Field("identities", "identities", "string", repeated=True),
    )


@dataclass(kw_only=True)
class RotationRound(Message):
    """One round of a rotation."""

    groups: list[RotationGroup] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("groups", "groups", RotationGroup, repeated=True),
    )


@dataclass(kw_only=True)
class Rotation(Message):
    """Rounds in which people change breakouts."""

    breakout_ids: list[str] = field(default_factory=list)
    rounds: int = 0
    # How many have begun.
    begun: int = 0
    round_ms: int = 0
    # When the present round ends; 0: it is paused.
    next_at_ms: int = 0
    # While it is paused: how much of the present round is left.
    paused_ms: int | None = None
    # The author: a participant's id or `operator`.
    by: str = ""
    # The plan of the rounds that have not begun. For moderators.
    ahead: list[RotationRound] = field(default_factory=list)
    # How often pairs meet that have met before, in the rounds of the plan as it was last made. For moderators.
    repeats: int = 0
    # The seed of the plan. For moderators.
    seed: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("rounds", "rounds", "uint32"),
        Field("begun", "begun", "uint32"),
        Field("round_ms", "roundMs", "uint32"),
        Field("next_at_ms", "nextAtMs", "int64"),
        Field("paused_ms", "pausedMs", "uint32", optional=True),
        Field("by", "by", "string"),
        Field("ahead", "ahead", RotationRound, repeated=True),
        Field("repeats", "repeats", "uint32"),
        Field("seed", "seed", "int64"),
    )


@dataclass(kw_only=True)
class ArrangementSummary(Message):
    """The name and size of an arrangement."""

    name: str = ""
    rooms: int = 0
    # All rooms together.
    identities: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "name", "string"),
        Field("rooms", "rooms", "uint32"),
        Field("identities", "identities", "uint32"),
    )


@dataclass(kw_only=True)
class Room(Message):
    """A room as one viewer may see it: a participant sees themselves, the roster, and the breakouts that concern
    them; a moderator and the signaling server see everything.
    """

    name: str = ""
    settings: RoomSettings | None = None
    # The parent's media that a moderator paused or muted for everybody who is away.
    room_gate: ParentGate | None = None
    participants: list[Participant] = field(default_factory=list)
    # All of them for moderators; else the viewer's own.
    breakouts: list[Breakout] = field(default_factory=list)
    # The number of the last event that this state includes.
    seq: int = 0
    # The version of the routing table.
    epoch: int = 0
    # The viewer's own gate.
    parent_gate: ParentGate | None = None
    # The breakouts that the viewer may choose from by itself.
    selectable: list[Breakout] = field(default_factory=list)
    # The breakout that the viewer is assigned to.
    assigned: Breakout | None = None
    # The breakouts that the viewer is invited to, while the invitations wait for an answer.
    invitations: list[Breakout] = field(default_factory=list)
    addressing: list[Addressing] = field(default_factory=list)
    # All for moderators; else the viewer's own.
    help: list[HelpRequest] = field(default_factory=list)
    # The room admits nobody any more.
    draining: bool = False
    # Only moderators see these.
    bans: list[Ban] = field(default_factory=list)
    # People who listen in: everywhere for moderators; else on the viewer's own breakout, if the room announces
    # presence.
    listening: list[Listening] = field(default_factory=list)
    # The invitations of `invitations`, with their requestors.
    pending_invitations: list[Invitation] = field(default_factory=list)
    # The version of the room's state: it moves with every change, not with talkers, views or texts.
    version: int = 0
    # Intercoms other than announcements to everybody: all for moderators; else the viewer's own and those that
    # address the viewer.
    intercoms: list[Intercom] = field(default_factory=list)
    # All for moderators; else the viewer's own and those at the viewer's breakout.
    knocks: list[Knock] = field(default_factory=list)
    # All for moderators; else those that concern the viewer.
    schedules: list[ScheduledCommand] = field(default_factory=list)
    # The rotation that runs; moderators see its plan.
    rotation: Rotation | None = None
    # For moderators.
    arrangements: list[ArrangementSummary] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "name", "string"),
        Field("settings", "settings", RoomSettings, optional=True),
        Field("room_gate", "roomGate", ParentGate, optional=True),
        Field("participants", "participants", Participant, repeated=True),
        Field("breakouts", "breakouts", Breakout, repeated=True),
        Field("seq", "seq", "int64"),
        Field("epoch", "epoch", "int64"),
        Field("parent_gate", "parentGate", ParentGate, optional=True),
        Field("selectable", "selectable", Breakout, repeated=True),
        Field("assigned", "assigned", Breakout, optional=True),
        Field("invitations", "invitations", Breakout, repeated=True),
        Field("addressing", "addressing", Addressing, repeated=True),
        Field("help", "help", HelpRequest, repeated=True),
        Field("draining", "draining", "bool"),
        Field("bans", "bans", Ban, repeated=True),
        Field("listening", "listening", Listening, repeated=True),
        Field("pending_invitations", "pendingInvitations", Invitation, repeated=True),
        Field("version", "version", "int64"),
        Field("intercoms", "intercoms", Intercom, repeated=True),
        Field("knocks", "knocks", Knock, repeated=True),
        Field("schedules", "schedules", ScheduledCommand, repeated=True),
        Field("rotation", "rotation", Rotation, optional=True),
        Field("arrangements", "arrangements", ArrangementSummary, repeated=True),
    )


@dataclass(kw_only=True)
class RoomSummary(Message):
    """One line of the list of rooms."""

    name: str = ""
    participants: int = 0
    breakouts: int = 0
    created_at_ms: int = 0
    seq: int = 0
    epoch: int = 0
    version: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "name", "string"),
        Field("participants", "participants", "uint32"),
        Field("breakouts", "breakouts", "uint32"),
        Field("created_at_ms", "createdAtMs", "int64"),
        Field("seq", "seq", "int64"),
        Field("epoch", "epoch", "int64"),
        Field("version", "version", "int64"),
    )


@dataclass(kw_only=True)
class MoveForecast(Message):
    """A move that a command would make."""

    participant_id: str = ""
    from_group_id: str = ""
    to_group_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("from_group_id", "fromGroupId", "string"),
        Field("to_group_id", "toGroupId", "string"),
    )


@dataclass(kw_only=True)
class DryRun(Message):
    """What a command would do."""

    # Those whom it would move.
    moves: list[MoveForecast] = field(default_factory=list)
    # The streams that leave the server now, and that would leave it, all subscribers together.
    audio_streams_before: int = 0
    video_streams_before: int = 0
    audio_streams_after: int = 0
    video_streams_after: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("moves", "moves", MoveForecast, repeated=True),
        Field("audio_streams_before", "audioStreamsBefore", "uint32"),
        Field("video_streams_before", "videoStreamsBefore", "uint32"),
        Field("audio_streams_after", "audioStreamsAfter", "uint32"),
        Field("video_streams_after", "videoStreamsAfter", "uint32"),
    )


@dataclass(kw_only=True)
class Answer(Message):
    """The answer to every command."""

    # The epoch from which the routing table obeys: no later packet follows an older one.
    epoch: int = 0
    # The number of the last event that the command caused.
    seq: int = 0
    # The request id was seen before: this is the first answer again, nothing was done twice.
    replayed: bool = False
    # The version of the room's state that the command led to.
    version: int = 0
    # With `at_ms`: the schedule. Nothing else of the response is filled in.
    schedule: ScheduledCommand | None = None
    # With `dry_run`: what the command would do. The response is the one that it would have.
    dry_run: DryRun | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("epoch", "epoch", "int64"),
        Field("seq", "seq", "int64"),
        Field("replayed", "replayed", "bool"),
        Field("version", "version", "int64"),
        Field("schedule", "schedule", ScheduledCommand, optional=True),
        Field("dry_run", "dryRun", DryRun, optional=True),
    )


@dataclass(kw_only=True)
class Move(Message):
    """One stay in a group: the person, the times, and the reason."""

    participant_id: str = ""
    identity: str = ""
    group_id: str = ""
    from_ms: int = 0
    # 0: it is still there.
    until_ms: int = 0
    reason: MoveReason = MoveReason.UNSPECIFIED
    # The author: a participant's id, `operator` or `system`.
    by: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("identity", "identity", "string"),
        Field("group_id", "groupId", "string"),
        Field("from_ms", "fromMs", "int64"),
        Field("until_ms", "untilMs", "int64"),
        Field("reason", "reason", MoveReason),
        Field("by", "by", "string"),
    )


@dataclass(kw_only=True)
class ArrangedRoom(Message):
    """One room of an arrangement."""

    # The name of the breakout.
    name: str = ""
    # How many the breakout holds if it is created; absent: as many as the room allows.
    capacity: int | None = None
    # Those who belong there, whether they are in the room or not.
    identities: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("name", "name", "string"),
        Field("capacity", "capacity", "uint32", optional=True),
        Field("identities", "identities", "string", repeated=True),
    )


@dataclass(kw_only=True)
class Absence(Message):
    """A time without a connection."""

    from_ms: int = 0
    # 0: it lasts.
    until_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("from_ms", "fromMs", "int64"),
        Field("until_ms", "untilMs", "int64"),
    )


@dataclass(kw_only=True)
class Attendance(Message):
    """A stay in one group, and how much of it somebody was connected."""

    identity: str = ""
    participant_id: str = ""
    group_id: str = ""
    from_ms: int = 0
    # 0: it lasts.
    until_ms: int = 0
    # Why it began.
    reason: MoveReason = MoveReason.UNSPECIFIED
    # The author of the move to there: a participant's id, `operator` or `system`.
    by: str = ""
    # Why it ended; unspecified: it lasts.
    end_reason: MoveReason = MoveReason.UNSPECIFIED
    # How long they were connected, until now if it lasts.
    connected_ms: int = 0
    # When they were not connected.
    absences: list[Absence] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("identity", "identity", "string"),
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("from_ms", "fromMs", "int64"),
        Field("until_ms", "untilMs", "int64"),
        Field("reason", "reason", MoveReason),
        Field("by", "by", "string"),
        Field("end_reason", "endReason", MoveReason),
        Field("connected_ms", "connectedMs", "int64"),
        Field("absences", "absences", Absence, repeated=True),
    )


@dataclass(kw_only=True)
class BreakoutDefinition(Message):
    """The settings of a new breakout."""

    # Number of breakouts: 1 to the room's max_breakouts, counting those that exist.
    max_rooms: int = 0
    # Capacity of each breakout: 2 to max_active_talkers - 1.
    participants: int | None = None
    media: MediaFlags | None = None
    # Names, in order; those that are missing are called `Breakout N`.
    names: list[str] = field(default_factory=list)
    # Absent: open.
    state: BreakoutState | None = None
    auto_move: bool = False
    # Anybody may join, without invitation or assignment.
    self_select: bool = False
    # Absent: open.
    door: Door | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("max_rooms", "maxRooms", "uint32"),
        Field("participants", "participants", "int64", optional=True),
        Field("media", "media", MediaFlags, optional=True),
        Field("names", "names", "string", repeated=True),
        Field("state", "state", BreakoutState, optional=True),
        Field("auto_move", "autoMove", "bool"),
        Field("self_select", "selfSelect", "bool"),
        Field("door", "door", Door, optional=True),
    )


@dataclass(kw_only=True)
class CreateBreakoutsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    definition: BreakoutDefinition | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("definition", "definition", BreakoutDefinition, optional=True),
    )


@dataclass(kw_only=True)
class CreateBreakoutsResponse(Message):
    answer: Answer | None = None
    breakouts: list[Breakout] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakouts", "breakouts", Breakout, repeated=True),
    )


@dataclass(kw_only=True)
class CreateAndInviteRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    definition: BreakoutDefinition | None = None
    # Moves people without asking.
    force_join: bool = False
    # Makes the distribution repeatable.
    seed: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("definition", "definition", BreakoutDefinition, optional=True),
        Field("force_join", "forceJoin", "bool"),
        Field("seed", "seed", "int64", optional=True),
    )


@dataclass(kw_only=True)
class Placement(Message):
    """A person and their breakout."""

    participant_id: str = ""
    breakout_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
    )


@dataclass(kw_only=True)
class CreateAndInviteResponse(Message):
    answer: Answer | None = None
    breakouts: list[Breakout] = field(default_factory=list)
    # People left over, who stay in the parent.
    left_over_ids: list[str] = field(default_factory=list)
    # People who were invited, or with force_join moved, and their breakouts.
    placed: list[Placement] = field(default_factory=list)
    # The seed of the distribution.
    seed: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakouts", "breakouts", Breakout, repeated=True),
        Field("left_over_ids", "leftOverIds", "string", repeated=True),
        Field("placed", "placed", Placement, repeated=True),
        Field("seed", "seed", "int64", optional=True),
    )


@dataclass(kw_only=True)
class UpdateBreakoutRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    breakout_id: str = ""
    # Absent: as it is.
    display_name: str | None = None
    capacity: int | None = None
    media: MediaFlags | None = None
    auto_move: bool | None = None
    self_select: bool | None = None
    # Names another moderator as owner.
    owner_id: str | None = None
    # The app's own chat thread.
    thread_id: str | None = None
    door: Door | None = None
    # When everybody inside returns and it closes; 0: no set end.
    ends_at_ms: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_id", "breakoutId", "string"),
        Field("display_name", "displayName", "string", optional=True),
        Field("capacity", "capacity", "uint32", optional=True),
        Field("media", "media", MediaFlags, optional=True),
        Field("auto_move", "autoMove", "bool", optional=True),
        Field("self_select", "selfSelect", "bool", optional=True),
        Field("owner_id", "ownerId", "string", optional=True),
        Field("thread_id", "threadId", "string", optional=True),
        Field("door", "door", Door, optional=True),
        Field("ends_at_ms", "endsAtMs", "int64", optional=True),
    )


@dataclass(kw_only=True)
class UpdateBreakoutResponse(Message):
    answer: Answer | None = None
    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class OpenBreakoutsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # Empty: all.
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class MoveTarget(Message):
    """A person and their destination."""

    participant_id: str = ""
    # `parent` or a breakout.
    to_group_id: str = ""
    # The tracks to take along. Absent: every kind that is allowed there.
    stream_info: MediaFlags | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("to_group_id", "toGroupId", "string"),
        Field("stream_info", "streamInfo", MediaFlags, optional=True),
    )


@dataclass(kw_only=True)
class OpenBreakoutsResponse(Message):
    answer: Answer | None = None
    breakout_ids: list[str] = field(default_factory=list)
    # The people it moved, with their new groups.
    moved: list[MoveTarget] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("moved", "moved", MoveTarget, repeated=True),
    )


@dataclass(kw_only=True)
class CloseBreakoutsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # Empty: all.
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class CloseBreakoutsResponse(Message):
    answer: Answer | None = None
    breakout_ids: list[str] = field(default_factory=list)
    returned_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("returned_ids", "returnedIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class UpdateSettingsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    settings: BreakoutSettingsPatch | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("settings", "settings", BreakoutSettingsPatch, optional=True),
    )


@dataclass(kw_only=True)
class UpdateSettingsResponse(Message):
    answer: Answer | None = None
    settings: BreakoutSettings | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("settings", "settings", BreakoutSettings, optional=True),
    )


@dataclass(kw_only=True)
class InviteRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    breakout_id: str = ""
    participant_ids: list[str] = field(default_factory=list)
    force_join: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_id", "breakoutId", "string"),
        Field("participant_ids", "participantIds", "string", repeated=True),
        Field("force_join", "forceJoin", "bool"),
    )


@dataclass(kw_only=True)
class InviteResponse(Message):
    answer: Answer | None = None
    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class WithdrawInvitesRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    breakout_id: str = ""
    participant_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_id", "breakoutId", "string"),
        Field("participant_ids", "participantIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class WithdrawInvitesResponse(Message):
    answer: Answer | None = None
    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class RejectInviteRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""
    breakout_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
    )


@dataclass(kw_only=True)
class RejectInviteResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class AssignRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    breakout_id: str = ""
    identities: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_id", "breakoutId", "string"),
        Field("identities", "identities", "string", repeated=True),
    )


@dataclass(kw_only=True)
class AssignResponse(Message):
    answer: Answer | None = None
    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class UnassignRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    identities: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("identities", "identities", "string", repeated=True),
    )


@dataclass(kw_only=True)
class UnassignResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class JoinBreakoutRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""
    # Empty: the breakout that the participant is assigned to or invited into, if there is only one.
    breakout_id: str = ""
    # The tracks to take along. Absent: every kind that is allowed there.
    stream_info: MediaFlags | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
        Field("stream_info", "streamInfo", MediaFlags, optional=True),
    )


@dataclass(kw_only=True)
class JoinBreakoutResponse(Message):
    answer: Answer | None = None
    participant_id: str = ""
    # The participant's group after the command.
    group_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
    )


@dataclass(kw_only=True)
class LeaveBreakoutRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class LeaveBreakoutResponse(Message):
    answer: Answer | None = None
    participant_id: str = ""
    # The participant's group after the command.
    group_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
    )


@dataclass(kw_only=True)
class MoveParticipantsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    moves: list[MoveTarget] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("moves", "moves", MoveTarget, repeated=True),
    )


@dataclass(kw_only=True)
class MoveParticipantsResponse(Message):
    answer: Answer | None = None
    moved: list[MoveTarget] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("moved", "moved", MoveTarget, repeated=True),
    )


@dataclass(kw_only=True)
class ShuffleRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    seed: int | None = None
    # Over which; empty: all.
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("seed", "seed", "int64", optional=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class ShuffleResponse(Message):
    answer: Answer | None = None
    left_over_ids: list[str] = field(default_factory=list)
    placed: list[Placement] = field(default_factory=list)
    seed: int | None = None
    breakouts: list[Breakout] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("left_over_ids", "leftOverIds", "string", repeated=True),
        Field("placed", "placed", Placement, repeated=True),
        Field("seed", "seed", "int64", optional=True),
        Field("breakouts", "breakouts", Breakout, repeated=True),
    )


@dataclass(kw_only=True)
class ClearBreakoutsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # Empty: all.
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class ClearBreakoutsResponse(Message):
    answer: Answer | None = None
    returned_ids: list[str] = field(default_factory=list)
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("returned_ids", "returnedIds", "string", repeated=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class DestroyBreakoutsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # Empty: all.
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class DestroyBreakoutsResponse(Message):
    answer: Answer | None = None
    returned_ids: list[str] = field(default_factory=list)
    breakout_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("returned_ids", "returnedIds", "string", repeated=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class StartAddressAllRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # The moderator who speaks.
    participant_id: str = ""
    # Empty: audio.
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class StartAddressAllResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StopAddressAllRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class StopAddressAllResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StartListeningRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # The moderator who listens.
    participant_id: str = ""
    group_id: str = ""
    # Their own group hears nothing of them meanwhile.
    follow: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("follow", "follow", "bool"),
    )


@dataclass(kw_only=True)
class StartListeningResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StopListeningRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class StopListeningResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class RaiseHelpRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""
    # At most 512 bytes.
    text: str = ""
    # Takes the call back.
    withdraw: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("text", "text", "string"),
        Field("withdraw", "withdraw", "bool"),
    )


@dataclass(kw_only=True)
class RaiseHelpResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class AnswerHelpRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""
    # The message to the group; at most 512 bytes.
    text: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("text", "text", "string"),
    )


@dataclass(kw_only=True)
class AnswerHelpResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StartIntercomRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # The moderator who speaks.
    participant_id: str = ""
    # Empty: audio.
    kinds: list[TrackKind] = field(default_factory=list)
    # Everybody, in every group. Not together with the next two.
    all: bool = False
    # `parent` or breakouts.
    group_ids: list[str] = field(default_factory=list)
    # People, wherever they are.
    to_participant_ids: list[str] = field(default_factory=list)
    # The speaker's own group hears none of these kinds meanwhile, unless it is addressed.
    suspend_own_group: bool = False
    # The addressed may answer within the same set.
    allow_reply: bool = False
    # When it ends by itself, from now on; absent: not before it is stopped.
    limit_ms: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
        Field("all", "all", "bool"),
        Field("group_ids", "groupIds", "string", repeated=True),
        Field("to_participant_ids", "toParticipantIds", "string", repeated=True),
        Field("suspend_own_group", "suspendOwnGroup", "bool"),
        Field("allow_reply", "allowReply", "bool"),
        Field("limit_ms", "limitMs", "uint32", optional=True),
    )


@dataclass(kw_only=True)
class StartIntercomResponse(Message):
    answer: Answer | None = None
    intercom: Intercom | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("intercom", "intercom", Intercom, optional=True),
    )


@dataclass(kw_only=True)
class StopIntercomRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class StopIntercomResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StartReplyRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    # The speaker of the intercom.
    speaker_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("speaker_id", "speakerId", "string"),
    )


@dataclass(kw_only=True)
class StartReplyResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StopReplyRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class StopReplyResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class KnockRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    breakout_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
    )


@dataclass(kw_only=True)
class KnockResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StopKnockingRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    breakout_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
    )


@dataclass(kw_only=True)
class StopKnockingResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class AnswerKnockRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # The participant who knocks.
    participant_id: str = ""
    breakout_id: str = ""
    # False: they are sent away.
    admit: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
        Field("admit", "admit", "bool"),
    )


@dataclass(kw_only=True)
class AnswerKnockResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class CreateSideRoomRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # The participant who makes it, owns it and goes in.
    participant_id: str = ""
    # Absent: it is named after them.
    display_name: str | None = None
    # Absent: as many as the room allows.
    capacity: int | None = None
    # Absent: all but the camera.
    media: MediaFlags | None = None
    # Absent: open.
    door: Door | None = None
    invite_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("participant_id", "participantId", "string"),
        Field("display_name", "displayName", "string", optional=True),
        Field("capacity", "capacity", "uint32", optional=True),
        Field("media", "media", MediaFlags, optional=True),
        Field("door", "door", Door, optional=True),
        Field("invite_ids", "inviteIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class CreateSideRoomResponse(Message):
    answer: Answer | None = None
    breakouts: list[Breakout] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakouts", "breakouts", Breakout, repeated=True),
    )


@dataclass(kw_only=True)
class ChangeScheduleRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    schedule_id: int = 0
    at_ms: int | None = None
    if_late: IfLate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("schedule_id", "scheduleId", "uint32"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
    )


@dataclass(kw_only=True)
class ChangeScheduleResponse(Message):
    answer: Answer | None = None
    schedule: ScheduledCommand | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("schedule", "schedule", ScheduledCommand, optional=True),
    )


@dataclass(kw_only=True)
class CancelScheduleRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    schedule_id: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("schedule_id", "scheduleId", "uint32"),
    )


@dataclass(kw_only=True)
class CancelScheduleResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class StartRotationRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    # Between which; empty: all but side rooms.
    breakout_ids: list[str] = field(default_factory=list)
    # 1 to 50.
    rounds: int = 0
    # How long each lasts, from 1,000 to 86,400,000.
    round_ms: int = 0
    # Repeats a plan for the same people; absent: the room draws one.
    seed: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("rounds", "rounds", "uint32"),
        Field("round_ms", "roundMs", "uint32"),
        Field("seed", "seed", "int64", optional=True),
    )


@dataclass(kw_only=True)
class StartRotationResponse(Message):
    answer: Answer | None = None
    # With its plan.
    rotation: Rotation | None = None
    placed: list[Placement] = field(default_factory=list)
    # Those who found no place in the first round; they stay in the parent.
    left_over_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("rotation", "rotation", Rotation, optional=True),
        Field("placed", "placed", Placement, repeated=True),
        Field("left_over_ids", "leftOverIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class ChangeRotationRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    step: RotationStep = RotationStep.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("step", "step", RotationStep),
    )


@dataclass(kw_only=True)
class ChangeRotationResponse(Message):
    answer: Answer | None = None
    # As it is now; absent: it is over.
    rotation: Rotation | None = None
    # If a round began.
    placed: list[Placement] = field(default_factory=list)
    left_over_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("rotation", "rotation", Rotation, optional=True),
        Field("placed", "placed", Placement, repeated=True),
        Field("left_over_ids", "leftOverIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class SaveArrangementRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # 1 to 128 characters.
    name: str = ""
    # One of these three. A pasted list or CSV: the name of a room and then identities on each line, apart by commas,
    # semicolons or tabs.
    list_: str = ""
    rooms: list[ArrangedRoom] = field(default_factory=list)
    # The breakouts as they are, with those who are inside or assigned.
    as_it_stands: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("name", "name", "string"),
        Field("list_", "list", "string"),
        Field("rooms", "rooms", ArrangedRoom, repeated=True),
        Field("as_it_stands", "asItStands", "bool"),
    )


@dataclass(kw_only=True)
class SaveArrangementResponse(Message):
    answer: Answer | None = None
    arrangement: ArrangementSummary | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("arrangement", "arrangement", ArrangementSummary, optional=True),
    )


@dataclass(kw_only=True)
class GetArrangementRequest(Message):
    room: str = ""
    name: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("name", "name", "string"),
    )


@dataclass(kw_only=True)
class GetArrangementResponse(Message):
    rooms: list[ArrangedRoom] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("rooms", "rooms", ArrangedRoom, repeated=True),
    )


@dataclass(kw_only=True)
class RemoveArrangementRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    name: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("name", "name", "string"),
    )


@dataclass(kw_only=True)
class RemoveArrangementResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class ApplyArrangementRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Carries it out then, by the rules of that moment; the answer names the schedule.
    at_ms: int | None = None
    # With `at_ms`. Absent: carried out if it is at most 30 seconds late.
    if_late: IfLate | None = None
    # Says what it would do, in the answer's `dry_run`. Nothing changes, and no request id is used.
    dry_run: bool = False
    name: str = ""
    # Opens the breakouts and moves everybody who is here, in one step.
    open: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("at_ms", "atMs", "int64", optional=True),
        Field("if_late", "ifLate", IfLate, optional=True),
        Field("dry_run", "dryRun", "bool"),
        Field("name", "name", "string"),
        Field("open", "open", "bool"),
    )


@dataclass(kw_only=True)
class ApplyArrangementResponse(Message):
    answer: Answer | None = None
    # In the order of its rooms.
    breakout_ids: list[str] = field(default_factory=list)
    # Those who were moved.
    placed: list[Placement] = field(default_factory=list)
    # Those who are not in the room: they are assigned.
    absent_identities: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("placed", "placed", Placement, repeated=True),
        Field("absent_identities", "absentIdentities", "string", repeated=True),
    )


@dataclass(kw_only=True)
class WatchRequest(Message):
    room: str = ""
    # The number of the last event that the caller has.
    after_seq: int | None = None
    # Includes messages without a number: talkers, slots, layers.
    include_volatile: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("after_seq", "afterSeq", "int64", optional=True),
        Field("include_volatile", "includeVolatile", "bool"),
    )


@dataclass(kw_only=True)
class RoomUpdated(Message):
    """To everybody: mode or other settings of the room."""

    settings: RoomSettings | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("settings", "settings", RoomSettings, optional=True),
    )


@dataclass(kw_only=True)
class RoomClosed(Message):
    """To everybody, and the last event of a room."""


@dataclass(kw_only=True)
class ParticipantJoined(Message):
    """Sent to everybody."""

    participant: Participant | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant", "participant", Participant, optional=True),
    )


@dataclass(kw_only=True)
class ParticipantLeft(Message):
    """Sent to everybody."""

    participant_id: str = ""
    reason: LeaveReason = LeaveReason.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("reason", "reason", LeaveReason),
    )


@dataclass(kw_only=True)
class ConnectionChanged(Message):
    """Sent to everybody."""

    participant_id: str = ""
    connection: Connection = Connection.UNSPECIFIED
    # With CONNECTION_LOST: the end of the grace period.
    until_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("connection", "connection", Connection),
        Field("until_ms", "untilMs", "int64"),
    )


@dataclass(kw_only=True)
class RoleChanged(Message):
    """Sent to everybody. The participant whose role changed takes a fresh snapshot, since they see more or less from
    now on.
    """

    participant_id: str = ""
    role: Role = Role.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("role", "role", Role),
    )


@dataclass(kw_only=True)
class GrantsChanged(Message):
    """To the participant and the moderators."""

    participant_id: str = ""
    grants: Grants | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("grants", "grants", Grants, optional=True),
    )


@dataclass(kw_only=True)
class TrackPublished(Message):
    """Sent to everybody if the publisher is in the parent, else to their breakout and the moderators."""

    participant_id: str = ""
    group_id: str = ""
    track: Track | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("track", "track", Track, optional=True),
    )


@dataclass(kw_only=True)
class TrackUnpublished(Message):
    """To the same as its publication."""

    participant_id: str = ""
    group_id: str = ""
    track: Track | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("track", "track", Track, optional=True),
    )


@dataclass(kw_only=True)
class MuteChanged(Message):
    """Sent to the same: all kinds of a participant that are muted now, and by whom (`by` of the event names the
    moderator).
    """

    participant_id: str = ""
    group_id: str = ""
    by_publisher: list[TrackKind] = field(default_factory=list)
    by_moderator: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("by_publisher", "byPublisher", TrackKind, repeated=True),
        Field("by_moderator", "byModerator", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class StreamChanged(Message):
    """To the same: which kinds it brings into its breakout; the others go nowhere."""

    participant_id: str = ""
    group_id: str = ""
    stream: MediaFlags | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("stream", "stream", MediaFlags, optional=True),
    )


@dataclass(kw_only=True)
class ParentGateChanged(Message):
    """To the participant and the moderators."""

    participant_id: str = ""
    gate: ParentGate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("gate", "gate", ParentGate, optional=True),
    )


@dataclass(kw_only=True)
class RoomGateChanged(Message):
    """Sent to everybody."""

    gate: ParentGate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("gate", "gate", ParentGate, optional=True),
    )


@dataclass(kw_only=True)
class MessageSent(Message):
    """To the group, or to everybody."""

    from_: str = ""
    # Empty: to every group.
    group_id: str = ""
    text: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("from_", "from", "string"),
        Field("group_id", "groupId", "string"),
        Field("text", "text", "string"),
    )


@dataclass(kw_only=True)
class DrainingChanged(Message):
    """Sent to everybody: the room admits nobody any more, or admits people again."""

    draining: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("draining", "draining", "bool"),
    )


@dataclass(kw_only=True)
class BreakoutsCreated(Message):
    """To the moderators."""

    breakouts: list[Breakout] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakouts", "breakouts", Breakout, repeated=True),
    )


@dataclass(kw_only=True)
class BreakoutUpdated(Message):
    """To moderators: a breakout was opened, closed or renamed, or has another owner, invitees, assignees or members.
    To those inside and invited: the name, occupancy, state or media changed; sent without invitees and the like.
    People assigned to the breakout get AssignmentChanged.
    """

    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class BreakoutsDestroyed(Message):
    """To the moderators, the owner and those who were inside; to those who were invited, without the members."""

    breakout_ids: list[str] = field(default_factory=list)
    # The members until then.
    member_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout_ids", "breakoutIds", "string", repeated=True),
        Field("member_ids", "memberIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class SelectableBreakouts(Message):
    """To everybody: the breakouts that anybody may choose from, all of them, as they are now."""

    breakouts: list[Breakout] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakouts", "breakouts", Breakout, repeated=True),
    )


@dataclass(kw_only=True)
class SettingsChanged(Message):
    """Sent to everybody."""

    settings: BreakoutSettings | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("settings", "settings", BreakoutSettings, optional=True),
    )


@dataclass(kw_only=True)
class InvitationReceived(Message):
    """To the invitee and the moderators. With `forced` it is moved in the same step, and not asked."""

    participant_id: str = ""
    breakout: Breakout | None = None
    requestor: str = ""
    forced: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("breakout", "breakout", Breakout, optional=True),
        Field("requestor", "requestor", "string"),
        Field("forced", "forced", "bool"),
    )


@dataclass(kw_only=True)
class InvitationRejected(Message):
    """To the moderators."""

    participant_id: str = ""
    breakout_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
    )


@dataclass(kw_only=True)
class AssignmentChanged(Message):
    """Sent to the assignee: their new assignment, or a change of that breakout (opened, closed, renamed)."""

    participant_id: str = ""
    # Absent: no longer assigned.
    breakout: Breakout | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("breakout", "breakout", Breakout, optional=True),
    )


@dataclass(kw_only=True)
class ParticipantMoved(Message):
    """Sent to the participants who moved and the moderators. A move is this one event, whatever caused it."""

    participant_id: str = ""
    from_group_id: str = ""
    to_group_id: str = ""
    reason: MoveReason = MoveReason.UNSPECIFIED
    by: str = ""
    # The breakout moved into, as those inside see it.
    breakout: Breakout | None = None
    # The parent's media that do not reach them now.
    gate: ParentGate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("from_group_id", "fromGroupId", "string"),
        Field("to_group_id", "toGroupId", "string"),
        Field("reason", "reason", MoveReason),
        Field("by", "by", "string"),
        Field("breakout", "breakout", Breakout, optional=True),
        Field("gate", "gate", ParentGate, optional=True),
    )


@dataclass(kw_only=True)
class MembersChanged(Message):
    """Sent to those inside: people who came or went."""

    breakout_id: str = ""
    joined_ids: list[str] = field(default_factory=list)
    left_ids: list[str] = field(default_factory=list)
    # If somebody came: everybody inside, with their tracks. Their grants are left out.
    people: list[Participant] = field(default_factory=list)
    # If somebody came: those who listen in, as far as those inside may know.
    listener_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("breakout_id", "breakoutId", "string"),
        Field("joined_ids", "joinedIds", "string", repeated=True),
        Field("left_ids", "leftIds", "string", repeated=True),
        Field("people", "people", Participant, repeated=True),
        Field("listener_ids", "listenerIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class AwayChanged(Message):
    """Sent to everybody: people who went away into a breakout, and people back in the parent."""

    away_ids: list[str] = field(default_factory=list)
    back_ids: list[str] = field(default_factory=list)
    # The people who are back, with tracks and without grants.
    people: list[Participant] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("away_ids", "awayIds", "string", repeated=True),
        Field("back_ids", "backIds", "string", repeated=True),
        Field("people", "people", Participant, repeated=True),
    )


@dataclass(kw_only=True)
class TimerTicked(Message):
    """To everybody: the end of the breakouts comes near, or is reached and the grace period runs."""

    # When the breakouts end; with `in_grace` when everybody is returned.
    ends_at_ms: int = 0
    remaining_ms: int = 0
    in_grace: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("ends_at_ms", "endsAtMs", "int64"),
        Field("remaining_ms", "remainingMs", "int64"),
        Field("in_grace", "inGrace", "bool"),
    )


@dataclass(kw_only=True)
class AddressAllChanged(Message):
    """Sent to everybody."""

    participant_id: str = ""
    # Empty: stopped.
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class ListeningChanged(Message):
    """To the listener and the moderators, and to those inside if the room announces presence: somebody hears
    the breakout without being in it.
    """

    participant_id: str = ""
    group_id: str = ""
    # False: no longer.
    listening: bool = False
    # If it begins: the breakout as those inside see it, everybody inside with their tracks, and those who
    # listen in as far as those inside may know.
    breakout: Breakout | None = None
    people: list[Participant] = field(default_factory=list)
    listener_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("listening", "listening", "bool"),
        Field("breakout", "breakout", Breakout, optional=True),
        Field("people", "people", Participant, repeated=True),
        Field("listener_ids", "listenerIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class HelpChanged(Message):
    """Sent to the participant who asks and the moderators; the end is sent to the whole group. A call also ends
    when its author goes to another group.
    """

    participant_id: str = ""
    group_id: str = ""
    # The text of the request or of the answer.
    text: str = ""
    # True: help is asked for. False: the request was withdrawn or answered.
    raised: bool = False
    # The person who answered; the same as `participant_id`: withdrawn.
    answered_by: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("text", "text", "string"),
        Field("raised", "raised", "bool"),
        Field("answered_by", "answeredBy", "string"),
    )


@dataclass(kw_only=True)
class BanChanged(Message):
    """Sent to moderators."""

    identity: str = ""
    # The ban now; absent: it was lifted.
    ban: Ban | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("identity", "identity", "string"),
        Field("ban", "ban", Ban, optional=True),
    )


@dataclass(kw_only=True)
class ParticipantRenamed(Message):
    """To everybody: somebody came back under another name."""

    participant_id: str = ""
    display_name: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("display_name", "displayName", "string"),
    )


@dataclass(kw_only=True)
class InvitationEnded(Message):
    """To the invitee, the moderators and the owner: the invitation waits no longer for an answer."""

    participant_id: str = ""
    breakout_id: str = ""
    end: InvitationEnd = InvitationEnd.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("breakout_id", "breakoutId", "string"),
        Field("end", "end", InvitationEnd),
    )


@dataclass(kw_only=True)
class IntercomChanged(Message):
    """To the speaker, the addressed and the moderators: somebody speaks to a set of groups and people, in another
    way than before. Sent to those as well who come to where an intercom reaches them.
    """

    intercom: Intercom | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("intercom", "intercom", Intercom, optional=True),
    )


@dataclass(kw_only=True)
class IntercomStopped(Message):
    """To the same, as they were addressed. Sent to those as well who go to where it does not reach them."""

    # The speaker.
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class KnockChanged(Message):
    """To the one who knocks, those inside and the moderators. Sent to those as well who come in while others knock.
    """

    knocks: list[Knock] = field(default_factory=list)
    # How it ended; unspecified: it waits for an answer.
    end: KnockEnd = KnockEnd.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("knocks", "knocks", Knock, repeated=True),
        Field("end", "end", KnockEnd),
    )


@dataclass(kw_only=True)
class ScheduleChanged(Message):
    """To everybody, or to the author, those whom the command names and the moderators: a command was scheduled,
    or its schedule changed or ended.
    """

    schedule: ScheduledCommand | None = None
    # It waits no longer: it was carried out, or cancelled.
    done: bool = False
    cancelled: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("schedule", "schedule", ScheduledCommand, optional=True),
        Field("done", "done", "bool"),
        Field("cancelled", "cancelled", "bool"),
    )


@dataclass(kw_only=True)
class ScheduleFailed(Message):
    """To the same: a scheduled command was refused when its time came."""

    schedule: ScheduledCommand | None = None
    # The stable name of the error.
    reason: str = ""
    # The sentence for a person.
    message: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("schedule", "schedule", ScheduledCommand, optional=True),
        Field("reason", "reason", "string"),
        Field("message", "message", "string"),
    )


@dataclass(kw_only=True)
class RotationChanged(Message):
    """To everybody: a rotation began, went on, was paused or resumed, or is over."""

    # Without the plan; absent: it is over.
    rotation: Rotation | None = None
    # How it ended; unspecified: it runs.
    end: RotationEnd = RotationEnd.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("rotation", "rotation", Rotation, optional=True),
        Field("end", "end", RotationEnd),
    )


@dataclass(kw_only=True)
class RotationPlanned(Message):
    """To the moderators: the plan of the rounds of a rotation that have not begun."""

    ahead: list[RotationRound] = field(default_factory=list)
    # How often pairs meet that have met before, in the rounds of the plan as it was last made.
    repeats: int = 0
    seed: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("ahead", "ahead", RotationRound, repeated=True),
        Field("repeats", "repeats", "uint32"),
        Field("seed", "seed", "int64"),
    )


@dataclass(kw_only=True)
class ArrangementChanged(Message):
    """To the moderators: an arrangement was kept or removed."""

    arrangement: ArrangementSummary | None = None
    # Only its name is filled in.
    removed: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("arrangement", "arrangement", ArrangementSummary, optional=True),
        Field("removed", "removed", "bool"),
    )


@dataclass(kw_only=True)
class Event(Message):
    """Something that changed. `type` names the payload that is set, in its JSON spelling."""

    # Counts up by one for each event of the room; viewers see gaps for events that are hidden from them.
    seq: int = 0
    # The version of the routing table that goes with it.
    epoch: int = 0
    at_ms: int = 0
    # The request that caused it; empty if no request did (timers, lost connections), or if it was another
    # caller's.
    causing_request_id: str = ""
    type: str = ""
    # The author: a participant's id, `operator` or `system`.
    by: str = ""
    # The version of the room's state that goes with it; 0 if it happened under a server that had none.
    version: int = 0
    room_updated: RoomUpdated | None = None
    room_closed: RoomClosed | None = None
    participant_joined: ParticipantJoined | None = None
    participant_left: ParticipantLeft | None = None
    connection_changed: ConnectionChanged | None = None
    role_changed: RoleChanged | None = None
    grants_changed: GrantsChanged | None = None
    track_published: TrackPublished | None = None
    track_unpublished: TrackUnpublished | None = None
    mute_changed: MuteChanged | None = None
    stream_changed: StreamChanged | None = None
    parent_gate_changed: ParentGateChanged | None = None
    room_gate_changed: RoomGateChanged | None = None
    message_sent: MessageSent | None = None
    draining_changed: DrainingChanged | None = None
    breakouts_created: BreakoutsCreated | None = None
    breakout_updated: BreakoutUpdated | None = None
    breakouts_destroyed: BreakoutsDestroyed | None = None
    selectable_breakouts: SelectableBreakouts | None = None
    settings_changed: SettingsChanged | None = None
    invitation_received: InvitationReceived | None = None
    invitation_rejected: InvitationRejected | None = None
    assignment_changed: AssignmentChanged | None = None
    participant_moved: ParticipantMoved | None = None
    members_changed: MembersChanged | None = None
    away_changed: AwayChanged | None = None
    timer_ticked: TimerTicked | None = None
    address_all_changed: AddressAllChanged | None = None
    listening_changed: ListeningChanged | None = None
    help_changed: HelpChanged | None = None
    ban_changed: BanChanged | None = None
    participant_renamed: ParticipantRenamed | None = None
    invitation_ended: InvitationEnded | None = None
    intercom_changed: IntercomChanged | None = None
    intercom_stopped: IntercomStopped | None = None
    knock_changed: KnockChanged | None = None
    schedule_changed: ScheduleChanged | None = None
    schedule_failed: ScheduleFailed | None = None
    rotation_changed: RotationChanged | None = None
    rotation_planned: RotationPlanned | None = None
    arrangement_changed: ArrangementChanged | None = None

    @property
    def payload(self) -> EventPayload | None:
        """The field that is set; of its alternatives at most one is."""
        return cast("EventPayload | None", self.one_of("payload"))

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("seq", "seq", "int64"),
        Field("epoch", "epoch", "int64"),
        Field("at_ms", "atMs", "int64"),
        Field("causing_request_id", "causingRequestId", "string"),
        Field("type", "type", "string"),
        Field("by", "by", "string"),
        Field("version", "version", "int64"),
        Field("room_updated", "roomUpdated", RoomUpdated, optional=True, oneof="payload"),
        Field("room_closed", "roomClosed", RoomClosed, optional=True, oneof="payload"),
        Field("participant_joined", "participantJoined", ParticipantJoined, optional=True, oneof="payload"),
        Field("participant_left", "participantLeft", ParticipantLeft, optional=True, oneof="payload"),
        Field("connection_changed", "connectionChanged", ConnectionChanged, optional=True, oneof="payload"),
        Field("role_changed", "roleChanged", RoleChanged, optional=True, oneof="payload"),
        Field("grants_changed", "grantsChanged", GrantsChanged, optional=True, oneof="payload"),
        Field("track_published", "trackPublished", TrackPublished, optional=True, oneof="payload"),
        Field("track_unpublished", "trackUnpublished", TrackUnpublished, optional=True, oneof="payload"),
        Field("mute_changed", "muteChanged", MuteChanged, optional=True, oneof="payload"),
        Field("stream_changed", "streamChanged", StreamChanged, optional=True, oneof="payload"),
        Field("parent_gate_changed", "parentGateChanged", ParentGateChanged, optional=True, oneof="payload"),
        Field("room_gate_changed", "roomGateChanged", RoomGateChanged, optional=True, oneof="payload"),
        Field("message_sent", "messageSent", MessageSent, optional=True, oneof="payload"),
        Field("draining_changed", "drainingChanged", DrainingChanged, optional=True, oneof="payload"),
        Field("breakouts_created", "breakoutsCreated", BreakoutsCreated, optional=True, oneof="payload"),
        Field("breakout_updated", "breakoutUpdated", BreakoutUpdated, optional=True, oneof="payload"),
        Field("breakouts_destroyed", "breakoutsDestroyed", BreakoutsDestroyed, optional=True, oneof="payload"),
        Field("selectable_breakouts", "selectableBreakouts", SelectableBreakouts, optional=True, oneof="payload"),
        Field("settings_changed", "settingsChanged", SettingsChanged, optional=True, oneof="payload"),
        Field("invitation_received", "invitationReceived", InvitationReceived, optional=True, oneof="payload"),
        Field("invitation_rejected", "invitationRejected", InvitationRejected, optional=True, oneof="payload"),
        Field("assignment_changed", "assignmentChanged", AssignmentChanged, optional=True, oneof="payload"),
        Field("participant_moved", "participantMoved", ParticipantMoved, optional=True, oneof="payload"),
        Field("members_changed", "membersChanged", MembersChanged, optional=True, oneof="payload"),
        Field("away_changed", "awayChanged", AwayChanged, optional=True, oneof="payload"),
        Field("timer_ticked", "timerTicked", TimerTicked, optional=True, oneof="payload"),
        Field("address_all_changed", "addressAllChanged", AddressAllChanged, optional=True, oneof="payload"),
        Field("listening_changed", "listeningChanged", ListeningChanged, optional=True, oneof="payload"),
        Field("help_changed", "helpChanged", HelpChanged, optional=True, oneof="payload"),
        Field("ban_changed", "banChanged", BanChanged, optional=True, oneof="payload"),
        Field("participant_renamed", "participantRenamed", ParticipantRenamed, optional=True, oneof="payload"),
        Field("invitation_ended", "invitationEnded", InvitationEnded, optional=True, oneof="payload"),
        Field("intercom_changed", "intercomChanged", IntercomChanged, optional=True, oneof="payload"),
        Field("intercom_stopped", "intercomStopped", IntercomStopped, optional=True, oneof="payload"),
        Field("knock_changed", "knockChanged", KnockChanged, optional=True, oneof="payload"),
        Field("schedule_changed", "scheduleChanged", ScheduleChanged, optional=True, oneof="payload"),
        Field("schedule_failed", "scheduleFailed", ScheduleFailed, optional=True, oneof="payload"),
        Field("rotation_changed", "rotationChanged", RotationChanged, optional=True, oneof="payload"),
        Field("rotation_planned", "rotationPlanned", RotationPlanned, optional=True, oneof="payload"),
        Field("arrangement_changed", "arrangementChanged", ArrangementChanged, optional=True, oneof="payload"),
    )


EventPayload = Union[
    RoomUpdated,
    RoomClosed,
    ParticipantJoined,
    ParticipantLeft,
    ConnectionChanged,
    RoleChanged,
    GrantsChanged,
    TrackPublished,
    TrackUnpublished,
    MuteChanged,
    StreamChanged,
    ParentGateChanged,
    RoomGateChanged,
    MessageSent,
    DrainingChanged,
    BreakoutsCreated,
    BreakoutUpdated,
    BreakoutsDestroyed,
    SelectableBreakouts,
    SettingsChanged,
    InvitationReceived,
    InvitationRejected,
    AssignmentChanged,
    ParticipantMoved,
    MembersChanged,
    AwayChanged,
    TimerTicked,
    AddressAllChanged,
    ListeningChanged,
    HelpChanged,
    BanChanged,
    ParticipantRenamed,
    InvitationEnded,
    IntercomChanged,
    IntercomStopped,
    KnockChanged,
    ScheduleChanged,
    ScheduleFailed,
    RotationChanged,
    RotationPlanned,
    ArrangementChanged,
]


@dataclass(kw_only=True)
class Speakers(Message):
    """Volatile: the talkers of the viewer's group, the loudest first."""

    group_id: str = ""
    participant_ids: list[str] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("group_id", "groupId", "string"),
        Field("participant_ids", "participantIds", "string", repeated=True),
    )


@dataclass(kw_only=True)
class SlotAssigned(Message):
    """Volatile, to one participant: the source of one of their slots."""

    # The slot's m-line, where the watcher has negotiated it (the gateway).
    mid: str = ""
    # Empty: nothing.
    participant_id: str = ""
    kind: TrackKind = TrackKind.UNSPECIFIED
    # True: the gate is open. A shut gate keeps the slot.
    open: bool = False
    # Why the gate is shut, as in the drop counters.
    reason: str = ""
    # `audio` or `video`.
    media: str = ""
    # Counted from 0 for each media type.
    index: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mid", "mid", "string"),
        Field("participant_id", "participantId", "string"),
        Field("kind", "kind", TrackKind),
        Field("open", "open", "bool"),
        Field("reason", "reason", "string"),
        Field("media", "media", "string"),
        Field("index", "index", "uint32"),
    )


@dataclass(kw_only=True)
class SlotPaused(Message):
    """Volatile, to one participant: the server paused the source of a slot for want of bandwidth, or resumed it.
    """

    mid: str = ""
    paused: bool = False
    reason: str = ""
    media: str = ""
    index: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mid", "mid", "string"),
        Field("paused", "paused", "bool"),
        Field("reason", "reason", "string"),
        Field("media", "media", "string"),
        Field("index", "index", "uint32"),
    )


@dataclass(kw_only=True)
class LayersWanted(Message):
    """Volatile, to one publisher: which simulcast layers of a track anybody receives."""

    kind: TrackKind = TrackKind.UNSPECIFIED
    # One bit for each layer, bit 0 the smallest; 0: no subscriber receives the track.
    layers: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("kind", "kind", TrackKind),
        Field("layers", "layers", "uint32"),
    )


@dataclass(kw_only=True)
class WatchResponse(Message):
    snapshot: Room | None = None
    event: Event | None = None
    speakers: Speakers | None = None
    slot_assigned: SlotAssigned | None = None
    slot_paused: SlotPaused | None = None
    layers_wanted: LayersWanted | None = None

    @property
    def item(self) -> WatchResponseItem | None:
        """The field that is set; of its alternatives at most one is."""
        return cast("WatchResponseItem | None", self.one_of("item"))

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("snapshot", "snapshot", Room, optional=True, oneof="item"),
        Field("event", "event", Event, optional=True, oneof="item"),
        Field("speakers", "speakers", Speakers, optional=True, oneof="item"),
        Field("slot_assigned", "slotAssigned", SlotAssigned, optional=True, oneof="item"),
        Field("slot_paused", "slotPaused", SlotPaused, optional=True, oneof="item"),
        Field("layers_wanted", "layersWanted", LayersWanted, optional=True, oneof="item"),
    )


WatchResponseItem = Union[
    Room,
    Event,
    Speakers,
    SlotAssigned,
    SlotPaused,
    LayersWanted,
]


@dataclass(kw_only=True)
class GetStatsRequest(Message):
    pass


@dataclass(kw_only=True)
class WorkerStats(Message):
    """One media worker."""

    worker: int = 0
    participants: int = 0
    # Counted since the worker started.
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    # Share of one core, 0 to 1, over the last second.
    load: float = 0.0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("worker", "worker", "uint32"),
        Field("participants", "participants", "uint32"),
        Field("packets_in", "packetsIn", "int64"),
        Field("packets_out", "packetsOut", "int64"),
        Field("bytes_in", "bytesIn", "int64"),
        Field("bytes_out", "bytesOut", "int64"),
        Field("load", "load", "double"),
    )


@dataclass(kw_only=True)
class DropCount(Message):
    # A drop reason as in the metric label.
    reason: str = ""
    packets: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("reason", "reason", "string"),
        Field("packets", "packets", "int64"),
    )


@dataclass(kw_only=True)
class GetStatsResponse(Message):
    version: str = ""
    uptime_ms: int = 0
    draining: bool = False
    rooms: int = 0
    participants: int = 0
    breakouts: int = 0
    workers: list[WorkerStats] = field(default_factory=list)
    drops: list[DropCount] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("version", "version", "string"),
        Field("uptime_ms", "uptimeMs", "int64"),
        Field("draining", "draining", "bool"),
        Field("rooms", "rooms", "uint32"),
        Field("participants", "participants", "uint32"),
        Field("breakouts", "breakouts", "uint32"),
        Field("workers", "workers", WorkerStats, repeated=True),
        Field("drops", "drops", DropCount, repeated=True),
    )


@dataclass(kw_only=True)
class DrainRequest(Message):
    # After this long the remaining participants are sent away; 0: the configured deadline.
    deadline_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("deadline_ms", "deadlineMs", "int64"),
    )


@dataclass(kw_only=True)
class DrainResponse(Message):
    pass


@dataclass(kw_only=True)
class TrackHint(Message):
    """A client's hint on the track that an m-line of the offer carries."""

    mid: str = ""
    kind: TrackKind = TrackKind.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mid", "mid", "string"),
        Field("kind", "kind", TrackKind),
    )


@dataclass(kw_only=True)
class NegotiatedTrack(Message):
    """The m-line of the answer on which a track is sent."""

    mid: str = ""
    kind: TrackKind = TrackKind.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mid", "mid", "string"),
        Field("kind", "kind", TrackKind),
    )


@dataclass(kw_only=True)
class NegotiatedSlot(Message):
    """The m-line of the answer on which a slot is received."""

    mid: str = ""
    # `audio` or `video`.
    media: str = ""
    # Counted from 0 for each media type.
    index: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("mid", "mid", "string"),
        Field("media", "media", "string"),
        Field("index", "index", "uint32"),
    )


@dataclass(kw_only=True)
class JoinRequest(Message):
    # May be left out with a client token; any other room than the token's is refused.
    room: str = ""
    request_id: str = ""
    # The client token, when an API key is the bearer.
    client_token: str = ""
    # The offer, SDP.
    offer: str = ""
    tracks: list[TrackHint] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("client_token", "clientToken", "string"),
        Field("offer", "offer", "string"),
        Field("tracks", "tracks", TrackHint, repeated=True),
    )


@dataclass(kw_only=True)
class IceServer(Message):
    """A relay with credentials. They are good for some minutes; every join and further offer brings fresh ones."""

    # Such as `turns:meet.example:443?transport=tcp`.
    urls: list[str] = field(default_factory=list)
    username: str = ""
    credential: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("urls", "urls", "string", repeated=True),
        Field("username", "username", "string"),
        Field("credential", "credential", "string"),
    )


@dataclass(kw_only=True)
class JoinResponse(Message):
    answer: Answer | None = None
    participant_id: str = ""
    # The answer, SDP.
    sdp: str = ""
    tracks: list[NegotiatedTrack] = field(default_factory=list)
    slots: list[NegotiatedSlot] = field(default_factory=list)
    # The room, as far as the participant may see.
    room: Room | None = None
    # The identity was there already and has its place again.
    resumed: bool = False
    # For `RTCPeerConnection`: the server's own relay, for clients that cannot reach its media ports. Empty if it
    # has none, or if a signaling server joins and `turn.urls` is not configured.
    ice_servers: list[IceServer] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("participant_id", "participantId", "string"),
        Field("sdp", "sdp", "string"),
        Field("tracks", "tracks", NegotiatedTrack, repeated=True),
        Field("slots", "slots", NegotiatedSlot, repeated=True),
        Field("room", "room", Room, optional=True),
        Field("resumed", "resumed", "bool"),
        Field("ice_servers", "iceServers", IceServer, repeated=True),
    )


@dataclass(kw_only=True)
class ReofferRequest(Message):
    room: str = ""
    request_id: str = ""
    participant_id: str = ""
    offer: str = ""
    tracks: list[TrackHint] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("offer", "offer", "string"),
        Field("tracks", "tracks", TrackHint, repeated=True),
    )


@dataclass(kw_only=True)
class ReofferResponse(Message):
    sdp: str = ""
    tracks: list[NegotiatedTrack] = field(default_factory=list)
    slots: list[NegotiatedSlot] = field(default_factory=list)
    # As in JoinResponse, with fresh credentials.
    ice_servers: list[IceServer] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("sdp", "sdp", "string"),
        Field("tracks", "tracks", NegotiatedTrack, repeated=True),
        Field("slots", "slots", NegotiatedSlot, repeated=True),
        Field("ice_servers", "iceServers", IceServer, repeated=True),
    )


@dataclass(kw_only=True)
class TrickleRequest(Message):
    room: str = ""
    participant_id: str = ""
    # A `candidate:` attribute value; empty: that was the last.
    candidate: str = ""
    mid: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("participant_id", "participantId", "string"),
        Field("candidate", "candidate", "string"),
        Field("mid", "mid", "string"),
    )


@dataclass(kw_only=True)
class TrickleResponse(Message):
    pass


@dataclass(kw_only=True)
class LeaveRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class LeaveResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class RemoveRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
    )


@dataclass(kw_only=True)
class RemoveResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class BanRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # A participant in the room, or:
    participant_id: str = ""
    # an identity, which need not be in the room.
    identity: str = ""
    # Shown to the person when they try to join; up to 512 bytes.
    reason: str = ""
    # The end of the ban; 0: with the room.
    until_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("identity", "identity", "string"),
        Field("reason", "reason", "string"),
        Field("until_ms", "untilMs", "int64"),
    )


@dataclass(kw_only=True)
class BanResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class UnbanRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    identity: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("identity", "identity", "string"),
    )


@dataclass(kw_only=True)
class UnbanResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class SetRoleRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    role: Role = Role.UNSPECIFIED

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("role", "role", Role),
    )


@dataclass(kw_only=True)
class SetRoleResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class SetGrantsRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    # The complete grants: an absent one is not granted.
    grants: Grants | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("grants", "grants", Grants, optional=True),
    )


@dataclass(kw_only=True)
class SetGrantsResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class SetStreamRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    stream: MediaFlags | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("stream", "stream", MediaFlags, optional=True),
    )


@dataclass(kw_only=True)
class SetStreamResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class PublishRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class PublishResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class UnpublishRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class UnpublishResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class MuteRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class MuteResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class UnmuteRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    kinds: list[TrackKind] = field(default_factory=list)

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("kinds", "kinds", TrackKind, repeated=True),
    )


@dataclass(kw_only=True)
class UnmuteResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class SetParentGateRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    participant_id: str = ""
    # Absent: as it is.
    paused: bool | None = None
    audio_muted: bool | None = None
    video_muted: bool | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("paused", "paused", "bool", optional=True),
        Field("audio_muted", "audioMuted", "bool", optional=True),
        Field("video_muted", "videoMuted", "bool", optional=True),
    )


@dataclass(kw_only=True)
class SetParentGateResponse(Message):
    answer: Answer | None = None
    gate: ParentGate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("gate", "gate", ParentGate, optional=True),
    )


@dataclass(kw_only=True)
class SetRoomGateRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # Absent: as it is.
    paused: bool | None = None
    audio_muted: bool | None = None
    video_muted: bool | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("paused", "paused", "bool", optional=True),
        Field("audio_muted", "audioMuted", "bool", optional=True),
        Field("video_muted", "videoMuted", "bool", optional=True),
    )


@dataclass(kw_only=True)
class SetRoomGateResponse(Message):
    answer: Answer | None = None
    gate: ParentGate | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("gate", "gate", ParentGate, optional=True),
    )


@dataclass(kw_only=True)
class View(Message):
    """One wish of a subscriber."""

    participant_id: str = ""
    kind: TrackKind = TrackKind.UNSPECIFIED
    # Shown before all others.
    pinned: bool = False
    # Not shown at all: takes no slot.
    hidden: bool = False
    # The largest picture that there is use for, in lines; 0: any.
    max_height: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("participant_id", "participantId", "string"),
        Field("kind", "kind", TrackKind),
        Field("pinned", "pinned", "bool"),
        Field("hidden", "hidden", "bool"),
        Field("max_height", "maxHeight", "uint32"),
    )


@dataclass(kw_only=True)
class SetViewsRequest(Message):
    room: str = ""
    request_id: str = ""
    participant_id: str = ""
    # Replaces all earlier wishes; at most 256.
    views: list[View] = field(default_factory=list)
    # Shows only named participants, even if slots are left.
    only_these: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("participant_id", "participantId", "string"),
        Field("views", "views", View, repeated=True),
        Field("only_these", "onlyThese", "bool"),
    )


@dataclass(kw_only=True)
class SetViewsResponse(Message):
    pass


@dataclass(kw_only=True)
class CreateTokenRequest(Message):
    room: str = ""
    identity: str = ""
    display_name: str = ""
    role: Role = Role.UNSPECIFIED
    # Absent: everything that the role may.
    grants: Grants | None = None
    # How long the token may be used to join; 0: one hour, at most one day.
    valid_for_s: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("identity", "identity", "string"),
        Field("display_name", "displayName", "string"),
        Field("role", "role", Role),
        Field("grants", "grants", Grants, optional=True),
        Field("valid_for_s", "validForS", "uint32"),
    )


@dataclass(kw_only=True)
class CreateTokenResponse(Message):
    token: str = ""
    expires_at_ms: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("token", "token", "string"),
        Field("expires_at_ms", "expiresAtMs", "int64"),
    )


@dataclass(kw_only=True)
class CreateRoomRequest(Message):
    # 1 to 128 characters, the room's public name.
    room: str = ""
    request_id: str = ""
    settings: RoomSettingsPatch | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("settings", "settings", RoomSettingsPatch, optional=True),
    )


@dataclass(kw_only=True)
class CreateRoomResponse(Message):
    room: Room | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", Room, optional=True),
    )


@dataclass(kw_only=True)
class GetRoomRequest(Message):
    room: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
    )


@dataclass(kw_only=True)
class GetRoomResponse(Message):
    room: Room | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", Room, optional=True),
    )


@dataclass(kw_only=True)
class ListRoomsRequest(Message):
    # The most rooms on a page; 0: 100.
    page_size: int = 0
    # Rooms whose name follows this one.
    after: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("page_size", "pageSize", "uint32"),
        Field("after", "after", "string"),
    )


@dataclass(kw_only=True)
class ListRoomsResponse(Message):
    rooms: list[RoomSummary] = field(default_factory=list)
    # There are more: ask again with `after` set to the last name.
    more: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("rooms", "rooms", RoomSummary, repeated=True),
        Field("more", "more", "bool"),
    )


@dataclass(kw_only=True)
class UpdateRoomRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    settings: RoomSettingsPatch | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("settings", "settings", RoomSettingsPatch, optional=True),
    )


@dataclass(kw_only=True)
class UpdateRoomResponse(Message):
    answer: Answer | None = None
    settings: RoomSettings | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
        Field("settings", "settings", RoomSettings, optional=True),
    )


@dataclass(kw_only=True)
class SetDrainingRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    draining: bool = False

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("draining", "draining", "bool"),
    )


@dataclass(kw_only=True)
class SetDrainingResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class DeleteRoomRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
    )


@dataclass(kw_only=True)
class DeleteRoomResponse(Message):
    pass


@dataclass(kw_only=True)
class SendMessageRequest(Message):
    room: str = ""
    request_id: str = ""
    expected_epoch: int | None = None
    expected_version: int | None = None
    as_participant_id: str = ""
    # `parent` or a breakout; empty: the sender's own group.
    group_id: str = ""
    # Every group at once; a moderator's.
    all_groups: bool = False
    # At most 4,096 bytes.
    text: str = ""

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("request_id", "requestId", "string"),
        Field("expected_epoch", "expectedEpoch", "int64", optional=True),
        Field("expected_version", "expectedVersion", "int64", optional=True),
        Field("as_participant_id", "asParticipantId", "string"),
        Field("group_id", "groupId", "string"),
        Field("all_groups", "allGroups", "bool"),
        Field("text", "text", "string"),
    )


@dataclass(kw_only=True)
class SendMessageResponse(Message):
    answer: Answer | None = None

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("answer", "answer", Answer, optional=True),
    )


@dataclass(kw_only=True)
class ListMovesRequest(Message):
    room: str = ""
    # Only this participant, if given.
    participant_id: str = ""
    since_ms: int = 0
    until_ms: int = 0
    # 1,000 if not given, 5,000 at most.
    page_size: int = 0
    # `last` of the page before.
    after: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("participant_id", "participantId", "string"),
        Field("since_ms", "sinceMs", "int64"),
        Field("until_ms", "untilMs", "int64"),
        Field("page_size", "pageSize", "uint32"),
        Field("after", "after", "int64"),
    )


@dataclass(kw_only=True)
class ListMovesResponse(Message):
    # The oldest first.
    moves: list[Move] = field(default_factory=list)
    # There are more: ask again with `after`.
    more: bool = False
    # The number of the last of these.
    last: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("moves", "moves", Move, repeated=True),
        Field("more", "more", "bool"),
        Field("last", "last", "int64"),
    )


@dataclass(kw_only=True)
class ListAttendanceRequest(Message):
    room: str = ""
    # Only this identity, if given.
    identity: str = ""
    since_ms: int = 0
    until_ms: int = 0
    # 1,000 if not given, 5,000 at most.
    page_size: int = 0
    # `last` of the page before.
    after: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("room", "room", "string"),
        Field("identity", "identity", "string"),
        Field("since_ms", "sinceMs", "int64"),
        Field("until_ms", "untilMs", "int64"),
        Field("page_size", "pageSize", "uint32"),
        Field("after", "after", "int64"),
    )


@dataclass(kw_only=True)
class ListAttendanceResponse(Message):
    # The oldest first.
    rows: list[Attendance] = field(default_factory=list)
    # There are more: ask again with `after`.
    more: bool = False
    # The number of the last of these.
    last: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("rows", "rows", Attendance, repeated=True),
        Field("more", "more", "bool"),
        Field("last", "last", "int64"),
    )
