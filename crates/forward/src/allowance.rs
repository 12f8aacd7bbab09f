//! Rate limits: a burst, and a number earned back per second.

use sideroom_route::Time;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllowanceBounds {
    /// The most requests at once.
    pub burst: u32,
    /// Requests earned back in a second.
    pub per_second: u32,
}

/// The state of one limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    left: u32,
    counted_at: Time,
}

impl Allowance {
    pub(crate) const fn full(bounds: AllowanceBounds) -> Self {
        Self {
            left: bounds.burst,
            counted_at: Time::ZERO,
        }
    }

    /// Spends one unit; false if none is left.
    pub(crate) fn take(&mut self, now: Time, bounds: AllowanceBounds) -> bool {
        let elapsed_us = now.since(self.counted_at).as_micros() as u64;
        let earned = elapsed_us.saturating_mul(u64::from(bounds.per_second)) / 1_000_000;
        if earned > 0 {
            let left = earned.saturating_add(self.left.into());
            self.left = left.min(u64::from(bounds.burst)) as u32;
            self.counted_at = now;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_earned_back_as_time_passes() {
        let bounds = AllowanceBounds {
            burst: 3,
            per_second: 10,
        };
        let mut allowance = Allowance::full(bounds);
        let mut taken = |ms, tries: usize| {
            let now = Time::from_millis(ms);
            (0..tries).filter(|_| allowance.take(now, bounds)).count()
        };
        assert_eq!(taken(0, 5), 3);
        assert_eq!(taken(99, 5), 0);
        assert_eq!(taken(200, 5), 2);
        assert_eq!(taken(10_000, 5), 3, "no more than a burst");
    }
}
