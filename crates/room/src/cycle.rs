//! One cycle: apply in memory → commit → publish and wait → react.

use std::sync::Arc;

use sideroom_control::{Actor, Applied, BreakoutError, Command, Event, EventKind, Record};
use sideroom_route::{RouteUpdate, Time};

use crate::action::{Action, CommitId};
use crate::machine::{RoomMachine, Stage, bounds};
use crate::now::Now;
use crate::reaction::Reaction;
use crate::request::{Order, Refusal, Request, Response, Token};
use crate::watchers::WatcherId;

/// The changes of one cycle. They stay inside the room until they are committed.
#[derive(Debug)]
pub(crate) struct Batch {
    pub id: CommitId,
    /// When it was applied: the calendar may jump before the reaction.
    pub applied_at: Now,
    pub changes: Vec<Change>,
    pub reads: Vec<Token>,
    records: Vec<Record>,
    recorded: u32,
    create: bool,
    pub ends: bool,
    /// The workers get the whole table, and watchers what they missed.
    pub reloads: bool,
}

/// One change of the room, and what follows from it.
#[derive(Debug)]
pub(crate) struct Change {
    pub update: Option<Arc<RouteUpdate>>,
    pub events: Vec<(Arc<Event>, Vec<WatcherId>)>,
    pub reaction: Reaction,
}

impl Batch {
    pub(crate) fn new(id: CommitId, applied_at: Now) -> Self {
        Self {
            id,
            applied_at,
            changes: Vec::new(),
            reads: Vec::new(),
            records: Vec::new(),
            recorded: 0,
            create: false,
            ends: false,
            reloads: false,
        }
    }

    /// The room is new: nothing of it is stored yet.
    pub(crate) fn is_creation(&self) -> bool {
        self.create
    }

    /// Something to be done at the end, that changes nothing.
    pub(crate) fn react(&mut self, reaction: Reaction) {
        self.update(None, reaction);
    }

    /// A change that is not for the journal.
    pub(crate) fn update(&mut self, update: Option<RouteUpdate>, reaction: Reaction) {
        self.changes.push(Change {
            update: update.map(Arc::new),
            events: Vec::new(),
            reaction,
        });
    }
}

impl RoomMachine {
    /// Applies what waits, if nothing is under way.
    pub(crate) fn begin_cycle(&mut self) {
        if !matches!(self.stage, Stage::Idle) {
            return self.stop_if_suspended();
        }
        if self.next_duty() > self.now.at {
            return self.stop_if_idle();
        }
        let mut batch = Batch::new(self.next_commit(), self.now);
        self.apply_losses(&mut batch);
        self.apply_arrivals(&mut batch);
        self.undo_offers(&mut batch);
        self.apply_talkers(&mut batch);
        self.apply_timers(&mut batch);
        self.apply_requests(&mut batch);
        self.apply_empty_timeout(&mut batch);
        self.commit(batch);
    }

    fn apply_requests(&mut self, batch: &mut Batch) {
        for _ in 0..bounds::BATCH {
            let Some((token, request)) = self.queue.pop_front() else {
                return;
            };
            match request {
                Request::Create(asked) => {
                    self.apply_create(batch, token, &asked);
                    if batch.create {
                        // The first snapshot is of a room without records.
                        return;
                    }
                }
                Request::Command(order) => self.apply_order(batch, token, order, answer),
                Request::Close(order) => {
                    self.apply_order(batch, token, order, |_| Response::Closed);
                }
                Request::Join(ask) => self.apply_join(batch, token, *ask),
                Request::Reoffer(reoffer) => self.apply_reoffer(batch, token, *reoffer),
                Request::SetViews(participant, views) => {
                    self.apply_views(batch, token, participant, *views);
                }
                Request::Read => batch.reads.push(token),
            }
        }
    }

    fn apply_create(&mut self, batch: &mut Batch, token: Token, asked: &crate::Asked) {
        if !self.loaded {
            self.loaded = true;
            batch.create = true;
            return batch.react(Reaction::Reply(token, Response::Created));
        }
        let first = self.made_by.as_ref();
        batch.react(match first.filter(|first| first.id == asked.id) {
            None => Reaction::Refuse(token, Refusal::Exists),
            Some(first) if first.body == asked.body => Reaction::Reply(token, Response::Created),
            Some(_) => Reaction::Refuse(token, other_command().into()),
        });
    }

    fn apply_order(
        &mut self,
        batch: &mut Batch,
        token: Token,
        order: Order,
        respond: impl FnOnce(&Applied) -> Response,
    ) {
        match self.apply(order) {
            Err(refusal) => batch.react(Reaction::Refuse(token, refusal)),
            Ok(applied) => {
                let reply = Reaction::Reply(token, respond(&applied));
                self.note(batch, applied, reply);
            }
        }
    }

