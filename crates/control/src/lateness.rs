//! The number of a scheduled command, and how late it may be.

use serde::{Deserialize, Serialize};

/// Names a scheduled command of a room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(pub u32);

/// The way of a scheduled command whose time passed while the server was away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfLate {
    /// It is carried out if it is at most this late, in milliseconds; else it fails.
    Within(u32),
    /// It is carried out however late it is.
    Always,
}

impl Default for IfLate {
    fn default() -> Self {
        Self::Within(30_000)
    }
}
