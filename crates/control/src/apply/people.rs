//! What participants may do, what they send, and who has muted it.

use sideroom_route::{ParticipantId, TrackKind};

use crate::state::require;
use crate::turn::Turn;
use crate::{Actor, BreakoutError, Command, EventKind, Grants, KindSet, Outcome, Role, Subject};

impl Turn<'_> {
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

    fn set_role(
        &mut self,
        participant: ParticipantId,
        role: Role,
    ) -> Result<Outcome, BreakoutError> {
        self.state.require_moderator(self.actor)?;
        self.state.participant(participant)?;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Ok(Outcome::Done);
        };
        if one.role == role {
            return Ok(Outcome::Done);
        }
        one.role = role;
        self.effects.touched.insert(participant);
        self.tell(EventKind::RoleChanged { participant, role });
        if role == Role::Moderator {
            self.adopt_orphans(participant);
        }
        self.withdraw_powers(participant);
        Ok(Outcome::Done)
    }

    fn set_grants(
        &mut self,
        participant: ParticipantId,
        grants: Grants,
    ) -> Result<Outcome, BreakoutError> {
        self.state.require_moderator(self.actor)?;
        let before = self.state.participant(participant)?.grants;
        if before == grants {
            return Ok(Outcome::Done);
        }
        for kind in before.publish.difference(grants.publish).iter() {
            self.withdraw_track(participant, kind);
        }
        if let Some(one) = self.state.participants.get_mut(&participant) {
            one.grants = grants;
        }
        self.tell(EventKind::GrantsChanged {
            participant,
            grants,
        });
        self.withdraw_powers(participant);
        Ok(Outcome::Done)
    }

    fn publish(
        &mut self,
        participant: ParticipantId,
        kind: TrackKind,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.require_self(self.actor, participant)?;
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
            self.effects.touched.insert(participant);
            self.tell(EventKind::TrackPublished {
                participant,
                group,
                track,
            });
        }
        Ok(Outcome::Done)
    }

    fn unpublish(
        &mut self,
        participant: ParticipantId,
        kind: TrackKind,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.require_self(self.actor, participant)?;
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

    /// Somebody's own mute and a moderator's are kept apart: neither lifts the other.
    fn mute(
        &mut self,
        participant: ParticipantId,
        kinds: KindSet,
        muted: bool,
    ) -> Result<Outcome, BreakoutError> {
        self.state.participant(participant)?;
        let by_self = self.actor == Actor::Participant(participant);
        require(
            by_self || self.state.is_moderator(self.actor),
            BreakoutError::NotModerator,
        )?;
        require(
            !kinds.is_empty(),
            BreakoutError::InvalidArgument("a mute names at least one kind"),
        )?;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Ok(Outcome::Done);
        };
        let held = if by_self {
            &mut one.muted_by_self
        } else {
            &mut one.muted_by_moderator
        };
        let next = if muted {
            held.union(kinds)
        } else {
            held.difference(kinds)
        };
        if *held == next {
            return Ok(Outcome::Done);
        }
        *held = next;
        let event = EventKind::MuteChanged {
            participant,
            group: one.group,
            by_self: one.muted_by_self,
            by_moderator: one.muted_by_moderator,
        };
        self.effects.touched.insert(participant);
        self.tell(event);
        Ok(Outcome::Done)
    }

    fn set_stream(
        &mut self,
        participant: ParticipantId,
        stream: KindSet,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.require_self(self.actor, participant)?;
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
