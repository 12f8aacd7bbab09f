//! Restores the original packet from a retransmission stream (RFC 4588).

use std::ops::Range;

use sideroom_rtp::{RtpView, RtpViewMut};

/// The payload of a retransmission begins with the sequence number of the original packet.
const ORIGINAL_SEQUENCE: usize = 2;

/// True if a packet repeats nothing: clients probe the path with such.
pub(crate) fn is_padding(packet: &[u8]) -> bool {
    RtpView::parse(packet).is_ok_and(|view| view.payload().len() <= ORIGINAL_SEQUENCE)
}

/// Turns `packet` into the packet that was lost: header and payload of `ssrc`, in place. Returns its new
/// range, or `None` if it repeats nothing.
pub(crate) fn restore(packet: &mut [u8], payload_type: u8, ssrc: u32) -> Option<Range<usize>> {
    let view = RtpView::parse(packet).ok()?;
    let header = view.header_len();
    let payload = view.payload();
    let sequence = u16::from_be_bytes(*payload.first_chunk()?);
    if payload.len() == ORIGINAL_SEQUENCE {
        return None;
    }
    // The header moves up to the payload, over the number that was between them.
    packet.copy_within(..header, ORIGINAL_SEQUENCE);
    let range = ORIGINAL_SEQUENCE..packet.len();
    let mut restored = RtpViewMut::parse(packet.get_mut(range.clone())?).ok()?;
    restored.set_sequence(sequence);
    restored.set_payload_type(payload_type);
    restored.set_ssrc(ssrc);
    Some(range)
}

#[cfg(test)]
mod tests {
    use sideroom_rtp::{Header, HeaderWriter};

    use super::*;

    fn packet(header: &Header, payload: &[u8]) -> Vec<u8> {
        let mut writer = HeaderWriter::new();
        writer.begin(header, false);
        assert!(writer.extension(3, b"video"));
        writer.finish();
        [writer.bytes(), payload].concat()
    }

    #[test]
    fn a_retransmission_becomes_what_it_repeats() {
        let original = Header {
            marker: true,
            payload_type: 96,
            sequence: 0xfffe,
            timestamp: 77,
            ssrc: 1,
        };
        let repeated = Header {
            payload_type: 97,
            sequence: 3,
            ssrc: 2,
            ..original
        };
        let mut sent = packet(&repeated, &[0xff, 0xfe, 10, 11, 12]);
        let range = restore(&mut sent, 96, 1).expect("it repeats something");
        assert_eq!(sent[range], packet(&original, &[10, 11, 12]));
    }

    #[test]
    fn padding_repeats_nothing() {
        let header = Header {
            payload_type: 97,
            ..Header::default()
        };
        for payload in [&[][..], &[1], &[1, 2]] {
            let mut padding = packet(&header, payload);
            assert!(is_padding(&padding));
            assert_eq!(restore(&mut padding, 96, 1), None);
        }
        assert_eq!(restore(&mut [0x80, 97, 0], 96, 1), None);
    }
}
