//! How long things last, and how long to wait until they are over by another node's clock.

use std::time::Duration;

/// The time limits that every node of a cluster shares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// A node renews its record in etcd this often.
    pub renew_every: Duration,
    /// A renewal is good for this long from when it was sent, a promise from when it was asked for.
    pub hold: Duration,
    /// A member asks its owners for permission this often.
    pub ask_every: Duration,
    /// A permission is good for this long from when it was asked for.
    pub permission: Duration,
    /// A member that is further behind the published table than this gets no permission.
    pub most_behind: Duration,
    /// etcd counts as silent when the last answered renewal was sent longer ago than this.
    pub silent_after: Duration,
    /// A request to etcd without an answer counts as lost after this.
    pub patience: Duration,
    /// Each node's clock runs at most this much faster or slower than true time, in parts per million.
    pub drift_ppm: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            renew_every: Duration::from_millis(300),
            hold: Duration::from_secs(1),
            ask_every: Duration::from_millis(250),
            permission: Duration::from_secs(1),
            most_behind: Duration::from_millis(500),
            silent_after: Duration::from_millis(450),
            patience: Duration::from_secs(2),
            drift_ppm: 1_000,
        }
    }
}

impl Timing {
    /// How long to wait by this node's clock until `span` has passed by any other node's: theirs may be
    /// slow by the drift, and this one fast by the same.
    pub const fn outlasting(&self, span: Duration) -> Duration {
        let drift = if self.drift_ppm > 500_000 {
            500_000
        } else {
            self.drift_ppm as u128
        };
        let micros = span.as_micros();
        // One more for each of the two clocks' resolution.
        let waited = (micros * (1_000_000 + drift)).div_ceil(1_000_000 - drift) + 2;
        Duration::from_micros(if waited > u64::MAX as u128 {
            u64::MAX
        } else {
            waited as u64
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_outlasts_the_slowest_clock_by_the_fastest() {
        let timing = Timing::default();
        let span = Duration::from_secs(1);
        let wait = timing.outlasting(span);
        // The true time of the wait, measured by a fast clock; the true time of the span by a slow one.
        let rate = f64::from(timing.drift_ppm) / 1e6;
        assert!(wait.as_secs_f64() / (1.0 + rate) >= span.as_secs_f64() / (1.0 - rate));
        assert!(wait < span + Duration::from_millis(3), "{wait:?}");
    }
}
