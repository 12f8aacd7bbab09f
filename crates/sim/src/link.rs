//! One direction of a bad network: delay, jitter, loss (alone and in bursts), reordering, duplication,
//! a rate with a queue before it, and outages. Sans-IO and seeded; the same link serves the simulator,
//! the UDP proxy of the end-to-end tests, and the load tool.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

use sideroom_route::Time;

use crate::chance::Chance;

/// Impairments of a network. The default has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impairment {
    /// Time that each packet takes.
    pub delay: Duration,
    /// Added to it at random, evenly up to this much. Packets keep their order unless `reorder` says so.
    pub jitter: Duration,
    /// Share of packets lost at random, each for itself.
    pub loss: f64,
    /// Chance that a packet starts a burst of losses.
    pub burst_start: f64,
    /// Mean length of such a burst in packets.
    pub burst_length: f64,
    /// Share of packets that are let past the delay of others.
    pub reorder: f64,
    /// Share of packets that arrive twice.
    pub duplicate: f64,
    /// Bits a second; 0 is unlimited.
    pub rate_bps: u64,
    /// How long a packet may wait for its turn before the queue is full and it is dropped.
    pub queue: Duration,
    /// Now and then everything is held back for so long and then comes at once, as on a radio.
    pub stall: Duration,
    /// Mean time between two stalls.
    pub stall_every: Duration,
    /// No packet passes.
    pub down: bool,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst_start: 0.0,
            burst_length: 5.0,
            reorder: 0.0,
            duplicate: 0.0,
            rate_bps: 0,
            queue: Duration::from_millis(300),
            stall: Duration::ZERO,
            stall_every: Duration::from_secs(1),
            down: false,
        }
    }
}

/// Counters of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Packets given to the link.
    pub offered: u64,
    /// Lost at random, in a burst, or while the link was down.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub overflowed: u64,
    /// Packets that came out, copies included.
    pub delivered: u64,
}

/// One direction of a network path. `P` is whatever travels.
#[derive(Debug)]
pub struct Link<P> {
    impairment: Impairment,
    chance: Chance,
    /// The time at which the bottleneck has sent its queue.
    busy_until: Time,
    /// Arrival of the last packet that kept its order.
    last_arrival: Time,
    burst_left: u32,
    next_stall: Time,
    stalled_until: Time,
    under_way: BinaryHeap<UnderWay<P>>,
    sent: u64,
    counts: LinkCounts,
}

/// The most packets under way; more than a second of a fast link. Past that the link drops.
const MAX_UNDER_WAY: usize = 100_000;

#[derive(Debug)]
struct UnderWay<P> {
    at: Time,
    order: u64,
    packet: P,
}

impl<P: Clone> Link<P> {
    /// A link that does `impairment` to packets, always the same for one `seed`.
    pub fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            impairment,
            chance: Chance::new(seed),
            busy_until: Time::ZERO,
            last_arrival: Time::ZERO,
            burst_left: 0,
            next_stall: Time::ZERO,
            stalled_until: Time::ZERO,
            under_way: BinaryHeap::new(),
            sent: 0,
            counts: LinkCounts::default(),
        }
    }

    /// Changes the impairments. Packets under way arrive as they would have.
    pub fn set_impairment(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// The present impairments.
    pub fn impairment(&self) -> &Impairment {
        &self.impairment
    }

    /// The counters so far.
    pub fn counts(&self) -> LinkCounts {
        self.counts
    }

    /// How long a packet given now would wait before the bottleneck.
    pub fn queueing(&self, now: Time) -> Duration {
        self.busy_until.since(now)
    }

    /// A packet of `bytes` bytes enters.
    pub fn send(&mut self, now: Time, bytes: usize, packet: P) {
        self.counts.offered += 1;
        if self.impairment.down || self.is_lost() || self.under_way.len() >= MAX_UNDER_WAY {
            self.counts.lost += 1;
            return;
        }
        let Some(sent_at) = self.pass_bottleneck(now, bytes) else {
            self.counts.overflowed += 1;
            return;
        };
        let arrival = self.arrival(sent_at);
        if self.chance.happens(self.impairment.duplicate) {
            self.push(arrival, packet.clone());
        }
        self.push(arrival, packet);
    }

    /// The next packet that has arrived by `now`.
    pub fn poll(&mut self, now: Time) -> Option<P> {
        if self.under_way.peek()?.at > now {
            return None;
        }
        self.counts.delivered += 1;
        self.under_way.pop().map(|next| next.packet)
    }

    /// When the next packet arrives.
    pub fn poll_timeout(&self) -> Time {
        self.under_way.peek().map_or(Time::NEVER, |next| next.at)
    }

    fn is_lost(&mut self) -> bool {
        if self.burst_left > 0 {
            self.burst_left -= 1;
            return true;
        }
        if self.chance.happens(self.impairment.burst_start) {
            // Geometric with the given mean; the packet that starts it is the first one lost.
            let mean = self.impairment.burst_length.max(1.0);
            while self.burst_left < 1_000 && !self.chance.happens(1.0 / mean) {
                self.burst_left += 1;
            }
            return true;
        }
        self.chance.happens(self.impairment.loss)
    }

    fn pass_bottleneck(&mut self, now: Time, bytes: usize) -> Option<Time> {
        if self.impairment.rate_bps == 0 {
            return Some(now);
        }
        if self.queueing(now) > self.impairment.queue {
            return None;
        }
        let micros = bytes as u64 * 8 * 1_000_000 / self.impairment.rate_bps;
        self.busy_until = self.busy_until.max(now) + Duration::from_micros(micros);
        Some(self.busy_until)
    }

    fn arrival(&mut self, sent_at: Time) -> Time {
        let jitter = self
            .chance
            .below(self.impairment.jitter.as_micros() as u64 + 1);
        let arrival = sent_at + self.impairment.delay + Duration::from_micros(jitter);
        let arrival = arrival.max(self.stalled_until(sent_at));
        if self.chance.happens(self.impairment.reorder) {
            return arrival;
        }
        self.last_arrival = self.last_arrival.max(arrival);
        self.last_arrival
    }

    /// Until when a packet that leaves the bottleneck at `sent_at` is held back.
    fn stalled_until(&mut self, sent_at: Time) -> Time {
        if self.impairment.stall.is_zero() {
            return Time::ZERO;
        }
        if sent_at >= self.next_stall {
            let began = self.next_stall;
            let mean = self.impairment.stall_every.as_micros() as u64;
            let gap = Duration::from_micros(mean / 2 + self.chance.below(mean + 1));
            // The first packet after a change of the settings finds no stall under way.
            if began > Time::ZERO && sent_at.since(began) < self.impairment.stall {
                self.stalled_until = began + self.impairment.stall;
            }
            self.next_stall = sent_at + gap;
        }
        if sent_at < self.stalled_until {
            self.stalled_until
        } else {
            Time::ZERO
        }
    }

    fn push(&mut self, at: Time, packet: P) {
        self.sent += 1;
        self.under_way.push(UnderWay {
            at,
            order: self.sent,
            packet,
        });
    }
}

