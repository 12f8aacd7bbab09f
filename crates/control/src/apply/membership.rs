//! Going in, going out, being moved, being shuffled (rules 6 to 9 and 12).

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use crate::command_run::CommandRun;
use crate::distribute::{self, Target};
use crate::person::person_of;
use crate::state::{Participant, require};
use crate::{BreakoutError, Door, KindSet, MoveCause, MoveTo, Outcome, Selection};

impl CommandRun<'_> {
    /// Rule 7: who may join, and whether there is a place. Rule 8: the kinds that come along.
    pub(super) fn join_breakout(
        &mut self,
        participant: ParticipantId,
        breakout: Option<BreakoutId>,
        stream: Option<KindSet>,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let breakout = match breakout {
            Some(breakout) => breakout,
            None => self.only_choice(one)?,
        };
        let to = self.state.breakout(breakout)?;
        let stream = stream.unwrap_or(to.media);
        require(!one.is_away(), BreakoutError::AlreadyInBreakout)?;
        require(to.open, BreakoutError::BreakoutClosed)?;
        let person = person_of(&one.identity);
        let asked = to.has_called(person) || self.state.assignments.get(person) == Some(&breakout);
        let chooses = to.self_select || self.state.settings().breakouts.self_select;
        let knocks = to.door == Door::Knocking;
        let owns = to.owner == Some(participant);
        let powerful = one.is_moderator() || self.actor.is_operator();
        require(
            asked || chooses || owns || powerful || knocks,
            BreakoutError::NotAssigned,
        )?;
        self.check_door(breakout, (asked, owns || powerful))?;
        let capacity = to.capacity;
        require(to.free() > 0, BreakoutError::BreakoutFull { capacity })?;
        let video = stream.contains(TrackKind::Camera);
        require(
            !video || to.media.contains(TrackKind::Camera),
            BreakoutError::VideoNotAllowed,
        )?;
        require(one.is_connected(), BreakoutError::JoinFailed)?;
        let has_media = one.tracks.iter().any(|track| track.offered)
            || one.slots.audio > 0
            || one.slots.video > 0;
        require(has_media, BreakoutError::TokenFailed)?;
        let group = GroupId::Breakout(breakout);
        self.place(participant, group, MoveCause::Joined, Some(stream));
        Ok(Outcome::Placed { participant, group })
    }

    /// The breakout that somebody is assigned to, or, if that is one only, invited into.
    fn only_choice(&self, one: &Participant) -> Result<BreakoutId, BreakoutError> {
        let person = person_of(&one.identity);
        if let Some(assigned) = self.state.assignments.get(person) {
            return Ok(*assigned);
        }
        let breakouts = self.state.breakouts.iter();
        let mut invited = breakouts.filter(|(_, it)| it.invited.contains_key(person));
        match (invited.next(), invited.next()) {
            (Some((one, _)), None) => Ok(*one),
            (None, _) => Err(BreakoutError::NotAssigned),
            (Some(_), Some(_)) => Err(BreakoutError::InvalidArgument(
                "there are invitations into more than one breakout; name one of them",
            )),
        }
    }

    pub(super) fn leave_breakout(
        &mut self,
        participant: ParticipantId,
    ) -> Result<Outcome, BreakoutError> {
        self.check_return(participant)?;
        let group = GroupId::Parent;
        self.place(participant, group, MoveCause::Left, None);
        Ok(Outcome::Placed { participant, group })
    }

    /// Rule 13: refuses a return to the parent that the room's settings forbid.
    pub(super) fn check_return(&self, participant: ParticipantId) -> Result<(), BreakoutError> {
        let one = self.state.participant(participant)?;
        require(one.is_away(), BreakoutError::LeaveFailed)?;
        let powerful = one.is_moderator() || self.state.is_moderator(self.actor);
        let allowed = self.state.settings().breakouts.allow_return;
        require(powerful || allowed, BreakoutError::ReturnNotAllowed)
    }

    /// Rule 6: one or many, between any groups, in one step. Only the state afterwards has to fit, so people
    /// can change places in full breakouts.
    pub(super) fn move_all(&mut self, moves: &[MoveTo]) -> Result<Outcome, BreakoutError> {
        require(
            !moves.is_empty(),
            BreakoutError::InvalidArgument("a move names at least one participant"),
        )?;
        let mut movers = BTreeSet::new();
        let mut coming: BTreeMap<BreakoutId, usize> = BTreeMap::new();
        let mut going: BTreeMap<BreakoutId, usize> = BTreeMap::new();
        for one_move in moves {
            require(
                movers.insert(one_move.participant),
                BreakoutError::InvalidArgument("a participant is named twice"),
            )?;
            let from = self.state.participant(one_move.participant)?.group;
            if from == one_move.to {
                continue;
            }
            if let Some(breakout) = one_move.to.breakout() {
                self.check_destination(breakout, one_move.stream)?;
                *coming.entry(breakout).or_default() += 1;
            }
            if let Some(breakout) = from.breakout() {
                *going.entry(breakout).or_default() += 1;
            }
        }
        for (breakout, coming) in coming {
            let to = self.state.breakout(breakout)?;
            let free = to.free() + going.get(&breakout).copied().unwrap_or(0);
            let capacity = to.capacity;
            require(coming <= free, BreakoutError::BreakoutFull { capacity })?;
        }
        for one in moves {
            self.place(one.participant, one.to, MoveCause::Moved, one.stream);
        }
        let moves = moves.iter().map(|one| (one.participant, one.to)).collect();
        Ok(Outcome::Moved { moves })
    }

    fn check_destination(
        &self,
        breakout: BreakoutId,
        stream: Option<KindSet>,
    ) -> Result<(), BreakoutError> {
        let to = self.state.breakout(breakout)?;
        require(to.open, BreakoutError::BreakoutClosed)?;
        let video = stream.is_some_and(|stream| stream.contains(TrackKind::Camera));
        require(
            !video || to.media.contains(TrackKind::Camera),
            BreakoutError::VideoNotAllowed,
        )
    }

    /// Distributes everybody but moderators anew: those in the parent and those in the named breakouts.
    pub(super) fn shuffle(
        &mut self,
        selection: &Selection,
        seed: Option<u64>,
    ) -> Result<Outcome, BreakoutError> {
        let mut breakouts = self.state.select(selection)?;
        if *selection == Selection::All {
            // Side rooms are their owners' own.
            let held = &self.state.breakouts;
            breakouts.retain(|id| held.get(id).is_some_and(|it| !it.side));
        }
        let mut targets = Vec::new();
        for id in &breakouts {
            let to = self.state.breakout(*id)?;
            require(to.open, BreakoutError::BreakoutClosed)?;
            let stay = to.members.iter().filter(|member| self.stays_put(**member));
            targets.push(Target {
                breakout: *id,
                occupied: stay.count(),
                capacity: usize::from(to.capacity),
            });
        }
        let named = |group: GroupId| match group.breakout() {
            None => true,
            Some(id) => breakouts.contains(&id),
        };
        let pool: Vec<ParticipantId> = self
            .state
            .participants
            .iter()
            .filter(|(_, one)| !one.is_moderator() && named(one.group))
            .map(|(id, _)| *id)
            .collect();
        let seed = seed.unwrap_or_else(|| self.draw_seed());
        self.remember_round();
        let dealt = distribute::avoid_pairs(seed, &pool, &targets, &self.state.rounds);
        for participant in &dealt.left_over {
            self.place(*participant, GroupId::Parent, MoveCause::Shuffled, None);
        }
        for (participant, breakout) in &dealt.placed {
            let to = GroupId::Breakout(*breakout);
            self.place(*participant, to, MoveCause::Shuffled, None);
            if let Some(one) = self.state.participants.get(participant) {
                let identity = one.identity.clone();
                self.assign(&identity, Some(*breakout));
            }
        }
        // The distribution stands: nobody moves up into the places that it has left free.
        self.effects.freed.clear();
        Ok(self.distributed(breakouts, dealt.placed, dealt.left_over, Some(seed)))
    }

    fn stays_put(&self, participant: ParticipantId) -> bool {
        let one = self.state.participants.get(&participant);
        one.is_some_and(crate::state::Participant::is_moderator)
    }
}
