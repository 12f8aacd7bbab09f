//! Coming back after a restart: a snapshot, and the records of the journal after it.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use sideroom_route::Epoch;

use crate::layout::in_layout;
use crate::memory::Memory;
use crate::old::Rules;
use crate::planner::Planner;
use crate::room::Room;
use crate::state::State;
use crate::volatile::Volatile;
use crate::{Event, OldRecord, Record, ReplayError};

/// Everything that a room must not forget when the server restarts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) version: u16,
    pub(crate) epoch: Epoch,
    pub(crate) state: State,
    pub(crate) memory: Memory,
    /// Of the commands that follow it in a journal of an older format.
    #[serde(skip)]
    pub(crate) old: Option<Rules>,
}

/// A borrowed snapshot that is encoded exactly like [`Snapshot`].
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
            old: None,
        }
    }

    /// The room of a snapshot, with the same state hash.
    pub fn restore(snapshot: Snapshot) -> Result<Self, ReplayError> {
        let (found, known) = (snapshot.version, Record::VERSION);
        if !(Record::EARLIEST..=known).contains(&found) {
            return Err(ReplayError::Version { found, known });
        }
        let mut room = Self {
            state: snapshot.state,
            volatile: Volatile::default(),
            memory: snapshot.memory,
            planner: Planner::default(),
            epoch: snapshot.epoch,
            old: snapshot.old,
        };
        room.state.remember_people();
        room.state.forget_changes();
        room.rebuild();
        Ok(room)
    }

    /// Reads one record of the journal, the next in the chain, and tells what happened. Refuses a record that
    /// was changed, or that is not the next. For many records: [`Room::replay_all`].
    pub fn replay(&mut self, record: &Record) -> Result<Vec<Arc<Event>>, ReplayError> {
        let events = self.follow(record);
        self.rebuild();
        events
    }

    /// Reads records, and makes the routing table once, at the end.
    pub fn replay_all<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<(), ReplayError> {
        self.replay_telling(entries, |_| {})
    }

    /// As [`Room::replay_all`], and tells what happened at each.
    pub fn replay_telling<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a Entry>,
        mut tell: impl FnMut(Vec<Arc<Event>>),
    ) -> Result<(), ReplayError> {
        let mut recounted = false;
        let mut all = entries.into_iter();
        let read = all.try_for_each(|entry| {
            recounted |= matches!(entry, Entry::Old(_)) && self.old < Some(Rules::Invitations);
            self.read(entry).map(&mut tell)
        });
        if recounted {
            // Today's rules tell of more than those did, so the numbers that callers know name other events.
            self.memory.events.lose(self.seq());
        }
        self.rebuild();
        read
    }

    fn read(&mut self, entry: &Entry) -> Result<Vec<Arc<Event>>, ReplayError> {
        match entry {
            Entry::Record(record) => self.follow(record),
            Entry::Old(record) => self.follow_old(record),
        }
    }
}

/// One row of a journal.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry {
    /// In today's format.
    Record(Box<Record>),
    /// In the format before it.
    Old(Box<OldRecord>),
}

impl Entry {
    /// The number of the row in its room.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Record(record) => record.seq,
            Self::Old(record) => record.seq(),
        }
    }
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        Self::Record(Box::new(record))
    }
}

/// For export. Old records have texts; nobody gets to read them.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Record(record) => record.serialize(to),
            Self::Old(record) => record.without_text().serialize(to),
        }
    }
}

impl Snapshot {
    pub fn encode(&self) -> Vec<u8> {
        in_layout(self.version, || postcard::to_allocvec(self))
            .expect("invariant: a snapshot holds nothing that postcard refuses")
    }

    /// From the bytes of [`Snapshot::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let (version, _) =
            postcard::take_from_bytes::<u16>(bytes).map_err(|_| ReplayError::Unreadable)?;
        in_layout(version, || postcard::from_bytes(bytes)).map_err(|_| ReplayError::Unreadable)
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
