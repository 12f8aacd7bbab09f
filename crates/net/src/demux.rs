//! Classifies a datagram by its first byte (RFC 7983), and RTP against RTCP by its second (RFC 5761 section
//! 4).

/// The protocol of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An ICE check or its answer.
    Stun,
    /// A DTLS record.
    Dtls,
    /// Media, encrypted.
    Rtp,
    /// Control of media, encrypted.
    Rtcp,
}

/// The shortest RTP header.
const MIN_RTP: usize = 12;
/// The shortest RTCP packet, a header with an SSRC.
const MIN_RTCP: usize = 8;

/// Classifies `datagram`. `None` for protocols that the server does not speak (TURN channels, ZRTP) and for
/// datagrams that are too short.
pub fn classify(datagram: &[u8]) -> Option<Kind> {
    let (&first, rest) = datagram.split_first()?;
    match first {
        0..=3 if datagram.len() >= 20 => Some(Kind::Stun),
        20..=63 if datagram.len() >= 13 => Some(Kind::Dtls),
        128..=191 => match rest.first()? {
            // Payload types 64 to 95 with or without the marker are never used for RTP beside RTCP.
            192..=223 => (datagram.len() >= MIN_RTCP).then_some(Kind::Rtcp),
            _ => (datagram.len() >= MIN_RTP).then_some(Kind::Rtp),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &[u8], len: usize, expected: Option<Kind>) {
        let mut datagram = vec![0; len];
        let head = first.len().min(len);
        datagram[..head].copy_from_slice(&first[..head]);
        assert_eq!(classify(&datagram), expected, "{first:?} of {len} bytes");
    }

    #[test]
    fn the_first_byte_tells_the_protocol() {
        check(&[0, 1], 20, Some(Kind::Stun));
        check(&[3], 20, Some(Kind::Stun));
        check(&[4], 20, None);
        check(&[19], 20, None);
        check(&[20], 13, Some(Kind::Dtls));
        check(&[63], 13, Some(Kind::Dtls));
        check(&[64], 100, None);
        check(&[127], 100, None);
        check(&[128, 0], 12, Some(Kind::Rtp));
        check(&[191, 127], 12, Some(Kind::Rtp));
        check(&[192, 0], 100, None);
        check(&[255], 100, None);
    }

    #[test]
    fn rtcp_has_the_types_that_rtp_leaves_out() {
        check(&[128, 191], 12, Some(Kind::Rtp));
        check(&[128, 192], 12, Some(Kind::Rtcp));
        check(&[128, 200], 8, Some(Kind::Rtcp));
        check(&[128, 223], 12, Some(Kind::Rtcp));
        check(&[128, 224], 12, Some(Kind::Rtp));
        check(&[128, 96 | 128], 12, Some(Kind::Rtp));
    }

    #[test]
    fn what_is_too_short_for_its_claim_is_nothing() {
        check(&[], 0, None);
        check(&[0], 19, None);
        check(&[22], 12, None);
        check(&[128], 1, None);
        check(&[128, 96], 11, None);
        check(&[128, 200], 7, None);
    }
}
