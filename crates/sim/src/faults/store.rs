//! A store that fails, hangs, is slow, and forgets writes that it has not answered.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sideroom_control::{Digest, Record, Room, Snapshot};
use sideroom_room::{Asked, CommitId};
use sideroom_route::{RoomId, Time};

use crate::chance::Chance;

/// How a store behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StoreMode {
    /// The store answers within milliseconds.
    Works,
    /// Reads and writes fail. Some of the writes are kept nevertheless.
    Fails,
    /// Reads work and writes fail.
    ReadOnly,
    /// The store answers nothing until it works again.
    Hangs,
}

/// A request to the store.
#[derive(Debug)]
pub(super) enum StoreJob {
    Commit {
        create: Option<(Vec<u8>, Option<Asked>, Box<Room>)>,
        records: Vec<Record>,
        ends: bool,
    },
    Save(u64, Vec<u8>),
    Load,
    Remove,
}

/// One request under way.
#[derive(Debug)]
pub(super) struct Pending {
    pub room: RoomId,
    /// The place of the room, and which of its lives asked.
    pub asker: (usize, u64),
    pub id: CommitId,
    pub job: StoreJob,
}

/// The rows of one room.
#[derive(Debug)]
pub(super) struct Rows {
    made_by: Option<Asked>,
    snapshot: Vec<u8>,
    snapshot_seq: u64,
    records: Vec<Record>,
    pub ended: bool,
    /// Follows the records one by one.
    shadow: Box<Room>,
    hash: Digest,
}

/// A room as it is read.
#[derive(Debug)]
pub(super) struct ReadRoom {
    pub snapshot: Snapshot,
    pub made_by: Option<Asked>,
    pub records: Vec<Record>,
}

/// The result of a request.
#[derive(Debug)]
pub(super) enum StoreAnswer {
    Committed(bool),
    Loaded(Option<Box<ReadRoom>>),
    None,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Store {
    pub mode: StoreMode,
    pub well_since: Time,
    rooms: BTreeMap<RoomId, Rows>,
    waiting: VecDeque<Pending>,
}

impl Rows {
    pub(super) fn hash(&self) -> Digest {
        self.hash
    }

    pub(super) fn last(&self) -> u64 {
        let last = self.records.last();
        last.map_or(self.snapshot_seq, |record| record.seq)
    }

    fn read(&self) -> ReadRoom {
        ReadRoom {
            snapshot: Snapshot::decode(&self.snapshot).expect("invariant: we have encoded it"),
            made_by: self.made_by.clone(),
            records: self.records.clone(),
        }
    }

    fn add(&mut self, records: Vec<Record>) -> bool {
        for record in &records {
            if record.seq != self.last() + 1 {
                return false;
            }
            let followed = self.shadow.replay(record);
            followed.expect("invariant: a record that the room made can be replayed");
            self.records.push(record.clone());
        }
        self.hash = self.shadow.state_hash();
        true
    }
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            mode: StoreMode::Works,
            well_since: Time::ZERO,
            rooms: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn rows(&self, room: RoomId) -> Option<&Rows> {
        self.rooms.get(&room)
    }

    /// The rooms that a process finds when it starts.
    pub(super) fn open_rooms(&self) -> Vec<RoomId> {
        let open = self.rooms.iter().filter(|(_, rows)| !rows.ended);
        open.map(|(room, _)| *room).collect()
    }

    pub(super) fn name_of(&self, room: RoomId) -> &str {
        self.rooms.get(&room).map_or("", |rows| rows.shadow.name())
    }

    /// Queues a request. True if nothing else waits: the next batch is to be timed.
    pub(super) fn ask(&mut self, pending: Pending) -> bool {
        self.waiting.push_back(pending);
        self.waiting.len() == 1
    }

    /// How long the next batch takes.
    pub(super) fn latency(chance: &mut Chance) -> Duration {
        Duration::from_micros(200 + chance.below(2_800))
    }

    /// Carries out everything that waits, as one transaction.
    pub(super) fn run_batch(&mut self, chance: &mut Chance) -> Vec<(Pending, StoreAnswer)> {
        if self.mode == StoreMode::Hangs {
            return Vec::new();
        }
        let batch = std::mem::take(&mut self.waiting);
        // Whether a transaction that failed was kept is the same for all of it.
        let kept =
            self.mode == StoreMode::Works || (self.mode == StoreMode::Fails && chance.happens(0.2));
        let answers = batch.into_iter().map(|mut pending| {
            let answer = self.carry_out(&mut pending, kept);
            (pending, answer)
        });
        answers.collect()
    }

    fn carry_out(&mut self, pending: &mut Pending, kept: bool) -> StoreAnswer {
        let works = self.mode == StoreMode::Works;
        match &mut pending.job {
            StoreJob::Load => {
                if self.mode == StoreMode::Fails {
                    return StoreAnswer::Loaded(None);
                }
                let rows = self.rooms.get(&pending.room);
                StoreAnswer::Loaded(rows.map(|rows| Box::new(rows.read())))
            }
            job => {
                let done = kept && self.write(pending.room, job);
                match job {
                    StoreJob::Commit { .. } => StoreAnswer::Committed(done && works),
                    _ => StoreAnswer::None,
                }
            }
        }
    }

    /// Changes a room, whole or not at all.
    fn write(&mut self, room: RoomId, job: &mut StoreJob) -> bool {
        match job {
            StoreJob::Load => true,
            StoreJob::Commit {
                create,
                records,
                ends,
            } => {
                if let Some((snapshot, made_by, shadow)) = create.take() {
                    let hash = shadow.state_hash();
                    let rows = Rows {
                        made_by,
                        snapshot,
                        snapshot_seq: shadow.record_seq(),
                        records: Vec::new(),
                        ended: false,
                        shadow,
                        hash,
                    };
                    self.rooms.insert(room, rows);
                }
                let Some(rows) = self.rooms.get_mut(&room) else {
                    return false;
                };
                let added = rows.add(std::mem::take(records));
                rows.ended |= added && *ends;
                added
            }
            StoreJob::Save(seq, snapshot) => {
                let Some(rows) = self.rooms.get_mut(&room) else {
                    return false;
                };
                if *seq > rows.last() || *seq < rows.snapshot_seq {
                    return false;
                }
                rows.snapshot = std::mem::take(snapshot);
                rows.snapshot_seq = *seq;
                let seq = *seq;
                rows.records.retain(|record| record.seq > seq);
                true
            }
            StoreJob::Remove => {
                self.rooms.remove(&room);
                true
            }
        }
    }

    /// The process is killed: of what waits a beginning was kept, and nothing is answered.
    pub(super) fn crash(&mut self, chance: &mut Chance) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let whole = matches!(self.mode, StoreMode::Works | StoreMode::Hangs);
        if whole && chance.happens(0.5) {
            // A transaction is whole or not at all, so all that waited is.
            for pending in &mut waiting {
                self.write(pending.room, &mut pending.job);
            }
        }
    }

    /// A planted bug: a write that was answered is gone.
    pub(super) fn forget_last(&mut self) {
        for rows in self.rooms.values_mut() {
            let Some(record) = rows.records.pop() else {
                continue;
            };
            let mut room = Room::restore(rows.read().snapshot).expect("invariant: we encoded it");
            for held in rows.records.iter().filter(|held| held.seq < record.seq) {
                room.replay(held)
                    .expect("invariant: it was replayed before");
            }
            rows.hash = room.state_hash();
            *rows.shadow = room;
        }
    }
}
