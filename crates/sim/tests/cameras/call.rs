//! A server and one subscriber of a camera and a voice behind a path, as far as bandwidth goes.

use std::collections::VecDeque;
use std::time::Duration;

use sideroom_route::Time;
use sideroom_session::bandwidth::Bandwidth;
use sideroom_session::{SentPacket, TransportFeedback};
use sideroom_sim::link::{Impairment, Link};
use sideroom_sim::reno::{PACKET_BYTES, Reno};

use crate::ladder::{AUDIO_BPS, CAUTION, Ladder, STEPS};

const MS: Duration = Duration::from_millis(1);
pub(crate) const WAY: Duration = Duration::from_millis(30);
const AUDIO_EVERY: Duration = Duration::from_millis(20);
const AUDIO_BYTES: u16 = 120;
const FRAMES_PER_SECOND: u64 = 20;
/// How many frames' worth a keyframe takes.
const KEYFRAME: u64 = 8;
const WANTED_BPS: u64 = ((STEPS[3] + AUDIO_BPS) as f64 / CAUTION) as u64 + 1;

#[derive(Clone)]
pub(crate) enum Load {
    Call(usize),
    Download(u64),
}

/// A server, one subscriber of one camera and one voice, and other traffic on the path.
pub(crate) struct Call {
    now: Time,
    pub(crate) link: Link<Load>,
    bandwidth: Bandwidth,
    sent: Vec<SentPacket>,
    is_audio: Vec<bool>,
    reported: usize,
    paced: VecDeque<u16>,
    allowance: f64,
    ladder: Ladder,
    next: [Time; 4],
    repair: f64,
    pub(crate) download: Option<Reno>,
    acks: VecDeque<(Time, u64)>,
    seen: Seen,
}

/// Measurements of a stretch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    bytes: u64,
    download_bytes: u64,
    pub(crate) levels: [u64; 5],
    pub(crate) switches: usize,
    pub(crate) audio_sent: u64,
    pub(crate) audio_lost: u64,
    pub(crate) queues: Vec<u64>,
    least_estimate: u64,
    /// When the top of the ladder was there for the first time, in milliseconds.
    pub(crate) top_after: Option<u64>,
    began: u64,
}

impl Seen {
    pub(crate) fn part(&self) -> f64 {
        self.bytes as f64 / (self.bytes + self.download_bytes) as f64
    }

    pub(crate) fn level(&self) -> usize {
        let all: u64 = self.levels.iter().sum();
        let mut sum = 0;
        self.levels
            .iter()
            .position(|count| {
                sum += count;
                sum * 2 >= all
            })
            .unwrap()
    }
}

impl Call {
    pub(crate) fn new(impairment: Impairment, seed: u64) -> Self {
        let now = Time::from_millis(1_000);
        Self {
            now,
            link: Link::new(impairment, seed),
            bandwidth: Bandwidth::new(now),
            sent: Vec::new(),
            is_audio: Vec::new(),
            reported: 0,
            paced: VecDeque::new(),
            allowance: 0.0,
            ladder: Ladder::new(),
            next: [now, now + 3 * MS, now, now],
            repair: 0.0,
            download: None,
            acks: VecDeque::new(),
            seen: Seen::default(),
        }
    }

    pub(crate) fn run(&mut self, seconds: u64) -> Seen {
        let end = self.now + Duration::from_secs(seconds);
        self.seen = Seen {
            least_estimate: u64::MAX,
            began: self.now.as_millis(),
            ..Seen::default()
        };
        self.ladder.switches = 0;
        let downloaded = self.download.as_ref().map_or(0, Reno::delivered_bytes);
        while self.now < end {
            self.step();
            self.now = self.now + MS;
        }
        let after = self.download.as_ref().map_or(0, Reno::delivered_bytes);
        self.seen.download_bytes = after - downloaded;
        self.seen.switches = self.ladder.switches;
        if std::env::var("SIM_TRACE").is_ok() {
            let mut seen = self.seen.clone();
            seen.queues.sort_unstable();
            let at = |part: usize| seen.queues[(seen.queues.len() - 1) * part / 100];
            let queues = [at(10), at(50), at(95), at(100)];
            seen.queues.clear();
            println!(
                "{seen:?} queues {queues:?} part {:.2} kbps {}",
                seen.part(),
                seen.bytes / 125 / seconds
            );
        }
        self.seen.clone()
    }

    fn step(&mut self) {
        if self.now >= self.next[0] {
            self.next[0] = self.next[0] + AUDIO_EVERY;
            self.send(AUDIO_BYTES, true);
        }
        if self.now >= self.next[1] {
            self.next[1] = self.next[1] + Duration::from_millis(1_000 / FRAMES_PER_SECOND);
            self.make_frame();
        }
        self.pace();
        self.push_download();
        self.deliver();
        if self.now >= self.next[2] {
            self.report();
        }
        if self.now >= self.next[3] {
            self.share();
        }
        self.probe();
        if self.now.as_millis().is_multiple_of(100) {
            self.look();
        }
    }

    fn look(&mut self) {
        let estimate = self.bandwidth.estimate_bps();
        let queue = self.link.queueing(self.now).as_millis() as u64;
        self.seen.queues.push(queue);
        self.seen.levels[self.ladder.flowing] += 1;
        self.seen.least_estimate = self.seen.least_estimate.min(estimate);
        if self.ladder.flowing == STEPS.len() {
            self.seen
                .top_after
                .get_or_insert(self.now.as_millis() - self.seen.began);
        }
    }

