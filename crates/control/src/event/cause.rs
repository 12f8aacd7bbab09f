//! Why people are elsewhere, and how invitations end.

use serde::{Deserialize, Serialize};

/// Why somebody is in another group than before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveCause {
    JoinedRoom,
    /// They chose to join a breakout.
    Joined,
    /// An invitation with force moved them.
    Forced,
    /// They were assigned to a breakout with `auto_move`.
    AutoMoved,
    /// A participant with the right to do so moved them.
    Moved,
    /// The breakouts were shuffled.
    Shuffled,
    /// They chose to leave the breakout.
    Left,
    /// The breakout was cleared.
    Cleared,
    /// The breakout was closed.
    Closed,
    /// The breakout was destroyed.
    Destroyed,
    /// The time was up.
    TimeUp,
    LeftRoom,
    /// A round of a rotation began, or the last one ended.
    Rotated,
    /// An arrangement was applied.
    Arranged,
}

/// Why somebody is no longer in the room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    Left,
    /// A moderator removed them.
    Removed,
    /// They did not come back in time after a drop.
    Expired,
    /// The room ended.
    RoomClosed,
    /// A moderator banned the person.
    Banned,
}

/// How an invitation ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEnd {
    /// The invitee is inside: they accepted, or somebody moved them there.
    Accepted,
    /// The invitee declined.
    Rejected,
    /// A moderator or the owner withdrew the invitation, or the breakout is gone.
    Withdrawn,
    /// The invitee left the room or went into another breakout, or the breakouts' time is up.
    Expired,
}
