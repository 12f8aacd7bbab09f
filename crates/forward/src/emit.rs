//! Hands packets out: composes header and prefix, and counts.

use sideroom_route::TrackId;
use sideroom_rtp::Codec;

use crate::egress::{Egress, Outgoing, PacketKind};
use crate::header::{Composer, Fields};
use crate::history::Shift;
use crate::packet::{Descriptor, IncomingPacket, RedForm};
use crate::slot::Slot;

/// The most padding that one packet can have, its own count in the last byte (RFC 3550 section 5.1).
const PADDING: [u8; 255] = {
    let mut padding = [0; 255];
    padding[254] = 255;
    padding
};

/// A source's packet as it leaves in one slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourcePacket<'a, 'b> {
    pub(crate) track: TrackId,
    pub(crate) arrived: &'b IncomingPacket<'a>,
    pub(crate) number: u64,
    pub(crate) shift: Shift,
    pub(crate) marker: bool,
}

/// A packet that comes from no source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GeneratedPacket<'a> {
    pub(crate) fields: Fields,
    pub(crate) kind: PacketKind,
    pub(crate) payload: &'a [u8],
}

impl<'a> GeneratedPacket<'a> {
    const fn padding(fields: Fields, payload: &'a [u8]) -> Self {
        Self {
            fields,
            kind: PacketKind::Padding,
            payload,
        }
    }
}

impl Composer {
    /// Sends a source's packet.
    #[inline]
    pub(crate) fn send<E: Egress>(
        &mut self,
        slot: &mut Slot,
        leaving: &SourcePacket<'_, '_>,
        out: &mut E,
    ) {
        let SourcePacket {
            track,
            arrived,
            number,
            shift,
            marker,
        } = *leaving;
        let Some((payload_type, codec)) = slot.payload_type(arrived) else {
            return;
        };
        let fields = Fields {
            marker,
            padding: false,
            payload_type,
            number,
            timestamp: arrived.timestamp.wrapping_add(shift.timestamp),
            ssrc: slot.ssrc,
        };
        self.write_header(&slot.template, &fields, shift, Some(arrived));
        let payload = self.write_payload(slot, codec, shift, arrived);
        slot.counts.packets += 1;
        slot.counts.octets += (self.prefix().len() + payload.len()) as u64;
        out.send(
            slot.subscriber,
            Outgoing {
                header: self.header(),
                prefix: self.prefix(),
                payload,
                extended_sequence: number,
                ssrc: slot.ssrc,
                kind: PacketKind::Media,
                media: slot.id.media,
                slot: slot.id,
                track: Some(track),
                marker,
                keyframe: arrived.peek.keyframe,
                transport_cc_at: self.transport_cc_at(),
                abs_send_time_at: self.abs_send_time_at(),
            },
        );
    }

    /// Patches the payload's descriptor, and returns the rest of the payload.
    #[inline]
    fn write_payload<'a>(
        &mut self,
        slot: &Slot,
        codec: Codec,
        shift: Shift,
        arrived: &IncomingPacket<'a>,
    ) -> &'a [u8] {
        match &arrived.descriptor {
            Descriptor::Plain
            | Descriptor::Vp9 { .. }
            | Descriptor::Dependency { .. }
            | Descriptor::OpaqueRed => arrived.payload,
            // It resembles RED only by chance: the publisher encrypts.
            Descriptor::Red { .. } if arrived.red == RedForm::Opaque => arrived.payload,
            Descriptor::Red { primary, .. } if codec == Codec::Opus => {
                arrived.payload.get(primary.clone()).unwrap_or_default()
            }
            Descriptor::Red { .. } | Descriptor::Vp8(_) => {
                let done = self.write_prefix(&slot.types, shift, arrived);
                arrived.payload.get(done..).unwrap_or_default()
            }
        }
    }

    /// Sends a retransmission (RFC 4588) of a packet that was, or was to be, sent under `number`.
    pub(crate) fn resend<E: Egress>(
        &mut self,
        slot: &mut Slot,
        leaving: &SourcePacket<'_, '_>,
        out: &mut E,
    ) -> bool {
        let SourcePacket {
            track,
            arrived,
            number: original,
            shift,
            marker,
        } = *leaving;
        let Some((_, codec)) = slot.payload_type(arrived) else {
            return false;
        };
        let (Some(ssrc), Some(payload_type)) = (slot.rtx_ssrc, slot.types.rtx_of(codec)) else {
            return false;
        };
        let number = slot.next_rtx;
        let fields = Fields {
            marker,
            padding: false,
            payload_type,
            number,
            timestamp: arrived.timestamp.wrapping_add(shift.timestamp),
            ssrc,
        };
        self.write_header(&slot.template, &fields, shift, Some(arrived));
        self.begin_rtx(original as u16);
        let payload = self.write_payload(slot, codec, shift, arrived);
        slot.next_rtx += 1;
        slot.counts.resent += 1;
        out.send(
            slot.subscriber,
            Outgoing {
                header: self.header(),
                prefix: self.prefix(),
                payload,
                extended_sequence: number,
                ssrc,
                kind: PacketKind::Rtx,
                media: slot.id.media,
                slot: slot.id,
                track: Some(track),
                marker,
                keyframe: arrived.peek.keyframe,
                transport_cc_at: self.transport_cc_at(),
                abs_send_time_at: self.abs_send_time_at(),
            },
        );
        true
    }

    /// Sends a packet without payload in the place of one that is left out.
    pub(crate) fn fill<E: Egress>(
        &mut self,
        slot: &mut Slot,
        arrived: &IncomingPacket<'_>,
        number: u64,
        out: &mut E,
    ) {
        let Some((payload_type, _)) = slot.payload_type(arrived) else {
            return;
        };
        let shift = slot.rewriter.shift();
        let fields = Fields {
            marker: false,
            padding: true,
            payload_type,
            number,
            timestamp: arrived.timestamp.wrapping_add(shift.timestamp),
            ssrc: slot.ssrc,
        };
        slot.counts.packets += 1;
        slot.counts.padding += 1;
        self.send_own(slot, &GeneratedPacket::padding(fields, &[1]), out);
    }

    /// Sends a probe on the slot's RTX stream: as much padding as one packet holds. Its length.
    pub(crate) fn probe<E: Egress>(
        &mut self,
        slot: &mut Slot,
        timestamp: u32,
        out: &mut E,
    ) -> Option<usize> {
        let fields = Fields {
            marker: false,
            padding: true,
            payload_type: slot.types.any_rtx()?,
            number: slot.next_rtx,
            timestamp,
            ssrc: slot.rtx_ssrc?,
        };
        slot.next_rtx += 1;
        slot.counts.padding += 1;
        self.send_own(slot, &GeneratedPacket::padding(fields, &PADDING), out);
        Some(self.header().len() + PADDING.len())
    }

    /// Sends a packet that comes from no source.
    pub(crate) fn send_own<E: Egress>(
        &mut self,
        slot: &Slot,
        own: &GeneratedPacket<'_>,
        out: &mut E,
    ) {
        self.write_header(&slot.template, &own.fields, Shift::default(), None);
        out.send(
            slot.subscriber,
            Outgoing {
                header: self.header(),
                prefix: self.prefix(),
                payload: own.payload,
                extended_sequence: own.fields.number,
                ssrc: own.fields.ssrc,
                kind: own.kind,
                media: slot.id.media,
                slot: slot.id,
                track: None,
                marker: false,
                keyframe: false,
                transport_cc_at: self.transport_cc_at(),
                abs_send_time_at: self.abs_send_time_at(),
            },
        );
    }
}