impl<P> PartialEq for UnderWay<P> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<P> Eq for UnderWay<P> {}

impl<P> PartialOrd for UnderWay<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The heap gives the greatest first: the earliest arrival is the greatest.
impl<P> Ord for UnderWay<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `count` packets of 1,250 bytes, `every` apart, and says when each one arrived.
    fn run(impairment: Impairment, count: u64, every: Duration) -> (Vec<(u64, Time)>, LinkCounts) {
        let mut link = Link::new(impairment, 7);
        let mut arrived = Vec::new();
        let mut now = Time::ZERO;
        for number in 0..count {
            link.send(now, 1_250, number);
            now = now + every;
        }
        loop {
            let at = link.poll_timeout();
            let Some(number) = link.poll(at) else { break };
            arrived.push((number, at));
        }
        (arrived, link.counts())
    }

    #[test]
    fn a_rate_spaces_packets_and_a_full_queue_drops_them() {
        let queue = Duration::from_millis(50);
        let slow = Impairment {
            rate_bps: 1_000_000,
            queue,
            ..Impairment::default()
        };
        let (arrived, counts) = run(slow, 100, Duration::from_millis(5));
        // 10 ms each at 1 Mb/s, offered twice as fast: about half is dropped, none waits over 60 ms.
        assert!((45..=60).contains(&counts.overflowed), "{counts:?}");
        let gaps = arrived.windows(2).map(|pair| pair[1].1.since(pair[0].1));
        assert!(gaps.clone().all(|gap| gap >= Duration::from_millis(10)));
        assert!(
            arrived
                .iter()
                .all(|(n, at)| at.since(Time::from_millis(n * 5)) <= queue * 13 / 10)
        );
    }

    #[test]
    fn loss_is_about_what_was_asked_for() {
        let lossy = Impairment {
            loss: 0.1,
            ..Impairment::default()
        };
        let (_, counts) = run(lossy, 20_000, Duration::from_millis(1));
        assert!((1_800..2_200).contains(&counts.lost), "{counts:?}");
    }

    #[test]
    fn jitter_delays_but_does_not_reorder_unless_told_so() {
        let jitter = Duration::from_millis(40);
        let delay = Duration::from_millis(60);
        let jittery = Impairment {
            jitter,
            delay,
            ..Impairment::default()
        };
        let (arrived, _) = run(jittery, 500, Duration::from_millis(10));
        assert!(arrived.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let (arrived, _) = run(
            Impairment {
                reorder: 1.0,
                ..jittery
            },
            500,
            Duration::from_millis(10),
        );
        assert!(arrived.windows(2).any(|pair| pair[0].0 > pair[1].0));
    }

    #[test]
    fn a_stall_holds_everything_back_and_lets_it_come_at_once() {
        let stall = Duration::from_millis(200);
        let stalling = Impairment {
            stall,
            ..Impairment::default()
        };
        let every = Duration::from_millis(10);
        let (arrived, _) = run(stalling, 1_000, every);
        let late = |n: &u64, at: &Time| at.since(Time::from_millis(n * 10));
        let waits: Vec<Duration> = arrived.iter().map(|(n, at)| late(n, at)).collect();
        let longest = waits.iter().max().unwrap();
        assert!(*longest > stall - every && *longest <= stall, "{longest:?}");
        // One a second, each of which catches some twenty packets.
        let held = waits.iter().filter(|wait| !wait.is_zero()).count();
        assert!((100..300).contains(&held), "{held}");
        assert!(arrived.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_same_seed_gives_the_same_story() {
        let wild = Impairment {
            loss: 0.05,
            burst_start: 0.01,
            reorder: 0.2,
            duplicate: 0.1,
            jitter: Duration::from_millis(30),
            ..Impairment::default()
        };
        assert_eq!(
            run(wild, 300, Duration::from_millis(3)),
            run(wild, 300, Duration::from_millis(3))
        );
    }

    #[test]
    fn nothing_passes_a_link_that_is_down() {
        let (arrived, counts) = run(
            Impairment {
                down: true,
                ..Impairment::default()
            },
            10,
            Duration::from_millis(1),
        );
        assert_eq!((arrived.len(), counts.lost), (0, 10));
    }
}
