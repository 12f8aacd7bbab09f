//! Draws the next step: a request, a fault, or time.

use std::time::Duration;

use sideroom_control::{Room, RoomConfig, RoomSettings, Viewer};
use sideroom_room::{Lifecycle, Request, RoomMachine, RoomOptions};
use sideroom_route::RoomId;

use super::callers::Ask;
use super::world::{FaultWorld, ROOMS};
use crate::step::Violation;

impl FaultWorld {
    /// Runs one step.
    pub(super) fn step(&mut self) -> Result<(), Violation> {
        let wait = match self.chance.below(1_000) {
            0..=3 => Duration::from_secs(31),
            4..=20 => Duration::from_secs(3),
            21..=100 => Duration::from_millis(200),
            _ => Duration::from_micros(self.chance.below(20_000)),
        };
        self.run_until(self.now + wait)?;
        self.ensure_rooms()?;
        match self.chance.below(1_000) {
            0..=9 => self.fail_store(),
            10..=24 => self.stall_worker(),
            25..=28 => self.lose_worker()?,
            29..=33 => self.jump(),
            34..=39 => self.set_panic(),
            40..=41 => self.kill()?,
            42..=43 => self.stop()?,
            44..=99 => self.hang_up_somebody()?,
            100..=119 => self.talk()?,
            120..=269 => self.join()?,
            270..=299 => self.ask(Ask::Read)?,
            300..=329 => self.ask(Ask::Views)?,
            330..=349 => self.ask(Ask::Reoffer)?,
            350..=352 => self.ask(Ask::Close)?,
            353..=400 => self.again()?,
            _ => self.command()?,
        }
        self.look()
    }

    pub(super) fn slot(&mut self) -> usize {
        self.chance.below(ROOMS as u64) as usize
    }

    pub(super) fn options(&mut self) -> RoomOptions {
        RoomOptions {
            snapshot_every: 40,
            empty_timeout: Duration::from_secs(60),
            max_participants: 1_000,
            keeps_events: false,
            seed: self.chance.bits(),
        }
    }

    /// Makes rooms where there are none, and watches them.
    pub(super) fn ensure_rooms(&mut self) -> Result<(), Violation> {
        for slot in 0..ROOMS {
            let Some(host) = self.hosts.get_mut(slot) else {
                continue;
            };
            match &mut host.machine {
                None => self.make_room(slot)?,
                Some(machine) if machine.lifecycle() == Lifecycle::Live && machine.is_idle() => {
                    if host.watcher.is_none() {
                        host.watcher = Some(machine.add_watcher(Viewer::Operator));
                        host.told = machine.room().map_or(0, Room::seq);
                        host.dropped.clear();
                    }
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn make_room(&mut self, slot: usize) -> Result<(), Violation> {
        let (now, id, options) = (self.now(), RoomId(self.next_room), self.options());
        self.next_room += 1;
        let config = RoomConfig {
            id,
            name: format!("room-{slot}"),
            settings: RoomSettings::default(),
            seed: self.chance.bits(),
            created_at: now.wall,
        };
        let room = Room::new(config).expect("invariant: the settings can be");
        let asked = self.asked();
        let machine = RoomMachine::create(now, options, room, asked.clone());
        if let Some(host) = self.hosts.get_mut(slot) {
            host.begin_anew(now.at, id, Some(machine));
            host.made_by = Some(asked.clone());
        }
        self.give(slot, Ask::Create, None, Request::Create(asked))
    }
}
