//! Rotations (rule 27): planning them, beginning their rounds, steering and ending them.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::CommandRun;
use crate::distribute::{self, Target};
use crate::rotation::plan_rotation;
use crate::state::{State, require};
use crate::{
    BreakoutError, EventKind, MoveCause, Outcome, Rotation, RotationEnd, RotationStep,
    RotationView, Round, Selection, StartRotation, Subject, Timer, UnixMillis, bounds,
};

/// Where a round puts people.
struct Seating {
    placed: Vec<(ParticipantId, BreakoutId)>,
    left_over: Vec<ParticipantId>,
}

impl State {
    /// The end of the present round.
    pub(super) fn next_rotation(&self) -> Option<(UnixMillis, Timer)> {
        let held = self.rotation.as_ref()?;
        let runs = held.paused_ms.is_none();
        runs.then_some((held.next_at, Timer::Rotation))
    }
}

impl CommandRun<'_> {
    /// Plans all rounds and begins the first.
    pub(super) fn start_rotation(
        &mut self,
        start: &StartRotation,
    ) -> Result<Outcome, BreakoutError> {
        let breakouts = self.check_rotation(start)?;
        let pool = self.pool_of(&breakouts);
        let all = pool.len().saturating_mul(start.rounds as usize);
        require(
            pool.len() <= bounds::ROTATING && all <= bounds::ROTATION_SEATS,
            BreakoutError::InvalidArgument(
                "a rotation has at most 1,000 people, and 10,000 places in all rounds together",
            ),
        )?;
        let seed = start.seed.unwrap_or_else(|| self.draw_seed());
        self.remember_round();
        let mut rotation = Rotation {
            breakouts,
            ahead: Vec::new(),
            repeats: 0,
            rounds: start.rounds,
            begun: 0,
            round_ms: start.round_ms,
            next_at: self.now,
            paused_ms: None,
            seed,
            by: self.actor,
        };
        self.plan(&mut rotation, &pool);
        Ok(self.begin_round(rotation))
    }

    fn check_rotation(&self, start: &StartRotation) -> Result<Vec<BreakoutId>, BreakoutError> {
        require(
            self.state.rotation.is_none(),
            BreakoutError::InvalidArgument("a rotation runs already; end it first"),
        )?;
        require(
            (1..=bounds::ROTATION_ROUNDS).contains(&start.rounds),
            BreakoutError::InvalidArgument("a rotation has 1 to 50 rounds"),
        )?;
        require(
            (bounds::ROUND_MS..=bounds::GRACE_MS).contains(&start.round_ms),
            BreakoutError::InvalidArgument("a round lasts from a second to a day"),
        )?;
        let mut breakouts = self.state.select(&start.breakouts)?;
        let side = |id: &BreakoutId| self.state.breakouts.get(id).is_some_and(|it| it.side);
        if start.breakouts == Selection::All {
            breakouts.retain(|id| !side(id));
        }
        require(
            !breakouts.iter().any(side),
            BreakoutError::InvalidArgument("side rooms are their owners' and do not rotate"),
        )?;
        require(
            breakouts.len() >= 2,
            BreakoutError::InvalidArgument("people rotate between two breakouts at least"),
        )?;
        for id in &breakouts {
            require(
                self.state.breakout(*id)?.open,
                BreakoutError::BreakoutClosed,
            )?;
        }
        Ok(breakouts)
    }

    /// Those who rotate: everybody but moderators who is in the parent or in one of the breakouts.
    fn pool_of(&self, breakouts: &[BreakoutId]) -> Vec<ParticipantId> {
        let near = |group: GroupId| group.breakout().is_none_or(|id| breakouts.contains(&id));
        let people = self.state.participants.iter();
        let rotate = people.filter(|(_, one)| !one.is_moderator() && near(one.group));
        rotate.map(|(id, _)| *id).collect()
    }

    /// The open breakouts of a rotation, and how many in each stay where they are.
    fn targets_of(&self, rotation: &Rotation) -> Vec<Target> {
        let held = &self.state.breakouts;
        let all = rotation.breakouts.iter();
        let open = all.filter_map(|id| Some((*id, held.get(id).filter(|it| it.open)?)));
        let people = &self.state.participants;
        let stays = |id: &&ParticipantId| people.get(*id).is_some_and(|one| one.is_moderator());
        open.map(|(breakout, it)| Target {
            breakout,
            occupied: it.members.iter().filter(stays).count(),
            capacity: usize::from(it.capacity),
        })
        .collect()
    }

    /// Plans the rounds that have not begun, for those who are here.
    fn plan(&self, rotation: &mut Rotation, pool: &[ParticipantId]) {
        let targets = self.targets_of(rotation);
        let sizes = distribute::even_sizes(pool.len(), &targets);
        let seed = rotation.seed ^ u64::from(rotation.begun);
        let left = (rotation.rounds - rotation.begun) as usize;
        let met = self.pairs_met(pool);
        let planned = plan_rotation(seed, pool.len(), &sizes, left, &met);
        rotation.repeats = u32::try_from(planned.repeats).unwrap_or(u32::MAX);
        let identity = |place: &usize| {
            let one = self.state.participants.get(pool.get(*place)?)?;
            Some(one.identity.clone())
        };
        let rounds = planned.rounds.iter();
        rotation.ahead = rounds
            .map(|rooms| {
                let seated = targets.iter().zip(rooms);
                seated
                    .map(|(to, people)| (to.breakout, people.iter().filter_map(identity).collect()))
                    .collect()
            })
            .collect();
    }

    /// Pairs that were together in a past round, as their places in `pool`.
    fn pairs_met(&self, pool: &[ParticipantId]) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for round in &self.state.rounds {
            let mut rooms: BTreeMap<BreakoutId, Vec<usize>> = BTreeMap::new();
            for (place, id) in pool.iter().enumerate() {
                if let Some(room) = round.get(id) {
                    rooms.entry(*room).or_default().push(place);
                }
            }
            for room in rooms.values() {
                let each = room.iter().enumerate();
                pairs.extend(each.flat_map(|(index, one)| {
                    room.iter().skip(index + 1).map(move |two| (*one, *two))
                }));
            }
        }
        pairs
    }

    /// Begins the next round of the plan, which is made anew if others are here than it was made for.
    fn begin_round(&mut self, mut rotation: Rotation) -> Outcome {
        self.remember_round();
        let pool = self.pool_of(&rotation.breakouts);
        let targets = self.targets_of(&rotation);
        let fits = rotation.ahead.first();
        if !fits.is_some_and(|round| self.fits(round, &pool, &targets)) {
            self.plan(&mut rotation, &pool);
        }
        let round = match rotation.ahead.is_empty() {
            true => Round::new(),
            false => rotation.ahead.remove(0),
        };
        rotation.begun += 1;
        rotation.paused_ms = None;
        rotation.next_at = self.now + u64::from(rotation.round_ms);
        let seating = self.seat(&round, &pool);
        let view = rotation.view();
        self.state.rotation = Some(Box::new(rotation));
        self.tell_rotation(&view);
        self.tell_plan(&view);
        Outcome::Rotation {
            rotation: Box::new(view),
            placed: seating.placed,
            left_over: seating.left_over,
        }
    }

    /// True if a round seats those who are here, evenly over the breakouts that are open now.
    fn fits(&self, round: &Round, pool: &[ParticipantId], targets: &[Target]) -> bool {
        let here: BTreeSet<&str> = pool
            .iter()
            .filter_map(|id| Some(self.state.participants.get(id)?.identity.as_str()))
            .collect();
        let sizes = distribute::even_sizes(pool.len(), targets);
        let wanted = targets.iter().map(|to| to.breakout).zip(sizes);
        let seated = round.iter().map(|(id, people)| (*id, people.len()));
        let mut people = round.iter().flat_map(|(_, people)| people);
        wanted.eq(seated) && people.all(|one| here.contains(one.as_str()))
    }

    /// Puts people where a round says. Those without a seat are in the parent.
    fn seat(&mut self, round: &Round, pool: &[ParticipantId]) -> Seating {
        let mut placed: Vec<(ParticipantId, BreakoutId)> = Vec::new();
        for (breakout, people) in round {
            let here = people
                .iter()
                .filter_map(|one| self.state.identities.get(one));
            placed.extend(here.map(|id| (*id, *breakout)));
        }
        placed.sort_unstable();
        let seated: BTreeSet<ParticipantId> = placed.iter().map(|(id, _)| *id).collect();
        let left_over = pool.iter().filter(|id| !seated.contains(*id)).copied();
        let left_over: Vec<ParticipantId> = left_over.collect();
        for participant in &left_over {
            self.place(*participant, GroupId::Parent, MoveCause::Rotated, None);
        }
        for (participant, breakout) in &placed {
            let to = GroupId::Breakout(*breakout);
            self.place(*participant, to, MoveCause::Rotated, None);
            if let Some(one) = self.state.participants.get(participant) {
                let identity = one.identity.clone();
                self.assign(&identity, Some(*breakout));
            }
        }
        // The plan stands: nobody moves up into the places that it has left free.
        self.effects.freed.clear();
        Seating { placed, left_over }
    }

    pub(super) fn change_rotation(&mut self, step: RotationStep) -> Result<Outcome, BreakoutError> {
        let held = self.state.rotation.clone();
        let held = held.ok_or(BreakoutError::NotFound(Subject::Rotation))?;
        Ok(match step {
            RotationStep::Pause => self.pause_rotation(*held),
            RotationStep::Resume => self.resume_rotation(*held),
            RotationStep::Skip => self.next_round(*held),
            RotationStep::End => {
                self.end_rotation(RotationEnd::Stopped);
                Outcome::Done
            }
        })
    }

    fn pause_rotation(&mut self, mut held: Rotation) -> Outcome {
        if held.paused_ms.is_none() {
            let left = held.next_at.since(self.now);
            held.paused_ms = Some(u32::try_from(left).unwrap_or(u32::MAX));
        }
        self.keep_rotation(held)
    }

    fn resume_rotation(&mut self, mut held: Rotation) -> Outcome {
        if let Some(left) = held.paused_ms.take() {
            held.next_at = self.now + u64::from(left);
        }
        self.keep_rotation(held)
    }

    fn keep_rotation(&mut self, rotation: Rotation) -> Outcome {
        let view = rotation.view();
        let before = self.state.rotation.replace(Box::new(rotation));
        if before != self.state.rotation {
            self.tell_rotation(&view);
        }
        Outcome::Rotation {
            rotation: Box::new(view),
            placed: Vec::new(),
            left_over: Vec::new(),
        }
    }

    /// The present round is over.
    pub(super) fn run_rotation(&mut self) -> Result<Outcome, BreakoutError> {
        let due = self.state.next_rotation();
        require(
            due.is_some_and(|(at, _)| at <= self.now),
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        let held = self.state.rotation.clone();
        let held = held.ok_or(BreakoutError::NotFound(Subject::Rotation))?;
        self.effects.author = Some(held.by);
        Ok(self.next_round(*held))
    }

    /// Begins the next round. After the last one everybody returns.
    fn next_round(&mut self, rotation: Rotation) -> Outcome {
        if rotation.begun < rotation.rounds {
            return self.begin_round(rotation);
        }
        let there = &self.state.breakouts;
        let mut breakouts = rotation.breakouts;
        breakouts.retain(|id| there.contains_key(id));
        self.end_rotation(RotationEnd::Done);
        self.return_all(&breakouts, MoveCause::Rotated);
        // As after a clear, they stay empty.
        self.effects.freed.clear();
        self.moved_breakouts(breakouts)
    }

    fn end_rotation(&mut self, end: RotationEnd) {
        if self.state.rotation.take().is_some() {
            self.tell(EventKind::RotationEnded { end });
        }
    }

    /// A rotation ends when none of its breakouts is open any more.
    pub(super) fn end_void_rotation(&mut self) {
        let Some(held) = &self.state.rotation else {
            return;
        };
        let there = &self.state.breakouts;
        let open = |id: &BreakoutId| there.get(id).is_some_and(|it| it.open);
        if !held.breakouts.iter().any(open) {
            self.end_rotation(RotationEnd::Void);
        }
    }

    fn tell_rotation(&mut self, view: &RotationView) {
        let rotation = Box::new(view.clone().public());
        self.tell(EventKind::RotationChanged { rotation });
    }

    fn tell_plan(&mut self, view: &RotationView) {
        self.tell(EventKind::RotationPlanned {
            ahead: view.ahead.clone(),
            repeats: view.repeats,
            seed: view.seed,
        });
    }
}
