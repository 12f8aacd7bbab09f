//! Authorises commands: the one place where roles and grants are checked (rule 18).
//!
//! A role decides on rights over others (mute, remove, ban, change the room); grants bound the rest, for
//! moderators too. Whether a command makes sense is checked by its own function.

use std::collections::BTreeSet;

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::state::{Breakout, Participant, State, require};
use crate::{
    Actor, BreakoutError, BreakoutSettingsPatch, Command, GateScope, Grants, MoveTo, Power,
    Selection,
};

/// Refuses a command that its actor may not give.
#[expect(clippy::too_many_lines, reason = "one table, a line for each command")]
pub(crate) fn check(state: &State, actor: Actor, command: &Command) -> Result<(), BreakoutError> {
    match command {
        Command::Join(_)
        | Command::Reconnect(_)
        | Command::Reoffer(_)
        | Command::Drop { .. }
        | Command::Drain(_) => require_operator(actor),
        Command::Timer(_) => require(actor == Actor::System, BreakoutError::NotModerator),

        Command::UpdateRoom(_)
        | Command::SetMode(_)
        | Command::CloseRoom
        | Command::Remove { .. }
        | Command::SetRole { .. }
        | Command::SetGrants { .. }
        | Command::Ban { .. }
        | Command::Unban { .. } => state.require_moderator(actor),
        Command::UpdateBreakoutSettings(patch) => check_settings(state, actor, patch),

        Command::Leave { participant }
        | Command::Publish { participant, .. }
        | Command::Unpublish { participant, .. }
        | Command::SetStream { participant, .. }
        | Command::Reject { participant, .. }
        | Command::JoinBreakout { participant, .. }
        | Command::LeaveBreakout { participant }
        | Command::StopListening { participant }
        | Command::AskForHelp { participant, .. } => {
            state.require_self(actor, *participant).map(|_| ())
        }
        Command::StartReply { participant, .. }
        | Command::Knock { participant, .. }
        | Command::StopKnocking { participant, .. } => {
            state.require_self(actor, *participant).map(|_| ())
        }
        Command::AnswerKnock { breakout, .. } => state.require_inside(actor, *breakout),
        Command::CreateSideRoom(side) => {
            state.require_own_power(actor, side.participant, Power::CreateSideRooms)
        }
        Command::Schedule { .. } => Ok(()),
        Command::ChangeSchedule { schedule, .. } | Command::CancelSchedule { schedule } => {
            let held = state.schedules.get(schedule);
            let own = held.is_some_and(|held| held.by == actor);
            require(
                own || state.is_moderator(actor),
                BreakoutError::NotModerator,
            )
        }
        Command::StartAddressAll { participant, .. }
        | Command::StartIntercom { participant, .. } => {
            state.require_own_power(actor, *participant, Power::AddressAll)
        }
        Command::ListenIn { participant, .. } => {
            state.require_own_power(actor, *participant, Power::ListenIn)
        }
        Command::Mute { participant, .. }
        | Command::Unmute { participant, .. }
        | Command::StopAddressAll { participant }
        | Command::StopIntercom { participant }
        | Command::StopReply { participant } => {
            state.participant(*participant)?;
            state.require_self_or_moderator(actor, *participant)
        }
        Command::AnswerHelp { participant, .. } => {
            state.require_self_or_moderator(actor, *participant)
        }

        Command::CreateBreakouts(_) | Command::CreateAndInvite { .. } => {
            state.require_power(actor, Power::CreateBreakouts)
        }
        Command::Invite { breakout, .. }
        | Command::WithdrawInvitations { breakout, .. }
        | Command::UpdateBreakout { breakout, .. } => state.require_runs(actor, *breakout),
        Command::Assign { breakout, .. } => match breakout {
            Some(breakout) => state.require_runs(actor, *breakout),
            None => state.require_runs_all(actor),
        },
        Command::Open(selection) | Command::Close(selection) | Command::Destroy(selection) => {
            state.require_runs_selected(actor, selection)
        }
        // A plain participant's own `Clear` returns that participant only.
        Command::Clear(_) => Ok(()),
        Command::Move { moves } => check_move(state, actor, moves),
        Command::SaveArrangement { .. }
        | Command::RemoveArrangement { .. }
        | Command::ApplyArrangement { open: false, .. } => state.require_runs_all(actor),
        Command::ApplyArrangement { open: true, .. } => {
            state.require_runs_all(actor)?;
            state.require_power(actor, Power::MoveOthers)
        }
        Command::Shuffle { .. } | Command::StartRotation(_) | Command::ChangeRotation { .. } => {
            state.require_moderator(actor)?;
            state.require_power(actor, Power::MoveOthers)
        }
        Command::AddressAllText { .. } => state.require_power(actor, Power::AddressAll),
        Command::PauseParent(scope)
        | Command::ResumeParent(scope)
        | Command::MuteParent { scope, .. }
        | Command::UnmuteParent { scope, .. } => match scope {
            GateScope::Room => state.require_moderator(actor),
            GateScope::Participant(id) => state.require_self(actor, *id).map(|_| ()),
        },
        Command::Chat {
            group: Some(group), ..
        } => check_chat(state, actor, *group),
        Command::Chat { group: None, .. } => Ok(()),
    }
}

