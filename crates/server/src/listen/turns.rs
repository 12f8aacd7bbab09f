//! Strangers begin in turns, a few in each round of the scheduler, so that those who are known do not wait
//! behind a flood of them.

use tokio::sync::Semaphore;
use tokio::task::yield_now;

/// Requests of strangers that begin in one round.
const IN_A_ROUND: usize = 8;

/// The turns of one port, first come, first served.
#[derive(Debug)]
pub(super) struct Turns(Semaphore);

impl Turns {
    pub(super) const fn new() -> Self {
        Self(Semaphore::const_new(IN_A_ROUND))
    }

    /// Waits for a turn. It is over when everything else that is ready has run once.
    pub(super) async fn take(&self) {
        // The semaphore is never closed.
        let _turn = self.0.acquire().await;
        yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const STRANGERS: usize = 1_000;

    #[tokio::test]
    async fn others_run_between_strangers() {
        let turns = Arc::new(Turns::new());
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..STRANGERS {
            let (turns, begun) = (Arc::clone(&turns), Arc::clone(&begun));
            tokio::spawn(async move {
                turns.take().await;
                begun.fetch_add(1, Ordering::Relaxed);
            });
        }
        // The first round is that in which they ask.
        yield_now().await;
        let mut before = begun.load(Ordering::Relaxed);
        let mut rounds = 0;
        while before < STRANGERS {
            yield_now().await;
            let now = begun.load(Ordering::Relaxed);
            assert!(
                now - before <= 2 * IN_A_ROUND,
                "{} in a round",
                now - before
            );
            before = now;
            rounds += 1;
        }
        assert!(rounds >= STRANGERS / IN_A_ROUND / 2, "{rounds} rounds");
    }
}
