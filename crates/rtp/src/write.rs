//! Writes a complete RTP header with its extension block, without allocating.

use crate::extension::{ExtensionKind, ExtensionMap};

/// The longest header that is ever written, with room for a patched payload descriptor behind it.
pub const MAX_HEADER: usize = 256;

/// The fixed part of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Header {
    /// The marker bit.
    pub marker: bool,
    pub payload_type: u8,
    /// The sequence number.
    pub sequence: u16,
    /// The time stamp.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// A header that is being written. Extensions that don't fit are left out, never cut.
#[derive(Clone, Debug)]
pub struct HeaderWriter {
    bytes: [u8; MAX_HEADER],
    len: usize,
    /// Two-byte form of the extension block.
    wide: bool,
    transport_cc_at: Option<u16>,
    abs_send_time_at: Option<u16>,
}

const FIXED: usize = 12;
const BLOCK: usize = FIXED + 4;
/// Behind the header there is room for a codec's payload descriptor.
const MAX_DESCRIPTOR: usize = 32;

impl Default for HeaderWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl HeaderWriter {
    /// An empty writer; one can be used again and again.
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_HEADER],
            len: 0,
            wide: false,
            transport_cc_at: None,
            abs_send_time_at: None,
        }
    }

    /// Begins a header. Extensions come next, then [`finish`](Self::finish).
    #[inline]
    pub fn begin(&mut self, header: &Header, wide: bool) {
        let fixed = &mut self.bytes;
        fixed[0] = 0x80;
        fixed[1] = u8::from(header.marker) << 7 | header.payload_type & 0x7f;
        fixed[2..4].copy_from_slice(&header.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
        fixed[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
        self.len = BLOCK;
        self.wide = wide;
        self.transport_cc_at = None;
        self.abs_send_time_at = None;
    }

    /// Adds an extension. False if it does not fit in the block's form or in the header.
    #[inline]
    pub fn extension(&mut self, id: u8, data: &[u8]) -> bool {
        let (header, fits) = if self.wide {
            (2, data.len() <= 255)
        } else {
            (1, (1..=16).contains(&data.len()) && (1..=14).contains(&id))
        };
        let end = self.len + header + data.len();
        if !fits || end > MAX_HEADER - MAX_DESCRIPTOR - 3 {
            return false;
        }
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            let (head, body) = place.split_at_mut(header);
            match head {
                [one] => *one = id << 4 | (data.len() - 1) as u8,
                [first, second] => (*first, *second) = (id, data.len() as u8),
                _ => {}
            }
            body.copy_from_slice(data);
        }
        self.len = end;
        true
    }

    /// Adds the extensions whose value only the sealer knows, zeroed, and remembers their offsets.
    #[inline]
    pub fn sending_time_extensions(&mut self, map: &ExtensionMap) {
        if let Some(id) = map.id(ExtensionKind::TransportCc)
            && self.extension(id, &[0, 0])
        {
            self.transport_cc_at = Some(self.len as u16 - 2);
        }
        if let Some(id) = map.id(ExtensionKind::AbsSendTime)
            && self.extension(id, &[0, 0, 0])
        {
            self.abs_send_time_at = Some(self.len as u16 - 3);
        }
    }

    /// Closes the extension block.
    #[inline]
    pub fn finish(&mut self) {
        if self.len == BLOCK {
            self.len = FIXED;
            return;
        }
        let end = self.len.next_multiple_of(4);
        if let Some(padding) = self.bytes.get_mut(self.len..end) {
            padding.fill(0);
        }
        self.len = end;
        let words = ((self.len - BLOCK) / 4) as u16;
        let profile: u16 = if self.wide { 0x1000 } else { 0xbede };
        self.bytes[0] |= 0x10;
        self.bytes[FIXED..FIXED + 2].copy_from_slice(&profile.to_be_bytes());
        self.bytes[FIXED + 2..BLOCK].copy_from_slice(&words.to_be_bytes());
    }

    /// The header as written so far.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Offset of the two bytes of transport-cc.
    pub fn transport_cc_at(&self) -> Option<usize> {
        self.transport_cc_at.map(usize::from)
    }

    /// Offset of the three bytes of abs-send-time.
    pub fn abs_send_time_at(&self) -> Option<usize> {
        self.abs_send_time_at.map(usize::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::RtpView;

    proptest! {
        /// A header reads back as it was written.
        #[test]
        fn what_is_written_is_read_back(
            marker: bool, payload_type in 0_u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            wide: bool,
            extensions in prop::collection::vec((1_u8..15, prop::collection::vec(any::<u8>(), 1..16)), 0..6),
        ) {
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let mut writer = HeaderWriter::new();
            writer.begin(&header, wide);
            for (id, data) in &extensions {
                prop_assert!(writer.extension(*id, data));
            }
            let mut map = ExtensionMap::new();
            map.set(ExtensionKind::TransportCc, 3);
            writer.sending_time_extensions(&map);
            writer.finish();
            let mut bytes = writer.bytes().to_vec();
            let at = writer.transport_cc_at().unwrap();
            bytes[at..at + 2].copy_from_slice(&[0xab, 0xcd]);
            let view = RtpView::parse(&bytes).unwrap();
            let read = Header {
                marker: view.marker(),
                payload_type: view.payload_type(),
                sequence: view.sequence(),
                timestamp: view.timestamp(),
                ssrc: view.ssrc(),
            };
            prop_assert_eq!(read, header);
            let mut expected: Vec<_> = extensions;
            expected.push((3, vec![0xab, 0xcd]));
            let found: Vec<_> = view.extensions().map(|(id, data)| (id, data.to_vec())).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(view.payload().is_empty());
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut writer = HeaderWriter::new();
        writer.begin(&Header::default(), false);
        assert!(
            !writer.extension(1, &[0; 17]),
            "too long for the one-byte form"
        );
        assert!(
            !writer.extension(16, &[0]),
            "no such id in the one-byte form"
        );
        writer.finish();
        assert_eq!(writer.bytes().len(), FIXED);
    }
}
