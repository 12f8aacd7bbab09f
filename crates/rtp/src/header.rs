//! A view of one RTP packet (RFC 3550 section 5.1), checked once, then read and patched in place.

use std::ops::Range;

use thiserror::Error;

use crate::extension::{Extensions, Profile};

/// A packet whose own fields contradict its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Shorter than the fixed header or than its CSRC list.
    #[error("the packet ends inside its header")]
    Truncated,
    /// Not version 2.
    #[error("the version is not 2")]
    Version,
    /// The extension block says that it is longer than the packet.
    #[error("the extension block runs past the end of the packet")]
    Extension,
    /// The padding count is zero or more than there is.
    #[error("the padding is longer than the payload")]
    Padding,
    /// A length inside a payload or a control packet that is not true.
    #[error("a length inside the packet runs past its end")]
    Length,
}

const FIXED: usize = 12;

/// A packet that is known to be whole: every accessor is in bounds.
#[derive(Clone, Copy, Debug)]
pub struct RtpView<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

/// Where the parts of a packet are.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// First byte after the extension block's own four-byte header; 0 if there is no block.
    extension: u16,
    header: u16,
    padding: u8,
    profile: Profile,
}

impl Layout {
    #[inline]
    fn of(bytes: &[u8]) -> Result<Self, Malformed> {
        let fixed: &[u8; FIXED] = bytes.first_chunk().ok_or(Malformed::Truncated)?;
        if fixed[0] >> 6 != 2 {
            return Err(Malformed::Version);
        }
        let mut header = FIXED + usize::from(fixed[0] & 0x0f) * 4;
        let mut extension = 0;
        let mut profile = Profile::None;
        if fixed[0] & 0x10 != 0 {
            let rest = bytes.get(header..).ok_or(Malformed::Truncated)?;
            let block: &[u8; 4] = rest.first_chunk().ok_or(Malformed::Truncated)?;
            profile = Profile::of(u16::from_be_bytes([block[0], block[1]]));
            extension = header + 4;
            header = extension + usize::from(u16::from_be_bytes([block[2], block[3]])) * 4;
            if header > bytes.len() {
                return Err(Malformed::Extension);
            }
        } else if header > bytes.len() {
            return Err(Malformed::Truncated);
        }
        let padding = if fixed[0] & 0x20 != 0 {
            padding_of(bytes, header)?
        } else {
            0
        };
        let short = |position: usize| u16::try_from(position).map_err(|_| Malformed::Extension);
        Ok(Self {
            extension: short(extension)?,
            header: short(header)?,
            padding,
            profile,
        })
    }
}

fn padding_of(bytes: &[u8], header: usize) -> Result<u8, Malformed> {
    match bytes.last() {
        Some(&count) if count > 0 && usize::from(count) <= bytes.len() - header => Ok(count),
        _ => Err(Malformed::Padding),
    }
}

impl<'a> RtpView<'a> {
    /// Checks that the packet is what its header says.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self {
            bytes,
            layout: Layout::of(bytes)?,
        })
    }

    /// The whole packet.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The marker bit.
    #[inline]
    pub fn marker(&self) -> bool {
        self.byte(1) & 0x80 != 0
    }

    #[inline]
    pub fn payload_type(&self) -> u8 {
        self.byte(1) & 0x7f
    }

    /// The sequence number.
    #[inline]
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.byte(2), self.byte(3)])
    }

    /// The RTP time stamp.
    #[inline]
    pub fn timestamp(&self) -> u32 {
        self.word(4)
    }

    /// The synchronisation source.
    #[inline]
    pub fn ssrc(&self) -> u32 {
        self.word(8)
    }

    /// The contributing sources.
    pub fn csrcs(&self) -> impl Iterator<Item = u32> + 'a {
        let count = usize::from(self.byte(0) & 0x0f);
        let list = self.bytes.get(FIXED..FIXED + count * 4).unwrap_or_default();
        list.chunks_exact(4)
            .map(|word| word.iter().fold(0, |sum, b| sum << 8 | u32::from(*b)))
    }

    /// Length of the header with CSRCs and extension block: where the payload begins.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.layout.header)
    }

    /// Number of padding bytes at the end.
    pub fn padding_len(&self) -> usize {
        usize::from(self.layout.padding)
    }

    /// Where the payload lies in the packet, padding left out.
    #[inline]
    pub fn payload_range(&self) -> Range<usize> {
        self.header_len()..self.bytes.len() - usize::from(self.layout.padding)
    }

    /// The payload, padding left out.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(self.payload_range()).unwrap_or_default()
    }

    /// All header extensions (RFC 8285).
    #[inline]
    pub fn extensions(&self) -> Extensions<'a> {
        let block = usize::from(self.layout.extension)..usize::from(self.layout.header);
        let bytes = match self.layout.profile {
            Profile::None => &[],
            _ => self.bytes.get(block).unwrap_or_default(),
        };
        Extensions::new(self.layout.profile, bytes)
    }

    /// The data of the extension with this id.
    #[inline]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions()
            .find(|(found, _)| *found == id)
            .map(|(_, data)| data)
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        // `parse` has seen at least the fixed header.
        self.bytes.get(at).copied().unwrap_or_default()
    }

    #[inline]
    fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes([
            self.byte(at),
            self.byte(at + 1),
            self.byte(at + 2),
            self.byte(at + 3),
        ])
    }
}

