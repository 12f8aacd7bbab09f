//! Turns the client's RTCP into events.

use std::time::Duration;

use sideroom_route::{DropReason, Time};
use sideroom_rtp::rtcp::{Packet, ReportBlock, SenderInfo, packets};

use crate::events::Events;
use crate::sdp::Negotiated;
use crate::secure_media::SecureMedia;
use crate::{DatagramOutcome, SessionEvent};

/// The most packets that one NACK is taken to ask for.
const MAX_NACKED: usize = 512;
/// Smoothing of the round trip (RFC 6298).
const SMOOTHING: u32 = 8;

impl SecureMedia {
    /// Opens a compound RTCP packet in place and emits its events.
    pub(crate) fn handle_rtcp(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        datagram: &mut [u8],
        events: &mut Events,
    ) -> DatagramOutcome {
        let len = match self.incoming.open_rtcp(datagram) {
            Ok(len) => len,
            Err(reason) => return DatagramOutcome::Dropped(reason),
        };
        for packet in packets(datagram.get(..len).unwrap_or_default()) {
            let Ok(packet) = packet else {
                return DatagramOutcome::Dropped(DropReason::Malformed);
            };
            self.handle_rtcp_packet(now, negotiated, packet, events);
        }
        DatagramOutcome::Handled
    }

    fn handle_rtcp_packet(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        packet: Packet<'_>,
        events: &mut Events,
    ) {
        // A client may only report on slots of this session.
        let is_slot = |ssrc: u32| negotiated.slots.iter().any(|slot| slot.ssrc == ssrc);
        let is_ours = |ssrc: u32| {
            let mut slots = negotiated.slots.iter();
            slots.any(|slot| slot.ssrc == ssrc || slot.rtx_ssrc == Some(ssrc))
        };
        match packet {
            Packet::SenderReport { info, reports } => {
                self.handle_sender_report(now, &info, events);
                let ours = reports.filter(|block| is_ours(block.ssrc));
                ours.for_each(|block| self.handle_report_block(now, &block, events));
            }
            Packet::ReceiverReport { reports, .. } => {
                let ours = reports.filter(|block| is_ours(block.ssrc));
                ours.for_each(|block| self.handle_report_block(now, &block, events));
            }
            Packet::Nack { media, lost, .. } if is_slot(media) => {
                let lost: Vec<u16> = lost.sequences().take(MAX_NACKED).collect();
                events.push(SessionEvent::Nack { ssrc: media, lost });
            }
            Packet::Pli { media, .. } if is_slot(media) => {
                events.push(SessionEvent::KeyframeRequest { ssrc: media });
            }
            Packet::Fir(entries) => {
                let asked = entries.map(|(ssrc, _)| ssrc).filter(|ssrc| is_slot(*ssrc));
                asked.for_each(|ssrc| events.push(SessionEvent::KeyframeRequest { ssrc }));
            }
            Packet::Remb { bps, .. } => events.push(SessionEvent::Remb { bps }),
            Packet::TransportCc(feedback) => {
                let feedback = self.departures.matched(now, &feedback);
                if !feedback.packets.is_empty() {
                    events.push(SessionEvent::TransportFeedback(feedback));
                }
            }
            Packet::Nack { .. }
            | Packet::Pli { .. }
            | Packet::Sdes
            | Packet::Bye(_)
            | Packet::Other(_) => {}
        }
    }

    fn handle_sender_report(&mut self, now: Time, info: &SenderInfo, events: &mut Events) {
        let Some(binding) = self.bindings.find(info.ssrc) else {
            return;
        };
        if binding.place.repair {
            return;
        }
        if let Some(stream) = &mut binding.reception {
            stream.note_sender_report(now, info.ntp);
        }
        events.push(SessionEvent::SenderReport {
            ingress: usize::from(binding.place.ingress),
            layer: binding.place.layer,
            ntp: info.ntp,
            rtp: info.rtp,
        });
    }

    fn handle_report_block(&mut self, now: Time, block: &ReportBlock, events: &mut Events) {
        let rtt = self.round_trip_of(now, block);
        if let Some(rtt) = rtt {
            self.note_round_trip(rtt);
        }
        events.push(SessionEvent::ReceiverReport {
            ssrc: block.ssrc,
            fraction_lost: block.fraction_lost,
            lost: block.lost,
            jitter: block.jitter,
            rtt,
        });
    }

    /// The path was seen to take so long, there and back.
    pub(crate) fn note_round_trip(&mut self, seen: Duration) {
        let before = self.round_trip.unwrap_or(seen);
        self.round_trip = Some((before * (SMOOTHING - 1) + seen) / SMOOTHING);
    }

    /// RFC 3550 section 6.4.1, from the moment when the report that is answered was sent.
    fn round_trip_of(&self, now: Time, block: &ReportBlock) -> Option<Duration> {
        let mut sent = self.sent_reports.iter().rev();
        let (_, at) = sent.find(|(middle, _)| block.last_sr != 0 && *middle == block.last_sr)?;
        let held = Duration::from_micros((u64::from(block.delay) * 1_000_000) >> 16);
        Some(now.since(*at).saturating_sub(held))
    }
}
