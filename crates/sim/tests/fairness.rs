//! Flows that share a bottleneck each get a part of it: two calls between themselves, and a call beside a
//! download.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use sideroom_route::Time;
use sideroom_session::bandwidth::Bandwidth;
use sideroom_session::{SentPacket, TransportFeedback};
use sideroom_sim::link::{Impairment, Link};
use sideroom_sim::reno::{PACKET_BYTES, Reno};

const FEEDBACK_EVERY: Duration = Duration::from_millis(50);
/// Cameras do not run in step: the second one's frames come at other moments, and not always the same.
const FRAMES: [Duration; 2] = [Duration::from_millis(33), Duration::from_millis(34)];
const WANTED_BPS: u64 = 4_000_000;
const RATE_BPS: u64 = 3_000_000;
const WAY_BACK: Duration = Duration::from_millis(30);

/// A call's server and client, as far as bandwidth goes.
struct Call {
    bandwidth: Bandwidth,
    sent: Vec<SentPacket>,
    reported: usize,
    next_frame: Time,
    next_report: Time,
    /// Bytes that arrived since the last look.
    arrived: u64,
}

#[derive(Clone)]
enum Load {
    Call { of: usize, index: usize },
    Download(u64),
}

/// One path that several use.
struct Shared {
    now: Time,
    link: Link<Load>,
    calls: Vec<Call>,
    download: Option<Reno>,
    acks: Vec<(Time, u64)>,
    /// The delay of the queue, every millisecond of the last run.
    queues: Vec<Duration>,
}

impl Shared {
    fn new(queue_ms: u64, seed: u64) -> Self {
        let path = Impairment {
            delay: Duration::from_millis(30),
            // A little noise, so that seeds differ.
            jitter: Duration::from_millis(3),
            rate_bps: RATE_BPS,
            queue: Duration::from_millis(queue_ms),
            ..Impairment::default()
        };
        Self {
            now: Time::from_millis(1_000),
            link: Link::new(path, seed),
            calls: Vec::new(),
            download: None,
            acks: Vec::new(),
            queues: Vec::new(),
        }
    }

    fn begin_call(&mut self) {
        self.calls.push(Call {
            bandwidth: Bandwidth::new(self.now),
            sent: Vec::new(),
            reported: 0,
            next_frame: self.now,
            next_report: self.now,
            arrived: 0,
        });
    }

    /// Runs for so long; bits a second that each call got, and the download.
    fn run(&mut self, seconds: u64) -> (Vec<u64>, u64) {
        let end = self.now + Duration::from_secs(seconds);
        self.calls.iter_mut().for_each(|call| call.arrived = 0);
        self.queues.clear();
        let before = self.download.as_ref().map_or(0, Reno::delivered_bytes);
        while self.now < end {
            for of in 0..self.calls.len() {
                self.send_frame(of);
                self.report(of);
            }
            self.push_download();
            self.deliver();
            self.queues.push(self.link.queueing(self.now));
            self.now = self.now + Duration::from_millis(1);
        }
        let calls = self.calls.iter().map(|call| call.arrived * 8 / seconds);
        let after = self.download.as_ref().map_or(0, Reno::delivered_bytes);
        (calls.collect(), (after - before) * 8 / seconds)
    }

    fn send(&mut self, of: usize, size: u16) {
        let call = &mut self.calls[of];
        let index = call.sent.len();
        call.sent.push(SentPacket {
            sequence: index as u64,
            size,
            sent: self.now,
            arrived: None,
        });
        self.link
            .send(self.now, usize::from(size), Load::Call { of, index });
    }

    fn send_frame(&mut self, of: usize) {
        let call = &mut self.calls[of];
        if self.now < call.next_frame {
            return;
        }
        call.next_frame = self.now + FRAMES[of];
        let budget = call.bandwidth.estimate_bps().min(WANTED_BPS);
        let bytes = budget * FRAMES[of].as_millis() as u64 / 8_000;
        for _ in 0..bytes.div_ceil(1_200) {
            self.send(of, (bytes / bytes.div_ceil(1_200)).max(60) as u16);
        }
    }

    fn report(&mut self, of: usize) {
        let now = self.now;
        let call = &mut self.calls[of];
        if now < call.next_report {
            return;
        }
        call.next_report = now + FEEDBACK_EVERY;
        let heard = |packet: &SentPacket| {
            let at = packet.arrived.unwrap_or(i64::MAX);
            at <= (now.as_micros() as i64) - WAY_BACK.as_micros() as i64
        };
        let Some(last) = call.sent.iter().rposition(heard) else {
            return;
        };
        if last >= call.reported {
            let packets = call.sent[call.reported..=last].to_vec();
            call.reported = last + 1;
            let rtt = Duration::from_millis(60);
            call.bandwidth
                .handle_feedback(now, &TransportFeedback { packets }, rtt);
        }
        if let Some(probe) = call.bandwidth.poll_probe(now, WANTED_BPS) {
            let first = call.sent.len() as u64;
            for _ in 0..probe.bytes.div_ceil(240) {
                self.send(of, 240);
            }
            let call = &mut self.calls[of];
            let last = call.sent.len() as u64 - 1;
            call.bandwidth.probe_sent(now, first, last);
        }
    }

    fn push_download(&mut self) {
        let Some(flow) = &mut self.download else {
            return;
        };
        let now = self.now;
        let due = self.acks.iter().take_while(|(at, _)| *at <= now).count();
        for (_, number) in self.acks.drain(..due) {
            flow.handle_ack(now, number);
        }
        flow.handle_timeout(now);
        while let Some(number) = flow.poll_send(now) {
            self.link.send(now, PACKET_BYTES, Load::Download(number));
        }
    }

    fn deliver(&mut self) {
        while let Some(load) = self.link.poll(self.now) {
            match load {
                Load::Call { of, index } => {
                    let call = &mut self.calls[of];
                    call.sent[index].arrived = Some(self.now.as_micros() as i64);
                    call.arrived += u64::from(call.sent[index].size);
                }
                Load::Download(number) => self.acks.push((self.now + WAY_BACK, number)),
            }
        }
    }
}

#[test]
fn two_calls_share_a_bottleneck_within_thirty_to_seventy() {
    for seed in 0..20 {
        let mut shared = Shared::new(300, seed);
        shared.begin_call();
        shared.run(10);
        shared.begin_call();
        shared.run(60);
        let (got, _) = shared.run(30);
        let both: u64 = got.iter().sum();
        assert!(both > RATE_BPS / 2, "seed {seed}: {got:?}");
        let part = got[0] as f64 / both as f64;
        assert!((0.3..=0.7).contains(&part), "seed {seed}: {got:?}");
        // Neither takes the other for a download, which would keep the queue full.
        shared.queues.sort_unstable();
        let mostly = shared.queues[shared.queues.len() / 2];
        let bound = Duration::from_millis(150);
        assert!(mostly < bound, "seed {seed}: {mostly:?} of queue");
    }
}

#[test]
fn a_download_beside_a_call_starves_neither() {
    for (queue_ms, seed) in [100, 200, 300]
        .into_iter()
        .flat_map(|queue| (0..10).map(move |seed| (queue, seed)))
    {
        let mut shared = Shared::new(queue_ms, seed);
        shared.begin_call();
        shared.run(10);
        shared.download = Some(Reno::default());
        shared.run(10);
        let (calls, download) = shared.run(40);
        let part = calls[0] as f64 / (calls[0] + download) as f64;
        assert!(
            (0.1..=0.9).contains(&part),
            "seed {seed}, {queue_ms} ms of queue: {calls:?} beside {download}"
        );
    }
}
