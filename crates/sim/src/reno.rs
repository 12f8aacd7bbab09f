//! A model of a bulk TCP flow with selective acknowledgements (Reno's window, loss detection and pacing of
//! retransmissions after RFC 9002, which says the same in packets): the cross traffic of a download at a
//! call's bottleneck. Sans-IO; each packet has a number of its own, and a lost one is simply sent again under
//! the next.

use std::collections::BTreeMap;
use std::time::Duration;

use sideroom_route::Time;

/// Size of a full packet on the wire.
pub const PACKET_BYTES: usize = 1_500;
/// Size of an acknowledgement.
pub const ACK_BYTES: usize = 52;

const FIRST_WINDOW: f64 = 10.0;
const LEAST_WINDOW: f64 = 2.0;
/// A receive window of about a megabyte.
const MOST_WINDOW: f64 = 700.0;
/// A packet is lost once this many later ones have arrived.
const REORDERING: u64 = 3;
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);
const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
const MOST_TIMEOUT: Duration = Duration::from_secs(4);

/// The sender of the flow.
#[derive(Debug)]
pub struct Reno {
    window: f64,
    threshold: f64,
    next: u64,
    in_flight: BTreeMap<u64, Time>,
    /// Losses of packets before this one belong to a decrease that was made.
    recovered_from: u64,
    round_trip: Option<Duration>,
    variation: Duration,
    /// Doubled with each time-out in a row.
    patience: u32,
    progress: Time,
    acknowledged: u64,
}

impl Default for Reno {
    fn default() -> Self {
        Self {
            window: FIRST_WINDOW,
            threshold: MOST_WINDOW,
            next: 0,
            in_flight: BTreeMap::new(),
            recovered_from: 0,
            round_trip: None,
            variation: Duration::ZERO,
            patience: 1,
            progress: Time::ZERO,
            acknowledged: 0,
        }
    }
}

impl Reno {
    /// The number of the next packet to send now, if the window lets it.
    pub fn poll_send(&mut self, now: Time) -> Option<u64> {
        if self.in_flight.len() as f64 + 1.0 > self.window {
            return None;
        }
        if self.in_flight.is_empty() {
            self.progress = now;
        }
        let number = self.next;
        self.next += 1;
        self.in_flight.insert(number, now);
        Some(number)
    }

    /// A packet was acknowledged.
    pub fn handle_ack(&mut self, now: Time, number: u64) {
        let Some(sent) = self.in_flight.remove(&number) else {
            return;
        };
        self.acknowledged += 1;
        self.patience = 1;
        self.progress = now;
        self.measure(now.since(sent));
        if number >= self.recovered_from {
            self.window += if self.window < self.threshold {
                1.0
            } else {
                1.0 / self.window
            };
            self.window = self.window.min(MOST_WINDOW);
        }
        let lost_below = number.saturating_sub(REORDERING - 1);
        let kept = self.in_flight.split_off(&lost_below);
        let lost = std::mem::replace(&mut self.in_flight, kept);
        if let Some((last, _)) = lost.last_key_value()
            && *last >= self.recovered_from
        {
            self.recovered_from = self.next;
            self.threshold = (self.window / 2.0).max(LEAST_WINDOW);
            self.window = self.threshold;
        }
    }

    /// When nothing that was sent has come for too long.
    pub fn poll_timeout(&self) -> Time {
        if self.in_flight.is_empty() {
            Time::NEVER
        } else {
            self.progress + self.timeout()
        }
    }

    /// Time passed: if it is too long, everything under way is lost.
    pub fn handle_timeout(&mut self, now: Time) {
        if now < self.poll_timeout() {
            return;
        }
        self.in_flight.clear();
        self.recovered_from = self.next;
        self.threshold = (self.window / 2.0).max(LEAST_WINDOW);
        self.window = 1.0;
        self.patience = (self.patience * 2).min(16);
        self.progress = now;
    }

    /// How many bytes arrived.
    pub fn delivered_bytes(&self) -> u64 {
        self.acknowledged * PACKET_BYTES as u64
    }

    fn measure(&mut self, sample: Duration) {
        let smoothed = self.round_trip.unwrap_or(sample);
        let differs = smoothed.abs_diff(sample);
        self.variation = match self.round_trip {
            None => sample / 2,
            Some(_) => (self.variation * 3 + differs) / 4,
        };
        self.round_trip = Some((smoothed * 7 + sample) / 8);
    }

    fn timeout(&self) -> Duration {
        let usual = match self.round_trip {
            None => FIRST_TIMEOUT,
            Some(round_trip) => (round_trip + self.variation * 4).max(LEAST_TIMEOUT),
        };
        (usual * self.patience).min(MOST_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Impairment, Link};

    /// Runs the flow over a link and back; bits a second that arrived.
    fn run(impairment: Impairment, seconds: u64) -> u64 {
        let back = Impairment {
            delay: impairment.delay,
            ..Impairment::default()
        };
        let (mut there, mut back) = (Link::new(impairment, 1), Link::new(back, 2));
        let mut flow = Reno::default();
        let end = Time::ZERO + Duration::from_secs(seconds);
        let mut now = Time::ZERO;
        while now < end {
            while let Some(number) = flow.poll_send(now) {
                there.send(now, PACKET_BYTES, number);
            }
            while let Some(number) = there.poll(now) {
                back.send(now, ACK_BYTES, number);
            }
            while let Some(number) = back.poll(now) {
                flow.handle_ack(now, number);
            }
            flow.handle_timeout(now);
            now = now + Duration::from_millis(1);
        }
        flow.delivered_bytes() * 8 / seconds
    }

    fn path(rate_bps: u64, queue_ms: u64) -> Impairment {
        Impairment {
            rate_bps,
            delay: Duration::from_millis(30),
            queue: Duration::from_millis(queue_ms),
            ..Impairment::default()
        }
    }

    #[test]
    fn alone_it_fills_the_path_whatever_the_queue() {
        for (rate_bps, queue_ms) in [(1_000_000, 100), (3_000_000, 60), (10_000_000, 300)] {
            let got = run(path(rate_bps, queue_ms), 30);
            assert!(
                (rate_bps * 7 / 10..=rate_bps).contains(&got),
                "{got} of {rate_bps} with {queue_ms} ms of queue"
            );
        }
    }

    #[test]
    fn random_loss_slows_it_as_it_does_any_tcp() {
        let lossy = Impairment {
            loss: 0.05,
            ..path(10_000_000, 300)
        };
        let got = run(lossy, 30);
        // Mathis: 1.22 / sqrt(0.05) packets in a round trip of 60 ms are 1.1 Mb/s.
        assert!((500_000..2_200_000).contains(&got), "{got}");
    }

    #[test]
    fn it_begins_again_after_an_outage() {
        let mut flow = Reno::default();
        while flow.poll_send(Time::ZERO).is_some() {}
        let at = flow.poll_timeout();
        assert!(at > Time::ZERO && at < Time::NEVER);
        flow.handle_timeout(at);
        assert_eq!(flow.poll_send(at), Some(10));
        assert_eq!(flow.poll_send(at), None, "one packet tries the path");
        flow.handle_ack(at + LEAST_TIMEOUT, 10);
        assert_eq!(flow.poll_send(at + LEAST_TIMEOUT), Some(11));
    }
}
