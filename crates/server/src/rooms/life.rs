//! What is asked of rooms: made, entered, commanded, left, ended.

use sideroom_control::{
    Actor, Applied, Command, Join, Outcome, RequestId, Room, RoomConfig, RoomView, VideoCodec,
    Views,
};
use sideroom_route::{Epoch, GroupId, ParticipantId, RoomId, TrackId};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{
    Answer, Asked, CloseReason, CommandRequest, CreateRoom, Joined, SessionId, WatchItem,
};
use sideroom_rtp::Codec;
use sideroom_session::RoomCodecs;

use super::ask::{Arrival, Entrance, Reply, Ticket};
use super::chance;
use super::control_loop::ControlLoop;
use super::host::{Connection, Host};
use super::turn::{Finish, Order, Turn};

impl ControlLoop {
    pub(super) fn command(
        &mut self,
        turn: &mut Turn,
        request: CommandRequest,
        reply: Reply<Answer>,
    ) {
        let Some(room) = self.names.get(&request.room).copied() else {
            let _ = reply.send(Err(ApiError::RoomNotFound));
            return;
        };
        match self.apply(turn, room, Order::from(request)) {
            Err(error) => drop(reply.send(Err(error))),
            Ok(applied) => {
                let answer = Box::new(answer(&applied));
                self.note(turn, room, applied, Finish::Command(reply, answer));
            }
        }
    }

    pub(super) fn create(&mut self, turn: &mut Turn, request: CreateRoom, reply: Reply<RoomView>) {
        if let Some(id) = self.names.get(&request.name).copied() {
            let first = self.hosts.get(&id).and_then(|host| host.made_by.as_ref());
            match first.map_or(Ok(false), |first| first.is_again(&request.asked())) {
                Ok(true) => self.note_volatile(turn, id, None, Finish::Created(reply)),
                Ok(false) => drop(reply.send(Err(ApiError::RoomExists))),
                Err(error) => drop(reply.send(Err(error))),
            }
            return;
        }
        if self.draining {
            let _ = reply.send(Err(ApiError::Draining));
            return;
        }
        if self.hosts.len() >= self.options.max_rooms {
            let sentence = "This server has no place for another room. Use another server.";
            let _ = reply.send(Err(ApiError::LimitReached(sentence.into())));
            return;
        }
        let id = self.next_room;
        let config = RoomConfig {
            id,
            name: request.name.clone(),
            settings: request.settings_over(&self.options.defaults),
            seed: chance::draw(),
            created_at: turn.now,
        };
        let codecs = codecs_of(config.settings.codecs.video);
        match Room::new(config) {
            Err(error) => drop(reply.send(Err(error.into()))),
            Ok(room) => {
                self.next_room = RoomId(id.0 + 1);
                let mut host = Host::new(room, codecs, turn.now);
                host.made_by = Some(request.asked());
                self.names.insert(request.name, id);
                self.hosts.insert(id, host);
                turn.created.push(id);
                self.note_volatile(turn, id, None, Finish::Created(reply));
            }
        }
    }

    pub(super) fn delete(&mut self, turn: &mut Turn, request: CommandRequest, reply: Reply<()>) {
        let Some(room) = self.names.get(&request.room).copied() else {
            let _ = reply.send(Ok(()));
            return;
        };
        match self.apply(turn, room, Order::from(request)) {
            Err(error) => drop(reply.send(Err(error))),
            Ok(applied) => self.note(turn, room, applied, Finish::Deleted(reply)),
        }
    }

    /// Gives somebody who knocks a place, or its old one back.
    pub(super) fn let_in(&mut self, turn: &mut Turn, entrance: Entrance, reply: Reply<Ticket>) {
        match self.try_let_in(turn, entrance) {
            Err(error) => drop(reply.send(Err(error))),
            Ok((room, None, ticket)) => {
                let finish = Finish::Ticket(reply, Box::new(ticket));
                self.note_volatile(turn, room, None, finish);
            }
            Ok((room, Some(applied), ticket)) => {
                self.note(turn, room, applied, Finish::Ticket(reply, Box::new(ticket)));
            }
        }
    }

