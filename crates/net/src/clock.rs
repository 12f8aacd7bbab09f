//! The real clocks, for those who own one.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use sideroom_route::Time;

/// The monotonic clock as the media plane writes moments. All clocks of a process should be copies of
/// one, so that their moments compare.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

/// A reading of how much CPU time the calling thread has used so far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ThreadCpu(Duration);

impl Clock {
    /// A clock whose origin lies a minute back, so that tests can name moments before the start.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that owns the clock"
    )]
    pub fn new() -> Self {
        let now = Instant::now();
        let origin = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
        Self { origin }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        Time::ZERO + self.origin.elapsed()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// The time of the calendar since the Unix epoch, as the kernel stamps datagrams with it.
pub fn wall_clock() -> Duration {
    let time = clock_gettime(ClockId::Realtime);
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(secs, nanos)
}

impl ThreadCpu {
    /// The reading when the thread began.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The reading now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let secs = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
        Self(Duration::new(secs, nanos))
    }

    /// CPU time used between `earlier` and this reading, by the same thread.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
