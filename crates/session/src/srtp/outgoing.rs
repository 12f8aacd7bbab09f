//! Seals outgoing packets.

use std::fmt;

use super::cipher::Cipher;
use super::key::{KeyMaterial, SrtpProfile};

const RTCP_HEADER: usize = 8;
const RTCP_INDEX: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
const MAX_INDEX: u32 = ENCRYPTED - 1;

/// The sending direction. The caller keeps the extended sequence numbers: sealing changes no state, so one
/// `SrtpOut` serves any number of SSRCs without a table.
pub struct SrtpOut {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    /// Counts all RTCP that was sent, whatever its SSRC: unique for each pair of both.
    rtcp_index: u32,
}

impl fmt::Debug for SrtpOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrtpOut")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl SrtpOut {
    /// Seals for the local side of `keys`.
    pub fn new(keys: &KeyMaterial) -> Self {
        let profile = keys.profile();
        Self {
            profile,
            rtp: Cipher::for_rtp(profile, &keys.local),
            rtcp: Cipher::for_rtcp(profile, &keys.local),
            rtcp_index: 0,
        }
    }

    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Bytes that sealing adds to an RTP packet.
    pub const fn rtp_overhead(&self) -> usize {
        self.rtp.tag_len()
    }

    /// Writes the sealed packet to the front of `out` and returns its length, or 0 if it does not fit
    /// (or `header` is no RTP header). `header` is the whole RTP header with its extensions. The number
    /// of roll-overs is `extended_sequence >> 16`, and a receiver expects the first packet of an SSRC
    /// below 65,536. No pair of SSRC and extended sequence number may be sealed twice with different
    /// content.
    #[inline]
    pub fn seal(
        &self,
        header: &[u8],
        payload: &[u8],
        extended_sequence: u64,
        out: &mut [u8],
    ) -> usize {
        let plain = header.len() + payload.len();
        let len = plain + self.rtp.tag_len();
        let Some((&[s0, s1, s2, s3], out)) = header
            .get(8..12)
            .and_then(|ssrc| ssrc.first_chunk())
            .zip(out.get_mut(..len))
        else {
            return 0;
        };
        let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
        match &self.rtp {
            Cipher::Aead(aead) => {
                let (head, rest) = out.split_at_mut(header.len());
                let sealed = rest.split_at_mut(payload.len());
                head.copy_from_slice(header);
                let nonce = aead.rtp_nonce(ssrc, extended_sequence);
                aead.seal(nonce, header, payload, sealed);
            }
            Cipher::CounterMode(counter) => {
                let (packet, tag) = out.split_at_mut(plain);
                let (head, body) = packet.split_at_mut(header.len());
                head.copy_from_slice(header);
                body.copy_from_slice(payload);
                counter.apply(ssrc, extended_sequence, body);
                let roc = (extended_sequence >> 16) as u32;
                tag.copy_from_slice(&counter.tag(packet, Some(roc)));
            }
        }
        len
    }

    /// Like [`seal`](Self::seal), with a payload in two pieces: `prefix` and `payload`.
    #[inline]
    pub fn seal_with_prefix(
        &self,
        header: &[u8],
        (prefix, payload): (&[u8], &[u8]),
        extended_sequence: u64,
        out: &mut [u8],
    ) -> usize {
        if prefix.is_empty() {
            return self.seal(header, payload, extended_sequence, out);
        }
        let plain = header.len() + prefix.len() + payload.len();
        let len = plain + self.rtp.tag_len();
        let Some((&[s0, s1, s2, s3], out)) = header
            .get(8..12)
            .and_then(|ssrc| ssrc.first_chunk())
            .zip(out.get_mut(..len))
        else {
            return 0;
        };
        let ssrc = u32::from_be_bytes([s0, s1, s2, s3]);
        let (packet, tag) = out.split_at_mut(plain);
        let (head, body) = packet.split_at_mut(header.len());
        head.copy_from_slice(header);
        let (front, back) = body.split_at_mut(prefix.len());
        front.copy_from_slice(prefix);
        back.copy_from_slice(payload);
        match &self.rtp {
            Cipher::Aead(aead) => {
                let nonce = aead.rtp_nonce(ssrc, extended_sequence);
                aead.seal_in_place(nonce, header, body, tag);
            }
            Cipher::CounterMode(counter) => {
                counter.apply(ssrc, extended_sequence, body);
                let roc = (extended_sequence >> 16) as u32;
                tag.copy_from_slice(&counter.tag(packet, Some(roc)));
            }
        }
        len
    }

    /// Seals a compound RTCP packet to the front of `out` and returns its length, or 0 if it does not
    /// fit, is shorter than an RTCP header, or all indices were used (RFC 3711 section 9.2: two thousand
    /// million packets).
    pub fn seal_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> usize {
        let len = packet.len() + self.rtcp.tag_len() + RTCP_INDEX;
        let (Some(header), Some(out)) = (packet.first_chunk::<RTCP_HEADER>(), out.get_mut(..len))
        else {
            return 0;
        };
        if self.rtcp_index >= MAX_INDEX {
            return 0;
        }
        self.rtcp_index += 1;
        let index = self.rtcp_index;
        let trailer = (index | ENCRYPTED).to_be_bytes();
        let ssrc = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let (head, rest) = out.split_at_mut(RTCP_HEADER);
        head.copy_from_slice(header);
        let plain = packet.get(RTCP_HEADER..).unwrap_or_default();
        match &self.rtcp {
            Cipher::Aead(aead) => {
                let mut aad = [0; RTCP_HEADER + RTCP_INDEX];
                let (front, back) = aad.split_at_mut(RTCP_HEADER);
                front.copy_from_slice(header);
                back.copy_from_slice(&trailer);
                let (body, rest) = rest.split_at_mut(plain.len());
                let (tag, index_word) = rest.split_at_mut(self.rtcp.tag_len());
                let nonce = aead.rtcp_nonce(ssrc, index);
                aead.seal(nonce, &aad, plain, (body, tag));
                index_word.copy_from_slice(&trailer);
            }
            Cipher::CounterMode(counter) => {
                let (body, rest) = rest.split_at_mut(plain.len());
                let (index_word, _) = rest.split_at_mut(RTCP_INDEX);
                body.copy_from_slice(plain);
                counter.apply(ssrc, u64::from(index), body);
                index_word.copy_from_slice(&trailer);
                let (signed, tag) = out.split_at_mut(packet.len() + RTCP_INDEX);
                tag.copy_from_slice(&counter.tag(signed, None));
            }
        }
        len
    }
}
