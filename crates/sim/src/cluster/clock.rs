//! A node's clock: it starts anywhere, and runs a little fast or slow.

use sideroom_route::Time;

/// Local time as a function of true time, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    since: u64,
    local: u64,
    ppm: i64,
}

impl Clock {
    pub(super) const fn new(now: u64, local: u64, ppm: i64) -> Self {
        Self {
            since: now,
            local,
            ppm,
        }
    }

    /// The time that the clock shows.
    pub(super) const fn read(&self, now: u64) -> Time {
        let passed = now.saturating_sub(self.since) as i128;
        let shown = passed * (1_000_000 + self.ppm as i128) / 1_000_000;
        Time::from_micros(self.local + shown as u64)
    }

    /// From now on it runs at another rate.
    pub(super) const fn turn(&mut self, now: u64, ppm: i64) {
        self.local = self.read(now).as_micros();
        self.since = now;
        self.ppm = ppm;
    }

    /// The first moment at which it shows `local` or more.
    pub(super) const fn moment(&self, local: Time) -> u64 {
        let missing = local.as_micros().saturating_sub(self.local) as i128;
        let rate = 1_000_000 + self.ppm as i128;
        let passed = (missing * 1_000_000 + rate - 1) / rate;
        self.since + passed as u64
    }
}
