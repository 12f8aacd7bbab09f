//! The rate that each layer of a track takes: the most of its last seconds, or, if it is off, of its last
//! seconds on.

use std::time::Duration;

use sideroom_forward::LayerRate;
use sideroom_route::Time;

/// A layer's rate is averaged over this span, so that a keyframe alone is no rate.
const SPAN: Duration = Duration::from_secs(2);
/// Number of spans; the highest is the layer's rate. Together they are longer than a layer without receivers
/// fades, and longer than a restarted encoder needs until it reaches its former rate.
const SPANS: usize = 5;

/// The rate of one layer while it was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LayerCost {
    /// The means of the last spans, the latest first; 0 for those that have not been.
    spans: [u64; SPANS],
    /// The present span: its start, and the measurements so far.
    began: Option<Time>,
    sum: u64,
    count: u64,
    /// The layer was off, and has not been sent for a whole span since.
    rises: bool,
}

impl LayerCost {
    /// Handles a measurement. Only time in which the layer is sent counts.
    pub(super) fn observe(&mut self, now: Time, rate: &LayerRate) {
        let ended = self.began.is_some_and(|at| now.since(at) >= SPAN);
        if ended || !rate.live {
            self.end_span(ended);
        }
        self.rises |= !rate.live;
        if rate.live {
            self.began.get_or_insert(now);
            self.sum = self.sum.saturating_add(rate.up_to(u8::MAX));
            self.count += 1;
        }
    }

    /// A span that was cut short (not `whole`) tells something only if nothing else does, and so does one
    /// in which an encoder that was switched on has not come to its rate yet.
    fn end_span(&mut self, whole: bool) {
        let mean = self.mean();
        let tells = whole && !(self.rises && mean < self.bps());
        self.rises &= !whole;
        if tells || self.spans == [0; SPANS] {
            self.spans.rotate_right(1);
            if let Some(latest) = self.spans.first_mut() {
                *latest = mean;
            }
        }
        self.began = None;
        self.sum = 0;
        self.count = 0;
    }

    /// Bits a second; 0 if it was never sent.
    pub(super) fn bps(&self) -> u64 {
        let most = self.spans.iter().copied().max().unwrap_or_default();
        if most > 0 { most } else { self.mean() }
    }

    fn mean(&self) -> u64 {
        self.sum.checked_div(self.count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measures every 200 ms; returns when it ended.
    fn run(cost: &mut LayerCost, from_ms: u64, measured: &[Option<u64>]) -> u64 {
        let mut ms = from_ms;
        for bps in measured {
            let rate = LayerRate {
                bps: [bps.unwrap_or_default(), 0, 0, 0],
                live: bps.is_some(),
            };
            cost.observe(Time::from_millis(ms), &rate);
            ms += 200;
        }
        ms
    }

    #[test]
    fn what_fades_before_it_is_off_takes_what_it_took() {
        let mut cost = LayerCost::default();
        let mut ms = run(&mut cost, 0, &[Some(500); 30]);
        // Switched off and on again and again: two seconds of fading, and a slow beginning.
        for _ in 0..5 {
            ms = run(&mut cost, ms, &[400, 300, 200, 100, 50, 20, 10].map(Some));
            ms = run(&mut cost, ms, &[None; 100]);
            assert_eq!(cost.bps(), 500);
            ms = run(&mut cost, ms, &[30, 80, 150, 250, 350, 400, 450].map(Some));
            assert_eq!(cost.bps(), 500);
            ms = run(&mut cost, ms, &[Some(500); 20]);
        }
    }

    #[test]
    fn what_is_on_for_moments_only_takes_what_it_took() {
        let mut cost = LayerCost::default();
        let mut ms = run(&mut cost, 0, &[Some(500); 30]);
        for _ in 0..10 {
            ms = run(&mut cost, ms, &[None; 20]);
            ms = run(&mut cost, ms, &[Some(100); 18]);
        }
        assert_eq!(cost.bps(), 500);
    }

    #[test]
    fn what_takes_less_for_long_is_believed_and_a_keyframe_is_not() {
        let mut cost = LayerCost::default();
        let ms = run(&mut cost, 0, &[Some(500); 30]);
        let ms = run(&mut cost, ms, &[Some(1_000), Some(800), Some(600)]);
        let ms = run(&mut cost, ms, &[Some(500); 20]);
        assert!(cost.bps() <= 600, "{}", cost.bps());
        let ms = run(&mut cost, ms, &[Some(200); 20]);
        assert!(cost.bps() >= 500, "{}", cost.bps());
        run(&mut cost, ms, &[Some(200); 50]);
        assert_eq!(cost.bps(), 200);
    }

    #[test]
    fn what_was_sent_for_a_moment_is_known_by_that_alone() {
        let mut cost = LayerCost::default();
        assert_eq!(cost.bps(), 0);
        let ms = run(&mut cost, 0, &[Some(300), Some(500)]);
        assert_eq!(cost.bps(), 400);
        run(&mut cost, ms, &[None; 3]);
        assert_eq!(cost.bps(), 400);
    }
}
