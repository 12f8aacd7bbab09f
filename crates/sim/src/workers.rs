//! The workers of a world at work: their tasks, their messages, their notices; and how they fail.

use std::collections::VecDeque;
use std::time::Duration;

use sideroom_plane::{Ending, Follower, Incarnation, Notice, Order, PlaneEvent, Report};
use sideroom_route::{Epoch, GroupId, OutOfOrder, ParticipantId, RouteUpdate, TrackId, WorkerId};

use crate::model::ROOM;
use crate::plane::{Carried, Item, Outgoing, Owned, Task};
use crate::step::{Violation, ensure};
use crate::story::Planted;
use crate::world::World;

impl World {
    /// An item has come due.
    pub(crate) fn handle(&mut self, item: Item) -> Result<(), Violation> {
        if let Some(worker) = worker_of(&item)
            && let Some(worker) = self.plane.workers.get_mut(worker)
            && let Some(backlog) = &mut worker.backlog
        {
            backlog.push_back(item);
            return Ok(());
        }
        match item {
            Item::Task(worker, life, task) if self.is_alive(worker, life) => {
                self.carry_out(worker, *task)
            }
            Item::Carried(worker, life, carried) if self.is_alive(worker, life) => {
                self.take_message(worker, &carried)
            }
            Item::Task(..) | Item::Carried(..) => Ok(()),
            Item::Report(worker, life, report) => self.take_report((worker, life), report),
            Item::Inbound(transport, draft) => self.come_in(transport, draft),
            Item::Connected(home, participant, ingress) => {
                let home = WorkerId(home as u16);
                let shipped = &mut self.plane.shipped;
                shipped.handle_connected(home, participant, &ingress);
                self.follow_plane()
            }
            Item::Ended(worker, life) => {
                let worker = WorkerId(worker as u16);
                let (now, shipped) = (self.now, &mut self.plane.shipped);
                shipped.handle_ended(now, worker, life, Ending::Ended);
                self.follow_plane()
            }
            Item::Rejoin(participant) => self.rejoin(participant),
            Item::Awake(worker) => self.awake(worker),
            Item::Deadline(epoch) => {
                self.plane.fence_late(epoch);
                Ok(())
            }
            Item::Heartbeat => {
                self.plane.beat(self.now);
                self.follow_plane()
            }
        }
    }

    fn is_alive(&self, worker: usize, life: Incarnation) -> bool {
        let worker = self.plane.workers.get(worker);
        worker.is_some_and(|worker| worker.life == life && !worker.is_dead)
    }

    fn carry_out(&mut self, index: usize, task: Task) -> Result<(), Violation> {
        let now = self.now;
        match task {
            Task::Connect(transport) => self.plane.attach(now, transport),
            Task::Order(order) => {
                if let Order::Disconnect(participant) = order {
                    self.plane.detach(index, participant);
                }
                self.run_orders(index, &order)?;
            }
        }
        if let Some(worker) = self.plane.workers.get_mut(index) {
            worker.waiting = worker.waiting.saturating_sub(1);
            if worker.waiting == 0 {
                worker.is_fenced = false;
            }
            let sink = &mut self.plane.sink;
            worker.forwarder.send_silence(now, sink);
        }
        self.look_at_output(index)
    }

    fn run_orders(&mut self, index: usize, order: &Order) -> Result<(), Violation> {
        let now = self.now;
        let serves = self.plane.serves(index);
        let Some(worker) = self.plane.workers.get_mut(index) else {
            return Ok(());
        };
        if let Order::AddRelayed { config, .. } = order
            && self.plane.setting.planted == Some(Planted::WiringStays)
            && worker.forwarder.ingress_of(config.track).is_some()
        {
            return Ok(());
        }
        let forwarder = &mut worker.forwarder;
        let done: Result<Option<Epoch>, OutOfOrder> =
            worker.follower.handle_order(now, order, forwarder);
        match (&done, order) {
            (Ok(Some(epoch)), _) => worker.held = *epoch,
            // A worker that is to serve the room again has the table of then still to apply.
            (Ok(None), Order::RemoveRoom(_)) if !serves => {
                self.plane.acknowledge(index, Epoch(u64::MAX));
            }
            (Ok(None), _) => {}
            (Err(_), _) => {
                self.coverage.diverged += 1;
                let closed = forwarder.plan(ROOM).is_none();
                ensure(closed, "a diverged table is closed", || {
                    format!("worker {index} goes on after {done:?}")
                })?;
            }
        }
        match (done, order) {
            (Ok(Some(epoch)), _) => self.plane.acknowledge(index, epoch),
            (Err(_), Order::Apply(update)) => self.plane.acknowledge(index, update.epoch),
            _ => {}
        }
        let oldest = self.plane.oldest();
        self.history.forget_before(oldest);
        Ok(())
    }

