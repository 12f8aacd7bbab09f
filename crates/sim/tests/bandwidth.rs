//! The estimate follows the path's capacity: down within two seconds, up within eight, through random loss
//! and after an outage.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use sideroom_route::Time;
use sideroom_session::bandwidth::Bandwidth;
use sideroom_session::{SentPacket, TransportFeedback};
use sideroom_sim::link::{Impairment, Link};

const FEEDBACK_EVERY: Duration = Duration::from_millis(50);
const FRAME: Duration = Duration::from_millis(33);
const WANTED_BPS: u64 = 4_000_000;

/// A server that sends video at its estimate, and a client that reports.
struct Path {
    now: Time,
    link: Link<(usize, u16)>,
    bandwidth: Bandwidth,
    sent: Vec<SentPacket>,
    reported: usize,
    worst_queue: Duration,
}

impl Path {
    fn new(impairment: Impairment, seed: u64) -> Self {
        let now = Time::ZERO + Duration::from_secs(1);
        Self {
            now,
            link: Link::new(impairment, seed),
            bandwidth: Bandwidth::new(now),
            sent: Vec::new(),
            reported: 0,
            worst_queue: Duration::ZERO,
        }
    }

    fn send(&mut self, size: u16) {
        let sequence = self.sent.len() as u64;
        self.sent.push(SentPacket {
            sequence,
            size,
            sent: self.now,
            arrived: None,
        });
        self.link
            .send(self.now, usize::from(size), (sequence as usize, size));
    }

    /// Runs for so long; gives the mean estimate of the last second.
    fn run(&mut self, seconds: u64) -> u64 {
        let end = self.now + Duration::from_secs(seconds);
        let (mut next_frame, mut next_report) = (self.now, self.now);
        let mut last_second = Vec::new();
        self.worst_queue = Duration::ZERO;
        while self.now < end {
            if self.now >= next_frame {
                next_frame = next_frame + FRAME;
                let budget = self.bandwidth.estimate_bps().min(WANTED_BPS);
                let bytes = budget * FRAME.as_millis() as u64 / 8_000;
                for _ in 0..bytes.div_ceil(1_200) {
                    self.send((bytes / bytes.div_ceil(1_200)).max(60) as u16);
                }
            }
            while let Some((index, _)) = self.link.poll(self.now) {
                self.sent[index].arrived = Some(self.now.as_micros() as i64);
            }
            if self.now >= next_report {
                next_report = next_report + FEEDBACK_EVERY;
                self.report();
                if self.now + Duration::from_secs(1) >= end {
                    last_second.push(self.bandwidth.estimate_bps());
                }
            }
            self.worst_queue = self.worst_queue.max(self.link.queueing(self.now));
            self.now = self.now + Duration::from_millis(1);
        }
        last_second.iter().sum::<u64>() / last_second.len() as u64
    }

    /// The client reports up to the last packet that came.
    fn report(&mut self) {
        let last = self
            .sent
            .iter()
            .rposition(|packet| packet.arrived.is_some());
        let Some(last) = last.filter(|last| *last >= self.reported) else {
            return;
        };
        let packets = self.sent[self.reported..=last].to_vec();
        self.reported = last + 1;
        let rtt = Duration::from_millis(60);
        self.bandwidth
            .handle_feedback(self.now, &TransportFeedback { packets }, rtt);
        if let Some(probe) = self.bandwidth.poll_probe(self.now, WANTED_BPS) {
            let first = self.sent.len() as u64;
            for _ in 0..probe.bytes.div_ceil(240) {
                self.send(240);
            }
            self.bandwidth
                .probe_sent(self.now, first, self.sent.len() as u64 - 1);
        }
    }
}

fn path(rate_bps: u64) -> Impairment {
    Impairment {
        delay: Duration::from_millis(30),
        rate_bps,
        queue: Duration::from_millis(400),
        ..Impairment::default()
    }
}

#[test]
fn the_estimate_follows_a_path_down_in_two_seconds_and_up_in_eight() {
    for seed in 0..20 {
        let mut held = Path::new(path(3_000_000), seed);
        let before = held.run(10);
        assert!(
            (1_800_000..3_600_000).contains(&before),
            "seed {seed}: {before} on 3 Mb/s"
        );
        held.link.set_impairment(path(500_000));
        let down = held.run(2);
        assert!(
            down < 700_000,
            "seed {seed}: {down} two seconds after the fall"
        );
        held.run(6);
        assert!(
            held.worst_queue < Duration::from_millis(150),
            "seed {seed}: {:?} of queue",
            held.worst_queue
        );
        held.link.set_impairment(path(3_000_000));
        let up = held.run(8);
        assert!(
            up > 1_800_000,
            "seed {seed}: {up} eight seconds after the rise"
        );
    }
}

#[test]
fn loss_that_has_nothing_to_do_with_the_rate_does_not_lower_it() {
    for loss in [0.05, 0.1, 0.2] {
        let mut held = Path::new(
            Impairment {
                loss,
                ..path(3_000_000)
            },
            7,
        );
        let estimate = held.run(15);
        assert!(estimate > 1_500_000, "{estimate} at {loss} loss");
    }
}

#[test]
fn after_an_outage_the_estimate_is_soon_what_it_was() {
    let mut held = Path::new(path(3_000_000), 3);
    held.run(10);
    held.link.set_impairment(Impairment {
        down: true,
        ..path(3_000_000)
    });
    held.run(2);
    held.link.set_impairment(path(3_000_000));
    let after = held.run(4);
    assert!(after > 1_000_000, "{after} four seconds after the outage");
}
