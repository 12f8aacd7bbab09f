//! One command, from its request to its record: look for an earlier answer, decide, plan, tell, write down.

use std::collections::BTreeSet;
use std::sync::Arc;

use sideroom_route::{Epoch, ParticipantId, RouteUpdate};

use crate::change::{Change, ScalarsBefore};
use crate::command_run::{CommandRun, Effects};
use crate::event_delivery::Cause;
use crate::journal::{Chain, digest_of};
use crate::layout::in_layout;
use crate::memory::Answer;
use crate::old::Rules;
use crate::planner::{Delta, Planner, route_tracks};
use crate::room::{Expected, Room};
use crate::state::require;
use crate::{
    Actor, Applied, BreakoutError, Command, Digest, Event, Outcome, Record, ReplayError, Request,
    UnixMillis, apply, bounds,
};

/// Under which conditions a command is applied.
pub(crate) enum Mode {
    /// A new command.
    Live,
    /// If the room is still as the caller has seen it.
    Expecting(Expected),
    /// From a journal of an older format: it led to this epoch, and to this place in the chain.
    Old(Rules, Epoch, Chain),
}

impl Room {
    pub(crate) fn run(&mut self, request: Request, mode: &Mode) -> Result<Applied, BreakoutError> {
        let old = match mode {
            Mode::Old(rules, ..) => Some(*rules),
            Mode::Live | Mode::Expecting(_) => None,
        };
        // The node never repeats a request of its own, so answers to the system are not remembered.
        let remembered = old.is_none() && request.actor != Actor::System;
        let body = remembered.then(|| digest_of(&request.command));
        if remembered
            && let Some(answer) = self.memory.requests.answer_to(request.actor, &request.id)
        {
            return repeat(answer, body, &request.command);
        }
        self.check_expected(mode)?;
        let now = self.moment(request.now);
        let (outcome, mut effects, before) = self.decide(&request, now, old)?;
        let update = self.advance(&effects.touched, effects.everyone);
        if let Mode::Old(_, epoch, _) = mode {
            self.epoch = *epoch;
        }
        let due = match request.command {
            Command::Timer(timer) => Some(timer),
            _ => None,
        };
        let cause = Cause {
            now,
            actor: request.actor,
            request_id: &request.id,
            by_timer: due.is_some(),
        };
        self.note_standings(&effects);
        let changes = self.state.take_changes(&before, effects.rounds);
        if !changes.is_empty() {
            self.state.version = self.epoch.0.max(self.state.version + 1);
            self.state.version_epoch = self.epoch;
        }
        let events = self.number_events(&cause, &effects);
        self.memory.events.keep(&events);
        self.note_moves(&cause, &effects);
        let record = if let Mode::Old(_, _, chain) = mode {
            self.state.follow(now, *chain);
            self.remember(&cause, None, &outcome);
            None
        } else {
            if remembered {
                self.remember(&cause, body, &outcome);
            }
            effects.keep_for_journal();
            let made = (outcome.clone(), changes, effects);
            Some(self.record(&cause, (request.command.name(), body), made))
        };
        Ok(Applied {
            outcome,
            events,
            update,
            epoch: self.epoch,
            version: self.state.version,
            seq: self.seq(),
            record,
            repeated: false,
            due,
        })
    }

    /// The moment of a command. The room's time does not run backwards, unless a calendar that was far ahead is
    /// set right.
    fn moment(&self, now: UnixMillis) -> UnixMillis {
        let seen = self.state.seen;
        match seen.since(now) > bounds::STEP_BACK_MS {
            true => now,
            false => now.max(seen),
        }
    }

    /// Does what is asked to the state and its tracks, or changes nothing.
    fn decide(
        &mut self,
        request: &Request,
        now: UnixMillis,
        replays: Option<Rules>,
    ) -> Result<(Outcome, Effects, ScalarsBefore), BreakoutError> {
        let before = ScalarsBefore::of(&self.state);
        let mut turn = CommandRun {
            state: &mut self.state,
            now,
            actor: request.actor,
            replays,
            effects: Effects::default(),
        };
        let outcome = apply::run(&mut turn, &request.command);
        let effects = turn.effects;
        match outcome {
            Err(error) => {
                self.state.forget_changes();
                Err(error)
            }
            Ok(outcome) => {
                self.forget_absent(&effects);
                route_tracks(&mut self.state, &effects.touched, self.epoch.next());
                Ok((outcome, effects, before))
            }
        }
    }

