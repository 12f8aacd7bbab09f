//! Rights and modes; the room's settings; commands across groups; ownership; timers.

use sideroom_control::{Actor, Command, Grants, RoomMode, RoomPatch, Timer, TimerChange};
use sideroom_route::ParticipantId;

use super::{Model, Speech};
use crate::step::{Violation, ensure};

impl Model {
    pub(crate) fn is_moderator(&self, actor: Actor) -> bool {
        match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => true,
            Actor::Participant(id) => self.person(id).is_some_and(|one| one.moderator),
        }
    }

    pub(crate) fn has_power(&self, actor: Actor, grant: fn(&Grants) -> bool) -> bool {
        grant(&self.grants_of(actor))
    }

    /// A moderator stays within the operator's limits.
    fn is_within(&self, actor: Actor, patch: &RoomPatch) -> bool {
        let most = &self.ceiling;
        !matches!(actor, Actor::Participant(_))
            || patch.max_active_talkers <= Some(most.max_active_talkers)
                && patch.max_breakouts <= Some(most.max_breakouts)
                && patch.max_participants <= Some(most.max_participants)
                && patch.reconnect_grace_ms <= Some(most.reconnect_grace_ms)
    }

    /// Whether the actor could ask this at all.
    #[expect(
        clippy::too_many_lines,
        reason = "one table, one line for each command"
    )]
    pub(super) fn check_power(&self, actor: Actor, command: &Command) -> Result<(), Violation> {
        let operates = !matches!(actor, Actor::Participant(_));
        let itself = |id: ParticipantId| operates || actor == Actor::Participant(id);
        let moderates = self.is_moderator(actor);
        if let Actor::Participant(id) = actor {
            let here = self.person(id).is_some();
            ensure(here, "power", || format!("{id} is not here: {command:?}"))?;
        }
        let allowed = match command {
            Command::Join(_)
            | Command::Reconnect(_)
            | Command::Reoffer(_)
            | Command::Drop { .. }
            | Command::Drain(_) => operates,
            Command::Timer(_) => actor == Actor::System,
            Command::UpdateRoom(patch) => moderates && self.is_within(actor, patch),
            Command::SetMode(_)
            | Command::Remove { .. }
            | Command::Ban { .. }
            | Command::Unban { .. }
            | Command::SetRole { .. }
            | Command::SetGrants { .. }
            | Command::CloseRoom => moderates,
            Command::UpdateBreakoutSettings(_) => {
                moderates && self.has_power(actor, |it| it.create_breakouts)
            }
            Command::SaveArrangement { .. } | Command::RemoveArrangement { .. } => {
                moderates && self.has_power(actor, |it| it.create_breakouts)
            }
            Command::ApplyArrangement { open, .. } => {
                moderates
                    && self.has_power(actor, |it| it.create_breakouts)
                    && (!open || self.has_power(actor, |it| it.move_others))
            }
            Command::Shuffle { .. }
            | Command::StartRotation(_)
            | Command::ChangeRotation { .. } => {
                moderates && self.has_power(actor, |it| it.move_others)
            }
            Command::Leave { participant }
            | Command::Publish { participant, .. }
            | Command::Unpublish { participant, .. }
            | Command::SetStream { participant, .. }
            | Command::Reject { participant, .. }
            | Command::JoinBreakout { participant, .. }
            | Command::LeaveBreakout { participant }
            | Command::StopListening { participant }
            | Command::AskForHelp { participant, .. } => itself(*participant),
            Command::StartReply { participant, .. }
            | Command::Knock { participant, .. }
            | Command::StopKnocking { participant, .. } => itself(*participant),
            Command::AnswerKnock { breakout, .. } => {
                let inside = |id| self.members(*breakout).contains(&id);
                let owner = self.breakouts.get(breakout).and_then(|it| it.owner);
                let keeps = |id| inside(id) || owner == Some(id);
                moderates || matches!(actor, Actor::Participant(id) if keeps(id))
            }
            Command::CreateSideRoom(side) => {
                let maker = Actor::Participant(side.participant);
                itself(side.participant) && self.has_power(maker, |it| it.create_side_rooms)
            }
            // Their commands are checked when they are carried out.
            Command::Schedule { .. } => true,
            Command::ChangeSchedule { schedule, .. } | Command::CancelSchedule { schedule } => {
                let by = self.schedules.get(schedule).map(|it| it.by);
                moderates || by == Some(actor)
            }
            Command::StartAddressAll { participant, .. }
            | Command::StartIntercom { participant, .. } => {
                let speaker = Actor::Participant(*participant);
                itself(*participant) && self.has_power(speaker, |it| it.address_all)
            }
            Command::ListenIn { participant, .. } => {
                let listener = Actor::Participant(*participant);
                itself(*participant) && self.has_power(listener, |it| it.listen_in)
            }
            Command::Mute { participant, .. }
            | Command::Unmute { participant, .. }
            | Command::StopAddressAll { participant }
            | Command::StopIntercom { participant }
            | Command::StopReply { participant }
            | Command::AnswerHelp { participant, .. } => moderates || itself(*participant),
            Command::CreateBreakouts(_) | Command::CreateAndInvite { .. } => {
                self.has_power(actor, |it| it.create_breakouts) && !self.is_away(actor)
            }
            Command::Invite { breakout, .. } => {
                self.owns(actor, &[*breakout]) && !self.is_away(actor)
            }
            Command::Assign { breakout, .. } => match breakout {
                None => moderates && self.has_power(actor, |it| it.create_breakouts),
                Some(breakout) => self.owns(actor, &[*breakout]),
            },
            Command::UpdateBreakout { breakout, .. }
            | Command::WithdrawInvitations { breakout, .. } => self.owns(actor, &[*breakout]),
            Command::Open(selection) | Command::Close(selection) | Command::Destroy(selection) => {
                self.owns(actor, &self.selected(selection))
            }
            Command::Move { moves } => {
                let own = moves
                    .iter()
                    .all(|one| actor == Actor::Participant(one.participant));
                moderates && own || self.has_power(actor, |it| it.move_others)
            }
            Command::AddressAllText { .. } => self.has_power(actor, |it| it.address_all),
            Command::PauseParent(scope)
            | Command::ResumeParent(scope)
            | Command::MuteParent { scope, .. }
            | Command::UnmuteParent { scope, .. } => match scope {
                sideroom_control::GateScope::Room => moderates,
                sideroom_control::GateScope::Participant(id) => itself(*id),
            },
            Command::Chat { group, .. } => {
                let inside = |id| {
                    let own = self.person(id).map(|one| one.group);
                    group.is_none() || own == *group
                };
                moderates || matches!(actor, Actor::Participant(id) if inside(id))
            }
            Command::Clear(_) => true,
        };
        ensure(allowed, "power", || format!("{actor:?} did {command:?}"))
    }

    pub(super) fn is_away(&self, actor: Actor) -> bool {
        let Actor::Participant(id) = actor else {
            return false;
        };
        self.person(id)
            .is_some_and(|one| one.group.breakout().is_some())
    }

    /// Rule 1: the room's mode allows breakouts.
    pub(super) fn check_mode(&self, command: &Command) -> Result<(), Violation> {
        let about = matches!(
            command,
            Command::CreateBreakouts(_)
                | Command::CreateAndInvite { .. }
                | Command::Invite { .. }
                | Command::JoinBreakout { .. }
                | Command::LeaveBreakout { .. }
                | Command::Move { .. }
                | Command::Shuffle { .. }
                | Command::StartRotation(_)
                | Command::ApplyArrangement { .. }
                | Command::Open(_)
                | Command::Close(_)
                | Command::Clear(_)
                | Command::Destroy(_)
        );
        let group = self.settings.mode == RoomMode::Group;
        ensure(group || !about, "lecture", || format!("{command:?}"))
    }

    pub(super) fn follow_room(&mut self, actor: Actor, command: &Command) -> Result<(), Violation> {
        if let Command::UpdateRoom(patch) = command
            && !matches!(actor, Actor::Participant(_))
        {
            let most = &mut self.ceiling;
            most.max_active_talkers = patch.max_active_talkers.unwrap_or(most.max_active_talkers);
            most.max_breakouts = patch.max_breakouts.unwrap_or(most.max_breakouts);
            most.max_participants = patch.max_participants.unwrap_or(most.max_participants);
            most.reconnect_grace_ms = patch.reconnect_grace_ms.unwrap_or(most.reconnect_grace_ms);
        }
        let settings = &mut self.settings;
        match command {
            Command::UpdateRoom(patch) => {
                if let Some(most) = patch.max_active_talkers {
                    settings.max_active_talkers = most;
                }
                if let Some(most) = patch.max_breakouts {
                    settings.max_breakouts = most.max(self.breakouts.len() as u16);
                }
                if let Some(most) = patch.max_participants {
                    settings.max_participants = most;
                }
            }
            Command::SetMode(mode) => {
                let none = self.breakouts.is_empty();
                ensure(none || *mode == RoomMode::Group, "lecture", || {
                    "there are breakouts".into()
                })?;
                settings.mode = *mode;
            }
            Command::Drain(draining) => self.draining = *draining,
            Command::CloseRoom => {
                self.closed = true;
                self.people.clear();
                self.breakouts.clear();
                self.assignments.clear();
                self.schedules.clear();
                self.rotation = None;
            }
            Command::UpdateBreakoutSettings(patch) => {
                let held = &mut settings.breakouts;
                held.parent_while_away = patch.parent_while_away.unwrap_or(held.parent_while_away);
                held.allow_return = patch.allow_return.unwrap_or(held.allow_return);
                held.self_select = patch.self_select.unwrap_or(held.self_select);
                held.allow_video = patch.allow_video.unwrap_or(held.allow_video);
                match patch.timer {
                    None => {}
                    Some(TimerChange::Stop) => held.ends_at = None,
                    Some(TimerChange::EndAt(at)) => held.ends_at = Some(at),
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn follow_across(&mut self, command: &Command) -> Result<(), Violation> {
        match *command {
            Command::StartAddressAll { participant, kinds } => {
                let speech = Speech {
                    to: None,
                    kinds,
                    suspends: false,
                    asks: false,
                    until: None,
                };
                self.speak(participant, speech)?;
            }
            Command::StopAddressAll { participant } => {
                self.named(participant)?;
                self.speeches.remove(&participant);
            }
            Command::ListenIn {
                participant,
                breakout,
                follow,
            } => {
                self.breakout(breakout)?;
                let one = self.named(participant)?;
                (one.listening, one.follows) = (Some(breakout), follow);
            }
            Command::StopListening { participant } => self.named(participant)?.listening = None,
            _ => {}
        }
        Ok(())
    }

    /// Rule 15: ownership passes on.
    pub(super) fn pass_ownership(&mut self, from: ParticipantId, side_too: bool) {
        let heir = self.heir(from);
        for breakout in self.breakouts.values_mut() {
            let passes = side_too || !breakout.side;
            if breakout.owner == Some(from) && heir != Some(from) && passes {
                breakout.owner = heir;
                breakout.orphaned = heir.is_none();
            }
        }
    }

    /// The moderator who would own the breakouts of `from`.
    pub(super) fn heir(&self, from: ParticipantId) -> Option<ParticipantId> {
        let heirs = self
            .people
            .iter()
            .filter(|one| one.id != from && one.moderator && one.grants.create_breakouts);
        heirs
            .min_by_key(|one| (!one.connected, one.id))
            .map(|one| one.id)
    }

    pub(super) fn adopt(&mut self, moderator: ParticipantId) {
        if !self.has_power(Actor::Participant(moderator), |it| it.create_breakouts) {
            return;
        }
        for breakout in self.breakouts.values_mut().filter(|it| it.orphaned) {
            breakout.orphaned = false;
            breakout.owner = Some(moderator);
        }
    }

    pub(super) fn follow_timer(&mut self, timer: Timer) -> Result<(), Violation> {
        let own = matches!(timer, Timer::Countdown | Timer::TimeUp | Timer::End);
        let runs = !own || self.settings.breakouts.ends_at.is_some();
        ensure(runs, "timers", || {
            format!("{timer:?}, although the breakouts have no end")
        })?;
        match timer {
            Timer::Countdown | Timer::TimeUp => {}
            Timer::End => {
                let all: Vec<_> = self.breakouts.keys().copied().collect();
                self.shut(&all, sideroom_control::MoveCause::TimeUp);
                self.settings.breakouts.ends_at = None;
                for breakout in self.breakouts.values_mut() {
                    breakout.pending.clear();
                }
            }
            Timer::Expire(id) => self.remove(id)?,
            Timer::Knock(breakout, id) => self.expire_knock(breakout, id)?,
            Timer::Intercom(id) => self.expire_speech(id)?,
            // Followed apart: `Model::run_schedule`, `Model::follow_rotation`.
            Timer::Schedule(_) | Timer::Rotation => {}
            Timer::BreakoutEnd(id) => self.end_breakout(id)?,
        }
        Ok(())
    }
}
