//! H.264 payloads (RFC 6184): where a frame that stands alone begins.

use super::Peek;

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Peeks at the packet's NAL units. A frame starts where a parameter set, or the first slice of a picture,
/// begins. A keyframe starts at its SPS: a receiver that begins at an IDR slice alone cannot decode it, since
/// the server does not pass on parameter sets from a publisher's SDP.
#[inline]
pub fn peek(payload: &[u8]) -> Peek {
    let Some(first) = payload.first() else {
        return Peek::default();
    };
    let (keyframe, frame_start) = match first & 0x1f {
        STAP_A => (aggregated(payload, |kind| kind == SPS), true),
        FU_A => fragment(payload),
        kind => (kind == SPS, starts_picture(kind, payload.get(1))),
    };
    Peek {
        keyframe,
        frame_start,
        switch_up: true,
        discardable: first & 0x60 == 0,
        ..Peek::default()
    }
}

/// True if one of the units of a STAP-A is `wanted`. Stops where a length lies.
fn aggregated(payload: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    let mut rest = payload.get(1..).unwrap_or_default();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(unit) = tail.get(..length) else {
            return false;
        };
        if unit.first().is_some_and(|byte| wanted(byte & 0x1f)) {
            return true;
        }
        rest = tail.get(length..).unwrap_or_default();
    }
    false
}

/// Keyframe, frame start. Only the first fragment of a unit can begin anything.
fn fragment(payload: &[u8]) -> (bool, bool) {
    match payload.get(1) {
        Some(header) if header & 0x80 != 0 => {
            let kind = header & 0x1f;
            (kind == SPS, starts_picture(kind, payload.get(2)))
        }
        _ => (false, false),
    }
}

/// A slice begins a picture if its first_mb_in_slice is 0: Exp-Golomb, a leading 1 bit.
fn starts_picture(kind: u8, slice: Option<&u8>) -> bool {
    match kind {
        1 | IDR => slice.is_some_and(|byte| byte & 0x80 != 0),
        6..=9 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_keyframes_in_every_packetization() {
        assert!(
            !peek(&[0x65, 0x88]).keyframe,
            "an IDR slice whose parameter sets were lost"
        );
        assert!(peek(&[0x67, 0x42]).keyframe, "an SPS");
        assert!(!peek(&[0x41, 0x9a]).keyframe, "a P slice");
        assert!(
            peek(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]).keyframe,
            "STAP-A with an SPS"
        );
        assert!(
            !peek(&[0x78, 0, 1, 0x68, 0, 9, 0x65]).keyframe,
            "STAP-A whose length lies"
        );
        assert!(
            !peek(&[0x7c, 0x85, 0x88]).keyframe,
            "FU-A, first fragment of an IDR slice"
        );
        assert!(
            peek(&[0x7c, 0x87, 0x42]).keyframe,
            "FU-A, first fragment of an SPS"
        );
        assert!(
            !peek(&[0x7c, 0x05, 0x88]).keyframe,
            "FU-A, a later fragment"
        );
        assert_eq!(peek(&[]), Peek::default());
    }

    #[test]
    fn a_later_slice_of_a_picture_starts_no_frame() {
        assert!(peek(&[0x41, 0x9a]).frame_start);
        assert!(!peek(&[0x41, 0x4a]).frame_start);
    }
}
