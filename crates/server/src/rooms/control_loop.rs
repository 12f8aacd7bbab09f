//! The loop: takes what waits, in turns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sideroom_control::{RoomSettings, UnixMillis};
use sideroom_route::{MediaEvent, RoomId};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::CloseReason;
use tokio::sync::mpsc;

use super::ask::{Ask, Read};
use super::host::Host;
use super::saving::Unsaved;
use super::turn::Turn;
use crate::clock;
use crate::media::{LayerMasks, MediaPlane, TalkerLists, Told};
use crate::metrics::{self, NodeTotals};
use crate::shutdown::{Phase, Shutdown};
use crate::store::Journal;

/// Requests that one turn takes at most: more wait, so that nobody waits for a turn that never ends.
const MAX_TURN: usize = 512;
/// Media events that one turn takes at most.
const MAX_TOLD: usize = 1_024;
/// How long the loop sleeps at most: then it looks after itself.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// How often it is published how much there is.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What the loop is told at its start.
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// What a room is when its creator says nothing.
    pub defaults: RoomSettings,
    /// Rooms at most.
    pub max_rooms: usize,
    /// Participants at most.
    pub max_participants: usize,
    /// Watchers of one room at most.
    pub max_watchers: usize,
    /// A room is saved whole after so many records.
    pub snapshot_every: u32,
    /// A room that was empty for so long ends. Zero: never.
    pub empty_timeout: Duration,
    /// Where the server is in its life.
    pub shutdown: Shutdown,
}

/// The owner of all rooms.
pub struct ControlLoop {
    pub(super) options: LoopOptions,
    pub(super) journal: Journal,
    pub(super) media: Arc<MediaPlane>,
    pub(super) hosts: HashMap<RoomId, Host>,
    pub(super) names: BTreeMap<String, RoomId>,
    pub(super) next_room: RoomId,
    pub(super) next_session: u64,
    pub(super) next_request: u64,
    /// Tells the requests of this process from those of earlier ones.
    pub(super) boot: u64,
    pub(super) deadlines: BTreeSet<(UnixMillis, RoomId)>,
    pub(super) talkers: TalkerLists,
    pub(super) layers: LayerMasks,
    pub(super) unsaved: Unsaved,
    pub(super) draining: bool,
    pub(super) drain_until: Option<Instant>,
    pub(super) started: Instant,
    /// When it was last published how much there is.
    counted: Instant,
    /// When the rules were last asked about a route again.
    pub(super) audited: Instant,
    pub(super) life: tokio::sync::watch::Sender<usize>,
}

impl ControlLoop {
    /// A loop without rooms. `life` is told how many participants there are.
    pub fn new(
        options: LoopOptions,
        journal: Journal,
        media: Arc<MediaPlane>,
        life: tokio::sync::watch::Sender<usize>,
    ) -> Self {
        Self {
            options,
            journal,
            media,
            hosts: HashMap::new(),
            names: BTreeMap::new(),
            next_room: RoomId(1),
            next_session: 0,
            next_request: 0,
            boot: super::chance::draw(),
            deadlines: BTreeSet::new(),
            talkers: TalkerLists::default(),
            layers: LayerMasks::default(),
            unsaved: Unsaved::default(),
            draining: false,
            drain_until: None,
            started: clock::now(),
            counted: clock::now(),
            audited: clock::now(),
            life,
        }
    }

    /// Runs until nobody can ask any more.
    pub async fn run(mut self, mut asks: mpsc::Receiver<Ask>, mut told: mpsc::Receiver<Told>) {
        let mut waiting = Vec::with_capacity(MAX_TURN);
        let mut seen = Vec::with_capacity(MAX_TOLD);
        loop {
            tokio::select! {
                taken = asks.recv_many(&mut waiting, MAX_TURN) => if taken == 0 { return },
                taken = told.recv_many(&mut seen, MAX_TOLD) => if taken == 0 { return },
                () = tokio::time::sleep(self.sleep()) => {}
            }
            // From the moment when readiness is false nobody is let in.
            self.draining |= self.options.shutdown.phase() >= Phase::Draining;
            let mut turn = Turn::new(UnixMillis(clock::unix_ms()));
            for one in seen.drain(..) {
                self.handle_told(&mut turn, one);
            }
            for ask in waiting.drain(..) {
                self.handle_ask(&mut turn, ask);
            }
            self.handle_due(&mut turn);
            self.finish(turn).await;
            self.save_next();
            self.count(asks.len());
        }
    }

    /// Publishes how much there is, once a second.
    fn count(&mut self, queued_commands: usize) {
        if self.counted.elapsed() < COUNT_EVERY {
            return;
        }
        self.counted = clock::now();
        let mut totals = NodeTotals {
            rooms: self.hosts.len(),
            queued_commands,
            ..NodeTotals::default()
        };
        for host in self.hosts.values() {
            totals.breakouts += host.room.breakout_count();
            totals.watchers += host.watchers.len();
            let here = host.room.participants().count();
            totals.connected += host.connections.len();
            totals.dropped += here.saturating_sub(host.connections.len());
        }
        totals.publish();
    }

