//! A backend over bare rooms: everything that the server does, but media and the journal.

mod hosted;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sideroom_control::{
    Actor, Arrangement, AttendancePage, BreakoutError, Command, DryRun, EventKind, Join,
    LeaveReason, MovesPage, RequestId, Rights, Role, Room, RoomConfig, RoomSettings, RoomView,
    SlotPool, Subject, UnixMillis, Viewer, Views,
};
use sideroom_route::{ParticipantId, RoomId, TrackKind};
use sideroom_rpc::{
    ApiError, Backend,
    backend::{
        Answer, CloseReason, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest,
        Negotiated, ReofferRequest, RoomSummary, SessionId, SharedEvent, Stats, Watch, WatchItem,
    },
};
use tokio::sync::mpsc;

use hosted::{Hosted, answer, negotiate};

#[derive(Default)]
pub(crate) struct Fake {
    rooms: Mutex<BTreeMap<String, Hosted>>,
    made: AtomicU64,
    pub(crate) now: AtomicU64,
    /// Journals fail while this is set.
    pub(crate) store_is_full: AtomicBool,
    pub(crate) draining: AtomicBool,
    /// Watch queues of this size; 0: the usual one.
    pub(crate) queue: AtomicU64,
    pub(crate) disconnected: Mutex<Vec<ParticipantId>>,
    pub(crate) candidates: Mutex<Vec<String>>,
    pub(crate) drained: Mutex<Vec<Option<Duration>>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let fake = Self::default();
        fake.now.store(1_790_000_000_000, Ordering::Relaxed);
        fake
    }

    fn rooms(&self) -> MutexGuard<'_, BTreeMap<String, Hosted>> {
        self.rooms.lock().unwrap()
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(self.now.load(Ordering::Relaxed))
    }

    fn with<T>(
        &self,
        room: &str,
        look: impl FnOnce(&mut Hosted) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        look(self.rooms().get_mut(room).ok_or(ApiError::RoomNotFound)?)
    }

    /// The state that a test wants to see unchanged.
    pub(crate) fn state(&self, room: &str) -> String {
        let rooms = self.rooms();
        rooms.get(room).map_or("no room".into(), |hosted| {
            format!("{:?} {}", hosted.room.state_hash(), hosted.room.seq())
        })
    }

    /// How many watch a room.
    pub(crate) fn watchers(&self, room: &str) -> usize {
        self.rooms()
            .get(room)
            .map_or(0, |hosted| hosted.watchers.len())
    }

    /// Tells a participant something volatile.
    pub(crate) fn tell(&self, room: &str, who: ParticipantId, item: WatchItem) {
        let rooms = self.rooms();
        let hosted = rooms.get(room).unwrap();
        for (viewer, items) in &hosted.watchers {
            if *viewer == Viewer::Participant(who) {
                items.try_send(item.clone()).unwrap();
            }
        }
    }

    /// Lets time go by.
    pub(crate) fn advance(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
        let now = self.now();
        for hosted in self.rooms().values_mut() {
            for applied in hosted.room.tick(now) {
                hosted.publish(&applied);
            }
        }
    }

    /// A command of the server's own.
    pub(crate) fn system(&self, room: &str, command: Command) {
        let id = self.made.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::new(&format!("system-{id}")).unwrap();
        let now = self.now();
        self.with(room, |hosted| {
            hosted.apply(now, Actor::System, &id, command)
        })
        .unwrap();
    }

    fn fresh(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Hosted {
    /// Only moderators read records.
    fn check_moderator(&self, viewer: Viewer) -> Result<(), ApiError> {
        let Viewer::Participant(asker) = viewer else {
            return Ok(());
        };
        let people = self.view(viewer)?.participants;
        let me = people.iter().find(|one| one.participant == asker);
        match me.is_some_and(|me| me.role == Role::Moderator) {
            true => Ok(()),
            false => Err(BreakoutError::NotModerator.into()),
        }
    }
}

const fn close_reason(reason: LeaveReason) -> CloseReason {
    match reason {
        LeaveReason::Left => CloseReason::Left,
        LeaveReason::Removed => CloseReason::Removed,
        LeaveReason::Banned => CloseReason::Banned,
        LeaveReason::Expired => CloseReason::ConnectionLost,
        LeaveReason::RoomClosed => CloseReason::RoomClosed,
    }
}

#[async_trait]
impl Backend for Fake {
    async fn command(&self, request: CommandRequest) -> Result<Answer, ApiError> {
        if self.store_is_full.load(Ordering::Relaxed) {
            return Err(ApiError::StoreFailed);
        }
        let now = self.now();
        self.with(&request.room, |hosted| {
            let (id, expected) = (&request.request_id, request.expected);
            let applied = hosted.apply_at(now, expected, request.actor, (id, request.command))?;
            for event in &applied.events {
                if let EventKind::ParticipantLeft {
                    participant,
                    reason,
                } = event.kind
                {
                    hosted.close(Some(participant), close_reason(reason));
                }
            }
            Ok(answer(applied))
        })
    }

    async fn create_room(&self, request: CreateRoom) -> Result<RoomView, ApiError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(ApiError::Draining);
        }
        let mut rooms = self.rooms();
        if let Some(hosted) = rooms.get(&request.name) {
            if hosted.created.asked().is_again(&request.asked())? {
                return hosted.view(Viewer::Operator);
            }
            return Err(ApiError::RoomExists);
        }
        let config = RoomConfig {
            id: RoomId(u32::try_from(self.fresh()).unwrap()),
            name: request.name.clone(),
            settings: request.settings_over(&RoomSettings::default()),
            seed: 7,
            created_at: self.now(),
        };
        let hosted = Hosted {
            room: Room::new(config)?,
            created: request.clone(),
            watchers: Vec::new(),
            sessions: BTreeMap::new(),
        };
        let view = hosted.view(Viewer::Operator);
        rooms.insert(request.name, hosted);
        view
    }

    async fn delete_room(&self, request: CommandRequest) -> Result<(), ApiError> {
        let now = self.now();
        let mut rooms = self.rooms();
        if let Some(hosted) = rooms.get_mut(&request.room) {
            let (id, expected) = (&request.request_id, request.expected);
            hosted.apply_at(now, expected, request.actor, (id, request.command))?;
            hosted.close(None, CloseReason::RoomClosed);
            rooms.remove(&request.room);
        }
        Ok(())
    }

    async fn list_rooms(&self, after: &str, limit: usize) -> Result<Vec<RoomSummary>, ApiError> {
        let rooms = self.rooms();
        let listed = rooms.iter().filter(|(name, _)| name.as_str() > after);
        let summary = |(name, hosted): (&String, &Hosted)| RoomSummary {
            name: name.clone(),
            participants: u32::try_from(hosted.room.participants().count()).unwrap(),
            breakouts: 0,
            created_at: self.now(),
            seq: hosted.room.seq(),
            epoch: hosted.room.epoch(),
            version: hosted.room.version(),
        };
        Ok(listed.take(limit).map(summary).collect())
    }

    async fn room(&self, room: &str, viewer: Viewer) -> Result<RoomView, ApiError> {
        self.with(room, |hosted| hosted.view(viewer))
    }

    async fn participant(
        &self,
        room: &str,
        identity: &str,
    ) -> Result<(ParticipantId, Rights), ApiError> {
        self.with(room, |hosted| {
            let id = hosted.room.participant_id(identity);
            id.and_then(|id| Some((id, hosted.room.token_of(id)?)))
                .ok_or(ApiError::ParticipantNotFound)
        })
    }

    async fn join(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let media = negotiate(&request.offer, &request.hints)?;
        let (now, session, asked) = (self.now(), SessionId(self.fresh()), request.asked());
        let kinds: BTreeSet<TrackKind> = media.tracks.iter().map(|(kind, _)| *kind).collect();
        let count = |audio| {
            let of = media
                .slots
                .iter()
                .filter(|(slot, _)| (slot.media == sideroom_route::Media::Audio) == audio);
            u8::try_from(of.count()).unwrap()
        };
        let join = Join {
            identity: request.identity.clone(),
            display_name: request.display_name.clone(),
            role: request.role,
            grants: request.grants,
            slots: SlotPool {
                audio: count(true),
                video: count(false),
            },
            offers: kinds.iter().copied().collect(),
        };
        self.with(&request.room, |hosted| {
            let known = hosted.room.participant_id(&request.identity);
            let first = known.and_then(|id| Some((id, hosted.sessions.get(&id)?)));
            if let Some((participant, (session, first))) = first
                && first.is_again(&asked)?
            {
                return Ok(Joined {
                    participant,
                    session: *session,
                    media,
                    room: hosted.view(Viewer::Participant(participant))?,
                    resumed: false,
                    repeated: true,
                });
            }
            let id = &request.request_id;
            hosted.apply(now, Actor::System, id, Command::Join(join))?;
            let participant = hosted.room.participant_id(&request.identity).unwrap();
            hosted.close(Some(participant), CloseReason::Replaced);
            hosted.sessions.insert(participant, (session, asked));
            if request.publish {
                for kind in kinds {
                    let id = RequestId::new(&format!("{}-{kind}", request.request_id.as_str()));
                    let publish = Command::Publish { participant, kind };
                    // Like the server, it joins without the kinds that the participant may not publish.
                    let _ = hosted.apply(now, Actor::Participant(participant), &id?, publish);
                }
            }
            Ok(Joined {
                participant,
                session,
                media,
                room: hosted.view(Viewer::Participant(participant))?,
                resumed: known.is_some(),
                repeated: false,
            })
        })
    }

    async fn reoffer(&self, request: ReofferRequest) -> Result<Negotiated, ApiError> {
        negotiate(&request.offer, &request.hints)
    }

    async fn trickle(
        &self,
        _room: &str,
        _participant: ParticipantId,
        candidate: &str,
    ) -> Result<(), ApiError> {
        self.candidates.lock().unwrap().push(candidate.into());
        Ok(())
    }

    async fn disconnected(&self, room: &str, participant: ParticipantId, session: SessionId) {
        let current = self.with(room, |hosted| {
            Ok(hosted.sessions.get(&participant).map(|held| held.0))
        });
        if current == Ok(Some(session)) {
            self.system(room, Command::Drop { participant });
            self.disconnected.lock().unwrap().push(participant);
        }
    }

    async fn set_views(
        &self,
        room: &str,
        participant: ParticipantId,
        views: Views,
    ) -> Result<(), ApiError> {
        self.with(room, |hosted| {
            hosted.room.set_views(participant, views)?;
            Ok(())
        })
    }

    async fn watch(
        &self,
        room: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        let queue = match self.queue.load(Ordering::Relaxed) {
            0 => sideroom_rpc::backend::WATCH_QUEUE,
            size => usize::try_from(size).unwrap(),
        };
        self.with(room, |hosted| {
            let view = hosted.view(viewer)?;
            let (sender, items) = mpsc::channel(queue);
            let mut snapshot = Some(Box::new(view));
            if let Some(after) = after {
                let missed = hosted.room.events_after(viewer, after);
                for event in missed.map_err(|_| ApiError::OutOfRange)? {
                    sender
                        .try_send(WatchItem::Event(SharedEvent::new(event)))
                        .unwrap();
                }
                snapshot = None;
            }
            hosted.watchers.push((viewer, sender));
            Ok(Watch { snapshot, items })
        })
    }

    async fn dry_run(&self, request: CommandRequest) -> Result<DryRun, ApiError> {
        self.with(&request.room, |hosted| {
            let CommandRequest {
                actor,
                expected,
                command,
                ..
            } = request.clone();
            let run = hosted.room.dry_run(expected, self.now(), actor, command);
            run.map_err(ApiError::from)
        })
    }

    async fn moves(&self, request: MovesRequest) -> Result<MovesPage, ApiError> {
        self.with(&request.room, |hosted| {
            hosted.check_moderator(request.viewer)?;
            Ok(hosted.room.move_log().page(&request.query))
        })
    }

    async fn attendance(&self, request: MovesRequest) -> Result<AttendancePage, ApiError> {
        let now = self.now();
        self.with(&request.room, |hosted| {
            hosted.check_moderator(request.viewer)?;
            Ok(hosted.room.move_log().attendance(&request.query, now))
        })
    }

    async fn arrangement(
        &self,
        room: &str,
        viewer: Viewer,
        name: &str,
    ) -> Result<Arrangement, ApiError> {
        self.with(room, |hosted| {
            hosted.check_moderator(viewer)?;
            let found = hosted.room.arrangement(name).cloned();
            Ok(found.ok_or(BreakoutError::NotFound(Subject::Arrangement))?)
        })
    }

    async fn stats(&self) -> Result<Stats, ApiError> {
        Ok(Stats {
            version: "1.2.3".into(),
            rooms: u32::try_from(self.rooms().len()).unwrap(),
            ..Stats::default()
        })
    }

    async fn drain(&self, deadline: Option<Duration>) -> Result<(), ApiError> {
        self.drained.lock().unwrap().push(deadline);
        self.draining.store(true, Ordering::Relaxed);
        Ok(())
    }
}
