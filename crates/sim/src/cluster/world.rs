//! The world: true time, what is on its way, and one event after the other.

use std::collections::BTreeMap;
use std::fmt;

use sideroom_cluster::NodeId;
use sideroom_route::RoomId;

use super::callers::Callers;
use super::clock::Clock;
use super::etcd::{Answer, Ask, Deed, Etcd};
use super::host::{Host, Parcel};
use super::oracles::ClusterFailure;
use super::plant::ClusterPlant;
use crate::chance::Chance;

/// Each clock runs at most this much fast or slow: far more than real ones, so that forgetting it shows.
pub(super) const DRIFT_PPM: u32 = 20_000;
/// After the last fault, all is back within this, by true time.
const BACK_WITHIN: u64 = 12_000_000;

/// A world to run.
#[derive(Clone, Copy, Debug)]
pub struct ClusterSetting {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Nodes, 1 to 7.
    pub nodes: u16,
    /// Number of events.
    pub steps: u64,
    /// A bug to plant.
    pub plant: Option<ClusterPlant>,
}

/// Counts over one world or several.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterTotals {
    /// Events that happened.
    pub steps: u64,
    /// Commands that were answered.
    pub answered: u64,
    /// Rooms that changed their owner.
    pub owners: u64,
    /// Faults of all kinds.
    pub faults: u64,
    /// Times that a node was looked at while it forwarded.
    pub looks: u64,
    /// Times that a node was looked at while only etcd was gone.
    pub continuity: u64,
    /// The longest time to an answer after all faults were over, in milliseconds.
    pub longest_back_ms: u64,
}

pub(super) enum Event {
    Tick(NodeId, u64, u64),
    Wake(NodeId, u64),
    ToEtcd(NodeId, u64, Ask),
    FromEtcd(NodeId, u64, Answer),
    /// An append without an answer: the journal is read instead.
    AppendLost(NodeId, u64, RoomId, u64),
    Resync(NodeId, u64),
    Deliver {
        to: NodeId,
        from: NodeId,
        parcel: Parcel,
    },
    Command,
    Retry(u64),
    Fault,
    Silence,
    Restart(NodeId),
    Look,
}

/// A world: its nodes, etcd, and the events to come.
pub(super) struct World {
    pub setting: ClusterSetting,
    pub chance: Chance,
    pub now: u64,
    pub hosts: Vec<Host>,
    pub etcd: Etcd,
    pub rooms: Vec<RoomId>,
    pub callers: Callers,
    pub totals: ClusterTotals,
    /// From one node to another nothing arrives until then.
    pub cut: BTreeMap<(NodeId, NodeId), u64>,
    /// Requests of a node don't reach etcd until then, or answers don't come back.
    pub cut_from_etcd: BTreeMap<NodeId, (u64, u64)>,
    pub etcd_down_until: u64,
    /// etcd went then, and nothing else is wrong.
    pub calm_since: Option<u64>,
    pub no_faults_until: u64,
    /// How long etcd is to be gone.
    pub silence: u64,
    events: BTreeMap<(u64, u64), Event>,
    next_event: u64,
    pub failure: Option<String>,
}

impl ClusterTotals {
    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.answered += other.answered;
        self.owners += other.owners;
        self.faults += other.faults;
        self.looks += other.looks;
        self.continuity += other.continuity;
        self.longest_back_ms = self.longest_back_ms.max(other.longest_back_ms);
    }
}

impl fmt::Display for ClusterTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} events, {} faults", self.steps, self.faults)?;
        writeln!(f, "{:>10} commands answered", self.answered)?;
        writeln!(f, "{:>10} times a node became owner of a room", self.owners)?;
        writeln!(
            f,
            "{:>10} looks at a node that forwards, {} while etcd alone was gone",
            self.looks, self.continuity
        )?;
        write!(
            f,
            "{:>10} ms at most until all rooms answered again",
            self.longest_back_ms
        )
    }
}

impl ClusterSetting {
    /// 1 to 7 nodes, in turn.
    pub const fn nodes_of(seed: u64) -> u16 {
        1 + (seed % 7) as u16
    }

    /// Runs the world to its end.
    ///
    /// # Errors
    ///
    /// The first oracle that failed, with its seed.
    pub fn run(self) -> Result<ClusterTotals, Box<ClusterFailure>> {
        let mut world = World::new(self);
        world.begin();
        match world.run() {
            Ok(()) => Ok(world.totals),
            Err(what) => Err(Box::new(ClusterFailure {
                seed: self.seed,
                step: world.totals.steps,
                at_ms: world.now / 1_000,
                what,
            })),
        }
    }
}

