//! Summarises many readings of one figure.

use serde::Serialize;

/// Best (smallest), median and worst of some readings.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Summary {
    pub best: f64,
    /// Half lie below.
    pub median: f64,
    pub worst: f64,
}

impl Summary {
    /// Summarises any number of readings; all zero for none.
    pub fn of(readings: &[f64]) -> Self {
        let mut sorted = readings.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            best: sorted.first().copied().unwrap_or(0.0),
            median: quantile(&sorted, 0.5),
            worst: sorted.last().copied().unwrap_or(0.0),
        }
    }

    /// The summary in another unit, to three significant places at the size of nanoseconds.
    #[must_use]
    pub fn rounded(self) -> Self {
        let round = |value: f64| (value * 10.0).round() / 10.0;
        Self {
            best: round(self.best),
            median: round(self.median),
            worst: round(self.worst),
        }
    }
}

/// The value below which `share` of the `sorted` readings lie, between neighbours by proportion.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let value = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(0.0);
    value(low) + (value(low + 1) - value(low)) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let spread = Summary::of(&[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((spread.best, spread.median, spread.worst), (1.0, 2.5, 4.0));
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[7.0], 0.99), 7.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.99), 9.9);
    }
}
