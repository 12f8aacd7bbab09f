//! Waiting for a place in a breakout with `auto_move` (rule 11).
//!
//! An identity waits for a breakout from when it is assigned or invited until it is inside, declines, or its
//! invitation ends. A participant who was inside and left waits no more, until the breakout is opened again.

use std::collections::BTreeSet;

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::MoveCause;
use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::state::State;

impl State {
    /// In a snapshot of the format before this one nobody has a ticket: everybody who is asked and not inside
    /// waits, those first who came first into the room.
    pub(crate) fn queue_those_who_wait(&mut self) {
        let mut asked = BTreeSet::new();
        for (id, breakout) in &self.breakouts {
            let called = breakout.invited.keys().chain(&breakout.welcome);
            for identity in called.chain(self.assigned_to(*id)) {
                let person = self.identities.get(identity);
                let one = person.and_then(|person| self.participants.get(person));
                if one.is_none_or(|one| one.group != GroupId::Breakout(*id)) {
                    asked.insert((person.is_none(), person.copied(), *id, identity.clone()));
                }
            }
        }
        for (_, _, breakout, identity) in asked {
            self.waiting.insert((breakout, identity), self.next_ticket);
            self.next_ticket += 1;
        }
        self.forget_changes();
    }
}

impl CommandRun<'_> {
    /// Puts an identity at the end of the queue, if it is not in it.
    pub(super) fn wait_for(&mut self, breakout: BreakoutId, identity: &str) {
        let key = (breakout, identity.to_owned());
        if !self.state.waiting.contains_key(&key) {
            self.state.waiting.insert(key, self.state.next_ticket);
            self.state.next_ticket += 1;
        }
    }

    /// Removes an identity from the queue if it is neither invited nor assigned any more.
    pub(crate) fn wait_unless_asked(&mut self, breakout: BreakoutId, identity: &str) {
        let invited = self.state.breakouts.get(&breakout);
        let invited = invited.is_some_and(|it| it.has_called(identity));
        let assigned = self.state.assignments.get(identity) == Some(&breakout);
        if !invited && !assigned {
            self.state.waiting.remove(&(breakout, identity.to_owned()));
        }
    }

    /// The breakout opens, or starts to move people by itself: everybody in the parent who is invited or
    /// assigned waits, earlier waiters first, the others in the order in which they came into the room.
    pub(super) fn call_everybody(&mut self, breakout: BreakoutId) {
        let Some(to) = self.state.breakouts.get(&breakout) else {
            return;
        };
        let called = to.invited.keys().chain(&to.welcome);
        let asked = called.chain(self.state.assigned_to(breakout));
        let present = asked.filter_map(|identity| {
            let id = self.state.identities.get(identity)?;
            let one = self.state.participants.get(id)?;
            (!one.is_away()).then(|| (*id, identity.clone()))
        });
        let present: BTreeSet<(ParticipantId, String)> = present.collect();
        for (_, identity) in present {
            self.wait_for(breakout, &identity);
        }
    }

    /// Moves waiting people in who are in the parent, as far as there is room.
    pub(super) fn take_in(&mut self, breakout: BreakoutId) {
        if self.replays_older_than(Rules::Waiting) {
            return self.take_in_by_name(breakout);
        }
        let ready = self.state.breakouts.get(&breakout);
        let Some(to) = ready.filter(|it| it.takes_in()) else {
            return;
        };
        let first = (breakout, String::new());
        let queue = self.state.waiting.range(first..);
        let queue = queue.take_while(|((of, _), _)| *of == breakout);
        let mut present: Vec<(u64, ParticipantId)> = queue
            .filter_map(|((_, identity), ticket)| {
                let id = self.state.identities.get(identity)?;
                let one = self.state.participants.get(id)?;
                (!one.is_away()).then_some((*ticket, *id))
            })
            .collect();
        present.sort_unstable();
        present.truncate(to.free());
        for (_, participant) in present {
            let to = GroupId::Breakout(breakout);
            self.place(participant, to, MoveCause::AutoMoved, None);
        }
    }

    /// Fills the queue of a room that was stored before queues had an order: by identity, as that format did.
    fn take_in_by_name(&mut self, breakout: BreakoutId) {
        let ready = self.state.breakouts.get(&breakout);
        let Some(to) = ready.filter(|it| it.open && it.auto_move) else {
            return;
        };
        let called = to.invited.keys().chain(&to.welcome);
        let asked = called.chain(self.state.assigned_to(breakout));
        let asked: BTreeSet<&String> = asked.collect();
        let present = asked.into_iter().filter_map(|identity| {
            let id = self.state.identities.get(identity)?;
            let one = self.state.participants.get(id)?;
            (!one.is_away()).then_some(*id)
        });
        let present: Vec<ParticipantId> = present.take(to.free()).collect();
        for participant in present {
            let to = GroupId::Breakout(breakout);
            self.place(participant, to, MoveCause::AutoMoved, None);
        }
    }

    /// Fills the places that the command has left free, in the same step.
    pub(super) fn take_in_waiting(&mut self) {
        for breakout in std::mem::take(&mut self.effects.freed) {
            self.take_in(breakout);
        }
    }
}