/// Some settings only the operator may change.
fn check_settings(
    state: &State,
    actor: Actor,
    patch: &BreakoutSettingsPatch,
) -> Result<(), BreakoutError> {
    state.require_runs_all(actor)?;
    if patch.availability.is_some() || patch.allow_video.is_some() {
        require_operator(actor)?;
    }
    Ok(())
}

/// Rule 6: moderators move themselves without the grant for moving others.
fn check_move(state: &State, actor: Actor, moves: &[MoveTo]) -> Result<(), BreakoutError> {
    let itself = |one: &MoveTo| actor == Actor::Participant(one.participant);
    if state.is_moderator(actor) && !moves.is_empty() && moves.iter().all(itself) {
        return Ok(());
    }
    state.require_power(actor, Power::MoveOthers)
}

fn check_chat(state: &State, actor: Actor, group: GroupId) -> Result<(), BreakoutError> {
    if let Some(breakout) = group.breakout() {
        state.breakout(breakout)?;
    }
    let inside = match actor {
        Actor::Participant(id) => state.participant(id)?.group == group,
        Actor::Operator | Actor::Key(_) | Actor::System => true,
    };
    require(
        inside || state.is_moderator(actor),
        BreakoutError::NotModerator,
    )
}

/// Only the app's server or this one may do this.
fn require_operator(actor: Actor) -> Result<(), BreakoutError> {
    let allowed = !matches!(actor, Actor::Participant(_));
    require(allowed, BreakoutError::NotModerator)
}

