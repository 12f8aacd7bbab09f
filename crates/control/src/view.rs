//! Views of a room: plain values, made for one viewer.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RoomId, TrackId, TrackKind};

use crate::{
    Actor, ArrangementSummary, Door, Grants, IntercomView, KindSet, KnockView, Role, RoomSettings,
    RotationView, ScheduleView, UnixMillis,
};

/// The person or server that looks at a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Viewer {
    /// The app's signaling server sees everything.
    Operator,
    /// A participant sees as much as their role and group allow.
    Participant(ParticipantId),
}

/// A room, as one viewer may see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomView {
    /// The room's number on this node.
    pub room: RoomId,
    /// The room's public id.
    pub name: String,
    pub settings: RoomSettings,
    /// The version of the routing table.
    pub epoch: Epoch,
    /// The version of the room's state: see [`crate::Room::version`].
    pub version: u64,
    /// The number of the last event that this view contains.
    pub seq: u64,
    /// All participants. Only moderators and members of the same breakout see somebody's breakout; the others
    /// see `away` and the group [`GroupId::Parent`].
    pub participants: Vec<ParticipantView>,
    /// For moderators all breakouts; for others the ones that they are near (inside or listening in) or own.
    pub breakouts: Vec<BreakoutView>,
    /// The breakouts that the viewer may choose from.
    pub selectable: Vec<BreakoutSummary>,
    /// The breakout that the viewer is assigned to.
    pub assigned: Option<BreakoutSummary>,
    /// The invitations of the viewer that wait for an answer.
    pub invitations: Vec<InvitationView>,
    /// The viewer's own parent gate.
    pub gate: Option<ParentGate>,
    /// The parent gate for everybody.
    pub room_gate: ParentGate,
    /// Participants who speak to every group without more, with the kinds.
    pub addressing: Vec<(ParticipantId, KindSet)>,
    /// Other intercoms: all for moderators; else the viewer's own and those that address the viewer.
    pub intercoms: Vec<IntercomView>,
    /// Knocks: all for moderators; else the viewer's own and those at the viewer's breakout.
    pub knocks: Vec<KnockView>,
    /// Scheduled commands: all for moderators; else those that concern the viewer.
    pub schedules: Vec<ScheduleView>,
    /// The rotation that runs; moderators see its plan.
    pub rotation: Option<Box<RotationView>>,
    /// The arrangements; only moderators see them.
    pub arrangements: Vec<ArrangementSummary>,
    /// Participants who listen in on a breakout: all for moderators; else the viewer and, if the room
    /// announces presence, those who listen in on the viewer's breakout.
    pub listening: Vec<(ParticipantId, BreakoutId)>,
    /// Open requests for help: all for moderators; else the viewer's own.
    pub help: Vec<HelpRequest>,
    /// The bans; only moderators see them.
    pub bans: Vec<BanView>,
    /// The room admits nobody any more.
    pub draining: bool,
    /// The room has ended.
    pub closed: bool,
}

/// A participant, as one viewer may see them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParticipantView {
    pub participant: ParticipantId,
    /// The identity from the token.
    pub identity: String,
    /// How it is called.
    pub display_name: String,
    pub role: Role,
    /// Grants; only moderators and the participant see them.
    pub grants: Option<Grants>,
    /// Where it is, if the viewer may know.
    pub group: GroupId,
    /// True: the participant is in a breakout.
    pub away: bool,
    /// True: the connection dropped, and the place is kept.
    pub dropped: bool,
    /// True: the transport is not up yet. Control cannot know; the owner of the room sets this.
    pub connecting: bool,
    /// Tracks that the viewer can hear or see.
    pub tracks: Vec<TrackView>,
    /// When it came in.
    pub joined_at: UnixMillis,
}

/// A published track.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackView {
    pub track: TrackId,
    pub kind: TrackKind,
    /// Muted by its publisher.
    pub muted_by_self: bool,
    pub muted_by_moderator: bool,
}

/// A breakout, with everything that a moderator may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BreakoutView {
    /// The part that all viewers of the breakout may see.
    pub summary: BreakoutSummary,
    /// The owner; `None`: the operator.
    pub owner: Option<ParticipantId>,
    /// The identities that are assigned to it.
    pub assigned: Vec<String>,
    /// The identities that are invited and have not answered.
    pub invited: Vec<String>,
    pub members: Vec<ParticipantId>,
}

/// An invitation that waits for an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvitationView {
    pub breakout: BreakoutSummary,
    pub requestor: Actor,
}

/// The part of a breakout that invitees may see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BreakoutSummary {
    pub breakout: BreakoutId,
    pub name: String,
    /// People can go in.
    pub open: bool,
    /// How many it holds.
    pub capacity: u16,
    /// How many are inside.
    pub occupancy: u16,
    /// The kinds it carries.
    pub media: KindSet,
    /// Assigned people are moved without asking when it opens.
    pub auto_move: bool,
    /// Participants may choose this breakout without being assigned or invited.
    pub self_select: bool,
    /// The id of its chat thread.
    pub thread_id: String,
    #[serde(default, with = "crate::layout::since_4")]
    pub door: Door,
    /// A participant made it for themselves and those they invite.
    #[serde(default, with = "crate::layout::since_4")]
    pub side: bool,
    /// When everybody inside returns and it closes.
    #[serde(default, with = "crate::layout::since_4")]
    pub ends_at: Option<UnixMillis>,
}

/// The parent's media that do not reach a participant who is away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ParentGate {
    /// No media reach them.
    pub paused: bool,
    pub audio_muted: bool,
    /// No camera, screen or canvas.
    pub video_muted: bool,
}

/// A person who is kept out of the room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BanView {
    pub identity: String,
    /// The reason that the banned person is told.
    pub reason: String,
    /// Until when; `None`: for the room's life.
    pub until: Option<UnixMillis>,
    /// The author of the ban.
    pub by: Actor,
    /// When it began.
    pub since: UnixMillis,
}

/// An open request for help.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HelpRequest {
    pub participant: ParticipantId,
    /// Where it is.
    pub group: GroupId,
    pub note: String,
    pub at: UnixMillis,
}