/// A packet that can be patched in place. No patch changes a length.
#[derive(Debug)]
pub struct RtpViewMut<'a> {
    bytes: &'a mut [u8],
    layout: Layout,
}

impl<'a> RtpViewMut<'a> {
    /// Checks that the packet is what its header says.
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, Malformed> {
        let layout = Layout::of(bytes)?;
        Ok(Self { bytes, layout })
    }

    /// The packet, to read.
    pub fn view(&self) -> RtpView<'_> {
        RtpView {
            bytes: self.bytes,
            layout: self.layout,
        }
    }

    /// Sets the marker bit.
    pub fn set_marker(&mut self, marker: bool) {
        self.patch(1, |byte| byte & 0x7f | u8::from(marker) << 7);
    }

    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.patch(1, |byte| byte & 0x80 | payload_type & 0x7f);
    }

    /// Sets the sequence number.
    pub fn set_sequence(&mut self, sequence: u16) {
        self.write(2, &sequence.to_be_bytes());
    }

    /// Sets the time stamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.write(4, &timestamp.to_be_bytes());
    }

    /// Sets the synchronisation source.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.write(8, &ssrc.to_be_bytes());
    }

    /// Overwrites the data of an extension that the packet has, with data of the same length. False if
    /// there is no such extension or the length differs; then nothing is changed.
    pub fn set_extension(&mut self, id: u8, data: &[u8]) -> bool {
        let start = usize::from(self.layout.extension);
        let found = self
            .view()
            .extensions()
            .with_offsets()
            .find(|(found, _, _)| *found == id);
        match found {
            Some((_, offset, old)) if old.len() == data.len() => {
                self.write(start + offset, data);
                true
            }
            _ => false,
        }
    }

    fn patch(&mut self, at: usize, change: impl Fn(u8) -> u8) {
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte = change(*byte);
        }
    }

    fn write(&mut self, at: usize, data: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + data.len()) {
            place.copy_from_slice(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![
            first,
            0x80 | 111,
            0x12,
            0x34,
            0,
            0,
            0,
            9,
            0xde,
            0xad,
            0xbe,
            0xef,
        ];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn reads_every_field() {
        let bytes = packet(
            0xb1,
            &[
                0, 0, 0, 7, 0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0, 1, 2, 3, 0, 2,
            ],
        );
        let view = RtpView::parse(&bytes).expect("it is whole");
        assert!(view.marker());
        assert_eq!(view.payload_type(), 111);
        assert_eq!(
            (view.sequence(), view.timestamp(), view.ssrc()),
            (0x1234, 9, 0xdead_beef)
        );
        assert_eq!(view.csrcs().collect::<Vec<_>>(), [7]);
        assert_eq!(view.extension(1), Some(&[0xaa][..]));
        assert_eq!((view.payload(), view.padding_len()), (&[1, 2, 3][..], 2));
    }

    #[test]
    fn refuses_what_contradicts_itself() {
        let cases: [(&str, Vec<u8>, Malformed); 7] = [
            ("empty", vec![], Malformed::Truncated),
            (
                "eleven bytes",
                packet(0x80, &[])[..11].to_vec(),
                Malformed::Truncated,
            ),
            ("version 1", packet(0x40, &[]), Malformed::Version),
            (
                "15 CSRCs, none there",
                packet(0x8f, &[]),
                Malformed::Truncated,
            ),
            (
                "extension too long",
                packet(0x90, &[0xbe, 0xde, 0, 2, 0, 0, 0, 0]),
                Malformed::Extension,
            ),
            ("padding of zero", packet(0xa0, &[0]), Malformed::Padding),
            (
                "padding into the header",
                packet(0xa0, &[9, 9]),
                Malformed::Padding,
            ),
        ];
        for (name, bytes, error) in cases {
            assert_eq!(RtpView::parse(&bytes).err(), Some(error), "{name}");
        }
    }

    #[test]
    fn patches_in_place_and_nothing_else() {
        let mut bytes = packet(0x90, &[0xbe, 0xde, 0, 1, 0x11, 1, 2, 0, 42]);
        let mut view = RtpViewMut::parse(&mut bytes).expect("it is whole");
        view.set_marker(false);
        view.set_payload_type(96);
        view.set_sequence(u16::MAX);
        view.set_timestamp(1);
        view.set_ssrc(2);
        assert!(view.set_extension(1, &[8, 9]));
        assert!(!view.set_extension(1, &[8]), "another length");
        assert!(!view.set_extension(2, &[8, 9]), "not there");
        let expected: [u8; 21] = [
            0x90, 96, 255, 255, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 0x11, 8, 9, 0, 42,
        ];
        assert_eq!(bytes, expected);
    }
}
