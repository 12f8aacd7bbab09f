//! When a command is carried out: at once, later, or not at all.

use sideroom_control::{Command, IfLate, UnixMillis};

use crate::{error::ApiError, proto};

/// The parts of a request that say when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    at: Option<UnixMillis>,
    if_late: IfLate,
    /// Only what it would do is asked.
    pub(crate) dry_run: bool,
}

impl Timing {
    pub(crate) fn of(
        at_ms: Option<u64>,
        late: Option<proto::IfLate>,
        dry_run: bool,
    ) -> Result<Self, ApiError> {
        if late.is_some() && at_ms.is_none() {
            return Err(ApiError::BadRequest(
                "`ifLate` goes with `atMs`; give both or neither.".to_owned(),
            ));
        }
        Ok(Self {
            at: at_ms.map(UnixMillis),
            if_late: late.map(if_late).transpose()?.unwrap_or_default(),
            dry_run,
        })
    }

    /// The command, or the one that has it carried out later.
    pub(crate) fn scheduled(&self, command: Command) -> Command {
        match self.at {
            None => command,
            Some(at) => Command::Schedule {
                at,
                if_late: self.if_late,
                command: Box::new(command),
            },
        }
    }
}

pub(crate) fn if_late(wire: proto::IfLate) -> Result<IfLate, ApiError> {
    match (wire.always, wire.within_ms) {
        (true, 0) => Ok(IfLate::Always),
        (false, ms) => Ok(IfLate::Within(ms)),
        (true, _) => Err(ApiError::BadRequest(
            "`ifLate` has either `always` or `withinMs`, not both.".to_owned(),
        )),
    }
}
