//! When rooms are saved whole. Writing a large room takes its task milliseconds, and rooms that are equally
//! busy are due at the same moment: so they go one after the other.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sideroom_route::Time;

/// Between two rooms that are saved.
const APART: Duration = Duration::from_millis(25);

/// Spaces snapshots out, so that rooms that are due together are not saved at one moment.
#[derive(Debug, Default)]
pub(super) struct SavePace(Mutex<Time>);

impl SavePace {
    /// `Ok`: now. `Err`: ask again at that moment.
    pub(super) fn take(&self, now: Time) -> Result<(), Time> {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *next > now {
            return Err(*next);
        }
        *next = now + APART;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_that_are_due_together_are_saved_apart() {
        let (pace, now) = (SavePace::default(), Time::from_millis(5));
        assert_eq!(pace.take(now), Ok(()));
        assert_eq!(pace.take(now), Err(now + APART));
        assert_eq!(pace.take(now + APART), Ok(()));
    }
}
