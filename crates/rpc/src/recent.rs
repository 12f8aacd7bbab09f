//! Requests that change no room and so are in no journal: reads and further offers. Repeating one is
//! harmless, so only a reused id has to be noticed.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sideroom_control::{Digest, RequestId};
use sideroom_route::ParticipantId;

use crate::{backend::Asked, error::ApiError, ids};

/// As long as a room remembers its commands.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Requests that are remembered at most; the oldest is forgotten first.
const MOST: usize = 16_384;

type Key = (ParticipantId, RequestId);

/// The requests of the last ten minutes.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    bodies: HashMap<Key, Digest>,
    /// The oldest first.
    order: VecDeque<(Instant, Key)>,
}

impl Recent {
    /// Remembers a request. Refuses a request with the id of another body; one without an id passes.
    pub(crate) fn check(
        &self,
        now: Instant,
        participant: ParticipantId,
        (id, body): (&str, Digest),
    ) -> Result<(), ApiError> {
        if id.is_empty() {
            return Ok(());
        }
        let id = ids::request_id_or_fresh(id)?;
        let asked = Asked {
            id: id.clone(),
            body,
        };
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget(now);
        let key = (participant, id);
        if let Some(body) = held.bodies.get(&key) {
            let first = Asked {
                id: key.1,
                body: *body,
            };
            return first.is_again(&asked).map(|_| ());
        }
        held.bodies.insert(key.clone(), body);
        held.order.push_back((now, key));
        Ok(())
    }
}

impl Held {
    fn forget(&mut self, now: Instant) {
        while let Some((at, key)) = self.order.front() {
            let old = now.saturating_duration_since(*at) >= REMEMBERED;
            if !old && self.order.len() < MOST {
                return;
            }
            self.bodies.remove(key);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sideroom_route::RoomId;

    fn check(recent: &Recent, now: Instant, who: u32, id: &str, body: u8) -> bool {
        let who = ParticipantId::new(RoomId(1), who);
        recent.check(now, who, (id, Digest([body; 32]))).is_ok()
    }

    #[test]
    fn an_id_keeps_its_body_for_ten_minutes() {
        let (recent, now) = (Recent::default(), crate::clock::now());
        assert!(check(&recent, now, 1, "a", 1));
        assert!(check(&recent, now, 1, "a", 1));
        assert!(!check(&recent, now, 1, "a", 2));
        assert!(check(&recent, now, 2, "a", 2), "ids are each one's own");
        assert!(check(&recent, now, 1, "", 1) && check(&recent, now, 1, "", 2));
        assert!(!check(&recent, now + REMEMBERED / 2, 1, "a", 2));
        assert!(check(&recent, now + REMEMBERED, 1, "a", 2));
    }

    #[test]
    fn only_so_many_are_held() {
        let (recent, now) = (Recent::default(), crate::clock::now());
        for number in 0..MOST + 10 {
            assert!(check(&recent, now, 1, &number.to_string(), 1));
        }
        assert_eq!(recent.0.lock().unwrap().bodies.len(), MOST);
        assert!(check(&recent, now, 1, "0", 2), "the oldest is forgotten");
    }
}
