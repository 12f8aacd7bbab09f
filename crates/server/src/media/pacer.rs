//! The pacer of a subscriber whose path has shown a limit: bursts that would fill the path's queue at once (a
//! keyframe, several cameras together) leave little by little, and audio never waits behind them.
//!
//! An ordinary frame leaves whole, as it came, so that it still is one message for the kernel; only packets
//! beyond [`BURST`] of the path's rate are kept. They are kept *unsealed*: they get the numbers and times of
//! the moment when they leave, and don't leave at all if their route has closed.

use std::collections::VecDeque;
use std::time::Duration;

use sideroom_forward::{Outgoing, PacketKind};
use sideroom_route::{Media, SlotId, Time, TrackId};
use sideroom_session::RtpParts;

/// Interval between releases of kept packets. It is the same for all subscribers of a worker, so that their
/// packets leave in one batch; and not shorter, so that each gets a few packets in one message.
pub(super) const PACE_EVERY: Duration = Duration::from_millis(10);
/// This much of the path's rate may leave at once: a frame and a half at 30 frames a second.
const BURST: Duration = Duration::from_millis(50);
/// At the least a few packets, however slow the path.
const MIN_BURST_BYTES: f64 = 4_800.0;
/// Kept packets leave at this share of the estimate: a little above, or a queue would never shrink.
const PACE: f64 = 1.25;
/// The share of the estimate that retransmissions may use: on a path that overflows, more of them would only
/// push out new packets.
const REPAIR: f64 = 0.35;
const REPAIR_BURST: Duration = Duration::from_millis(400);
/// The longest wait: the rate rises until the queue is empty by then.
const MAX_WAIT: Duration = Duration::from_millis(400);
/// The most bytes that are kept; packets beyond it leave at once.
const MAX_KEPT_BYTES: usize = 1 << 20;
/// A packet that waits for its turn.
#[derive(Debug)]
struct WaitingPacket {
    bytes: Vec<u8>,
    header: usize,
    prefix: usize,
    extended_sequence: u64,
    transport_cc_at: Option<usize>,
    abs_send_time_at: Option<usize>,
    slot: SlotId,
    track: Option<TrackId>,
    kept_at: Time,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pacer {
    bytes_per_s: f64,
    /// Bytes that may leave now; negative is a debt.
    allowance: f64,
    /// Bytes of retransmissions that may leave or wait.
    repair_allowance: f64,
    refilled_at: Time,
    /// Retransmissions: somebody waits for them already.
    urgent: VecDeque<WaitingPacket>,
    media: VecDeque<WaitingPacket>,
    kept_bytes: usize,
}

impl Pacer {
    /// A pacer for a path that carries `estimate_bps`.
    pub(super) fn new(now: Time, estimate_bps: u64) -> Self {
        let mut pacer = Self {
            bytes_per_s: 0.0,
            allowance: 0.0,
            repair_allowance: 0.0,
            refilled_at: now,
            urgent: VecDeque::new(),
            media: VecDeque::new(),
            kept_bytes: 0,
        };
        pacer.set_estimate(estimate_bps);
        pacer.allowance = pacer.burst();
        pacer.repair_allowance = pacer.repair_burst();
        pacer
    }

    /// Sets the estimate of the path.
    pub(super) fn set_estimate(&mut self, estimate_bps: u64) {
        self.bytes_per_s = estimate_bps as f64 * PACE / 8.0;
    }

    /// Called when the source is cut off until a smaller layer comes: its lost packets are useless, and would
    /// only keep the path's queue full.
    pub(super) fn cut(&mut self, now: Time) {
        self.refill(now);
        self.repair_allowance = -self.repair_burst();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept_bytes == 0
    }

    /// True if the packet is not to be sent at all: a retransmission beyond the path's room. The client asks
    /// again if it still matters.
    pub(super) fn refuses(&mut self, now: Time, packet: &Outgoing<'_>) -> bool {
        if packet.kind != PacketKind::Rtx {
            return false;
        }
        self.refill(now);
        let refused = self.repair_allowance <= 0.0;
        if !refused {
            self.repair_allowance -= packet.len() as f64;
        }
        refused
    }

    /// True if the packet may leave now, which counts it; else it is to be [kept](Self::keep).
    pub(super) fn admits(&mut self, now: Time, packet: &Outgoing<'_>) -> bool {
        let len = packet.len();
        self.refill(now);
        let passes = packet.media == Media::Audio || packet.kind == PacketKind::Padding;
        let fits = self.is_empty() && self.allowance > 0.0;
        let admitted = passes || fits || self.kept_bytes + len > MAX_KEPT_BYTES;
        if admitted && packet.kind != PacketKind::Padding {
            self.spend(len);
        }
        admitted
    }

