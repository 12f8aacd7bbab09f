//! A turn: applied in memory, then kept, then obeyed, and only then told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sideroom_control::{
    Actor, Applied, BreakoutError, Command, Event, EventKind, LeaveReason, Record, RequestId, Room,
    RoomView, UnixMillis, Viewer, hears,
};
use sideroom_route::{Epoch, ParticipantId, RoomId, RouteUpdate};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{Answer, CloseReason, CommandRequest, Joined, SharedEvent, WatchItem};

use super::ask::{Read, Reply, Ticket};
use super::control_loop::ControlLoop;
use super::watchers::WatcherId;
use crate::{clock, metrics};

/// How often the rules are asked again about a route: they are slow, milliseconds in a large room.
const AUDIT_EVERY: Duration = Duration::from_secs(1);

/// What a turn led to so far; nobody has been told.
pub(super) struct Turn {
    /// When.
    pub now: UnixMillis,
    /// What was done, in order.
    pub done: Vec<Done>,
    /// What is to be read at the end.
    pub reads: Vec<Read>,
    /// New rooms: they are kept before their first record.
    pub created: Vec<RoomId>,
}

/// One change of one room.
pub(super) struct Done {
    /// Which room.
    pub room: RoomId,
    /// Its record, if it is one for the journal.
    pub record: Option<Record>,
    /// What the workers have to change.
    pub update: Option<Arc<RouteUpdate>>,
    /// What happened, and who may know.
    pub events: Vec<(Event, Vec<WatcherId>)>,
    /// Who waits for it.
    pub finish: Finish,
}

/// Who waits, and for what.
pub(super) enum Finish {
    /// Nobody.
    Nobody,
    /// Whoever gave a command.
    Command(Reply<Answer>, Box<Answer>),
    /// Whoever made a room.
    Created(Reply<RoomView>),
    /// Whoever ended one.
    Deleted(Reply<()>),
    /// Whoever wants in.
    Ticket(Reply<Ticket>, Box<Ticket>),
    /// Whoever is in.
    Arrived(Reply<Joined>, Box<Joined>),
    /// Whoever changed its views.
    Views(Reply<()>),
}

/// A command for a room, from wherever it comes.
pub(super) struct Order {
    /// Who asks.
    pub actor: Actor,
    /// Which request.
    pub request_id: RequestId,
    /// At which epoch only.
    pub expected: Option<Epoch>,
    /// What.
    pub command: Command,
}

impl From<CommandRequest> for Order {
    fn from(request: CommandRequest) -> Self {
        Self {
            actor: request.actor,
            request_id: request.request_id,
            expected: request.expected_epoch,
            command: request.command,
        }
    }
}

impl Turn {
    /// A turn that begins.
    pub(super) fn new(now: UnixMillis) -> Self {
        Self {
            now,
            done: Vec::new(),
            reads: Vec::new(),
            created: Vec::new(),
        }
    }
}

impl ControlLoop {
    /// Gives a command to a room. What it led to waits in the turn until [`Self::finish`].
    pub(super) fn apply(
        &mut self,
        turn: &Turn,
        room: RoomId,
        order: Order,
    ) -> Result<Applied, ApiError> {
        let host = self.hosts.get_mut(&room).ok_or(ApiError::RoomNotFound)?;
        if host.broken {
            return Err(ApiError::StoreFailed);
        }
        let Order {
            actor,
            request_id,
            expected,
            command,
        } = order;
        let applied = match expected {
            None => host.room.apply(turn.now, actor, &request_id, command),
            Some(epoch) => host
                .room
                .apply_at(epoch, turn.now, actor, (&request_id, command)),
        };
        applied.map_err(|error| match error {
            BreakoutError::EpochMismatch { current } => ApiError::EpochMismatch { current },
            other => ApiError::Breakout(other),
        })
    }

