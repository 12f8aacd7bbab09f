//! Draws the next step: a request, a fault, or time.

use std::time::Duration;

use sideroom_control::{
    Actor, Command, CreateBreakouts, Digest, Grants, Join, KeyId, KindSet, MoveTo, Reoffer,
    RequestId, Role, Room, RoomConfig, RoomSettings, Selection, SlotPool, Viewer, Views,
};
use sideroom_room::{
    Admission, Asked, JoinAsk, Lifecycle, Order, Request, RoomMachine, RoomOptions, Token,
};
use sideroom_route::{GroupId, ParticipantId, RoomId, TrackKind};

use super::Plant;
use super::callers::{Answered, Ask, Call};
use super::plane::Order as WorkerOrder;
use super::store::StoreMode;
use super::world::{FaultWorld, Happening, ROOMS};
use crate::step::Violation;

/// People that a room should have.
const PEOPLE: usize = 6;
/// A request is repeated within this.
const REPEAT_WITHIN: Duration = Duration::from_secs(120);

impl FaultWorld {
    /// Takes one step.
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

    fn slot(&mut self) -> usize {
        self.chance.below(ROOMS as u64) as usize
    }

    fn options(&mut self) -> RoomOptions {
        RoomOptions {
            snapshot_every: 40,
            empty_timeout: Duration::from_secs(60),
            seed: self.chance.bits(),
        }
    }

