//! A token bucket.

use sideroom_route::Time;

/// A rate a second, and the same amount in a burst.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// Taken and not grown back yet.
    used: u64,
    since: Time,
}

impl Bucket {
    /// Takes `amount`, or nothing if there is not so much.
    pub fn take(&mut self, now: Time, amount: u64, per_s: u64) -> bool {
        let gone_us = u64::try_from(now.since(self.since).as_micros()).unwrap_or(u64::MAX);
        let grown = u128::from(gone_us) * u128::from(per_s) / 1_000_000;
        if grown > 0 || self.used == 0 {
            self.used = self
                .used
                .saturating_sub(u64::try_from(grown).unwrap_or(u64::MAX));
            self.since = now;
        }
        if self.used + amount > per_s {
            return false;
        }
        self.used += amount;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate() {
        let mut bucket = Bucket::default();
        let mut given = 0;
        // 10 s in steps of 100 µs, each asking for one.
        for step in 0..100_000 {
            given += u64::from(bucket.take(Time::from_micros(step * 100), 1, 50));
        }
        assert!((540..=551).contains(&given), "{given}");
        assert!(!Bucket::default().take(Time::ZERO, 51, 50));
    }
}
