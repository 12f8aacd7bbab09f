//! One room on this node, with everything about it that a restart forgets.

use std::collections::HashMap;
use std::time::Instant;

use sideroom_control::{Room, UnixMillis};
use sideroom_route::ParticipantId;
use sideroom_rpc::backend::{Asked, SessionId};
use sideroom_session::RoomCodecs;

use super::kept::KeptAnswer;
use super::watchers::Watchers;

/// A participant's present connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Its signaling.
    pub session: SessionId,
    /// Its transport.
    pub transport: u64,
    /// Since when.
    pub since: Instant,
    /// The request that it came in with.
    pub request: Asked,
    /// It came back to its old place.
    pub resumed: bool,
    /// What was negotiated; `None` until it is.
    pub media: Option<KeptAnswer>,
}

/// A room and who is connected to it.
#[derive(Debug)]
pub(super) struct Host {
    /// The room.
    pub room: Room,
    /// The codecs of its media.
    pub codecs: RoomCodecs,
    /// Who watches it.
    pub watchers: Watchers,
    /// Who is connected.
    pub connections: HashMap<ParticipantId, Connection>,
    /// When it has something to do by itself.
    pub deadline: Option<UnixMillis>,
    /// The request that it was made by.
    pub made_by: Option<Asked>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Records since it was last saved whole.
    pub unsaved: u32,
    /// What is in memory is not what is in the store: it must be read again before it is changed.
    pub broken: bool,
}

impl Host {
    /// A room that nobody is connected to yet.
    pub(super) fn new(room: Room, codecs: RoomCodecs, created_at: UnixMillis) -> Self {
        let deadline = room.next_deadline();
        Self {
            room,
            codecs,
            watchers: Watchers::default(),
            connections: HashMap::new(),
            deadline,
            made_by: None,
            created_at,
            unsaved: 0,
            broken: false,
        }
    }

    /// True if `session` is the participant's present one.
    pub(super) fn is_current(&self, participant: ParticipantId, session: SessionId) -> bool {
        self.connections
            .get(&participant)
            .is_some_and(|held| held.session == session)
    }
}
