//! How long a suspended room waits before it is read again.

use std::time::Duration;

use sideroom_control::Chance;

/// The first wait.
const FIRST: Duration = Duration::from_millis(50);
/// The longest wait after failures of the store: with it a room is back soon after its store is.
const LONGEST: Duration = Duration::from_secs(2);

/// Doubles from one failure to the next. A commit that succeeds begins it anew; a load does not, so that a
/// store that can be read and not written is not asked more and more often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn succeed(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure, spread so that rooms that failed together do not return together.
    pub(crate) fn fail(&mut self, chance: &mut Chance) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.min(LONGEST);
        let spread = chance.bits() % 256;
        wait - wait.mul_f64(spread as f64 / 1_024.0)
    }

    /// Failures since something succeeded.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_begin_anew() {
        let (mut backoff, mut chance) = (Backoff::default(), Chance::new(1));
        let mut last = Duration::ZERO;
        for _ in 0..6 {
            let wait = backoff.fail(&mut chance);
            assert!(wait > last && wait <= LONGEST, "{wait:?} after {last:?}");
            last = wait;
        }
        for _ in 0..100 {
            assert!(backoff.fail(&mut chance) <= LONGEST);
        }
        backoff.succeed();
        assert!(backoff.fail(&mut chance) <= FIRST);
    }
}
