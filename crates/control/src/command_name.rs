//! The names of commands: in the journal, in metrics, in traces.

use crate::Command;

impl Command {
    /// The name of [`Command::Timer`].
    pub(crate) const TIMER: &'static str = "timer";

    /// The command's name. The journal has it, so that a name is never changed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UpdateRoom(_) => "update_room",
            Self::SetMode(_) => "set_mode",
            Self::Drain(_) => "drain",
            Self::CloseRoom => "close_room",
            Self::Join(_) => "join",
            Self::Reconnect(_) => "reconnect",
            Self::Reoffer(_) => "reoffer",
            Self::Drop { .. } => "drop",
            Self::Leave { .. } => "leave",
            Self::Remove { .. } => "remove",
            Self::SetRole { .. } => "set_role",
            Self::SetGrants { .. } => "set_grants",
            Self::Publish { .. } => "publish",
            Self::Unpublish { .. } => "unpublish",
            Self::Mute { .. } => "mute",
            Self::Unmute { .. } => "unmute",
            Self::SetStream { .. } => "set_stream",
            Self::CreateBreakouts(_) => "create_breakouts",
            Self::CreateAndInvite { .. } => "create_and_invite",
            Self::Invite { .. } => "invite",
            Self::Reject { .. } => "reject",
            Self::Assign { .. } => "assign",
            Self::JoinBreakout { .. } => "join_breakout",
            Self::LeaveBreakout { .. } => "leave_breakout",
            Self::Move { .. } => "move",
            Self::Shuffle { .. } => "shuffle",
            Self::Open(_) => "open",
            Self::Close(_) => "close",
            Self::Clear(_) => "clear",
            Self::Destroy(_) => "destroy",
            Self::UpdateBreakout { .. } => "update_breakout",
            Self::UpdateBreakoutSettings(_) => "update_breakout_settings",
            Self::PauseParent(_) => "pause_parent",
            Self::ResumeParent(_) => "resume_parent",
            Self::MuteParent { .. } => "mute_parent",
            Self::UnmuteParent { .. } => "unmute_parent",
            Self::StartAddressAll { .. } => "start_address_all",
            Self::StopAddressAll { .. } => "stop_address_all",
            Self::AddressAllText { .. } => "address_all_text",
            Self::ListenIn { .. } => "listen_in",
            Self::StopListening { .. } => "stop_listening",
            Self::AskForHelp { .. } => "ask_for_help",
            Self::AnswerHelp { .. } => "answer_help",
            Self::Chat { .. } => "chat",
            Self::WithdrawInvitations { .. } => "withdraw_invitations",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::StartIntercom { .. } => "start_intercom",
            Self::StopIntercom { .. } => "stop_intercom",
            Self::StartReply { .. } => "start_reply",
            Self::StopReply { .. } => "stop_reply",
            Self::Knock { .. } => "knock",
            Self::StopKnocking { .. } => "stop_knocking",
            Self::AnswerKnock { .. } => "answer_knock",
            Self::CreateSideRoom(_) => "create_side_room",
            Self::Schedule { .. } => "schedule",
            Self::ChangeSchedule { .. } => "change_schedule",
            Self::CancelSchedule { .. } => "cancel_schedule",
            Self::Timer(_) => "timer",
        }
    }
}