    /// Whether the room is still as the caller has seen it.
    fn check_expected(&self, mode: &Mode) -> Result<(), BreakoutError> {
        let version = self.state.version;
        match mode {
            Mode::Expecting(Expected::Version(seen)) if *seen != version => {
                Err(BreakoutError::VersionMismatch { current: version })
            }
            Mode::Expecting(Expected::Epoch(seen)) => {
                // A version is never below its epoch, so an epoch from before it is no version.
                let same = (self.state.version_epoch..=self.epoch).contains(seen);
                let current = self.epoch;
                let fresh = same || seen.0 == version;
                require(fresh, BreakoutError::EpochMismatch { current })
            }
            Mode::Live | Mode::Old(..) | Mode::Expecting(Expected::Version(_)) => Ok(()),
        }
    }

    fn remember(&mut self, cause: &Cause<'_>, body: Option<Digest>, outcome: &Outcome) {
        let answer = Answer {
            body,
            outcome: outcome.clone(),
            epoch: self.epoch,
            version: self.state.version,
            seq: self.seq(),
        };
        let requests = &mut self.memory.requests;
        requests.remember(cause.now, cause.actor, cause.request_id, answer);
    }

    /// The next link of the journal.
    fn record(
        &mut self,
        cause: &Cause<'_>,
        (command, body): (&str, Option<Digest>),
        (outcome, changes, effects): (Outcome, Vec<Change>, Effects),
    ) -> Record {
        let mut record = Record {
            version: Record::VERSION,
            room: self.id(),
            seq: self.state.chain.seq + 1,
            epoch: self.epoch,
            state_version: self.state.version,
            last_event: self.seq(),
            now: cause.now,
            actor: cause.actor,
            request_id: cause.request_id.clone(),
            command: command.to_owned(),
            body,
            outcome,
            changes,
            effects,
            prev_hash: self.state.chain.hash,
            hash: Digest::default(),
        };
        record.hash = record.computed_hash();
        let chain = Chain {
            seq: record.seq,
            hash: record.hash,
        };
        self.state.follow(cause.now, chain);
        record
    }

    /// Does what a record says, the next in the chain. The table is not made anew: [`Room::rebuild`] does that
    /// once all records are read.
    pub(crate) fn follow(&mut self, record: &Record) -> Result<Vec<Arc<Event>>, ReplayError> {
        let chain = self.state.chain.check(self.id(), record)?;
        for change in &record.changes {
            self.state.make(change);
        }
        self.state.forget_changes();
        self.epoch = record.epoch;
        if self.state.version != record.state_version {
            self.state.version = record.state_version;
            self.state.version_epoch = record.epoch;
        }
        let cause = Cause {
            now: record.now,
            actor: record.actor,
            request_id: &record.request_id,
            by_timer: record.command == Command::TIMER,
        };
        let events = self.number_events(&cause, &record.effects);
        let wanted = record.last_event.checked_sub(self.seq());
        // Texts are missing, or another version of this server has told it in other events.
        if wanted == Some(events.len() as u64) {
            self.memory.events.keep(&events);
        } else {
            self.memory.events.lose(record.last_event);
        }
        self.note_moves(&cause, &record.effects);
        if record.body.is_some() {
            self.remember(&cause, record.body, &record.outcome);
        }
        self.state.follow(record.now, chain);
        Ok(events)
    }

    pub(crate) fn replan(&mut self, touched: &BTreeSet<ParticipantId>) -> Option<RouteUpdate> {
        self.advance(touched, false)
    }

    /// Lets the table follow the state: one step of the epoch, if anything is different.
    fn advance(
        &mut self,
        touched: &BTreeSet<ParticipantId>,
        everyone: bool,
    ) -> Option<RouteUpdate> {
        let delta: Delta = self
            .planner
            .update(&self.state, &self.volatile, touched, everyone);
        if delta.is_empty() {
            return None;
        }
        let after = self.epoch;
        self.epoch = after.next();
        Some(RouteUpdate {
            room: self.id(),
            after,
            epoch: self.epoch,
            max_active_talkers: delta.max_active_talkers,
            tracks: delta.tracks,
            routes: delta.routes,
        })
    }

    /// Makes the table of a room that has none yet.
    pub(crate) fn rebuild(&mut self) {
        self.planner = Planner::default();
        let everybody: BTreeSet<ParticipantId> = self.state.participants.keys().copied().collect();
        self.planner
            .update(&self.state, &self.volatile, &everybody, true);
    }
}

fn repeat(
    answer: &Answer,
    body: Option<Digest>,
    command: &Command,
) -> Result<Applied, BreakoutError> {
    // An answer from before the layout of today has the digest of its own.
    let earlier = || in_layout(Record::EARLIEST, || digest_of(command));
    let same = answer.body.is_none() || answer.body == body || answer.body == Some(earlier());
    if !same {
        return Err(BreakoutError::InvalidArgument(
            "this request id was used for another command",
        ));
    }
    let outcome: Outcome = answer.outcome.clone();
    Ok(Applied {
        outcome,
        events: Vec::new(),
        update: None,
        epoch: answer.epoch,
        version: answer.version,
        seq: answer.seq,
        record: None,
        repeated: true,
        due: None,
    })
}
