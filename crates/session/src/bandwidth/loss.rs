//! Loss beyond what the path always loses. A radio that drops a tenth of everything at any rate is not
//! congested; a queue that begins to overflow is.

use std::time::Duration;

use sideroom_route::Time;

use super::MAX_BPS;

/// Loss is judged over so much time, and at least so many packets.
const WINDOW: Duration = Duration::from_millis(500);
const MIN_PACKETS: u32 = 20;
/// The least loss of so many windows is what the path always loses.
const BASELINE_WINDOWS: usize = 20;
/// Loss above the baseline that is congestion.
const TOLERATED: f64 = 0.06;
/// How fast the bound rises again, a window.
const RISE: f64 = 1.08;

/// What loss lets through.
#[derive(Debug)]
pub(super) struct LossBound {
    began: Time,
    sent: u32,
    lost: u32,
    recent: [f64; BASELINE_WINDOWS],
    filled: usize,
    next: usize,
    bound_bps: f64,
}

impl Default for LossBound {
    fn default() -> Self {
        Self {
            began: Time::ZERO,
            sent: 0,
            lost: 0,
            recent: [0.0; BASELINE_WINDOWS],
            filled: 0,
            next: 0,
            bound_bps: MAX_BPS as f64,
        }
    }
}

impl LossBound {
    pub(super) fn count(&mut self, arrived: bool) {
        self.sent += 1;
        self.lost += u32::from(!arrived);
    }

    pub(super) fn bound_bps(&self) -> u64 {
        self.bound_bps as u64
    }

    /// What was lost while the path was down says nothing.
    pub(super) fn forget(&mut self) {
        self.sent = 0;
        self.lost = 0;
    }

    pub(super) fn settle(&mut self, now: Time, acked_bps: u64) {
        if now.since(self.began) < WINDOW || self.sent < MIN_PACKETS {
            return;
        }
        let loss = f64::from(self.lost) / f64::from(self.sent);
        let baseline = self.baseline(loss);
        let excess = loss - baseline;
        if excess > TOLERATED {
            let carried = acked_bps as f64 * (1.0 - excess / 2.0);
            self.bound_bps = carried.min(self.bound_bps).max(super::MIN_BPS as f64);
        } else {
            self.bound_bps = (self.bound_bps * RISE).min(MAX_BPS as f64);
        }
        self.remember(loss);
        self.began = now;
        self.sent = 0;
        self.lost = 0;
    }

    fn baseline(&self, loss: f64) -> f64 {
        let known = self.recent.iter().take(self.filled);
        known.copied().fold(loss, f64::min)
    }

    fn remember(&mut self, loss: f64) {
        if let Some(place) = self.recent.get_mut(self.next) {
            *place = loss;
        }
        self.next = (self.next + 1) % BASELINE_WINDOWS;
        self.filled = (self.filled + 1).min(BASELINE_WINDOWS);
    }
}
