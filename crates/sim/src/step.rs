//! What a story is made of: concrete steps, so that a story with steps left out can still be told.

use sideroom_control::{Actor, Command};
use sideroom_route::{GroupId, TrackId};

/// One step of a world: time passes, media flows, and then something is asked or looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Time that passes before it.
    pub wait_ms: u32,
    /// What clients send meanwhile, and what the networks do to it, is drawn from this.
    pub media_seed: u64,
    /// What happens.
    pub act: Act,
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A request reaches the room.
    Ask {
        /// Who asks.
        actor: Actor,
        /// The number of the request: the same number of the same actor is the same request id.
        request: u64,
        /// What is asked.
        command: Command,
    },
    /// The media plane says who talks.
    Talkers {
        /// In which group.
        group: GroupId,
        /// The most active first.
        ranked: Vec<TrackId>,
    },
    /// Everything under way arrives, and whoever should be heard must be.
    Quiet,
    /// The room is written down, read again, and must be the same.
    Restore,
}

/// What an oracle has seen that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which oracle.
    pub oracle: &'static str,
    /// What exactly.
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
