//! Opus silence (RFC 7587) and redundant audio around it (RFC 2198).

/// True for a packet that discontinuous transmission sends instead of silence: a table of contents and
/// at most one byte more (RFC 6716 section 2.1.9).
#[inline]
pub const fn is_dtx(payload: &[u8]) -> bool {
    payload.len() <= 2
}

/// Where the primary encoding lies in a RED payload; `None` if a length lies.
#[inline]
pub fn red_primary(payload: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let mut at = 0;
    let mut redundant = 0;
    loop {
        let first = *payload.get(at)?;
        if first & 0x80 == 0 {
            let start = at + 1 + redundant;
            return (start <= payload.len()).then_some((first & 0x7f, start..payload.len()));
        }
        // Payload type, 14 bits of time stamp offset, 10 bits of length.
        let length = u16::from_be_bytes([*payload.get(at + 2)?, *payload.get(at + 3)?]);
        redundant += usize::from(length & 0x03ff);
        at += 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_primary_behind_its_redundancy() {
        let packet = [
            0x80 | 111,
            0x0f,
            0x00,
            0x02,
            111,
            0xaa,
            0xab,
            0xba,
            0xbb,
            0xbc,
        ];
        assert_eq!(red_primary(&packet), Some((111, 7..10)));
        assert_eq!(red_primary(&[111, 1]), Some((111, 1..2)), "no redundancy");
        assert_eq!(
            red_primary(&[0x80 | 111, 0, 3, 0xff, 111, 1]),
            None,
            "longer than the packet"
        );
        assert_eq!(
            red_primary(&[0xff, 0xff]),
            None,
            "cut inside a block header"
        );
    }

    #[test]
    fn silence_is_short() {
        assert!(is_dtx(&[0x78]) && is_dtx(&[]) && !is_dtx(&[0x78, 1, 2]));
    }
}
