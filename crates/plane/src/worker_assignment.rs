//! The worker of each participant. A room begins on one worker and spreads over more when it grows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sideroom_route::{ParticipantId, RoomId, WorkerId};

/// The worker of each participant.
#[derive(Debug)]
pub(crate) struct WorkerAssignment {
    spread_above: usize,
    /// Participants on each worker, of all rooms.
    load: Vec<usize>,
    /// The measured load of each worker.
    measured: Vec<Measured>,
    homes: HashMap<ParticipantId, WorkerId>,
    /// Workers that are down: nobody is placed there.
    lost: BTreeSet<WorkerId>,
    /// Workers that are late: newcomers go elsewhere if another worker runs.
    late: BTreeSet<WorkerId>,
    rooms: HashMap<RoomId, BTreeMap<WorkerId, usize>>,
}

/// The last measurement of a worker.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Share of a core, in thousandths.
    permille: u32,
    /// Participants placed there since, as far as the measurement does not show them yet.
    placed_since: u32,
}

/// Workers whose loads differ by less than this, in thousandths of a core, are alike.
const LOAD_STEP: u64 = 50;

impl WorkerAssignment {
    /// An empty placement. A node has at least one worker.
    pub(crate) fn new(workers: u16, spread_above: usize) -> Self {
        Self {
            spread_above: spread_above.max(1),
            load: vec![0; usize::from(workers.max(1))],
            measured: vec![Measured::default(); usize::from(workers.max(1))],
            homes: HashMap::new(),
            lost: BTreeSet::new(),
            late: BTreeSet::new(),
            rooms: HashMap::new(),
        }
    }

    /// The worker of a participant that is placed.
    pub(crate) fn home_of(&self, participant: ParticipantId) -> Option<WorkerId> {
        self.homes.get(&participant).copied()
    }

