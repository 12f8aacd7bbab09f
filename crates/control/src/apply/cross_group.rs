//! Commands across groups: addressing everybody, listening in, asking for help; and chat (rule 17).

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::CommandRun;
use crate::state::require;
use crate::{Actor, BreakoutError, Command, EventKind, HelpRequest, Outcome, Subject, bounds};

impl CommandRun<'_> {
    pub(super) fn run_across(&mut self, command: &Command) -> Result<Outcome, BreakoutError> {
        match command {
            Command::StartAddressAll { participant, kinds } => {
                self.start_addressing(*participant, *kinds)
            }
            Command::StopAddressAll { participant } | Command::StopIntercom { participant } => {
                self.stop_addressing(*participant);
                Ok(Outcome::Done)
            }
            Command::StartIntercom { participant, start } => {
                self.start_intercom(*participant, start)
            }
            Command::StartReply {
                participant,
                speaker,
            } => self.start_reply(*participant, *speaker),
            Command::StopReply { participant } => {
                self.stop_reply(*participant);
                Ok(Outcome::Done)
            }
            Command::AddressAllText { text } => self.address_text(text),
            Command::ListenIn {
                participant,
                breakout,
                follow,
            } => self.listen_in(*participant, *breakout, *follow),
            Command::StopListening { participant } => {
                self.stop_listening(*participant);
                Ok(Outcome::Done)
            }
            Command::AskForHelp { participant, note } => self.ask_for_help(*participant, note),
            Command::AnswerHelp { participant, note } => self.answer_help(*participant, note),
            Command::Chat { group, text } => self.chat(*group, text),
            _ => Err(BreakoutError::Internal("a command went astray")),
        }
    }

    fn address_text(&mut self, text: &str) -> Result<Outcome, BreakoutError> {
        check_text(text)?;
        self.tell(EventKind::AddressAllText {
            from: self.actor,
            text: text.to_owned(),
        });
        Ok(Outcome::Done)
    }

    fn listen_in(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
        follow: bool,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let (group, held) = (one.group, one.listening);
        let follows = one.follows;
        self.state.breakout(breakout)?;
        require(
            group != GroupId::Breakout(breakout),
            BreakoutError::AlreadyInBreakout,
        )?;
        if (held, follows) == (Some(breakout), follow) {
            return Ok(Outcome::Done);
        }
        let stays = held == Some(breakout);
        if !stays {
            self.stop_listening(participant);
        }
        if let Some(one) = self.state.participants.get_mut(&participant) {
            (one.listening, one.follows) = (Some(breakout), follow);
        }
        self.effects.touched.insert(participant);
        if !stays {
            self.tell_listening(participant, breakout);
        }
        Ok(Outcome::Done)
    }

    fn tell_listening(&mut self, participant: ParticipantId, breakout: BreakoutId) {
        if let Some(view) = self.state.inside_view(breakout) {
            self.tell(EventKind::ListeningStarted {
                participant,
                breakout: Box::new(view),
                people: self.state.people_in(breakout),
                listeners: self.state.listeners_of(breakout),
                announced: self.state.settings().breakouts.announce_presence,
            });
        }
    }

    /// Introduces the listeners to those inside, who did not know of them until now.
    pub(super) fn announce_listeners(&mut self) {
        let people = self.state.participants.iter();
        let all: Vec<_> = people
            .filter_map(|(id, one)| Some((*id, one.listening?)))
            .collect();
        for (participant, breakout) in all {
            self.tell_listening(participant, breakout);
        }
    }

    fn ask_for_help(
        &mut self,
        participant: ParticipantId,
        note: &str,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        check_note(note)?;
        let since = one.help_at.map_or(u64::MAX, |at| self.now.since(at));
        let wait = bounds::HELP_EVERY_MS.saturating_sub(since);
        let retry_ms = u32::try_from(wait).unwrap_or(u32::MAX);
        require(retry_ms == 0, BreakoutError::RateLimited { retry_ms })?;
        let group = one.group;
        if let Some(one) = self.state.participants.get_mut(&participant) {
            one.help_at = Some(self.now);
        }
        let request = HelpRequest {
            participant,
            group,
            note: note.to_owned(),
            at: self.now,
        };
        self.state.help.insert(participant, request);
        self.tell(EventKind::HelpAsked {
            participant,
            group,
            note: note.to_owned(),
        });
        Ok(Outcome::Done)
    }

    fn answer_help(
        &mut self,
        participant: ParticipantId,
        note: &str,
    ) -> Result<Outcome, BreakoutError> {
        check_note(note)?;
        let answered = self.state.help.remove(&participant);
        let answered = answered.ok_or(BreakoutError::NotFound(Subject::HelpRequest))?;
        self.tell(EventKind::HelpAnswered {
            participant,
            group: answered.group,
            by: self.actor,
            note: note.to_owned(),
        });
        Ok(Outcome::Done)
    }

    fn chat(&mut self, group: Option<GroupId>, text: &str) -> Result<Outcome, BreakoutError> {
        check_text(text)?;
        let own = match self.actor {
            Actor::Participant(id) => self.state.participant(id)?.group,
            Actor::Operator | Actor::Key(_) | Actor::System => GroupId::Parent,
        };
        let group = group.unwrap_or(own);
        self.tell(EventKind::Chat {
            group,
            from: self.actor,
            text: text.to_owned(),
        });
        Ok(Outcome::Done)
    }
}

fn check_text(text: &str) -> Result<(), BreakoutError> {
    require(
        !text.trim().is_empty() && text.len() <= bounds::TEXT,
        BreakoutError::InvalidArgument("a text has 1 to 4096 bytes"),
    )
}

fn check_note(note: &str) -> Result<(), BreakoutError> {
    require(
        note.len() <= bounds::NOTE,
        BreakoutError::InvalidArgument("a note has at most 512 bytes"),
    )
}