    /// Applies a command of a caller.
    pub(crate) fn apply(&mut self, order: Order) -> Result<Applied, Refusal> {
        let room = self.room.as_mut().ok_or(Refusal::Store)?;
        let (now, id) = (self.now.wall, &order.request_id);
        let applied = match order.expected {
            None => room.apply(now, order.actor, id, order.command),
            Some(seen) => room.apply_at(seen, now, order.actor, (id, order.command)),
        };
        applied.map_err(Refusal::Rule)
    }

    /// Applies a command of the server.
    pub(crate) fn apply_own(&mut self, actor: Actor, command: Command) -> Result<Applied, Refusal> {
        let request_id = self.next_request();
        self.apply(Order {
            actor,
            request_id,
            expected: None,
            command,
        })
    }

    /// Notes what a command led to. Who may know of an event is judged by the room as it is right then.
    pub(crate) fn note(&mut self, batch: &mut Batch, applied: Applied, reaction: Reaction) {
        let Some(room) = &self.room else { return };
        let watchers = &self.watchers;
        let events = applied.events.into_iter().map(|event| {
            batch.ends |= matches!(event.kind, EventKind::RoomClosed);
            let who = watchers.who_may_see(room, &event);
            (event, who)
        });
        let events = events.collect();
        batch.recorded += u32::from(applied.record.is_some());
        batch.records.extend(applied.record);
        batch.changes.push(Change {
            update: applied.update.map(Arc::new),
            events,
            reaction,
        });
    }

    pub(crate) fn commit(&mut self, mut batch: Batch) {
        if batch.records.is_empty() && !batch.create && !batch.ends {
            return self.publish(batch);
        }
        self.actions.push_back(Action::Commit {
            id: batch.id,
            create: batch.create,
            records: std::mem::take(&mut batch.records),
            events: self.outgoing(&batch),
            ends: batch.ends,
        });
        self.stage = Stage::Committing(batch, self.now.at + bounds::COMMIT_WAIT);
    }

    fn outgoing(&self, batch: &Batch) -> Vec<Arc<Event>> {
        if !self.options.keeps_events {
            return Vec::new();
        }
        let all = batch.changes.iter().flat_map(|change| &change.events);
        let kept = all.map(|(event, _)| event);
        kept.filter(|event| !event.kind.is_text())
            .cloned()
            .collect()
    }

    /// Handles the result of a commit. The result of an abandoned commit is ignored.
    pub fn handle_committed(&mut self, now: crate::Now, id: CommitId, stored: bool) {
        self.now = now;
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        match stage {
            Stage::Committing(batch, _) if batch.id == id && stored => {
                self.backoff.succeed();
                self.unsaved = self.unsaved.saturating_add(batch.recorded);
                self.publish(batch);
            }
            Stage::Committing(batch, _) if batch.id == id => self.suspend(batch, &Refusal::Store),
            other => self.stage = other,
        }
    }

    pub(crate) fn give_up_commit(&mut self) {
        if let Stage::Committing(batch, _) = std::mem::replace(&mut self.stage, Stage::Idle) {
            self.suspend(batch, &Refusal::Store);
        }
    }

    fn publish(&mut self, batch: Batch) {
        let updates = batch
            .changes
            .iter()
            .filter_map(|change| change.update.clone());
        let updates: Vec<_> = updates.collect();
        if updates.is_empty() {
            return self.react(batch);
        }
        self.actions.push_back(Action::Publish(batch.id, updates));
        self.stage = Stage::Publishing(batch, self.now.at + bounds::PUBLISH_WAIT);
    }

    /// Every worker concerned has applied a publication, or is fenced.
    pub fn handle_published(&mut self, now: crate::Now, id: CommitId) {
        self.now = now;
        if matches!(&self.stage, Stage::Publishing(batch, _) if batch.id == id) {
            self.finish_publishing();
        }
    }

    pub(crate) fn finish_publishing(&mut self) {
        if let Stage::Publishing(batch, _) = std::mem::replace(&mut self.stage, Stage::Idle) {
            self.react(batch);
        }
    }

    /// When the next cycle has something to do: now, later or never.
    pub(crate) fn next_duty(&self) -> Time {
        if !self.queue.is_empty() || !self.duties.is_empty() {
            return self.now.at;
        }
        let save = match self.unsaved >= self.options.snapshot_every {
            true => self.save_after,
            false => Time::NEVER,
        };
        let wall = self.wall.next();
        self.next_timer()
            .min(self.empty_deadline())
            .min(save)
            .min(wall)
    }
}

/// The reply to a command.
fn answer(applied: &Applied) -> Response {
    Response::Answer {
        outcome: applied.outcome.clone(),
        epoch: applied.epoch,
        version: applied.version,
        seq: applied.seq,
        repeated: applied.repeated,
    }
}

/// A request id that has come before with something else.
pub(crate) fn other_command() -> BreakoutError {
    BreakoutError::InvalidArgument("this request id was used for another command")
}
