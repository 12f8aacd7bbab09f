//! Rotations: rounds in which people change breakouts (rule 27).

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
    pub breakouts: Vec<BreakoutId>,
    /// The plan of the rounds that have not begun: the identities of each breakout.
    pub ahead: Vec<Round>,
    /// How often pairs meet that have met before, in the rounds of the plan as it was last made.
    pub repeats: u32,
    /// How many rounds there are in all.
    pub rounds: u32,
    /// How many rounds have begun.
    pub begun: u32,
    pub round_ms: u32,
    /// When the present round ends, unless it is paused.
    pub next_at: UnixMillis,
    /// It is paused, with so much of the present round left.
    pub paused_ms: Option<u32>,
    pub seed: u64,
    pub by: Actor,
}

/// A rotation, as everybody sees it; moderators see the plan as well.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationView {
    pub breakouts: Vec<BreakoutId>,
    pub rounds: u32,
    /// How many rounds have begun.
    pub begun: u32,
    pub round_ms: u32,
    /// When the present round ends; `None`: it is paused.
    pub next_at: Option<UnixMillis>,
    /// It is paused, with so much of the present round left.
    pub paused_ms: Option<u32>,
    pub by: Actor,
    /// The plan of the rounds that have not begun. For moderators.
    pub ahead: Vec<Round>,
    /// How often pairs meet that have met before, in the rounds of the plan as it was last made. For moderators.
    pub repeats: u32,
    /// The seed of the plan. For moderators.
    pub seed: u64,
}

/// How a rotation ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationEnd {
    /// The last round is over; everybody has returned.
    Done,
    /// A moderator has ended the rotation.
    Stopped,
    /// The last of its breakouts was closed.
    Void,
}

impl Rotation {
    /// The rotation, as moderators see it.
    pub(crate) fn view(&self) -> RotationView {
        RotationView {
            breakouts: self.breakouts.clone(),
            rounds: self.rounds,
            begun: self.begun,
            round_ms: self.round_ms,
            next_at: self.paused_ms.is_none().then_some(self.next_at),
            paused_ms: self.paused_ms,
            by: self.by,
            ahead: self.ahead.clone(),
            repeats: self.repeats,
            seed: self.seed,
        }
    }
}

impl RotationView {
    /// The part that everybody sees.
    pub(crate) fn public(mut self) -> Self {
        self.ahead.clear();
        (self.repeats, self.seed) = (0, 0);
        self
    }
}
