//! The media of a transport after its handshake: packets in and out, and their tracks.

use std::collections::VecDeque;
use std::time::Duration;

use sideroom_route::{DropReason, Time};
use sideroom_rtp::{ExtensionKind, MAX_HEADER, RtpView};

use crate::arrivals::Arrivals;
use crate::bindings::{Binding, Bindings, Place, codec_of};
use crate::departures::Departures;
use crate::reception::PacketFit;
use crate::sdp::{Negotiated, NegotiatedIngress};
use crate::srtp::{KeyMaterial, SrtpIn, SrtpOut};
use crate::{DatagramOutcome, RtpParts, SessionCounts, repair};

/// The assumed round trip before the handshake, an answered request or a report measures it.
pub(crate) const UNKNOWN_ROUND_TRIP: Duration = Duration::from_millis(100);

const FIXED_HEADER: usize = 12;
const PADDING_BIT: u8 = 0x20;

/// SRTP, and the feedback about it, of one client.
#[derive(Debug)]
pub(crate) struct SecureMedia {
    pub(crate) incoming: SrtpIn,
    pub(crate) outgoing: SrtpOut,
    pub(crate) bindings: Bindings,
    pub(crate) arrivals: Arrivals,
    pub(crate) departures: Departures,
    pub(crate) round_trip: Option<Duration>,
    /// The middle of the NTP time of each sender report of late, and when it went.
    pub(crate) sent_reports: VecDeque<(u32, Time)>,
    /// RTCP that is complete and waits to be sealed.
    pub(crate) outbox: VecDeque<Vec<u8>>,
    /// When the next receiver report is due.
    pub(crate) report_at: Time,
    /// When the slots' sender reports are due.
    pub(crate) slots_report_at: Time,
    /// The last FIR's number.
    pub(crate) fir_number: u8,
    pub(crate) counts: SessionCounts,
}

impl SecureMedia {
    /// Creates the media side with the keys of the handshake.
    pub(crate) fn new(now: Time, keys: &KeyMaterial, negotiated: &Negotiated) -> Self {
        let mut secured = Self {
            incoming: SrtpIn::new(keys),
            outgoing: SrtpOut::new(keys),
            bindings: Bindings::default(),
            arrivals: Arrivals::default(),
            departures: Departures::default(),
            round_trip: None,
            sent_reports: VecDeque::new(),
            outbox: VecDeque::new(),
            report_at: Time::NEVER,
            slots_report_at: Time::NEVER,
            fir_number: 0,
            counts: SessionCounts::default(),
        };
        secured.announce(now, negotiated);
        secured
    }

    /// Knows the SSRCs that an offer names.
    pub(crate) fn announce(&mut self, now: Time, negotiated: &Negotiated) {
        self.bindings.announce(now, negotiated);
        for ssrc in self.bindings.ssrcs() {
            self.incoming.accept_ssrc(ssrc);
        }
    }

    /// Opens an RTP packet in place and finds its track.
    pub(crate) fn handle_rtp(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        packet: &mut [u8],
    ) -> DatagramOutcome {
        match self.open(now, negotiated, packet) {
            Ok((place, len)) => {
                let packet = packet.get_mut(..len).unwrap_or_default();
                self.accept(now, negotiated, place, packet)
            }
            Err(reason) => DatagramOutcome::Dropped(reason),
        }
    }

    fn open(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        packet: &mut [u8],
    ) -> Result<(Place, usize), DropReason> {
        let fixed: &[u8; FIXED_HEADER] = packet.first_chunk().ok_or(DropReason::Malformed)?;
        let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
        if let Some(binding) = self.bindings.find(ssrc) {
            let place = binding.place;
            return Ok((place, self.incoming.open(packet)?));
        }
        let place = self.claim(now, negotiated, packet)?;
        let len = self.incoming.open_unknown(packet)?;
        self.bindings.bind(now, ssrc, place);
        Ok((place, len))
    }

    /// The header is not encrypted, the length of the padding is: it is left out of account here.
    fn claim(
        &self,
        now: Time,
        negotiated: &Negotiated,
        packet: &mut [u8],
    ) -> Result<Place, DropReason> {
        let first = packet.first().copied().unwrap_or_default();
        set_first(packet, first & !PADDING_BIT);
        let claimed = match RtpView::parse(packet) {
            Ok(view) => self
                .bindings
                .claim(now, negotiated, &view)
                .ok_or(DropReason::UnknownSsrc),
            Err(_) => Err(DropReason::Malformed),
        };
        set_first(packet, first);
        claimed
    }

    fn accept(
        &mut self,
        now: Time,
        negotiated: &Negotiated,
        place: Place,
        packet: &mut [u8],
    ) -> DatagramOutcome {
        let Ok(view) = RtpView::parse(packet) else {
            return DatagramOutcome::Dropped(DropReason::Malformed);
        };
        if negotiated.transport_cc {
            self.note_arrival(now, negotiated, &view);
        }
        let Some(track) = negotiated.ingress.get(usize::from(place.ingress)) else {
            return DatagramOutcome::Dropped(DropReason::UnknownTrack);
        };
        let Some(codec) = codec_of(&track.codecs, view.payload_type()) else {
            return DatagramOutcome::Dropped(DropReason::UnknownPayloadType);
        };
        if place.repair != (codec.rtx == Some(view.payload_type())) {
            return DatagramOutcome::Dropped(DropReason::UnknownPayloadType);
        }
        if place.repair {
            self.accept_repair(now, track, place, (packet, codec.payload_type))
        } else {
            self.accept_media(now, track, place, packet)
        }
    }

