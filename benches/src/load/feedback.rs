//! A client's RTCP: arrival times for the transport, reports on the streams it receives and sends. As
//! frequent as a browser's.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::rtcp::{
    ReportBlock, SenderInfo, write_receiver_report, write_sender_report, write_transport_cc,
};

use super::media::Source;

/// Between feedbacks on arrival times.
const TRANSPORT_INTERVAL: Duration = Duration::from_millis(100);
/// Interval between reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// A longer run of transport numbers than this in one interval is a jump, and the rest is not reported.
const MAX_RUN: usize = 4_096;
/// Report blocks in one report.
const MAX_BLOCKS: usize = 31;

/// A client's pending feedback.
#[derive(Default)]
pub struct Feedback {
    base: Option<u16>,
    /// The first transport number that is not reported yet.
    next: Option<u16>,
    arrivals: Vec<Option<i64>>,
    number: u8,
    transport_at: Time,
    report_at: Time,
    streams: Streams,
}

/// The streams that somebody receives, and how far each has come.
#[derive(Debug, Default)]
pub struct Streams(Vec<Stream>);

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    highest: u32,
}

impl Streams {
    /// Notes a media packet, and says how many sequence numbers are missing since the one before; -1 if
    /// this is one that was missing.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> i64 {
        let Some(stream) = self.0.iter_mut().find(|stream| stream.ssrc == ssrc) else {
            let highest = sequence.into();
            self.0.push(Stream { ssrc, highest });
            return 0;
        };
        let step = sequence.wrapping_sub(stream.highest as u16) as i16;
        if step <= 0 {
            return -1;
        }
        stream.highest = stream.highest.wrapping_add(u32::from(step.unsigned_abs()));
        i64::from(step) - 1
    }

    /// The stream that came first.
    pub fn first(&self) -> Option<u32> {
        self.0.first().map(|stream| stream.ssrc)
    }
}

impl Feedback {
    /// Notes a media packet, and says what [`Streams::note`] does.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> i64 {
        self.streams.note(ssrc, sequence)
    }

    /// Notes the arrival of a packet with this transport number. A packet that was reported lost stays lost.
    pub fn arrived(&mut self, number: u16, now: Time) {
        let next = self.next.unwrap_or(number);
        let behind = usize::from(next.wrapping_sub(number));
        if self.base.is_none() && (1..MAX_RUN).contains(&behind) {
            return;
        }
        let ahead = usize::from(number.wrapping_sub(next));
        let first = if ahead < MAX_RUN { next } else { number };
        let base = *self.base.get_or_insert(first);
        let at = usize::from(number.wrapping_sub(base));
        if at >= MAX_RUN {
            return;
        }
        if at >= self.arrivals.len() {
            self.arrivals.resize(at + 1, None);
        }
        if let Some(arrival) = self.arrivals.get_mut(at) {
            *arrival = i64::try_from(now.as_micros()).ok();
        }
    }

    /// Writes due feedback into `out`, or leaves it empty.
    pub fn poll(&mut self, now: Time, own: u32, sources: &[Source], out: &mut Vec<u8>) {
        if now >= self.report_at {
            self.report_at = now + REPORT_INTERVAL;
            self.write_reports(now, own, sources, out);
        }
        if now >= self.transport_at && !self.arrivals.is_empty() {
            self.transport_at = now + TRANSPORT_INTERVAL;
            let base = self.base.take().unwrap_or(0);
            self.next = Some(base.wrapping_add(self.arrivals.len() as u16));
            let media = self.streams.first().unwrap_or(0);
            if out.is_empty() {
                write_receiver_report(out, own, &[]);
            }
            write_transport_cc(out, (own, media), self.number, base, &self.arrivals);
            self.number = self.number.wrapping_add(1);
            self.arrivals.clear();
        }
    }

    fn write_reports(&self, now: Time, own: u32, sources: &[Source], out: &mut Vec<u8>) {
        let streams = self.streams.0.iter();
        let blocks: Vec<_> = streams
            .take(MAX_BLOCKS)
            .map(|stream| ReportBlock {
                ssrc: stream.ssrc,
                highest: stream.highest,
                ..ReportBlock::default()
            })
            .collect();
        for source in sources {
            let micros = now.as_micros();
            let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
            let info = SenderInfo {
                ssrc: source.spec().ssrc,
                ntp: ((micros / 1_000_000) << 32) | fraction,
                rtp: source.timestamp_at(now),
                packets: source.packets() as u32,
                octets: 0,
            };
            write_sender_report(out, &info, &[]);
        }
        if !blocks.is_empty() {
            write_receiver_report(out, own, &blocks);
        }
    }
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::rtcp::{Packet, packets};

    use super::*;

    #[test]
    fn arrivals_and_reports_are_told_in_their_time() {
        let mut feedback = Feedback::default();
        let now = Time::from_millis(60_000);
        let missing = [65_535, 1, 0].map(|sequence| feedback.note(5, sequence));
        assert_eq!(missing, [0, 1, -1]);
        feedback.arrived(9, now);
        feedback.arrived(11, now + Duration::from_millis(1));
        let mut out = Vec::new();
        feedback.poll(now, 77, &[], &mut out);
        let told: Vec<_> = packets(&out).map_while(Result::ok).collect();
        let [
            Packet::ReceiverReport { ssrc: 77, reports },
            Packet::TransportCc(arrivals),
        ] = &told[..]
        else {
            panic!("{told:?}");
        };
        let highest: Vec<_> = reports.clone().map(|block| block.highest).collect();
        assert_eq!(highest, [65_537]);
        let numbers: Vec<_> = arrivals
            .packets()
            .map(|(n, at)| (n, at.is_some()))
            .collect();
        assert_eq!(numbers, [(9, true), (10, false), (11, true)]);
        out.clear();
        feedback.poll(now + Duration::from_millis(50), 77, &[], &mut out);
        assert!(out.is_empty());
        // Packets lost between two feedbacks are reported too; a packet that was reported lost and arrives
        // later is not.
        feedback.arrived(10, now);
        feedback.arrived(14, now);
        feedback.poll(now + Duration::from_millis(150), 77, &[], &mut out);
        let Some(Ok(Packet::TransportCc(arrivals))) = packets(&out).nth(1) else {
            panic!("{out:?}");
        };
        let numbers = arrivals.packets().map(|(n, at)| (n, at.is_some()));
        let numbers: Vec<_> = numbers.collect();
        assert_eq!(numbers, [(12, false), (13, false), (14, true)]);
    }
}
