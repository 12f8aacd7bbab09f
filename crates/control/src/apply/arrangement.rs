//! Arrangements (rule 26): keeping them, and applying them in one step.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::create::check_capacity;
use crate::arrangement::is_presentable;
use crate::command_run::CommandRun;
use crate::person::person_of;
use crate::state::{State, require};
use crate::{
    ArrangedRoom, Arrangement, ArrangementSummary, BreakoutError, CreateBreakouts, Door, EventKind,
    KindSet, MoveCause, Outcome, Subject, bounds,
};

/// The places that an arrangement names, as the room has them.
struct Placement {
    /// Of each room: the breakout, unless it has yet to be created.
    breakouts: Vec<Option<BreakoutId>>,
    /// The participants of each room who are here.
    present: Vec<Vec<ParticipantId>>,
}

impl State {
    fn arrangement(&self, name: &str) -> Result<&Arrangement, BreakoutError> {
        let held = self.arrangements.get(&name.to_owned());
        held.ok_or(BreakoutError::NotFound(Subject::Arrangement))
    }

    /// The names and sizes of all arrangements.
    pub(crate) fn arrangement_list(&self) -> Vec<ArrangementSummary> {
        let all = self.arrangements.iter();
        all.map(|(name, it)| it.summary(name)).collect()
    }
}

