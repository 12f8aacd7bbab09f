//! Draws faults: of the store, the workers, the calendar, a room and the process.

use std::time::Duration;

use sideroom_room::RoomMachine;

use super::Plant;
use super::plane::Order as WorkerOrder;
use super::store::StoreMode;
use super::world::{FaultWorld, Happening, ROOMS};
use crate::step::Violation;

impl FaultWorld {
    pub(super) fn fail_store(&mut self) {
        if self.store.mode != StoreMode::Works {
            return;
        }
        self.report.store_faults += 1;
        self.store.mode = match self.chance.below(3) {
            0 => StoreMode::Fails,
            1 => StoreMode::ReadOnly,
            _ => StoreMode::Hangs,
        };
        let lasts = Duration::from_micros(match self.chance.below(3) {
            0 => self.chance.below(20_000),
            1 => self.chance.below(1_000_000),
            _ => self.chance.below(20_000_000),
        });
        self.note(format!("store: {:?} for {lasts:?}", self.store.mode));
        self.touch_all();
        self.happens_in(lasts, Happening::StoreWorks);
    }

    pub(super) fn stall_worker(&mut self) {
        let worker = self.chance.below(self.plane.workers.len() as u64) as usize;
        let lasts = Duration::from_micros(match self.chance.below(3) {
            0 => self.chance.below(20_000),
            _ => self.chance.below(3_000_000),
        });
        self.note(format!("worker {worker} stalls for {lasts:?}"));
        self.report.worker_faults += 1;
        let until = self.now + lasts;
        if let Some(held) = self.plane.workers.get_mut(worker) {
            held.stalled_until = held.stalled_until.max(until);
        }
        let fenced = self.plane.is_fenced(worker);
        for host in self.hosts.iter_mut().filter(|_| !fenced) {
            if self.plane.workers_of(host.id).contains(&worker) {
                host.touched = host.touched.max(until);
            }
        }
        self.happens_at(until, Happening::WorkerTurn(worker));
    }

    pub(super) fn lose_worker(&mut self) -> Result<(), Violation> {
        let worker = self.chance.below(self.plane.workers.len() as u64) as usize;
        self.note(format!("worker {worker} panics"));
        self.report.worker_faults += 1;
        self.touch_all();
        let (served, orders) = self.plane.lose(worker);
        for order in orders {
            if let WorkerOrder::Apply { asker, id, .. } = order {
                self.applied(asker, id, worker)?;
            }
        }
        for (participant, transport) in served {
            let hosts = self.hosts.iter().enumerate();
            let mut of = hosts.filter(|(_, host)| host.id == participant.room());
            let Some((slot, _)) = of.next() else { continue };
            if self.plane.transport_of(participant) != Some(transport) {
                continue;
            }
            self.plane.disconnect(participant);
            self.input(slot, |machine, now| {
                let reason = sideroom_route::LostReason::NeverConnected;
                machine.handle_lost(now, participant, transport, reason);
            })?;
        }
        Ok(())
    }

    /// The calendar jumps: forward by hours, as after a sleep, or back by seconds.
    pub(super) fn jump(&mut self) {
        self.report.jumps += 1;
        // The room remembers requests by the calendar.
        self.callers.answered.clear();
        self.callers.jumped_at = self.now;
        match self.chance.happens(0.5) {
            true => self.calendar += self.chance.below(10_000_000),
            false => self.calendar -= self.chance.below(30_000),
        }
        self.note("the calendar jumps".into());
    }

    pub(super) fn set_panic(&mut self) {
        let (slot, after) = (self.slot(), self.chance.below(4) as u32);
        if let Some(host) = self.hosts.get_mut(slot)
            && host.machine.is_some()
        {
            host.panics_after = Some(after);
            self.note(format!("room {slot} panics after {after} actions"));
        }
    }

    /// The process is killed, and starts again when its store works.
    pub(super) fn kill(&mut self) -> Result<(), Violation> {
        self.note("the process is killed".into());
        self.report.kills += 1;
        self.store.crash(&mut self.chance);
        if self.plant == Some(Plant::ForgetAnswered) {
            self.store.forget_last();
        }
        self.start()
    }

    /// The process ends as it should.
    pub(super) fn stop(&mut self) -> Result<(), Violation> {
        self.note("the process stops".into());
        for slot in 0..ROOMS {
            self.input(slot, RoomMachine::handle_stop)?;
        }
        self.run_until(self.now + Duration::from_secs(10))?;
        self.store.crash(&mut self.chance);
        self.start()
    }

    pub(super) fn start(&mut self) -> Result<(), Violation> {
        self.store.mode = StoreMode::Works;
        self.store.well_since = self.now;
        self.plane = super::plane::Plane::new(self.plane.workers.len());
        self.making.clear();
        let stored = self.store.open_rooms();
        for slot in 0..ROOMS {
            self.callers.forget(slot);
            let name = format!("room-{slot}");
            let of_slot = stored
                .iter()
                .filter(|room| self.store.name_of(**room) == name);
            let (now, newest) = (self.now(), of_slot.max().copied());
            let options = self.options();
            let machine = newest.map(|id| RoomMachine::load(now, options, id));
            if let Some(host) = self.hosts.get_mut(slot) {
                let id = newest.unwrap_or(host.id);
                host.begin_anew(self.now, id, machine);
            }
            self.drain(slot)?;
        }
        Ok(())
    }
}