    fn make_frame(&mut self) {
        let due = self.ladder.keyframe_at.is_some_and(|at| at <= self.now);
        if due {
            self.ladder.keyframe_at = None;
            self.ladder.flowing = self.ladder.level;
        }
        let Some(level) = self.ladder.flowing.checked_sub(1) else {
            return;
        };
        let mut bytes = STEPS[level] / FRAMES_PER_SECOND / 8;
        if due {
            bytes *= KEYFRAME;
        }
        let packets = bytes.div_ceil(1_200);
        for _ in 0..packets {
            self.paced.push_back((bytes / packets) as u16);
        }
    }

    fn pace(&mut self) {
        let bytes_per_ms = self.bandwidth.estimate_bps() as f64 * 1.25 / 8_000.0;
        self.allowance = (self.allowance + bytes_per_ms).min((bytes_per_ms * 50.0).max(4_800.0));
        let backlog: u64 = self.paced.iter().map(|size| u64::from(*size)).sum();
        if backlog as f64 > bytes_per_ms * 400.0 {
            self.allowance = self.allowance.max(1.0);
        }
        while self.allowance > 0.0 || !self.bandwidth.is_limited() {
            let Some(size) = self.paced.pop_front() else {
                return;
            };
            self.allowance -= f64::from(size);
            self.send(size, false);
        }
    }

    fn send(&mut self, size: u16, audio: bool) {
        let index = self.sent.len();
        self.sent.push(SentPacket {
            sequence: index as u64,
            size,
            sent: self.now,
            arrived: None,
        });
        self.is_audio.push(audio);
        // Headers below RTP take room too.
        self.link
            .send(self.now, usize::from(size) + 40, Load::Call(index));
    }

    fn push_download(&mut self) {
        let Some(flow) = &mut self.download else {
            return;
        };
        while self.acks.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, number) = self.acks.pop_front().unwrap();
            flow.handle_ack(self.now, number);
        }
        flow.handle_timeout(self.now);
        while let Some(number) = flow.poll_send(self.now) {
            self.link
                .send(self.now, PACKET_BYTES, Load::Download(number));
        }
    }

    fn deliver(&mut self) {
        while let Some(load) = self.link.poll(self.now) {
            match load {
                Load::Call(index) => {
                    self.sent[index].arrived = Some(self.now.as_micros() as i64);
                    self.seen.bytes += u64::from(self.sent[index].size);
                }
                Load::Download(number) => self.acks.push_back((self.now + WAY, number)),
            }
        }
    }

    /// Sends a transport-cc report, as often as a twentieth of the receive rate allows, like Chromium.
    fn report(&mut self) {
        let flowing = self
            .ladder
            .flowing
            .checked_sub(1)
            .map_or(0, |level| STEPS[level])
            + AUDIO_BPS;
        let every = (68 * 8 * 1_000 * 20 / flowing).clamp(50, 250);
        self.next[2] = self.now + Duration::from_millis(every);
        let by = (self.now.as_micros() - WAY.as_micros() as u64) as i64;
        let heard = |packet: &SentPacket| packet.arrived.is_some_and(|at| at <= by);
        let Some(last) = self
            .sent
            .iter()
            .rposition(heard)
            .filter(|last| *last >= self.reported)
        else {
            return;
        };
        let mut packets = self.sent[self.reported..=last].to_vec();
        for packet in &mut packets {
            packet.arrived = packet.arrived.filter(|at| *at <= by);
        }
        self.repair_lost(&packets);
        self.reported = last + 1;
        let before = self.bandwidth.estimate_bps();
        self.bandwidth
            .handle_feedback(self.now, &TransportFeedback { packets }, 2 * WAY);
        if self.bandwidth.estimate_bps() * 10 < before * 9 {
            self.share();
        }
    }

    /// Lost audio is counted; lost video is sent again, as far as the pacer lets it.
    fn repair_lost(&mut self, packets: &[SentPacket]) {
        let estimate = self.bandwidth.estimate_bps() as f64 / 8.0;
        self.repair =
            (self.repair + 0.35 * estimate * 0.1).min((0.35 * estimate * 0.4).max(4_800.0));
        for packet in packets {
            let audio = self.is_audio[packet.sequence as usize];
            self.seen.audio_sent += u64::from(audio);
            if packet.arrived.is_some() {
                continue;
            }
            self.seen.audio_lost += u64::from(audio);
            if !audio && self.repair > 0.0 {
                self.repair -= f64::from(packet.size);
                self.paced.push_front(packet.size);
            }
        }
    }

    fn share(&mut self) {
        self.next[3] = self.now + Duration::from_millis(200);
        let (estimate, limited) = (self.bandwidth.estimate_bps(), self.bandwidth.is_limited());
        if self.ladder.share(self.now, estimate, limited) {
            // Its lost packets are useless now.
            self.repair = -0.35 * estimate as f64 / 8.0 * 0.4;
        }
    }

    fn probe(&mut self) {
        if let Some(probe) = self.bandwidth.poll_probe(self.now, WANTED_BPS) {
            let first = self.sent.len() as u64;
            for _ in 0..probe.bytes.div_ceil(240) {
                self.send(240, false);
            }
            let last = self.sent.len() as u64 - 1;
            self.bandwidth.probe_sent(self.now, first, last);
        }
    }
}