    /// Puts what a command led to into the turn.
    pub(super) fn note(&mut self, turn: &mut Turn, room: RoomId, applied: Applied, finish: Finish) {
        let Some(host) = self.hosts.get_mut(&room) else {
            return;
        };
        if let Some(update) = &applied.update
            && self.audited.elapsed() >= AUDIT_EVERY
        {
            self.audited = clock::now();
            audit(&host.room, update);
        }
        let events = applied.events.into_iter().map(|event| {
            let who = host.watchers.who_may_see(&host.room, &event);
            (event, who)
        });
        turn.done.push(Done {
            room,
            record: applied.record,
            update: applied.update.map(Arc::new),
            events: events.collect(),
            finish,
        });
        self.reschedule(room);
    }

    /// Puts a change that is not for the journal into the turn.
    pub(super) fn note_volatile(
        &mut self,
        turn: &mut Turn,
        room: RoomId,
        update: Option<RouteUpdate>,
        finish: Finish,
    ) {
        let update = update.map(Arc::new);
        turn.done.push(Done {
            room,
            record: None,
            update,
            events: Vec::new(),
            finish,
        });
    }

    pub(super) fn reschedule(&mut self, room: RoomId) {
        let Some(host) = self.hosts.get_mut(&room) else {
            return;
        };
        if let Some(old) = host.deadline.take() {
            self.deadlines.remove(&(old, room));
        }
        host.deadline = host.room.next_deadline();
        if let Some(new) = host.deadline {
            self.deadlines.insert((new, room));
        }
    }

    /// Keeps, lets obey, tells.
    pub(super) async fn finish(&mut self, mut turn: Turn) {
        let failed = self.keep(&turn).await;
        if !failed.is_empty() {
            self.take_back(&mut turn, &failed).await;
        }
        let published = clock::now();
        let mut publishing = Vec::new();
        for done in &turn.done {
            if let Some(update) = &done.update {
                publishing.push(self.media.publish(Arc::clone(update)));
            }
        }
        let any = !publishing.is_empty();
        for one in publishing {
            one.applied().await;
        }
        if any {
            metrics::applied(published.elapsed());
        }
        for done in turn.done {
            self.tell(done);
        }
        for read in turn.reads {
            self.handle_read(read);
        }
    }

    /// Appends the turn's records to the journal; says which rooms' were not kept.
    async fn keep(&mut self, turn: &Turn) -> BTreeSet<RoomId> {
        let mut records: BTreeMap<RoomId, Vec<Record>> = BTreeMap::new();
        for done in &turn.done {
            if let Some(record) = &done.record {
                records.entry(done.room).or_default().push(record.clone());
            }
        }
        let mut committing = Vec::new();
        for room in &turn.created {
            if let Some(host) = self.hosts.get(room) {
                committing.push((
                    *room,
                    self.journal
                        .save_snapshot(*room, 0, host.made_by.as_ref(), &host.room),
                ));
            }
        }
        for (room, records) in &records {
            committing.push((*room, self.journal.append(*room, records)));
            let Some(host) = self.hosts.get_mut(room) else {
                continue;
            };
            host.unsaved += u32::try_from(records.len()).unwrap_or(u32::MAX);
            if host.unsaved >= self.options.snapshot_every {
                self.unsaved.insert(*room);
            }
        }
        let mut failed = BTreeSet::new();
        for (room, committed) in committing {
            if let Err(error) = committed.await {
                tracing::error!(%room, %error, "the journal could not be written");
                failed.insert(room);
            }
        }
        failed
    }

    /// What was not kept did not happen: the asker is told so, and the room is read again.
    async fn take_back(&mut self, turn: &mut Turn, failed: &BTreeSet<RoomId>) {
        let all = std::mem::take(&mut turn.done);
        for done in all {
            if failed.contains(&done.room) {
                done.finish.fail(ApiError::StoreFailed);
            } else {
                turn.done.push(done);
            }
        }
        for room in failed {
            if turn.created.contains(room) {
                self.forget(*room);
            } else {
                self.read_again(*room).await;
            }
        }
    }

