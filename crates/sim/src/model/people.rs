//! Commands about people, their media and their gates.

use sideroom_control::{Actor, Command, Door, GateScope, KindSet, Outcome, Rights, Role, Whom};
use sideroom_route::{GroupId, ParticipantId, TrackKind};

use super::{Model, Person, Track, number_of};
use crate::step::{Violation, ensure};

impl Model {
    pub(super) fn follow_coming(
        &mut self,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        match command {
            Command::Join(join) => {
                let number = number_of(&join.identity);
                ensure(!self.known(number).banned, "ban", || {
                    format!("{number} came in")
                })?;
                if self.people.iter().any(|one| one.identity == number) {
                    self.resume(outcome, join.slots, &join.offers)?;
                    return self.take_token(join);
                }
                ensure(!self.draining, "draining", || "somebody new came in".into())?;
                let most = self.settings.max_participants as usize;
                ensure(self.people.len() < most, "limits", || {
                    format!("there are {most} people in the room already")
                })?;
                self.admit(number, join, outcome)
            }
            Command::Reconnect(back) => self.resume(outcome, back.slots, &back.offers),
            Command::Reoffer(now) => {
                let one = self.named(now.participant)?;
                one.slots = now.slots;
                for track in one.tracks.iter_mut().flatten() {
                    track.offered = now.offers.contains(&track.kind);
                    track.published &= track.offered;
                }
                self.offer(now.participant, &now.offers, outcome)
            }
            Command::Drop { participant } => {
                self.named(*participant)?.connected = false;
                Ok(())
            }
            Command::Leave { participant } | Command::Remove { participant } => {
                self.remove(*participant)
            }
            Command::Ban { whom, until, .. } => {
                let number = match whom {
                    Whom::Participant(id) => self.named(*id)?.identity,
                    Whom::Identity(identity) => number_of(identity),
                };
                ensure(until.is_none(), "ban", || "the model has no clock".into())?;
                self.known.entry(number).or_default().banned = true;
                let here = self.people.iter().find(|one| one.identity == number);
                here.map(|one| one.id).map_or(Ok(()), |id| self.remove(id))
            }
            Command::Unban { identity } => {
                let known = self.known.entry(number_of(identity)).or_default();
                ensure(std::mem::take(&mut known.banned), "ban", || {
                    format!("{identity} was not banned")
                })
            }
            _ => Ok(()),
        }
    }

    fn admit(
        &mut self,
        number: u32,
        join: &sideroom_control::Join,
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let (id, group) = joined(outcome)?;
        let last = self.people.last().map(|one| one.id);
        ensure(last < Some(id), "ids", || {
            format!("{id} came after {last:?}")
        })?;
        let rights = self.rights(join);
        let moderator = rights.role == Role::Moderator;
        let muted = self.known(number).muted;
        let confined = self.confined(number, rights.role);
        self.forget_place(number);
        self.people.push(Person {
            id,
            identity: number,
            moderator,
            token: Rights {
                role: join.role,
                grants: join.grants,
            },
            grants: rights.grants,
            slots: join.slots,
            connected: true,
            group: GroupId::Parent,
            stream: KindSet::ALL,
            gate: sideroom_control::ParentGate::default(),
            paused_by_joining: false,
            muted_by_self: KindSet::NONE,
            muted_by_moderator: muted,
            listening: None,
            follows: false,
            tracks: [None; 4],
        });
        self.offer(id, &join.offers, outcome)?;
        if moderator {
            self.adopt(id);
        }
        if let Some(breakout) = confined {
            ensure(group == GroupId::Breakout(breakout), "return", || {
                format!("{id} left {breakout} and came to {group}")
            })?;
            if let Some(assigned) = self.assignments.get(&number).copied()
                && assigned != breakout
            {
                self.wait(assigned, number);
            }
            return self.place(id, group, (sideroom_control::MoveCause::AutoMoved, None));
        }
        let Some(breakout) = self.assignments.get(&number).copied() else {
            return ensure(group == GroupId::Parent, "late joiner", || {
                format!("{id} is assigned to nothing and came to {group}")
            });
        };
        let free = self.free(breakout);
        let moves = self
            .breakouts
            .get(&breakout)
            .is_some_and(|it| it.open && it.auto_move && it.door != Door::Locked && free > 0);
        let expected = if moves {
            GroupId::Breakout(breakout)
        } else {
            GroupId::Parent
        };
        ensure(group == expected, "late joiner", || {
            format!("{id} came to {group} and not to {expected}")
        })?;
        if group == GroupId::Parent {
            self.wait(breakout, number);
        }
        self.place(id, group, (sideroom_control::MoveCause::AutoMoved, None))
    }

    fn resume(
        &mut self,
        outcome: &Outcome,
        slots: sideroom_control::SlotPool,
        offers: &[TrackKind],
    ) -> Result<(), Violation> {
        let (id, group) = joined(outcome)?;
        let one = self.named(id)?;
        ensure(one.group == group, "place kept", || {
            format!("{id} came back to {group}, it was in {}", one.group)
        })?;
        one.connected = true;
        one.slots = slots;
        for track in one.tracks.iter_mut().flatten() {
            track.offered = offers.contains(&track.kind);
            track.published &= track.offered;
            track.routed = None;
        }
        self.offer(id, offers, outcome)
    }

