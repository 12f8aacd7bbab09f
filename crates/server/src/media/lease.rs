//! Until when this node may forward media. A single node always may. A node of a cluster may as long as it is
//! certain that no other node has taken its rooms; a process that stood still finds its time over before it sends
//! another packet.

use std::sync::atomic::{AtomicU64, Ordering};

use sideroom_net::Clock;
use sideroom_route::Time;

/// Shared by all workers, and extended by the cluster's driver.
#[derive(Debug)]
pub struct Lease {
    clock: Clock,
    until_us: AtomicU64,
}

impl Default for Lease {
    /// For a single node: without an end.
    fn default() -> Self {
        Self {
            clock: Clock::new(),
            until_us: AtomicU64::new(Time::NEVER.as_micros()),
        }
    }
}

impl Lease {
    /// The present moment, by the clock that the lease ends by.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Sets the end, which may be earlier than before.
    pub fn set(&self, until: Time) {
        self.until_us.store(until.as_micros(), Ordering::Release);
    }

    /// True if the node may send nothing now.
    #[inline]
    pub fn is_over(&self) -> bool {
        let until = self.until_us.load(Ordering::Acquire);
        until != Time::NEVER.as_micros() && self.clock.now().as_micros() >= until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_lease_ends_by_the_clock_and_goes_on_when_it_is_extended() {
        let lease = Lease::default();
        assert!(!lease.is_over());
        lease.set(Time::ZERO);
        assert!(lease.is_over());
        lease.set(lease.now() + Duration::from_secs(3_600));
        assert!(!lease.is_over());
    }
}
