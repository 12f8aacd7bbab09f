//! From a command to the steps that it takes. One file for each part of the domain; every function there
//! checks everything first and takes its steps afterwards.

mod arrangement;
mod arrivals;
mod create;
mod cross_group;
mod doors;
mod gate;
mod groups;
mod intercom;
mod invitations;
mod invite;
mod membership;
mod people;
mod rooms;
mod rotation;
mod sanction;
mod schedules;
mod timer;
mod waiting_list;

use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::rights;
use crate::state::require;
use crate::{
    Actor, Availability, BreakoutError, Command, EventKind, Outcome, RoomMode, Subject, Timer,
};

pub(crate) use rooms::{check_end, check_settings};

/// Does what `command` asks, or changes nothing.
pub(crate) fn run(turn: &mut CommandRun<'_>, command: &Command) -> Result<Outcome, BreakoutError> {
    admit(turn, command)?;
    if turn.replays.is_none() {
        rights::check(turn.state, turn.actor, command)?;
    }
    let outcome = dispatch(turn, command)?;
    // A scheduled command has been finished as its own.
    if !matches!(command, Command::Timer(Timer::Schedule(_))) {
        finish(turn)?;
    }
    Ok(outcome)
}

/// The consequences of a command, which are the same for all.
fn finish(turn: &mut CommandRun<'_>) -> Result<(), BreakoutError> {
    if !turn.replays_older_than(Rules::Waiting) {
        turn.take_in_waiting();
    }
    turn.close_empty_side_rooms()?;
    turn.end_void_rotation();
    turn.keep_streams_along();
    turn.keep_intercoms();
    turn.keep_knocks();
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "one table, a line for each command")]
fn dispatch(turn: &mut CommandRun<'_>, command: &Command) -> Result<Outcome, BreakoutError> {
    match command {
        Command::UpdateRoom(_)
        | Command::SetMode(_)
        | Command::Drain(_)
        | Command::CloseRoom
        | Command::UpdateBreakoutSettings(_) => turn.run_for_room(command),

        Command::Join(join) => turn.join(join),
        Command::Reconnect(reconnect) => turn.reconnect(reconnect),
        Command::Reoffer(reoffer) => turn.reoffer(reoffer),
        Command::Drop { participant } => turn.drop_connection(*participant),
        Command::Leave { participant } => turn.leave(*participant),
        Command::Remove { participant } => turn.put_out(*participant),
        Command::Ban {
            whom,
            reason,
            until,
        } => turn.ban(whom, reason, *until),
        Command::Unban { identity } => turn.unban(identity),

        Command::SetRole { .. }
        | Command::SetGrants { .. }
        | Command::Publish { .. }
        | Command::Unpublish { .. }
        | Command::Mute { .. }
        | Command::Unmute { .. }
        | Command::SetStream { .. } => turn.run_for_person(command),

        Command::CreateBreakouts(create) => turn.create_breakouts(create),
        Command::CreateAndInvite {
            create,
            seed,
            force,
        } => turn.create_and_invite(create, *seed, *force),
        Command::Invite {
            breakout,
            participants,
            force,
        } => turn.invite(*breakout, participants, *force),
        Command::Reject {
            participant,
            breakout,
        } => turn.reject(*participant, *breakout),
        Command::Assign {
            breakout,
            identities,
        } => turn.assign_all(*breakout, identities),

        Command::JoinBreakout {
            participant,
            breakout,
            stream,
        } => turn.join_breakout(*participant, *breakout, *stream),
        Command::LeaveBreakout { participant } => turn.leave_breakout(*participant),
        Command::Move { moves } => turn.move_all(moves),
        Command::Shuffle { breakouts, seed } => turn.shuffle(breakouts, *seed),

        Command::Open(selection) => turn.open(selection),
        Command::Close(selection) => turn.close(selection),
        Command::Clear(selection) => turn.clear(selection),
        Command::Destroy(selection) => turn.destroy(selection),
        Command::UpdateBreakout { breakout, patch } => turn.update_breakout(*breakout, patch),

        Command::PauseParent(_)
        | Command::ResumeParent(_)
        | Command::MuteParent { .. }
        | Command::UnmuteParent { .. } => turn.run_for_gate(command),

        Command::StartAddressAll { .. }
        | Command::StopAddressAll { .. }
        | Command::StartIntercom { .. }
        | Command::StopIntercom { .. }
        | Command::StartReply { .. }
        | Command::StopReply { .. }
        | Command::AddressAllText { .. }
        | Command::ListenIn { .. }
        | Command::StopListening { .. }
        | Command::AskForHelp { .. }
        | Command::AnswerHelp { .. }
        | Command::Chat { .. } => turn.run_across(command),

        Command::Knock {
            participant,
            breakout,
        } => turn.knock(*participant, *breakout),
        Command::StopKnocking {
            participant,
            breakout,
        } => Ok(turn.stop_knocking(*participant, *breakout)),
        Command::AnswerKnock {
            participant,
            breakout,
            admit,
        } => turn.answer_knock(*participant, *breakout, *admit),
        Command::CreateSideRoom(side) => turn.create_side_room(side),

        Command::Schedule {
            at,
            if_late,
            command,
        } => turn.schedule(*at, *if_late, command),
        Command::ChangeSchedule {
            schedule,
            at,
            if_late,
        } => turn.change_schedule(*schedule, *at, *if_late),
        Command::CancelSchedule { schedule } => turn.cancel_schedule(*schedule),

        Command::StartRotation(start) => turn.start_rotation(start),
        Command::ChangeRotation { step } => turn.change_rotation(*step),

        Command::SaveArrangement { name, arrangement } => {
            turn.save_arrangement(name, arrangement.as_ref())
        }
        Command::RemoveArrangement { name } => turn.remove_arrangement(name),
        Command::ApplyArrangement { name, open } => turn.apply_arrangement(name, *open),

        Command::Timer(timer) => turn.run_timer(*timer),
        Command::WithdrawInvitations {
            breakout,
            participants,
        } => turn.withdraw_invitations(*breakout, participants),
    }
}

