//! Whether a datagram can be DTLS at all: a cheap look before any engine sees it.

const HEADER: usize = 13;
/// Change cipher spec, alert, handshake, application data, heartbeat, connection id, ACK.
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=26;
/// The first byte of a DTLS 1.3 ciphertext (RFC 9147 section 4): `001` and flags.
const UNIFIED: std::ops::RangeInclusive<u8> = 0b0010_0000..=0b0011_1111;

/// True if the datagram is whole records, one after the other. The first ciphertext with the short header
/// of DTLS 1.3 ends the look: what follows may lie inside it.
pub(super) fn is_whole(datagram: &[u8]) -> bool {
    let mut rest = datagram;
    while let Some(first) = rest.first() {
        if UNIFIED.contains(first) {
            return rest.len() > 4;
        }
        let Some(&[_, major, _, .., l0, l1]) = rest.first_chunk::<HEADER>() else {
            return false;
        };
        let end = HEADER + usize::from(u16::from_be_bytes([l0, l1]));
        match rest.get(end..) {
            Some(next) if CONTENT_TYPES.contains(first) && major == 0xfe => rest = next,
            _ => return false,
        }
    }
    !datagram.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: u8, length: u16, body: usize) -> Vec<u8> {
        let mut record = vec![content, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1];
        record.extend(length.to_be_bytes());
        record.extend(vec![7; body]);
        record
    }

    #[test]
    fn only_whole_records_are_let_through() {
        assert!(is_whole(&record(22, 5, 5)));
        assert!(is_whole(&[record(22, 5, 5), record(20, 1, 1)].concat()));
        assert!(is_whole(
            &[record(22, 5, 5), vec![0x2f, 1, 2, 3, 4, 5]].concat()
        ));
        assert!(!is_whole(&[]));
        assert!(!is_whole(&record(22, 6, 5)));
        assert!(!is_whole(&record(22, 4, 5)));
        assert!(!is_whole(&record(19, 5, 5)));
        assert!(!is_whole(&record(27, 5, 5)));
        assert!(!is_whole(&record(22, 0, 0)[..12]));
        assert!(!is_whole(&[0x2f, 1]));
    }
}
