//! The engines count time in [`Instant`], we in [`Time`]. Any instant will do for the origin: only
//! differences count, so the engines stay as deterministic as their caller.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sideroom_route::Time;

static ORIGIN: OnceLock<Instant> = OnceLock::new();

#[allow(
    clippy::disallowed_methods,
    reason = "an arbitrary origin for differences, read once"
)]
fn origin() -> Instant {
    *ORIGIN.get_or_init(Instant::now)
}

pub(super) fn to_instant(time: Time) -> Instant {
    let origin = origin();
    // `Time::NEVER` is never passed in, but would overflow.
    origin
        .checked_add(Duration::from_micros(time.as_micros()))
        .unwrap_or(origin)
}

pub(super) fn to_time(instant: Instant) -> Time {
    let since = instant.saturating_duration_since(origin());
    // Rounded up: a timer must not be due before its instant.
    Time::from_micros(since.as_nanos().div_ceil(1_000) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_time() {
        for micros in [0, 1, 999, 86_400_000_000] {
            let time = Time::from_micros(micros);
            assert_eq!(to_time(to_instant(time)), time);
        }
        assert!(
            to_time(to_instant(Time::from_micros(5)) + Duration::from_nanos(1))
                > Time::from_micros(5)
        );
    }
}
