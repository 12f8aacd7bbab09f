//! Opening, closing, clearing, destroying.

use sideroom_control::{Actor, Command, MoveCause, Outcome, ParentGate, Selection};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::Model;
use crate::step::{Violation, ensure};

impl Model {
    /// The breakouts that a selection names, in their order.
    pub(super) fn selected(&self, selection: &Selection) -> Vec<BreakoutId> {
        match selection {
            Selection::All => self.breakouts.keys().copied().collect(),
            Selection::Some(some) => {
                let mut some = some.clone();
                some.sort_unstable();
                some.dedup();
                some
            }
        }
    }

    /// True if the actor is a moderator, or owns them all.
    pub(super) fn owns(&self, actor: Actor, breakouts: &[BreakoutId]) -> bool {
        let moderates = self.is_moderator(actor);
        let powerful = self.has_power(actor, |it| it.create_breakouts);
        let of_side_rooms = self.has_power(actor, |it| it.create_side_rooms);
        let runs = |id: &BreakoutId| {
            let held = self.breakouts.get(id);
            let owner = held.and_then(|it| it.owner);
            let owns = matches!(actor, Actor::Participant(actor) if owner == Some(actor));
            let side = owns && of_side_rooms && held.is_some_and(|it| it.side);
            (moderates || owns) && (powerful || side)
        };
        if breakouts.is_empty() {
            return moderates && powerful;
        }
        breakouts.iter().all(runs)
    }

    pub(super) fn follow_groups(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::Open(selection) => {
                let selected = self.selected(selection);
                for id in &selected {
                    self.breakout(*id)?.open = true;
                }
                let before = self.inside();
                for id in &selected {
                    self.call_everybody(*id);
                    self.fill(*id)?;
                }
                let came: Vec<_> = self.inside().difference(&before).copied().collect();
                let mut moves: Vec<_> = moves(outcome)?
                    .iter()
                    .filter_map(|(who, to)| Some((*who, to.breakout()?)))
                    .collect();
                moves.sort_unstable();
                ensure(moves == came, "auto move", || {
                    format!("{moves:?} were moved, and not {came:?}")
                })
            }
            Command::Close(selection) => {
                let selected = self.selected(selection);
                let before = self.is_any_open();
                self.shut(&selected, MoveCause::Closed);
                if before && !self.is_any_open() {
                    self.settings.breakouts.ends_at = None;
                }
                Ok(())
            }
            Command::Clear(selection) => self.clear(actor, selection, outcome),
            Command::Destroy(selection) => {
                let selected = self.selected(selection);
                self.destroy(&selected, outcome)
            }
            Command::UpdateBreakout { breakout, patch } => self.patch_breakout(*breakout, patch),
            _ => Ok(()),
        }
    }

    /// Returns all members to the parent.
    pub(super) fn return_all(
        &mut self,
        breakouts: &[BreakoutId],
        cause: MoveCause,
    ) -> Vec<ParticipantId> {
        self.release(breakouts);
        let inside = |group: GroupId| group.breakout().is_some_and(|id| breakouts.contains(&id));
        let people = self.people.iter().filter(|one| inside(one.group));
        let people: Vec<ParticipantId> = people.map(|one| one.id).collect();
        for id in &people {
            // They are all here: they were found a moment ago.
            let _ = self.place(*id, GroupId::Parent, (cause, None));
        }
        people
    }

    pub(super) fn is_any_open(&self) -> bool {
        self.breakouts.values().any(|it| it.open)
    }

    pub(super) fn shut(&mut self, breakouts: &[BreakoutId], cause: MoveCause) {
        self.return_all(breakouts, cause);
        for id in breakouts {
            if let Some(breakout) = self.breakouts.get_mut(id) {
                breakout.open = false;
                breakout.ends_at = None;
            }
        }
    }

    /// Rule 9: clearing returns people.
    fn clear(
        &mut self,
        actor: Actor,
        selection: &Selection,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let selected = self.selected(selection);
        let returned = if let Actor::Participant(id) = actor
            && !self.owns(actor, &selected)
        {
            self.check_return(actor, id)?;
            self.place(id, GroupId::Parent, (MoveCause::Cleared, None))?;
            vec![id]
        } else {
            self.return_all(&selected, MoveCause::Cleared)
        };
        check_moves(&returned, outcome)
    }

    fn destroy(&mut self, selected: &[BreakoutId], outcome: &Outcome) -> Result<(), Violation> {
        if selected.is_empty() {
            return Ok(());
        }
        let returned = self.take_away(selected);
        check_moves(&returned, outcome)
    }

    /// Removes breakouts, and returns those who were inside.
    pub(super) fn take_away(&mut self, selected: &[BreakoutId]) -> Vec<ParticipantId> {
        let returned = self.return_all(selected, MoveCause::Destroyed);
        for one in &mut self.people {
            if one.listening.is_some_and(|id| selected.contains(&id)) {
                one.listening = None;
            }
        }
        self.assignments.retain(|_, to| !selected.contains(to));
        let before = self.is_any_open();
        self.breakouts.retain(|id, _| !selected.contains(id));
        self.waiting.retain(|(id, _)| !selected.contains(id));
        if self.breakouts.is_empty() || before && !self.is_any_open() {
            self.settings.breakouts.ends_at = None;
        }
        if self.breakouts.is_empty() {
            self.room_gate = ParentGate::default();
        }
        returned
    }
}

fn moves(outcome: &Outcome) -> Result<&[(ParticipantId, GroupId)], Violation> {
    match outcome {
        Outcome::Breakouts { moves, .. } => Ok(moves),
        other => Err(Violation::new("answer", format!("{other:?}"))),
    }
}

/// The answer names all returned people.
pub(super) fn check_moves(returned: &[ParticipantId], outcome: &Outcome) -> Result<(), Violation> {
    let answered = moves(outcome)?;
    let right = answered.len() == returned.len()
        && returned
            .iter()
            .all(|id| answered.contains(&(*id, GroupId::Parent)));
    ensure(right, "answer", || {
        format!("{returned:?} are returned, the answer says {answered:?}")
    })
}
