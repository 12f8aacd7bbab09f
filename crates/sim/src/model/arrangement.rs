//! Rule 26: arrangements.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{Actor, Arrangement, Command, Door, KindSet, MoveCause, Outcome};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::{Breakout, Model, identity, number_of};
use crate::step::{Violation, ensure};

/// A room of an arrangement: its name, its capacity, and the numbers of its identities.
type Prepared = (String, Option<u32>, Vec<u32>);

/// The rooms of an arrangement.
pub(crate) type Prepareds = Vec<Prepared>;

impl Model {
    pub(super) fn follow_arrangement(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::SaveArrangement { name, arrangement } => {
                let rooms = match arrangement {
                    Some(given) => prepared(given),
                    None => self.as_things_stand(),
                };
                self.arrangements.insert(name.clone(), rooms);
                Ok(())
            }
            Command::RemoveArrangement { name } => {
                let known = self.arrangements.remove(name).is_some();
                ensure(known, "arrangement", || format!("there is no {name}"))
            }
            Command::ApplyArrangement { name, open } => {
                let rooms = self.arrangements.get(name).cloned();
                let rooms = rooms.unwrap_or_default();
                ensure(!rooms.is_empty(), "arrangement", || {
                    format!("{name} was applied")
                })?;
                self.apply_arrangement((actor, &rooms), *open, outcome)
            }
            _ => Ok(()),
        }
    }

    fn as_things_stand(&self) -> Prepareds {
        let mut all: BTreeMap<BreakoutId, Prepared> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (id, held) in self.breakouts.iter().filter(|(_, held)| !held.side) {
            let inside = self.people.iter();
            let inside = inside.filter(|one| one.group == GroupId::Breakout(*id) && !one.moderator);
            let numbers: Vec<u32> = inside.map(|one| one.identity).collect();
            seen.extend(numbers.iter().copied());
            let capacity = Some(held.capacity as u32);
            all.insert(*id, (held.name.clone(), capacity, numbers));
        }
        let mut assigned: Vec<_> = self.assignments.iter().collect();
        assigned.sort_by_key(|(number, _)| identity(**number));
        for (number, to) in assigned {
            if let Some((_, _, numbers)) = all.get_mut(to)
                && seen.insert(*number)
            {
                numbers.push(*number);
            }
        }
        all.into_values().collect()
    }

    fn apply_arrangement(
        &mut self,
        (actor, rooms): (Actor, &Prepareds),
        open: bool,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let Outcome::Arranged {
            breakouts,
            placed,
            absent,
        } = outcome
        else {
            return Err(Violation::new("answer", format!("{outcome:?}")));
        };
        ensure(breakouts.len() == rooms.len(), "answer", || {
            format!("{breakouts:?} for {rooms:?}")
        })?;
        for ((name, capacity, numbers), id) in rooms.iter().zip(breakouts) {
            self.find_or_make(actor, (name, *capacity), (*id, open))?;
            let holds = self.breakout(*id)?.capacity;
            ensure(numbers.len() <= holds, "capacity", || {
                format!("{numbers:?} are assigned to {id}, which holds {holds}")
            })?;
        }
        for ((_, _, numbers), id) in rooms.iter().zip(breakouts) {
            self.assign_all(*id, numbers);
        }
        let here: BTreeMap<u32, ParticipantId> = self
            .people
            .iter()
            .map(|one| (one.identity, one.id))
            .collect();
        let named = rooms.iter().flat_map(|(_, _, numbers)| numbers);
        let missing = named.filter(|number| !here.contains_key(number));
        let missing: Vec<u32> = missing.copied().collect();
        let told: Vec<u32> = absent.iter().map(|it| number_of(it)).collect();
        ensure(missing == told, "arrangement", || {
            format!("{told:?} are absent, not {missing:?}")
        })?;
        let mut moved = Vec::new();
        for ((_, _, numbers), id) in rooms.iter().zip(breakouts) {
            if !open {
                self.fill(*id)?;
                continue;
            }
            self.breakout(*id)?.open = true;
            for one in numbers.iter().filter_map(|number| here.get(number)) {
                self.place(*one, GroupId::Breakout(*id), (MoveCause::Arranged, None))?;
                moved.push((*one, *id));
            }
        }
        ensure(moved == *placed, "arrangement", || {
            format!("{placed:?} were moved, and not {moved:?}")
        })
    }

    fn find_or_make(
        &mut self,
        actor: Actor,
        (name, capacity): (&str, Option<u32>),
        (id, open): (BreakoutId, bool),
    ) -> Result<(), Violation> {
        let known = self.breakouts.iter().find(|(_, held)| held.name == name);
        if let Some((known, _)) = known {
            return ensure(*known == id, "arrangement", || {
                format!("{name} is {known}, not {id}")
            });
        }
        ensure(!self.is_away(actor), "parent", || {
            format!("{actor:?} made {id} from a breakout")
        })?;
        let last = self.breakouts.keys().next_back();
        ensure(last < Some(&id), "ids", || {
            format!("{id} came after {last:?}")
        })?;
        let largest = u32::from(self.settings.largest_capacity());
        let made = Breakout {
            name: name.to_owned(),
            owner: match actor {
                Actor::Participant(id) => Some(id),
                Actor::Operator | Actor::Key(_) | Actor::System => None,
            },
            orphaned: false,
            capacity: capacity.unwrap_or(largest) as usize,
            media: KindSet::WITHOUT_CAMERA,
            open,
            auto_move: true,
            self_select: false,
            door: Door::Open,
            side: false,
            ends_at: None,
            invited: BTreeSet::new(),
            pending: BTreeMap::new(),
        };
        self.breakouts.insert(id, made);
        Ok(())
    }

    fn assign_all(&mut self, id: BreakoutId, numbers: &[u32]) {
        for number in numbers {
            if self.assignments.get(number) != Some(&id) {
                self.unassign(*number);
            }
            self.assignments.insert(*number, id);
            let mut people = self.people.iter();
            let inside = GroupId::Breakout(id);
            if !people.any(|one| one.identity == *number && one.group == inside) {
                self.wait(id, *number);
            }
        }
    }
}

fn prepared(given: &Arrangement) -> Prepareds {
    let rooms = given.rooms.iter();
    let numbers = |identities: &[String]| identities.iter().map(|it| number_of(it)).collect();
    rooms
        .map(|room| (room.name.clone(), room.capacity, numbers(&room.identities)))
        .collect()
}
