//! The VP8 payload descriptor (RFC 7741 section 4.2) and the fields that a rewriter patches in it.

use super::Peek;

/// The fields of a VP8 payload descriptor, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// Bytes of the descriptor.
    pub len: usize,
    /// The packet begins the first partition of a frame.
    pub frame_start: bool,
    /// No other frame needs this one.
    pub non_reference: bool,
    /// The picture id, 7 or 15 bits, and its offset.
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX and its offset.
    pub tl0: Option<(u8, usize)>,
    /// The temporal layer.
    pub temporal: u8,
    /// The frame depends on the base layer only.
    pub layer_sync: bool,
}

/// A picture id as it stands in a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    pub value: u16,
    /// 15 bits instead of 7.
    pub long: bool,
    /// Offset of its first byte.
    pub at: usize,
}

/// Reads the descriptor; `None` if the payload ends inside it.
#[inline]
pub fn parse(payload: &[u8]) -> Option<Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Descriptor {
        len: 1,
        frame_start: first & 0x10 != 0 && first & 0x07 == 0,
        non_reference: first & 0x20 != 0,
        ..Descriptor::default()
    };
    if first & 0x80 == 0 {
        return Some(descriptor);
    }
    let flags = *payload.get(1)?;
    let mut at = 2;
    if flags & 0x80 != 0 {
        let high = *payload.get(at)?;
        let long = high & 0x80 != 0;
        let value = if long {
            u16::from_be_bytes([high & 0x7f, *payload.get(at + 1)?])
        } else {
            u16::from(high)
        };
        descriptor.picture_id = Some(PictureId { value, long, at });
        at += if long { 2 } else { 1 };
    }
    if flags & 0x40 != 0 {
        descriptor.tl0 = Some((*payload.get(at)?, at));
        at += 1;
    }
    if flags & 0x30 != 0 {
        let byte = *payload.get(at)?;
        if flags & 0x20 != 0 {
            descriptor.temporal = byte >> 6;
            descriptor.layer_sync = byte & 0x20 != 0;
        }
        at += 1;
    }
    descriptor.len = at;
    Some(descriptor)
}

/// Overwrites the picture id in a copy of the descriptor, in the width that it has.
#[inline]
pub fn patch_picture_id(descriptor: &mut [u8], place: PictureId, value: u16) {
    if place.long {
        if let Some(bytes) = descriptor.get_mut(place.at..place.at + 2) {
            bytes.copy_from_slice(&(value | 0x8000).to_be_bytes());
        }
    } else if let Some(byte) = descriptor.get_mut(place.at) {
        *byte = value as u8 & 0x7f;
    }
}

/// Peeks at the payload descriptor and the payload header.
#[inline]
pub fn peek(payload: &[u8]) -> Peek {
    let Some(descriptor) = parse(payload) else {
        return Peek::default();
    };
    // RFC 7741 section 4.3: the lowest bit of the frame's first byte is 0 in a keyframe.
    let frame = payload.get(descriptor.len);
    Peek {
        keyframe: descriptor.frame_start && frame.is_some_and(|byte| byte & 1 == 0),
        frame_start: descriptor.frame_start,
        spatial: 0,
        temporal: descriptor.temporal,
        switch_up: descriptor.layer_sync || descriptor.temporal == 0,
        discardable: descriptor.non_reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_full_descriptor_and_patches_it() {
        // X, S=1, PID=0; I, L, T; 15-bit picture id 0x1234; TL0PICIDX 9; TID 2, Y; then a delta frame.
        let mut payload = vec![0x90, 0xe0, 0x92, 0x34, 9, 0b1010_0000, 0x01];
        let descriptor = parse(&payload).expect("whole");
        let id = descriptor.picture_id.expect("there");
        assert_eq!((id.value, id.long, id.at), (0x1234, true, 2));
        assert_eq!((descriptor.tl0, descriptor.temporal), (Some((9, 4)), 2));
        assert!(descriptor.layer_sync && descriptor.len == 6);
        let peek = peek(&payload);
        assert!(peek.frame_start && !peek.keyframe && peek.switch_up);
        patch_picture_id(&mut payload, id, 0x7fff);
        assert_eq!(
            parse(&payload)
                .and_then(|d| d.picture_id)
                .map(|id| id.value),
            Some(0x7fff)
        );
    }

    #[test]
    fn tells_keyframes() {
        assert!(peek(&[0x10, 0x00]).keyframe);
        assert!(!peek(&[0x10, 0x01]).keyframe, "a delta frame");
        assert!(!peek(&[0x00, 0x00]).keyframe, "not the start of a frame");
        assert!(!peek(&[0x10]).keyframe, "nothing behind the descriptor");
        assert_eq!(
            peek(&[0x90, 0x80, 0x80]),
            Peek::default(),
            "cut inside the picture id"
        );
    }
}
