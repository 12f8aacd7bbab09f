//! The settings of a new room.

use sideroom_control::RoomSettings;

use super::CreateRoom;

impl CreateRoom {
    /// The node's defaults, changed by the request.
    #[must_use]
    pub fn settings_over(&self, defaults: &RoomSettings) -> RoomSettings {
        let mut all = defaults.clone();
        let patch = &self.settings;
        all.mode = self.mode.unwrap_or(all.mode);
        all.max_active_talkers = patch.max_active_talkers.unwrap_or(all.max_active_talkers);
        all.max_breakouts = patch.max_breakouts.unwrap_or(all.max_breakouts);
        all.max_participants = patch.max_participants.unwrap_or(all.max_participants);
        all.reconnect_grace_ms = patch.reconnect_grace_ms.unwrap_or(all.reconnect_grace_ms);
        all.codecs = patch.codecs.unwrap_or(all.codecs);
        self.breakouts_over(&mut all);
        all
    }

    fn breakouts_over(&self, all: &mut RoomSettings) {
        use sideroom_control::TimerChange::{EndAt, Stop};
        let patch = self.breakouts.clone();
        let base = &mut all.breakouts;
        base.availability = patch.availability.unwrap_or(base.availability);
        base.parent_while_away = patch.parent_while_away.unwrap_or(base.parent_while_away);
        base.allow_return = patch.allow_return.unwrap_or(base.allow_return);
        base.self_select = patch.self_select.unwrap_or(base.self_select);
        base.allow_video = patch.allow_video.unwrap_or(base.allow_video);
        base.announce_presence = patch.announce_presence.unwrap_or(base.announce_presence);
        base.grace_ms = patch.grace_ms.unwrap_or(base.grace_ms);
        if let Some(countdown) = patch.countdown_ms {
            base.countdown_ms = countdown;
        }
        match patch.timer {
            Some(EndAt(at)) => base.ends_at = Some(at),
            Some(Stop) => base.ends_at = None,
            None => {}
        }
    }
}
