//! Records as such: whether a datagram can be DTLS at all, before any engine sees it, and the numbers of
//! plaintext records.

const HEADER: usize = 13;
/// Change cipher spec, alert, handshake, application data, heartbeat, connection id, ACK.
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=26;
/// The first byte of a DTLS 1.3 ciphertext (RFC 9147 section 4): `001` and flags.
const UNIFIED: std::ops::RangeInclusive<u8> = 0b0010_0000..=0b0011_1111;

/// True if the datagram is whole records, one after the other. The first ciphertext with the short header of
/// DTLS 1.3 ends the check: later records may lie inside it.
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

/// The datagram with the plaintext records (epoch 0) numbered from `next` on. Encrypted ones are left
/// alone: their number is part of the encryption.
pub(super) fn renumber(datagram: &[u8], next: &mut u64) -> Vec<u8> {
    let mut renumbered = datagram.to_vec();
    let mut at = 0;
    while let Some([_, _, _, 0, 0, number @ .., l0, l1]) = renumbered
        .get_mut(at..)
        .and_then(<[u8]>::first_chunk_mut::<HEADER>)
    {
        let [_, _, count @ ..] = next.to_be_bytes();
        number.copy_from_slice(&count);
        *next += 1;
        at += HEADER + usize::from(u16::from_be_bytes([*l0, *l1]));
    }
    renumbered
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

    #[test]
    fn only_plaintext_records_are_renumbered() {
        let mut encrypted = record(22, 2, 2);
        encrypted[4] = 1;
        let datagram = [record(22, 5, 5), record(20, 1, 1), encrypted.clone()].concat();
        let mut next = 0x0102_0304;
        let renumbered = renumber(&datagram, &mut next);
        assert_eq!(renumbered[5..11], [0, 0, 1, 2, 3, 4]);
        assert_eq!(renumbered[18 + 5..18 + 11], [0, 0, 1, 2, 3, 5]);
        assert_eq!(renumbered[18 + 14..], encrypted);
        assert_eq!(renumbered[11..18], datagram[11..18]);
        assert_eq!(next, 0x0102_0306);
    }
}
