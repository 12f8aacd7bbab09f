//! What can be seen of a room: plain values, made for the viewer.

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, Epoch, GroupId, ParticipantId, RoomId, TrackId, TrackKind};

use crate::{Actor, Grants, KindSet, Role, RoomSettings, UnixMillis};

/// Who looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Viewer {
    /// The app's signaling server sees everything.
    Operator,
    /// Somebody in the room sees what its role and group allow.
    Participant(ParticipantId),
}

/// A room, as one viewer may see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomView {
    /// Its number on this node.
    pub room: RoomId,
    /// Its public id.
    pub name: String,
    /// The settings.
    pub settings: RoomSettings,
    /// The version of the routing table.
    pub epoch: Epoch,
    /// The version of the room's state: see [`crate::Room::version`].
    pub version: u64,
    /// The number of the last event that this view contains.
    pub seq: u64,
    /// Everybody. Which breakout somebody is in is told to moderators and to those in the same one; the
    /// others see `away` and the group [`GroupId::Parent`].
    pub participants: Vec<ParticipantView>,
    /// The breakouts: all of them for moderators; else the viewer's own, with its members.
    pub breakouts: Vec<BreakoutView>,
    /// The breakouts that the viewer may choose from by itself.
    pub selectable: Vec<BreakoutSummary>,
    /// The breakout that the viewer is assigned to.
    pub assigned: Option<BreakoutSummary>,
    /// The invitations of the viewer that wait for an answer.
    pub invitations: Vec<InvitationView>,
    /// The viewer's own parent gate.
    pub gate: Option<ParentGate>,
    /// The parent gate for everybody.
    pub room_gate: ParentGate,
    /// Who speaks to every group, with which kinds.
    pub addressing: Vec<(ParticipantId, KindSet)>,
    /// Who listens in on which breakout: all for moderators; else the viewer itself and, if the room
    /// announces presence, those who listen in on the viewer's breakout.
    pub listening: Vec<(ParticipantId, BreakoutId)>,
    /// Open requests for help: all for moderators; else the viewer's own.
    pub help: Vec<HelpRequest>,
    /// Who is kept out: told to moderators.
    pub bans: Vec<BanView>,
    /// The room takes nobody in any more.
    pub draining: bool,
    /// The room has ended.
    pub closed: bool,
}

/// A participant, as one viewer may see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParticipantView {
    /// Its id.
    pub participant: ParticipantId,
    /// Who it is, from the token.
    pub identity: String,
    /// How it is called.
    pub display_name: String,
    /// Its role.
    pub role: Role,
    /// What it may do; told to moderators and to itself.
    pub grants: Option<Grants>,
    /// Where it is, if the viewer may know.
    pub group: GroupId,
    /// It is in a breakout.
    pub away: bool,
    /// Its connection dropped.
    pub dropped: bool,
    /// Its transport is not up yet. The room cannot know; whoever serves the room fills it in.
    pub connecting: bool,
    /// What it publishes, where the viewer can hear or see it.
    pub tracks: Vec<TrackView>,
    /// When it came in.
    pub joined_at: UnixMillis,
}

/// A published track.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackView {
    /// Its id.
    pub track: TrackId,
    /// What it is.
    pub kind: TrackKind,
    /// Muted by its publisher.
    pub muted_by_self: bool,
    /// Muted by a moderator.
    pub muted_by_moderator: bool,
}

/// A breakout, with everything that a moderator may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BreakoutView {
    /// What everybody may know who may know of it at all.
    pub summary: BreakoutSummary,
    /// Who owns it; `None`: the operator.
    pub owner: Option<ParticipantId>,
    /// The identities that are assigned to it.
    pub assigned: Vec<String>,
    /// The identities that are invited and have not answered.
    pub invited: Vec<String>,
    /// Who is inside.
    pub members: Vec<ParticipantId>,
}

/// An invitation that waits for an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvitationView {
    /// Where to.
    pub breakout: BreakoutSummary,
    /// Who invites.
    pub requestor: Actor,
}

/// A breakout, as somebody may see it who is invited to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BreakoutSummary {
    /// Its id.
    pub breakout: BreakoutId,
    /// Its name.
    pub name: String,
    /// People can go in.
    pub open: bool,
    /// How many it holds.
    pub capacity: u16,
    /// How many are inside.
    pub occupancy: u16,
    /// What it carries.
    pub media: KindSet,
    /// Whoever is assigned is moved without asking when it opens.
    pub auto_move: bool,
    /// Everybody may choose it by itself.
    pub self_select: bool,
    /// The id of its chat thread.
    pub thread_id: String,
}

/// What of the parent does not reach somebody who is away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ParentGate {
    /// Nothing reaches it.
    pub paused: bool,
    /// No audio.
    pub audio_muted: bool,
    /// No camera, screen or canvas.
    pub video_muted: bool,
}

/// Somebody who is kept out of the room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BanView {
    /// Their identity.
    pub identity: String,
    /// What they are told.
    pub reason: String,
    /// Until when; `None`: for the room's life.
    pub until: Option<UnixMillis>,
    /// Who banned them.
    pub by: Actor,
    /// Since when.
    pub since: UnixMillis,
}

/// An open request for help.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HelpRequest {
    /// Who asks.
    pub participant: ParticipantId,
    /// Where it is.
    pub group: GroupId,
    /// What it says.
    pub note: String,
    /// Since when.
    pub at: UnixMillis,
}
