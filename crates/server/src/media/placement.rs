//! Assigns participants to workers. A room begins on one worker and spreads over more when it grows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sideroom_route::{ParticipantId, RoomId, WorkerId};

/// Participants of one room on one worker before the room spreads to another, unless configured.
pub const SPREAD_ABOVE: usize = 150;

/// The assignment of participants to workers.
#[derive(Debug)]
pub(super) struct Placement {
    spread_above: usize,
    /// Participants on each worker, of all rooms.
    load: Vec<usize>,
    homes: HashMap<ParticipantId, WorkerId>,
    /// Workers that serve no participants any more.
    lost: BTreeSet<WorkerId>,
    rooms: HashMap<RoomId, BTreeMap<WorkerId, usize>>,
}

impl Placement {
    /// No assignments yet. A node has at least one worker.
    pub(super) fn new(workers: u16, spread_above: usize) -> Self {
        Self {
            spread_above: spread_above.max(1),
            load: vec![0; usize::from(workers.max(1))],
            homes: HashMap::new(),
            lost: BTreeSet::new(),
            rooms: HashMap::new(),
        }
    }

    /// The worker of a participant that is placed.
    pub(super) fn home_of(&self, participant: ParticipantId) -> Option<WorkerId> {
        self.homes.get(&participant).copied()
    }

    pub(super) fn workers_of(&self, room: RoomId) -> impl Iterator<Item = WorkerId> + '_ {
        self.rooms
            .get(&room)
            .into_iter()
            .flat_map(|held| held.keys().copied())
    }

    /// How many of a room's participants a worker serves.
    pub(super) fn count_on(&self, room: RoomId, worker: WorkerId) -> usize {
        let held = self.rooms.get(&room);
        held.and_then(|held| held.get(&worker))
            .copied()
            .unwrap_or(0)
    }

    /// The placed participants of a room.
    pub(super) fn participants_of(&self, room: RoomId) -> impl Iterator<Item = ParticipantId> + '_ {
        self.homes
            .keys()
            .copied()
            .filter(move |participant| participant.room() == room)
    }

    /// Places a participant, or returns their present worker.
    pub(super) fn place(&mut self, participant: ParticipantId) -> WorkerId {
        if let Some(home) = self.home_of(participant) {
            return home;
        }
        let room = participant.room();
        let home = self.choose(room);
        self.homes.insert(participant, home);
        *self.rooms.entry(room).or_default().entry(home).or_default() += 1;
        if let Some(load) = self.load.get_mut(usize::from(home.0)) {
            *load += 1;
        }
        home
    }

    /// Forgets a participant. True if it was the last of its room on that worker.
    pub(super) fn remove(&mut self, participant: ParticipantId) -> Option<(WorkerId, bool)> {
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

    /// Excludes a lost worker from placing. Returns its participants, once.
    pub(super) fn lose(&mut self, worker: WorkerId) -> Vec<ParticipantId> {
        if !self.lost.insert(worker) {
            return Vec::new();
        }
        let there = self.homes.iter().filter(|(_, home)| **home == worker);
        there.map(|(participant, _)| *participant).collect()
    }

    fn choose(&self, room: RoomId) -> WorkerId {
        let least_loaded = |_: &()| self.unused(&BTreeMap::new()).unwrap_or_default();
        let Some(held) = self.rooms.get(&room) else {
            return least_loaded(&());
        };
        let works = held
            .iter()
            .filter(|(worker, _)| !self.lost.contains(worker));
        let fewest = works.min_by_key(|(_, count)| **count);
        match fewest {
            Some((worker, count)) if *count < self.spread_above => *worker,
            _ => self
                .unused(held)
                .unwrap_or_else(|| fewest.map_or_else(|| least_loaded(&()), |(worker, _)| *worker)),
        }
    }

    fn unused(&self, held: &BTreeMap<WorkerId, usize>) -> Option<WorkerId> {
        let workers = self.load.iter().enumerate().filter_map(|(index, load)| {
            let worker = WorkerId(u16::try_from(index).ok()?);
            let free = !held.contains_key(&worker) && !self.lost.contains(&worker);
            free.then_some((worker, *load))
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
        let mut placement = Placement::new(2, 3);
        for index in 0..3 {
            assert_eq!(placement.place(who(1, index)), WorkerId(0));
        }
        for index in 0..2 {
            assert_eq!(placement.place(who(2, index)), WorkerId(1));
        }
    }

    #[test]
    fn a_room_that_grows_spreads_and_then_fills_its_workers_evenly() {
        let mut placement = Placement::new(2, 3);
        let homes: Vec<_> = (0..8)
            .map(|index| placement.place(who(1, index)).0)
            .collect();
        assert_eq!(homes, [0, 0, 0, 1, 1, 1, 0, 1]);
    }

    #[test]
    fn nobody_is_placed_on_a_worker_that_is_lost() {
        let mut placement = Placement::new(2, 2);
        for index in 0..2 {
            assert_eq!(placement.place(who(1, index)), WorkerId(0));
        }
        let mut lost = placement.lose(WorkerId(0));
        lost.sort_unstable();
        assert_eq!(lost, [who(1, 0), who(1, 1)]);
        assert!(placement.lose(WorkerId(0)).is_empty(), "once");
        for index in 2..9 {
            assert_eq!(placement.place(who(1, index)), WorkerId(1));
        }
        placement.remove(who(1, 0));
        assert_eq!(placement.place(who(1, 0)), WorkerId(1));
    }

    #[test]
    fn whoever_left_leaves_nothing_behind() {
        let mut placement = Placement::new(2, 2);
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
