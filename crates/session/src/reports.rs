//! Due RTCP: reports, requests and feedback to the client, put into datagrams.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::rtcp::{self, ReportBlock, SenderInfo};

use crate::sdp::Negotiated;
use crate::secure_media::{SecureMedia, UNKNOWN_ROUND_TRIP};

/// Receiver reports, and sender reports of slots, go out so often while there is something to report.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// The first ones earlier: players wait for them to bring picture and sound together.
const FIRST_REPORT: Duration = Duration::from_millis(200);
/// The rate granted to publishers that support only REMB.
const REMB_BPS: u64 = 10_000_000;
/// The most report blocks of a packet.
const MAX_BLOCKS: usize = 31;
/// No request is begun behind this, so that a datagram stays below 1,200 bytes.
const FULL: usize = 900;
/// The most datagrams that wait to be sealed, and the most sender reports that await an answer.
const MAX_OUTBOX: usize = 16;
const MAX_SENT_REPORTS: usize = 64;
/// The most sender reports of one datagram: 28 bytes each.
const MAX_SENDER_REPORTS: usize = 24;

/// The sender of the RTCP.
#[derive(Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub ssrc: u32,
    pub cname: &'a str,
}

impl SecureMedia {
    #[inline]
    pub(crate) fn arm_report(&mut self, now: Time) {
        if self.report_at == Time::NEVER {
            self.report_at = now + FIRST_REPORT;
        }
    }

    #[inline]
    pub(crate) fn arm_slot_reports(&mut self, now: Time) {
        if self.slots_report_at == Time::NEVER {
            let begun = !self.sent_reports.is_empty();
            self.slots_report_at = now + if begun { REPORT_INTERVAL } else { FIRST_REPORT };
        }
    }

    /// When something is due.
    pub(crate) fn due(&self) -> Time {
        let streams = self.bindings.iter().map(|binding| {
            let missing = binding
                .reception
                .as_ref()
                .map_or(Time::NEVER, |stream| stream.due());
            if binding.wants_keyframe {
                Time::ZERO
            } else {
                missing
            }
        });
        let waiting = if self.outbox.is_empty() {
            Time::NEVER
        } else {
            Time::ZERO
        };
        streams
            .chain([
                waiting,
                self.report_at,
                self.slots_report_at,
                self.arrivals.due(),
            ])
            .min()
            .unwrap_or(Time::NEVER)
    }

    /// True once when the slots' sender reports are due.
    pub(crate) fn slot_reports_are_due(&mut self, now: Time) -> bool {
        let due = self.slots_report_at <= now;
        if due {
            // Armed again by the next packet to a slot.
            self.slots_report_at = Time::NEVER;
        }
        due
    }

    /// Writes the next plain compound packet to `out`. False if nothing is due.
    pub(crate) fn write_rtcp(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        speaker: Speaker<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        out.clear();
        if let Some(waiting) = self.outbox.pop_front() {
            out.extend_from_slice(&waiting);
            return true;
        }
        if self.report_at <= now {
            self.write_report(now, negotiated, speaker, out);
        }
        self.write_requests(now, negotiated, speaker, out);
        if !out.is_empty() {
            return true;
        }
        if self.arrivals.due() <= now {
            begin(negotiated, speaker, out);
            let media = self.bindings.ssrcs().next().unwrap_or_default();
            if self.arrivals.write(out, (speaker.ssrc, media)) {
                self.counts.transport_feedback += 1;
                return true;
            }
            out.clear();
        }
        false
    }

    /// A receiver report on all streams that brought something, and then no other until one does.
    fn write_report(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        speaker: Speaker<'_>,
        out: &mut Vec<u8>,
    ) {
        let mut blocks = [ReportBlock::default(); MAX_BLOCKS];
        let mut count = 0;
        let streams = self.bindings.iter_mut();
        for stream in streams.filter_map(|binding| binding.reception.as_mut()) {
            let Some(block) = blocks.get_mut(count) else {
                break;
            };
            if let Some(report) = stream.report(now) {
                *block = report;
                count += 1;
            }
        }
        self.report_at = if count == 0 {
            Time::NEVER
        } else {
            now + REPORT_INTERVAL
        };
        let Some(blocks) = blocks.get(..count).filter(|blocks| !blocks.is_empty()) else {
            return;
        };
        rtcp::write_receiver_report(out, speaker.ssrc, blocks);
        rtcp::write_sdes(out, speaker.ssrc, speaker.cname);
        if negotiated.remb && !negotiated.transport_cc {
            let media = self.bindings.iter().filter(|binding| !binding.place.repair);
            let ssrcs: Vec<u32> = media.map(|binding| binding.ssrc).take(MAX_BLOCKS).collect();
            rtcp::write_remb(out, speaker.ssrc, REMB_BPS, &ssrcs);
        }
    }