    fn accept_media(
        &mut self,
        now: Time,
        track: &NegotiatedIngress,
        place: Place,
        packet: &[u8],
    ) -> DatagramOutcome {
        let (Some(binding), Ok(view)) = (self.bindings.at(place), RtpView::parse(packet)) else {
            return DatagramOutcome::Dropped(DropReason::UnknownSsrc);
        };
        if binding.reception(track).receive(now, &view) == PacketFit::AfterGap {
            binding.wants_keyframe = true;
        }
        self.arm_report(now);
        DatagramOutcome::Rtp {
            ingress: usize::from(place.ingress),
            layer: place.layer,
            range: 0..packet.len(),
            recovered: false,
        }
    }

    fn accept_repair(
        &mut self,
        now: Time,
        track: &NegotiatedIngress,
        place: Place,
        (packet, payload_type): (&mut [u8], u8),
    ) -> DatagramOutcome {
        if repair::is_padding(packet) {
            self.counts.padding += 1;
            return DatagramOutcome::Handled;
        }
        let media = Place {
            repair: false,
            ..place
        };
        // Before the media stream is known there is nothing that a retransmission could repeat.
        let Some(binding) = self.bindings.at(media) else {
            return DatagramOutcome::Dropped(DropReason::UnknownSsrc);
        };
        let restored = repair::restore(packet, payload_type, binding.ssrc).and_then(|range| {
            let view = packet.get(range.clone()).map(RtpView::parse)?;
            Some((range, view.ok()?))
        });
        let Some((range, view)) = restored else {
            return DatagramOutcome::Dropped(DropReason::Malformed);
        };
        match binding.reception(track).receive_repeated(now, &view) {
            PacketFit::Again => {
                self.counts.padding += 1;
                return DatagramOutcome::Handled;
            }
            PacketFit::Asked(round_trip) => self.note_round_trip(round_trip),
            PacketFit::Expected | PacketFit::AfterGap => {}
        }
        self.counts.recovered += 1;
        DatagramOutcome::Rtp {
            ingress: usize::from(place.ingress),
            layer: place.layer,
            range,
            recovered: true,
        }
    }

    #[inline]
    fn note_arrival(&mut self, now: Time, negotiated: &Negotiated, packet: &RtpView<'_>) {
        let number = negotiated
            .extensions
            .id(ExtensionKind::TransportCc)
            .and_then(|id| packet.extension(id))
            .and_then(|data| data.first_chunk());
        if let Some(number) = number {
            self.arrivals.record(now, u16::from_be_bytes(*number));
        }
    }

    /// Seals a packet; see [`crate::Session::seal_rtp`].
    #[inline]
    pub(crate) fn seal_rtp(&mut self, now: Time, parts: &RtpParts<'_>, out: &mut [u8]) -> usize {
        self.arm_slot_reports(now);
        let (header, sequence) = (parts.header, parts.extended_sequence);
        let payload = (parts.prefix, parts.payload);
        if parts.transport_cc_at.is_none() && parts.abs_send_time_at.is_none() {
            return self
                .outgoing
                .seal_with_prefix(header, payload, sequence, out);
        }
        let mut patched = [0; MAX_HEADER];
        let Some(patched) = patched.get_mut(..header.len()) else {
            return 0;
        };
        patched.copy_from_slice(header);
        if let Some(at) = parts.abs_send_time_at {
            // 24 bits: seconds with 18 binary places.
            let ticks = (u128::from(now.as_micros()) << 18) / 1_000_000;
            let [.., a, b, c] = ticks.to_be_bytes();
            put(patched, at, &[a, b, c]);
        }
        let Some(at) = parts.transport_cc_at else {
            return self
                .outgoing
                .seal_with_prefix(patched, payload, sequence, out);
        };
        put(patched, at, &self.departures.depart(now).to_be_bytes());
        let len = self
            .outgoing
            .seal_with_prefix(patched, payload, sequence, out);
        self.departures.set_size(len);
        len
    }

    /// The stream of an encoding, if it has begun.
    pub(crate) fn stream(&mut self, ingress: usize, layer: u8) -> Option<&mut Binding> {
        let place = Place {
            ingress: u16::try_from(ingress).ok()?,
            layer,
            repair: false,
        };
        let mut streams = self.bindings.iter_mut();
        streams.find(|binding| binding.place == place && binding.reception.is_some())
    }
}

fn set_first(packet: &mut [u8], byte: u8) {
    if let Some(first) = packet.first_mut() {
        *first = byte;
    }
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: &[u8; N]) {
    if let Some(place) = bytes
        .get_mut(at..)
        .and_then(|rest| rest.first_chunk_mut::<N>())
    {
        *place = *value;
    }
}
