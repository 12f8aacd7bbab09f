//! Creating, inviting, assigning, going in and out.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::{Actor, Command, CreateBreakouts, Door, MoveCause, Outcome, Selection};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::{Breakout, Model, number_of};
use crate::step::{Violation, ensure};

type Placed = [(ParticipantId, BreakoutId)];

impl Model {
    pub(super) fn follow_inviting(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::CreateBreakouts(create) => self.create(actor, create, outcome).map(|_| ()),
            Command::CreateAndInvite { create, force, .. } => {
                let created = self.create(actor, create, outcome)?;
                let (placed, left) = distributed(outcome)?;
                self.check_even(&created, placed, left)?;
                for (id, to) in placed {
                    let number = self.named(*id)?.identity;
                    self.ask(number, *to)?;
                    self.wait(*to, number);
                    self.reassign(number, *to);
                    if *force || create.auto_move && create.open {
                        self.place(*id, GroupId::Breakout(*to), (MoveCause::Forced, None))?;
                    }
                }
                Ok(())
            }
            Command::Invite {
                breakout,
                participants,
                force,
            } => self.invite(*breakout, participants, *force),
            Command::Reject {
                participant,
                breakout,
            } => {
                let number = self.named(*participant)?.identity;
                let asked = self.is_asked(number, *breakout);
                ensure(asked, "assignment", || {
                    format!("{participant} was not asked")
                })?;
                if self.assignments.get(&number) == Some(breakout) {
                    self.assignments.remove(&number);
                }
                self.breakout(*breakout)?.forget(number);
                self.wait_unless_asked(*breakout, number);
                Ok(())
            }
            Command::WithdrawInvitations {
                breakout,
                participants,
            } => {
                for id in participants {
                    let number = self.named(*id)?.identity;
                    self.withdraw_invitation(number, *breakout)?;
                }
                Ok(())
            }
            Command::Assign {
                breakout,
                identities,
            } => self.assign(*breakout, identities, outcome),
            _ => Ok(()),
        }
    }

    pub(super) fn create(
        &mut self,
        actor: Actor,
        create: &CreateBreakouts,
        outcome: &Outcome,
    ) -> Result<Vec<BreakoutId>, Violation> {
        let Outcome::Distributed { breakouts, .. } = outcome else {
            return Err(Violation::new("answer", format!("{outcome:?}")));
        };
        let count = breakouts.len();
        ensure(count == create.count as usize, "answer", || {
            format!("{count} breakouts were made instead of {}", create.count)
        })?;
        let owner = match actor {
            Actor::Participant(id) => Some(id),
            Actor::Operator | Actor::Key(_) | Actor::System => None,
        };
        let mut created = Vec::new();
        for view in breakouts {
            let id = view.summary.breakout;
            let last = self.breakouts.keys().next_back();
            ensure(last < Some(&id), "ids", || {
                format!("{id} came after {last:?}")
            })?;
            let breakout = Breakout {
                name: view.summary.name.clone(),
                owner,
                orphaned: false,
                capacity: create.participants.unwrap_or_default() as usize,
                media: create.media,
                open: create.open,
                auto_move: create.auto_move,
                self_select: create.self_select,
                door: create.door,
                ends_at: None,
                side: false,
                invited: BTreeSet::new(),
                pending: BTreeMap::new(),
            };
            self.breakouts.insert(id, breakout);
            created.push(id);
        }
        Ok(created)
    }

    /// Rule 12: a distribution is even.
    fn check_even(
        &self,
        created: &[BreakoutId],
        placed: &Placed,
        left: &[ParticipantId],
    ) -> Result<(), Violation> {
        let mut sizes: BTreeMap<BreakoutId, usize> = created.iter().map(|id| (*id, 0)).collect();
        let mut dealt: BTreeSet<ParticipantId> = left.iter().copied().collect();
        for (id, to) in placed {
            let size = sizes.get_mut(to);
            let size = size.ok_or_else(|| Violation::new("distribution", format!("{to}")))?;
            *size += 1;
            ensure(dealt.insert(*id), "distribution", || {
                format!("{id} is dealt twice")
            })?;
        }
        let pool = self.people.iter().filter(|one| !one.moderator);
        let pool = pool
            .filter(|one| one.group == GroupId::Parent)
            .map(|one| one.id);
        let pool: BTreeSet<ParticipantId> = pool.collect();
        ensure(pool == dealt, "distribution", || {
            format!("{dealt:?} of {pool:?}")
        })?;
        let smallest = sizes.values().min().copied().unwrap_or_default();
        let largest = sizes.values().max().copied().unwrap_or_default();
        let capacity = created.first().and_then(|id| self.breakouts.get(id));
        let capacity = capacity.map_or(0, |it| it.capacity);
        let full = left.is_empty() || smallest == capacity;
        ensure(
            largest - smallest <= 1 && largest <= capacity && full,
            "distribution",
            || format!("{sizes:?}, {} are left over", left.len()),
        )
    }

    fn invite(
        &mut self,
        breakout: BreakoutId,
        participants: &[ParticipantId],
        force: bool,
    ) -> Result<(), Violation> {
        let to = self.breakout(breakout)?;
        let moves = force || to.auto_move && to.open;
        let invitees: BTreeSet<ParticipantId> = participants.iter().copied().collect();
        for id in invitees {
            let one = *self.named(id)?;
            ensure(one.group == GroupId::Parent, "two breakouts", || {
                format!("{id} was invited although it is in {}", one.group)
            })?;
            self.ask(one.identity, breakout)?;
            self.wait(breakout, one.identity);
            if moves {
                let to = GroupId::Breakout(breakout);
                self.place(id, to, (MoveCause::Forced, None))?;
            }
            let assigned = self.assignments.values().filter(|to| **to == breakout);
            if assigned.count() < self.breakout(breakout)?.capacity {
                self.assignments.entry(one.identity).or_insert(breakout);
            }
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, number: u32, breakout: BreakoutId) -> Result<(), Violation> {
        let unassigned = !self.assignments.contains_key(&number);
        let to = self.breakout(breakout)?;
        to.invited.insert(number);
        *to.pending.entry(number).or_default() |= unassigned;
        Ok(())
    }

    fn withdraw_invitation(&mut self, number: u32, from: BreakoutId) -> Result<(), Violation> {
        let asked = self.breakout(from)?.pending.get(&number).copied();
        let asked = asked.ok_or_else(|| Violation::new("invitation", format!("{number}")))?;
        self.breakout(from)?.forget(number);
        if asked && self.assignments.get(&number) == Some(&from) {
            self.assignments.remove(&number);
        }
        self.wait_unless_asked(from, number);
        Ok(())
    }

    pub(super) fn reassign(&mut self, number: u32, breakout: BreakoutId) {
        if let Some(before) = self.assignments.insert(number, breakout) {
            self.wait_unless_asked(before, number);
        }
    }

    pub(super) fn unassign(&mut self, number: u32) {
        let Some(id) = self.assignments.remove(&number) else {
            return;
        };
        if let Some(from) = self.breakouts.get_mut(&id) {
            from.forget(number);
        }
        self.wait_unless_asked(id, number);
    }

    fn assign(
        &mut self,
        breakout: Option<BreakoutId>,
        identities: &[String],
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        for identity in identities {
            let number = number_of(identity);
            match breakout {
                None => self.unassign(number),
                Some(id) => {
                    if self.assignments.get(&number) != Some(&id) {
                        self.unassign(number);
                    }
                    self.assignments.insert(number, id);
                    let mut people = self.people.iter();
                    let inside = GroupId::Breakout(id);
                    if !people.any(|one| one.identity == number && one.group == inside) {
                        self.wait(id, number);
                    }
                }
            }
        }
        let (Some(id), Outcome::Breakout { breakout: view }) = (breakout, outcome) else {
            return Ok(());
        };
        let assigned = self.assignments.values().filter(|to| **to == id).count();
        let capacity = self.breakout(id)?.capacity;
        ensure(assigned <= capacity, "capacity", || {
            format!("{assigned} are assigned to {id}, which holds {capacity}")
        })?;
        self.fill(id)?;
        let expected = self.members(id);
        ensure(view.members == expected, "auto move", || {
            format!("{:?} are in {id}, and not {expected:?}", view.members)
        })
    }

    pub(super) fn is_asked(&self, number: u32, breakout: BreakoutId) -> bool {
        let invited = self.breakouts.get(&breakout);
        invited.is_some_and(|it| it.invited.contains(&number))
            || self.assignments.get(&number) == Some(&breakout)
    }

    pub(super) fn free(&self, breakout: BreakoutId) -> usize {
        let held = self.breakouts.get(&breakout);
        held.map_or(0, |it| {
            it.capacity.saturating_sub(self.members(breakout).len())
        })
    }

    pub(super) fn follow_going(
        &mut self,
        actor: Actor,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::JoinBreakout {
                participant,
                breakout,
                stream,
            } => {
                let chosen = breakout.or_else(|| self.only_choice(*participant));
                let Some(breakout) = chosen else {
                    let what = format!("{participant} joined, and had no choice");
                    return Err(Violation::new("assignment", what));
                };
                self.check_join(actor, *participant, breakout)?;
                let stream = stream.unwrap_or(self.breakout(breakout)?.media);
                let to = GroupId::Breakout(breakout);
                self.place(*participant, to, (MoveCause::Joined, Some(stream)))
            }
            Command::LeaveBreakout { participant } => {
                self.check_return(actor, *participant)?;
                self.place(*participant, GroupId::Parent, (MoveCause::Left, None))
            }
            Command::Move { moves } => {
                for one in moves {
                    self.place(one.participant, one.to, (MoveCause::Moved, one.stream))?;
                }
                Ok(())
            }
            Command::Shuffle { breakouts, .. } => {
                let mut selected = self.selected(breakouts);
                if *breakouts == Selection::All {
                    selected.retain(|id| self.breakouts.get(id).is_some_and(|it| !it.side));
                }
                self.shuffle(&selected, outcome)
            }
            _ => Ok(()),
        }
    }

    fn shuffle(&mut self, selected: &[BreakoutId], outcome: &Outcome) -> Result<(), Violation> {
        let (placed, left) = distributed(outcome)?;
        let named = |group: GroupId| group.breakout().is_none_or(|id| selected.contains(&id));
        let pool = self
            .people
            .iter()
            .filter(|one| !one.moderator && named(one.group));
        let pool: BTreeSet<ParticipantId> = pool.map(|one| one.id).collect();
        let dealt = placed.iter().map(|(id, _)| id).chain(left).copied();
        let dealt: BTreeSet<ParticipantId> = dealt.collect();
        ensure(
            pool == dealt && dealt.len() == placed.len() + left.len(),
            "distribution",
            || format!("{dealt:?} of {pool:?}"),
        )?;
        for id in left {
            self.place(*id, GroupId::Parent, (MoveCause::Shuffled, None))?;
        }
        for (id, to) in placed {
            ensure(selected.contains(to), "distribution", || {
                format!("{id} went to {to}")
            })?;
            self.place(*id, GroupId::Breakout(*to), (MoveCause::Shuffled, None))?;
            let number = self.named(*id)?.identity;
            self.reassign(number, *to);
        }
        Ok(())
    }

    /// Where somebody goes who names no breakout.
    pub(crate) fn only_choice(&self, id: ParticipantId) -> Option<BreakoutId> {
        let identity = self.person(id)?.identity;
        if let Some(to) = self.assignments.get(&identity) {
            return Some(*to);
        }
        let all = self.breakouts.iter();
        let mut invited = all.filter(|(_, it)| it.pending.contains_key(&identity));
        let (first, _) = invited.next()?;
        invited.next().is_none().then_some(*first)
    }

    /// Rules 6 and 7.
    fn check_join(
        &mut self,
        actor: Actor,
        id: ParticipantId,
        breakout: BreakoutId,
    ) -> Result<(), Violation> {
        let one = *self.named(id)?;
        let self_select = self.settings.breakouts.self_select;
        let to = self.breakout(breakout)?.clone();
        ensure(one.group == GroupId::Parent, "two breakouts", || {
            format!("{id} joined {breakout} from {}", one.group)
        })?;
        ensure(to.open, "closed breakout", || {
            format!("{id} joined {breakout}")
        })?;
        let powerful = one.moderator || actor.is_operator() || to.owner == Some(id);
        let asked = self.is_asked(one.identity, breakout);
        let welcome = match to.door {
            Door::Open => powerful || asked || to.self_select || self_select,
            Door::Knocking => powerful || asked,
            Door::Locked => powerful,
        };
        ensure(welcome, "assignment", || {
            format!("{id} joined {breakout} unasked")
        })
    }

    /// Rule 13: returning is allowed.
    pub(super) fn check_return(&self, actor: Actor, id: ParticipantId) -> Result<(), Violation> {
        let powerful = self.is_moderator(actor) || self.is_moderator(Actor::Participant(id));
        ensure(
            powerful || self.settings.breakouts.allow_return,
            "return",
            || format!("{id} returned although it must not"),
        )
    }
}

fn distributed(outcome: &Outcome) -> Result<(&Placed, &[ParticipantId]), Violation> {
    match outcome {
        Outcome::Distributed {
            placed, left_over, ..
        } => Ok((placed, left_over)),
        other => Err(Violation::new("answer", format!("{other:?}"))),
    }
}

impl Model {
    /// True if this join must be accepted.
    pub(crate) fn is_welcome(
        &self,
        (id, operates): (ParticipantId, bool),
        breakout: BreakoutId,
        camera: bool,
    ) -> bool {
        let (Some(one), Some(to)) = (self.person(id), self.breakouts.get(&breakout)) else {
            return false;
        };
        let powerful = one.moderator || operates;
        let chooses = to.self_select || self.settings.breakouts.self_select;
        let asked = self.is_asked(one.identity, breakout);
        let asked = match to.door {
            Door::Open => asked || powerful || chooses,
            Door::Knocking => asked || powerful,
            Door::Locked => powerful,
        };
        let video = !camera || to.media.contains(sideroom_route::TrackKind::Camera);
        let media = one.slots.audio > 0 || one.slots.video > 0;
        let comes = one.group == GroupId::Parent && one.connected && media && video;
        comes && asked && to.open && self.free(breakout) > 0
    }
}
