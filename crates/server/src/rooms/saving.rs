//! Rooms that have changed much are saved whole, so that a restart need not replay all of it. Nobody waits
//! for that: it comes after the answers, one room at a time and with pauses, since writing a room takes the
//! loop milliseconds, and rooms that are equally busy are due at the same moment.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sideroom_route::RoomId;

use super::control_loop::ControlLoop;
use crate::clock;

/// Between two rooms that are saved.
const APART: Duration = Duration::from_millis(25);

/// Rooms that are due.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    due: BTreeSet<RoomId>,
    /// When the last one was saved.
    saved: Option<Instant>,
}

impl Unsaved {
    pub(super) fn insert(&mut self, room: RoomId) {
        self.due.insert(room);
    }

    /// When the next one may be saved; `None`: nothing is due.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.first()?;
        let since = self.saved.map(|saved| now.saturating_duration_since(saved));
        Some(since.map_or(Duration::ZERO, |since| APART.saturating_sub(since)))
    }

    fn take(&mut self, now: Instant) -> Option<RoomId> {
        if self.wait(now)? > Duration::ZERO {
            return None;
        }
        self.saved = Some(now);
        self.due.pop_first()
    }
}

impl ControlLoop {
    /// Saves one room that is due, if it is time. What is in memory has been kept before.
    pub(super) fn save_next(&mut self) {
        let Some(room) = self.unsaved.take(clock::now()) else {
            return;
        };
        let host = self.hosts.get_mut(&room).filter(|host| !host.broken);
        let Some(host) = host else {
            return;
        };
        host.unsaved = 0;
        let seq = host.room.record_seq();
        let saved = self
            .journal
            .save_snapshot(room, seq, host.made_by.as_ref(), &host.room);
        tokio::spawn(async move {
            if let Err(error) = saved.await {
                tracing::warn!(%room, %error, "not saved whole; a restart has more to replay");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_that_are_due_together_are_saved_apart() {
        let (mut unsaved, now) = (Unsaved::default(), clock::now());
        assert_eq!((unsaved.wait(now), unsaved.take(now)), (None, None));
        for room in [3, 1, 3] {
            unsaved.insert(RoomId(room));
        }
        assert_eq!(unsaved.take(now), Some(RoomId(1)));
        assert_eq!((unsaved.wait(now), unsaved.take(now)), (Some(APART), None));
        assert_eq!(unsaved.take(now + APART), Some(RoomId(3)));
        assert_eq!(unsaved.wait(now + APART * 2), None);
    }
}