    fn try_let_in(
        &mut self,
        turn: &Turn,
        entrance: Entrance,
    ) -> Result<(RoomId, Option<Applied>, Ticket), ApiError> {
        let Entrance {
            request,
            slots,
            offers,
        } = entrance;
        let room = *self
            .names
            .get(&request.room)
            .ok_or(ApiError::RoomNotFound)?;
        let asked = request.asked();
        if let Some(joined) = self.joined_before(room, &request.identity, &asked)? {
            return Ok((room, None, Ticket::Repeated(Box::new(joined))));
        }
        if self.draining {
            return Err(ApiError::Draining);
        }
        if self.participants() >= self.options.max_participants {
            let sentence = "This server is full. Use another one.";
            return Err(ApiError::LimitReached(sentence.into()));
        }
        let join = Join {
            identity: request.identity.clone(),
            display_name: request.display_name,
            role: request.role,
            grants: request.grants,
            slots,
            offers,
        };
        let order = self.order(Actor::System, Command::Join(join));
        let applied = self.apply(turn, room, order)?;
        let Outcome::Joined {
            participant,
            ref tracks,
            resumed,
            ..
        } = applied.outcome
        else {
            return Err(ApiError::Internal);
        };
        self.next_session += 1;
        let (session, transport) = (SessionId(self.next_session), chance::draw());
        let tracks = tracks.clone();
        if let Some(host) = self.hosts.get_mut(&room) {
            host.watchers
                .close_participant(participant, CloseReason::Replaced);
            let connection = Connection {
                session,
                transport,
                since: crate::clock::now(),
                request: asked,
                resumed,
                media: None,
            };
            host.connections.insert(participant, connection);
        }
        self.count_participants();
        let ticket = Ticket::New {
            participant,
            session,
            transport,
            tracks,
            resumed,
        };
        Ok((room, Some(applied), ticket))
    }

    /// The first answer to the same request, while its connection lives.
    fn joined_before(
        &self,
        room: RoomId,
        identity: &str,
        asked: &Asked,
    ) -> Result<Option<Joined>, ApiError> {
        let found = self.hosts.get(&room).and_then(|host| {
            let participant = host.room.participant_id(identity)?;
            Some((participant, host.connections.get(&participant)?))
        });
        let Some((participant, held)) = found else {
            return Ok(None);
        };
        if !held.request.is_again(asked)? {
            return Ok(None);
        }
        let view = self.view_of(room, sideroom_control::Viewer::Participant(participant));
        let joined = held.media.as_ref().zip(view).map(|(media, room)| Joined {
            participant,
            session: held.session,
            media: media.unpack(),
            room,
            resumed: held.resumed,
            repeated: true,
        });
        Ok(joined)
    }

    pub(super) fn arrive(&mut self, turn: &mut Turn, arrival: Arrival, reply: Reply<Joined>) {
        let Arrival {
            participant,
            session,
            media,
            kept,
            resumed,
            publish,
        } = arrival;
        let room = participant.room();
        let host = self
            .hosts
            .get_mut(&room)
            .filter(|host| host.is_current(participant, session));
        let Some(host) = host else {
            let _ = reply.send(Err(ApiError::SessionGone));
            return;
        };
        if let Some(held) = host.connections.get_mut(&participant) {
            held.media = Some(kept);
        }
        let Some(room_view) = host
            .room
            .view(sideroom_control::Viewer::Participant(participant))
        else {
            let _ = reply.send(Err(ApiError::ParticipantNotFound));
            return;
        };
        for kind in publish {
            let command = Command::Publish { participant, kind };
            let order = self.order(Actor::Participant(participant), command);
            match self.apply(turn, room, order) {
                Ok(applied) => self.note(turn, room, applied, Finish::Nobody),
                Err(error) => tracing::info!(%participant, %error, "not published on joining"),
            }
        }
        let joined = Joined {
            participant,
            session,
            media,
            room: room_view,
            resumed,
            repeated: false,
        };
        self.note_volatile(turn, room, None, Finish::Arrived(reply, Box::new(joined)));
    }

    /// The transport of somebody who was let in could not be made.
    pub(super) fn turn_away(
        &mut self,
        turn: &mut Turn,
        participant: ParticipantId,
        session: SessionId,
    ) {
        let room = participant.room();
        if self
            .hosts
            .get(&room)
            .is_some_and(|host| host.is_current(participant, session))
        {
            let order = self.order(Actor::System, Command::Leave { participant });
            match self.apply(turn, room, order) {
                Ok(applied) => self.note(turn, room, applied, Finish::Nobody),
                Err(error) => tracing::error!(%participant, %error, "could not be turned away"),
            }
        }
    }

    pub(super) fn disconnected(
        &mut self,
        turn: &mut Turn,
        participant: ParticipantId,
        session: SessionId,
    ) {
        let host = self.hosts.get(&participant.room());
        if host.is_some_and(|host| host.is_current(participant, session)) {
            self.drop_participant(turn, participant);
        }
    }

    /// The connection is gone; the place is kept for a while.
    pub(super) fn drop_participant(&mut self, turn: &mut Turn, participant: ParticipantId) {
        let room = participant.room();
        self.media.disconnect(participant);
        if let Some(host) = self.hosts.get_mut(&room) {
            host.connections.remove(&participant);
            host.watchers
                .close_participant(participant, CloseReason::ConnectionLost);
        }
        self.count_participants();
        let order = self.order(Actor::System, Command::Drop { participant });
        match self.apply(turn, room, order) {
            Ok(applied) => self.note(turn, room, applied, Finish::Nobody),
            Err(error) => tracing::debug!(%participant, %error, "dropped, and gone already"),
        }
    }