    fn take_message(&mut self, index: usize, carried: &Carried) -> Result<(), Violation> {
        let now = self.now;
        let plane = &mut self.plane;
        if let Some(worker) = plane.workers.get_mut(index) {
            let about = (carried.track, carried.layer);
            let to = (&mut worker.forwarder, &mut plane.sink);
            Follower::handle_message(now, about, carried.message.as_message(), to);
        }
        self.look_at_output(index)
    }

    /// Passes on a worker's notices and messages.
    pub(crate) fn take_notices(&mut self, index: usize) {
        let mut outgoing = Outgoing::default();
        while let Some(worker) = self.plane.workers.get_mut(index)
            && let Some(notice) = worker
                .follower
                .poll_notice(&mut worker.forwarder, &mut outgoing)
        {
            match notice {
                Notice::AskKeyframe { track, .. } => {
                    self.plane.asked.insert(track);
                }
                Notice::Report(report) => {
                    let at = (self.now, &mut self.chance);
                    self.plane.report(index, report, at);
                }
                Notice::Media(_) => {}
            }
        }
        self.carry(index, outgoing);
    }

    pub(crate) fn carry(&mut self, from: usize, outgoing: Outgoing) {
        for carried in outgoing.0 {
            let lost = matches!(
                (self.plane.setting.planted, &carried.message),
                (Some(Planted::ReportsStay), Owned::SenderReport(..))
                    | (Some(Planted::WishesStay), Owned::KeyframeWish)
            );
            if !lost {
                let at = (self.now, &mut self.chance);
                self.plane.carry(from, carried, at);
            }
        }
    }

    fn take_report(
        &mut self,
        (worker, life): (usize, Incarnation),
        report: Report,
    ) -> Result<(), Violation> {
        match (self.plane.setting.planted, &report) {
            (Some(Planted::DivergedStay), Report::TableDiverged(_)) => return Ok(()),
            (Some(Planted::MasksStay), Report::LayersWanted { layers: 0, .. }) => return Ok(()),
            (Some(Planted::SpeakersUnchecked), Report::Talkers { group, ranked, .. }) => {
                let ranked: Vec<_> = ranked.iter().map(|(track, _)| *track).collect();
                return self.take_talkers(*group, &ranked);
            }
            _ => {}
        }
        let worker = WorkerId(worker as u16);
        self.plane.shipped.handle_report(worker, life, report);
        self.follow_plane()
    }

    /// Passes on the plane's orders, and acts on its events.
    pub(crate) fn follow_plane(&mut self) -> Result<(), Violation> {
        loop {
            let at = self.now;
            self.plane.pass_orders(at, &mut self.chance);
            let Some(event) = self.plane.shipped.poll_event() else {
                return Ok(());
            };
            match event {
                PlaneEvent::WorkerEnded(worker, _) => {
                    self.coverage.workers_lost += 1;
                    let index = usize::from(worker.0);
                    self.plane.acknowledge(index, Epoch(u64::MAX));
                    if let Some(worker) = self.plane.workers.get_mut(index) {
                        worker.is_dead = true;
                        worker.backlog = None;
                    }
                }
                PlaneEvent::Restart(worker, life) => self.restart(worker, life),
                PlaneEvent::Lost(participant) => {
                    // The client connects again, a little later.
                    let delay = Duration::from_millis(5 + self.chance.below(300));
                    let item = Item::Rejoin(participant);
                    self.plane.push(self.now + delay, item);
                }
                PlaneEvent::Talkers { group, ranked, .. } => self.take_talkers(group, &ranked)?,
                PlaneEvent::LayersWanted { track, layers, .. } => {
                    self.plane.told_layers.insert(track, layers);
                }
            }
        }
    }

    fn restart(&mut self, worker: WorkerId, life: Incarnation) {
        let now = self.now;
        if !self.plane.settles && self.chance.happens(0.1) {
            return self.plane.shipped.handle_restart_failed(now, worker);
        }
        self.plane.replace(usize::from(worker.0), life);
        self.plane.shipped.handle_restarted(now, worker);
    }