    /// Keeps a packet that may not leave yet.
    pub(super) fn keep(&mut self, now: Time, packet: &Outgoing<'_>) {
        let mut bytes = Vec::with_capacity(packet.len());
        for piece in [packet.header, packet.prefix, packet.payload] {
            bytes.extend_from_slice(piece);
        }
        self.kept_bytes += bytes.len();
        let kept = WaitingPacket {
            bytes,
            header: packet.header.len(),
            prefix: packet.prefix.len(),
            extended_sequence: packet.extended_sequence,
            transport_cc_at: packet.transport_cc_at,
            abs_send_time_at: packet.abs_send_time_at,
            slot: packet.slot,
            track: packet.track,
            kept_at: now,
        };
        match packet.kind {
            PacketKind::Rtx => self.urgent.push_back(kept),
            _ => self.media.push_back(kept),
        }
    }

    /// Hands out the packets that may leave at `now`, in order.
    pub(super) fn release(&mut self, now: Time, mut send: impl FnMut(&RtpParts<'_>)) {
        self.refill(now);
        while self.allowance > 0.0 {
            let next = self.urgent.pop_front().or_else(|| self.media.pop_front());
            let Some(kept) = next else {
                // Most of the time nothing waits, and then nothing is held for it.
                (self.urgent, self.media) = Default::default();
                return;
            };
            let (header, rest) = kept.bytes.split_at(kept.header);
            let (prefix, payload) = rest.split_at(kept.prefix);
            send(&RtpParts {
                header,
                prefix,
                payload,
                extended_sequence: kept.extended_sequence,
                transport_cc_at: kept.transport_cc_at,
                abs_send_time_at: kept.abs_send_time_at,
            });
            self.spend(kept.bytes.len());
            self.kept_bytes -= kept.bytes.len();
        }
    }

    /// Drops packets whose route is not open any longer, and returns their number.
    pub(super) fn retain(&mut self, is_open: impl Fn(SlotId, Option<TrackId>) -> bool) -> u64 {
        let before = self.urgent.len() + self.media.len();
        for queue in [&mut self.urgent, &mut self.media] {
            queue.retain(|kept| is_open(kept.slot, kept.track));
        }
        let kept = self.urgent.iter().chain(&self.media);
        self.kept_bytes = kept.map(|kept| kept.bytes.len()).sum();
        (before - self.urgent.len() - self.media.len()) as u64
    }

    fn spend(&mut self, bytes: usize) {
        self.allowance -= bytes as f64;
    }

    fn refill(&mut self, now: Time) {
        // The packets of one batch have one moment.
        if now == self.refilled_at {
            return;
        }
        let elapsed = now.since(self.refilled_at).as_secs_f64();
        self.refilled_at = now;
        let repair = self.repair_allowance + self.repair_bytes_per_s() * elapsed;
        self.repair_allowance = repair.min(self.repair_burst());
        let rate = self.rate(now);
        // Packets that must leave by their time are no burst, however many they are.
        let most = self.burst().max(rate * PACE_EVERY.as_secs_f64());
        self.allowance = (self.allowance + rate * elapsed).min(most);
    }

    /// Bytes a second: more than the pace if something would wait too long at it.
    fn rate(&self, now: Time) -> f64 {
        let oldest = self.urgent.front().or_else(|| self.media.front());
        let Some(oldest) = oldest else {
            return self.bytes_per_s;
        };
        let left = MAX_WAIT.saturating_sub(now.since(oldest.kept_at));
        let needed = self.kept_bytes as f64 / left.max(PACE_EVERY).as_secs_f64();
        self.bytes_per_s.max(needed)
    }

    fn repair_bytes_per_s(&self) -> f64 {
        self.bytes_per_s / PACE * REPAIR
    }

    fn repair_burst(&self) -> f64 {
        let burst = self.repair_bytes_per_s() * REPAIR_BURST.as_secs_f64();
        burst.max(MIN_BURST_BYTES)
    }

    fn burst(&self) -> f64 {
        (self.bytes_per_s * BURST.as_secs_f64()).max(MIN_BURST_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::super::worker_tests::packet;
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const PATH_BPS: u64 = 800_000;

    fn video(number: u64) -> Outgoing<'static> {
        packet(number, Media::Video, PacketKind::Media, &[7; 1_188])
    }

    /// Offers a packet; true if it left at once.
    fn offer(pacer: &mut Pacer, now: Time, packet: &Outgoing<'_>) -> bool {
        let admitted = pacer.admits(now, packet);
        if !admitted {
            pacer.keep(now, packet);
        }
        admitted
    }

    fn released(pacer: &mut Pacer, now: Time) -> Vec<u64> {
        let mut numbers = Vec::new();
        pacer.release(now, |parts| numbers.push(parts.extended_sequence));
        numbers
    }

    #[test]
    fn an_ordinary_frame_leaves_whole() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        let mut now = Time::ZERO;
        let mut next = 0;
        // 2.7 packets a frame at the path's full rate.
        for frame in 0..300 {
            for _ in 0..2 + u64::from(frame % 10 < 7) {
                assert!(offer(&mut pacer, now, &video(next)), "frame {frame}");
                next += 1;
            }
            now = now + 33 * MS;
        }
    }

    #[test]
    fn a_keyframe_is_spread_in_order_at_a_little_more_than_the_rate() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        let first = (0..40)
            .filter(|number| offer(&mut pacer, Time::ZERO, &video(*number)))
            .count();
        assert!((5..=7).contains(&first), "{first}");
        let mut left = Vec::new();
        let mut now = Time::ZERO;
        while !pacer.is_empty() {
            now = now + PACE_EVERY;
            let batch = released(&mut pacer, now);
            assert!(batch.len() <= 2, "{batch:?} at {now:?}");
            left.extend(batch);
        }
        let expected: Vec<u64> = (first as u64..40).collect();
        assert_eq!(left, expected);
        // 34 packets of 1,200 bytes at 1 Mb/s are 326 ms.
        let took = now.since(Time::ZERO);
        assert!(took > 280 * MS && took < 345 * MS, "{took:?}");
    }

