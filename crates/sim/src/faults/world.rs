//! The node's clock, and what happens on it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sideroom_control::UnixMillis;
use sideroom_room::{CommitId, Now, RoomMachine, Token};
use sideroom_route::{ParticipantId, RoomId, Time};

use super::act::revive;
use super::callers::Callers;
use super::host::Host;
use super::plane::{Making, Order, Plane};
use super::store::{Store, StoreAnswer, StoreMode};
use super::{Plant, Report, bounds};
use crate::chance::Chance;
use crate::step::Violation;

/// Rooms of the node.
pub(super) const ROOMS: usize = 3;
/// Workers of the node.
const WORKERS: usize = 3;
/// When every world begins, in milliseconds since 1970.
const BEGINNING: u64 = 1_700_000_000_000;
/// Steps that a failure shows.
const SHOWN_STEPS: usize = 40;

/// Something that happens at its time.
#[derive(Debug)]
pub(super) enum Happening {
    StoreBatch,
    StoreWorks,
    WorkerTurn(usize),
    /// A worker has carried out a publication (`usize::MAX`: nobody had to).
    Applied((usize, u64), CommitId, usize),
    Made(Making, bool),
    Renegotiated((usize, u64), Token, bool),
    Up(Making),
    Lost(Making),
    /// An answer reaches its caller.
    Reach(Token),
    Vanish(Token),
}

/// See the module.
#[derive(Debug)]
pub(super) struct FaultWorld {
    pub now: Time,
    /// How far the calendar is ahead of the clock.
    pub calendar: u64,
    pub chance: Chance,
    pub plant: Option<Plant>,
    pub hosts: Vec<Host>,
    pub store: Store,
    pub plane: Plane,
    pub callers: Callers,
    /// Transports that are being made, for whom.
    pub making: BTreeMap<(ParticipantId, u64), Token>,
    happenings: BTreeMap<(Time, u64), Happening>,
    happened: u64,
    pub next_room: u32,
    pub report: Report,
    pub last: VecDeque<String>,
}

impl FaultWorld {
    pub(super) fn new(chance: Chance, plant: Option<Plant>) -> Self {
        Self {
            now: Time::from_millis(1_000),
            calendar: BEGINNING,
            chance,
            plant,
            hosts: (0..ROOMS).map(|_| Host::new(RoomId(0))).collect(),
            store: Store::new(),
            plane: Plane::new(WORKERS),
            callers: Callers::default(),
            making: BTreeMap::new(),
            happenings: BTreeMap::new(),
            happened: 0,
            next_room: 1,
            report: Report::default(),
            last: VecDeque::new(),
        }
    }

    pub(super) fn into_report(self, steps: u64) -> Report {
        Report {
            steps,
            ..self.report
        }
    }

    pub(super) fn last_steps(&self) -> Vec<String> {
        self.last.iter().cloned().collect()
    }

    pub(super) fn note(&mut self, step: String) {
        if self.last.len() == SHOWN_STEPS {
            self.last.pop_front();
        }
        let at = self.now.as_micros() as f64 / 1e6;
        self.last.push_back(format!("{at:.4} {step}"));
    }

    /// The moment on both clocks.
    pub(super) fn now(&self) -> Now {
        let wall = UnixMillis(self.calendar + self.now.as_millis());
        let at = match self.plant {
            Some(Plant::TrustCalendar) => Time::from_millis(wall.0 - BEGINNING),
            _ => self.now,
        };
        Now { at, wall }
    }

    pub(super) fn machine(&mut self, slot: usize) -> Option<&mut RoomMachine> {
        self.hosts.get_mut(slot)?.machine.as_mut()
    }

    pub(super) fn happens_at(&mut self, at: Time, happening: Happening) {
        self.happened += 1;
        self.happenings
            .insert((at.max(self.now), self.happened), happening);
    }

    pub(super) fn happens_in(&mut self, wait: Duration, happening: Happening) {
        self.happens_at(self.now + wait, happening);
    }

    /// Passes an input to a room, and does what follows.
    pub(super) fn input(
        &mut self,
        slot: usize,
        give: impl FnOnce(&mut RoomMachine, Now),
    ) -> Result<(), Violation> {
        let now = self.now();
        if let Some(machine) = self.machine(slot) {
            give(machine, now);
            self.drain(slot)?;
        }
        Ok(())
    }

    /// The machine of this life of a place, if it still runs.
    fn answer_to(
        &mut self,
        (slot, life): (usize, u64),
        give: impl FnOnce(&mut RoomMachine, Now),
    ) -> Result<(), Violation> {
        match self.hosts.get(slot).is_some_and(|host| host.life == life) {
            true => self.input(slot, give),
            false => Ok(()),
        }
    }

    /// Lets time pass.
    pub(super) fn run_until(&mut self, until: Time) -> Result<(), Violation> {
        loop {
            let happening = self.happenings.first_key_value().map(|((at, _), _)| *at);
            let wake = self.next_wake();
            let wake_at = wake.map_or(Time::NEVER, |(at, _)| at);
            let next = happening.unwrap_or(Time::NEVER).min(wake_at);
            if next > until {
                self.now = until;
                return Ok(());
            }
            self.now = self.now.max(next);
            match (self.happenings.first_entry(), wake) {
                (Some(entry), _) if entry.key().0 <= wake_at => {
                    let happening = entry.remove();
                    self.happen(happening)?;
                }
                (_, Some((_, slot))) => {
                    self.count_wake(slot)?;
                    self.input(slot, RoomMachine::handle_timeout)?;
                }
                (_, None) => return Ok(()),
            }
        }
    }

