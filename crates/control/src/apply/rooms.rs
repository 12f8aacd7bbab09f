//! The room's own settings, its mode, and its end.

use crate::command_run::CommandRun;
use crate::state::{TimerState, require};
use crate::{
    Actor, Availability, BreakoutError, BreakoutSettings, BreakoutSettingsPatch, Command,
    EventKind, LeaveReason, Outcome, RoomMode, RoomPatch, RoomSettings, TimerChange, UnixMillis,
    bounds,
};

impl CommandRun<'_> {
    pub(super) fn run_for_room(&mut self, command: &Command) -> Result<Outcome, BreakoutError> {
        match command {
            Command::UpdateRoom(patch) => self.update_room(patch),
            Command::SetMode(mode) => self.set_mode(*mode),
            Command::Drain(draining) => self.drain(*draining),
            Command::CloseRoom => self.close_room(),
            Command::UpdateBreakoutSettings(patch) => self.update_breakout_settings(patch),
            _ => Err(BreakoutError::Internal("a command went astray")),
        }
    }

    fn update_room(&mut self, patch: &RoomPatch) -> Result<Outcome, BreakoutError> {
        let mut ceiling = self.state.ceiling();
        let held = self.state.settings();
        let next = RoomSettings {
            max_active_talkers: patch.max_active_talkers.unwrap_or(held.max_active_talkers),
            max_breakouts: patch.max_breakouts.unwrap_or(held.max_breakouts),
            max_participants: patch.max_participants.unwrap_or(held.max_participants),
            reconnect_grace_ms: patch.reconnect_grace_ms.unwrap_or(held.reconnect_grace_ms),
            codecs: patch.codecs.unwrap_or(held.codecs),
            ..held.clone()
        };
        check_settings(&next)?;
        match self.actor {
            Actor::Participant(_) if self.replays.is_none() => ceiling.check(&next)?,
            Actor::Participant(_) => {}
            Actor::Operator | Actor::Key(_) | Actor::System => ceiling.set(patch),
        }
        let largest = next.largest_capacity();
        let fits = self
            .state
            .breakouts
            .values()
            .all(|it| it.capacity <= largest);
        require(
            fits,
            BreakoutError::InvalidArgument("a breakout is larger than max_active_talkers - 1"),
        )?;
        self.effects.everyone |= held.max_active_talkers != next.max_active_talkers;
        self.state.ceiling = Some(ceiling);
        self.change_settings(next);
        Ok(Outcome::RoomSettings {
            settings: Box::new(self.state.settings().clone()),
        })
    }

    fn set_mode(&mut self, mode: RoomMode) -> Result<Outcome, BreakoutError> {
        require(
            mode == RoomMode::Group || self.state.breakouts.is_empty(),
            BreakoutError::BreakoutsExist,
        )?;
        let next = RoomSettings {
            mode,
            ..self.state.settings().clone()
        };
        self.change_settings(next);
        Ok(Outcome::RoomSettings {
            settings: Box::new(self.state.settings().clone()),
        })
    }

    fn change_settings(&mut self, next: RoomSettings) {
        let changed = *self.state.settings() != next;
        self.state.config.settings = next;
        let settings = Box::new(self.state.settings().clone());
        self.tell_if(changed, EventKind::RoomChanged { settings });
    }

    fn drain(&mut self, draining: bool) -> Result<Outcome, BreakoutError> {
        let changed = self.state.draining != draining;
        self.state.draining = draining;
        self.tell_if(changed, EventKind::Draining(draining));
        Ok(Outcome::Done)
    }

    fn close_room(&mut self) -> Result<Outcome, BreakoutError> {
        self.tell(EventKind::RoomClosed);
        let everybody: Vec<_> = self.state.participants.keys().copied().collect();
        for participant in everybody {
            self.remove(participant, LeaveReason::RoomClosed);
        }
        self.state.breakouts.clear();
        self.state.assignments.clear();
        self.state.waiting.clear();
        self.state.knocks.clear();
        self.state.schedules.clear();
        self.state.rotation = None;
        self.state.config.settings.breakouts.ends_at = None;
        self.effects.changed.clear();
        self.state.closed = true;
        Ok(Outcome::Done)
    }

    fn update_breakout_settings(
        &mut self,
        patch: &BreakoutSettingsPatch,
    ) -> Result<Outcome, BreakoutError> {
        let held = &self.state.settings().breakouts;
        let next = patched(held, patch, self.now)?;
        let available = next.availability == Availability::Available;
        require(
            available || self.state.breakouts.is_empty(),
            BreakoutError::BreakoutsExist,
        )?;
        let changed = *held != next;
        let announces = next.announce_presence && !held.announce_presence;
        let timer_moved = held.ends_at != next.ends_at || held.countdown_ms != next.countdown_ms;
        self.effects.selectable |= held.self_select != next.self_select;
        self.effects.confined |= held.allow_return && !next.allow_return;
        if held.ends_at != next.ends_at || !self.state.timer.time_up && timer_moved {
            self.state.timer = TimerState::new(&next, self.now);
        }
        self.state.config.settings.breakouts = next.clone();
        let settings = Box::new(next);
        self.tell_if(
            changed,
            EventKind::BreakoutSettingsChanged {
                settings: settings.clone(),
            },
        );
        if announces {
            self.announce_listeners();
        }
        Ok(Outcome::BreakoutSettings { settings })
    }
}