    fn sleep(&self) -> Duration {
        let now = clock::unix_ms();
        let due = self
            .deadlines
            .first()
            .map(|(at, _)| at.0.saturating_sub(now));
        let saving = self.unsaved.wait(clock::now()).unwrap_or(MAX_SLEEP);
        due.map_or(MAX_SLEEP, |ms| Duration::from_millis(ms).min(MAX_SLEEP))
            .min(saving)
    }

    fn handle_ask(&mut self, turn: &mut Turn, ask: Ask) {
        match ask {
            Ask::Command(request, reply) => self.command(turn, *request, reply),
            Ask::Create(request, reply) => self.create(turn, *request, reply),
            Ask::Delete(request, reply) => self.delete(turn, *request, reply),
            Ask::Join(entrance, reply) => self.let_in(turn, *entrance, reply),
            Ask::JoinDone(arrival, reply) => self.arrive(turn, *arrival, reply),
            Ask::JoinFailed(participant, session) => self.turn_away(turn, participant, session),
            Ask::Disconnected(participant, session) => {
                self.disconnected(turn, participant, session);
            }
            Ask::SetViews(participant, views, reply) => {
                self.set_views(turn, participant, *views, reply);
            }
            Ask::Read(read) => turn.reads.push(read),
            Ask::Drain(deadline, reply) => {
                self.draining = true;
                self.drain_until = deadline.map(|span| clock::now() + span);
                let _ = reply.send(Ok(()));
            }
            Ask::Close(reply) => {
                self.draining = true;
                self.send_everybody_away();
                let _ = reply.send(Ok(()));
            }
        }
    }

    fn handle_told(&mut self, turn: &mut Turn, told: Told) {
        let (worker, transport, event) = match told {
            Told::KeyframeWanted(track, layer) => return self.media.ask_keyframe(track, layer),
            Told::Event(told) => (told.worker, told.transport, told.event),
        };
        match event {
            MediaEvent::Talkers {
                room,
                group,
                ranked,
            } => {
                let own = ranked
                    .into_iter()
                    .filter(|(track, _)| self.media.is_home(worker, *track));
                let ranked = self.talkers.merge(worker, room, group, own.collect());
                self.talk(turn, room, group, &ranked);
            }
            MediaEvent::Lost {
                participant,
                reason,
            } => {
                let room = participant.room();
                let held = self
                    .hosts
                    .get(&room)
                    .and_then(|host| host.connections.get(&participant));
                if held.is_some_and(|held| Some(held.transport) == transport) {
                    tracing::info!(%participant, ?reason, "the transport is lost");
                    metrics::transport_lost(reason);
                    self.drop_participant(turn, participant);
                }
            }
            MediaEvent::SlotPaused {
                subscriber,
                slot,
                reason,
                ..
            } => {
                self.tell_paused(subscriber, slot, reason);
            }
            MediaEvent::LayersWanted { track, layers } => {
                let all = self.layers.merge(worker, track, layers);
                self.tell_layers(track, all);
            }
            MediaEvent::Connected { participant } => {
                let host = self.hosts.get(&participant.room());
                if let Some(held) = host.and_then(|host| host.connections.get(&participant)) {
                    metrics::connected(held.since.elapsed());
                }
            }
            MediaEvent::Applied { .. } => {}
        }
    }

    fn handle_due(&mut self, turn: &mut Turn) {
        while let Some((at, room)) = self.deadlines.first().copied() {
            if at > turn.now {
                break;
            }
            self.deadlines.remove(&(at, room));
            self.tick(turn, room);
        }
        if self.drain_until.is_some_and(|until| clock::now() >= until) {
            self.drain_until = None;
            self.send_everybody_away();
        }
        for host in self.hosts.values_mut() {
            host.watchers.sweep();
        }
    }

    fn send_everybody_away(&mut self) {
        for host in self.hosts.values_mut() {
            host.watchers.close_all(CloseReason::Draining);
        }
    }

    /// Reads, after what changed is kept and told.
    pub(super) fn handle_read(&mut self, read: Read) {
        match read {
            Read::Codecs(name, reply) => {
                let codecs = self.host(&name).map(|host| host.codecs);
                let _ = reply.send(codecs);
            }
            Read::List(after, limit, reply) => {
                let _ = reply.send(Ok(self.list(&after, limit)));
            }
            Read::Room(name, viewer, reply) => {
                let _ = reply.send(self.view(&name, viewer));
            }
            Read::Participant(name, identity, reply) => {
                let found = self.host(&name).and_then(|host| {
                    let id = host.room.participant_id(&identity);
                    id.and_then(|id| Some((id, host.room.token_of(id)?)))
                        .ok_or(ApiError::ParticipantNotFound)
                });
                let _ = reply.send(found);
            }
            Read::Media(participant, reply) => {
                let _ = reply.send(self.media(participant));
            }
            Read::Watch(name, viewer, after, reply) => {
                let watch = self.watch(&name, viewer, after);
                let _ = reply.send(watch);
            }
            Read::Moves(request, reply) => {
                let _ = reply.send(self.moves(&request));
            }
            Read::Stats(reply) => {
                let _ = reply.send(Ok(self.stats()));
            }
        }
    }
}
