//! Inputs without a record: active talkers and the passing of time.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{Actor, Command, Room, Viewer};
use sideroom_route::{GroupId, Time, TrackId};

use crate::action::Action;
use crate::cycle::Batch;
use crate::machine::{Duties, RoomMachine, bounds};
use crate::now::Now;
use crate::reaction::Reaction;

impl Duties {
    pub(crate) fn is_empty(&self) -> bool {
        self.losses.is_empty()
            && self.arrivals.is_empty()
            && self.undone_offers.is_empty()
            && self.talkers.is_empty()
    }
}

/// The groups whose talkers are told to moderators who are elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Wall {
    /// Until when each waits, having been told.
    told: BTreeMap<GroupId, Time>,
    /// Groups with other talkers since then.
    due: BTreeSet<GroupId>,
}

impl Wall {
    /// When the next group may be told.
    pub(crate) fn next(&self) -> Time {
        let due = self.due.iter();
        let at = due.map(|group| self.told.get(group).copied().unwrap_or(Time::ZERO));
        at.min().unwrap_or(Time::NEVER)
    }

    fn take_due(&mut self, now: Time) -> Vec<GroupId> {
        self.told.retain(|_, until| *until > now);
        let told = &self.told;
        let (wait, due) = self.due.iter().partition(|group| told.contains_key(group));
        self.due = wait;
        let due: BTreeSet<GroupId> = due;
        let until = now + bounds::WALL_PACE;
        self.told.extend(due.iter().map(|group| (*group, until)));
        due.into_iter().collect()
    }
}

impl RoomMachine {
    /// The active talkers of a group changed. Only the latest of a group counts.
    pub fn handle_talkers(&mut self, now: Now, group: GroupId, ranked: Vec<TrackId>) {
        self.now = now;
        self.duties.talkers.insert(group, ranked);
    }

    pub(crate) fn apply_talkers(&mut self, batch: &mut Batch) {
        for (group, ranked) in std::mem::take(&mut self.duties.talkers) {
            let Some(room) = &mut self.room else { return };
            let update = room.handle_talkers(group, &ranked);
            if self
                .watchers
                .all()
                .any(|(_, viewer)| is_elsewhere(room, viewer, group))
            {
                self.wall.due.insert(group);
            }
            self.tell_talkers(group, |room, viewer| match viewer {
                Viewer::Operator => true,
                Viewer::Participant(participant) => room.is_near(participant, group),
            });
            if update.is_some() {
                batch.update(update, Reaction::None);
            }
        }
        self.tell_wall();
    }

    /// Tells the talkers of a group to those watchers whom it concerns.
    fn tell_talkers(&mut self, group: GroupId, concerns: impl Fn(&Room, Viewer) -> bool) {
        let Some(room) = &self.room else { return };
        let watching = self.watchers.all();
        let watching = watching.filter(|(_, viewer)| concerns(room, *viewer));
        let to: Vec<_> = watching.map(|(watcher, _)| watcher).collect();
        if !to.is_empty() {
            let ranked = room.talkers(group);
            self.actions.push_back(Action::Speakers(group, ranked, to));
        }
    }

    /// Tells moderators who are elsewhere (rule 20), at their pace.
    fn tell_wall(&mut self) {
        let now = self.now.at;
        for group in self.wall.take_due(now) {
            self.tell_talkers(group, |room, viewer| is_elsewhere(room, viewer, group));
        }
    }

    /// Applies timers that are due.
    pub(crate) fn apply_timers(&mut self, batch: &mut Batch) {
        if self.next_timer() > self.now.at {
            return;
        }
        let now = self.now;
        let expired = self.kept.iter().filter(|(_, until)| **until <= now.at);
        let expired: Vec<_> = expired.map(|(participant, _)| *participant).collect();
        let Some(room) = &mut self.room else { return };
        let mut due = room.tick_calendar(now.wall);
        for participant in expired {
            match room.expire(now.wall, participant) {
                Ok(applied) => due.push(applied),
                // They are back, or gone.
                Err(_) => drop(self.kept.remove(&participant)),
            }
        }
        // A timer that is due and refused must not be tried without end.
        self.blocked_until = match due.is_empty() {
            true => now.at + bounds::TIMER_RETRY,
            false => Time::ZERO,
        };
        for applied in due {
            self.note(batch, applied, Reaction::None);
        }
    }

    /// When the room's next timer is due.
    pub(crate) fn next_timer(&self) -> Time {
        let room = self.room.as_ref();
        let calendar = room.and_then(|room| room.next_calendar_deadline());
        let calendar = calendar.map_or(Time::NEVER, |wall| self.now.when(wall));
        let expiry = self.kept.values().min().copied();
        calendar
            .min(expiry.unwrap_or(Time::NEVER))
            .max(self.blocked_until)
    }

    /// When an empty room ends.
    pub(crate) fn empty_deadline(&self) -> Time {
        match self.empty_since {
            Some(since) if !self.options.empty_timeout.is_zero() => {
                since + self.options.empty_timeout
            }
            _ => Time::NEVER,
        }
    }

    /// A room that has been empty for long enough ends.
    pub(crate) fn apply_empty_timeout(&mut self, batch: &mut Batch) {
        let empty = |room: &sideroom_control::Room| room.participants().next().is_none();
        if self.empty_deadline() > self.now.at || !self.room.as_ref().is_some_and(empty) {
            return;
        }
        if let Ok(applied) = self.apply_own(Actor::System, Command::CloseRoom) {
            self.note(batch, applied, Reaction::None);
        }
    }

    /// Notes since when the room is empty.
    pub(crate) fn watch_emptiness(&mut self) {
        let room = self.room.as_ref();
        let empty = room.is_some_and(|room| room.participants().next().is_none());
        self.empty_since = match (empty, self.empty_since) {
            (true, None) => Some(self.now.at),
            (true, since) => since,
            (false, _) => None,
        };
    }
}

/// True for a moderator who learns of this group's talkers although they are elsewhere.
fn is_elsewhere(room: &Room, viewer: Viewer, group: GroupId) -> bool {
    match viewer {
        Viewer::Operator => false,
        Viewer::Participant(participant) => {
            !room.is_near(participant, group) && room.sees_all_talkers(participant)
        }
    }
}
