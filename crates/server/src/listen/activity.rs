//! The activity of a connection, with its times: written by its stream and its requests, read by its
//! watchdog.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock;

/// How long a connection may do what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdleLimits {
    /// From the first byte of a request, or from the beginning, to the end of the request's headers.
    pub headers: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// A client that takes no byte of an answer.
    pub stalled: Duration,
}

/// Milliseconds since the connection began. 0: not so at present.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    /// Requests that are being answered.
    open: AtomicU32,
    /// The time since which no request is being answered.
    idle_since: AtomicU64,
    /// The time since which headers are incomplete.
    headers_since: AtomicU64,
    /// The time since which an answer waits for the client to read.
    stalled_since: AtomicU64,
    /// A request has been answered.
    answered: AtomicBool,
    /// The connection is HTTP/2, whose frames between requests are no headers.
    frames: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: clock::now(),
            open: AtomicU32::new(0),
            idle_since: AtomicU64::new(1),
            headers_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            frames: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        let gone = self.begun.elapsed().as_millis();
        u64::try_from(gone).unwrap_or(u64::MAX).max(1)
    }

    /// Notes arriving bytes.
    pub(super) fn read(&self) {
        let between = self.open.load(Ordering::Relaxed) == 0;
        if between && self.headers_since.load(Ordering::Relaxed) == 0 {
            self.headers_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The client takes bytes, or does not.
    pub(super) fn written(&self, stalled: bool) {
        let since = self.stalled_since.load(Ordering::Relaxed);
        match (stalled, since) {
            (true, 0) => self.stalled_since.store(self.now(), Ordering::Relaxed),
            (false, 1..) => self.stalled_since.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    /// A request begins.
    pub(super) fn begin(&self, frames: bool) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.headers_since.store(0, Ordering::Relaxed);
        if frames {
            self.frames.store(true, Ordering::Relaxed);
        }
    }

    /// A request has been answered. True if no other is open.
    pub(super) fn end(&self) -> bool {
        self.answered.store(true, Ordering::Relaxed);
        self.idle_since.store(self.now(), Ordering::Relaxed);
        self.open.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// How long the connection may go on if nothing happens; `None` if it is overdue.
    pub(super) fn remaining(&self, patience: &IdleLimits) -> Option<Duration> {
        let stalled_since = self.stalled_since.load(Ordering::Relaxed);
        let (since, within) = if stalled_since > 0 {
            (stalled_since, patience.stalled)
        } else if self.open.load(Ordering::Relaxed) > 0 {
            return Some(patience.stalled);
        } else {
            self.between_requests(patience)
        };
        let gone = Duration::from_millis(self.now().saturating_sub(since));
        within.checked_sub(gone).filter(|left| !left.is_zero())
    }

    fn between_requests(&self, patience: &IdleLimits) -> (u64, Duration) {
        let idle_since = self.idle_since.load(Ordering::Relaxed);
        let headers_since = self.headers_since.load(Ordering::Relaxed);
        if !self.answered.load(Ordering::Relaxed) {
            return (idle_since, patience.headers);
        }
        if headers_since > 0 && !self.frames.load(Ordering::Relaxed) {
            return (headers_since, patience.headers);
        }
        (idle_since, patience.idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: IdleLimits = IdleLimits {
        headers: Duration::from_secs(10),
        idle: Duration::from_secs(100),
        stalled: Duration::from_secs(30),
    };

    /// An activity that began `seconds` ago.
    fn begun_before(seconds: u64) -> Activity {
        let mut activity = Activity::new();
        activity.begun -= Duration::from_secs(seconds);
        activity
    }

    #[test]
    fn a_first_request_has_to_come_at_once_and_later_ones_have_time() {
        assert!(begun_before(9).remaining(&PATIENCE).is_some());
        let silent = begun_before(11);
        silent.read();
        assert_eq!(silent.remaining(&PATIENCE), None);

        let served = begun_before(11);
        served.begin(false);
        assert!(served.end());
        let left = served.remaining(&PATIENCE).unwrap();
        assert!(left > Duration::from_secs(95), "{left:?}");
        served.read();
        assert!(served.remaining(&PATIENCE).unwrap() <= PATIENCE.headers);
    }

    #[test]
    fn an_answer_takes_its_time_unless_the_client_does_not_read() {
        let activity = begun_before(1_000);
        activity.begin(false);
        assert!(activity.remaining(&PATIENCE).is_some());
        activity.written(true);
        assert!(activity.remaining(&PATIENCE).is_some());
        activity.stalled_since.store(1, Ordering::Relaxed);
        assert_eq!(activity.remaining(&PATIENCE), None);
        activity.written(false);
        assert!(activity.remaining(&PATIENCE).is_some());
    }

    #[test]
    fn frames_between_requests_of_http_2_are_no_headers() {
        let activity = begun_before(11);
        activity.begin(true);
        activity.end();
        activity.read();
        assert!(activity.remaining(&PATIENCE).unwrap() > PATIENCE.headers);
    }

    #[test]
    fn the_end_is_told_when_the_last_request_is_answered() {
        let activity = begun_before(0);
        activity.begin(true);
        activity.begin(true);
        assert!(!activity.end());
        assert!(activity.end());
    }
}
