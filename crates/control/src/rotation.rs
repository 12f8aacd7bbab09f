//! Rotations: rounds in which people change breakouts. Plans only: no command begins one yet.

mod plan;

use serde::{Deserialize, Serialize};
use sideroom_route::BreakoutId;

use crate::{Actor, UnixMillis};

pub use plan::{RotationPlan, Rounds, plan_rotation, repeats};

/// The people of one round, by breakout.
pub type Round = Vec<(BreakoutId, Vec<String>)>;

/// A rotation that runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rotation {
    /// The plan: the identities of each breakout in each round.
    pub rounds: Vec<Round>,
    pub round_ms: u32,
    /// How many rounds have begun.
    pub begun: u32,
    /// When the present round ends.
    pub next_at: UnixMillis,
    /// It is paused, with so much of the present round left.
    pub paused_ms: Option<u32>,
    /// Its author, whose rights count.
    pub by: Actor,
}
