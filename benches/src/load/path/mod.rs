//! A bad network for every client: packets from the server pass a seeded link before the client sees them,
//! and packets of the client pass another one on their way out.
//!
//! A packet is opened and checked for leaks when it left the server, before the link: the path may lose a
//! packet that should never have been sent. The link carries only what the client will see: the packet's
//! numbers, for the reports on arrival times and for retransmission requests. Media and RTCP pass through the link;
//! the checks and the handshake by which a client connects do not.

mod counts;
mod repair;
mod upward;

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::rtcp::{write_receiver_report, write_remb};
use sideroom_sim::link::{Impairment, Link};
use sideroom_sim::settings::{apply, duration};

use super::counts::Counts;
use super::feedback::{Feedback, Streams};
pub use counts::{PathCounts, PathFigures};
use repair::Repair;
pub(super) use upward::Upward;

/// Links are looked at so often. The times that clients report are the link's own, to the microsecond.
pub(super) const LOOK: Duration = Duration::from_millis(2);
/// Interval between a client's REMB messages.
const REMB_EVERY: Duration = Duration::from_secs(1);
/// IPv4 and UDP before each packet.
const BELOW_RTP: usize = 28;

/// The simulated network between a client and the server. No two clients share one.
#[derive(Clone, Debug, PartialEq)]
pub struct PathOptions {
    /// From the server.
    pub down: Impairment,
    /// To the server; a way without a link takes no time.
    pub up: Option<Impairment>,
    /// Changes of the way from the server, this long after the client came.
    pub changes: Vec<(Duration, Impairment)>,
    /// The receive rate that every client announces, in bits a second.
    pub remb: Option<u64>,
    /// Makes the links repeatable.
    pub seed: u64,
}

/// A change of the way from the server, as it is asked for: `4s rate=10m`.
#[derive(Clone, Debug)]
pub struct PathChange {
    after: Duration,
    settings: String,
}

impl PathChange {
    /// Reads `4s rate=10m`.
    pub fn read(text: &str) -> Result<Self, String> {
        let split = text.trim().split_once(' ');
        let (after, settings) = split.ok_or("expected a time and settings, such as 4s rate=10m")?;
        let after = duration(after).ok_or("expected a time first, such as 4s")?;
        apply(&mut Impairment::default(), settings)?;
        let settings = settings.to_owned();
        Ok(Self { after, settings })
    }
}

/// The states of the link over time: each change keeps the impairments that it does not name.
pub fn changes_of(first: Impairment, changes: &[PathChange]) -> Vec<(Duration, Impairment)> {
    let mut sorted: Vec<_> = changes.iter().collect();
    sorted.sort_by_key(|change| change.after);
    let mut held = first;
    let becomes = sorted.into_iter().filter_map(|change| {
        apply(&mut held, &change.settings).ok()?;
        Some((change.after, held))
    });
    becomes.collect()
}

impl PathOptions {
    /// How much longer a packet takes to the server than without a path.
    pub fn longest_up(&self) -> Duration {
        self.up.map_or(Duration::ZERO, |up| {
            let queue = if up.rate_bps > 0 {
                up.queue
            } else {
                Duration::ZERO
            };
            up.delay + up.jitter + queue + up.stall
        })
    }

    fn seed_of(&self, client: u32, way: u64) -> u64 {
        self.seed << 33 ^ u64::from(client) << 1 ^ way
    }
}

/// Parses a link's settings in the words of `sideroom-link`.
pub fn settings(text: &str) -> Result<Impairment, String> {
    let mut impairment = Impairment::default();
    apply(&mut impairment, text)?;
    Ok(impairment)
}

/// The fields of a received packet that the client looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceivedPacket {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    /// The number in the whole transport.
    pub(super) number: Option<u16>,
    /// The packet that it repeats: a stream and the number in it.
    pub(super) repeats: Option<(u32, u16)>,
    /// The part of the run in which its payload was sent, unless it is padding.
    pub(super) run: Option<u16>,
    /// The client would send a NACK for the packet.
    pub(super) repairable: bool,
}

/// Something that travels to the client.
#[derive(Clone, Debug)]
enum Passing {
    Media { heard: ReceivedPacket, left: Time },
    Control(Box<[u8]>),
}

/// The network of one client.
pub(super) struct Path {
    down: Link<Passing>,
    pub(super) up: Option<Upward>,
    /// Packets that left the server, by stream.
    pub(super) door: Streams,
    repair: Repair,
    /// The announced receive rate, and the time of the next announcement.
    remb: Option<u64>,
    next_remb: Time,
    /// The next one last.
    changes: Vec<(Time, Impairment)>,
}

impl Path {
    pub(super) fn new(now: Time, options: &PathOptions, client: u32) -> Self {
        let changes = options.changes.iter().rev();
        let changes = changes.map(|(after, becomes)| (now + *after, *becomes));
        let up = options.up;
        Self {
            down: Link::new(options.down, options.seed_of(client, 0)),
            up: up.map(|link| Upward::new(link, options.seed_of(client, 1))),
            door: Streams::default(),
            repair: Repair::default(),
            remb: options.remb,
            next_remb: now,
            changes: changes.collect(),
        }
    }

    /// A packet of `bytes` bytes left the server; true if the link lost it.
    pub(super) fn carry(&mut self, left: Time, bytes: usize, heard: ReceivedPacket) -> bool {
        pass(&mut self.down, left, bytes, Passing::Media { heard, left })
    }

    /// So did RTCP.
    pub(super) fn carry_control(&mut self, left: Time, bytes: &[u8]) {
        let passing = Passing::Control(bytes.into());
        pass(&mut self.down, left, bytes.len(), passing);
    }

