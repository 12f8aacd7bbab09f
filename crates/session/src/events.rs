//! A session's events, in a bounded queue.

use std::collections::VecDeque;

use crate::SessionEvent;

/// The most events that wait. Past that, events are lost and counted, except those on the life of the
/// session.
const MAX_EVENTS: usize = 256;

/// Events that the caller has not collected yet.
#[derive(Debug, Default)]
pub(crate) struct Events {
    waiting: VecDeque<SessionEvent>,
    pub lost: u64,
}

impl Events {
    pub(crate) fn push(&mut self, event: SessionEvent) {
        let vital = matches!(
            event,
            SessionEvent::Connected | SessionEvent::Lost(_) | SessionEvent::AddressSelected(_)
        );
        if self.waiting.len() < MAX_EVENTS || vital {
            self.waiting.push_back(event);
        } else {
            self.lost += 1;
        }
    }

    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = SessionEvent>) {
        events.into_iter().for_each(|event| self.push(event));
    }

    pub(crate) fn pop(&mut self) -> Option<SessionEvent> {
        let event = self.waiting.pop_front();
        if self.waiting.is_empty() && self.waiting.capacity() > MAX_EVENTS / 8 {
            self.waiting = VecDeque::new();
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::LostReason;

    use super::*;

    #[test]
    fn a_flood_is_cut_and_the_end_is_still_told() {
        let mut events = Events::default();
        for ssrc in 0..1_000 {
            events.push(SessionEvent::KeyframeRequest { ssrc });
        }
        events.push(SessionEvent::Lost(LostReason::Closed));
        let told: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
        assert_eq!((told.len(), events.lost), (MAX_EVENTS + 1, 744));
        assert_eq!(told.last(), Some(&SessionEvent::Lost(LostReason::Closed)));
    }
}
