//! Steps of a story, concrete so that a story with steps left out can still run.

use sideroom_control::{Actor, Command};
use sideroom_route::{GroupId, TrackId};

/// One step of a world: time passes, media flows, and then something is asked or looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Time that passes before it.
    pub wait_ms: u32,
    /// Seed for the clients' media and the networks meanwhile.
    pub media_seed: u64,
    pub act: Act,
}

/// The action of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A request reaches the room.
    Ask {
        actor: Actor,
        /// The number of the request: the same number of the same actor is the same request id.
        request: u64,
        command: Command,
    },
    /// The media plane reports talkers.
    Talkers {
        /// In which group.
        group: GroupId,
        /// The most active first.
        ranked: Vec<TrackId>,
    },
    /// Everything under way arrives, and everybody who should be heard must be.
    Quiet,
    /// The room is written down, read again, and must be the same.
    Restore,
}

/// A violation that an oracle has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub oracle: &'static str,
    pub detail: String,
}

impl Violation {
    /// `oracle` saw `detail`.
    pub fn new(oracle: &'static str, detail: impl Into<String>) -> Self {
        Self {
            oracle,
            detail: detail.into(),
        }
    }
}

/// A violation unless `condition` holds.
pub(crate) fn ensure(
    condition: bool,
    oracle: &'static str,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if condition {
        Ok(())
    } else {
        Err(Violation::new(oracle, detail()))
    }
}
