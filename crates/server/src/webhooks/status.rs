//! How a receiver is, for operators.

use serde::{Deserialize, Serialize};

use super::replay::Replay;

/// How a receiver is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub id: String,
    /// Without its query, which may be secret.
    pub url: String,
    /// Everything up to this number is delivered or given up.
    pub settled: u64,
    /// The last event that was seen.
    pub newest: u64,
    /// Rooms with events that wait.
    pub rooms_waiting: usize,
    /// The number of dead letters.
    pub dead: usize,
    /// The time since which no request succeeds; 0: the last one did.
    pub failing_since_ms: u64,
    /// The last error, while it fails.
    pub error: String,
    /// The replay that is under way.
    pub replay: Option<Replay>,
}

impl Status {
    pub(super) fn new(id: &str, url: &str, dead: usize) -> Self {
        Self {
            id: id.to_owned(),
            url: url.to_owned(),
            settled: 0,
            newest: 0,
            rooms_waiting: 0,
            dead,
            failing_since_ms: 0,
            error: String::new(),
            replay: None,
        }
    }

    pub(super) fn works(&mut self) {
        if self.failing_since_ms != 0 {
            tracing::info!(receiver = %self.id, "a webhook's receiver takes events again");
        }
        self.failing_since_ms = 0;
        self.error.clear();
    }

    pub(super) fn fails(&mut self, why: &str, now_ms: u64) {
        if self.failing_since_ms == 0 {
            self.failing_since_ms = now_ms;
            tracing::warn!(receiver = %self.id, why, "a webhook's receiver takes no events; they wait");
        }
        self.error = why.to_owned();
    }

    pub(super) fn stands(
        &mut self,
        settled: u64,
        newest: u64,
        rooms_waiting: usize,
        replay: Option<Replay>,
    ) {
        self.settled = settled;
        self.newest = newest;
        self.rooms_waiting = rooms_waiting;
        self.replay = replay;
    }
}