    fn tell(&mut self, done: Done) {
        let room = done.room;
        if let Some(update) = &done.update {
            self.tell_slots(update);
        }
        let mut left = Vec::new();
        let mut closed = false;
        if let Some(host) = self.hosts.get_mut(&room) {
            for (event, who) in done.events {
                match &event.kind {
                    EventKind::ParticipantLeft {
                        participant,
                        reason,
                    } => {
                        left.push((*participant, *reason));
                    }
                    EventKind::RoomClosed => closed = true,
                    _ => {}
                }
                let shared = SharedEvent::new(event);
                for id in who {
                    host.watchers
                        .tell(id, WatchItem::Event(Arc::clone(&shared)));
                }
            }
        }
        let view = match &done.finish {
            Finish::Created(_) => self.view_of(room, Viewer::Operator),
            Finish::Arrived(_, joined) => {
                self.view_of(room, Viewer::Participant(joined.participant))
            }
            _ => None,
        };
        done.finish.succeed(view);
        for (participant, reason) in left {
            self.let_go(participant, reason);
        }
        if closed {
            self.end_room(room);
        }
    }

    /// Whoever left has no transport and no streams any more.
    fn let_go(&mut self, participant: ParticipantId, reason: LeaveReason) {
        self.media.disconnect(participant);
        let Some(host) = self.hosts.get_mut(&participant.room()) else {
            return;
        };
        let reason = match reason {
            LeaveReason::Left => CloseReason::Left,
            LeaveReason::Removed => CloseReason::Removed,
            LeaveReason::Banned => CloseReason::Banned,
            LeaveReason::Expired => CloseReason::ConnectionLost,
            LeaveReason::RoomClosed => CloseReason::RoomClosed,
        };
        host.watchers.close_participant(participant, reason);
        host.connections.remove(&participant);
        self.count_participants();
    }
}

/// Asks the rules about one of the routes that an update opens: what was planned step by step must agree
/// with them. A disagreement is a bug of ours that an operator must learn of.
fn audit(room: &Room, update: &RouteUpdate) {
    let open = update.routes.iter().filter_map(|change| {
        let route = change.route.filter(|route| route.gate.is_open())?;
        Some((change.subscriber, route.track))
    });
    let open: Vec<_> = open.collect();
    let any = usize::try_from(update.epoch.0).unwrap_or(0);
    let Some((subscriber, track)) = open.get(any % open.len().max(1)).copied() else {
        return;
    };
    if !hears(room, subscriber, track) {
        tracing::error!(%subscriber, %track, epoch = %update.epoch, "a route against the rules");
        metrics::isolation_violated();
    }
}

impl Finish {
    /// Tells that it did not happen.
    pub(super) fn fail(self, error: ApiError) {
        // Whoever asked may be gone.
        match self {
            Self::Nobody => {}
            Self::Command(reply, _) => drop(reply.send(Err(error))),
            Self::Created(reply) => drop(reply.send(Err(error))),
            Self::Deleted(reply) | Self::Views(reply) => drop(reply.send(Err(error))),
            Self::Ticket(reply, _) => drop(reply.send(Err(error))),
            Self::Arrived(reply, _) => drop(reply.send(Err(error))),
        }
    }

    fn succeed(self, view: Option<RoomView>) {
        match self {
            Self::Nobody => {}
            Self::Command(reply, answer) => drop(reply.send(Ok(*answer))),
            Self::Created(reply) => drop(reply.send(view.ok_or(ApiError::Internal))),
            Self::Deleted(reply) | Self::Views(reply) => drop(reply.send(Ok(()))),
            Self::Ticket(reply, ticket) => drop(reply.send(Ok(*ticket))),
            Self::Arrived(reply, mut joined) => {
                let answer = view.map(|view| {
                    joined.room = view;
                    *joined
                });
                drop(reply.send(answer.ok_or(ApiError::ParticipantNotFound)));
            }
        }
    }
}
