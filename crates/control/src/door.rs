//! Doors of breakouts, and those who knock (rule 22).

use serde::{Deserialize, Serialize};
use sideroom_route::{BreakoutId, ParticipantId};

use crate::UnixMillis;

/// Whether people who may join a breakout can go in by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    #[default]
    Open,
    /// Moderators and the owner come in by themselves; other participants do not.
    Locked,
    /// Those who are not asked knock; somebody inside or a moderator lets them in.
    Knocking,
}

/// How a knock ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnockEnd {
    /// They are inside.
    Admitted,
    Refused,
    /// The answer did not come in time.
    Expired,
    /// They do not want to come in any more.
    Withdrawn,
    /// They went elsewhere, or the breakout takes no knocks any more.
    Void,
}

/// A knock that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnockView {
    pub breakout: BreakoutId,
    pub participant: ParticipantId,
    /// When it ends by itself.
    pub until: UnixMillis,
}
