//! Sanctions and rights of a person, whichever way they come and however often (rule 18): bans, the place
//! that they may not leave, and the streams that are the same person.

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::person::{Ban, Person, person_of};
use crate::state::require;
use crate::{
    Actor, BanView, BreakoutError, EventKind, LeaveReason, MoveCause, Outcome, Rights, Role,
    Subject, UnixMillis, Whom, bounds,
};

impl CommandRun<'_> {
    pub(super) fn ban(
        &mut self,
        whom: &Whom,
        reason: &str,
        until: Option<UnixMillis>,
    ) -> Result<Outcome, BreakoutError> {
        let identity = match whom {
            Whom::Participant(id) => self.state.participant(*id)?.identity.clone(),
            Whom::Identity(identity) => identity.clone(),
        };
        let person = person_of(&identity).to_owned();
        require(
            !person.is_empty() && person.len() <= bounds::IDENTITY,
            BreakoutError::InvalidArgument("an identity has 1 to 128 bytes"),
        )?;
        require(
            reason.len() <= bounds::REASON,
            BreakoutError::InvalidArgument("a reason has at most 512 bytes"),
        )?;
        require(
            until.is_none_or(|until| until > self.now),
            BreakoutError::InvalidArgument("the end of a ban must lie in the future"),
        )?;
        require(
            self.actor_person() != Some(person.as_str()),
            BreakoutError::InvalidArgument("nobody bans themselves"),
        )?;
        self.forget_ended_bans();
        self.check_people(&person)?;
        let ban = Ban {
            reason: reason.to_owned(),
            until,
            by: self.actor,
            since: self.now,
        };
        let shown = BanView {
            identity: person.clone(),
            reason: ban.reason.clone(),
            until,
            by: ban.by,
            since: ban.since,
        };
        self.state
            .change_person(&person, |known| known.ban = Some(ban));
        self.tell(EventKind::Banned {
            ban: Box::new(shown),
        });
        for participant in self.state.participants_of(&person) {
            self.remove(participant, LeaveReason::Banned);
        }
        Ok(Outcome::Done)
    }

    pub(super) fn unban(&mut self, identity: &str) -> Result<Outcome, BreakoutError> {
        let person = person_of(identity);
        let banned = self.state.person(person).ban.is_some();
        require(banned, BreakoutError::NotFound(Subject::Ban))?;
        self.state.change_person(person, |known| known.ban = None);
        self.tell(EventKind::Unbanned {
            identity: person.to_owned(),
            by: self.actor,
        });
        Ok(Outcome::Done)
    }

    /// Refuses a person who is banned.
    pub(super) fn check_ban(&mut self, identity: &str) -> Result<(), BreakoutError> {
        match &self.state.person(identity).ban {
            Some(ban) if ban.holds(self.now) => Err(BreakoutError::Banned {
                reason: ban.reason.clone(),
                until: ban.until,
            }),
            _ => Ok(()),
        }
    }

    fn forget_ended_bans(&mut self) {
        let now = self.now;
        let ended = self.state.people.iter();
        let ended =
            ended.filter(|(_, known)| known.ban.as_ref().is_some_and(|ban| !ban.holds(now)));
        let ended: Vec<String> = ended.map(|(person, _)| person.clone()).collect();
        for person in ended {
            self.state.change_person(&person, |known| known.ban = None);
        }
    }

    fn actor_person(&self) -> Option<&str> {
        let Actor::Participant(id) = self.actor else {
            return None;
        };
        let one = self.state.participants.get(&id)?;
        Some(person_of(&one.identity))
    }

    /// Refuses to remember one person more than the room may.
    pub(super) fn check_people(&self, identity: &str) -> Result<(), BreakoutError> {
        let known = self.state.people.contains_key(person_of(identity));
        require(
            known || self.state.people.len() < bounds::PEOPLE,
            BreakoutError::InvalidArgument("the room remembers 20000 people's sanctions already"),
        )
    }

    /// Changes the remembered rights of a participant's person, and applies them to the person and their
    /// streams.
    pub(super) fn change_rights(
        &mut self,
        participant: ParticipantId,
        change: impl FnOnce(&mut Person),
    ) -> Result<(), BreakoutError> {
        let identity = self.state.participant(participant)?.identity.clone();
        self.check_people(&identity)?;
        self.state.change_person(&identity, change);
        for one in self.state.participants_of(&identity) {
            self.apply_rights(one);
        }
        Ok(())
    }

    /// Applies the rights of a participant: those of their token, as the room has changed them since.
    pub(super) fn apply_rights(&mut self, participant: ParticipantId) {
        let Some(one) = self.state.participants.get(&participant) else {
            return;
        };
        let Rights { role, grants } = self.state.person(&one.identity).rights(one.token);
        let (role_changed, grants_changed) = (one.role != role, one.grants != grants);
        let lost = one.grants.publish.difference(grants.publish);
        for kind in lost.iter() {
            self.withdraw_track(participant, kind);
        }
        if let Some(one) = self.state.participants.get_mut(&participant) {
            (one.role, one.grants) = (role, grants);
        }
        if role_changed {
            self.effects.touched.insert(participant);
            self.tell(EventKind::RoleChanged { participant, role });
        }
        if grants_changed {
            self.tell(EventKind::GrantsChanged {
                participant,
                grants,
            });
        }
        if role_changed || grants_changed {
            if role == Role::Moderator {
                self.adopt_orphans(participant);
            }
            self.withdraw_powers(participant);
        }
    }

    /// The place of a newcomer while returning is not allowed: the breakout that they left the room from, or
    /// where they are already. Refuses if it has no place left.
    pub(super) fn confined_place(
        &self,
        identity: &str,
        role: Role,
    ) -> Result<Option<BreakoutId>, BreakoutError> {
        if self.state.settings().breakouts.allow_return || role == Role::Moderator {
            return Ok(None);
        }
        let person = person_of(identity);
        let present = self.state.participants_of(person);
        let mut groups = present
            .iter()
            .filter_map(|id| self.state.participants.get(id))
            .map(|one| one.group);
        // The person comes first in this list.
        let place = match groups.next() {
            Some(group) => group.breakout(),
            None => self.state.person(person).held,
        };
        let Some(breakout) = place else {
            return Ok(None);
        };
        let Some(to) = self.state.breakouts.get(&breakout).filter(|to| to.open) else {
            return Ok(None);
        };
        require(to.free() > 0, BreakoutError::ReturnNotAllowed)?;
        Ok(Some(breakout))
    }

    /// While returning is not allowed, a person's streams stay in the person's group: otherwise they would
    /// hear the parent, and be heard there. A stream that finds no place ends.
    pub(super) fn keep_streams_along(&mut self) {
        if self.state.settings().breakouts.allow_return || self.replays_older_than(Rules::Sanctions)
        {
            return;
        }
        let moved: Vec<ParticipantId> = if self.effects.confined {
            self.state.participants.keys().copied().collect()
        } else {
            let placed = self.effects.placed.iter();
            placed.map(|placing| placing.participant).collect()
        };
        let people = moved.iter().filter_map(|id| {
            let one = self.state.participants.get(id)?;
            Some(person_of(&one.identity).to_owned())
        });
        let people: std::collections::BTreeSet<String> = people.collect();
        for person in people {
            self.keep_streams_with(&person);
        }
    }

    fn keep_streams_with(&mut self, person: &str) {
        let Some(place) = self
            .state
            .identities
            .get(person)
            .and_then(|id| self.state.participants.get(id))
            .filter(|one| !one.is_moderator())
            .map(|one| one.group)
        else {
            return;
        };
        for stream in self.state.streams_of(person) {
            let apart = self
                .state
                .participants
                .get(&stream)
                .is_some_and(|one| one.group != place && !one.is_moderator());
            if !apart {
                continue;
            }
            let full = place
                .breakout()
                .and_then(|id| self.state.breakouts.get(&id))
                .is_some_and(|to| to.free() == 0);
            if full {
                self.remove(stream, LeaveReason::Removed);
            } else {
                self.place(stream, place, MoveCause::AutoMoved, None);
            }
        }
    }

    /// Remembers the breakout of a participant who leaves the room while returning is not allowed.
    pub(crate) fn hold_place(&mut self, participant: ParticipantId) {
        if self.state.settings().breakouts.allow_return {
            return;
        }
        let Some(one) = self.state.participants.get(&participant) else {
            return;
        };
        let GroupId::Breakout(breakout) = one.group else {
            return;
        };
        if one.is_moderator() || self.check_people(&one.identity).is_err() {
            return;
        }
        let identity = one.identity.clone();
        self.state
            .change_person(&identity, |known| known.held = Some(breakout));
    }

    /// Forgets the people held in these breakouts: everybody was returned.
    pub(crate) fn release_places(&mut self, breakouts: &[BreakoutId]) {
        let held = self.state.people.iter();
        let held =
            held.filter(|(_, known)| known.held.is_some_and(|held| breakouts.contains(&held)));
        let held: Vec<String> = held.map(|(person, _)| person.clone()).collect();
        for person in held {
            self.state.change_person(&person, |known| known.held = None);
        }
    }
}