/// Checks that hold for every command: the room is there, the actor is in it, and breakouts are possible if
/// the command is about them.
fn admit(turn: &CommandRun<'_>, command: &Command) -> Result<(), BreakoutError> {
    require(!turn.state.closed, BreakoutError::NotFound(Subject::Room))?;
    if let Actor::Participant(id) = turn.actor {
        let known = turn.state.participants.contains_key(&id);
        require(known, BreakoutError::Unauthenticated)?;
    }
    let settings = turn.state.settings();
    if !is_about_breakouts(command) {
        return Ok(());
    }
    let by_operator = turn.actor.is_operator();
    let switches = by_operator && matches!(command, Command::UpdateBreakoutSettings(_));
    match settings.breakouts.availability {
        Availability::NotSupported if !switches => return Err(BreakoutError::NotSupported),
        Availability::Disabled if !switches => return Err(BreakoutError::Disabled),
        _ => {}
    }
    require(settings.mode == RoomMode::Group, BreakoutError::LectureMode)
}

/// Rule 1: these fail in lecture mode, and in a room that has no breakouts.
fn is_about_breakouts(command: &Command) -> bool {
    match command {
        Command::CreateBreakouts(_)
        | Command::CreateAndInvite { .. }
        | Command::Invite { .. }
        | Command::Reject { .. }
        | Command::Assign { .. }
        | Command::JoinBreakout { .. }
        | Command::LeaveBreakout { .. }
        | Command::Move { .. }
        | Command::Shuffle { .. }
        | Command::Open(_)
        | Command::Close(_)
        | Command::Clear(_)
        | Command::Destroy(_)
        | Command::UpdateBreakout { .. }
        | Command::UpdateBreakoutSettings(_)
        | Command::SetStream { .. }
        | Command::PauseParent(_)
        | Command::ResumeParent(_)
        | Command::MuteParent { .. }
        | Command::UnmuteParent { .. }
        | Command::StartAddressAll { .. }
        | Command::AddressAllText { .. }
        | Command::ListenIn { .. }
        | Command::AskForHelp { .. }
        | Command::WithdrawInvitations { .. }
        | Command::StartIntercom { .. }
        | Command::StartReply { .. }
        | Command::Knock { .. }
        | Command::AnswerKnock { .. }
        | Command::CreateSideRoom(_)
        | Command::StartRotation(_)
        | Command::ApplyArrangement { .. }
        | Command::Schedule { .. } => true,

        Command::UpdateRoom(_)
        | Command::SetMode(_)
        | Command::Drain(_)
        | Command::CloseRoom
        | Command::Join(_)
        | Command::Reconnect(_)
        | Command::Reoffer(_)
        | Command::Drop { .. }
        | Command::Leave { .. }
        | Command::Remove { .. }
        | Command::Ban { .. }
        | Command::Unban { .. }
        | Command::SetRole { .. }
        | Command::SetGrants { .. }
        | Command::Publish { .. }
        | Command::Unpublish { .. }
        | Command::Mute { .. }
        | Command::Unmute { .. }
        | Command::StopAddressAll { .. }
        | Command::StopIntercom { .. }
        | Command::StopReply { .. }
        | Command::StopKnocking { .. }
        | Command::ChangeSchedule { .. }
        | Command::CancelSchedule { .. }
        | Command::ChangeRotation { .. }
        | Command::SaveArrangement { .. }
        | Command::RemoveArrangement { .. }
        | Command::StopListening { .. }
        | Command::AnswerHelp { .. }
        | Command::Chat { .. }
        | Command::Timer(_) => false,
    }
}

impl CommandRun<'_> {
    fn tell_if(&mut self, condition: bool, event: EventKind) {
        if condition {
            self.tell(event);
        }
    }
}
