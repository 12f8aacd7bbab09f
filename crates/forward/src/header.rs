//! Composes an outgoing packet up to the payload: the RTP header with extensions, and the patched beginning of the
//! payload.

use sideroom_rtp::codec::vp8;
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap, Header, HeaderWriter, MAX_HEADER};

use crate::config::{Mid, PayloadTypes};
use crate::history::Shift;
use crate::packet::{Descriptor, IncomingPacket, PASSED, kind_of};

/// The fixed header, the extension block's own header, a MID, and both sending-time extensions.
const TEMPLATE: usize = 64;
const FIXED: usize = 12;
const BLOCK: usize = 16;
/// RTX's original number and the longest descriptor that is patched.
const MAX_PREFIX: usize = 48;

/// Everything in a slot's header that is the same in every packet.
#[derive(Debug)]
pub(crate) struct HeaderTemplate {
    bytes: [u8; TEMPLATE],
    /// Where further extension elements go.
    open: u8,
    /// Length if there are none.
    len: u8,
    transport_cc_at: u8,
    abs_send_time_at: u8,
    /// Ids of [`PASSED`] on the subscriber's transport; 0 for none.
    passed: [u8; PASSED.len()],
    /// The template itself is of the two-byte form, or does not fit: headers are written piece by piece.
    piecemeal: bool,
    wide: bool,
    mid: Mid,
    extensions: ExtensionMap,
}

/// The fields that differ from packet to packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) marker: bool,
    pub(crate) padding: bool,
    pub(crate) payload_type: u8,
    /// The extended number; its lower half is the sequence number.
    pub(crate) number: u64,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl HeaderTemplate {
    pub(crate) fn new(mid: Mid, extensions: ExtensionMap) -> Self {
        let mut passed = [0; PASSED.len()];
        for (place, kind) in passed.iter_mut().zip(PASSED) {
            *place = extensions.id(kind).unwrap_or_default();
        }
        let mut template = Self {
            bytes: [0; TEMPLATE],
            open: FIXED as u8,
            len: FIXED as u8,
            transport_cc_at: 0,
            abs_send_time_at: 0,
            passed,
            piecemeal: false,
            wide: extensions.needs_two_bytes(),
            mid,
            extensions,
        };
        let mut writer = HeaderWriter::new();
        template.write(&mut writer, &Header::default(), template.wide, None);
        let open = writer.bytes().len();
        writer.finish();
        let written = writer.bytes();
        let place = template.bytes.get_mut(..written.len());
        // Room for a pass-through element or two must be left, or a template is of no use.
        if let Some(place) = place
            && !template.wide
        {
            place.copy_from_slice(written);
            template.open = open as u8;
            template.len = written.len() as u8;
            template.transport_cc_at = writer.transport_cc_at().unwrap_or_default() as u8;
            template.abs_send_time_at = writer.abs_send_time_at().unwrap_or_default() as u8;
        } else {
            template.piecemeal = true;
        }
        template
    }

    /// Begins a header with everything that goes in, and leaves it open.
    fn write(
        &self,
        writer: &mut HeaderWriter,
        header: &Header,
        wide: bool,
        arrived: Option<&IncomingPacket<'_>>,
    ) {
        writer.begin(header, wide);
        if let Some(id) = self.extensions.id(ExtensionKind::Mid)
            && !self.mid.as_bytes().is_empty()
        {
            writer.extension(id, self.mid.as_bytes());
        }
        writer.sending_time_extensions(&self.extensions);
        let Some(arrived) = arrived else {
            return;
        };
        for passing in arrived.passing() {
            let id = kind_of(passing.which).and_then(|kind| self.extensions.id(kind));
            if let Some(id) = id {
                writer.extension(id, passing.data(arrived.bytes));
            }
        }
    }
}

/// Where headers are composed; one for all slots.
#[derive(Debug)]
pub(crate) struct Composer {
    header: [u8; MAX_HEADER],
    header_len: usize,
    prefix: [u8; MAX_PREFIX],
    prefix_len: usize,
    /// As in a template: 0 for none. Small, so that reading back the bytes just written is quick.
    transport_cc_at: u8,
    abs_send_time_at: u8,
    writer: HeaderWriter,
}

