//! Rule 11: the queue for places in a breakout that moves people by itself.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{Actor, Command, Door, MoveCause, Timer};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::Model;
use crate::step::Violation;

impl Model {
    /// From being asked until being inside, or no longer asked.
    pub(super) fn wait(&mut self, breakout: BreakoutId, number: u32) {
        if !self.waiting.contains(&(breakout, number)) {
            self.waiting.push((breakout, number));
        }
    }

    pub(super) fn wait_unless_asked(&mut self, breakout: BreakoutId, number: u32) {
        if !self.is_asked(number, breakout) {
            self.waiting.retain(|it| *it != (breakout, number));
        }
    }

    /// Queues everybody who is asked, when a breakout opens or begins to move people on its own.
    pub(super) fn call_everybody(&mut self, breakout: BreakoutId) {
        let outside = self
            .people
            .iter()
            .filter(|one| one.group == GroupId::Parent && self.is_asked(one.identity, breakout));
        let outside: Vec<u32> = outside.map(|one| one.identity).collect();
        for number in outside {
            self.wait(breakout, number);
        }
    }

    /// Moves waiting people in the parent in, as far as there is room.
    pub(super) fn fill(&mut self, breakout: BreakoutId) -> Result<(), Violation> {
        let to = self.breakouts.get(&breakout);
        if !to.is_some_and(|to| to.open && to.auto_move && to.door != Door::Locked) {
            return Ok(());
        }
        let parent = self
            .people
            .iter()
            .filter(|one| one.group == GroupId::Parent);
        let parent: BTreeMap<u32, ParticipantId> =
            parent.map(|one| (one.identity, one.id)).collect();
        let queue = self.waiting.iter().filter(|(of, _)| *of == breakout);
        let next = queue.filter_map(|(_, number)| parent.get(number)).copied();
        let next: Vec<ParticipantId> = next.take(self.free(breakout)).collect();
        for id in next {
            let to = GroupId::Breakout(breakout);
            self.place(id, to, (MoveCause::AutoMoved, None))?;
        }
        Ok(())
    }

    /// The members of all breakouts.
    pub(super) fn inside(&self) -> BTreeSet<(ParticipantId, BreakoutId)> {
        let people = self.people.iter();
        people
            .filter_map(|one| Some((one.id, one.group.breakout()?)))
            .collect()
    }

    /// Places that somebody has left are filled in the same step; those of a breakout that was cleared or
    /// shuffled stay free.
    pub(super) fn fill_freed(
        &mut self,
        actor: Actor,
        command: &Command,
        before: &BTreeSet<(ParticipantId, BreakoutId)>,
    ) -> Result<(), Violation> {
        let stays_free = match command {
            Command::Clear(selection) => self.owns(actor, &self.selected(selection)),
            Command::Shuffle { .. }
            | Command::StartRotation(_)
            | Command::ChangeRotation { .. }
            | Command::ApplyArrangement { open: true, .. }
            | Command::Timer(Timer::Rotation) => true,
            _ => false,
        };
        if stays_free {
            return Ok(());
        }
        let now = self.inside();
        let freed: BTreeSet<BreakoutId> = before.difference(&now).map(|(_, from)| *from).collect();
        freed.into_iter().try_for_each(|id| self.fill(id))
    }
}
