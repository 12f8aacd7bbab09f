//! Knocking at the doors of breakouts (rule 22), and side rooms (rule 23).

use std::collections::BTreeSet;

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::arrangement::is_presentable;
use crate::command_run::CommandRun;
use crate::state::{Participant, require};
use crate::{
    BreakoutError, CreateBreakouts, CreateSideRoom, Door, EventKind, KnockEnd, KnockView,
    MoveCause, Outcome, Selection, Subject, bounds,
};

impl CommandRun<'_> {
    pub(super) fn knock(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let (away, connected) = (one.is_away(), one.is_connected());
        let to = self.state.breakout(breakout)?;
        require(!away, BreakoutError::AlreadyInBreakout)?;
        require(to.open, BreakoutError::BreakoutClosed)?;
        require(to.door != Door::Locked, BreakoutError::BreakoutLocked)?;
        require(
            to.door == Door::Knocking,
            BreakoutError::InvalidArgument("its door is open; join without knocking"),
        )?;
        let capacity = to.capacity;
        require(to.free() > 0, BreakoutError::BreakoutFull { capacity })?;
        require(connected, BreakoutError::JoinFailed)?;
        let key = (breakout, participant);
        if self.state.knocks.contains_key(&key) {
            return Ok(Outcome::Done);
        }
        let waiting = self.state.knocks.keys().filter(|(at, _)| *at == breakout);
        require(
            waiting.count() < bounds::KNOCKS,
            BreakoutError::RateLimited {
                retry_ms: bounds::KNOCK_MS,
            },
        )?;
        self.end_knocks(KnockEnd::Withdrawn, |_, who| who == participant);
        let until = self.now + u64::from(bounds::KNOCK_MS);
        self.state.knocks.insert(key, until);
        self.tell(EventKind::Knocked {
            knock: KnockView {
                breakout,
                participant,
                until,
            },
        });
        Ok(Outcome::Done)
    }

    pub(super) fn stop_knocking(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
    ) -> Outcome {
        let own = |at, who| (at, who) == (breakout, participant);
        self.end_knocks(KnockEnd::Withdrawn, own);
        Outcome::Done
    }

    pub(super) fn answer_knock(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
        admit: bool,
    ) -> Result<Outcome, BreakoutError> {
        let known = self.state.knocks.contains_key(&(breakout, participant));
        require(known, BreakoutError::NotFound(Subject::Knock))?;
        if !admit {
            let this = |at, who| (at, who) == (breakout, participant);
            self.end_knocks(KnockEnd::Refused, this);
            return Ok(Outcome::Done);
        }
        let connected = self.state.participant(participant)?.is_connected();
        require(connected, BreakoutError::JoinFailed)?;
        let to = self.state.breakout(breakout)?;
        let (capacity, stream) = (to.capacity, to.media);
        require(to.free() > 0, BreakoutError::BreakoutFull { capacity })?;
        let group = GroupId::Breakout(breakout);
        self.place(participant, group, MoveCause::Joined, Some(stream));
        Ok(Outcome::Placed { participant, group })
    }

    pub(super) fn expire_knock(
        &mut self,
        breakout: BreakoutId,
        participant: ParticipantId,
    ) -> Result<Outcome, BreakoutError> {
        let until = self.state.knocks.get(&(breakout, participant));
        require(
            until.is_some_and(|until| *until <= self.now),
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        let this = |at, who| (at, who) == (breakout, participant);
        self.end_knocks(KnockEnd::Expired, this);
        Ok(Outcome::Done)
    }

    fn end_knocks(&mut self, end: KnockEnd, which: impl Fn(BreakoutId, ParticipantId) -> bool) {
        let knocks = self.state.knocks.keys().copied();
        let over: Vec<_> = knocks.filter(|(at, who)| which(*at, *who)).collect();
        for (breakout, participant) in over {
            self.state.knocks.remove(&(breakout, participant));
            self.tell(EventKind::KnockEnded {
                participant,
                breakout,
                end,
            });
        }
    }

    /// Ends knocks that the turn has answered or made void, and tells those who came in of the others.
    pub(super) fn keep_knocks(&mut self) {
        if self.state.knocks.is_empty() {
            return;
        }
        let state = &*self.state;
        let mut ends = Vec::new();
        for (at, who) in state.knocks.keys() {
            let group = state.participants.get(who).map(|one| one.group);
            let takes = |it: &crate::state::Breakout| it.open && it.door == Door::Knocking;
            let waits = state.breakouts.get(at).is_some_and(takes);
            if group == Some(GroupId::Breakout(*at)) {
                ends.push((KnockEnd::Admitted, *at, *who));
            } else if group != Some(GroupId::Parent) || !waits {
                ends.push((KnockEnd::Void, *at, *who));
            }
        }
        for (end, at, who) in ends {
            self.end_knocks(end, |it, one| (it, one) == (at, who));
        }
        for placing in self.effects.placed.clone() {
            if let Some(breakout) = placing.to.and_then(GroupId::breakout) {
                self.tell_knocks(placing.participant, breakout);
            }
        }
    }

    fn tell_knocks(&mut self, participant: ParticipantId, breakout: BreakoutId) {
        let one = self.state.participants.get(&participant);
        let inside =
            one.is_some_and(|one| !one.is_moderator() && one.group == GroupId::Breakout(breakout));
        let knocks = self
            .state
            .knocks
            .iter()
            .filter(|((at, _), _)| *at == breakout);
        let knocks: Vec<KnockView> = knocks
            .map(|((breakout, participant), until)| KnockView {
                breakout: *breakout,
                participant: *participant,
                until: *until,
            })
            .collect();
        if inside && !knocks.is_empty() {
            self.tell(EventKind::KnocksHeard {
                participant,
                knocks,
            });
        }
    }

    pub(super) fn create_side_room(
        &mut self,
        side: &CreateSideRoom,
    ) -> Result<Outcome, BreakoutError> {
        let participant = side.participant;
        let one = self.state.participant(participant)?;
        require(!one.is_away(), BreakoutError::NotInParent)?;
        require(one.is_connected(), BreakoutError::JoinFailed)?;
        let name = match &side.name {
            Some(name) => name.clone(),
            None => self.side_room_name(one),
        };
        let breakouts = self.state.breakouts.values();
        let owns = |it: &crate::state::Breakout| it.side && it.owner == Some(participant);
        require(
            !breakouts.clone().any(owns),
            BreakoutError::CreateFailed("you have a side room already; close it first"),
        )?;
        let largest = u32::from(self.state.settings().largest_capacity());
        let create = CreateBreakouts {
            participants: Some(side.capacity.unwrap_or(largest)),
            count: 1,
            names: vec![name],
            media: side.media,
            open: true,
            auto_move: false,
            self_select: false,
            door: side.door,
        };
        let capacity = self.check_creation(&create)?;
        let invited: BTreeSet<ParticipantId> = side.invite.iter().copied().collect();
        require(
            !invited.contains(&participant),
            BreakoutError::InvalidArgument("nobody invites themselves"),
        )?;
        for invitee in &invited {
            self.state.participant(*invitee)?;
        }
        require(
            invited.len() < usize::from(capacity),
            BreakoutError::BreakoutFull { capacity },
        )?;
        let created = self.add_breakouts(&create, capacity);
        for id in &created {
            self.furnish_side_room(*id, participant, &invited);
        }
        Ok(self.distributed(created, Vec::new(), Vec::new(), None))
    }

    fn furnish_side_room(
        &mut self,
        id: BreakoutId,
        owner: ParticipantId,
        invited: &BTreeSet<ParticipantId>,
    ) {
        let mut stream = crate::KindSet::ALL;
        if let Some(made) = self.state.breakouts.get_mut(&id) {
            made.side = true;
            made.owner = Some(owner);
            stream = made.media;
        }
        let group = GroupId::Breakout(id);
        self.place(owner, group, MoveCause::Joined, Some(stream));
        for invitee in invited {
            self.call_in(*invitee, id, false);
        }
    }

    /// The first name after the owner's that nothing is called.
    fn side_room_name(&self, owner: &Participant) -> String {
        let taken = self.taken_names();
        let mut cut = owner.display_name.as_str();
        while cut.len() > bounds::NAME - 16 {
            let mut letters = cut.chars();
            letters.next_back();
            cut = letters.as_str();
        }
        let plain = std::iter::once(cut.to_owned());
        let numbered = (2_u32..).map(|number| format!("{cut} {number}"));
        let mut names = plain.chain(numbered);
        let free = names.find(|name| is_presentable(name) && !taken.contains(name.as_str()));
        free.unwrap_or_default()
    }

    /// A side room that the last one has left is gone.
    pub(super) fn close_empty_side_rooms(&mut self) -> Result<(), BreakoutError> {
        // Clearing and closing keep breakouts.
        let keeps = |cause| {
            let kept = [MoveCause::Cleared, MoveCause::Closed, MoveCause::TimeUp];
            kept.contains(&cause)
        };
        let placed = self.effects.placed.iter().filter(|it| !keeps(it.cause));
        let left = placed.filter_map(|it| it.from?.breakout());
        let empty: BTreeSet<BreakoutId> = left
            .filter(|id| {
                let held = self.state.breakouts.get(id);
                held.is_some_and(|it| it.side && it.members.is_empty())
            })
            .collect();
        if empty.is_empty() {
            return Ok(());
        }
        let empty = Selection::Some(empty.into_iter().collect());
        self.destroy(&empty).map(|_| ())
    }

    /// The door lets a participant in by themselves, who may join.
    pub(super) fn check_door(
        &self,
        breakout: BreakoutId,
        (asked, powerful): (bool, bool),
    ) -> Result<(), BreakoutError> {
        let passes = match self.state.breakout(breakout)?.door {
            Door::Open => true,
            Door::Knocking => asked || powerful,
            Door::Locked => powerful,
        };
        require(passes, BreakoutError::BreakoutLocked)
    }
}
