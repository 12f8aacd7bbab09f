//! Whether the path's queue grows: a line through how much later than expected groups of packets come.

use std::collections::VecDeque;

use sideroom_route::Time;

/// Packets sent within this many microseconds are one group.
const GROUP_US: i64 = 5_000;
/// A packet that arrives this much before its predecessors took another way; more means a clock that jumped.
const OVERTAKEN_US: i64 = 1_000_000;
/// Points of the line.
const WINDOW: usize = 20;
/// How much of the past the smoothed delay keeps.
const SMOOTHING: f64 = 0.9;
/// Scales a slope for comparison with the threshold.
const GAIN: f64 = 4.0;
/// The threshold begins here, in milliseconds, and stays within the bounds.
const THRESHOLD_MS: f64 = 12.5;
const MIN_THRESHOLD_MS: f64 = 6.0;
const MAX_THRESHOLD_MS: f64 = 600.0;
/// How fast the threshold follows, up and down, a millisecond.
const FOLLOW_UP: f64 = 0.0087;
const FOLLOW_DOWN: f64 = 0.039;
/// The slope has to be above the threshold for so long.
const SUSTAINED_MS: f64 = 10.0;

/// The state of the path's queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Usage {
    Under,
    Normal,
    Over,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    first_arrived: i64,
    last_arrived: i64,
}

/// The trend of the delay.
#[derive(Debug)]
pub(super) struct Trend {
    current: Option<Group>,
    previous: Option<Group>,
    /// Arrival in milliseconds since the first, and smoothed delay.
    points: VecDeque<(f64, f64)>,
    first_arrived: Option<i64>,
    delay_ms: f64,
    smoothed_ms: f64,
    samples: u32,
    threshold_ms: f64,
    over_ms: f64,
    last_slope: f64,
    usage: Usage,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            current: None,
            previous: None,
            points: VecDeque::with_capacity(WINDOW + 1),
            first_arrived: None,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            samples: 0,
            threshold_ms: THRESHOLD_MS,
            over_ms: 0.0,
            last_slope: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    /// The state of the queue, as of the last group.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// A packet arrived, in the client's microseconds.
    pub(super) fn arrived(&mut self, sent: Time, arrived: i64, _size: u16) {
        let sent = i64::try_from(sent.since(Time::ZERO).as_micros()).unwrap_or(i64::MAX);
        let fresh = Group {
            first_sent: sent,
            last_sent: sent,
            first_arrived: arrived,
            last_arrived: arrived,
        };
        let Some(group) = &mut self.current else {
            self.current = Some(fresh);
            return;
        };
        if sent < group.first_sent {
            return;
        }
        // Packets sent together, or received in one burst after a pause of the path, are one group: several
        // packets of one frame in the midst of it do not end it.
        let burst = (0..=GROUP_US).contains(&(arrived - group.last_arrived))
            && arrived - group.first_arrived < sent - group.first_sent;
        if sent - group.first_sent <= GROUP_US || burst {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return;
        }
        if (-OVERTAKEN_US..0).contains(&(arrived - group.last_arrived)) {
            // It overtook earlier packets, and says nothing about the queue.
            return;
        }
        let done = *group;
        if let Some(before) = self.previous {
            self.add(&before, &done);
        }
        self.previous = Some(done);
        self.current = Some(fresh);
    }

    fn add(&mut self, before: &Group, group: &Group) {
        let sent_ms = (group.last_sent - before.last_sent) as f64 / 1_000.0;
        let arrived_ms = (group.last_arrived - before.last_arrived) as f64 / 1_000.0;
        // A client's clock that jumps says nothing.
        if !(-200.0..3_000.0).contains(&arrived_ms) {
            self.points.clear();
            return;
        }
        self.samples = (self.samples + 1).min(1_000);
        self.delay_ms += arrived_ms - sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        let first = *self.first_arrived.get_or_insert(group.last_arrived);
        let at_ms = (group.last_arrived - first) as f64 / 1_000.0;
        self.points.push_back((at_ms, self.smoothed_ms));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let slope = if self.points.len() == WINDOW {
            slope(&self.points)
        } else {
            None
        };
        self.judge(slope.unwrap_or(self.last_slope), sent_ms.max(0.0));
    }

    fn judge(&mut self, slope: f64, passed_ms: f64) {
        let scaled = f64::from(self.samples.min(60)) * slope * GAIN;
        if scaled > self.threshold_ms {
            self.over_ms += passed_ms;
            if self.over_ms > SUSTAINED_MS && slope >= self.last_slope {
                self.usage = Usage::Over;
                self.over_ms = 0.0;
            }
        } else {
            self.over_ms = 0.0;
            self.usage = if scaled < -self.threshold_ms {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.last_slope = slope;
        self.follow(scaled.abs(), passed_ms.min(100.0));
    }

    /// The threshold adapts, so that a flow beside us that fills queues does not starve us.
    fn follow(&mut self, scaled: f64, passed_ms: f64) {
        if scaled > self.threshold_ms + 15.0 {
            return;
        }
        let speed = if scaled < self.threshold_ms {
            FOLLOW_DOWN
        } else {
            FOLLOW_UP
        };
        self.threshold_ms += speed * (scaled - self.threshold_ms) * passed_ms;
        self.threshold_ms = self.threshold_ms.clamp(MIN_THRESHOLD_MS, MAX_THRESHOLD_MS);
    }
}

/// The slope of the line of least squares.
fn slope(points: &VecDeque<(f64, f64)>) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Voice every 20 ms and a frame of five packets every 50 ms for ten seconds; true if the queue was ever
    /// reported to grow. `arrives` maps the sending time to the arrival, in milliseconds.
    fn ever_over(arrives: impl Fn(u64) -> u64) -> bool {
        let mut trend = Trend::default();
        let mut over = false;
        for ms in (0..10_000).step_by(10) {
            let packets = u64::from(ms % 20 == 0) + 5 * u64::from(ms % 50 == 0);
            for _ in 0..packets {
                let arrived = i64::try_from(arrives(ms) * 1_000).unwrap();
                trend.arrived(Time::from_millis(ms), arrived, 1_000);
                over |= trend.usage() == Usage::Over;
            }
        }
        over
    }

    #[test]
    fn a_queue_that_grows_is_seen_and_one_that_stands_is_not() {
        assert!(ever_over(|ms| ms + 30 + ms / 10));
        assert!(!ever_over(|ms| ms + 130));
    }

    #[test]
    fn frames_in_the_midst_of_what_was_held_back_and_came_at_once_are_no_queue() {
        // A second of everything in order, and 200 ms in which nothing comes.
        let held = |ms: u64| {
            if ms % 1_200 < 1_000 {
                ms
            } else {
                ms / 1_200 * 1_200 + 1_200
            }
        };
        assert!(!ever_over(|ms| held(ms) + 30));
    }
}
