//! The VP9 payload descriptor (RFC 9628 section 4.2).

use super::Peek;

/// The fields of a VP9 payload descriptor that a forwarder needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Descriptor {
    /// Bytes up to the layer indices and reference indices; the scalability structure is not counted.
    pub len: usize,
    /// The picture id, 7 or 15 bits.
    pub picture_id: Option<u16>,
    /// Inter-picture predicted: not a keyframe.
    pub predicted: bool,
    /// The stream is in flexible mode.
    pub flexible: bool,
    /// First packet of a frame of its spatial layer.
    pub start: bool,
    /// Last packet of a frame of its spatial layer.
    pub end: bool,
    /// A scalability structure follows.
    pub structure: bool,
    /// The frame is not needed by higher spatial layers.
    pub not_reference: bool,
    /// Layer indices, if the packet has them.
    pub layers: Option<Layers>,
}

/// The layer indices of a VP9 descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Layers {
    pub temporal: u8,
    /// A receiver may switch up to this temporal layer here.
    pub switch_up: bool,
    pub spatial: u8,
    /// Needs the lower spatial layer of the same picture.
    pub depends: bool,
}

/// The most reference indices in flexible mode.
const MAX_REFERENCES: usize = 3;

/// Reads the descriptor; `None` if the payload ends inside it.
#[inline]
pub fn parse(payload: &[u8]) -> Option<Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Descriptor {
        predicted: first & 0x40 != 0,
        flexible: first & 0x10 != 0,
        start: first & 0x08 != 0,
        end: first & 0x04 != 0,
        structure: first & 0x02 != 0,
        not_reference: first & 0x01 != 0,
        ..Descriptor::default()
    };
    let mut at = 1;
    if first & 0x80 != 0 {
        let high = *payload.get(at)?;
        at += 1;
        descriptor.picture_id = Some(if high & 0x80 == 0 {
            u16::from(high)
        } else {
            at += 1;
            u16::from_be_bytes([high & 0x7f, *payload.get(at - 1)?])
        });
    }
    if first & 0x20 != 0 {
        let byte = *payload.get(at)?;
        descriptor.layers = Some(Layers {
            temporal: byte >> 5,
            switch_up: byte & 0x10 != 0,
            spatial: byte >> 1 & 0x07,
            depends: byte & 0x01 != 0,
        });
        // TL0PICIDX is there only outside flexible mode.
        at += if descriptor.flexible { 1 } else { 2 };
    }
    if descriptor.flexible && descriptor.predicted {
        for number in 0..=MAX_REFERENCES {
            let more = *payload.get(at)? & 1 != 0;
            at += 1;
            if !more {
                break;
            }
            if number == MAX_REFERENCES - 1 {
                return None;
            }
        }
    }
    descriptor.len = at;
    (at <= payload.len()).then_some(descriptor)
}

/// Peeks at the payload descriptor.
#[inline]
pub fn peek(payload: &[u8]) -> Peek {
    let Some(descriptor) = parse(payload) else {
        return Peek::default();
    };
    let layers = descriptor.layers.unwrap_or_default();
    Peek {
        keyframe: descriptor.start && !descriptor.predicted && layers.spatial == 0,
        frame_start: descriptor.start,
        spatial: layers.spatial,
        temporal: layers.temporal,
        switch_up: layers.switch_up || layers.temporal == 0,
        discardable: descriptor.not_reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_layers_in_both_modes() {
        // I, P, L, B, E; 15-bit picture id; TID 1, U, SID 2, D; TL0PICIDX.
        let fixed = parse(&[0b1110_1100, 0x81, 0x02, 0b0011_0101, 7, 0]).expect("whole");
        let layers = fixed.layers.expect("there");
        assert_eq!((fixed.picture_id, fixed.len), (Some(0x0102), 5));
        assert_eq!((layers.temporal, layers.spatial), (1, 2));
        assert!(layers.switch_up && layers.depends);
        // I, P, L, F, B: two reference indices.
        let flexible = parse(&[0b1111_1000, 5, 0b0100_0010, 0b11, 0b10, 0]).expect("whole");
        assert_eq!(
            (flexible.len, flexible.layers.map(|l| l.spatial)),
            (5, Some(1))
        );
    }

    #[test]
    fn a_keyframe_begins_in_the_lowest_layer_without_prediction() {
        assert!(peek(&[0b0000_1000, 0]).keyframe);
        assert!(!peek(&[0b0100_1000, 0]).keyframe, "predicted");
        assert!(
            !peek(&[0b0010_1000, 0b0000_0010, 0, 0]).keyframe,
            "spatial layer 1"
        );
        assert_eq!(peek(&[0b1000_1000, 0x81]), Peek::default(), "cut");
        assert_eq!(
            parse(&[0b0101_1000, 1, 1, 1, 1]),
            None,
            "more than three references"
        );
    }
}