    /// Makes rooms where there are none, and watches them.
    fn ensure_rooms(&mut self) -> Result<(), Violation> {
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

    fn asked(&mut self) -> Asked {
        let request = self.callers.request();
        Asked {
            id: request_id(request),
            body: Digest([0; 32]),
        }
    }

    /// A caller gives a room a request, and may vanish at any moment.
    fn give(
        &mut self,
        slot: usize,
        ask: Ask,
        expected: Option<sideroom_control::Outcome>,
        request: Request,
    ) -> Result<(), Violation> {
        let Some(host) = self.hosts.get(slot) else {
            return Ok(());
        };
        if host
            .machine
            .as_ref()
            .is_none_or(|machine| machine.capacity() == 0)
        {
            return Ok(());
        }
        let life = host.life;
        self.note(format!("room {slot}: {ask:?}"));
        let call = Call {
            slot,
            life,
            ask,
            asked_at: self.now,
            vanished: false,
            answer: None,
            expected,
        };
        let token = self.callers.add(call);
        match self.chance.below(10) {
            0 => self.vanish_within(token, 5_000),
            1 => self.vanish_within(token, 2_000_000),
            _ => {}
        }
        if self.plant == Some(Plant::OneLoop) {
            // The loop takes nothing while a publication of any room is under way.
            let busy = self.hosts.iter().any(|host| host.publishing.is_some());
            let until = self.now + Duration::from_millis(600);
            while busy
                && self.now < until
                && self.hosts.iter().any(|host| host.publishing.is_some())
            {
                self.run_until(self.now + Duration::from_millis(1))?;
            }
        }
        self.input(slot, |machine, now| {
            machine.handle_request(now, token, request)
        })
    }

    fn vanish_within(&mut self, token: Token, micros: u64) {
        let wait = Duration::from_micros(self.chance.below(micros));
        self.happens_in(wait, Happening::Vanish(token));
    }

    fn room_of(&self, slot: usize) -> Option<&Room> {
        self.hosts.get(slot)?.machine.as_ref()?.room()
    }

    /// A participant of the room.
    fn somebody(&mut self, slot: usize) -> Option<ParticipantId> {
        let all: Vec<_> = self.room_of(slot)?.participants().collect();
        self.chance.pick(&all).copied()
    }

    fn key(&mut self) -> Actor {
        let name = if self.chance.happens(0.5) {
            "one"
        } else {
            "two"
        };
        Actor::Key(KeyId::new(name).expect("invariant: the name is short"))
    }

    fn command(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let Some(participant) = self.somebody(slot) else {
            return self.join();
        };
        let breakouts = self.room_of(slot).map_or(0, Room::breakout_count);
        let mut actor = self.key();
        let command = match self.chance.below(20) {
            0..=2 => Command::Mute {
                participant,
                kinds: KindSet::AUDIO,
            },
            3..=5 => Command::Unmute {
                participant,
                kinds: KindSet::AUDIO,
            },
            6 if breakouts < 3 => Command::CreateBreakouts(CreateBreakouts {
                participants: Some(4),
                count: 2,
                ..CreateBreakouts::default()
            }),
            7 if breakouts < 3 => Command::CreateAndInvite {
                create: CreateBreakouts {
                    participants: Some(4),
                    count: 2,
                    ..CreateBreakouts::default()
                },
                seed: None,
                force: true,
            },
            8 => Command::Clear(Selection::All),
            9 => Command::Destroy(Selection::All),
            10..=12 => Command::Shuffle {
                breakouts: Selection::All,
                seed: None,
            },
            13 => Command::Leave { participant },
            14 => Command::Remove { participant },
            15 | 16 => {
                actor = Actor::Participant(participant);
                Command::Publish {
                    participant,
                    kind: TrackKind::Audio,
                }
            }
            17 => Command::Move {
                moves: vec![MoveTo {
                    participant,
                    to: GroupId::Parent,
                    stream: None,
                }],
            },
            _ => Command::Chat {
                group: GroupId::Parent,
                text: "hello".into(),
            },
        };
        let request = self.callers.request();
        let ask = Ask::Command {
            actor,
            request,
            command: command.clone(),
        };
        self.give(slot, ask, None, order(actor, request, command))
    }

    /// A request that was answered comes again.
    fn again(&mut self) -> Result<(), Violation> {
        let Some(answered) = self.chance.pick(&self.callers.answered).cloned() else {
            return Ok(());
        };
        let Answered {
            slot,
            room,
            actor,
            request,
            command,
            outcome,
            at,
        } = answered;
        let same = self.hosts.get(slot).is_some_and(|host| host.id == room);
        if !same || self.now.since(at) > REPEAT_WITHIN {
            return Ok(());
        }
        let ask = Ask::Command {
            actor,
            request,
            command: command.clone(),
        };
        self.give(slot, ask, Some(outcome), order(actor, request, command))
    }

    fn join(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let people = self.room_of(slot).map_or(0, Room::participant_count);
        let new = people < PEOPLE && self.chance.happens(0.6);
        let known = self.callers.next_identity;
        let identity = if new || known == 0 {
            self.callers.next_identity += 1;
            format!("person-{known}-{slot}")
        } else {
            let Some(somebody) = self.somebody(slot) else {
                return Ok(());
            };
            let identity = self.room_of(slot).and_then(|room| room.identity(somebody));
            let Some(identity) = identity else {
                return Ok(());
            };
            identity.to_owned()
        };
        let waiting = self
            .callers
            .calls
            .values()
            .find_map(|call| match &call.ask {
                Ask::Join {
                    identity: held,
                    request,
                } if *held == identity && call.slot == slot => Some(*request),
                _ => None,
            });
        // People who hung up may ask again, with the same request.
        let request = match waiting.filter(|_| self.chance.happens(0.5)) {
            Some(request) => request,
            None => self.callers.request(),
        };
        self.callers.vanished.remove(&identity);
        let join = JoinAsk {
            join: Join {
                display_name: identity.clone(),
                identity: identity.clone(),
                role: Role::Participant,
                grants: Grants::ALL,
                slots: SlotPool { audio: 3, video: 2 },
                offers: vec![TrackKind::Audio, TrackKind::Camera],
            },
            asked: Asked {
                id: request_id(request),
                body: Digest([1; 32]),
            },
            publish: self.chance.happens(0.7),
            admission: match self.chance.below(20) {
                0 => Admission::Full,
                1 => Admission::Draining,
                _ => Admission::Open,
            },
        };
        let ask = Ask::Join { identity, request };
        self.give(slot, ask, None, Request::Join(Box::new(join)))
    }

    fn ask(&mut self, ask: Ask) -> Result<(), Violation> {
        let slot = self.slot();
        let request = match ask {
            Ask::Close => {
                let request = self.callers.request();
                let Request::Command(close) = order(self.key(), request, Command::CloseRoom) else {
                    return Ok(());
                };
                Request::Close(close)
            }
            Ask::Read => Request::Read,
            Ask::Views => {
                let Some(participant) = self.somebody(slot) else {
                    return Ok(());
                };
                Request::SetViews(participant, Box::new(Views::default()))
            }
            _ => {
                let Some(participant) = self.somebody(slot) else {
                    return Ok(());
                };
                let video = self.chance.below(4) as u8;
                Request::Reoffer(Box::new(Reoffer {
                    participant,
                    slots: SlotPool { audio: 3, video },
                    offers: vec![TrackKind::Audio, TrackKind::Camera],
                }))
            }
        };
        self.give(slot, ask, None, request)
    }

    fn talk(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let room = self.room_of(slot);
        let tracks = room.map_or_else(Vec::new, |room| room.table().tracks.into_keys().collect());
        let ranked = self.chance.pick(&tracks).copied().into_iter().collect();
        self.input(slot, |machine, now| {
            machine.handle_talkers(now, GroupId::Parent, ranked);
        })
    }

    fn hang_up_somebody(&mut self) -> Result<(), Violation> {
        let all: Vec<_> = self.callers.sessions.keys().cloned().collect();
        let Some(identity) = self.chance.pick(&all).cloned() else {
            return Ok(());
        };
        self.note(format!("{identity} hangs up"));
        self.hang_up(&identity)
    }

    // ---- Faults.

    fn fail_store(&mut self) {
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

    fn stall_worker(&mut self) {
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
        for host in &mut self.hosts {
            if self.plane.workers_of(host.id).contains(&worker) {
                host.touched = host.touched.max(until);
            }
        }
        self.happens_at(until, Happening::WorkerTurn(worker));
    }

    fn lose_worker(&mut self) -> Result<(), Violation> {
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
    fn jump(&mut self) {
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

    fn set_panic(&mut self) {
        let (slot, after) = (self.slot(), self.chance.below(4) as u32);
        if let Some(host) = self.hosts.get_mut(slot)
            && host.machine.is_some()
        {
            host.panics_after = Some(after);
            self.note(format!("room {slot} panics after {after} actions"));
        }
    }

    /// The process is killed, and starts again when its store works.
    fn kill(&mut self) -> Result<(), Violation> {
        self.note("the process is killed".into());
        self.report.kills += 1;
        self.store.crash(&mut self.chance);
        if self.plant == Some(Plant::ForgetAnswered) {
            self.store.forget_last();
        }
        self.start()
    }

    /// The process ends as it should.
    fn stop(&mut self) -> Result<(), Violation> {
        self.note("the process stops".into());
        for slot in 0..ROOMS {
            self.input(slot, RoomMachine::handle_stop)?;
        }
        self.run_until(self.now + Duration::from_secs(10))?;
        self.store.crash(&mut self.chance);
        self.start()
    }

    fn start(&mut self) -> Result<(), Violation> {
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

fn request_id(request: u64) -> RequestId {
    RequestId::new(&request.to_string()).expect("invariant: a number is short")
}

fn order(actor: Actor, request: u64, command: Command) -> Request {
    Request::Command(Order {
        actor,
        request_id: request_id(request),
        expected: None,
        command,
    })
}