impl CommandRun<'_> {
    /// Keeps an arrangement under a name, in place of an earlier one. `None`: as things stand now.
    pub(super) fn save_arrangement(
        &mut self,
        name: &str,
        given: Option<&Arrangement>,
    ) -> Result<Outcome, BreakoutError> {
        require(
            is_presentable(name),
            BreakoutError::InvalidArgument(
                "the name of an arrangement has 1 to 128 printable bytes",
            ),
        )?;
        let next = given.cloned().unwrap_or_else(|| self.as_things_stand());
        next.check()
            .map_err(|fault| BreakoutError::InvalidArgument(fault.text()))?;
        let held = self.state.arrangements.iter();
        let others = held.filter(|(other, _)| other.as_str() != name);
        let (mut count, mut identities) = (1, next.identities().count());
        for (_, other) in others {
            count += 1;
            identities += other.identities().count();
        }
        require(
            count <= bounds::ARRANGEMENTS,
            BreakoutError::InvalidArgument("a room has at most 50 arrangements; remove one first"),
        )?;
        require(
            identities <= bounds::ARRANGED,
            BreakoutError::InvalidArgument(
                "the arrangements of a room have at most 10,000 identities; remove one first",
            ),
        )?;
        let arrangement = next.summary(name);
        let before = self.state.arrangements.insert(name.to_owned(), next);
        if before.as_ref() != self.state.arrangements.get(&name.to_owned()) {
            self.tell(EventKind::ArrangementSaved {
                arrangement: arrangement.clone(),
            });
        }
        Ok(Outcome::Arrangement { arrangement })
    }

    /// The breakouts with those who are inside or assigned.
    fn as_things_stand(&self) -> Arrangement {
        let mut rooms: BTreeMap<BreakoutId, ArrangedRoom> = BTreeMap::new();
        let mut inside = BTreeSet::new();
        for (id, breakout) in self.state.breakouts.iter().filter(|(_, it)| !it.side) {
            let members = breakout.members.iter();
            let members = members.filter_map(|one| self.state.participants.get(one));
            let identities: Vec<String> = members
                .filter(|one| !one.is_moderator() && person_of(&one.identity) == one.identity)
                .map(|one| one.identity.clone())
                .collect();
            inside.extend(identities.iter().cloned());
            let room = ArrangedRoom {
                name: breakout.name.clone(),
                capacity: Some(u32::from(breakout.capacity)),
                identities,
            };
            rooms.insert(*id, room);
        }
        for (identity, to) in &self.state.assignments {
            if let Some(room) = rooms.get_mut(to)
                && inside.insert(identity.clone())
            {
                room.identities.push(identity.clone());
            }
        }
        Arrangement {
            rooms: rooms.into_values().collect(),
        }
    }

    pub(super) fn remove_arrangement(&mut self, name: &str) -> Result<Outcome, BreakoutError> {
        self.state.arrangement(name)?;
        self.state.arrangements.remove(&name.to_owned());
        let name = name.to_owned();
        self.tell(EventKind::ArrangementRemoved { name });
        Ok(Outcome::Done)
    }

    /// Creates the breakouts that are missing and assigns everybody; with `open` it opens them and moves everybody
    /// who is here.
    pub(super) fn apply_arrangement(
        &mut self,
        name: &str,
        open: bool,
    ) -> Result<Outcome, BreakoutError> {
        let arrangement = self.state.arrangement(name)?.clone();
        require(
            !arrangement.rooms.is_empty(),
            BreakoutError::InvalidArgument("the arrangement has no rooms"),
        )?;
        let placement = self.find_places(&arrangement);
        self.check_rooms(&arrangement, &placement)?;
        if open {
            self.check_places(&arrangement, &placement)?;
        }
        let mut breakouts = Vec::new();
        for (room, found) in arrangement.rooms.iter().zip(&placement.breakouts) {
            let id = match found {
                Some(id) => *id,
                None => self.add_arranged(room, open)?,
            };
            breakouts.push(id);
        }
        for (room, id) in arrangement.rooms.iter().zip(&breakouts) {
            for identity in &room.identities {
                if self.state.assignments.get(identity) != Some(id) {
                    self.unassign(identity);
                }
                self.assign(identity, Some(*id));
                self.wait_outside(*id, identity);
            }
        }
        let mut placed = Vec::new();
        if open {
            placed = self.open_arranged(&breakouts, &placement);
        } else {
            for id in &breakouts {
                self.take_in(*id);
            }
        }
        let here = &self.state.identities;
        let absent = arrangement.identities();
        let absent = absent.filter(|identity| !here.contains_key(*identity));
        Ok(Outcome::Arranged {
            absent: absent.cloned().collect(),
            breakouts,
            placed,
        })
    }

    fn find_places(&self, arrangement: &Arrangement) -> Placement {
        let by_name: BTreeMap<&str, BreakoutId> = self
            .state
            .breakouts
            .iter()
            .map(|(id, it)| (it.name.as_str(), *id))
            .collect();
        let rooms = arrangement.rooms.iter();
        let here = |identity: &String| self.state.identities.get(identity).copied();
        Placement {
            breakouts: rooms
                .clone()
                .map(|room| by_name.get(room.name.as_str()).copied())
                .collect(),
            present: rooms
                .map(|room| room.identities.iter().filter_map(here).collect())
                .collect(),
        }
    }

    /// The breakouts fit in the room, and those who are assigned fit in the breakouts.
    fn check_rooms(
        &self,
        arrangement: &Arrangement,
        placement: &Placement,
    ) -> Result<(), BreakoutError> {
        let settings = self.state.settings();
        let missing = placement.breakouts.iter().filter(|it| it.is_none()).count();
        if missing > 0 {
            self.state.require_in_parent(self.actor)?;
        }
        let most = settings.max_breakouts;
        require(
            self.state.breakouts.len() + missing <= usize::from(most),
            BreakoutError::BreakoutLimitReached { most },
        )?;
        let ids = u32::try_from(missing).unwrap_or(u32::MAX);
        require(
            self.state.next_breakout.checked_add(ids).is_some(),
            BreakoutError::Internal("ids are used up"),
        )?;
        for (room, found) in arrangement.rooms.iter().zip(&placement.breakouts) {
            let capacity = match found {
                Some(id) => self.state.breakout(*id)?.capacity,
                None => self.capacity_of(room)?,
            };
            require(
                room.identities.len() <= usize::from(capacity),
                BreakoutError::BreakoutFull { capacity },
            )?;
        }
        let identities = arrangement.identities().count();
        require(
            self.state.assignments.len().saturating_add(identities) <= bounds::ASSIGNMENTS,
            BreakoutError::InvalidArgument("too many identities are assigned already"),
        )
    }

    fn capacity_of(&self, room: &ArrangedRoom) -> Result<u16, BreakoutError> {
        let settings = self.state.settings();
        let largest = u32::from(settings.largest_capacity());
        check_capacity(settings, Some(room.capacity.unwrap_or(largest)))
    }

    /// Checks that each room has places for the people it gets, beside those who are inside and stay there.
    fn check_places(
        &self,
        arrangement: &Arrangement,
        placement: &Placement,
    ) -> Result<(), BreakoutError> {
        let named: BTreeSet<&ParticipantId> = placement.present.iter().flatten().collect();
        let rooms = arrangement.rooms.iter().zip(&placement.breakouts);
        for ((_, found), coming) in rooms.zip(&placement.present) {
            let Some(id) = found else {
                continue;
            };
            let to = self.state.breakout(*id)?;
            let stay = to.members.iter().filter(|one| !named.contains(one)).count();
            let capacity = to.capacity;
            require(
                stay + coming.len() <= usize::from(capacity),
                BreakoutError::BreakoutFull { capacity },
            )?;
        }
        Ok(())
    }

    fn add_arranged(
        &mut self,
        room: &ArrangedRoom,
        open: bool,
    ) -> Result<BreakoutId, BreakoutError> {
        let capacity = self.capacity_of(room)?;
        let create = CreateBreakouts {
            participants: Some(u32::from(capacity)),
            count: 1,
            names: vec![room.name.clone()],
            media: KindSet::WITHOUT_CAMERA,
            open,
            // Late joiners who are assigned go straight there.
            auto_move: true,
            self_select: false,
            door: Door::Open,
        };
        let made = self.add_breakouts(&create, capacity);
        let made = made.first().copied();
        made.ok_or(BreakoutError::Internal("no breakout was made"))
    }

    fn open_arranged(
        &mut self,
        breakouts: &[BreakoutId],
        placement: &Placement,
    ) -> Vec<(ParticipantId, BreakoutId)> {
        self.remember_round();
        for id in breakouts {
            self.set_open(*id, true);
        }
        let mut placed = Vec::new();
        for (id, present) in breakouts.iter().zip(&placement.present) {
            for participant in present {
                let to = GroupId::Breakout(*id);
                self.place(*participant, to, MoveCause::Arranged, None);
                placed.push((*participant, *id));
            }
        }
        // The arrangement stands: nobody moves up into the places that it has left free.
        self.effects.freed.clear();
        placed
    }
}