    /// Writes requests for missing packets and for keyframes. Those that don't fit stay due.
    fn write_requests(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        speaker: Speaker<'_>,
        out: &mut Vec<u8>,
    ) {
        let round_trip = self.round_trip.unwrap_or(UNKNOWN_ROUND_TRIP);
        let mut ask = Vec::new();
        for binding in self.bindings.iter_mut() {
            if out.len() > FULL {
                break;
            }
            let Some(stream) = binding.reception.as_mut() else {
                continue;
            };
            if stream.due() <= now {
                ask.clear();
                stream.poll_missing(now, round_trip, &mut ask);
                if !ask.is_empty() {
                    begin(negotiated, speaker, out);
                    rtcp::write_nack(out, speaker.ssrc, binding.ssrc, &ask);
                    self.counts.nacked += ask.len() as u64;
                }
            }
            if std::mem::take(&mut binding.wants_keyframe) {
                begin(negotiated, speaker, out);
                let track = negotiated.ingress.get(usize::from(binding.place.ingress));
                if track.is_some_and(|track| track.fir) {
                    self.fir_number = self.fir_number.wrapping_add(1);
                    rtcp::write_fir(out, speaker.ssrc, binding.ssrc, self.fir_number);
                } else {
                    rtcp::write_pli(out, speaker.ssrc, binding.ssrc);
                }
                self.counts.keyframe_requests += 1;
            }
        }
    }

    /// Puts the slots' sender reports on their way.
    pub(crate) fn send_reports(
        &mut self,
        now: Time,
        cname: &str,
        reports: impl IntoIterator<Item = SenderInfo>,
    ) {
        let mut datagram = Vec::new();
        let mut count = 0;
        for info in reports {
            if count == MAX_SENDER_REPORTS {
                self.post(std::mem::take(&mut datagram));
                count = 0;
            }
            rtcp::write_sender_report(&mut datagram, &info, &[]);
            if count == 0 {
                rtcp::write_sdes(&mut datagram, info.ssrc, cname);
            }
            count += 1;
            if self.sent_reports.len() == MAX_SENT_REPORTS {
                self.sent_reports.pop_front();
            }
            self.sent_reports.push_back(((info.ntp >> 16) as u32, now));
        }
        if count > 0 {
            self.post(datagram);
        }
    }

    /// Says that the slots' streams end.
    pub(crate) fn send_bye(&mut self, negotiated: &Negotiated, speaker: Speaker<'_>) {
        let mut datagram = Vec::new();
        rtcp::write_receiver_report(&mut datagram, speaker.ssrc, &[]);
        rtcp::write_sdes(&mut datagram, speaker.ssrc, speaker.cname);
        let slots = negotiated.slots.iter().map(|slot| slot.ssrc);
        let ssrcs: Vec<u32> = [speaker.ssrc].into_iter().chain(slots).collect();
        for chunk in ssrcs.chunks(MAX_BLOCKS) {
            rtcp::write_bye(&mut datagram, chunk);
        }
        self.outbox.clear();
        self.post(datagram);
    }

    fn post(&mut self, datagram: Vec<u8>) {
        if self.outbox.len() < MAX_OUTBOX {
            self.outbox.push_back(datagram);
        }
    }
}

/// A compound packet begins with a report, unless the client does without (RFC 5506).
fn begin(negotiated: &Negotiated, speaker: Speaker<'_>, out: &mut Vec<u8>) {
    if out.is_empty() && !negotiated.rtcp_rsize {
        rtcp::write_receiver_report(out, speaker.ssrc, &[]);
        rtcp::write_sdes(out, speaker.ssrc, speaker.cname);
    }
}