    pub(super) fn set_views(
        &mut self,
        turn: &mut Turn,
        participant: ParticipantId,
        views: Views,
        reply: Reply<()>,
    ) {
        let room = participant.room();
        let Some(host) = self.hosts.get_mut(&room) else {
            let _ = reply.send(Err(ApiError::RoomNotFound));
            return;
        };
        match host.room.set_views(participant, views) {
            Err(error) => drop(reply.send(Err(error.into()))),
            Ok(update) => self.note_volatile(turn, room, update, Finish::Views(reply)),
        }
    }

    /// The active talkers of a group changed.
    pub(super) fn talk(
        &mut self,
        turn: &mut Turn,
        room: RoomId,
        group: GroupId,
        ranked: &[TrackId],
    ) {
        let Some(host) = self.hosts.get_mut(&room) else {
            return;
        };
        let speakers: Vec<ParticipantId> = ranked
            .iter()
            .filter_map(|track| self.media.publisher_of(*track))
            .collect();
        for watched in host.watchers.participants() {
            if host.room.group_of(watched) == Some(group) {
                let item = WatchItem::Speakers {
                    group,
                    ranked: speakers.clone(),
                };
                host.watchers.tell_participant(watched, &item);
            }
        }
        if let Some(update) = host.room.handle_talkers(group, ranked) {
            self.note_volatile(turn, room, Some(update), Finish::Nobody);
        }
    }

    pub(super) fn tick(&mut self, turn: &mut Turn, room: RoomId) {
        let Some(host) = self.hosts.get_mut(&room) else {
            return;
        };
        host.deadline = None;
        if host.broken {
            return;
        }
        for applied in host.room.tick(turn.now) {
            self.note(turn, room, applied, Finish::Nobody);
        }
        self.reschedule(room);
    }

    /// A command of our own.
    pub(super) fn order(&mut self, actor: Actor, command: Command) -> Order {
        self.next_request += 1;
        let name = format!("node-{:x}-{}", self.boot, self.next_request);
        let request_id =
            RequestId::new(&name).expect("invariant: a request id of our own is short");
        Order {
            actor,
            request_id,
            expected: None,
            command,
        }
    }

    /// A room that has ended.
    pub(super) fn end_room(&mut self, room: RoomId) {
        self.media.close_room(room);
        if let Some(host) = self.hosts.get_mut(&room) {
            host.watchers.close_all(CloseReason::RoomClosed);
        }
        drop(self.journal.remove(room, crate::clock::unix_ms()));
        self.forget(room);
    }

    /// A room that is not here any more.
    pub(super) fn forget(&mut self, room: RoomId) {
        self.talkers.forget(room);
        self.layers.forget(room);
        if let Some(host) = self.hosts.remove(&room) {
            self.names.remove(host.room.name());
            if let Some(deadline) = host.deadline {
                self.deadlines.remove(&(deadline, room));
            }
        }
        self.count_participants();
    }

    /// Reads a room again whose last changes were not kept.
    pub(super) async fn read_again(&mut self, id: RoomId) {
        let read = self.journal.load_room(id).await;
        let revived = read.ok().and_then(|kept| kept.revive().ok());
        let Some(host) = self.hosts.get_mut(&id) else {
            return;
        };
        host.broken = revived.is_none();
        if let Some(room) = revived {
            host.room = room;
            self.media.publish_whole(host.room.table());
        }
        self.reschedule(id);
    }

    pub(super) fn participants(&self) -> usize {
        self.hosts.values().map(|host| host.connections.len()).sum()
    }

    pub(super) fn count_participants(&self) {
        let count = self.participants();
        self.life.send_replace(count);
    }
}

/// What whoever gave a command is told.
fn answer(applied: &Applied) -> Answer {
    Answer {
        outcome: applied.outcome.clone(),
        epoch: Epoch(applied.epoch.0),
        seq: applied.seq,
        repeated: applied.repeated,
    }
}

/// The codecs of a room in the words of the transports.
pub(super) fn codecs_of(video: VideoCodec) -> RoomCodecs {
    let video = match video {
        VideoCodec::Vp8 => Codec::Vp8,
        VideoCodec::H264 => Codec::H264,
        VideoCodec::Vp9 => Codec::Vp9,
        VideoCodec::Av1 => Codec::Av1,
    };
    RoomCodecs {
        video,
        // Only subscribers that lose packets get the redundancy: see `media/loss.rs`.
        red: true,
        ..RoomCodecs::default()
    }
}