    fn rejoin(&mut self, participant: ParticipantId) -> Result<(), Violation> {
        let person = self.model.person(participant);
        let stays = person.is_some_and(|one| one.connected) && !self.model.closed;
        if !stays || self.plane.shipped.home_of(participant).is_some() {
            return Ok(());
        }
        let Some(client) = self.plane.clients.get(&participant).cloned() else {
            return Ok(());
        };
        let at = (self.now, &mut self.chance);
        if !self.plane.connect(&client, at) {
            let later = self.now + Duration::from_millis(100);
            self.plane.push(later, Item::Rejoin(participant));
        }
        self.follow_plane()
    }

    /// A worker that stalled goes on: its orders come before its packets, as a round begins.
    pub(crate) fn awake(&mut self, index: usize) -> Result<(), Violation> {
        let worker = self.plane.workers.get_mut(index);
        let backlog = worker.and_then(|worker| worker.backlog.take());
        let (tasks, others): (VecDeque<_>, VecDeque<_>) = backlog
            .into_iter()
            .flatten()
            .partition(|item| matches!(item, Item::Task(..)));
        // It had one packet or message in hand.
        let mut others = others;
        let in_hand = others.pop_front();
        for item in in_hand.into_iter().chain(tasks).chain(others) {
            self.handle(item)?;
        }
        Ok(())
    }

    /// Some worker stalls, panics, or has a wrong table.
    pub(crate) fn fail_workers(&mut self) {
        if !self.plane.setting.faults {
            return;
        }
        let index = self.chance.below(self.plane.workers.len() as u64) as usize;
        let draw = self.chance.below(1_000);
        let short = self.chance.below(900);
        match draw {
            0..=14 => self.stall(index, Duration::from_millis(short)),
            15..=16 => self.stall(index, Duration::from_secs(9)),
            17..=20 => self.panic(index),
            21..=23 => self.corrupt(index),
            _ => {}
        }
    }

    fn stall(&mut self, index: usize, span: Duration) {
        if let Some(worker) = self.plane.workers.get_mut(index)
            && worker.backlog.is_none()
            && !worker.is_dead
        {
            worker.backlog = Some(VecDeque::new());
            self.plane.push(self.now + span, Item::Awake(index));
            self.coverage.stalls += 1;
        }
    }

    fn panic(&mut self, index: usize) {
        let Some(worker) = self.plane.workers.get_mut(index) else {
            return;
        };
        if worker.is_dead {
            return;
        }
        (worker.is_dead, worker.backlog) = (true, None);
        let life = worker.life;
        if self.plane.setting.planted != Some(Planted::DeadWorkersServe) {
            let delay = Duration::from_micros(self.chance.below(5_000));
            self.plane.push(self.now + delay, Item::Ended(index, life));
        }
    }

    /// A worker loses count, so that the next update does not fit its table.
    fn corrupt(&mut self, index: usize) {
        let now = self.now;
        if let Some(worker) = self.plane.workers.get_mut(index)
            && !worker.is_dead
            && let Some(plan) = worker.forwarder.plan(ROOM)
        {
            let ahead = RouteUpdate::empty(ROOM, plan.epoch, plan.epoch.next());
            let applied = worker.forwarder.apply(now, &ahead);
            debug_assert!(applied.is_ok(), "invariant: it follows the table");
        }
    }

    /// The plane says who talks: tracks of the group only.
    fn take_talkers(&mut self, group: GroupId, ranked: &[TrackId]) -> Result<(), Violation> {
        for track in ranked {
            let people = self.model.people.iter();
            let owner = people
                .flat_map(|one| one.tracks.iter().flatten())
                .find(|held| held.id == *track);
            let routed = owner.and_then(|held| held.routed);
            ensure(routed == Some(group), "speakers", || {
                format!("{track} of {routed:?} is told as a talker of {group}")
            })?;
        }
        self.coverage.talkers += 1;
        self.hear_talkers(group, ranked)
    }
}

/// The worker whose thread has to handle an item.
fn worker_of(item: &Item) -> Option<usize> {
    match item {
        Item::Task(worker, ..) | Item::Carried(worker, ..) => Some(*worker),
        _ => None,
    }
}