    #[test]
    fn audio_does_not_wait_and_retransmissions_go_first() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        for number in 0..20 {
            offer(&mut pacer, Time::ZERO, &video(number));
        }
        let again = packet(100, Media::Video, PacketKind::Rtx, &[7; 900]);
        assert!(!offer(&mut pacer, Time::ZERO, &again));
        let audio = packet(200, Media::Audio, PacketKind::Media, &[7; 80]);
        assert!(offer(&mut pacer, Time::ZERO, &audio));
        let probe = packet(300, Media::Video, PacketKind::Padding, &[0; 255]);
        assert!(offer(&mut pacer, Time::ZERO, &probe));
        assert_eq!(
            released(&mut pacer, Time::ZERO + 20 * MS).first(),
            Some(&100)
        );
    }

    #[test]
    fn retransmissions_have_a_share_of_the_path() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        let mut left = 0;
        // A second in which the path's whole rate is asked for again.
        for number in 0..83 {
            let now = Time::ZERO + 12 * MS * number;
            let again = packet(
                u64::from(number),
                Media::Video,
                PacketKind::Rtx,
                &[7; 1_188],
            );
            left += u32::from(!pacer.refuses(now, &again));
        }
        // A third of 83, and the burst of 14 kB.
        assert!((35..46).contains(&left), "{left}");
    }

    #[test]
    fn what_was_cut_off_is_not_retransmitted_for_a_while() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        pacer.cut(Time::ZERO);
        let again = packet(1, Media::Video, PacketKind::Rtx, &[7; 1_188]);
        let refused = |pacer: &mut Pacer, ms| pacer.refuses(Time::from_millis(ms), &again);
        assert!(refused(&mut pacer, 0) && refused(&mut pacer, 390));
        assert!(!refused(&mut pacer, 410));
    }

    #[test]
    fn nothing_waits_longer_than_the_bound_however_slow_the_path() {
        let mut pacer = Pacer::new(Time::ZERO, 50_000);
        for number in 0..200 {
            offer(&mut pacer, Time::ZERO, &video(number));
        }
        let mut now = Time::ZERO;
        while !pacer.is_empty() {
            now = now + PACE_EVERY;
            released(&mut pacer, now);
        }
        assert!(now.since(Time::ZERO) <= MAX_WAIT + 2 * PACE_EVERY);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut pacer = Pacer::new(Time::ZERO, 50_000);
        let kept = (0..2_000)
            .filter(|number| !offer(&mut pacer, Time::ZERO, &video(*number)))
            .count();
        assert!(kept * 1_200 <= MAX_KEPT_BYTES, "{kept}");
        assert!(pacer.kept_bytes <= MAX_KEPT_BYTES);
    }

    #[test]
    fn what_came_by_a_route_that_closed_never_leaves() {
        let mut pacer = Pacer::new(Time::ZERO, PATH_BPS);
        let room = RoomId(1);
        let track = |serial| TrackId::new(room, serial);
        for number in 0..30 {
            let mut packet = video(number);
            packet.track = Some(track(u32::from(number % 2 == 0)));
            offer(&mut pacer, Time::ZERO, &packet);
        }
        let before = pacer.media.len() as u64;
        let dropped = pacer.retain(|_, held| held == Some(track(0)));
        assert!(dropped > 5 && dropped < before);
        let left = released(&mut pacer, Time::ZERO + Duration::from_secs(1));
        assert!(
            !left.is_empty() && left.iter().all(|number| number % 2 == 1),
            "{left:?}"
        );
        assert!(pacer.retain(|_, _| false) > 0 || pacer.is_empty());
        assert_eq!(pacer.kept_bytes, 0);
    }
}
