//! Sessions of WHIP and WHEP, by their addresses.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use sideroom_route::ParticipantId;

use crate::error::ApiError;

/// The most resources; the oldest is forgotten, and its participant leaves when their transport does.
const MAX_RESOURCES: usize = 50_000;

/// Sessions by the last part of their address.
#[derive(Default)]
pub(crate) struct Resources(Mutex<Known>);

#[derive(Default)]
struct Known {
    sessions: HashMap<String, Session>,
    order: VecDeque<String>,
}

#[derive(Clone)]
pub(super) struct Session {
    pub(super) room: String,
    /// The identity of the token.
    pub(super) owner: String,
    pub(super) participant: ParticipantId,
}

impl Resources {
    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn put(&self, resource: String, session: Session) {
        self.with(|known| {
            while known.order.len() >= MAX_RESOURCES {
                let oldest = known.order.pop_front();
                oldest.and_then(|oldest| known.sessions.remove(&oldest));
            }
            known.order.push_back(resource.clone());
            known.sessions.insert(resource, session);
        });
    }

    pub(super) fn find(&self, room: &str, resource: &str) -> Result<Session, ApiError> {
        let found = self.with(|known| known.sessions.get(resource).cloned());
        found
            .filter(|session| session.room == room)
            .ok_or(ApiError::ParticipantNotFound)
    }

    pub(super) fn take(&self, room: &str, resource: &str) -> Result<Session, ApiError> {
        let session = self.find(room, resource)?;
        self.with(|known| known.sessions.remove(resource));
        Ok(session)
    }
}
