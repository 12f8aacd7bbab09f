//! A world: one real room, the shipped plane over real forwarders, and the oracles between them.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sideroom_control::{
    Actor, Applied, BreakoutError, BreakoutSettings, Command, Digest, Outcome, Record, RequestId,
    Room, RoomConfig, RoomSettings, Timer, UnixMillis,
};
use sideroom_route::{Epoch, Time};

use crate::attendance::Book;
use crate::chance::Chance;
use crate::coverage::Coverage;
use crate::history::History;
use crate::model::{Model, ROOM};
use crate::plane::{Client, Item, Plane};
use crate::step::{Act, Step, Violation, ensure};
use crate::story::PlaneSetting;

/// When every world begins, in milliseconds since 1970.
const BEGINNING: u64 = 1_700_000_000_000;
/// Accepted requests that may be asked again.
const REPEATABLE: usize = 128;
/// Control remembers a request for ten minutes; a world does not ask about older ones than this.
const REPEATABLE_MS: u64 = 300_000;
/// Steps between looks at the whole room.
const LOOK_EVERY: u64 = 16;

/// An accepted request, and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) actor: Actor,
    pub(crate) request: u64,
    pub(crate) command: Command,
    pub(crate) outcome: Outcome,
    pub(crate) epoch: Epoch,
    pub(crate) seq: u64,
    pub(crate) at: UnixMillis,
}

/// See the module.
pub struct World {
    pub(crate) room: Room,
    /// Follows the journal, and is restored from snapshots.
    pub(crate) shadow: Room,
    pub(crate) records: Vec<Record>,
    pub(crate) hash: Digest,
    pub(crate) model: Model,
    pub(crate) history: History,
    pub(crate) book: Book,
    pub(crate) plane: Plane,
    pub(crate) now: Time,
    pub(crate) chance: Chance,
    pub(crate) answered: VecDeque<Answered>,
    pub(crate) coverage: Coverage,
    /// In a quiet moment: the tracks received.
    pub(crate) quiet: Option<crate::quiet::Heard>,
    steps: u64,
}

impl World {
    /// An empty room with these settings.
    pub fn new(seed: u64, settings: RoomSettings, plane: PlaneSetting) -> Self {
        let config = RoomConfig {
            id: ROOM,
            name: "world".into(),
            settings: settings.clone(),
            seed,
            created_at: UnixMillis(BEGINNING),
        };
        let room = Room::new(config).expect("invariant: a world's settings can be");
        let model = Model::new(settings);
        Self {
            shadow: room.clone(),
            records: Vec::new(),
            hash: room.state_hash(),
            room,
            history: History::new(model.picture()),
            book: Book::default(),
            model,
            plane: Plane::new(seed, plane),
            now: Time::ZERO,
            chance: Chance::new(seed),
            answered: VecDeque::new(),
            coverage: Coverage::default(),
            quiet: None,
            steps: 0,
        }
    }

    /// The settings of a small room in which everything can happen.
    pub fn settings(max_active_talkers: u8, paused: bool) -> RoomSettings {
        RoomSettings {
            max_active_talkers,
            breakouts: BreakoutSettings {
                parent_while_away: if paused {
                    sideroom_control::ParentWhileAway::Paused
                } else {
                    sideroom_control::ParentWhileAway::Live
                },
                ..BreakoutSettings::default()
            },
            ..RoomSettings::default()
        }
    }

    /// Runs one step, and returns the violation if an oracle finds one.
    pub fn step(&mut self, step: &Step) -> Result<(), Violation> {
        self.chance = Chance::new(step.media_seed);
        let until = self.now + Duration::from_millis(u64::from(step.wait_ms));
        self.send_media(until);
        self.run_until(until)?;
        self.run_timers()?;
        self.fail_workers();
        match &step.act {
            Act::Ask {
                actor,
                request,
                command,
            } => self.ask(*actor, *request, command)?,
            Act::Talkers { group, ranked } => self.hear_talkers(*group, ranked)?,
            Act::Quiet => self.be_quiet()?,
            Act::Restore => self.restore()?,
        }
        self.steps += 1;
        if self.steps.is_multiple_of(LOOK_EVERY) {
            self.follow_journal()?;
            self.look_at_room()?;
            self.ask_again_for_packets()?;
        }
        Ok(())
    }

