//! Rooms that come from other nodes of a cluster, and go to them.

use std::sync::Arc;
use std::time::Duration;

use sideroom_room::{Farewell, Loaded, RoomMachine};
use sideroom_route::RoomId;
use sideroom_rpc::backend::Asked;
use tokio::sync::oneshot;

use super::directory::Directory;
use super::events::own;
use super::messages::RoomEvent;
use super::start::options;
use super::supervise::spawn;
use super::task::RoomTask;
use crate::store::StoreError;

/// How long a room may take to finish what is under way before it is handed over.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// A room as the store has it, ready to be opened.
pub(crate) struct StoredRoom {
    loaded: Loaded,
    made_by: Option<Asked>,
}

impl StoredRoom {
    pub(crate) fn name(&self) -> &str {
        self.loaded.room.name()
    }

    /// The room has ended; its removal was not finished.
    pub(crate) fn is_closed(&self) -> bool {
        self.loaded.room.is_closed()
    }
}

impl Directory {
    /// Reads a room; `None`: it was never made.
    pub(crate) async fn read_room(&self, id: RoomId) -> Result<Option<StoredRoom>, StoreError> {
        let Some(kept) = self.journal.find_room(id).await? else {
            return Ok(None);
        };
        let made_by = kept.made_by.clone();
        let unsaved = u32::try_from(kept.records.len()).unwrap_or(u32::MAX);
        let room = kept.revive();
        let room = room.map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let loaded = Loaded {
            room,
            made_by: made_by.clone().map(own),
            unsaved,
        };
        Ok(Some(StoredRoom { loaded, made_by }))
    }

    /// Begins to serve a room that was read. Its participants are dropped, and have the grace period to come back.
    pub(crate) fn open_room(self: &Arc<Self>, stored: StoredRoom) {
        let StoredRoom { loaded, made_by } = stored;
        let (desk, inbox) = self.enter(loaded.room.id(), loaded.room.name());
        let machine = RoomMachine::revive(self.now(), options(self), loaded);
        spawn(machine, self, &desk, inbox, made_by);
    }

    /// Enters a room that cannot be read: all that can be done with it is to end it.
    pub(crate) fn set_room_aside(self: &Arc<Self>, id: RoomId, name: &str) {
        let (desk, inbox) = self.enter(id, name);
        let machine = RoomMachine::load(self.now(), options(self), id);
        spawn(machine, self, &desk, inbox, None);
    }

    /// True if the room is served here.
    pub(crate) fn serves(&self, room: RoomId) -> bool {
        self.numbered(room).is_some()
    }

    /// Another node owns the room: its media end here at once, and nobody is answered.
    pub(crate) fn abandon_room(&self, room: RoomId) {
        if let Some(desk) = self.numbered(room) {
            self.remove(&desk);
            desk.tell(RoomEvent::Abandon);
        }
        self.media.close_room(room);
    }

    /// Finishes what is under way in a room, and ends it here, so that another node can go on with it.
    pub(crate) async fn stop_room(&self, room: RoomId) {
        let Some(desk) = self.numbered(room) else {
            return;
        };
        let (done, stopped) = oneshot::channel();
        desk.tell(RoomEvent::Farewell(Farewell::ConnectionLost));
        desk.tell(RoomEvent::Stop(done));
        // Dropped when the task has ended.
        if tokio::time::timeout(STOP_WAIT, stopped).await.is_err() {
            tracing::warn!(%room, "the room does not stop in time; its next owner reads what is stored");
            desk.tell(RoomEvent::Abandon);
        }
        self.remove(&desk);
        self.media.close_room(room);
    }
}

impl RoomTask {
    /// Ends without a word to callers, who are answered by the next owner.
    pub(super) fn abandon(&mut self) {
        self.callers.clear();
        self.machine.handle_farewell(Farewell::ConnectionLost);
        while let Some(action) = self.machine.poll_action() {
            // Watchers learn that they have to come back; nothing else of this room happens here.
            if matches!(action, sideroom_room::Action::Close(..)) {
                self.carry_out(action);
            }
        }
        self.node.media.close_room(self.desk.id);
        self.ended = true;
    }
}