    /// The answer names the tracks of the offered kinds.
    fn offer(
        &mut self,
        id: ParticipantId,
        offers: &[TrackKind],
        outcome: &Outcome,
    ) -> Result<(), Violation> {
        let Outcome::Joined { tracks, .. } = outcome else {
            return Ok(());
        };
        ensure(tracks.len() == offers.len(), "tracks", || {
            format!("{tracks:?}")
        })?;
        let one = self.named(id)?;
        for (kind, track) in tracks {
            let Some(place) = one.tracks.get_mut(*kind as usize) else {
                continue;
            };
            ensure(
                place.is_none_or(|held| held.id == *track) && offers.contains(kind),
                "tracks",
                || format!("{id} has {track} for {kind}"),
            )?;
            if place.is_none() {
                *place = Some(Track {
                    id: *track,
                    kind: *kind,
                    offered: true,
                    published: false,
                    routed: None,
                    grouping: 0,
                });
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, id: ParticipantId) -> Result<(), Violation> {
        let number = self.named(id)?.identity;
        self.pass_ownership(id, true);
        self.speeches.remove(&id);
        self.answers.remove(&id);
        self.hold(id);
        self.people.retain(|one| one.id != id);
        let breakouts: Vec<_> = self.breakouts.keys().copied().collect();
        for breakout in breakouts {
            self.breakout(breakout)?.forget(number);
            self.wait_unless_asked(breakout, number);
        }
        Ok(())
    }

    pub(super) fn follow_person(
        &mut self,
        actor: Actor,
        command: &Command,
    ) -> Result<(), Violation> {
        match *command {
            Command::SetRole { participant, role } => self.set_role(actor, participant, role)?,
            Command::SetGrants {
                participant,
                grants,
            } => self.set_grants(actor, participant, grants)?,
            Command::Publish { participant, kind } => {
                let one = self.named(participant)?;
                let granted = one.grants.publish.contains(kind);
                ensure(granted, "power", || {
                    format!("{participant} published {kind}")
                })?;
                if let Some(track) = one.tracks.get_mut(kind as usize).and_then(Option::as_mut) {
                    track.published = true;
                }
            }
            Command::Unpublish { participant, kind } => {
                let one = self.named(participant)?;
                if let Some(track) = one.tracks.get_mut(kind as usize).and_then(Option::as_mut) {
                    track.published = false;
                }
            }
            Command::Mute { participant, kinds } => {
                let held = self.mutes(actor, participant)?;
                *held = held.union(kinds);
                self.remember_mute(participant)?;
            }
            Command::Unmute { participant, kinds } => {
                let held = self.mutes(actor, participant)?;
                *held = held.difference(kinds);
                self.remember_mute(participant)?;
            }
            Command::SetStream {
                participant,
                stream,
            } => self.named(participant)?.stream = stream,
            _ => {}
        }
        Ok(())
    }

    /// The mutes of the participant themselves, or a moderator's.
    fn mutes(&mut self, actor: Actor, id: ParticipantId) -> Result<&mut KindSet, Violation> {
        let one = self.named(id)?;
        Ok(if actor == Actor::Participant(id) {
            &mut one.muted_by_self
        } else {
            &mut one.muted_by_moderator
        })
    }

    fn remember_mute(&mut self, id: ParticipantId) -> Result<(), Violation> {
        let one = *self.named(id)?;
        self.known.entry(one.identity).or_default().muted = one.muted_by_moderator;
        Ok(())
    }

    /// Ends what a participant no longer has the grant for: listening in, announcing, owning breakouts.
    pub(super) fn withdraw(&mut self, id: ParticipantId) -> Result<(), Violation> {
        let one = self.named(id)?;
        let grants = one.grants;
        if !grants.listen_in {
            one.listening = None;
        }
        if !grants.address_all {
            self.speeches.remove(&id);
        }
        if !grants.create_breakouts {
            self.pass_ownership(id, !grants.create_side_rooms);
        }
        Ok(())
    }

    pub(super) fn follow_gate(&mut self, command: &Command) -> Result<(), Violation> {
        let (Command::PauseParent(scope)
        | Command::ResumeParent(scope)
        | Command::MuteParent { scope, .. }
        | Command::UnmuteParent { scope, .. }) = command
        else {
            return Ok(());
        };
        let gate = match scope {
            GateScope::Room => &mut self.room_gate,
            GateScope::Participant(id) => {
                let one = self.named(*id)?;
                if matches!(command, Command::ResumeParent(_)) {
                    one.paused_by_joining = false;
                }
                &mut one.gate
            }
        };
        match command {
            Command::PauseParent(_) => gate.paused = true,
            Command::ResumeParent(_) => gate.paused = false,
            Command::MuteParent { kinds, .. } => {
                gate.audio_muted |= kinds.audio;
                gate.video_muted |= kinds.video;
            }
            Command::UnmuteParent { kinds, .. } => {
                gate.audio_muted &= !kinds.audio;
                gate.video_muted &= !kinds.video;
            }
            _ => {}
        }
        Ok(())
    }
}

fn joined(outcome: &Outcome) -> Result<(ParticipantId, GroupId), Violation> {
    match outcome {
        Outcome::Joined {
            participant, group, ..
        } => Ok((*participant, *group)),
        other => Err(Violation::new("answer", format!("{other:?}"))),
    }
}
