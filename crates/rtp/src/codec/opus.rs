//! Opus silence (RFC 7587) and redundant audio around it (RFC 2198).

use std::ops::Range;

/// True for a packet that discontinuous transmission sends instead of silence: a table of contents and
/// at most one byte more (RFC 6716 section 2.1.9).
#[inline]
pub const fn is_dtx(payload: &[u8]) -> bool {
    payload.len() <= 2
}

/// The parts of a RED payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedParts {
    /// Length of the block headers: four bytes each, one for the primary (RFC 2198 section 3).
    pub headers: usize,
    /// Where the primary encoding lies.
    pub primary: Range<usize>,
}

/// Reads the block headers of a RED payload. `None` if a block is of another payload type than `inner`,
/// or a length is more than there is.
#[inline]
pub fn read_red(payload: &[u8], inner: Option<u8>) -> Option<RedParts> {
    let mut at = 0;
    let mut redundant = 0;
    loop {
        let first = *payload.get(at)?;
        if inner.is_some_and(|inner| inner != first & 0x7f) {
            return None;
        }
        if first & 0x80 == 0 {
            let headers = at + 1;
            let start = headers + redundant;
            return (start <= payload.len()).then_some(RedParts {
                headers,
                primary: start..payload.len(),
            });
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
        let parts = |headers, primary| Some(RedParts { headers, primary });
        assert_eq!(read_red(&packet, Some(111)), parts(5, 7..10));
        assert_eq!(read_red(&packet, None), parts(5, 7..10));
        assert_eq!(read_red(&packet, Some(109)), None, "not what was agreed");
        assert_eq!(
            read_red(&[111, 1], Some(111)),
            parts(1, 1..2),
            "no redundancy"
        );
        assert_eq!(
            read_red(&[0x80 | 111, 0, 3, 0xff, 111, 1], Some(111)),
            None,
            "longer than the packet"
        );
        assert_eq!(
            read_red(&[0xff, 0xff], None),
            None,
            "cut inside a block header"
        );
    }

    #[test]
    fn silence_is_short() {
        assert!(is_dtx(&[0x78]) && is_dtx(&[]) && !is_dtx(&[0x78, 1, 2]));
    }
}
