//! Timers: the countdown, the end of the breakouts (rule 13), and places whose grace period is over (rule 14).

use sideroom_route::{BreakoutId, ParticipantId};

use super::rooms::passed;
use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::state::{State, require};
use crate::{
    BreakoutError, EventKind, InvitationEnd, LeaveReason, MoveCause, Outcome, Timer, UnixMillis,
};

impl State {
    /// The next timer, and its moment.
    pub(crate) fn next_timer(&self) -> Option<(UnixMillis, Timer)> {
        let expiry = self.expiries.first();
        let expiry = expiry.map(|(until, participant)| (*until, Timer::Expire(*participant)));
        [expiry, self.next_calendar_timer()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next timer at a moment of the calendar that somebody has named: all but the grace periods of
    /// dropped connections, which are spans.
    pub(crate) fn next_calendar_timer(&self) -> Option<(UnixMillis, Timer)> {
        let knocks = self.knocks.iter();
        let knocks = knocks.map(|((at, who), until)| (*until, Timer::Knock(*at, *who)));
        let intercoms = self.addressing.iter();
        let intercoms = intercoms.filter_map(|(id, it)| Some((it.until?, Timer::Intercom(*id))));
        let single = [
            self.next_breakout_timer(),
            self.next_schedule(),
            self.next_rotation(),
        ];
        let single = single.into_iter().flatten();
        let ends = self.breakouts.iter();
        let ends = ends.filter_map(|(id, it)| Some((it.ends_at?, Timer::BreakoutEnd(*id))));
        single.chain(knocks).chain(intercoms).chain(ends).min()
    }

    fn next_breakout_timer(&self) -> Option<(UnixMillis, Timer)> {
        let settings = &self.settings().breakouts;
        let ends_at = settings.ends_at?;
        if self.timer.time_up {
            return Some((ends_at + u64::from(settings.grace_ms), Timer::End));
        }
        let reminder = settings.countdown_ms.get(usize::from(self.timer.announced));
        match reminder {
            Some(before) => {
                let at = UnixMillis(ends_at.0.saturating_sub(u64::from(*before)));
                Some((at, Timer::Countdown))
            }
            None => Some((ends_at, Timer::TimeUp)),
        }
    }
}

impl CommandRun<'_> {
    pub(super) fn run_timer(&mut self, timer: Timer) -> Result<Outcome, BreakoutError> {
        match timer {
            Timer::Expire(participant) => self.expire(participant),
            Timer::Knock(breakout, participant) => self.expire_knock(breakout, participant),
            Timer::Intercom(speaker) => self.expire_intercom(speaker),
            Timer::Schedule(schedule) => self.run_schedule(schedule),
            Timer::Rotation => self.run_rotation(),
            Timer::BreakoutEnd(breakout) => self.end_breakout(breakout),
            Timer::Countdown | Timer::TimeUp | Timer::End => {
                let due = self.state.next_breakout_timer();
                let is_due = due.is_some_and(|(at, what)| what == timer && at <= self.now);
                require(is_due, BreakoutError::InvalidArgument("it is not due"))?;
                Ok(self.run_breakout_timer(timer))
            }
        }
    }

    fn expire_intercom(&mut self, speaker: ParticipantId) -> Result<Outcome, BreakoutError> {
        let held = self.state.addressing.get(&speaker);
        let until = held.and_then(|it| it.until);
        require(
            until.is_some_and(|until| until <= self.now),
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        self.stop_addressing(speaker);
        Ok(Outcome::Done)
    }

    fn expire(&mut self, participant: ParticipantId) -> Result<Outcome, BreakoutError> {
        let until = self.state.participant(participant)?.dropped;
        require(
            until.is_some_and(|until| until <= self.now),
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        self.remove(participant, LeaveReason::Expired);
        Ok(Outcome::Done)
    }

    fn run_breakout_timer(&mut self, timer: Timer) -> Outcome {
        let settings = &self.state.settings().breakouts;
        let Some(ends_at) = settings.ends_at else {
            return Outcome::Done;
        };
        let grace_until = ends_at + u64::from(settings.grace_ms);
        match timer {
            Timer::Countdown => {
                let outlives = self.replays_older_than(Rules::Waiting);
                // After a pause of the node several are due: one says how much time is left.
                let passed = passed(settings, ends_at, self.now);
                self.state.timer.announced = if outlives {
                    self.state.timer.announced.saturating_add(1)
                } else {
                    passed
                };
                let remaining_ms = ends_at.since(self.now);
                let event = EventKind::Countdown {
                    remaining_ms,
                    ends_at,
                };
                self.tell_if(remaining_ms > 0 || outlives, event);
                Outcome::Done
            }
            Timer::TimeUp => {
                self.state.timer.time_up = true;
                self.tell(EventKind::TimeUp { grace_until });
                Outcome::Done
            }
            Timer::End
            | Timer::Expire(_)
            | Timer::Knock(..)
            | Timer::Intercom(_)
            | Timer::Schedule(_)
            | Timer::Rotation
            | Timer::BreakoutEnd(_) => self.end_breakouts(),
        }
    }

    /// The timer of one breakout is over.
    fn end_breakout(&mut self, id: BreakoutId) -> Result<Outcome, BreakoutError> {
        let ends_at = self.state.breakout(id)?.ends_at;
        require(
            ends_at.is_some_and(|at| at <= self.now),
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        let before = self.is_any_open();
        self.shut(&[id], MoveCause::TimeUp);
        // It may have been closed already.
        if let Some(breakout) = self.state.breakouts.get_mut(&id)
            && breakout.ends_at.take().is_some()
        {
            self.effects.changed.insert(id);
            self.effects.announced.insert(id);
        }
        self.end_all_invitations(&[id], InvitationEnd::Expired);
        if before && !self.is_any_open() {
            self.end_round();
        }
        Ok(self.moved_breakouts(vec![id]))
    }

    fn end_breakouts(&mut self) -> Outcome {
        let all: Vec<_> = self.state.breakouts.keys().copied().collect();
        self.stop_timer();
        self.shut(&all, MoveCause::TimeUp);
        self.end_all_invitations(&all, InvitationEnd::Expired);
        self.moved_breakouts(all)
    }

    /// No breakout is open any more: the timer stops with the round.
    pub(super) fn end_round(&mut self) {
        // In the format before this one it ran on.
        if !self.replays_older_than(Rules::Waiting) {
            self.stop_timer();
        }
    }

    fn stop_timer(&mut self) {
        self.state.timer = crate::state::TimerState::default();
        let settings = &mut self.state.config.settings.breakouts;
        if settings.ends_at.take().is_some() {
            let settings = Box::new(settings.clone());
            self.tell(EventKind::BreakoutSettingsChanged { settings });
        }
    }
}
