//! One room of the simulated node: its machine, and what its adapter keeps.

use std::collections::{BTreeMap, VecDeque};

use sideroom_room::{Asked, CommitId, Lifecycle, RoomMachine, WatcherId};
use sideroom_route::{ParticipantId, RoomId, Time};

/// See the module.
#[derive(Debug)]
pub(super) struct Host {
    pub id: RoomId,
    /// Rises with every process and every room of this place: answers to an earlier one are lost.
    pub life: u64,
    /// `None`: the room has ended, or the process is down.
    pub machine: Option<RoomMachine>,
    pub made_by: Option<Asked>,
    /// The publication under way, and the workers that have not carried it out.
    pub publishing: Option<(CommitId, Vec<usize>)>,
    /// An operator's watcher, and the number of the last event that it was told.
    pub watcher: Option<WatcherId>,
    pub told: u64,
    /// The start of the present suspension.
    pub suspended_since: Option<Time>,
    /// The last moment at which a fault touched the room.
    pub touched: Time,
    /// When the room woke by itself in the last second.
    pub wakes: VecDeque<Time>,
    /// When participants dropped, as far as the watcher was told in this life.
    pub dropped: BTreeMap<ParticipantId, Time>,
    /// The room panics when it has done this many actions more.
    pub panics_after: Option<u32>,
}

impl Host {
    pub(super) fn new(id: RoomId) -> Self {
        Self {
            id,
            life: 0,
            machine: None,
            made_by: None,
            publishing: None,
            watcher: None,
            told: 0,
            suspended_since: None,
            touched: Time::ZERO,
            wakes: VecDeque::new(),
            dropped: BTreeMap::new(),
            panics_after: None,
        }
    }

    /// Begins a new life, with nothing of the old one.
    pub(super) fn begin_anew(&mut self, now: Time, id: RoomId, machine: Option<RoomMachine>) {
        *self = Self {
            life: self.life + 1,
            machine,
            touched: now,
            ..Self::new(id)
        };
    }

    pub(super) fn lifecycle(&self) -> Lifecycle {
        let machine = self.machine.as_ref();
        machine.map_or(Lifecycle::Ended, RoomMachine::lifecycle)
    }

    /// True if the room is idle and has no work that is due.
    pub(super) fn is_quiet(&self, now: Time) -> bool {
        let machine = self.machine.as_ref();
        machine.is_some_and(|machine| machine.is_idle() && machine.poll_timeout() > now)
    }
}