    /// How often each command was accepted and refused, and further counts.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// A digest of everything that happened.
    pub fn fingerprint(&self) -> (Digest, u64) {
        (self.hash, self.coverage.delivered)
    }

    pub(crate) fn clock(&self) -> UnixMillis {
        UnixMillis(BEGINNING + self.now.as_millis())
    }

    /// Lets everything happen that comes due until then.
    pub(crate) fn run_until(&mut self, until: Time) -> Result<(), Violation> {
        while let Some((at, item)) = self.plane.next(until) {
            self.now = self.now.max(at);
            self.handle(item)?;
        }
        self.now = self.now.max(until);
        for index in 0..self.plane.workers.len() {
            if let Some(worker) = self.plane.workers.get_mut(index)
                && !worker.is_dead
                && worker.backlog.is_none()
            {
                worker.forwarder.handle_timeout(until);
                self.take_notices(index);
            }
        }
        Ok(())
    }

    pub(crate) fn run_timers(&mut self) -> Result<(), Violation> {
        let now = self.clock();
        for applied in self.room.tick(now) {
            let Some(command) = applied.due.map(Command::Timer) else {
                return Err(Violation::new(
                    "timers",
                    "something came due that is no timer",
                ));
            };
            self.coverage.count(&command, Ok(false));
            self.accept(Actor::System, &command, applied)?;
        }
        self.hash = self.room.state_hash();
        let due = self.room.next_deadline();
        ensure(due.is_none_or(|due| due > now), "timers", || {
            format!("due at {due:?}, it is {now}")
        })
    }

    fn ask(&mut self, actor: Actor, number: u64, command: &Command) -> Result<(), Violation> {
        let now = self.clock();
        let id =
            RequestId::new(&format!("q{number}")).expect("invariant: a number fits a request id");
        let mut known = self.answered.iter();
        let known = known
            .find(|it| it.actor == actor && it.request == number)
            .cloned();
        let answer = self.room.apply(now, actor, &id, command.clone());
        let hash = self.room.state_hash();
        let before = std::mem::replace(&mut self.hash, hash);
        match answer {
            Err(error) => {
                self.coverage.count(command, Err(error.name()));
                ensure(hash == before, "failed changes nothing", || {
                    format!("{command:?} failed with {error:?}")
                })?;
                ensure(
                    !matches!(error, BreakoutError::Internal(_)),
                    "internal error",
                    || format!("{command:?}: {error:?}"),
                )?;
                if let Some(known) = known {
                    return self.refused_again(&known, command, &error);
                }
                self.check_refusal(actor, command, &error)
            }
            Ok(applied) if applied.repeated => {
                self.coverage.count(command, Ok(true));
                ensure(hash == before, "repeated request", || {
                    format!("{command:?} changed something")
                })?;
                check_repeat(known.as_ref(), command, &applied)
            }
            Ok(applied) => {
                self.coverage.count(command, Ok(false));
                let aged = known.is_some_and(|it| now.since(it.at) < REPEATABLE_MS);
                ensure(!aged, "repeated request", || {
                    format!("{command:?} ran twice")
                })?;
                self.remember(actor, number, command, &applied);
                self.accept(actor, command, applied)
            }
        }
    }

    fn remember(&mut self, actor: Actor, request: u64, command: &Command, applied: &Applied) {
        // The node never repeats a request of its own, so rooms do not remember answers to the system.
        if actor == Actor::System {
            return;
        }
        if self.answered.len() >= REPEATABLE {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered {
            actor,
            request,
            command: command.clone(),
            outcome: applied.outcome.clone(),
            epoch: applied.epoch,
            seq: applied.seq,
            at: self.clock(),
        });
    }

    /// A known request id may be refused for another command only.
    fn refused_again(
        &self,
        known: &Answered,
        command: &Command,
        error: &BreakoutError,
    ) -> Result<(), Violation> {
        let aged = self.clock().since(known.at) >= REPEATABLE_MS;
        let right = *command != known.command && matches!(error, BreakoutError::InvalidArgument(_));
        ensure(aged || right, "repeated request", || {
            format!("{command:?} was accepted, and then refused with {error:?}")
        })
    }

