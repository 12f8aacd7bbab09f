//! Reception of one of the client's streams: the numbers of receiver reports (RFC 3550 section 6.4 and
//! appendix A), and the missing packets.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::rtcp::ReportBlock;
use sideroom_rtp::{RtpView, SeqUnwrapper};

use crate::missing::{LatePacket, Missing};

/// One stream, from its first packet on.
#[derive(Debug)]
pub(crate) struct Reception {
    ssrc: u32,
    clock_rate: u32,
    /// Missing packets are asked for.
    nack: bool,
    sequence: SeqUnwrapper,
    first: u64,
    received: u64,
    reported: Reported,
    /// In sixteenths of a time stamp unit.
    jitter: u32,
    transit: Option<u32>,
    sender_report: Option<(u32, Time)>,
    missing: Missing,
}

/// How a packet fits its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PacketFit {
    /// In order, late, or missed.
    Expected,
    /// Behind so large a gap that only a keyframe helps.
    AfterGap,
    /// The answer to a single NACK, sent this long ago.
    Asked(Duration),
    /// A repetition of a packet that was not missing.
    Again,
}

/// The numbers at the last report.
#[derive(Clone, Copy, Debug, Default)]
struct Reported {
    expected: u64,
    received: u64,
}

impl Reception {
    pub(crate) fn new(ssrc: u32, clock_rate: u32, nack: bool) -> Self {
        Self {
            ssrc,
            clock_rate,
            nack,
            sequence: SeqUnwrapper::new(),
            first: 0,
            received: 0,
            reported: Reported::default(),
            jitter: 0,
            transit: None,
            sender_report: None,
            missing: Missing::default(),
        }
    }

    #[inline]
    pub(crate) fn receive(&mut self, now: Time, packet: &RtpView<'_>) -> PacketFit {
        let before = self.sequence.highest();
        let sequence = self.sequence.extend(packet.sequence());
        self.received += 1;
        self.note_transit(now, packet.timestamp());
        let Some(before) = before else {
            self.first = sequence;
            return PacketFit::Expected;
        };
        if !self.nack {
            return PacketFit::Expected;
        }
        if sequence <= before {
            self.missing.found(now, sequence);
            return PacketFit::Expected;
        }
        if self.missing.skip(now, before, sequence) {
            PacketFit::Expected
        } else {
            PacketFit::AfterGap
        }
    }

    /// Counts a retransmitted packet. It is no part of the stream's loss and jitter (RFC 4588 section 6.3).
    /// Clients also probe the path with repetitions of packets that arrived.
    #[inline]
    pub(crate) fn receive_repeated(&mut self, now: Time, packet: &RtpView<'_>) -> PacketFit {
        let before = self.sequence.highest();
        let sequence = self.sequence.extend(packet.sequence());
        let Some(before) = before else {
            self.first = sequence;
            return PacketFit::Expected;
        };
        if sequence > before {
            self.missing.skip(now, before, sequence);
            PacketFit::Expected
        } else {
            match self.missing.found(now, sequence) {
                LatePacket::Asked(ago) => PacketFit::Asked(ago),
                LatePacket::Awaited => PacketFit::Expected,
                LatePacket::Unknown => PacketFit::Again,
            }
        }
    }

    /// RFC 3550 appendix A.8.
    #[inline]
    fn note_transit(&mut self, now: Time, timestamp: u32) {
        let ticks = u128::from(now.as_micros()) * u128::from(self.clock_rate) / 1_000_000;
        let transit = (ticks as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A jump of the time stamps (a switched source) is no jitter.
            if change < self.clock_rate * 4 {
                self.jitter = self.jitter - ((self.jitter + 8) >> 4) + change;
            }
        }
    }

    /// Notes the wall clock of the client's sender report.
    pub(crate) fn note_sender_report(&mut self, now: Time, ntp: u64) {
        self.sender_report = Some(((ntp >> 16) as u32, now));
    }

