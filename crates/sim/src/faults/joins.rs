//! Draws joins, and people who hang up.

use sideroom_control::{Digest, Grants, Join, Role, Room, SlotPool};
use sideroom_room::{Admission, Asked, JoinAsk, Request};
use sideroom_route::TrackKind;

use super::callers::Ask;
use super::requests::request_id;
use super::world::FaultWorld;
use crate::step::Violation;

/// People that a room should have.
const PEOPLE: usize = 6;

impl FaultWorld {
    pub(super) fn join(&mut self) -> Result<(), Violation> {
        let slot = self.slot();
        let people = self.room_of(slot).map_or(0, Room::participant_count);
        let new = people < PEOPLE && self.chance.happens(0.6);
        let drawn = match new || self.callers.next_identity == 0 {
            true => Some(self.new_identity(slot)),
            false => self.known_identity(slot),
        };
        let Some(identity) = drawn else {
            return Ok(());
        };
        // People who hung up may ask again, with the same request.
        let waiting = self.waiting_join(slot, &identity);
        let request = match waiting.filter(|_| self.chance.happens(0.5)) {
            Some(request) => request,
            None => self.callers.request(),
        };
        self.callers.vanished.remove(&identity);
        let join = JoinAsk {
            join: Join {
                display_name: identity.clone(),
                identity: identity.clone(),
                role: Role::Participant,
                grants: Grants::ALL,
                slots: SlotPool { audio: 3, video: 2 },
                offers: vec![TrackKind::Audio, TrackKind::Camera],
            },
            asked: Asked {
                id: request_id(request),
                body: Digest([1; 32]),
            },
            publish: self.chance.happens(0.7),
            admission: match self.chance.below(20) {
                0 => Admission::Full,
                1 => Admission::Draining,
                _ => Admission::Open,
            },
        };
        let ask = Ask::Join { identity, request };
        self.give(slot, ask, None, Request::Join(Box::new(join)))
    }

    fn new_identity(&mut self, slot: usize) -> String {
        let number = self.callers.next_identity;
        self.callers.next_identity += 1;
        format!("person-{number}-{slot}")
    }

    fn known_identity(&mut self, slot: usize) -> Option<String> {
        let somebody = self.somebody(slot)?;
        self.room_of(slot)?.identity(somebody).map(str::to_owned)
    }

    /// The request id of an unanswered join under this identity.
    fn waiting_join(&self, slot: usize, identity: &str) -> Option<u64> {
        let of_slot = self.callers.calls.values().filter(|call| call.slot == slot);
        let mut joins = of_slot.filter_map(|call| match &call.ask {
            Ask::Join {
                identity: held,
                request,
            } if held == identity => Some(*request),
            _ => None,
        });
        joins.next()
    }

    pub(super) fn hang_up_somebody(&mut self) -> Result<(), Violation> {
        let all: Vec<_> = self.callers.sessions.keys().cloned().collect();
        let Some(identity) = self.chance.pick(&all).cloned() else {
            return Ok(());
        };
        self.note(format!("{identity} hangs up"));
        self.hang_up(&identity)
    }
}