fn patched(
    held: &BreakoutSettings,
    patch: &BreakoutSettingsPatch,
    now: UnixMillis,
) -> Result<BreakoutSettings, BreakoutError> {
    let ends_at = match patch.timer {
        None => held.ends_at,
        Some(TimerChange::Stop) => None,
        Some(TimerChange::EndAt(at)) => Some(at),
    };
    let countdown_ms = patch.countdown_ms.as_ref().unwrap_or(&held.countdown_ms);
    let next = BreakoutSettings {
        availability: patch.availability.unwrap_or(held.availability),
        parent_while_away: patch.parent_while_away.unwrap_or(held.parent_while_away),
        allow_return: patch.allow_return.unwrap_or(held.allow_return),
        self_select: patch.self_select.unwrap_or(held.self_select),
        allow_video: patch.allow_video.unwrap_or(held.allow_video),
        ends_at,
        grace_ms: patch.grace_ms.unwrap_or(held.grace_ms),
        countdown_ms: countdown_ms.clone(),
        announce_presence: patch.announce_presence.unwrap_or(held.announce_presence),
    };
    check_breakout_settings(&next)?;
    if matches!(patch.timer, Some(TimerChange::EndAt(_))) {
        check_end(&next, now)?;
    }
    Ok(next)
}

impl TimerState {
    /// Reminders of a timer that begins to run, without those whose moment has passed already.
    pub(crate) fn new(settings: &BreakoutSettings, now: UnixMillis) -> Self {
        Self {
            announced: settings.ends_at.map_or(0, |at| passed(settings, at, now)),
            time_up: false,
        }
    }
}

/// How many reminders of a countdown lie behind.
pub(super) fn passed(settings: &BreakoutSettings, ends_at: UnixMillis, now: UnixMillis) -> u8 {
    let remaining = ends_at.since(now);
    let countdown = settings.countdown_ms.iter();
    let passed = countdown.filter(|before| u64::from(**before) >= remaining);
    u8::try_from(passed.count()).unwrap_or(u8::MAX)
}

/// Refuses an end that has passed already.
pub(crate) fn check_end(settings: &BreakoutSettings, now: UnixMillis) -> Result<(), BreakoutError> {
    require(
        settings.ends_at.is_none_or(|at| at > now),
        BreakoutError::InvalidArgument("the end of the breakouts must lie in the future"),
    )
}

/// Refuses settings that a room cannot have.
pub(crate) fn check_settings(settings: &RoomSettings) -> Result<(), BreakoutError> {
    require(
        settings.max_active_talkers >= 3,
        BreakoutError::InvalidArgument("max_active_talkers must be 3 or more"),
    )?;
    require(
        (1..=bounds::BREAKOUTS).contains(&settings.max_breakouts),
        BreakoutError::InvalidArgument("max_breakouts must be 1 to 100"),
    )?;
    require(
        (1..=bounds::PARTICIPANTS).contains(&settings.max_participants),
        BreakoutError::InvalidArgument("max_participants must be 1 to 10000"),
    )?;
    require(
        settings.reconnect_grace_ms <= bounds::GRACE_MS,
        BreakoutError::InvalidArgument("reconnect_grace_ms must be at most a day"),
    )?;
    check_breakout_settings(&settings.breakouts)
}

fn check_breakout_settings(settings: &BreakoutSettings) -> Result<(), BreakoutError> {
    require(
        settings.grace_ms <= bounds::GRACE_MS,
        BreakoutError::InvalidArgument("grace_ms must be at most a day"),
    )?;
    require(
        settings.countdown_ms.len() <= bounds::COUNTDOWN,
        BreakoutError::InvalidArgument("a countdown has at most 10 entries"),
    )?;
    require(
        settings.countdown_ms.is_sorted_by(|one, next| one > next),
        BreakoutError::InvalidArgument(
            "a countdown goes from the longest time to the shortest, each of them once",
        ),
    )
}
