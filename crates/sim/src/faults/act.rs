//! Carries out the actions of a room's machine, as the server's task for a room does.

use std::time::Duration;

use sideroom_control::{Event, EventKind, LeaveReason, Room};
use sideroom_room::{Action, CommitId, Lifecycle, LoadFailure, Loaded, Refusal, Response, Token};
use sideroom_route::{Epoch, ParticipantId, Time};

use super::callers::Receipt;
use super::plane::{Making, Order};
use super::store::{Pending, ReadRoom, StoreJob};
use super::world::{FaultWorld, Happening};
use super::{Plant, bounds};
use crate::step::{Violation, ensure};

impl FaultWorld {
    /// Does what a room wants done, until it waits.
    pub(super) fn drain(&mut self, slot: usize) -> Result<(), Violation> {
        while let Some(action) = self.next_action(slot) {
            self.carry_out(slot, action)?;
        }
        self.look_at(slot)
    }

    fn next_action(&mut self, slot: usize) -> Option<Action> {
        let now = self.now();
        let host = self.hosts.get_mut(slot)?;
        if let Some(left) = host.panics_after {
            host.panics_after = left.checked_sub(1);
            if left == 0 {
                self.panic_room(slot);
            }
        }
        let host = self.hosts.get_mut(slot)?;
        let machine = host.machine.as_mut()?;
        let action = machine.poll_action();
        if action.is_none() && machine.lifecycle() == Lifecycle::Ended {
            host.begin_anew(now.at, host.id, None);
            self.callers.forget(slot);
        }
        action
    }

    /// The task of the room panics and is supervised.
    fn panic_room(&mut self, slot: usize) {
        self.report.panics += 1;
        for token in self.callers.waiting(slot) {
            self.callers.given_up.insert(token);
            self.answer(token, Err(Refusal::Internal));
        }
        let now = self.now();
        let Some(host) = self.hosts.get_mut(slot) else {
            return;
        };
        host.panics_after = None;
        host.publishing = None;
        host.touched = host.touched.max(now.at);
        if let Some(machine) = &mut host.machine {
            machine.handle_panic(now);
        }
    }

    fn carry_out(&mut self, slot: usize, action: Action) -> Result<(), Violation> {
        match action {
            Action::Load(id) => {
                self.count_wake(slot)?;
                self.ask_store(slot, id, StoreJob::Load);
            }
            Action::Commit {
                id,
                create,
                records,
                ends,
                ..
            } => {
                let create = create.then(|| self.first_snapshot(slot)).flatten();
                let job = StoreJob::Commit {
                    create,
                    records,
                    ends,
                };
                self.commit(slot, id, job);
            }
            Action::Save => self.save(slot),
            Action::Remove => self.ask_store(slot, CommitId(0), StoreJob::Remove),
            Action::Publish(id, updates) => {
                let epoch = updates.last().map_or(Epoch(0), |update| update.epoch);
                self.publish(slot, id, epoch);
            }
            Action::PublishWhole(id, table) => {
                self.count_wake(slot)?;
                self.publish(slot, id, table.epoch);
            }
            Action::Fence(id) => self.fence(slot, id),
            Action::Connect {
                participant,
                transport,
                token,
                ..
            } => self.connect(slot, participant, transport, token),
            Action::Renegotiate { token, .. } => self.renegotiate(slot, token),
            Action::Disconnect(participant) => {
                if self.plant != Some(Plant::KeepTransports) {
                    self.plane.disconnect(participant);
                }
            }
            Action::Reply(token, _) if self.callers.given_up.remove(&token) => {}
            Action::Reply(token, result) => {
                self.check_reply(slot, token, &result)?;
                if !self.loses(Plant::LoseReplies) {
                    self.answer(token, result);
                }
            }
            Action::Read(token) => self.answer(token, Ok(Response::ViewsSet)),
            Action::Tell(..) if self.loses(Plant::LoseEvents) => {}
            Action::Tell(event, who) => self.take_event(slot, &event, &who)?,
            Action::Close(watcher, _) | Action::Cut(watcher) => {
                if let Some(host) = self.hosts.get_mut(slot)
                    && host.watcher == Some(watcher)
                {
                    host.watcher = None;
                }
            }
            Action::End => {
                let room = self.hosts.get(slot).map(|host| host.id);
                room.into_iter()
                    .for_each(|room| self.plane.close_room(room));
            }
            Action::Up(..) | Action::Routed(_) | Action::Speakers(..) | Action::Stopped => {}
        }
        Ok(())
    }