impl Composer {
    pub(crate) const fn new() -> Self {
        Self {
            header: [0; MAX_HEADER],
            header_len: 0,
            prefix: [0; MAX_PREFIX],
            prefix_len: 0,
            transport_cc_at: 0,
            abs_send_time_at: 0,
            writer: HeaderWriter::new(),
        }
    }

    #[inline]
    pub(crate) fn header(&self) -> &[u8] {
        self.header.get(..self.header_len).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn prefix(&self) -> &[u8] {
        self.prefix.get(..self.prefix_len).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn transport_cc_at(&self) -> Option<usize> {
        offset(self.transport_cc_at)
    }

    #[inline]
    pub(crate) fn abs_send_time_at(&self) -> Option<usize> {
        offset(self.abs_send_time_at)
    }

    /// A header, with the extensions that pass from `arrived`.
    #[inline]
    pub(crate) fn write_header(
        &mut self,
        template: &HeaderTemplate,
        fields: &Fields,
        shift: Shift,
        arrived: Option<&IncomingPacket<'_>>,
    ) {
        self.prefix_len = 0;
        self.header_len = usize::from(template.len);
        self.transport_cc_at = template.transport_cc_at;
        self.abs_send_time_at = template.abs_send_time_at;
        if let Some(place) = self.header.first_chunk_mut() {
            *place = template.bytes;
        }
        let passing = arrived.map(IncomingPacket::passing).unwrap_or_default();
        if template.piecemeal {
            self.write_piecemeal(template, shift, arrived, template.wide);
        } else if !passing.is_empty()
            && let Some(arrived) = arrived
            && !self.append(template, shift, arrived)
        {
            self.write_piecemeal(template, shift, Some(arrived), true);
        }
        let fixed: Option<&mut [u8; FIXED]> = self.header.first_chunk_mut();
        if let Some(fixed) = fixed {
            fixed[0] |= u8::from(fields.padding) << 5;
            fixed[1] = u8::from(fields.marker) << 7 | fields.payload_type & 0x7f;
            fixed[2..4].copy_from_slice(&(fields.number as u16).to_be_bytes());
            fixed[4..8].copy_from_slice(&fields.timestamp.to_be_bytes());
            fixed[8..12].copy_from_slice(&fields.ssrc.to_be_bytes());
        }
    }

    /// Appends the extensions that pass through behind the template, in the one-byte form. False if they
    /// don't fit.
    #[inline]
    fn append(
        &mut self,
        template: &HeaderTemplate,
        shift: Shift,
        arrived: &IncomingPacket<'_>,
    ) -> bool {
        let mut at = usize::from(template.open).max(BLOCK);
        for passing in arrived.passing() {
            let id = template.passed.get(usize::from(passing.which));
            let id = id.copied().unwrap_or_default();
            let data = passing.data(arrived.bytes);
            if id == 0 || data.is_empty() {
                continue;
            }
            let end = at + 1 + data.len();
            if id > 14 || data.len() > 16 || end > MAX_HEADER - 4 {
                return false;
            }
            if let Some([head, body @ ..]) = self.header.get_mut(at..end) {
                *head = id << 4 | (data.len() - 1) as u8;
                body.copy_from_slice(data);
                patch_dependency(passing.which, body, shift);
            }
            at = end;
        }
        if at == BLOCK {
            return true;
        }
        let end = at.next_multiple_of(4);
        if let Some(padding) = self.header.get_mut(at..end) {
            padding.fill(0);
        }
        self.header[0] |= 0x10;
        let words = ((end - BLOCK) / 4) as u8;
        self.header[FIXED..BLOCK].copy_from_slice(&[0xbe, 0xde, 0, words]);
        self.header_len = end;
        true
    }

    #[cold]
    fn write_piecemeal(
        &mut self,
        template: &HeaderTemplate,
        shift: Shift,
        arrived: Option<&IncomingPacket<'_>>,
        wide: bool,
    ) {
        template.write(&mut self.writer, &Header::default(), wide, arrived);
        self.writer.finish();
        let written = self.writer.bytes();
        if let Some(place) = self.header.get_mut(..written.len()) {
            place.copy_from_slice(written);
        }
        self.header_len = written.len();
        self.transport_cc_at = self.writer.transport_cc_at().unwrap_or_default() as u8;
        self.abs_send_time_at = self.writer.abs_send_time_at().unwrap_or_default() as u8;
        let dependency = arrived.and_then(IncomingPacket::dependency);
        let kind = ExtensionKind::DependencyDescriptor;
        if let (Some(_), Some(id)) = (dependency, template.extensions.id(kind))
            && let Some(header) = self.header.get_mut(..self.header_len)
            && let Ok(mut view) = sideroom_rtp::RtpViewMut::parse(header)
        {
            let mut data = [0; 255];
            let len = copy_extension(&view.view(), id, &mut data);
            let data = data.get_mut(..len).unwrap_or_default();
            patch_dependency(1, data, shift);
            view.set_extension(id, data);
        }
    }

    /// The beginning of the payload, patched; tells how many bytes of the payload it stands for.
    #[inline]
    pub(crate) fn write_prefix(
        &mut self,
        types: &PayloadTypes,
        shift: Shift,
        arrived: &IncomingPacket<'_>,
    ) -> usize {
        match &arrived.descriptor {
            Descriptor::Vp8(descriptor) if shift.picture != 0 || shift.tl0 != 0 => {
                let Some(copy) = self.copy_prefix(arrived.payload, descriptor.len) else {
                    return 0;
                };
                if let Some(place) = descriptor.picture_id {
                    vp8::patch_picture_id(copy, place, place.value.wrapping_add(shift.picture));
                }
                if let Some((tl0, at)) = descriptor.tl0
                    && let Some(byte) = copy.get_mut(at)
                {
                    *byte = tl0.wrapping_add(shift.tl0);
                }
                descriptor.len
            }
            Descriptor::Red { blocks, .. } => {
                let Some(opus) = types
                    .of(Codec::Opus)
                    .filter(|_| types.of(Codec::Red).is_some())
                else {
                    return 0;
                };
                if arrived.opus == Some(opus) {
                    return 0;
                }
                let Some(copy) = self.copy_prefix(arrived.payload, *blocks) else {
                    return 0;
                };
                for first in copy.iter_mut().step_by(4) {
                    *first = *first & 0x80 | opus;
                }
                *blocks
            }
            _ => 0,
        }
    }

    /// RTX's payload begins with the number that the packet had (RFC 4588 section 4).
    pub(crate) fn begin_rtx(&mut self, original: u16) {
        if let Some(place) = self.prefix.first_chunk_mut() {
            *place = original.to_be_bytes();
        }
        self.prefix_len = 2;
    }

    fn copy_prefix(&mut self, payload: &[u8], len: usize) -> Option<&mut [u8]> {
        let from = self.prefix_len;
        let place = self.prefix.get_mut(from..from + len)?;
        place.copy_from_slice(payload.get(..len)?);
        self.prefix_len = from + len;
        self.prefix.get_mut(from..from + len)
    }
}

#[inline]
fn offset(at: u8) -> Option<usize> {
    (at != 0).then_some(usize::from(at))
}

/// The frame number stands behind the first byte (AOMedia RTP specification, appendix A).
#[inline]
fn patch_dependency(which: u8, data: &mut [u8], shift: Shift) {
    if kind_of(which) == Some(ExtensionKind::DependencyDescriptor)
        && let Some([_, high, low]) = data.first_chunk_mut::<3>()
    {
        let number = u16::from_be_bytes([*high, *low]).wrapping_add(shift.picture);
        [*high, *low] = number.to_be_bytes();
    }
}

fn copy_extension(view: &sideroom_rtp::RtpView<'_>, id: u8, place: &mut [u8]) -> usize {
    let data = view.extension(id).unwrap_or_default();
    match place.get_mut(..data.len()) {
        Some(place) => {
            place.copy_from_slice(data);
            data.len()
        }
        None => 0,
    }
}
