//! From the first signal to the last word: drain, then close.
//!
//! A drain refuses new rooms and joins, informs watchers, and waits until the rooms are empty or its deadline
//! has come; then everything closes. A second signal closes at once. This module only knows the phase and
//! waits; rooms act on it themselves.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::metrics::catalogue as names;

/// Sent when a file would grow beyond its limit; it ends a process that has no handler.
const SIGXFSZ: i32 = 25;

/// Where the server is in its life. It only goes forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Rooms are being loaded.
    Starting,
    /// Everything is taken.
    Running,
    /// New rooms and joins are refused; meetings go on.
    Draining,
    /// Remaining participants are sent away.
    Closing,
}

/// Shared knowledge of the phase. Clones see the same server.
#[derive(Clone, Debug)]
pub struct Shutdown {
    phase: Arc<watch::Sender<Phase>>,
    /// When a drain ends at the latest, if somebody has asked for another end than the configured one.
    deadline: Arc<watch::Sender<Option<Instant>>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A server that starts.
    pub fn new() -> Self {
        let (phase, _) = watch::channel(Phase::Starting);
        let (deadline, _) = watch::channel(None);
        Self {
            phase: Arc::new(phase),
            deadline: Arc::new(deadline),
        }
    }

    /// Where the server is now.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to `phase`. Going back is not possible and changes nothing.
    pub fn advance(&self, phase: Phase) {
        let advanced = self.phase.send_if_modified(|now| {
            let later = phase > *now;
            if later {
                *now = phase;
            }
            later
        });
        if advanced {
            tracing::info!(?phase, "server");
            let draining = phase >= Phase::Draining;
            metrics::gauge!(names::DRAINING).set(if draining { 1.0 } else { 0.0 });
        }
    }

    /// Resolves when the server is in `phase` or a later one.
    pub fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + 'static {
        let mut seen = self.phase.subscribe();
        // The sender may be dropped with the last clone; then nothing runs any more either.
        async move { drop(seen.wait_for(|now| *now >= phase).await) }
    }

    /// Ends the drain this long from now at the latest, instead of when the configuration says. The last
    /// word counts.
    pub fn drain_within(&self, deadline: Duration) {
        self.deadline.send_replace(Some(Instant::now() + deadline));
    }

    /// Waits for a drain to begin, then until `empty` resolves, the deadline has come or somebody closes;
    /// then closes. Resolves when the server is to close. `configured` is the deadline for a drain that was
    /// asked for without one.
    pub async fn drain(&self, configured: Duration, empty: impl Future<Output = ()>) {
        self.reached(Phase::Draining).await;
        tokio::select! {
            () = self.reached(Phase::Closing) => {}
            () = empty => tracing::info!("nobody is connected any more"),
            () = self.deadline_passes(Instant::now() + configured) => {
                tracing::warn!("the drain's deadline has come; rooms that still run are closed");
            }
        }
        self.advance(Phase::Closing);
    }

    async fn deadline_passes(&self, configured: Instant) {
        let mut asked = self.deadline.subscribe();
        loop {
            let until = (*asked.borrow_and_update()).unwrap_or(configured);
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                // The sender lives as long as we do.
                _ = asked.changed() => {}
            }
        }
    }

    /// Turns SIGTERM and SIGINT into a drain, and a second one into closing at once.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // A file that may not grow is the store's error, not our end: with a handler, even one that does
        // nothing, writing fails and the process goes on.
        let mut too_large = signal(SignalKind::from_raw(SIGXFSZ))?;
        tokio::spawn(async move { while too_large.recv().await.is_some() {} });
        let shutdown = self.clone();
        tokio::spawn(async move {
            for phase in [Phase::Draining, Phase::Closing] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                shutdown.advance(phase);
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn a_drain_ends_when_the_rooms_do_or_its_deadline_comes() {
        for empty in [true, false] {
            let shutdown = Shutdown::new();
            let drain = tokio::spawn({
                let shutdown = shutdown.clone();
                async move {
                    let rooms = async {
                        if !empty {
                            std::future::pending::<()>().await;
                        }
                    };
                    shutdown.drain(LONG, rooms).await;
                }
            });
            tokio::task::yield_now().await;
            assert!(!drain.is_finished(), "not before a drain was asked for");
            shutdown.advance(Phase::Draining);
            let begun = tokio::time::Instant::now();
            drain.await.expect("the drain does not panic");
            assert_eq!(begun.elapsed() >= LONG, !empty);
            assert_eq!(shutdown.phase(), Phase::Closing);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_closes_at_once_and_nothing_goes_back() {
        let shutdown = Shutdown::new();
        shutdown.advance(Phase::Draining);
        let drain = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.drain(LONG, std::future::pending()).await }
        });
        tokio::task::yield_now().await;
        let begun = tokio::time::Instant::now();
        shutdown.advance(Phase::Closing);
        drain.await.expect("the drain does not panic");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        shutdown.advance(Phase::Running);
        assert_eq!(shutdown.phase(), Phase::Closing);
    }
}