    /// The workers that a room is on.
    pub(crate) fn workers_of(&self, room: RoomId) -> impl Iterator<Item = WorkerId> + '_ {
        self.rooms
            .get(&room)
            .into_iter()
            .flat_map(|held| held.keys().copied())
    }

    /// How many of a room's participants a worker serves.
    pub(crate) fn count_on(&self, room: RoomId, worker: WorkerId) -> usize {
        let held = self.rooms.get(&room);
        held.and_then(|held| held.get(&worker))
            .copied()
            .unwrap_or(0)
    }

    /// Every placed participant of a room.
    pub(crate) fn participants_of(&self, room: RoomId) -> Vec<ParticipantId> {
        let all = self.homes.keys().copied();
        let mut here: Vec<_> = all.filter(|one| one.room() == room).collect();
        here.sort_unstable();
        here
    }

    /// Places a participant, or says where they are placed already. `None` if every worker is down.
    pub(crate) fn place(&mut self, participant: ParticipantId) -> Option<WorkerId> {
        if let Some(home) = self.home_of(participant) {
            return Some(home);
        }
        let room = participant.room();
        let home = self.choose(room)?;
        self.homes.insert(participant, home);
        *self.rooms.entry(room).or_default().entry(home).or_default() += 1;
        if let Some(load) = self.load.get_mut(usize::from(home.0)) {
            *load += 1;
        }
        if let Some(measured) = self.measured.get_mut(usize::from(home.0)) {
            measured.placed_since += 1;
        }
        Some(home)
    }

    /// Forgets a participant. True if it was the last of its room on that worker.
    pub(crate) fn remove(&mut self, participant: ParticipantId) -> Option<(WorkerId, bool)> {
        let home = self.homes.remove(&participant)?;
        let room = participant.room();
        if let Some(load) = self.load.get_mut(usize::from(home.0)) {
            *load = load.saturating_sub(1);
        }
        let held = self.rooms.get_mut(&room)?;
        let count = held.get_mut(&home)?;
        *count -= 1;
        let last = *count == 0;
        if last {
            held.remove(&home);
        }
        if held.is_empty() {
            self.rooms.remove(&room);
        }
        Some((home, last))
    }

    /// A worker is down: nobody is placed there until it is restored. Gives those who are placed there, in order.
    pub(crate) fn lose(&mut self, worker: WorkerId) -> Vec<ParticipantId> {
        self.lost.insert(worker);
        let there = self.homes.iter().filter(|(_, home)| **home == worker);
        let mut there: Vec<_> = there.map(|(participant, _)| *participant).collect();
        there.sort_unstable();
        there
    }

    /// A worker that was down serves again.
    pub(crate) fn restore(&mut self, worker: WorkerId) {
        self.lost.remove(&worker);
    }

    /// Notes whether a worker carries out its orders too late.
    pub(crate) fn set_late(&mut self, worker: WorkerId, late: bool) {
        match late {
            true => self.late.insert(worker),
            false => self.late.remove(&worker),
        };
    }

    /// Takes the share of a core that a worker has used lately, in thousandths.
    pub(crate) fn set_load(&mut self, worker: WorkerId, permille: u32) {
        if let Some(measured) = self.measured.get_mut(usize::from(worker.0)) {
            // Newcomers do not send everything yet.
            measured.placed_since /= 2;
            measured.permille = permille;
        }
    }

    /// The expected load of a worker, in steps: what was measured, and for each participant placed since as much as
    /// others take. Of equal ones the number of participants decides, and so without measurements.
    fn expected(&self, index: usize, participants: usize) -> (u64, usize) {
        let measured = self.measured.get(index).copied().unwrap_or_default();
        let used: u64 = self.measured.iter().map(|it| u64::from(it.permille)).sum();
        let placed: u64 = self
            .measured
            .iter()
            .map(|it| u64::from(it.placed_since))
            .sum();
        let all: usize = self.load.iter().sum();
        let each = used / (all as u64).saturating_sub(placed).max(1);
        let expected = u64::from(measured.permille) + each * u64::from(measured.placed_since);
        (expected / LOAD_STEP, participants)
    }

    fn choose(&self, room: RoomId) -> Option<WorkerId> {
        let runs = |worker: WorkerId| !self.lost.contains(&worker);
        let obeys = |worker: WorkerId| runs(worker) && !self.late.contains(&worker);
        self.choose_among(room, obeys)
            .or_else(|| self.choose_among(room, runs))
    }

    fn choose_among(&self, room: RoomId, able: impl Fn(WorkerId) -> bool) -> Option<WorkerId> {
        let Some(held) = self.rooms.get(&room) else {
            return self.unused(&BTreeMap::new(), able);
        };
        let works = held.iter().filter(|(worker, _)| able(**worker));
        let fewest = works.min_by_key(|(_, count)| **count);
        match fewest {
            Some((worker, count)) if *count < self.spread_above => Some(*worker),
            _ => self
                .unused(held, able)
                .or(fewest.map(|(worker, _)| *worker)),
        }
    }

    fn unused(
        &self,
        held: &BTreeMap<WorkerId, usize>,
        able: impl Fn(WorkerId) -> bool,
    ) -> Option<WorkerId> {
        let workers = self.load.iter().enumerate().filter_map(|(index, load)| {
            let worker = WorkerId(u16::try_from(index).ok()?);
            let free = !held.contains_key(&worker) && able(worker);
            free.then(|| (worker, self.expected(index, *load)))
        });
        workers
            .min_by_key(|(_, load)| *load)
            .map(|(worker, _)| worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(room: u32, index: u32) -> ParticipantId {
        ParticipantId::new(RoomId(room), index)
    }

    #[test]
    fn rooms_are_spread_over_workers_and_small_rooms_stay_whole() {
        let mut placement = WorkerAssignment::new(2, 3);
        for index in 0..3 {
            assert_eq!(placement.place(who(1, index)), Some(WorkerId(0)));
        }
        for index in 0..2 {
            assert_eq!(placement.place(who(2, index)), Some(WorkerId(1)));
        }
    }

    #[test]
    fn a_room_that_grows_spreads_and_then_fills_its_workers_evenly() {
        let mut placement = WorkerAssignment::new(2, 3);
        let homes: Vec<_> = (0..8)
            .map(|index| placement.place(who(1, index)).map(|worker| worker.0))
            .collect();
        assert_eq!(homes, [0, 0, 0, 1, 1, 1, 0, 1].map(Some));
    }

    #[test]
    fn nobody_is_placed_on_a_worker_that_is_down() {
        let mut placement = WorkerAssignment::new(2, 2);
        for index in 0..2 {
            assert_eq!(placement.place(who(1, index)), Some(WorkerId(0)));
        }
        assert_eq!(placement.lose(WorkerId(0)), [who(1, 0), who(1, 1)]);
        for index in 2..9 {
            assert_eq!(placement.place(who(1, index)), Some(WorkerId(1)));
        }
        placement.remove(who(1, 0));
        assert_eq!(placement.place(who(1, 0)), Some(WorkerId(1)));
        placement.lose(WorkerId(1));
        assert_eq!(placement.place(who(2, 0)), None);
        placement.restore(WorkerId(0));
        assert_eq!(placement.place(who(2, 0)), Some(WorkerId(0)));
    }

    #[test]
    fn newcomers_go_to_a_worker_that_is_late_only_if_no_other_runs() {
        let mut placement = WorkerAssignment::new(2, 3);
        placement.place(who(1, 0));
        placement.set_late(WorkerId(0), true);
        assert_eq!(placement.place(who(1, 1)), Some(WorkerId(1)));
        assert_eq!(placement.place(who(2, 0)), Some(WorkerId(1)));
        placement.lose(WorkerId(1));
        assert_eq!(placement.place(who(2, 1)), Some(WorkerId(0)));
        placement.restore(WorkerId(1));
        placement.set_late(WorkerId(0), false);
        assert_eq!(placement.place(who(3, 0)), Some(WorkerId(0)));
    }

    #[test]
    fn a_room_begins_where_least_is_to_do_by_measured_load() {
        let mut placement = WorkerAssignment::new(3, 10);
        for room in 1..8 {
            placement.place(who(room, 0));
        }
        assert_eq!(placement.load, [3, 2, 2], "nothing is measured");
        for _ in 0..4 {
            for (worker, permille) in [60, 900, 410].into_iter().enumerate() {
                placement.set_load(WorkerId(worker as u16), permille);
            }
        }
        assert_eq!(placement.place(who(9, 0)), Some(WorkerId(0)));
        // A burst does not pile up on the worker that was idle when it was last measured.
        let homes = (0..20).map(|room| placement.place(who(20 + room, 0)));
        let on_idle = homes.filter(|home| *home == Some(WorkerId(0))).count();
        assert!((5..12).contains(&on_idle), "{on_idle}");
        // A small room stays whole whatever the load.
        placement.set_load(WorkerId(0), 990);
        assert_eq!(placement.place(who(9, 1)), Some(WorkerId(0)));
    }

    #[test]
    fn a_participant_that_left_leaves_nothing_behind() {
        let mut placement = WorkerAssignment::new(2, 2);
        for index in 0..3 {
            placement.place(who(1, index));
        }
        assert_eq!(placement.remove(who(1, 2)), Some((WorkerId(1), true)));
        assert_eq!(placement.remove(who(1, 2)), None);
        for index in 0..2 {
            placement.remove(who(1, index));
        }
        assert!(placement.homes.is_empty() && placement.rooms.is_empty());
        assert_eq!(placement.load, [0, 0]);
    }
}
