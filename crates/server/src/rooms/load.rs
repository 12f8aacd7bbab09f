//! The rooms of an earlier life of this node.

use sideroom_control::{ReplayError, Viewer};
use sideroom_route::RoomId;

use super::control_loop::ControlLoop;
use super::host::Host;
use super::life::codecs_of;
use super::turn::Turn;
use crate::clock;
use crate::store::StoreError;

/// Why the rooms that were kept cannot be brought back.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A room's journal does not lead to a room.
    #[error("room {room} cannot be replayed ({error}); see `sideroom journal verify`")]
    Replay {
        /// Which.
        room: RoomId,
        /// Where it stopped.
        error: ReplayError,
    },
}

impl ControlLoop {
    /// Brings back every room that was kept. Nobody is connected any more: everybody who was has the
    /// grace period to come back to its place.
    pub async fn load(&mut self) -> Result<(), LoadError> {
        let kept = self.journal.load().await?;
        self.next_room = kept.next_room;
        let mut turn = Turn::new(sideroom_control::UnixMillis(clock::unix_ms()));
        for one in kept.rooms {
            let id = one.room;
            let made_by = one.made_by.clone();
            let room = one
                .revive()
                .map_err(|error| LoadError::Replay { room: id, error })?;
            let Some(view) = room.view(Viewer::Operator) else {
                continue;
            };
            let created_at = room.created_at();
            self.names.insert(room.name().to_owned(), id);
            self.media.publish_whole(room.table());
            let codecs = codecs_of(view.settings.codecs.video);
            let mut host = Host::new(room, codecs, created_at);
            host.made_by = made_by;
            self.hosts.insert(id, host);
            for participant in view.participants.iter().filter(|one| !one.dropped) {
                self.drop_participant(&mut turn, participant.participant);
            }
            self.reschedule(id);
        }
        let rooms = self.hosts.len();
        self.finish(turn).await;
        if rooms > 0 {
            tracing::info!(rooms, "rooms are back");
        }
        Ok(())
    }
}
