//! Seats of participants, which make a dropped socket resumable.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sideroom_route::{ParticipantId, SlotId};
use tokio::sync::oneshot;

use crate::{backend::SessionId, clock};

/// The m-line of each slot.
pub(super) type Mids = Arc<HashMap<SlotId, String>>;

/// All participants who joined through the gateway and may resume.
#[derive(Default)]
pub(crate) struct Seats(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    seats: HashMap<ParticipantId, Seat>,
    tokens: HashMap<String, ParticipantId>,
    generations: u64,
}

struct Seat {
    room: String,
    session: SessionId,
    mids: Mids,
    token: String,
    /// Counts the sockets of all seats: tells this seat's current one from those before.
    generation: u64,
    /// Ends the current socket; `None` while there is none.
    kick: Option<oneshot::Sender<Kick>>,
}

/// Why a socket must make way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kick {
    /// The client has another socket now.
    Resumed,
    /// The identity joined elsewhere.
    Replaced,
}

/// A socket's handle on its seat.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) room: String,
    pub(super) participant: ParticipantId,
    pub(super) mids: Mids,
    pub(super) token: String,
    pub(super) generation: u64,
    pub(super) kicked: oneshot::Receiver<Kick>,
}

impl Seats {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats a new session; the participant's former one makes way.
    pub(super) fn take_seat(
        &self,
        room: String,
        participant: ParticipantId,
        session: SessionId,
        mids: Mids,
    ) -> Seated {
        let mut inner = self.inner();
        inner.vacate(participant, Kick::Replaced);
        inner.seat(room, participant, session, mids)
    }

    /// Resumes a seat on another socket. This uses up the token.
    pub(super) fn resume(&self, token: &str) -> Option<Seated> {
        let mut inner = self.inner();
        let participant = inner.tokens.get(token).copied()?;
        let old = inner.vacate(participant, Kick::Resumed)?;
        Some(inner.seat(old.room, participant, old.session, old.mids))
    }

    /// The m-lines after another offer.
    pub(super) fn set_mids(&self, participant: ParticipantId, generation: u64, mids: &Mids) {
        if let Some(seat) = self.inner().current(participant, generation) {
            seat.mids = Arc::clone(mids);
        }
    }

    /// The socket is gone. True if it was the seat's current one, which then waits to be resumed.
    pub(super) fn detach(&self, participant: ParticipantId, generation: u64) -> bool {
        let mut inner = self.inner();
        let seat = inner.current(participant, generation);
        seat.map(|seat| seat.kick = None).is_some()
    }

    /// The seat is given up, if it still waits since this socket.
    pub(super) fn leave(
        &self,
        participant: ParticipantId,
        generation: u64,
    ) -> Option<(String, SessionId)> {
        let mut inner = self.inner();
        inner.current(participant, generation)?;
        let seat = inner.seats.remove(&participant)?;
        inner.tokens.remove(&seat.token);
        Some((seat.room, seat.session))
    }
}

impl Inner {
    fn current(&mut self, participant: ParticipantId, generation: u64) -> Option<&mut Seat> {
        let seat = self.seats.get_mut(&participant)?;
        (seat.generation == generation).then_some(seat)
    }

    fn vacate(&mut self, participant: ParticipantId, why: Kick) -> Option<Seat> {
        let mut seat = self.seats.remove(&participant)?;
        self.tokens.remove(&seat.token);
        if let Some(kick) = seat.kick.take() {
            // A socket that has just ended by itself does not mind.
            let _ = kick.send(why);
        }
        Some(seat)
    }

    fn seat(
        &mut self,
        room: String,
        participant: ParticipantId,
        session: SessionId,
        mids: Mids,
    ) -> Seated {
        self.generations += 1;
        let generation = self.generations;
        let token = clock::secret();
        let (kick, kicked) = oneshot::channel();
        self.tokens.insert(token.clone(), participant);
        let seat = Seat {
            room: room.clone(),
            session,
            mids: Arc::clone(&mids),
            token: token.clone(),
            generation,
            kick: Some(kick),
        };
        self.seats.insert(participant, seat);
        Seated {
            room,
            participant,
            mids,
            token,
            generation,
            kicked,
        }
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    const ADA: ParticipantId = ParticipantId::new(RoomId(1), 1);

    fn take_seat(seats: &Seats) -> Seated {
        seats.take_seat("math".into(), ADA, SessionId(7), Mids::default())
    }

    #[test]
    fn a_token_resumes_once_and_the_older_socket_makes_way() {
        let seats = Seats::default();
        let mut first = take_seat(&seats);
        let second = seats.resume(&first.token).unwrap();
        assert_eq!(first.kicked.try_recv(), Ok(Kick::Resumed));
        assert!(seats.resume(&first.token).is_none());
        assert_ne!(first.token, second.token);
        // The older socket's end no longer concerns the seat.
        assert!(!seats.detach(ADA, first.generation));
        assert!(seats.leave(ADA, first.generation).is_none());
        assert!(seats.detach(ADA, second.generation));
        assert_eq!(
            seats.leave(ADA, second.generation),
            Some(("math".into(), SessionId(7)))
        );
        assert!(seats.resume(&second.token).is_none());
    }

    #[test]
    fn a_newcomer_with_the_same_identity_replaces_the_old_session() {
        let seats = Seats::default();
        let mut first = take_seat(&seats);
        let _second = take_seat(&seats);
        assert_eq!(first.kicked.try_recv(), Ok(Kick::Replaced));
        assert!(seats.resume(&first.token).is_none());
    }
}
