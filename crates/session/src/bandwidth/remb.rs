//! A client's own estimate (draft-alvestrand-rmcat-remb-03). It ages: an old estimate stops bounding the rate
//! if no new one follows.

use std::time::Duration;

use sideroom_route::Time;

use super::bounds::MAX_BPS;

/// An estimate counts unchanged for so long. Clients repeat theirs every second or so, if they do.
const FRESH: Duration = Duration::from_secs(3);
/// How much it grows in each second after that.
const GROWTH: f64 = 1.08;

/// The client's last estimate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remb {
    bps: u64,
    told_at: Time,
}

impl Remb {
    pub(super) const fn new(now: Time, bps: u64) -> Self {
        Self { bps, told_at: now }
    }

    /// The bound that it still sets.
    pub(super) fn bps(&self, now: Time) -> u64 {
        let stale = now.since(self.told_at).saturating_sub(FRESH);
        let grown = self.bps.max(1) as f64 * GROWTH.powf(stale.as_secs_f64());
        if grown < MAX_BPS as f64 {
            grown as u64
        } else {
            MAX_BPS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_is_not_renewed_fades_upwards() {
        let remb = Remb::new(Time::from_millis(1_000), 380_000);
        assert_eq!(remb.bps(Time::from_millis(4_000)), 380_000);
        let later = remb.bps(Time::from_millis(14_000));
        assert!(
            (800_000..900_000).contains(&later),
            "{later} after ten seconds more"
        );
        assert_eq!(remb.bps(Time::from_millis(600_000)), MAX_BPS);
        assert!(Remb::new(Time::ZERO, 0).bps(Time::from_millis(600_000)) > 1_000_000);
    }
}
