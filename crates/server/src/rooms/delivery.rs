//! The answer to a join, which must reach somebody: one that is dropped on its way tells the room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sideroom_room::SessionNumber;
use sideroom_route::ParticipantId;
use sideroom_rpc::backend::Joined;
use tokio::sync::mpsc::UnboundedSender;

use super::messages::RoomEvent;

/// An answer under way.
#[derive(Debug)]
pub(super) struct Delivered {
    joined: Joined,
    receipt: Arc<Receipt>,
}

/// Shared by the answers to one join and its repetitions: if none of them is accepted, the participant has
/// not come.
#[derive(Debug)]
pub(super) struct Receipt {
    accepted: AtomicBool,
    participant: ParticipantId,
    session: SessionNumber,
    room: UnboundedSender<RoomEvent>,
}

impl Receipt {
    pub(super) fn new(
        participant: ParticipantId,
        session: SessionNumber,
        room: UnboundedSender<RoomEvent>,
    ) -> Arc<Self> {
        Arc::new(Self {
            accepted: AtomicBool::new(false),
            participant,
            session,
            room,
        })
    }
}

impl Receipt {
    /// The receipt of an answer that was accepted before.
    pub(super) fn accepted(
        participant: ParticipantId,
        session: SessionNumber,
        room: UnboundedSender<RoomEvent>,
    ) -> Arc<Self> {
        let receipt = Self::new(participant, session, room);
        receipt.accepted.store(true, Ordering::Release);
        receipt
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.accepted.load(Ordering::Acquire) {
            // A room that has ended does not mind.
            let lost = RoomEvent::Undelivered(self.participant, self.session);
            let _ = self.room.send(lost);
        }
    }
}

impl Delivered {
    pub(super) fn new(joined: Joined, receipt: Arc<Receipt>) -> Self {
        Self { joined, receipt }
    }

    /// The caller has it.
    pub(super) fn accept(self) -> Joined {
        self.receipt.accepted.store(true, Ordering::Release);
        self.joined
    }
}
