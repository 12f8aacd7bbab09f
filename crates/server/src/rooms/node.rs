//! The node as the front ends see it: finds the room, and asks its task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sideroom_control::{
    Arrangement, AttendancePage, Command, DryRun, MovesPage, Rights, Room, RoomConfig, RoomPatch,
    RoomView, UnixMillis, VideoCodec, Viewer, Views,
};
use sideroom_room::{Admission, Farewell, RoomMachine};
use sideroom_route::{DropReason, ParticipantId, RoomId};
use sideroom_rpc::backend::{
    Answer, CommandRequest, CreateRoom, JoinRequest, Joined, MovesRequest, Negotiated,
    ReofferRequest, RoomSummary, SessionId, Stats, Watch, WorkerStats,
};
use sideroom_rpc::{ApiError, Backend};
use tokio::sync::{mpsc, oneshot};
use tracing::field::Empty;
use tracing::{Instrument as _, info_span};

use super::directory::{Directory, NoRoom, RoomHandle};
use super::events::{own, session};
use super::messages::{ParsedJoin, Read, Reply, RoomAsk, RoomEvent};
use super::start::options;
use super::summary::summary;
use super::supervise::spawn;
use super::{chance, offer};
use crate::media::MediaPlane;
use crate::shutdown::Phase;
use crate::{clock, metrics};

/// How long the rooms may take to save themselves at the end.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// This node. Cheap to share.
pub struct Node {
    pub(super) rooms: Arc<Directory>,
    media: Arc<MediaPlane>,
    started: Instant,
    closed: AtomicBool,
}

impl Node {
    /// Over the rooms of this node.
    pub fn new(rooms: Arc<Directory>, media: Arc<MediaPlane>) -> Self {
        Self {
            rooms,
            media,
            started: clock::now(),
            closed: AtomicBool::new(false),
        }
    }

    /// Asks a room. One that is behind by its whole queue says so at once.
    async fn ask<T>(
        &self,
        desk: &RoomHandle,
        make: impl FnOnce(Reply<T>) -> RoomAsk,
    ) -> Result<T, ApiError> {
        let (reply, answer) = oneshot::channel();
        match desk.asks.try_send(make(reply)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Err(ApiError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(self.gone()),
        }
        answer.await.map_err(|_| self.gone())?
    }

    /// A room that answers no more has ended, or the node is about to.
    fn gone(&self) -> ApiError {
        match self.closed.load(Ordering::Relaxed) {
            true => ApiError::Draining,
            false => ApiError::RoomNotFound,
        }
    }

    async fn read<T>(
        &self,
        room: &str,
        make: impl FnOnce(Reply<T>) -> Read,
    ) -> Result<T, ApiError> {
        let desk = self.rooms.find(room)?;
        self.ask(&desk, |reply| RoomAsk::Read(make(reply))).await
    }

    /// Reads the offer, and asks the room to let its sender in.
    async fn let_in(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let begun = clock::now();
        let desk = self.rooms.find(&request.room)?;
        let video = match desk.totals() {
            Some(totals) => totals.video,
            None => self.codec_of_loading(&desk).await?,
        };
        // The offer is looked at before anything is changed.
        let parsed = offer::parse(request.offer.clone()).await?;
        let offer = offer::read(
            parsed,
            &request.hints,
            (video, self.rooms.options.dtx),
            request.whole,
        )?;
        let (place, free) = self.rooms.take_place();
        let admission = match (self.rooms.is_draining(), free) {
            (true, _) => Admission::Draining,
            (false, false) => Admission::Full,
            (false, true) => Admission::Open,
        };
        let entrance = ParsedJoin {
            request,
            offer,
            admission,
            place,
        };
        let ask = |reply| RoomAsk::Join(Box::new(entrance), reply);
        let joined = self.ask(&desk, ask).await?.accept();
        metrics::joined(begun.elapsed());
        Ok(joined)
    }

    /// The video codec of a room that is being loaded: known once it is, or cannot be.
    async fn codec_of_loading(&self, desk: &RoomHandle) -> Result<VideoCodec, ApiError> {
        let view = |reply| RoomAsk::Read(Read::Room(Viewer::Operator, reply));
        Ok(self.ask(desk, view).await?.settings.codecs.video)
    }

    /// The operator's bound on every room, for any creator and any change.
    pub(super) fn check_room_size(&self, patch: &RoomPatch) -> Result<(), ApiError> {
        let most = self.rooms.options.defaults.max_participants;
        if patch.max_participants.is_none_or(|wanted| wanted <= most) {
            return Ok(());
        }
        Err(ApiError::BadRequest(format!(
            "`maxParticipants` is at most {most} on this server (`limits.participants_per_room`)."
        )))
    }

    pub(super) async fn make_room(
        &self,
        request: CreateRoom,
        id: Option<RoomId>,
    ) -> Result<RoomView, ApiError> {
        self.check_room_size(&request.settings)?;
        let reserved = self.rooms.reserve(&request.name, id);
        let desk = match reserved {
            Err(NoRoom::Refused(error)) => return Err(error),
            Err(NoRoom::Exists(desk)) => desk,
            Ok((desk, inbox)) => {
                let config = self.config_of(&request, desk.id);
                let room = Room::new(config).inspect_err(|_| self.rooms.remove(&desk))?;
                let (now, asked) = (self.rooms.now(), own(request.asked()));
                let machine = RoomMachine::create(now, options(&self.rooms), room, asked);
                // The task is asked before anybody else can reach it.
                let made_by = Some(request.asked());
                let (reply, answer) = oneshot::channel();
                let ask = RoomAsk::Create(Box::new(request), reply);
                let asked = desk.asks.try_send(ask);
                spawn(machine, &self.rooms, &desk, inbox, made_by);
                asked.map_err(|_| ApiError::Internal)?;
                return answer.await.map_err(|_| self.gone())?;
            }
        };
        self.ask(&desk, |reply| RoomAsk::Create(Box::new(request), reply))
            .await
    }

    pub(super) fn config_of(&self, request: &CreateRoom, id: RoomId) -> RoomConfig {
        RoomConfig {
            id,
            name: request.name.clone(),
            settings: request.settings_over(&self.rooms.options.defaults),
            seed: chance::draw(),
            created_at: UnixMillis(clock::unix_ms()),
        }
    }

    /// Sends everybody away.
    pub fn send_everybody_away(&self) {
        for desk in self.rooms.all() {
            desk.tell(RoomEvent::Farewell(Farewell::Draining));
        }
    }

    /// Answers pending requests, saves every room and ends their tasks.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let stopped: Vec<_> = self
            .rooms
            .all()
            .into_iter()
            .map(|desk| {
                let (done, stopped) = oneshot::channel();
                desk.tell(RoomEvent::Stop(done));
                stopped
            })
            .collect();
        let all = async {
            for one in stopped {
                // A room that is gone has stopped.
                let _ = one.await;
            }
        };
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            tracing::warn!("some rooms do not stop in time; a restart replays their journals");
        }
    }
}

