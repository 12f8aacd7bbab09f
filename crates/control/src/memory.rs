//! A room's memory besides its state: answered requests, past events, past moves. It follows from the journal
//! as the state does, and each part of it is bounded.

mod events;
mod requests;

use serde::{Deserialize, Serialize};

use crate::MoveLog;

pub(crate) use events::Events;
pub(crate) use requests::{Answer, Requests};

/// All of it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) requests: Requests,
    pub(crate) events: Events,
    pub(crate) moves: MoveLog,
}

impl Memory {
    /// An empty one after the event with this number.
    pub(crate) fn at(seq: u64) -> Self {
        Self {
            events: Events::new(std::collections::VecDeque::new(), seq),
            ..Self::default()
        }
    }
}