    fn accept(
        &mut self,
        actor: Actor,
        command: &Command,
        applied: Applied,
    ) -> Result<(), Violation> {
        let Some(record) = applied.record.clone() else {
            return Err(Violation::new(
                "journal",
                format!("{command:?} left no record"),
            ));
        };
        self.records.push(record);
        self.model.clock = self.clock().0;
        if let Command::Timer(Timer::Schedule(id)) = command {
            self.follow_schedule(*id, &applied)?;
        } else {
            self.model.follow(actor, command, &applied.outcome)?;
        }
        self.book.note(&self.model.people, self.model.clock);
        self.change_table(applied.epoch, applied.update)?;
        self.change_transports(command, &applied.outcome);
        Ok(())
    }

    /// One command is at most one step of the epoch.
    pub(crate) fn change_table(
        &mut self,
        epoch: Epoch,
        update: Option<sideroom_route::RouteUpdate>,
    ) -> Result<(), Violation> {
        let right = update
            .as_ref()
            .is_none_or(|update| update.epoch == epoch && update.after.next() == epoch);
        let noted = self.history.note(epoch, self.model.picture());
        ensure(right && noted, "one epoch", || {
            format!("{epoch}: {update:?}")
        })?;
        if let Some(update) = update {
            self.coverage.updates += 1;
            let (now, update) = (self.now, Arc::new(update));
            let workers = self.plane.shipped.handle_update(&update);
            let workers =
                workers.map_err(|error| Violation::new("updates in order", error.to_string()))?;
            self.plane.wait_for(now, epoch, &workers);
            self.follow_plane()?;
        }
        Ok(())
    }

    /// Clients connect and disconnect as the outcome says, some of them late.
    fn change_transports(&mut self, command: &Command, outcome: &Outcome) {
        match (command, outcome) {
            (
                Command::Join(_) | Command::Reconnect(_),
                Outcome::Joined {
                    participant,
                    tracks,
                    ..
                },
            ) => {
                let Some(one) = self.model.person(*participant) else {
                    return;
                };
                let client = Client {
                    participant: one.id,
                    pool: one.slots,
                    tracks: tracks.clone(),
                };
                let at = (self.now, &mut self.chance);
                if !self.plane.connect(&client, at) {
                    self.plane.push(self.now, Item::Rejoin(client.participant));
                }
            }
            (
                Command::Leave { participant }
                | Command::Remove { participant }
                | Command::Drop { participant },
                _,
            ) => self
                .plane
                .disconnect(*participant, (self.now, &mut self.chance)),
            (Command::Timer(sideroom_control::Timer::Expire(participant)), _) => {
                self.plane
                    .disconnect(*participant, (self.now, &mut self.chance));
            }
            _ => {}
        }
    }

    pub(crate) fn hear_talkers(
        &mut self,
        group: sideroom_route::GroupId,
        ranked: &[sideroom_route::TrackId],
    ) -> Result<(), Violation> {
        let update = self.room.handle_talkers(group, ranked);
        let known = group
            .breakout()
            .is_none_or(|id| self.model.breakouts.contains_key(&id));
        let mut talkers = (*self.model.talkers).clone();
        if known {
            let mut once = Vec::new();
            for track in ranked {
                if !once.contains(track) {
                    once.push(*track);
                }
            }
            talkers.insert(group, once);
        }
        self.model.talkers = Rc::new(talkers);
        self.change_table(self.room.epoch(), update)
    }
}

fn check_repeat(
    known: Option<&Answered>,
    command: &Command,
    applied: &Applied,
) -> Result<(), Violation> {
    let quiet = applied.events.is_empty() && applied.update.is_none() && applied.record.is_none();
    let same = known.is_none_or(|known| {
        known.outcome == applied.outcome
            && known.command == *command
            && (known.epoch, known.seq) == (applied.epoch, applied.seq)
    });
    ensure(quiet && same, "repeated request", || {
        format!("{command:?}: {known:?} became {:?}", applied.outcome)
    })
}