#[async_trait]
impl Backend for Node {
    async fn command(&self, request: CommandRequest) -> Result<Answer, ApiError> {
        let begun = clock::now();
        let (name, moves) = (
            metrics::command_name(&request.command),
            metrics::moves_people(&request.command),
        );
        let span = info_span!(
            "command",
            command = name,
            room = request.room,
            request_id = request.request_id.as_str(),
            actor = ?request.actor,
            result = Empty,
            epoch = Empty,
        );
        let answer = async {
            if let Command::UpdateRoom(patch) = &request.command {
                self.check_room_size(patch)?;
            }
            let desk = self.rooms.find(&request.room)?;
            let ask = |reply| RoomAsk::Command(Box::new(request), reply);
            self.ask(&desk, ask).await
        };
        let answer = answer.instrument(span.clone()).await;
        let result = match &answer {
            Ok(answer) if answer.repeated => "repeated",
            Ok(_) => "ok",
            Err(error) => error.wire().reason,
        };
        span.record("result", result);
        if let Ok(answer) = &answer {
            span.record("epoch", answer.epoch.0);
        }
        metrics::answered(name, result, begun.elapsed());
        if moves && answer.is_ok() {
            metrics::moved(begun.elapsed());
        }
        answer
    }

    async fn create_room(&self, request: CreateRoom) -> Result<RoomView, ApiError> {
        let span = info_span!(
            "create_room",
            room = request.name,
            request_id = request.request_id.as_str(),
        );
        self.make_room(request, None).instrument(span).await
    }

    async fn delete_room(&self, request: CommandRequest) -> Result<(), ApiError> {
        let span = info_span!(
            "delete_room",
            room = request.room,
            request_id = request.request_id.as_str()
        );
        let deleted = async {
            let Ok(desk) = self.rooms.find(&request.room) else {
                return Ok(());
            };
            let ask = |reply| RoomAsk::Delete(Box::new(request), reply);
            match self.ask(&desk, ask).await {
                Err(ApiError::RoomNotFound) => Ok(()),
                other => other,
            }
        };
        deleted.instrument(span).await
    }

    async fn list_rooms(&self, after: &str, limit: usize) -> Result<Vec<RoomSummary>, ApiError> {
        let desks = self.rooms.after(after, limit);
        Ok(desks.iter().filter_map(|desk| summary(desk)).collect())
    }

