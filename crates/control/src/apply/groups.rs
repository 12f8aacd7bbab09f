//! Breakouts as such: opening, closing, clearing, destroying, changing (rules 9 to 11).

use std::collections::BTreeMap;

use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackKind};

use super::create::check_capacity;
use crate::arrangement::is_presentable;
use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::state::require;
use crate::{
    Actor, BreakoutError, BreakoutPatch, EventKind, InvitationEnd, MoveCause, Outcome, ParentGate,
    Power, Selection, Subject, TimerChange, bounds,
};

impl CommandRun<'_> {
    pub(super) fn open(&mut self, selection: &Selection) -> Result<Outcome, BreakoutError> {
        let breakouts = self.state.select(selection)?;
        for id in &breakouts {
            self.set_open(*id, true);
        }
        for id in &breakouts {
            self.call_everybody(*id);
            self.take_in(*id);
        }
        Ok(self.moved_breakouts(breakouts))
    }

    pub(super) fn close(&mut self, selection: &Selection) -> Result<Outcome, BreakoutError> {
        let breakouts = self.state.select(selection)?;
        let before = self.is_any_open();
        self.shut(&breakouts, MoveCause::Closed);
        if before && !self.is_any_open() {
            self.end_round();
        }
        Ok(self.moved_breakouts(breakouts))
    }

    /// Without an open breakout a round is over: its timer must not end the next one.
    pub(super) fn is_any_open(&self) -> bool {
        self.state.breakouts.values().any(|it| it.open)
    }

    /// Returns everybody and closes the breakouts.
    pub(super) fn shut(&mut self, breakouts: &[BreakoutId], cause: MoveCause) {
        self.return_all(breakouts, cause);
        for id in breakouts {
            self.set_open(*id, false);
        }
    }

    pub(super) fn set_open(&mut self, id: BreakoutId, open: bool) {
        if let Some(breakout) = self.state.breakouts.get_mut(&id)
            && breakout.open != open
        {
            breakout.open = open;
            breakout.ends_at = breakout.ends_at.filter(|_| open);
            self.effects.selectable |= breakout.is_shown();
            self.effects.changed.insert(id);
            self.effects.announced.insert(id);
        }
    }

    pub(super) fn clear(&mut self, selection: &Selection) -> Result<Outcome, BreakoutError> {
        if let Actor::Participant(id) = self.actor
            && let runs = self.state.require_runs_selected(self.actor, selection)
            && runs.is_err()
        {
            return self.clear_one(id, selection);
        }
        let breakouts = self.state.select(selection)?;
        self.return_all(&breakouts, MoveCause::Cleared);
        // Rule 9: a cleared breakout stays empty.
        self.effects.freed.clear();
        Ok(self.moved_breakouts(breakouts))
    }

    /// Rule 9: called by a plain participant, clear returns that participant only.
    fn clear_one(
        &mut self,
        participant: ParticipantId,
        selection: &Selection,
    ) -> Result<Outcome, BreakoutError> {
        let breakouts = self.state.select(selection)?;
        self.check_return(participant)?;
        let group = self.state.participant(participant)?.group;
        let inside = group.breakout().is_some_and(|id| breakouts.contains(&id));
        require(inside, BreakoutError::LeaveFailed)?;
        self.place(participant, GroupId::Parent, MoveCause::Cleared, None);
        Ok(self.moved_breakouts(group.breakout().into_iter().collect()))
    }

    pub(super) fn destroy(&mut self, selection: &Selection) -> Result<Outcome, BreakoutError> {
        let breakouts = self.state.select(selection)?;
        if breakouts.is_empty() {
            return Ok(self.moved_breakouts(breakouts));
        }
        let inside = breakouts
            .iter()
            .filter_map(|id| self.state.breakouts.get(id));
        let members: Vec<ParticipantId> =
            inside.flat_map(|it| it.members.iter().copied()).collect();
        self.return_all(&breakouts, MoveCause::Destroyed);
        let listeners: Vec<ParticipantId> = self
            .state
            .participants
            .iter()
            .filter(|(_, one)| one.listening.is_some_and(|id| breakouts.contains(&id)))
            .map(|(id, _)| *id)
            .collect();
        for listener in listeners {
            self.stop_listening(listener);
        }
        let assigned = self.state.assignments.iter();
        let assigned: Vec<String> = assigned
            .filter(|(_, to)| breakouts.contains(to))
            .map(|(identity, _)| identity.clone())
            .collect();
        for identity in assigned {
            self.assign(&identity, None);
        }
        let void = self.void_invitations(&breakouts, &members);
        let was_open = self.is_any_open();
        self.state
            .waiting
            .retain(|(to, _), _| !breakouts.contains(to));
        self.end_all_invitations(&breakouts, InvitationEnd::Withdrawn);
        for id in &breakouts {
            if let Some(gone) = self.state.breakouts.remove(id) {
                self.effects.selectable |= gone.is_shown();
                self.effects.destroyed_owners.extend(gone.owner);
            }
            self.effects.changed.remove(id);
        }
        if self.state.breakouts.is_empty() {
            self.lift_room_gate();
        }
        if self.state.breakouts.is_empty() || was_open && !self.is_any_open() {
            self.end_round();
        }
        self.effects.selectable |= self.state.settings().breakouts.self_select;
        self.tell(EventKind::BreakoutsDestroyed {
            breakouts: breakouts.clone(),
            members,
        });
        for event in void {
            self.tell(event);
        }
        Ok(self.moved_breakouts(breakouts))
    }

    /// Tells invitees of removed breakouts that their invitations are void, unless the removal tells them already.
    fn void_invitations(
        &self,
        breakouts: &[BreakoutId],
        members: &[ParticipantId],
    ) -> Vec<EventKind> {
        let mut void: BTreeMap<ParticipantId, Vec<BreakoutId>> = BTreeMap::new();
        for id in breakouts {
            let invited = self.state.breakouts.get(id).map(|it| it.invited.keys());
            for identity in invited.into_iter().flatten() {
                if let Some(participant) = self.state.identities.get(identity) {
                    void.entry(*participant).or_default().push(*id);
                }
            }
        }
        let people = &self.state.participants;
        void.retain(|id, _| {
            let moderates = people.get(id).is_none_or(|one| one.is_moderator());
            !moderates && !members.contains(id)
        });
        let void = void.into_iter();
        void.map(|(participant, breakouts)| EventKind::InvitationsVoid {
            participant,
            breakouts,
        })
        .collect()
    }

    /// Opens the room gate. Called when the last breakout is removed.
    fn lift_room_gate(&mut self) {
        let open = ParentGate::default();
        if self.state.room_gate != open {
            self.state.room_gate = open;
            self.tell(EventKind::RoomGateChanged { gate: open });
        }
    }

    /// The answer to an operation on whole breakouts.
    pub(super) fn moved_breakouts(&self, breakouts: Vec<BreakoutId>) -> Outcome {
        let placed = self.effects.placed.iter();
        Outcome::Breakouts {
            breakouts,
            moves: placed
                .filter_map(|placing| Some((placing.participant, placing.to?)))
                .collect(),
        }
    }

    pub(super) fn update_breakout(
        &mut self,
        id: BreakoutId,
        patch: &BreakoutPatch,
    ) -> Result<Outcome, BreakoutError> {
        let held = self.state.breakout(id)?;
        let mut next = held.clone();
        if let Some(name) = &patch.name {
            require(
                is_presentable(name),
                BreakoutError::DetailsUnreadable("a name has 1 to 128 printable bytes"),
            )?;
            let free = *name == held.name || !self.taken_names().contains(name.as_str());
            require(
                free,
                BreakoutError::InvalidArgument("another breakout has this name"),
            )?;
            next.name.clone_from(name);
        }
        if let Some(thread_id) = &patch.thread_id {
            require(
                thread_id.len() <= bounds::NAME && !thread_id.chars().any(char::is_control),
                BreakoutError::DetailsUnreadable("a thread id has at most 128 printable bytes"),
            )?;
            next.thread_id.clone_from(thread_id);
        }
        if let Some(capacity) = patch.capacity {
            next.capacity = check_capacity(self.state.settings(), Some(capacity))?;
            require(
                next.members.len() <= usize::from(next.capacity),
                BreakoutError::InvalidArgument("more people are inside than it would hold"),
            )?;
        }
        if let Some(media) = patch.media {
            let allowed = self.state.settings().breakouts.allow_video
                || !media.contains(TrackKind::Camera)
                || held.media.contains(TrackKind::Camera);
            require(allowed, BreakoutError::VideoNotAllowed)?;
            next.media = media;
        }
        if let Some(owner) = patch.owner {
            self.check_owner(owner)?;
            next.owner = Some(owner);
            next.orphaned = false;
        }
        match patch.timer {
            None => {}
            Some(TimerChange::Stop) => next.ends_at = None,
            Some(TimerChange::EndAt(at)) => {
                require(
                    at > self.now && held.open,
                    BreakoutError::InvalidArgument(
                        "the end of an open breakout lies in the future; a closed one has none",
                    ),
                )?;
                next.ends_at = Some(at);
            }
        }
        next.door = patch.door.unwrap_or(held.door);
        next.auto_move = patch.auto_move.unwrap_or(held.auto_move);
        next.self_select = patch.self_select.unwrap_or(held.self_select);
        let begins_to_move = next.auto_move && !held.auto_move;
        self.replace_breakout(id, next);
        if begins_to_move {
            self.call_everybody(id);
        }
        if !self.replays_older_than(Rules::Waiting) {
            self.take_in(id);
        }
        Ok(self.breakout_outcome(id))
    }

    fn check_owner(&self, owner: ParticipantId) -> Result<(), BreakoutError> {
        let known = self.state.participants.contains_key(&owner);
        require(known, BreakoutError::NotFound(Subject::Participant))?;
        let actor = Actor::Participant(owner);
        let power = self.state.has_power(actor, Power::CreateBreakouts);
        require(power, BreakoutError::NotModerator)
    }

    fn replace_breakout(&mut self, id: BreakoutId, next: crate::state::Breakout) {
        let Some(held) = self.state.breakouts.get_mut(&id) else {
            return;
        };
        if *held == next {
            return;
        }
        if held.media != next.media {
            self.effects.touched.extend(&next.members);
        }
        self.effects.selectable |= held.is_shown() || next.is_shown();
        if let Some(former) = held.owner
            && next.owner != held.owner
        {
            self.effects.disowned.push((former, id));
        }
        *held = next;
        self.effects.changed.insert(id);
        self.effects.announced.insert(id);
    }
}