    fn loses(&mut self, plant: Plant) -> bool {
        self.plant == Some(plant) && self.chance.happens(0.02)
    }

    fn commit(&mut self, slot: usize, id: CommitId, job: StoreJob) {
        self.ask_store(slot, id, job);
        if self.plant == Some(Plant::AnswerBeforeCommit) {
            let now = self.now();
            if let Some(machine) = self.machine(slot) {
                machine.handle_committed(now, id, true);
            }
        }
    }

    fn ask_store(&mut self, slot: usize, id: CommitId, job: StoreJob) {
        let Some(host) = self.hosts.get(slot) else {
            return;
        };
        let pending = Pending {
            room: host.id,
            asker: (slot, host.life),
            id,
            job,
        };
        if self.store.ask(pending) {
            let latency = super::store::Store::latency(&mut self.chance);
            self.happens_in(latency, Happening::StoreBatch);
        }
    }

    fn first_snapshot(
        &mut self,
        slot: usize,
    ) -> Option<(Vec<u8>, Option<sideroom_room::Asked>, Box<Room>)> {
        let host = self.hosts.get(slot)?;
        let room = host.machine.as_ref()?.room()?;
        let snapshot = room.snapshot().encode();
        Some((snapshot, host.made_by.clone(), Box::new(room.clone())))
    }

    fn save(&mut self, slot: usize) {
        let room = self.hosts.get(slot).and_then(|host| host.machine.as_ref());
        let Some(room) = room.and_then(|machine| machine.room()) else {
            return;
        };
        let job = StoreJob::Save(room.record_seq(), room.snapshot().encode());
        self.ask_store(slot, CommitId(0), job);
    }

    fn publish(&mut self, slot: usize, id: CommitId, epoch: Epoch) {
        let Some(host) = self.hosts.get_mut(slot) else {
            return;
        };
        let (room, asker) = (host.id, (slot, host.life));
        self.plane.publish(room, epoch);
        let workers = self.plane.workers_of(room);
        // A fenced worker forwards nothing until it has obeyed, so the room need not wait for it.
        let mut waited = workers.clone();
        if self.plant != Some(Plant::WaitForFenced) {
            waited.retain(|worker| !self.plane.is_fenced(*worker));
        }
        if waited.is_empty() {
            self.happens_in(Duration::ZERO, Happening::Applied(asker, id, usize::MAX));
        }
        if let Some(host) = self.hosts.get_mut(slot) {
            host.publishing = Some((id, waited));
        }
        for worker in workers {
            self.order(
                worker,
                Order::Apply {
                    room,
                    epoch,
                    asker,
                    id,
                },
            );
        }
    }

    /// Queues an order for a worker, which the worker carries out when it runs.
    fn order(&mut self, worker: usize, order: Order) {
        let asker = match &order {
            Order::Apply { asker, .. } | Order::Renegotiate { asker, .. } => *asker,
            Order::Connect(making) => making.asker,
        };
        let waited = !matches!(order, Order::Apply { .. }) || !self.plane.is_fenced(worker);
        self.plane.order(worker, order);
        let stalled = self.plane.workers.get(worker);
        let until = stalled.map_or(Time::ZERO, |worker| worker.stalled_until);
        if let Some(host) = self.hosts.get_mut(asker.0).filter(|_| waited) {
            host.touched = host.touched.max(until);
        }
        let soon = self.now + Duration::from_micros(20 + self.chance.below(1_500));
        self.happens_at(soon.max(until), Happening::WorkerTurn(worker));
    }

