//! Commands on participants: grants, tracks and mutes.

use sideroom_route::{ParticipantId, TrackKind};

use crate::command_run::CommandRun;
use crate::state::require;
use crate::{Actor, BreakoutError, Command, EventKind, Grants, KindSet, Outcome, Role, Subject};

impl CommandRun<'_> {
    pub(super) fn run_for_person(&mut self, command: &Command) -> Result<Outcome, BreakoutError> {
        match *command {
            Command::SetRole { participant, role } => self.set_role(participant, role),
            Command::SetGrants {
                participant,
                grants,
            } => self.set_grants(participant, grants),
            Command::Publish { participant, kind } => self.publish(participant, kind),
            Command::Unpublish { participant, kind } => self.unpublish(participant, kind),
            Command::Mute { participant, kinds } => self.mute(participant, kinds, true),
            Command::Unmute { participant, kinds } => self.mute(participant, kinds, false),
            Command::SetStream {
                participant,
                stream,
            } => self.set_stream(participant, stream),
            _ => Err(BreakoutError::Internal("a command went astray")),
        }
    }

    /// Promoting gives the powers that the actor has; demoting takes away all that a moderator has.
    fn set_role(
        &mut self,
        participant: ParticipantId,
        role: Role,
    ) -> Result<Outcome, BreakoutError> {
        let powers = match role {
            Role::Moderator => self.state.grants_of(self.actor).powers(),
            Role::Participant => Grants::ALL.powers(),
        };
        let one = self.state.participant(participant)?;
        if one.role == role {
            return Ok(Outcome::Done);
        }
        let token = one.token;
        let grants = match role {
            Role::Moderator => one.grants.union(powers),
            Role::Participant => one.grants.difference(powers),
        };
        self.change_rights(participant, |known| {
            known.role = (token.role != role).then_some(role);
            known.set_grants(token, grants);
        })?;
        Ok(Outcome::Done)
    }

    /// Changes a participant's grants. An actor grants no more than they have.
    fn set_grants(
        &mut self,
        participant: ParticipantId,
        grants: Grants,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let (token, added) = (one.token, grants.difference(one.grants));
        if one.grants == grants {
            return Ok(Outcome::Done);
        }
        let covered = self.state.grants_of(self.actor).covers(&added);
        require(
            covered || self.replays.is_some(),
            BreakoutError::NotModerator,
        )?;
        self.change_rights(participant, |known| known.set_grants(token, grants))?;
        Ok(Outcome::Done)
    }

    fn publish(
        &mut self,
        participant: ParticipantId,
        kind: TrackKind,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let offered = one.track(kind).is_some_and(|track| track.offered);
        require(offered, BreakoutError::NotFound(Subject::Track))?;
        require(
            one.grants.publish.contains(kind),
            BreakoutError::NotModerator,
        )?;
        let group = one.group;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Ok(Outcome::Done);
        };
        if let Some(track) = one.track_mut(kind)
            && !track.published
        {
            track.published = true;
            let track = track.clone();
            let track = one.track_view(&track);
            let muted = one.mute_of(kind).is_some();
            self.effects.touched.insert(participant);
            self.tell(EventKind::TrackPublished {
                participant,
                group,
                track,
            });
            // Repeated for those who came since the mute, and after a sanction: they do not know of it.
            if muted {
                self.tell_mutes(participant);
            }
        }
        Ok(Outcome::Done)
    }

    fn unpublish(
        &mut self,
        participant: ParticipantId,
        kind: TrackKind,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let offered = one.track(kind).is_some();
        require(offered, BreakoutError::NotFound(Subject::Track))?;
        self.withdraw_track(participant, kind);
        Ok(Outcome::Done)
    }

    pub(super) fn withdraw_track(&mut self, participant: ParticipantId, kind: TrackKind) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        let group = one.group;
        if let Some(track) = one.track_mut(kind)
            && track.published
        {
            track.published = false;
            let track = track.id;
            self.effects.touched.insert(participant);
            self.tell(EventKind::TrackUnpublished {
                participant,
                group,
                kind,
                track,
            });
        }
    }

    /// Mutes or unmutes a kind. Somebody's own mute and a moderator's are kept apart: neither lifts the
    /// other. A moderator's mute belongs to the person, with every stream of theirs, and stays when they go.
    fn mute(
        &mut self,
        participant: ParticipantId,
        kinds: KindSet,
        muted: bool,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        require(
            !kinds.is_empty(),
            BreakoutError::InvalidArgument("a mute names at least one kind"),
        )?;
        let change = |held: KindSet| {
            if muted {
                held.union(kinds)
            } else {
                held.difference(kinds)
            }
        };
        if self.actor == Actor::Participant(participant) {
            let (by_self, by_moderator) = (change(one.muted_by_self), one.muted_by_moderator);
            self.set_mutes(participant, by_self, by_moderator);
            return Ok(Outcome::Done);
        }
        let identity = one.identity.clone();
        self.check_people(&identity)?;
        let by_moderator = change(one.muted_by_moderator);
        self.state
            .change_person(&identity, |known| known.muted = by_moderator);
        for each in self.state.participants_of(&identity) {
            let by_self = self.state.participant(each)?.muted_by_self;
            self.set_mutes(each, by_self, by_moderator);
        }
        Ok(Outcome::Done)
    }

    fn set_mutes(&mut self, participant: ParticipantId, by_self: KindSet, by_moderator: KindSet) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        if (one.muted_by_self, one.muted_by_moderator) == (by_self, by_moderator) {
            return;
        }
        (one.muted_by_self, one.muted_by_moderator) = (by_self, by_moderator);
        self.effects.touched.insert(participant);
        self.tell_mutes(participant);
    }

    fn tell_mutes(&mut self, participant: ParticipantId) {
        if let Some(one) = self.state.participants.get(&participant) {
            let event = EventKind::MuteChanged {
                participant,
                group: one.group,
                by_self: one.muted_by_self,
                by_moderator: one.muted_by_moderator,
            };
            self.tell(event);
        }
    }

    fn set_stream(
        &mut self,
        participant: ParticipantId,
        stream: KindSet,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let group = one.group;
        let breakout = group.breakout().ok_or(BreakoutError::LeaveFailed)?;
        let carried = self.state.breakout(breakout)?.media;
        let video = stream.contains(TrackKind::Camera) && !carried.contains(TrackKind::Camera);
        require(!video, BreakoutError::VideoNotAllowed)?;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Ok(Outcome::Done);
        };
        if one.stream != stream {
            one.stream = stream;
            self.effects.touched.insert(participant);
            self.tell(EventKind::StreamChanged {
                participant,
                group,
                stream,
            });
        }
        Ok(Outcome::Done)
    }
}
