//! Counts durations in buckets whose width grows with the value: at most 3 % wide each.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling.
const STEPS: usize = 32;
/// Doublings: up to about an hour in microseconds.
const DOUBLINGS: usize = 28;

/// A distribution of durations.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    max_us: u64,
    sum_us: u64,
}

/// Percentiles of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many durations.
    pub count: u64,
    pub mean_ms: f64,
    /// Half are shorter.
    pub p50_ms: f64,
    /// 90 of 100 are shorter.
    pub p90_ms: f64,
    /// 99 of 100 are shorter.
    pub p99_ms: f64,
    /// The longest duration.
    pub max_ms: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; STEPS * DOUBLINGS].into(),
            total: 0,
            max_us: 0,
            sum_us: 0,
        }
    }
}

/// The bucket of a value: the first [`STEPS`] hold one value each, then each doubling has [`STEPS`] of
/// equal width, of which the lower half repeats the doubling before.
fn bucket(us: u64) -> usize {
    let bits = u64::BITS - us.leading_zeros();
    let shift = bits.saturating_sub(STEPS.trailing_zeros());
    let within = (us >> shift) as usize;
    (shift as usize * (STEPS / 2) + within).min(STEPS * DOUBLINGS - 1)
}

/// The smallest value of the bucket after `bucket`.
fn end_of(bucket: usize) -> u64 {
    let next = bucket + 1;
    if next < STEPS {
        return next as u64;
    }
    let shift = (next / (STEPS / 2)).saturating_sub(1);
    let within = next - shift * (STEPS / 2);
    (within as u64) << shift
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(us)) {
            *count += 1;
        }
        self.total += 1;
        self.max_us = self.max_us.max(us);
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.max_us = self.max_us.max(other.max_us);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// The upper end of the bucket below or in which `share` of the durations lie.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (share * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_micros(end_of(bucket).min(self.max_us));
            }
        }
        Duration::from_micros(self.max_us)
    }

    /// The distribution in few numbers.
    pub fn percentiles(&self) -> Percentiles {
        let ms = |span: Duration| (span.as_secs_f64() * 1e6).round() / 1e3;
        let mean = self.sum_us.checked_div(self.total).unwrap_or(0);
        Percentiles {
            count: self.total,
            mean_ms: ms(Duration::from_micros(mean)),
            p50_ms: ms(self.quantile(0.5)),
            p90_ms: ms(self.quantile(0.9)),
            p99_ms: ms(self.quantile(0.99)),
            max_ms: ms(Duration::from_micros(self.max_us)),
        }
    }

    /// The counts of buckets with anything in them: upper end in milliseconds, and how many.
    pub fn bars(&self) -> Vec<(f64, u64)> {
        let bars = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        bars.map(|(bucket, count)| (end_of(bucket) as f64 / 1e3, *count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        for us in (0..5_000).chain([1 << 20, (1 << 30) - 1, 1 << 31]) {
            let end = end_of(bucket(us));
            assert!(end > us, "{us} lies in a bucket that ends at {end}");
            assert!(
                end - us <= us / 16 + 1,
                "{us} lies in a bucket that ends at {end}"
            );
            assert!(bucket(us + 1) >= bucket(us));
        }
        assert!(bucket(u64::MAX) < STEPS * DOUBLINGS);
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let told = histogram.percentiles();
        assert_eq!((told.count, told.max_ms), (100, 100.0));
        assert!((told.p50_ms - 50.0).abs() < 3.5, "{told:?}");
        assert!((told.p99_ms - 99.0).abs() < 3.5, "{told:?}");
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        assert_eq!(twice.percentiles().p90_ms, told.p90_ms);
    }
}
