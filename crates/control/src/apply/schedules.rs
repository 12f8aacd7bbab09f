//! Commands that are carried out later (rule 24).

use crate::command_run::CommandRun;
use crate::rights;
use crate::schedule::can_be_scheduled;
use crate::state::{State, require};
use crate::{
    Actor, BreakoutError, Command, EventKind, IfLate, Outcome, Power, Schedule, ScheduleEnd,
    ScheduleId, ScheduleView, Subject, Timer, UnixMillis, bounds,
};

impl State {
    /// The first scheduled command, and its moment.
    pub(super) fn next_schedule(&self) -> Option<(UnixMillis, Timer)> {
        let all = self.schedules.iter();
        let moments = all.map(|(id, it)| (it.at, Timer::Schedule(*id)));
        moments.min()
    }
}

impl CommandRun<'_> {
    pub(super) fn schedule(
        &mut self,
        at: UnixMillis,
        if_late: IfLate,
        command: &Command,
    ) -> Result<Outcome, BreakoutError> {
        require(
            can_be_scheduled(command),
            BreakoutError::ScheduleFailed("only commands on breakouts have a time, and no texts"),
        )?;
        self.check_moment(at, if_late)?;
        self.check_author(command)?;
        let all = self.state.schedules.len();
        let own = self
            .state
            .schedules
            .values()
            .filter(|it| it.by == self.actor);
        let most = match self.state.is_moderator(self.actor) {
            true => bounds::SCHEDULES,
            false => bounds::SCHEDULES_OF_PERSON,
        };
        require(
            all < bounds::SCHEDULES && own.count() < most,
            BreakoutError::ScheduleFailed("too many commands wait already; cancel one"),
        )?;
        let id = ScheduleId(self.state.next_schedule + 1);
        self.state.next_schedule += 1;
        let schedule = Schedule {
            at,
            if_late,
            by: self.actor,
            command: command.clone(),
        };
        Ok(self.keep_schedule(id, schedule))
    }

    /// The author has the power for it now. That a breakout is not there yet is no hindrance for a moderator.
    fn check_author(&self, command: &Command) -> Result<(), BreakoutError> {
        match rights::check(self.state, self.actor, command) {
            Err(BreakoutError::NotFound(Subject::Breakout))
                if self.state.is_moderator(self.actor) =>
            {
                require(
                    self.state.has_power(self.actor, Power::CreateBreakouts),
                    BreakoutError::NotModerator,
                )
            }
            checked => checked,
        }
    }

    fn check_moment(&self, at: UnixMillis, if_late: IfLate) -> Result<(), BreakoutError> {
        require(
            at > self.now && at.since(self.now) <= bounds::SCHEDULE_AHEAD_MS,
            BreakoutError::ScheduleFailed("the time lies in the future, and within a year"),
        )?;
        let long_enough = match if_late {
            IfLate::Always => true,
            IfLate::Within(ms) => ms >= bounds::LATE_MS,
        };
        require(
            long_enough,
            BreakoutError::ScheduleFailed("it may be at least a second late"),
        )
    }

    fn keep_schedule(&mut self, id: ScheduleId, schedule: Schedule) -> Outcome {
        let view = Box::new(schedule.view(id));
        let before = self.state.schedules.insert(id, schedule.clone());
        if before != Some(schedule) {
            self.tell(EventKind::Scheduled {
                schedule: view.clone(),
            });
        }
        Outcome::Scheduled { schedule: view }
    }

    pub(super) fn change_schedule(
        &mut self,
        id: ScheduleId,
        at: Option<UnixMillis>,
        if_late: Option<IfLate>,
    ) -> Result<Outcome, BreakoutError> {
        let held = self.state.schedule(id)?;
        let mut next = held.clone();
        next.at = at.unwrap_or(held.at);
        next.if_late = if_late.unwrap_or(held.if_late);
        self.check_moment(next.at, next.if_late)?;
        Ok(self.keep_schedule(id, next))
    }

    pub(super) fn cancel_schedule(&mut self, id: ScheduleId) -> Result<Outcome, BreakoutError> {
        let view = self.state.schedule(id)?.view(id);
        self.state.schedules.remove(&id);
        self.tell(EventKind::ScheduleEnded {
            schedule: Box::new(view),
            end: ScheduleEnd::Cancelled,
        });
        Ok(Outcome::Done)
    }

    /// The time of a scheduled command has come: it is carried out by the rules of now, or those whom it
    /// concerns learn why not.
    pub(super) fn run_schedule(&mut self, id: ScheduleId) -> Result<Outcome, BreakoutError> {
        let held = self.state.schedule(id)?.clone();
        require(
            held.at <= self.now,
            BreakoutError::InvalidArgument("it is not due"),
        )?;
        self.state.schedules.remove(&id);
        let view = Box::new(held.view(id));
        if !held.is_in_time(self.now) {
            let error = BreakoutError::ScheduleFailed("its time passed while the server was away");
            self.tell_failure(view, &error);
            return Ok(Outcome::Done);
        }
        let author = self.author_of(&held);
        let caller = std::mem::replace(&mut self.actor, author);
        let told = std::mem::take(&mut self.effects);
        let done = super::run(self, &held.command);
        match done {
            Ok(outcome) => {
                self.effects.author = Some(author);
                let end = ScheduleEnd::Done;
                let schedule = view;
                self.tell(EventKind::ScheduleEnded { schedule, end });
                Ok(outcome)
            }
            Err(error) => {
                (self.actor, self.effects) = (caller, told);
                self.tell_failure(view, &error);
                Ok(Outcome::Done)
            }
        }
    }

    fn tell_failure(&mut self, schedule: Box<ScheduleView>, error: &BreakoutError) {
        self.tell(EventKind::ScheduleFailed {
            schedule,
            error: error.name().to_owned(),
            message: error.to_string(),
        });
    }

    /// The author, or if they have left, the moderator whom their breakouts would pass to.
    fn author_of(&self, schedule: &Schedule) -> Actor {
        match schedule.by {
            Actor::Participant(id) if !self.state.participants.contains_key(&id) => {
                self.heir_of(id).map_or(schedule.by, Actor::Participant)
            }
            by => by,
        }
    }
}

impl State {
    pub(crate) fn schedule(&self, id: ScheduleId) -> Result<&Schedule, BreakoutError> {
        let held = self.schedules.get(&id);
        held.ok_or(BreakoutError::NotFound(Subject::Schedule))
    }
}
