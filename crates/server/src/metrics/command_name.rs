//! The value of the label `command`, one for each command.

use sideroom_control::Command;

/// The command's name in metrics.
pub fn command_name(command: &Command) -> &'static str {
    use Command as C;
    match command {
        C::UpdateRoom(_) => "update_room",
        C::SetMode(_) => "set_mode",
        C::Drain(_) => "drain",
        C::CloseRoom => "close_room",
        C::Join(_) => "join",
        C::Reconnect(_) => "reconnect",
        C::Reoffer(_) => "reoffer",
        C::Drop { .. } => "drop",
        C::Leave { .. } => "leave",
        C::Remove { .. } => "remove",
        C::Ban { .. } => "ban",
        C::Unban { .. } => "unban",
        C::SetRole { .. } => "set_role",
        C::SetGrants { .. } => "set_grants",
        C::Publish { .. } => "publish",
        C::Unpublish { .. } => "unpublish",
        C::Mute { .. } => "mute",
        C::Unmute { .. } => "unmute",
        C::SetStream { .. } => "set_stream",
        C::CreateBreakouts(_) => "create_breakouts",
        C::CreateAndInvite { .. } => "create_and_invite",
        C::Invite { .. } => "invite",
        C::Reject { .. } => "reject",
        C::WithdrawInvitations { .. } => "withdraw_invitations",
        C::Assign { .. } => "assign",
        C::JoinBreakout { .. } => "join_breakout",
        C::LeaveBreakout { .. } => "leave_breakout",
        C::Move { .. } => "move",
        C::Shuffle { .. } => "shuffle",
        C::Open(_) => "open",
        C::Close(_) => "close",
        C::Clear(_) => "clear",
        C::Destroy(_) => "destroy",
        C::UpdateBreakout { .. } => "update_breakout",
        C::UpdateBreakoutSettings(_) => "update_breakout_settings",
        C::PauseParent(_) => "pause_parent",
        C::ResumeParent(_) => "resume_parent",
        C::MuteParent { .. } => "mute_parent",
        C::UnmuteParent { .. } => "unmute_parent",
        C::StartAddressAll { .. } => "start_address_all",
        C::StopAddressAll { .. } => "stop_address_all",
        C::AddressAllText { .. } => "address_all_text",
        C::ListenIn { .. } => "listen_in",
        C::StopListening { .. } => "stop_listening",
        C::AskForHelp { .. } => "ask_for_help",
        C::AnswerHelp { .. } => "answer_help",
        C::Chat { .. } => "chat",
        C::Timer(_) => "timer",
    }
}

/// True if the command moves people between groups.
pub fn moves_people(command: &Command) -> bool {
    use Command as C;
    matches!(
        command,
        C::JoinBreakout { .. }
            | C::LeaveBreakout { .. }
            | C::Move { .. }
            | C::Shuffle { .. }
            | C::Open(_)
            | C::Close(_)
            | C::Clear(_)
            | C::Destroy(_)
    )
}
