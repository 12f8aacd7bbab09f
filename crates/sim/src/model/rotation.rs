//! Rule 27: rotations, and the timers of single breakouts.

use std::collections::BTreeSet;

use sideroom_control::{
    Command, MoveCause, Outcome, RotationStep, Selection, StartRotation, Timer,
};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::Model;
use crate::step::{Violation, ensure};

/// People change breakouts in rounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rounds {
    breakouts: Vec<BreakoutId>,
    rounds: u32,
    pub(crate) begun: u32,
    round_ms: u64,
    /// When the present round ends; `None`: it is paused.
    pub(crate) next_at: Option<u64>,
    left_ms: u64,
}

impl Model {
    pub(super) fn follow_rotation(
        &mut self,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::StartRotation(start) => self.start_rotation(start, outcome),
            Command::ChangeRotation { step } => self.change_rotation(*step, outcome),
            Command::Timer(Timer::Rotation) => {
                let due = self.rotation.as_ref().and_then(|held| held.next_at);
                let clock = self.clock;
                ensure(due.is_some_and(|at| at <= clock), "timers", || {
                    format!("a round ended: {due:?}, it is {clock}")
                })?;
                self.next_round(outcome)
            }
            _ => Ok(()),
        }
    }

    fn start_rotation(
        &mut self,
        start: &StartRotation,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let mut breakouts = self.selected(&start.breakouts);
        if start.breakouts == Selection::All {
            breakouts.retain(|id| self.breakouts.get(id).is_some_and(|it| !it.side));
        }
        let open = |id: &BreakoutId| self.breakouts.get(id).is_some_and(|it| it.open && !it.side);
        let right = self.rotation.is_none() && breakouts.len() >= 2 && breakouts.iter().all(open);
        ensure(right, "rotation", || {
            format!("{start:?} was begun over {breakouts:?}")
        })?;
        self.rotation = Some(Rounds {
            breakouts,
            rounds: start.rounds,
            begun: 0,
            round_ms: u64::from(start.round_ms),
            next_at: Some(self.clock),
            left_ms: 0,
        });
        self.next_round(outcome)
    }

    fn change_rotation(&mut self, step: RotationStep, outcome: &Outcome) -> Result<(), Violation> {
        let clock = self.clock;
        let Some(held) = &mut self.rotation else {
            return Err(Violation::new("rotation", format!("{step:?} of none")));
        };
        match step {
            RotationStep::Pause => {
                if let Some(at) = held.next_at.take() {
                    held.left_ms = at.saturating_sub(clock);
                }
            }
            RotationStep::Resume => {
                let at = clock + held.left_ms;
                held.next_at = held.next_at.or(Some(at));
            }
            RotationStep::Skip => return self.next_round(outcome),
            RotationStep::End => self.rotation = None,
        }
        Ok(())
    }

    /// Another round begins, or, after the last one, everybody returns.
    fn next_round(&mut self, outcome: &Outcome) -> Result<(), Violation> {
        let clock = self.clock;
        let Some(held) = &mut self.rotation else {
            return Err(Violation::new("rotation", "a round of none"));
        };
        if held.begun == held.rounds {
            let mut breakouts = std::mem::take(&mut held.breakouts);
            self.rotation = None;
            breakouts.retain(|id| self.breakouts.contains_key(id));
            let returned = self.return_all(&breakouts, MoveCause::Rotated);
            return super::groups::check_moves(&returned, outcome);
        }
        held.begun += 1;
        held.next_at = Some(clock + held.round_ms);
        let breakouts = held.breakouts.clone();
        self.seat(&breakouts, outcome)
    }

    /// Everybody who rotates has one place or stays in the parent, nobody without need, and the breakouts are as
    /// even as those who stay in them allow.
    fn seat(&mut self, breakouts: &[BreakoutId], outcome: &Outcome) -> Result<(), Violation> {
        let Outcome::Rotation {
            placed, left_over, ..
        } = outcome
        else {
            return Err(Violation::new("answer", format!("{outcome:?}")));
        };
        let near = |group: GroupId| group.breakout().is_none_or(|id| breakouts.contains(&id));
        let pool = self.people.iter();
        let pool = pool.filter(|one| !one.moderator && near(one.group));
        let pool: BTreeSet<ParticipantId> = pool.map(|one| one.id).collect();
        let named = placed.iter().map(|(id, _)| id).chain(left_over);
        let dealt: BTreeSet<ParticipantId> = named.copied().collect();
        let each_once = dealt.len() == placed.len() + left_over.len();
        ensure(pool == dealt && each_once, "rotation", || {
            format!("{dealt:?} of {pool:?}")
        })?;
        for id in left_over {
            self.place(*id, GroupId::Parent, (MoveCause::Rotated, None))?;
        }
        for (id, to) in placed {
            let open = self.breakouts.get(to).is_some_and(|it| it.open);
            ensure(open && breakouts.contains(to), "rotation", || {
                format!("{id} went to {to}")
            })?;
            self.place(*id, GroupId::Breakout(*to), (MoveCause::Rotated, None))?;
            let number = self.named(*id)?.identity;
            self.reassign(number, *to);
        }
        self.check_seats(breakouts, left_over)
    }

    fn check_seats(
        &self,
        breakouts: &[BreakoutId],
        left_over: &[ParticipantId],
    ) -> Result<(), Violation> {
        let open = breakouts.iter();
        let open = open.filter(|id| self.breakouts.get(id).is_some_and(|it| it.open));
        let seats: Vec<(usize, usize)> = open
            .map(|id| (self.members(*id).len(), self.free(*id)))
            .collect();
        let free: usize = seats.iter().map(|(_, free)| free).sum();
        ensure(left_over.is_empty() || free == 0, "rotation", || {
            format!("{left_over:?} are left over, {free} places are free")
        })?;
        // Nobody could go from a fuller one to an emptier one that has a place.
        let emptiest = seats.iter().filter(|(_, free)| *free > 0);
        let emptiest = emptiest.map(|(inside, _)| *inside).min();
        let movable = breakouts.iter().filter_map(|id| {
            let members = self.members(*id);
            let moves = |id: &ParticipantId| self.person(*id).is_some_and(|one| !one.moderator);
            members.iter().any(moves).then_some(members.len())
        });
        let fullest = movable.max().unwrap_or_default();
        ensure(
            emptiest.is_none_or(|least| fullest <= least + 1),
            "rotation",
            || format!("{seats:?} inside and free"),
        )
    }

    /// The timer of one breakout is over: everybody inside returns, and it closes.
    pub(super) fn end_breakout(&mut self, id: BreakoutId) -> Result<(), Violation> {
        let clock = self.clock;
        let ends_at = self.breakout(id)?.ends_at;
        ensure(ends_at.is_some_and(|at| at <= clock), "timers", || {
            format!("{id} ended: {ends_at:?}, it is {clock}")
        })?;
        let before = self.is_any_open();
        self.shut(&[id], MoveCause::TimeUp);
        self.breakout(id)?.pending.clear();
        if before && !self.is_any_open() {
            self.settings.breakouts.ends_at = None;
        }
        Ok(())
    }

    /// A rotation without an open breakout is over.
    pub(super) fn keep_rotation(&mut self) {
        let breakouts = &self.breakouts;
        let open = |id: &BreakoutId| breakouts.get(id).is_some_and(|it| it.open);
        if let Some(held) = &self.rotation
            && !held.breakouts.iter().any(open)
        {
            self.rotation = None;
        }
    }
}
