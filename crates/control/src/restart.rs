//! Coming back after a restart: a snapshot, and the records of the journal after it.

use serde::{Deserialize, Serialize, Serializer};
use sideroom_route::Epoch;

use crate::memory::Memory;
use crate::planner::Planner;
use crate::room::{Mode, Room};
use crate::state::State;
use crate::volatile::Volatile;
use crate::{Applied, Record, ReplayError, Request};

/// Everything that a room must not forget when the server restarts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    version: u16,
    epoch: Epoch,
    pub(crate) state: State,
    memory: Memory,
}

/// The same without a copy: it is written as [`Snapshot`] is.
#[derive(Serialize)]
struct Borrowed<'a> {
    version: u16,
    epoch: Epoch,
    state: &'a State,
    memory: &'a Memory,
}

impl Room {
    /// Writes what [`Room::snapshot`] holds, and reads as one. It copies nothing: a room that remembers
    /// thousands of events is large.
    pub fn serialize_snapshot<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let whole = Borrowed {
            version: Record::VERSION,
            epoch: self.epoch,
            state: &self.state,
            memory: &self.memory,
        };
        whole.serialize(to)
    }

    /// Everything that must survive a restart.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: Record::VERSION,
            epoch: self.epoch,
            state: self.state.clone(),
            memory: self.memory.clone(),
        }
    }

    /// The room of a snapshot, with the same state hash.
    pub fn restore(snapshot: Snapshot) -> Result<Self, ReplayError> {
        let (found, known) = (snapshot.version, Record::VERSION);
        if found != known {
            return Err(ReplayError::Version { found, known });
        }
        let mut room = Self {
            state: snapshot.state,
            volatile: Volatile::default(),
            memory: snapshot.memory,
            planner: Planner::default(),
            epoch: snapshot.epoch,
        };
        room.state.remember_people();
        room.rebuild();
        Ok(room)
    }

    /// Applies one record of the journal, the next in the chain. Refuses a record that was changed, or
    /// that is not the next.
    pub fn replay(&mut self, record: &Record) -> Result<Applied, ReplayError> {
        self.state.chain.check(self.state.config.id, record)?;
        let held = std::mem::replace(&mut self.epoch, record.after);
        let request = Request {
            now: record.now,
            actor: record.actor,
            id: record.request_id.clone(),
            command: record.command.clone(),
        };
        let mode = Mode::Replay {
            epoch: record.epoch,
            version: record.version,
        };
        self.run(request, &mode).map_err(|error| {
            self.epoch = held;
            ReplayError::Refused {
                seq: record.seq,
                error,
            }
        })
    }
}

impl Snapshot {
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self)
            .expect("invariant: a snapshot holds nothing that postcard refuses")
    }

    /// From the bytes of [`Snapshot::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        postcard::from_bytes(bytes).map_err(|_| ReplayError::Unreadable)
    }

    /// The public id of the room that it is of.
    pub fn name(&self) -> &str {
        &self.state.config.name
    }

    /// The number of the last journal record that it contains.
    pub fn record_seq(&self) -> u64 {
        self.state.chain.seq
    }
}