    async fn room(&self, room: &str, viewer: Viewer) -> Result<RoomView, ApiError> {
        self.read(room, |reply| Read::Room(viewer, reply)).await
    }

    async fn participant(
        &self,
        room: &str,
        identity: &str,
    ) -> Result<(ParticipantId, Rights), ApiError> {
        self.read(room, |reply| Read::Participant(identity.to_owned(), reply))
            .await
    }

    async fn join(&self, request: JoinRequest) -> Result<Joined, ApiError> {
        let span = info_span!(
            "join",
            room = request.room,
            request_id = request.request_id.as_str(),
            participant = Empty,
            resumed = Empty,
            result = Empty,
        );
        let joined = self.let_in(request).instrument(span.clone()).await;
        match &joined {
            Ok(joined) => {
                span.record("participant", joined.participant.to_string());
                span.record("resumed", joined.resumed);
                span.record("result", "ok");
            }
            Err(error) => drop(span.record("result", error.wire().reason)),
        }
        joined
    }

    async fn reoffer(&self, request: ReofferRequest) -> Result<Negotiated, ApiError> {
        let desk = self.rooms.find(&request.room)?;
        let parsed = offer::parse(request.offer.clone()).await?;
        let ask = |reply| RoomAsk::Reoffer(Box::new(request), parsed, reply);
        self.ask(&desk, ask).await
    }

    async fn trickle(&self, _: &str, _: ParticipantId, _: &str) -> Result<(), ApiError> {
        // An ICE-lite server learns addresses from the checks that clients send.
        Ok(())
    }

    async fn disconnected(&self, _: &str, participant: ParticipantId, id: SessionId) {
        if let Some(desk) = self.rooms.numbered(participant.room()) {
            desk.tell(RoomEvent::Disconnected(participant, session(id)));
        }
    }

    async fn set_views(
        &self,
        room: &str,
        participant: ParticipantId,
        views: Views,
    ) -> Result<(), ApiError> {
        let desk = self.rooms.find(room)?;
        self.ask(&desk, |reply| {
            RoomAsk::SetViews(participant, Box::new(views), reply)
        })
        .await
    }

    async fn watch(
        &self,
        room: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        self.read(room, |reply| Read::Watch(viewer, after, reply))
            .await
    }

    async fn dry_run(&self, request: CommandRequest) -> Result<DryRun, ApiError> {
        let room = request.room.clone();
        let request = Box::new(request);
        self.read(&room, |reply| Read::DryRun(request, reply)).await
    }

    async fn moves(&self, request: MovesRequest) -> Result<MovesPage, ApiError> {
        let room = request.room.clone();
        self.read(&room, |reply| Read::Moves(request, reply)).await
    }

    async fn attendance(&self, request: MovesRequest) -> Result<AttendancePage, ApiError> {
        let room = request.room.clone();
        self.read(&room, |reply| Read::Attendance(request, reply))
            .await
    }

    async fn arrangement(
        &self,
        room: &str,
        viewer: Viewer,
        name: &str,
    ) -> Result<Arrangement, ApiError> {
        let name = name.to_owned();
        self.read(room, |reply| Read::Arrangement(viewer, name, reply))
            .await
    }

    async fn stats(&self) -> Result<Stats, ApiError> {
        let counts = self.media.counts();
        let mut stats = Stats {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: clock::now() - self.started,
            draining: self.rooms.is_draining(),
            participants: u32::try_from(self.rooms.connections()).unwrap_or(u32::MAX),
            ..Stats::default()
        };
        for reason in DropReason::ALL {
            let dropped: u64 = counts.iter().map(|worker| worker.dropped(*reason)).sum();
            if dropped > 0 {
                stats.drops.insert(*reason, dropped);
            }
        }
        for desk in self.rooms.all() {
            let breakouts = desk.totals().map_or(0, |totals| totals.breakouts);
            stats.rooms += 1;
            stats.breakouts += u32::try_from(breakouts).unwrap_or(u32::MAX);
        }
        let numbered = counts.iter().zip(0_u16..);
        let workers = numbered.map(|(worker, number)| WorkerStats {
            worker: number,
            participants: u32::try_from(worker.peers).unwrap_or(u32::MAX),
            packets_in: worker.packets_received,
            packets_out: worker.packets_sent,
            bytes_in: worker.bytes_received,
            bytes_out: worker.bytes_sent,
            load: worker.load,
        });
        stats.workers = workers.collect();
        Ok(stats)
    }

    async fn drain(&self, deadline: Option<Duration>) -> Result<(), ApiError> {
        if let Some(deadline) = deadline {
            self.rooms.shutdown.drain_within(deadline);
        }
        self.rooms.shutdown.advance(Phase::Draining);
        Ok(())
    }
}