    /// When a room wants to be woken next, and which.
    fn next_wake(&self) -> Option<(Time, usize)> {
        let wakes = self.hosts.iter().zip(0..).filter_map(|(host, slot)| {
            let machine = host.machine.as_ref()?;
            let mut at = machine.poll_timeout();
            match self.plant {
                Some(Plant::BusyTimer) => at = at.min(self.now + Duration::from_millis(5)),
                Some(Plant::NeverRetry) if machine.retry_at() != Time::NEVER => at = Time::NEVER,
                Some(Plant::TrustCalendar) if at != Time::NEVER => {
                    at = self.now + at.since(self.now().at);
                }
                _ => {}
            }
            (at != Time::NEVER).then_some((at, slot))
        });
        wakes.min()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::StoreBatch => self.store_batch(),
            Happening::StoreWorks => {
                self.store.mode = StoreMode::Works;
                self.store.well_since = self.now;
                self.touch_all();
                self.store_batch()
            }
            Happening::WorkerTurn(worker) => self.worker_turn(worker),
            Happening::Applied(asker, id, worker) => self.applied(asker, id, worker),
            Happening::Made(making, made) => self.made(making, made),
            Happening::Renegotiated(asker, token, done) => self.answer_to(asker, |machine, now| {
                machine.handle_renegotiated(now, token, done);
            }),
            Happening::Up(making) => {
                let Making {
                    asker,
                    participant,
                    transport,
                } = making;
                if self.plane.transport_of(participant) != Some(transport) {
                    return Ok(());
                }
                self.answer_to(asker, |machine, now| {
                    machine.handle_up(now, participant, transport);
                })
            }
            Happening::Lost(making) => {
                let Making {
                    asker,
                    participant,
                    transport,
                } = making;
                self.answer_to(asker, |machine, now| {
                    let held = machine.connection(participant);
                    if held.is_some_and(|held| held.transport == transport && held.up) {
                        return;
                    }
                    let reason = sideroom_route::LostReason::NeverConnected;
                    machine.handle_lost(now, participant, transport, reason);
                })
            }
            Happening::Reach(token) => self.reach(token),
            Happening::Vanish(token) => self.vanish(token),
        }
    }

    fn store_batch(&mut self) -> Result<(), Violation> {
        let answers = self.store.run_batch(&mut self.chance);
        for (pending, answer) in answers {
            let id = pending.id;
            match answer {
                StoreAnswer::None => {}
                StoreAnswer::Committed(stored) => {
                    self.answer_to(pending.asker, |machine, now| {
                        machine.handle_committed(now, id, stored);
                    })?;
                }
                StoreAnswer::Loaded(read) => {
                    let loaded = revive(read);
                    self.answer_to(pending.asker, |machine, now| {
                        machine.handle_loaded(now, id, loaded);
                    })?;
                }
            }
        }
        Ok(())
    }

    fn worker_turn(&mut self, worker: usize) -> Result<(), Violation> {
        let stalled = self.plane.workers.get(worker);
        if stalled.is_none_or(|worker| worker.stalled_until > self.now) {
            return Ok(());
        }
        for order in self.plane.run_orders(worker) {
            match order {
                Order::Apply { asker, id, .. } => self.applied(asker, id, worker)?,
                Order::Connect(making) => {
                    let late = Duration::from_micros(self.chance.below(800));
                    self.happens_in(late, Happening::Made(making, true));
                }
                Order::Renegotiate { asker, token } => {
                    self.answer_to(asker, |machine, now| {
                        machine.handle_renegotiated(now, token, true);
                    })?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn applied(
        &mut self,
        asker: (usize, u64),
        id: CommitId,
        worker: usize,
    ) -> Result<(), Violation> {
        let Some(host) = self.hosts.get_mut(asker.0) else {
            return Ok(());
        };
        let Some((held, workers)) = &mut host.publishing else {
            return Ok(());
        };
        if host.life != asker.1 || *held != id {
            return Ok(());
        }
        workers.retain(|one| *one != worker);
        if !workers.is_empty() {
            return Ok(());
        }
        host.publishing = None;
        self.answer_to(asker, |machine, now| machine.handle_published(now, id))
    }

    fn made(&mut self, making: Making, made: bool) -> Result<(), Violation> {
        let Making {
            asker,
            participant,
            transport,
        } = making;
        if self.making.remove(&(participant, transport)).is_none() {
            return Ok(());
        }
        if made && self.plane.transport_of(participant) == Some(transport) {
            // A client that does not come up in time never does.
            self.happens_in(bounds::NEVER_CONNECTED, Happening::Lost(making));
        }
        self.answer_to(asker, |machine, now| {
            machine.handle_transport(now, participant, transport, made);
        })
    }

    /// A fault touches every room.
    pub(super) fn touch_all(&mut self) {
        for host in &mut self.hosts {
            host.touched = host.touched.max(self.now);
        }
    }

    /// Counts how often a room wakes by itself.
    pub(super) fn count_wake(&mut self, slot: usize) -> Result<(), Violation> {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(slot) else {
            return Ok(());
        };
        let long_ago = |at: &Time| now.since(*at) >= Duration::from_secs(1);
        while host.wakes.front().is_some_and(long_ago) {
            host.wakes.pop_front();
        }
        host.wakes.push_back(now);
        let wakes = host.wakes.len();
        self.report.most_wakes = self.report.most_wakes.max(wakes as u64);
        crate::step::ensure(
            wakes <= bounds::WAKES_A_SECOND,
            "wake-ups are bounded",
            || format!("room {slot} woke {wakes} times in a second"),
        )
    }
}
