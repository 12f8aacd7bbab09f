//! Reads of a room.

use sideroom_control::{
    Arrangement, AttendancePage, BreakoutError, DryRun, MovesPage, Room, Subject, UnixMillis,
    Viewer,
};
use sideroom_room::Token;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{CommandRequest, MovesRequest, SharedEvent, Watch, WatchItem};

use super::messages::Read;
use super::task::{Caller, RoomTask};
use super::watching::slot_item;
use crate::clock;

impl Read {
    pub(super) fn refuse(self, error: ApiError) {
        match self {
            Self::Room(_, reply) => drop(reply.send(Err(error))),
            Self::Participant(_, reply) => drop(reply.send(Err(error))),
            Self::Watch(_, _, reply) => drop(reply.send(Err(error))),
            Self::Moves(_, reply) => drop(reply.send(Err(error))),
            Self::Attendance(_, reply) => drop(reply.send(Err(error))),
            Self::Arrangement(_, _, reply) => drop(reply.send(Err(error))),
            Self::DryRun(_, reply) => drop(reply.send(Err(error))),
        }
    }
}

impl RoomTask {
    pub(super) fn read(&mut self, token: Token) {
        let Some(Caller::Read(read)) = self.callers.remove(&token) else {
            return;
        };
        match read {
            Read::Room(viewer, reply) => {
                let view = self.view(viewer).ok_or(ApiError::ParticipantNotFound);
                let _ = reply.send(view);
            }
            Read::Participant(identity, reply) => {
                let room = self.machine.room();
                let found = room.and_then(|room| {
                    let id = room.participant_id(&identity)?;
                    Some((id, room.token_of(id)?))
                });
                let _ = reply.send(found.ok_or(ApiError::ParticipantNotFound));
            }
            Read::Watch(viewer, after, reply) => {
                let watch = self.watch(viewer, after);
                let _ = reply.send(watch);
            }
            Read::Moves(request, reply) => {
                let moves = self.moves(&request);
                let _ = reply.send(moves);
            }
            Read::Attendance(request, reply) => {
                let page = self.attendance(&request);
                let _ = reply.send(page);
            }
            Read::Arrangement(viewer, name, reply) => {
                let found = self.arrangement(viewer, &name);
                let _ = reply.send(found);
            }
            Read::DryRun(request, reply) => {
                let run = self.dry_run(*request);
                let _ = reply.send(run);
            }
        }
    }

    fn watch(&mut self, viewer: Viewer, after: Option<u64>) -> Result<Watch, ApiError> {
        let snapshot = match after {
            None => Some(self.view(viewer).ok_or(ApiError::ParticipantNotFound)?),
            Some(_) => None,
        };
        let room = self.machine.room().ok_or(ApiError::StoreFailed)?;
        let missed = match after {
            None => Vec::new(),
            Some(after) => {
                if let Viewer::Participant(participant) = viewer
                    && room.identity(participant).is_none()
                {
                    return Err(ApiError::ParticipantNotFound);
                }
                let missed = room.events_after(viewer, after);
                missed.map_err(|_| ApiError::OutOfRange)?
            }
        };
        let media = &*self.node.media;
        let routes = match viewer {
            Viewer::Operator => Vec::new(),
            Viewer::Participant(participant) => media.routes_of(participant),
        };
        let slots = routes
            .into_iter()
            .map(|(slot, route)| slot_item(media, slot, Some(&route)));
        let missed = missed
            .into_iter()
            .map(|event| WatchItem::Event(SharedEvent::new(event)));
        let first = missed.chain(slots).collect();
        let items = self.add_watcher(viewer, first);
        let snapshot = snapshot.map(Box::new);
        Ok(Watch { snapshot, items })
    }

    fn dry_run(&self, request: CommandRequest) -> Result<DryRun, ApiError> {
        let room = self.machine.room().ok_or(ApiError::StoreFailed)?;
        let run = room.dry_run(
            request.expected,
            UnixMillis(clock::unix_ms()),
            request.actor,
            request.command,
        );
        Ok(run?)
    }

    fn moves(&self, request: &MovesRequest) -> Result<MovesPage, ApiError> {
        let room = self.room_for_moderators(request.viewer)?;
        Ok(room.move_log().page(&request.query))
    }

    fn attendance(&self, request: &MovesRequest) -> Result<AttendancePage, ApiError> {
        let room = self.room_for_moderators(request.viewer)?;
        let now = UnixMillis(clock::unix_ms());
        Ok(room.move_log().attendance(&request.query, now))
    }

    fn arrangement(&self, viewer: Viewer, name: &str) -> Result<Arrangement, ApiError> {
        let room = self.room_for_moderators(viewer)?;
        let found = room.arrangement(name).cloned();
        Ok(found.ok_or(BreakoutError::NotFound(Subject::Arrangement))?)
    }

    /// The room, for a viewer who may read its records.
    fn room_for_moderators(&self, viewer: Viewer) -> Result<&Room, ApiError> {
        let room = self.machine.room().ok_or(ApiError::StoreFailed)?;
        if let Viewer::Participant(asker) = viewer {
            let is_moderator = room.is_moderator(asker);
            let is_moderator = is_moderator.ok_or(ApiError::ParticipantNotFound)?;
            if !is_moderator {
                return Err(BreakoutError::NotModerator.into());
            }
        }
        Ok(room)
    }
}
