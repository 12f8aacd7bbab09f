//! Events on their way out of the server: the interface of the part of a store that keeps them.
//!
//! They are kept in the transaction that makes their room's change durable, so none is lost and none tells of a change
//! that was not kept. Their numbers count over all rooms, without a gap, in the order in which they became
//! durable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An event that goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutgoingEvent {
    /// The room's name. Events are in order for each name.
    pub room: String,
    /// The event's type, such as `participantJoined`.
    pub kind: String,
    pub at_ms: u64,
    /// The event as receivers get it.
    pub bytes: Vec<u8>,
}

impl OutgoingEvent {
    /// Bytes that it counts for.
    pub fn size(&self) -> u64 {
        let size = self.room.len() + self.kind.len() + self.bytes.len() + OVERHEAD;
        u64::try_from(size).unwrap_or(u64::MAX)
    }
}

/// Bytes of keys and counters beside an event's own.
const OVERHEAD: usize = 48;

/// An event that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptEvent {
    /// Its number, from 1.
    pub number: u64,
    pub event: OutgoingEvent,
}

/// The part of the numbers that is kept: `first..next`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutboxRange {
    pub first: u64,
    /// The number of the next event.
    pub next: u64,
    /// The size of the events that are kept.
    pub bytes: u64,
}

impl Default for OutboxRange {
    fn default() -> Self {
        Self {
            first: 1,
            next: 1,
            bytes: 0,
        }
    }
}

/// A small value under a key, for those who work through the events. No value: the key is removed.
pub type Note = (String, Option<Vec<u8>>);

/// Events in the tail at most.
const TAIL_EVENTS: usize = 4_096;
/// Size of the events in the tail at most.
const TAIL_BYTES: u64 = 4 * 1_024 * 1_024;

/// The latest events that were kept, in memory: those who follow need not ask the store's file.
#[derive(Debug, Default)]
pub struct Tail(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    events: VecDeque<Arc<KeptEvent>>,
    bytes: u64,
    /// The number after the newest event; 0: not known yet.
    next: u64,
}

impl Tail {
    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events that have become durable, in order.
    pub fn push(&self, events: impl IntoIterator<Item = KeptEvent>) {
        let mut latest = self.latest();
        for event in events {
            if event.number != latest.next {
                latest.events.clear();
                latest.bytes = 0;
            }
            latest.next = event.number + 1;
            latest.bytes += event.event.size();
            latest.events.push_back(Arc::new(event));
            while latest.events.len() > TAIL_EVENTS || latest.bytes > TAIL_BYTES {
                let Some(oldest) = latest.events.pop_front() else {
                    break;
                };
                latest.bytes -= oldest.event.size();
            }
        }
    }

    /// Forgets everything: the store goes back to what is in its file.
    pub fn clear(&self) {
        *self.latest() = Latest::default();
    }

    /// The events after this number, `limit` at most; `None` if they are not here.
    pub fn after(&self, number: u64, limit: usize) -> Option<Vec<Arc<KeptEvent>>> {
        let latest = self.latest();
        if latest.next == number + 1 {
            return Some(Vec::new());
        }
        let first = latest.events.front()?.number;
        let skip = usize::try_from((number + 1).checked_sub(first)?).ok()?;
        (skip <= latest.events.len()).then(|| {
            let wanted = latest.events.iter().skip(skip).take(limit);
            wanted.cloned().collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, bytes: usize) -> KeptEvent {
        KeptEvent {
            number,
            event: OutgoingEvent {
                room: "a".into(),
                kind: "b".into(),
                at_ms: 0,
                bytes: vec![0; bytes],
            },
        }
    }

    fn numbers(tail: &Tail, after: u64, limit: usize) -> Option<Vec<u64>> {
        let events = tail.after(after, limit)?;
        Some(events.iter().map(|event| event.number).collect())
    }

    #[test]
    fn the_tail_answers_for_what_it_has_and_for_nothing_else() {
        let tail = Tail::default();
        assert_eq!(numbers(&tail, 0, 10), None);
        tail.push((5..8).map(|number| event(number, 1)));
        assert_eq!(numbers(&tail, 4, 10), Some(vec![5, 6, 7]));
        assert_eq!(numbers(&tail, 5, 1), Some(vec![6]));
        assert_eq!(numbers(&tail, 7, 10), Some(vec![]));
        assert_eq!(numbers(&tail, 3, 10), None);
        assert_eq!(numbers(&tail, 9, 10), None);
        // After a gap it has the later ones only.
        tail.push([event(20, 1)]);
        assert_eq!(numbers(&tail, 7, 10), None);
        assert_eq!(numbers(&tail, 19, 10), Some(vec![20]));
        tail.clear();
        assert_eq!(numbers(&tail, 20, 10), None);
    }

    #[test]
    fn the_tail_is_bounded_in_number_and_in_bytes() {
        let tail = Tail::default();
        tail.push((1..=10_000).map(|number| event(number, 1)));
        assert_eq!(tail.latest().events.len(), TAIL_EVENTS);
        assert_eq!(numbers(&tail, 9_999, 10), Some(vec![10_000]));
        tail.push((10_001..=10_100).map(|number| event(number, 100_000)));
        assert!(tail.latest().bytes <= TAIL_BYTES);
        assert_eq!(numbers(&tail, 10_099, 10), Some(vec![10_100]));
    }
}
