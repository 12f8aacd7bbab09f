//! The upper limits that the operator sets for a room. A moderator changes the settings within them.

use serde::{Deserialize, Serialize};

use crate::state::require;
use crate::{BreakoutError, RoomPatch, RoomSettings};

/// The limits that the operator has set, when the room was made or since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Ceiling {
    max_active_talkers: u8,
    max_breakouts: u16,
    max_participants: u32,
    reconnect_grace_ms: u32,
}

impl Ceiling {
    /// The limits of these settings.
    pub(crate) const fn of(settings: &RoomSettings) -> Self {
        Self {
            max_active_talkers: settings.max_active_talkers,
            max_breakouts: settings.max_breakouts,
            max_participants: settings.max_participants,
            reconnect_grace_ms: settings.reconnect_grace_ms,
        }
    }

    /// The operator changes its limits.
    pub(crate) fn set(&mut self, patch: &RoomPatch) {
        let Self {
            max_active_talkers,
            max_breakouts,
            max_participants,
            reconnect_grace_ms,
        } = self;
        *max_active_talkers = patch.max_active_talkers.unwrap_or(*max_active_talkers);
        *max_breakouts = patch.max_breakouts.unwrap_or(*max_breakouts);
        *max_participants = patch.max_participants.unwrap_or(*max_participants);
        *reconnect_grace_ms = patch.reconnect_grace_ms.unwrap_or(*reconnect_grace_ms);
    }

    /// Refuses settings that go beyond.
    pub(crate) fn check(&self, settings: &RoomSettings) -> Result<(), BreakoutError> {
        require(
            settings.max_active_talkers <= self.max_active_talkers,
            BreakoutError::InvalidArgument(
                "max_active_talkers is above what the signaling server allows this room",
            ),
        )?;
        require(
            settings.max_breakouts <= self.max_breakouts,
            BreakoutError::InvalidArgument(
                "max_breakouts is above what the signaling server allows this room",
            ),
        )?;
        require(
            settings.max_participants <= self.max_participants,
            BreakoutError::InvalidArgument(
                "max_participants is above what the signaling server allows this room",
            ),
        )?;
        require(
            settings.reconnect_grace_ms <= self.reconnect_grace_ms,
            BreakoutError::InvalidArgument(
                "reconnect_grace_ms is above what the signaling server allows this room",
            ),
        )
    }
}