    /// The block of a receiver report; none if nothing came since the last one.
    pub(crate) fn report(&mut self, now: Time) -> Option<ReportBlock> {
        let highest = self.sequence.highest()?;
        if self.received == self.reported.received {
            return None;
        }
        let expected = highest + 1 - self.first.min(highest);
        let of_late = expected.saturating_sub(self.reported.expected);
        let came = self.received - self.reported.received;
        let lost = of_late.saturating_sub(came);
        let fraction_lost = (lost * 256).checked_div(of_late).unwrap_or(0).min(255) as u8;
        self.reported = Reported {
            expected,
            received: self.received,
        };
        let (last_sr, delay) = match self.sender_report {
            Some((middle, at)) => (middle, in_65536ths(now.since(at))),
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost,
            lost: i64::try_from(expected).map_or(i32::MAX, |expected| {
                let lost = expected.saturating_sub_unsigned(self.received);
                lost.clamp(-0x80_0000, 0x7f_ffff) as i32
            }),
            // The unwrapper begins in the second cycle.
            highest: highest.wrapping_sub(1 << 16) as u32,
            jitter: self.jitter >> 4,
            last_sr,
            delay,
        })
    }

    /// When missing packets have to be asked for.
    #[inline]
    pub(crate) fn due(&self) -> Time {
        self.missing.due()
    }

    /// Lists the packets to request now.
    pub(crate) fn poll_missing(&mut self, now: Time, round_trip: Duration, ask: &mut Vec<u16>) {
        self.missing.poll(now, round_trip, ask);
    }
}

/// A span in the unit of DLSR.
pub(crate) fn in_65536ths(span: Duration) -> u32 {
    u32::try_from((span.as_micros() << 16) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::{Header, HeaderWriter};

    use super::*;

    fn receive(reception: &mut Reception, millis: u64, sequence: u16, timestamp: u32) -> PacketFit {
        let mut writer = HeaderWriter::new();
        let header = Header {
            sequence,
            timestamp,
            ssrc: 5,
            ..Header::default()
        };
        writer.begin(&header, false);
        writer.finish();
        let view = RtpView::parse(writer.bytes()).expect("a header");
        reception.receive(Time::from_millis(millis), &view)
    }

    #[test]
    fn a_report_counts_what_was_lost_since_the_last() {
        let mut reception = Reception::new(5, 90_000, false);
        for index in 0..100_u16 {
            if index % 10 != 3 {
                let sequence = 65_500_u16.wrapping_add(index);
                receive(
                    &mut reception,
                    u64::from(index) * 10,
                    sequence,
                    u32::from(index) * 900,
                );
            }
        }
        reception.note_sender_report(Time::from_millis(500), 0x1111_2222_3333_4444);
        let block = reception
            .report(Time::from_millis(1_000))
            .expect("something came");
        let expected = ReportBlock {
            ssrc: 5,
            fraction_lost: 25,
            lost: 10,
            highest: 65_599,
            jitter: 0,
            last_sr: 0x2222_3333,
            delay: 32_768,
        };
        assert_eq!(block, expected);
        assert_eq!(
            reception.report(Time::from_millis(2_000)),
            None,
            "nothing new"
        );
        receive(&mut reception, 2_000, 64, 0);
        let block = reception
            .report(Time::from_millis(2_000))
            .expect("something came");
        assert_eq!((block.fraction_lost, block.lost), (0, 10));
    }

    #[test]
    fn jitter_follows_the_differences_of_transit_times() {
        let mut reception = Reception::new(5, 90_000, false);
        for index in 0..200_u64 {
            let late = if index % 2 == 0 { 0 } else { 10 };
            let timestamp = (index * 1_800) as u32;
            receive(&mut reception, index * 20 + late, index as u16, timestamp);
        }
        let jitter = reception.report(Time::ZERO).expect("something came").jitter;
        assert!(
            (890..=905).contains(&jitter),
            "{jitter} of about 900 units of 10 ms"
        );
    }

    #[test]
    fn gaps_are_remembered_only_where_the_client_retransmits() {
        for nack in [false, true] {
            let mut reception = Reception::new(5, 90_000, nack);
            receive(&mut reception, 0, 1, 0);
            receive(&mut reception, 0, 3, 0);
            let mut ask = Vec::new();
            reception.poll_missing(Time::from_millis(10), Duration::ZERO, &mut ask);
            assert_eq!(ask.as_slice(), if nack { &[2][..] } else { &[] });
            let expected = if nack {
                PacketFit::AfterGap
            } else {
                PacketFit::Expected
            };
            assert_eq!(receive(&mut reception, 0, 5_000, 0), expected);
        }
    }
}