impl State {
    /// True if the actor has a moderator's role.
    pub(crate) fn is_moderator(&self, actor: Actor) -> bool {
        match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => true,
            Actor::Participant(id) => self
                .participants
                .get(&id)
                .is_some_and(Participant::is_moderator),
        }
    }

    /// True if the actor has this power. Grants bound moderators too.
    pub(crate) fn has_power(&self, actor: Actor, power: Power) -> bool {
        self.grants_of(actor).allows(power)
    }

    pub(crate) fn grants_of(&self, actor: Actor) -> Grants {
        match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => Grants::ALL,
            Actor::Participant(id) => self
                .participants
                .get(&id)
                .map_or(Grants::NONE, |one| one.grants),
        }
    }

    fn require_power(&self, actor: Actor, power: Power) -> Result<(), BreakoutError> {
        require(self.has_power(actor, power), BreakoutError::NotModerator)
    }

    fn require_moderator(&self, actor: Actor) -> Result<(), BreakoutError> {
        require(self.is_moderator(actor), BreakoutError::NotModerator)
    }

    /// Requires the participant themselves, or the operator on their behalf.
    fn require_self(
        &self,
        actor: Actor,
        participant: ParticipantId,
    ) -> Result<&Participant, BreakoutError> {
        let about = self.participant(participant)?;
        let allowed = match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => true,
            Actor::Participant(id) => id == participant,
        };
        require(allowed, BreakoutError::NotModerator)?;
        Ok(about)
    }

    /// Like [`State::require_self`], for commands that need a power of the participant.
    /// True if a participant's role and grants let them listen in.
    pub(crate) fn may_listen_in(&self, participant: ParticipantId) -> bool {
        let actor = Actor::Participant(participant);
        self.require_power(actor, Power::ListenIn).is_ok()
    }

    fn require_own_power(
        &self,
        actor: Actor,
        participant: ParticipantId,
        power: Power,
    ) -> Result<(), BreakoutError> {
        self.require_self(actor, participant)?;
        self.require_power(Actor::Participant(participant), power)
    }

    fn require_self_or_moderator(
        &self,
        actor: Actor,
        participant: ParticipantId,
    ) -> Result<(), BreakoutError> {
        let itself = actor == Actor::Participant(participant);
        require(
            itself || self.is_moderator(actor),
            BreakoutError::NotModerator,
        )
    }

    /// Requires an actor who runs the breakout: a moderator runs every one, an owner their own; both with the
    /// grant.
    fn require_runs(&self, actor: Actor, breakout: BreakoutId) -> Result<(), BreakoutError> {
        let about = self.breakout(breakout)?;
        require(
            self.owns(actor, about) || self.is_moderator(actor),
            BreakoutError::NotModerator,
        )?;
        let side = about.side && self.owns(actor, about);
        require(
            side && self.has_power(actor, Power::CreateSideRooms)
                || self.has_power(actor, Power::CreateBreakouts),
            BreakoutError::NotModerator,
        )
    }

    /// Requires somebody inside the breakout, its owner, or a moderator.
    fn require_inside(&self, actor: Actor, breakout: BreakoutId) -> Result<(), BreakoutError> {
        let about = self.breakout(breakout)?;
        let inside = matches!(actor, Actor::Participant(id) if about.members.contains(&id));
        require(
            inside || self.owns(actor, about) || self.is_moderator(actor),
            BreakoutError::NotModerator,
        )
    }

    fn require_runs_all(&self, actor: Actor) -> Result<(), BreakoutError> {
        self.require_moderator(actor)?;
        self.require_power(actor, Power::CreateBreakouts)
    }

    /// Refuses an actor who does not run every one of the selected breakouts.
    pub(crate) fn require_runs_selected(
        &self,
        actor: Actor,
        selection: &Selection,
    ) -> Result<(), BreakoutError> {
        let breakouts = self.select(selection)?;
        if breakouts.is_empty() {
            self.require_runs_all(actor)?;
        }
        for id in breakouts {
            self.require_runs(actor, id)?;
        }
        Ok(())
    }

    fn owns(&self, actor: Actor, breakout: &Breakout) -> bool {
        matches!(actor, Actor::Participant(id) if breakout.owner == Some(id))
    }

    /// The breakouts of a selection, each once. An empty selection of some is a mistake; all of none is
    /// not.
    pub(crate) fn select(&self, selection: &Selection) -> Result<Vec<BreakoutId>, BreakoutError> {
        match selection {
            Selection::All => Ok(self.breakouts.keys().copied().collect()),
            Selection::Some(some) => {
                require(
                    !some.is_empty(),
                    BreakoutError::InvalidArgument("a selection names at least one breakout"),
                )?;
                let some: BTreeSet<BreakoutId> = some.iter().copied().collect();
                for id in &some {
                    self.breakout(*id)?;
                }
                Ok(some.into_iter().collect())
            }
        }
    }

    /// Rule 2: creating and inviting work from the parent only.
    pub(crate) fn require_in_parent(&self, actor: Actor) -> Result<(), BreakoutError> {
        let away = match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => false,
            Actor::Participant(id) => self.participants.get(&id).is_some_and(Participant::is_away),
        };
        require(!away, BreakoutError::NotInParent)
    }
}