    /// Writes the RTCP that a client on this path sends at `now`: NACKs and REMB.
    pub(super) fn poll(&mut self, now: Time, own: u32, counts: &mut PathCounts, out: &mut Vec<u8>) {
        self.repair.poll(now, own, counts, out);
        let remb = self.remb.filter(|_| now >= self.next_remb);
        let Some((bps, ssrc)) = remb.zip(self.door.first()) else {
            return;
        };
        self.next_remb = now + REMB_EVERY;
        if out.is_empty() {
            write_receiver_report(out, own, &[]);
        }
        write_remb(out, own, bps, &[ssrc]);
    }

    /// Delivers to the client the packets that have arrived by `now`; the next RTCP packet among them is
    /// returned.
    pub(super) fn arrive(
        &mut self,
        now: Time,
        feedback: &mut Feedback,
        runs: &mut [Counts],
    ) -> Option<Box<[u8]>> {
        while let Some((_, becomes)) = self.changes.pop_if(|(at, _)| *at <= now) {
            self.down.set_impairment(becomes);
        }
        loop {
            let at = self.down.poll_timeout();
            if at > now {
                return None;
            }
            let (heard, left) = match self.down.poll(at)? {
                Passing::Media { heard, left } => (heard, left),
                Passing::Control(bytes) => return Some(bytes),
            };
            feedback.note(heard.ssrc, heard.sequence);
            if let Some(number) = heard.number {
                feedback.arrived(number, at);
            }
            let repaired = match heard.repeats {
                Some((ssrc, sequence)) => self.repair.fill(ssrc, sequence),
                None if heard.repairable => {
                    self.repair.note(at, heard.ssrc, heard.sequence);
                    false
                }
                None => false,
            };
            if let Some(counts) = heard.run.and_then(|run| runs.get_mut(usize::from(run))) {
                counts.path.repaired += u64::from(repaired);
                counts.path.delay.record(at.since(left));
            }
        }
    }
}

/// Passes a packet through a link; true if the link lost it.
fn pass<P: Clone>(link: &mut Link<P>, now: Time, bytes: usize, packet: P) -> bool {
    let before = link.counts();
    link.send(now, bytes + BELOW_RTP, packet);
    let after = link.counts();
    (after.lost, after.overflowed) != (before.lost, before.overflowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn heard(sequence: u16) -> ReceivedPacket {
        ReceivedPacket {
            ssrc: 5,
            sequence,
            number: Some(sequence),
            repeats: None,
            run: Some(0),
            repairable: true,
        }
    }

    #[test]
    fn a_client_knows_of_what_its_path_let_through_when_it_did() {
        let down = settings("rate=1m,delay=30ms,queue=100ms").unwrap();
        let options = PathOptions {
            down,
            up: None,
            changes: Vec::new(),
            remb: None,
            seed: 1,
        };
        let begun = Time::from_millis(1_000);
        let mut path = Path::new(begun, &options, 3);
        // 10 ms each on this link, all at once: some ten fit into the queue.
        let lost = (0..20).filter(|n| path.carry(begun, 1_222, heard(*n)));
        let lost = lost.count();
        assert!((8..=9).contains(&lost), "{lost}");
        let (mut feedback, mut runs) = (Feedback::default(), [Counts::default()]);
        let mut arrive = |path: &mut Path, now| {
            assert!(path.arrive(now, &mut feedback, &mut runs).is_none());
            runs[0].path.delay.percentiles().count
        };
        assert_eq!(arrive(&mut path, begun + 39 * MS), 0);
        assert_eq!(arrive(&mut path, begun + 41 * MS), 1);
        assert_eq!(arrive(&mut path, begun + 1_000 * MS), 20 - lost as u64);
        let longest = runs[0].path.delay.percentiles().max_ms;
        assert!((130.0..=150.0).contains(&longest), "{longest}");
    }

    #[test]
    fn every_client_has_a_path_of_its_own_and_always_the_same() {
        let options = PathOptions {
            down: settings("loss=20%").unwrap(),
            up: None,
            changes: Vec::new(),
            remb: None,
            seed: 9,
        };
        let story = |client| {
            let mut path = Path::new(Time::ZERO, &options, client);
            (0..64).fold(0_u64, |lost, n| {
                lost << 1 | u64::from(path.carry(Time::ZERO, 100, heard(n)))
            })
        };
        assert_eq!(story(1), story(1));
        assert_ne!(story(1), story(2));
    }

    #[test]
    fn a_path_changes_when_it_was_told_to_and_keeps_what_is_not_named() {
        let first = settings("rate=1m,delay=30ms").unwrap();
        let told = ["4s rate=10m", "2s delay=50ms"].map(|text| PathChange::read(text).unwrap());
        let changes = changes_of(first, &told);
        let seen: Vec<_> = changes
            .iter()
            .map(|(after, it)| (after.as_secs(), it.rate_bps, it.delay.as_millis()))
            .collect();
        assert_eq!(seen, [(2, 1_000_000, 50), (4, 10_000_000, 50)]);
        let options = PathOptions {
            down: first,
            up: None,
            changes,
            remb: None,
            seed: 1,
        };
        let mut path = Path::new(Time::ZERO, &options, 1);
        let now = Time::from_millis(2_000);
        path.arrive(now, &mut Feedback::default(), &mut []);
        assert_eq!(path.down.impairment().delay, 50 * MS);
        assert_eq!(path.down.impairment().rate_bps, 1_000_000);
        for wrong in ["4s", "soon rate=1m", "4s rate=fast"] {
            assert!(PathChange::read(wrong).is_err(), "{wrong}");
        }
    }
}
