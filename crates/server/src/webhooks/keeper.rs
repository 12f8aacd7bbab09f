//! Forgets events that nobody needs any more, and the oldest when there are too many.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sideroom_store::{OutboxRange, Store, StoreError};

use super::status::Status;
use crate::metrics;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// Parts that are forgotten in a row; the rest comes with the next look.
const PARTS: usize = 16;

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bounds {
    /// Size of all events at most.
    pub(super) bytes: u64,
    /// Events that are kept after they are delivered, to be sent again.
    pub(super) delivered: u64,
}

/// See the module.
pub(super) struct Keeper {
    store: Arc<dyn Store>,
    bounds: Bounds,
    receivers: Vec<Arc<Mutex<Status>>>,
}

impl Keeper {
    pub(super) fn new(
        store: Arc<dyn Store>,
        bounds: Bounds,
        receivers: Vec<Arc<Mutex<Status>>>,
    ) -> Self {
        Self {
            store,
            bounds,
            receivers,
        }
    }

    /// Runs as long as the server.
    pub(super) async fn run(self) {
        let mut every = tokio::time::interval(EVERY);
        loop {
            every.tick().await;
            // A store that fails is asked again.
            if let Ok(range) = self.store.outbox().await {
                metrics::outbox(range.next - range.first, range.bytes);
                drop(self.forget(range).await);
            }
        }
    }

    async fn forget(&self, mut range: OutboxRange) -> Result<(), StoreError> {
        for _ in 0..PARTS {
            let settled = self.settled(range);
            let first = first_kept(range, settled, self.bounds);
            if first <= range.first {
                return Ok(());
            }
            self.store.forget_events_before(first).await?;
            let before = std::mem::replace(&mut range, self.store.outbox().await?);
            let needed = settled.saturating_add(1).max(before.first);
            let lost = range.first.saturating_sub(needed);
            if lost > 0 {
                tracing::error!(
                    events = lost,
                    "webhooks: the outbox is full; the oldest events are forgotten, though a receiver has not \
                     taken them. Bring the receiver back, remove it, or raise webhooks.outbox_bytes"
                );
                metrics::webhook_lost("*", lost);
            }
        }
        Ok(())
    }

    /// The number up to which every receiver has settled everything.
    fn settled(&self, range: OutboxRange) -> u64 {
        let all = self.receivers.iter().map(|status| {
            let status = status.lock().unwrap_or_else(PoisonError::into_inner);
            status.settled
        });
        all.min().unwrap_or(range.next - 1)
    }
}

/// The first event that stays.
fn first_kept(range: OutboxRange, settled: u64, bounds: Bounds) -> u64 {
    let unneeded = (settled + 1).min(range.next.saturating_sub(bounds.delivered));
    let events = range.next - range.first;
    let over = range.bytes.saturating_sub(bounds.bytes);
    // As many as hold so many bytes, if all are alike; the next look finds out.
    let each = (range.bytes / events.max(1)).max(1);
    let full = range.first + over.div_ceil(each).min(events);
    unneeded.max(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stay_until_they_are_settled_unless_there_are_too_many() {
        let bounds = Bounds {
            bytes: 1_000,
            delivered: 10,
        };
        let range = |first, next, bytes| OutboxRange { first, next, bytes };
        for (range, settled, first) in [
            // No event is settled, and there is room.
            (range(1, 101, 1_000), 0, 1),
            // All is settled: ten stay for a replay.
            (range(1, 101, 1_000), 100, 91),
            (range(1, 101, 1_000), 50, 51),
            (range(95, 101, 60), 100, 95),
            // Too many: the oldest go, needed or not.
            (range(1, 101, 2_000), 0, 51),
            (range(1, 101, 2_000), 70, 71),
            (range(1, 1, 0), 0, 1),
        ] {
            assert_eq!(
                first_kept(range, settled, bounds),
                first,
                "{range:?} {settled}"
            );
        }
    }
}
