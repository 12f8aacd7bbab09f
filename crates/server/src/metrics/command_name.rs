//! The value of the label `command`, one for each command.

use sideroom_control::Command;

/// The command's name in metrics.
pub const fn command_name(command: &Command) -> &'static str {
    command.name()
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
