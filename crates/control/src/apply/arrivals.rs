//! Coming into the room, dropping, coming back, leaving (rules 14 and 15).

use sideroom_route::{BreakoutId, GroupId, ParticipantId, TrackId, TrackKind};

use crate::arrangement::is_presentable;
use crate::command_run::{CommandRun, GroupMove};
use crate::old::Rules;
use crate::person::{Person, person_of};
use crate::state::{Participant, Track, require};
use crate::{
    Actor, BreakoutError, EventKind, Grants, Join, KindSet, LeaveReason, MoveCause, Outcome,
    ParentGate, Power, Reconnect, Reoffer, Rights, Role, SlotPool, Subject, bounds,
};

impl CommandRun<'_> {
    pub(super) fn join(&mut self, join: &Join) -> Result<Outcome, BreakoutError> {
        check_media(join.slots, &join.offers)?;
        let person = person_of(&join.identity);
        let named = !join.identity.is_empty() && person.len() <= bounds::IDENTITY;
        require(
            named,
            BreakoutError::InvalidArgument("an identity has 1 to 128 bytes"),
        )?;
        require(
            is_presentable(&join.display_name),
            BreakoutError::InvalidArgument("a display name has 1 to 128 printable bytes"),
        )?;
        self.check_ban(&join.identity)?;
        if let Some(participant) = self.state.identities.get(&join.identity) {
            let participant = *participant;
            self.check_serials(join.offers.len())?;
            self.resume(participant, join.slots, &join.offers);
            self.rename(participant, &join.display_name);
            self.take_token(participant, join);
            return Ok(self.joined(participant, true));
        }
        require(!self.state.draining, BreakoutError::Draining)?;
        let most = self.state.settings().max_participants;
        let count = u32::try_from(self.state.participants.len()).unwrap_or(u32::MAX);
        require(count < most, BreakoutError::RoomFull { most })?;
        self.check_serials(join.offers.len())?;
        let place = self.place_of_newcomer(join)?;
        let participant = self.admit_participant(join, place);
        Ok(self.joined(participant, false))
    }

    fn rename(&mut self, participant: ParticipantId, display_name: &str) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        if one.display_name != display_name {
            display_name.clone_into(&mut one.display_name);
            self.tell(EventKind::Renamed {
                participant,
                display_name: display_name.to_owned(),
            });
        }
    }

    /// Applies the claims of another token for the same identity.
    fn take_token(&mut self, participant: ParticipantId, join: &Join) {
        let token = self.rights_of(join);
        if self.replays_older_than(Rules::Sanctions) {
            return;
        }
        if let Some(one) = self.state.participants.get_mut(&participant) {
            one.token = token;
        }
        self.apply_rights(participant);
    }

    /// The role and grants that a token claims. In records from before grants bound moderators, a moderator
    /// has all of them.
    fn rights_of(&self, join: &Join) -> Rights {
        let mut rights = Rights {
            role: join.role,
            grants: join.grants,
        };
        if self.replays_older_than(Rules::Sanctions) && join.role == Role::Moderator {
            rights.grants = rights.grants.union(Grants::ALL.powers());
        }
        rights
    }

    /// Where a newcomer goes at once: where they may not leave, or, if they are assigned to an open
    /// `auto_move` breakout, there.
    fn place_of_newcomer(&self, join: &Join) -> Result<Option<BreakoutId>, BreakoutError> {
        if !self.replays_older_than(Rules::Sanctions) {
            let Rights { role, .. } = self
                .state
                .person(&join.identity)
                .rights(self.rights_of(join));
            let confined = self.confined_place(&join.identity, role)?;
            if confined.is_some() {
                return Ok(confined);
            }
        }
        let assigned = self.state.assignments.get(&join.identity).copied();
        Ok(assigned.filter(|id| {
            let to = self.state.breakouts.get(id);
            to.is_some_and(|it| it.takes_in())
        }))
    }

    /// Admits a newcomer, into the parent or straight into a breakout.
    fn admit_participant(&mut self, join: &Join, place: Option<BreakoutId>) -> ParticipantId {
        let participant = ParticipantId::new(self.state.config.id, self.state.next_participant);
        self.state.next_participant += 1;
        let token = self.rights_of(join);
        let person = if self.replays_older_than(Rules::Sanctions) {
            &Person::UNKNOWN
        } else {
            self.state.person(&join.identity)
        };
        let Rights { role, grants } = person.rights(token);
        let one = Participant {
            identity: join.identity.clone(),
            display_name: join.display_name.clone(),
            token,
            role,
            grants,
            slots: join.slots,
            tracks: Vec::new(),
            muted_by_self: KindSet::NONE,
            muted_by_moderator: person.muted,
            group: GroupId::Parent,
            stream: KindSet::ALL,
            gate: ParentGate::default(),
            paused_by_joining: false,
            dropped: None,
            listening: None,
            follows: false,
            joined_at: self.now,
            help_at: None,
            standings: std::collections::VecDeque::new(),
        };
        let is_moderator = one.is_moderator();
        self.state
            .identities
            .insert(join.identity.clone(), participant);
        self.state.participants.insert(participant, one);
        self.offer(participant, &join.offers);
        self.effects.touched.insert(participant);
        self.effects.arrived = Some(participant);
        self.effects.placed.push(GroupMove {
            participant,
            from: None,
            to: Some(GroupId::Parent),
            cause: MoveCause::JoinedRoom,
        });
        if is_moderator {
            self.adopt_orphans(participant);
        }
        if let Some(breakout) = self.state.assignments.get(&join.identity).copied() {
            self.effects.reassigned.insert(participant);
            if place != Some(breakout) {
                self.wait_for(breakout, &join.identity);
            }
        }
        if let Some(breakout) = place {
            let to = GroupId::Breakout(breakout);
            self.place(participant, to, MoveCause::AutoMoved, None);
        }
        self.state
            .change_person(&join.identity, |known| known.held = None);
        participant
    }

    pub(super) fn reconnect(&mut self, reconnect: &Reconnect) -> Result<Outcome, BreakoutError> {
        check_media(reconnect.slots, &reconnect.offers)?;
        let known = self.state.identities.get(&reconnect.identity).copied();
        let participant = known.ok_or(BreakoutError::NotFound(Subject::Participant))?;
        self.check_serials(reconnect.offers.len())?;
        self.resume(participant, reconnect.slots, &reconnect.offers);
        Ok(self.joined(participant, true))
    }

    /// Changes a participant's offer. Tracks that are still offered go on unchanged.
    pub(super) fn reoffer(&mut self, reoffer: &Reoffer) -> Result<Outcome, BreakoutError> {
        let (participant, offers) = (reoffer.participant, &reoffer.offers);
        check_media(reoffer.slots, offers)?;
        self.state.participant(participant)?;
        self.check_serials(offers.len())?;
        if let Some(one) = self.state.participants.get_mut(&participant) {
            one.slots = reoffer.slots;
        }
        self.withdraw_tracks_beyond(participant, offers);
        self.offer(participant, offers);
        self.effects.touched.insert(participant);
        Ok(self.joined(participant, true))
    }

    /// Resumes a participant's place over a new connection.
    fn resume(&mut self, participant: ParticipantId, slots: SlotPool, offers: &[TrackKind]) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        if let Some(until) = one.dropped.take() {
            self.state.expiries.remove(&(until, participant));
        }
        one.slots = slots;
        for track in &mut one.tracks {
            // Over the new connection it is a new stream: whatever still travels of the old one is stale.
            track.routed = None;
        }
        self.tell(EventKind::ParticipantReconnected { participant });
        self.withdraw_tracks_beyond(participant, offers);
        self.offer(participant, offers);
        self.effects.touched.insert(participant);
    }

    /// Tracks that the connection does not offer any more end.
    fn withdraw_tracks_beyond(&mut self, participant: ParticipantId, offers: &[TrackKind]) {
        for kind in TrackKind::ALL {
            if !offers.contains(&kind) {
                self.withdraw_track(participant, kind);
            }
        }
        if let Some(one) = self.state.participants.get_mut(&participant) {
            for track in &mut one.tracks {
                track.offered = offers.contains(&track.kind);
            }
        }
    }

    /// Hands out track ids for kinds that are offered for the first time.
    fn offer(&mut self, participant: ParticipantId, offers: &[TrackKind]) {
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return;
        };
        for kind in TrackKind::ALL {
            if !offers.contains(&kind) || one.tracks.iter().any(|track| track.kind == kind) {
                continue;
            }
            one.tracks.push(Track {
                id: TrackId::new(self.state.config.id, self.state.next_track),
                kind,
                offered: true,
                published: false,
                routed: None,
            });
            self.state.next_track += 1;
        }
        one.tracks.sort_by_key(|track| track.kind);
    }

    fn joined(&self, participant: ParticipantId, resumed: bool) -> Outcome {
        let one = self.state.participants.get(&participant);
        let offered = one.into_iter().flat_map(|one| one.tracks.iter());
        Outcome::Joined {
            participant,
            group: one.map_or(GroupId::Parent, |one| one.group),
            tracks: offered
                .filter(|track| track.offered)
                .map(|track| (track.kind, track.id))
                .collect(),
            resumed,
        }
    }

    /// Hands orphaned breakouts, whose owner left when no moderator was there, to the first newcomer with the right to
    /// run them.
    pub(super) fn adopt_orphans(&mut self, moderator: ParticipantId) {
        let actor = Actor::Participant(moderator);
        if !self.state.has_power(actor, Power::CreateBreakouts) {
            return;
        }
        let orphans = self.state.breakouts.iter().filter(|(_, it)| it.orphaned);
        let orphans: Vec<BreakoutId> = orphans.map(|(id, _)| *id).collect();
        for id in orphans {
            if let Some(breakout) = self.state.breakouts.get_mut(&id) {
                breakout.orphaned = false;
                breakout.owner = Some(moderator);
                self.effects.selectable |= breakout.is_shown();
                self.effects.changed.insert(id);
                self.effects.announced.insert(id);
            }
        }
    }

    pub(super) fn drop_connection(
        &mut self,
        participant: ParticipantId,
    ) -> Result<Outcome, BreakoutError> {
        let until = self.now + u64::from(self.state.settings().reconnect_grace_ms);
        self.state.participant(participant)?;
        let Some(one) = self.state.participants.get_mut(&participant) else {
            return Ok(Outcome::Done);
        };
        if one.dropped.is_some() {
            return Ok(Outcome::Done);
        }
        one.dropped = Some(until);
        self.state.expiries.insert((until, participant));
        self.effects.touched.insert(participant);
        self.tell(EventKind::ParticipantDropped { participant, until });
        Ok(Outcome::Done)
    }

    pub(super) fn leave(&mut self, participant: ParticipantId) -> Result<Outcome, BreakoutError> {
        self.state.participant(participant)?;
        self.remove(participant, LeaveReason::Left);
        Ok(Outcome::Done)
    }

    /// A stream is removed alone, a person with all their streams.
    pub(super) fn put_out(&mut self, participant: ParticipantId) -> Result<Outcome, BreakoutError> {
        let identity = self.state.participant(participant)?.identity.clone();
        if person_of(&identity) == identity {
            for stream in self.state.streams_of(&identity) {
                self.remove(stream, LeaveReason::Removed);
            }
        }
        self.remove(participant, LeaveReason::Removed);
        Ok(Outcome::Done)
    }

    /// Serial numbers are never used twice; a room that has used them all up admits nobody.
    fn check_serials(&self, tracks: usize) -> Result<(), BreakoutError> {
        let tracks = u32::try_from(tracks).unwrap_or(u32::MAX);
        let enough = self.state.next_participant < u32::MAX
            && self.state.next_track.checked_add(tracks).is_some();
        require(enough, BreakoutError::Internal("ids are used up"))
    }
}

fn check_media(slots: SlotPool, offers: &[TrackKind]) -> Result<(), BreakoutError> {
    require(
        slots.audio <= bounds::SLOTS && slots.video <= bounds::SLOTS,
        BreakoutError::InvalidArgument("at most 64 slots of each media type"),
    )?;
    let kinds: KindSet = offers.iter().copied().collect();
    require(
        kinds.iter().count() == offers.len(),
        BreakoutError::InvalidArgument("at most one track of each kind"),
    )
}
