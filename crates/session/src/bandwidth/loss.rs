//! Loss beyond the path's usual loss. A radio that drops a tenth of everything at any rate is not congested;
//! a queue that begins to overflow is.

use std::time::Duration;

use sideroom_route::Time;

use super::bounds::{MAX_BPS, MIN_BPS};
use super::trend::Usage;

/// A window lasts at least this long, and has at least `MIN_PACKETS`.
const WINDOW: Duration = Duration::from_millis(500);
const MIN_PACKETS: u32 = 60;
/// How fast the baseline follows: less loss is believed sooner than more.
const FOLLOW_DOWN: f64 = 0.3;
const FOLLOW_UP: f64 = 0.1;
/// Loss above the baseline that is congestion.
const TOLERATED: f64 = 0.06;
/// Where others fill the queue, this much above the baseline says that it overflows.
const OVERFLOWS: f64 = 0.01;
/// How fast the bound rises again, a window.
const RISE: f64 = 1.08;

/// An upper bound for the estimate, from loss.
#[derive(Debug)]
pub(super) struct LossBound {
    began: Time,
    sent: u32,
    lost: u32,
    /// The path's usual loss; `None` before the first window.
    baseline: Option<f64>,
    bound_bps: f64,
    /// More was lost in the last window than the path always loses.
    overflowed: bool,
}

impl Default for LossBound {
    fn default() -> Self {
        Self {
            began: Time::ZERO,
            sent: 0,
            lost: 0,
            baseline: None,
            bound_bps: MAX_BPS as f64,
            overflowed: false,
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

    /// The state of the queue, by loss alone: where others keep it full, its length says nothing about our
    /// packets.
    pub(super) fn usage(&mut self) -> Usage {
        if std::mem::take(&mut self.overflowed) {
            Usage::Over
        } else {
            Usage::Normal
        }
    }

    /// A probe came through at this rate.
    pub(super) fn probed(&mut self, measured_bps: u64) {
        self.bound_bps = self.bound_bps.max(measured_bps as f64);
    }

    /// Judges the last window. Where others share the queue (`shared`), it sets no bound: the arriving rate
    /// is then our sending rate, and not the room on the path.
    pub(super) fn judge_window(&mut self, now: Time, acked_bps: u64, shared: bool) {
        if now.since(self.began) < WINDOW || self.sent < MIN_PACKETS {
            return;
        }
        let loss = f64::from(self.lost) / f64::from(self.sent);
        let baseline = self.baseline.unwrap_or(loss);
        let excess = loss - baseline;
        // A small sample of steady loss swings by this much.
        let noise = 2.0 * (baseline * (1.0 - baseline) / f64::from(self.sent)).sqrt();
        self.overflowed = excess > OVERFLOWS + noise;
        if excess > TOLERATED + noise && !shared {
            let carried = acked_bps as f64 * (1.0 - excess / 2.0);
            self.bound_bps = carried.min(self.bound_bps).max(MIN_BPS as f64);
        } else {
            self.bound_bps = (self.bound_bps * RISE).min(MAX_BPS as f64);
        }
        let follow = if loss < baseline {
            FOLLOW_DOWN
        } else {
            FOLLOW_UP
        };
        self.baseline = Some(baseline + follow * (loss - baseline));
        self.began = now;
        self.sent = 0;
        self.lost = 0;
    }
}