impl World {
    fn new(setting: ClusterSetting) -> Self {
        let mut chance = Chance::new(setting.seed);
        let count = setting.nodes.clamp(1, 7);
        let host = |id| Host {
            id: NodeId(id),
            machine: None,
            life: 0,
            clock: Clock::new(0, 0, 0),
            frozen_until: 0,
            tasks: BTreeMap::new(),
            tick: 0,
        };
        let rooms = 1 + chance.below(4) as u32;
        Self {
            setting,
            now: 1_000_000,
            hosts: (1..=count).map(host).collect(),
            etcd: Etcd {
                plant: setting.plant,
                ..Etcd::default()
            },
            rooms: (1..=rooms).map(RoomId).collect(),
            callers: Callers::default(),
            totals: ClusterTotals::default(),
            cut: BTreeMap::new(),
            cut_from_etcd: BTreeMap::new(),
            etcd_down_until: 0,
            calm_since: None,
            no_faults_until: 0,
            silence: 0,
            events: BTreeMap::new(),
            next_event: 0,
            failure: None,
            chance,
        }
    }

    fn begin(&mut self) {
        let ids: Vec<_> = self.hosts.iter().map(|it| it.id).collect();
        for id in ids {
            let after = self.chance.below(2_000_000);
            self.after(after, Event::Restart(id));
        }
        self.after(3_000_000, Event::Fault);
        self.after(1_000_000, Event::Command);
        self.after(1_000, Event::Look);
    }

    fn run(&mut self) -> Result<(), String> {
        while self.totals.steps < self.setting.steps {
            self.step()?;
        }
        self.heal();
        let end = self.now + BACK_WITHIN;
        let begun = self.now;
        let rooms = self.rooms.clone();
        let last: Vec<_> = rooms
            .into_iter()
            .map(|room| self.call(room, Deed::Move))
            .collect();
        let is_answered = |world: &Self, request: &u64| {
            world
                .callers
                .calls
                .get(request)
                .is_some_and(|it| it.answer.is_some())
        };
        while !last.iter().all(|request| is_answered(self, request)) {
            if self.now > end {
                return Err("a room is not back after all faults are over".to_owned());
            }
            self.step()?;
        }
        self.totals.longest_back_ms = (self.now - begun) / 1_000;
        self.totals.answered = self
            .callers
            .calls
            .values()
            .filter(|it| it.answer.is_some())
            .count() as u64;
        self.check_journals()
    }

    pub(super) fn after(&mut self, micros: u64, event: Event) {
        self.next_event += 1;
        self.events
            .insert((self.now + micros, self.next_event), event);
    }

    fn step(&mut self) -> Result<(), String> {
        let Some(((at, _), event)) = self.events.pop_first() else {
            return Err("nothing happens any more".to_owned());
        };
        self.now = self.now.max(at);
        self.totals.steps += 1;
        self.take(event);
        if let Some(what) = self.failure.take() {
            return Err(what);
        }
        Ok(())
    }

    pub(super) fn host(&mut self, id: NodeId) -> Option<&mut Host> {
        self.hosts.iter_mut().find(|it| it.id == id)
    }

    /// The node if this process of it is up; what comes while it is frozen waits until it thaws.
    pub(super) fn awake(&mut self, id: NodeId, life: Option<u64>, event: Event) -> Option<Event> {
        let now = self.now;
        let host = self.host(id)?;
        if life.is_some_and(|life| life != host.life) || host.machine.is_none() {
            return None;
        }
        if host.is_frozen(now) {
            let wait = host.frozen_until - now;
            self.after(wait, event);
            return None;
        }
        Some(event)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Tick(node, life, tick) => {
                let Some(_) = self.awake(node, Some(life), Event::Tick(node, life, tick)) else {
                    return;
                };
                if self.host(node).is_some_and(|it| it.tick == tick) {
                    self.with(node, |machine, local| machine.handle_timeout(local));
                }
            }
            Event::Wake(node, life) => {
                if self
                    .awake(node, Some(life), Event::Wake(node, life))
                    .is_some()
                {
                    self.with(node, |_, _| ());
                }
            }
            Event::ToEtcd(node, life, ask) => self.reach_etcd(node, life, ask),
            Event::FromEtcd(node, life, answer) => {
                let waiting = Event::FromEtcd(node, life, answer);
                if let Some(Event::FromEtcd(_, _, answer)) = self.awake(node, Some(life), waiting) {
                    self.take_answer(node, answer);
                }
            }
            Event::AppendLost(node, life, room, place) => self.append_lost(node, life, room, place),
            Event::Resync(node, life) => {
                if self.host(node).is_some_and(|it| it.life == life) {
                    self.ask_etcd(node, Ask::ReadAll);
                    self.load_again(node);
                    self.after(200_000, Event::Resync(node, life));
                }
            }
            Event::Deliver { to, from, parcel } => {
                let waiting = Event::Deliver { to, from, parcel };
                if let Some(Event::Deliver { parcel, .. }) = self.awake(to, None, waiting) {
                    self.take_parcel(to, from, parcel);
                }
            }
            Event::Command => self.draw_command(),
            Event::Retry(request) => self.retry(request),
            Event::Fault => self.draw_fault(),
            Event::Silence => self.begin_silence(),
            Event::Restart(node) => self.restart(node),
            Event::Look => {
                self.look();
                let wait = 500 + self.chance.below(20_000);
                self.after(wait, Event::Look);
            }
        }
    }

    pub(super) fn look(&mut self) {
        if self.failure.is_none() {
            self.failure = self.check().err();
        }
    }
}
