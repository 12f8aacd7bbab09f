//! Intercoms and answers to them (rule 19).

use sideroom_route::{GroupId, ParticipantId};

use crate::command_run::CommandRun;
use crate::intercom::Intercom;
use crate::state::require;
use crate::{Addressed, BreakoutError, EventKind, Outcome, OwnGroup, StartIntercom, bounds};

impl CommandRun<'_> {
    pub(super) fn start_intercom(
        &mut self,
        participant: ParticipantId,
        start: &StartIntercom,
    ) -> Result<Outcome, BreakoutError> {
        require(
            !start.kinds.is_empty(),
            BreakoutError::InvalidArgument("an intercom names at least one kind"),
        )?;
        self.check_addressed(participant, &start.to)?;
        let limit = start.limit_ms.unwrap_or(bounds::GRACE_MS);
        require(
            (1..=bounds::GRACE_MS).contains(&limit),
            BreakoutError::InvalidArgument("the limit of an intercom is 1 ms to a day"),
        )?;
        let intercom = Intercom {
            kinds: start.kinds,
            to: start.to.clone(),
            own_group: start.own_group,
            allow_reply: start.allow_reply,
            until: start.limit_ms.map(|limit| self.now + u64::from(limit)),
        };
        self.check_speakers(participant, &intercom)?;
        self.speak(participant, intercom);
        Ok(match self.state.intercom_view(participant) {
            Some(view) => Outcome::Intercom {
                intercom: Box::new(view),
            },
            None => Outcome::Done,
        })
    }

    fn check_addressed(&self, speaker: ParticipantId, to: &Addressed) -> Result<(), BreakoutError> {
        let Addressed::Some { groups, people } = to else {
            return Ok(());
        };
        require(
            !to.is_empty(),
            BreakoutError::InvalidArgument("an intercom addresses at least one group or person"),
        )?;
        require(
            people.len() <= bounds::ADDRESSED,
            BreakoutError::InvalidArgument("an intercom addresses at most 256 people by name"),
        )?;
        for breakout in groups.iter().filter_map(|group| group.breakout()) {
            self.state.breakout(breakout)?;
        }
        for one in people {
            self.state.participant(*one)?;
        }
        require(
            !people.contains(&speaker),
            BreakoutError::InvalidArgument("an intercom does not address its speaker"),
        )
    }

    fn check_speakers(&self, speaker: ParticipantId, next: &Intercom) -> Result<(), BreakoutError> {
        let others = || {
            self.state
                .addressing
                .iter()
                .filter(|(id, _)| **id != speaker)
        };
        let to_all = others().filter(|(_, it)| it.to == Addressed::All).count();
        require(
            next.to != Addressed::All || to_all < bounds::ADDRESSING,
            BreakoutError::InvalidArgument("four people speak to every group already"),
        )?;
        require(
            others().count() < bounds::INTERCOMS,
            BreakoutError::InvalidArgument("sixteen people speak by intercom already"),
        )
    }

    /// Gives a participant this intercom, in place of an earlier one.
    pub(super) fn speak(&mut self, participant: ParticipantId, next: Intercom) {
        let held = self.state.addressing.get(&participant);
        if held == Some(&next) {
            return;
        }
        let was_plain = held.is_some_and(Intercom::is_plain);
        if was_plain && !next.is_plain() {
            self.tell(EventKind::AddressAllStopped { participant });
        }
        if next.is_plain() {
            let kinds = next.kinds;
            if !was_plain {
                self.note_intercom(participant);
            }
            self.tell(EventKind::AddressAllStarted { participant, kinds });
        } else {
            self.note_intercom(participant);
        }
        self.state.addressing.insert(participant, next);
        self.touch_intercom(participant);
    }

    pub(super) fn start_reply(
        &mut self,
        participant: ParticipantId,
        speaker: ParticipantId,
    ) -> Result<Outcome, BreakoutError> {
        let group = self.state.participant(participant)?.group;
        self.state.participant(speaker)?;
        let held = self.state.addressing.get(&speaker);
        let allowed = held.is_some_and(|it| {
            it.allow_reply && speaker != participant && it.to.includes(participant, group)
        });
        require(
            allowed,
            BreakoutError::InvalidArgument("no intercom of this speaker asks for your answer"),
        )?;
        let before = self.state.replies.get(&participant).copied();
        if before == Some(speaker) {
            return Ok(Outcome::Done);
        }
        require(
            before.is_some() || self.state.replies.len() < bounds::REPLIES,
            BreakoutError::InvalidArgument("sixteen people answer already; wait for one to end"),
        )?;
        self.stop_reply(participant);
        self.note_intercom(speaker);
        self.state.replies.insert(participant, speaker);
        self.effects.touched.insert(participant);
        Ok(Outcome::Done)
    }

    pub(crate) fn stop_reply(&mut self, participant: ParticipantId) {
        if let Some(speaker) = self.state.replies.get(&participant).copied() {
            self.note_intercom(speaker);
            self.state.replies.remove(&participant);
            self.effects.touched.insert(participant);
        }
    }

    /// Remembers an intercom as it was before the turn.
    fn note_intercom(&mut self, speaker: ParticipantId) {
        let held = self.state.addressing.get(&speaker).cloned();
        let noted = self.effects.intercoms.entry(speaker);
        noted.or_insert_with(|| held.filter(|it| !it.is_plain()));
    }

    /// The routes of the speaker and of those who answer them may be different now.
    fn touch_intercom(&mut self, speaker: ParticipantId) {
        let replies = self.state.replies.iter();
        let replying = replies.filter_map(|(one, to)| (*to == speaker).then_some(*one));
        self.effects.touched.extend(replying.chain([speaker]));
    }

    pub(crate) fn stop_addressing(&mut self, participant: ParticipantId) {
        let Some(held) = self.state.addressing.get(&participant) else {
            return;
        };
        let plain = held.is_plain();
        if !plain {
            self.note_intercom(participant);
        }
        self.touch_intercom(participant);
        self.state.addressing.remove(&participant);
        if plain {
            self.tell(EventKind::AddressAllStopped { participant });
        }
    }

    /// Brings intercoms in step with the groups and people that are left, and tells those who hear one or do
    /// not any longer.
    pub(super) fn keep_intercoms(&mut self) {
        if self.state.addressing.is_empty() && self.effects.intercoms.is_empty() {
            return;
        }
        let speakers: Vec<ParticipantId> = self.state.addressing.keys().copied().collect();
        for speaker in speakers {
            self.leave_out_absent(speaker);
        }
        let replies = self.state.replies.iter();
        let over: Vec<ParticipantId> = replies
            .filter(|(one, to)| !self.may_reply(**one, **to))
            .map(|(one, _)| *one)
            .collect();
        for one in over {
            self.stop_reply(one);
        }
        self.tell_intercoms();
    }

    fn may_reply(&self, participant: ParticipantId, speaker: ParticipantId) -> bool {
        let Some(one) = self.state.participants.get(&participant) else {
            return false;
        };
        let held = self.state.addressing.get(&speaker);
        held.is_some_and(|it| it.allow_reply && it.to.includes(participant, one.group))
    }

    /// Groups and people that are gone are not addressed any more; without any the intercom ends.
    fn leave_out_absent(&mut self, speaker: ParticipantId) {
        let Some(held) = self.state.addressing.get(&speaker) else {
            return;
        };
        let Addressed::Some { groups, people } = &held.to else {
            return;
        };
        let exists = |group: &&GroupId| {
            let breakout = group.breakout();
            breakout.is_none_or(|id| self.state.breakouts.contains_key(&id))
        };
        let here = |one: &&ParticipantId| self.state.participants.contains_key(one);
        let left = Addressed::Some {
            groups: groups.iter().filter(exists).copied().collect(),
            people: people.iter().filter(here).copied().collect(),
        };
        if left == held.to {
            return;
        }
        if left.is_empty() {
            return self.stop_addressing(speaker);
        }
        self.note_intercom(speaker);
        if let Some(held) = self.state.addressing.get_mut(&speaker) {
            held.to = left;
        }
        self.touch_intercom(speaker);
    }

    fn tell_intercoms(&mut self) {
        let noted = std::mem::take(&mut self.effects.intercoms);
        for (speaker, before) in &noted {
            let now = self.state.addressing.get(speaker);
            let now = now.filter(|it| !it.is_plain());
            if let Some(before) = before
                && now.is_none_or(|now| now.to != before.to)
            {
                self.tell(EventKind::IntercomStopped {
                    participant: *speaker,
                    to: before.to.clone(),
                });
            }
            let view = self.special_intercom(*speaker);
            if let Some(intercom) = view.map(Box::new) {
                self.tell(EventKind::IntercomChanged { intercom });
            }
        }
        let speakers = self.state.addressing.keys().copied();
        let mut speakers: Vec<ParticipantId> = speakers.chain(noted.keys().copied()).collect();
        speakers.sort_unstable();
        speakers.dedup();
        for placing in self.effects.placed.clone() {
            let (Some(from), Some(to)) = (placing.from, placing.to) else {
                continue;
            };
            for speaker in &speakers {
                self.tell_mover(*speaker, &noted, (placing.participant, from, to));
            }
        }
    }

    fn special_intercom(&self, speaker: ParticipantId) -> Option<crate::IntercomView> {
        let held = self.state.addressing.get(&speaker)?;
        if held.is_plain() {
            return None;
        }
        self.state.intercom_view(speaker)
    }

    /// Tells somebody who went from one group to another whether an intercom reaches them there.
    fn tell_mover(
        &mut self,
        speaker: ParticipantId,
        noted: &std::collections::BTreeMap<ParticipantId, Option<Intercom>>,
        (participant, from, to): (ParticipantId, GroupId, GroupId),
    ) {
        let moderates = self.state.participants.get(&participant);
        if moderates.is_none_or(|one| one.is_moderator()) || participant == speaker {
            return;
        }
        let now = self.special_intercom(speaker);
        let before = match noted.get(&speaker) {
            Some(before) => before.as_ref().map(|it| &it.to),
            None => now.as_ref().map(|it| &it.to),
        };
        let was = before.is_some_and(|it| it.includes(participant, from));
        let is = now.as_ref().filter(|it| it.to.includes(participant, to));
        match is {
            Some(intercom) if !was => {
                let intercom = Box::new(intercom.clone());
                self.tell(EventKind::IntercomEntered {
                    participant,
                    intercom,
                });
            }
            None if was => self.tell(EventKind::IntercomLeft {
                participant,
                speaker,
            }),
            _ => {}
        }
    }

    /// An announcement to everybody, without more.
    pub(super) fn start_addressing(
        &mut self,
        participant: ParticipantId,
        kinds: crate::KindSet,
    ) -> Result<Outcome, BreakoutError> {
        require(
            !kinds.is_empty(),
            BreakoutError::InvalidArgument("an announcement names at least one kind"),
        )?;
        let intercom = Intercom {
            kinds,
            to: Addressed::All,
            own_group: OwnGroup::Keep,
            allow_reply: false,
            until: None,
        };
        self.check_speakers(participant, &intercom)?;
        self.speak(participant, intercom);
        Ok(Outcome::Done)
    }
}