    fn fence(&mut self, slot: usize, id: CommitId) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(slot) else {
            return;
        };
        host.touched = host.touched.max(now);
        if let Some((held, workers)) = host.publishing.take()
            && held == id
        {
            self.report.fenced += workers.len() as u64;
            for worker in workers {
                if self.plant != Some(Plant::NoFence)
                    && let Some(worker) = self.plane.workers.get_mut(worker)
                {
                    worker.fenced = true;
                }
            }
        }
        self.forgive_fenced();
    }

    /// A stalled worker that is fenced delays no publication that begins from now on.
    fn forgive_fenced(&mut self) {
        let (plane, now) = (&self.plane, self.now);
        for host in &mut self.hosts {
            let mut workers = plane.workers_of(host.id).into_iter();
            let waited = host.publishing.iter().flat_map(|(_, workers)| workers);
            let mut waited = waited.map(|worker| plane.is_stalled(*worker, now));
            if !waited.any(|stalled| stalled) && !workers.any(|one| plane.delays(one, now)) {
                host.touched = host.touched.min(self.now);
            }
        }
    }

    fn connect(&mut self, slot: usize, participant: ParticipantId, transport: u64, token: Token) {
        let call = self.callers.calls.get(&token);
        let waits = call.is_some_and(|call| !call.vanished && call.answer.is_none());
        let now = self.now();
        let Some(host) = self.hosts.get_mut(slot) else {
            return;
        };
        let making = Making {
            asker: (slot, host.life),
            participant,
            transport,
        };
        if !waits {
            if let Some(machine) = &mut host.machine {
                machine.handle_transport(now, participant, transport, false);
            }
            return;
        }
        let worker = self.plane.place(making, &mut self.chance);
        self.making.insert((participant, transport), token);
        self.order(worker, Order::Connect(making));
        self.happens_in(bounds::CONNECT_WAIT, Happening::Made(making, false));
    }

    fn renegotiate(&mut self, slot: usize, token: Token) {
        let Some(host) = self.hosts.get(slot) else {
            return;
        };
        let asker = (slot, host.life);
        let worker = self.chance.below(self.plane.workers.len() as u64) as usize;
        self.order(worker, Order::Renegotiate { asker, token });
        self.happens_in(
            bounds::CONNECT_WAIT,
            Happening::Renegotiated(asker, token, false),
        );
    }

    /// An answer sets out for its caller.
    pub(super) fn answer(&mut self, token: Token, result: Result<Response, Refusal>) {
        let Some(call) = self.callers.calls.get_mut(&token) else {
            return;
        };
        if let Ok(Response::Joined {
            participant,
            session,
            repeated,
            ..
        }) = &result
        {
            let fresh = Receipt {
                slot: call.slot,
                under_way: 0,
                accepted: *repeated,
            };
            let key = (*participant, *session);
            let receipt = self.callers.receipts.entry(key).or_insert(fresh);
            receipt.under_way += 1;
        }
        call.answer = Some(result);
        let late = Duration::from_micros(self.chance.below(3_000));
        self.happens_in(late, Happening::Reach(token));
    }

    fn take_event(
        &mut self,
        slot: usize,
        event: &Event,
        who: &[sideroom_room::WatcherId],
    ) -> Result<(), Violation> {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(slot) else {
            return Ok(());
        };
        if !host.watcher.is_some_and(|watcher| who.contains(&watcher)) {
            return Ok(());
        }
        let told = std::mem::replace(&mut host.told, event.seq);
        ensure(event.seq == told + 1, "events in order", || {
            format!("room {slot}: event {} after {told}", event.seq)
        })?;
        match event.kind {
            EventKind::ParticipantDropped { participant, .. } => {
                host.dropped.insert(participant, now);
            }
            EventKind::ParticipantReconnected { participant } => {
                host.dropped.remove(&participant);
            }
            EventKind::ParticipantLeft {
                participant,
                reason,
            } => {
                let since = host.dropped.remove(&participant);
                if let (LeaveReason::Expired, Some(since)) = (reason, since) {
                    let kept = now.since(since);
                    ensure(
                        kept + bounds::TELL_WAIT >= bounds::GRACE,
                        "places are kept",
                        || format!("room {slot}: {participant} expired after {kept:?}"),
                    )?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A room as the store has it, read as the server reads it.
pub(super) fn revive(read: Option<Box<ReadRoom>>) -> Result<Loaded, LoadFailure> {
    let ReadRoom {
        snapshot,
        made_by,
        records,
    } = *read.ok_or(LoadFailure::Store)?;
    let mut room = Room::restore(snapshot).map_err(|_| LoadFailure::Unreadable)?;
    for record in &records {
        room.replay(record).map_err(|_| LoadFailure::Unreadable)?;
    }
    Ok(Loaded {
        room,
        made_by,
        unsaved: records.len() as u32,
    })
}
