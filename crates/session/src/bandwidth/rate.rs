//! From the queue's behaviour to a rate: down at once, up with care, and faster where it was before.

use std::time::Duration;

use sideroom_route::Time;

use super::bounds::{MAX_BPS, MIN_BPS};
use super::trend::Usage;

/// Share of the acknowledged rate that remains when the queue grows.
const BACK_OFF: f64 = 0.85;
/// How much the estimate grows in a second while the capacity is not known.
const GROWTH: f64 = 0.08;
/// So soon after a decrease there is no other: the first has to take effect.
const DECREASE_EVERY: Duration = Duration::from_millis(300);
/// A decrease counts as recent for so long.
const RECENT: Duration = Duration::from_secs(5);
const PACKET_BITS: f64 = 1_200.0 * 8.0;

/// The rate that the delay allows.
#[derive(Debug)]
pub(super) struct RateControl {
    estimate_bps: f64,
    updated: Time,
    decreased: Option<Time>,
    /// Where the queue began to grow lately: mean and variance, relative.
    capacity_bps: Option<f64>,
    held: bool,
}

impl RateControl {
    pub(super) fn new(now: Time, start_bps: u64) -> Self {
        Self {
            estimate_bps: start_bps as f64,
            updated: now,
            decreased: None,
            capacity_bps: None,
            held: false,
        }
    }

    pub(super) fn estimate_bps(&self) -> u64 {
        self.estimate_bps as u64
    }

    /// For clients that send nothing but their own estimate.
    pub(super) fn follow(&mut self, bps: u64) {
        self.estimate_bps = bps as f64;
    }

    /// True if the estimate fell a short while ago: then it is worth probing soon.
    pub(super) fn just_decreased(&self, now: Time) -> bool {
        self.decreased.is_some_and(|at| now.since(at) < RECENT)
    }

    /// True if the queue ever grew.
    pub(super) fn has_decreased(&self) -> bool {
        self.decreased.is_some()
    }

    /// Handles the rate that a probe measured.
    pub(super) fn probed(&mut self, now: Time, measured_bps: u64, usage: Usage) {
        let measured = measured_bps as f64;
        if usage != Usage::Over && measured > self.estimate_bps {
            self.estimate_bps = measured.min(MAX_BPS as f64);
            self.updated = now;
            if self.capacity_bps.is_some_and(|known| known < measured) {
                self.capacity_bps = None;
            }
        }
    }

    pub(super) fn update(&mut self, now: Time, usage: Usage, acked_bps: u64, rtt: Duration) {
        let passed = now.since(self.updated).as_secs_f64().min(1.0);
        self.updated = now;
        match usage {
            Usage::Over => self.decrease(now, acked_bps as f64),
            // The queue empties: the path's capacity without a queue is not known yet.
            Usage::Under => self.held = true,
            Usage::Normal => self.increase(passed, acked_bps as f64, rtt),
        }
        self.estimate_bps = self.estimate_bps.clamp(MIN_BPS as f64, MAX_BPS as f64);
    }

    fn decrease(&mut self, now: Time, acked: f64) {
        let recent = self
            .decreased
            .is_some_and(|at| now.since(at) < DECREASE_EVERY);
        if recent || acked <= 0.0 {
            return;
        }
        let to = BACK_OFF * acked;
        if to < self.estimate_bps {
            self.capacity_bps = Some(match self.capacity_bps {
                Some(known) if (acked - known).abs() < 0.3 * known => 0.95 * known + 0.05 * acked,
                _ => acked,
            });
            self.estimate_bps = to;
        }
        self.decreased = Some(now);
        self.held = false;
    }

    fn increase(&mut self, passed: f64, acked: f64, rtt: Duration) {
        // An unused rate is untested: the estimate stays near the rate in use.
        let ceiling = if acked > 0.0 {
            1.5 * acked + 20_000.0
        } else {
            f64::INFINITY
        };
        if self.estimate_bps >= ceiling {
            return;
        }
        let near = self
            .capacity_bps
            .is_some_and(|known| (self.estimate_bps - known).abs() < 0.15 * known);
        let grown = if near {
            let response = rtt.as_secs_f64() + 0.1;
            self.estimate_bps + passed * PACKET_BITS / response.max(0.02)
        } else {
            self.estimate_bps * (1.0 + GROWTH).powf(passed)
        };
        self.estimate_bps = grown.min(ceiling).max(self.estimate_bps);
        if self
            .capacity_bps
            .is_some_and(|known| self.estimate_bps > 1.3 * known)
        {
            self.capacity_bps = None;
        }
        self.held = false;
    }
}
