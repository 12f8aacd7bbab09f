//! Opens packets that the other side sealed.

use std::fmt;

use sideroom_route::DropReason;

use super::cipher::{Cipher, HMAC_TAG, NotAuthentic};
use super::key::{KeyMaterial, SrtpProfile};
use super::replay::ReplayWindow;
use super::rtp_header_len;

/// How many SSRCs one sender may use for RTP, and how many for RTCP. Past that, new ones are refused.
pub const MAX_SSRCS: usize = 256;

const RTCP_HEADER: usize = 8;
const RTCP_INDEX: usize = 4;
const ENCRYPTED: u32 = 1 << 31;

impl From<NotAuthentic> for DropReason {
    fn from(_: NotAuthentic) -> Self {
        Self::NotAuthentic
    }
}

/// The receiving direction. State is kept for each SSRC that the owner named or that has authenticated a
/// packet, and for no other.
pub struct SrtpIn {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    rtp_sources: Sources,
    rtcp_sources: Sources,
}

impl fmt::Debug for SrtpIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SrtpIn")
            .field("profile", &self.profile)
            .field("sources", &self.rtp_sources.0.len())
            .finish_non_exhaustive()
    }
}

impl SrtpIn {
    /// Opens packets that the remote side of `keys` seals.
    pub fn new(keys: &KeyMaterial) -> Self {
        let profile = keys.profile();
        Self {
            profile,
            rtp: Cipher::for_rtp(profile, &keys.remote),
            rtcp: Cipher::for_rtcp(profile, &keys.remote),
            rtp_sources: Sources::default(),
            rtcp_sources: Sources::default(),
        }
    }

    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Allows RTP from `ssrc`. False if there are [`MAX_SSRCS`] already.
    pub fn accept_ssrc(&mut self, ssrc: u32) -> bool {
        self.rtp_sources.insert(ssrc).is_some()
    }

    /// Forgets `ssrc` with its roll-over counter and replay window. Only for an SSRC that will not come back
    /// under these keys: if it were accepted again, its old packets could be replayed.
    pub fn forget_ssrc(&mut self, ssrc: u32) {
        self.rtp_sources.remove(ssrc);
    }

    /// True if RTP from `ssrc` is allowed.
    pub fn knows_ssrc(&self, ssrc: u32) -> bool {
        self.rtp_sources.position(ssrc).is_ok()
    }

    /// Opens an RTP packet of a known SSRC in place. Returns its length without the tag.
    #[inline]
    pub fn open(&mut self, packet: &mut [u8]) -> Result<usize, DropReason> {
        let (header, ssrc, sequence) = read_header(packet).ok_or(DropReason::Malformed)?;
        let source = self.rtp_sources.find(ssrc).ok_or(DropReason::UnknownSsrc)?;
        let index = guess_index(source.highest(), sequence).ok_or(DropReason::Replayed)?;
        if !source.is_fresh(index) {
            return Err(DropReason::Replayed);
        }
        let len = open_rtp(&self.rtp, packet, header, (ssrc, index))?;
        source.mark(index);
        Ok(len)
    }

    /// Opens an RTP packet of an unknown SSRC, and remembers the SSRC. For packets whose header, which is not
    /// encrypted, names their track (MID, RID). The sender is assumed to be in its first 65,536 packets; the
    /// SSRC is remembered only if the packet is authentic.
    pub fn open_unknown(&mut self, packet: &mut [u8]) -> Result<usize, DropReason> {
        let (header, ssrc, sequence) = read_header(packet).ok_or(DropReason::Malformed)?;
        if self.knows_ssrc(ssrc) {
            return self.open(packet);
        }
        if self.rtp_sources.is_full() {
            return Err(DropReason::UnknownSsrc);
        }
        let index = u64::from(sequence);
        let len = open_rtp(&self.rtp, packet, header, (ssrc, index))?;
        if let Some(source) = self.rtp_sources.insert(ssrc) {
            source.mark(index);
        }
        Ok(len)
    }

    /// Opens a compound RTCP packet in place. Returns its length without tag and index. Any SSRC may
    /// send RTCP, [`MAX_SSRCS`] of them: receivers use SSRCs that no description names.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, DropReason> {
        let ssrc = packet
            .get(4..RTCP_HEADER)
            .and_then(|ssrc| ssrc.first_chunk())
            .map(|ssrc| u32::from_be_bytes(*ssrc))
            .ok_or(DropReason::Malformed)?;
        let trailer = split_trailer(packet, &self.rtcp).ok_or(DropReason::Malformed)?;
        let index = trailer & !ENCRYPTED;
        let full = self.rtcp_sources.is_full();
        match self.rtcp_sources.find(ssrc) {
            Some(source) if !source.is_fresh(u64::from(index)) => {
                return Err(DropReason::Replayed);
            }
            None if full => return Err(DropReason::UnknownSsrc),
            _ => {}
        }
        let len = match &self.rtcp {
            Cipher::Aead(_) => open_rtcp_aead(&self.rtcp, packet, ssrc, trailer)?,
            Cipher::CounterMode(_) => open_rtcp_counter(&self.rtcp, packet, ssrc, trailer)?,
        };
        if let Some(source) = self.rtcp_sources.insert(ssrc) {
            source.mark(u64::from(index));
        }
        Ok(len)
    }
}

fn read_header(packet: &[u8]) -> Option<(usize, u32, u16)> {
    let header = rtp_header_len(packet)?;
    let fixed: &[u8; 12] = packet.first_chunk()?;
    let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
    let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    Some((header, ssrc, sequence))
}

/// The packet index nearest to the highest one (RFC 3711 section 3.3.1), the first one below 65,536.
/// `None` if it would lie before the first packet of all.
#[inline]
fn guess_index(highest: Option<u64>, sequence: u16) -> Option<u64> {
    match highest {
        None => Some(u64::from(sequence)),
        Some(highest) => {
            let step = sequence.wrapping_sub(highest as u16) as i16;
            highest.checked_add_signed(i64::from(step))
        }
    }
}

#[inline]
fn open_rtp(
    cipher: &Cipher,
    packet: &mut [u8],
    header: usize,
    (ssrc, index): (u32, u64),
) -> Result<usize, DropReason> {
    let sealed = packet
        .len()
        .checked_sub(cipher.tag_len())
        .filter(|sealed| *sealed >= header)
        .ok_or(DropReason::Malformed)?;
    let (packet, tag) = packet.split_at_mut(sealed);
    match cipher {
        Cipher::Aead(aead) => {
            let (header, payload) = packet.split_at_mut(header);
            aead.open(aead.rtp_nonce(ssrc, index), header, tag, payload)?;
        }
        Cipher::CounterMode(counter) => {
            counter.verify(packet, Some((index >> 16) as u32), tag)?;
            counter.apply(ssrc, index, packet.split_at_mut(header).1);
        }
    }
    Ok(sealed)
}

/// The word with the E bit and the index: behind the tag with AEAD (RFC 7714 section 9.2), before it
/// without (RFC 3711 section 3.4).
fn split_trailer(packet: &[u8], cipher: &Cipher) -> Option<u32> {
    let overhead = cipher.tag_len() + RTCP_INDEX;
    let plain = packet.len().checked_sub(overhead)?;
    if plain < RTCP_HEADER {
        return None;
    }
    let at = match cipher {
        Cipher::Aead(_) => packet.len() - RTCP_INDEX,
        Cipher::CounterMode(_) => plain,
    };
    let word = packet.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*word))
}

fn open_rtcp_aead(
    cipher: &Cipher,
    packet: &mut [u8],
    ssrc: u32,
    trailer: u32,
) -> Result<usize, DropReason> {
    let Cipher::Aead(aead) = cipher else {
        return Err(DropReason::NotAuthentic);
    };
    let plain = packet.len() - cipher.tag_len() - RTCP_INDEX;
    let nonce = aead.rtcp_nonce(ssrc, trailer & !ENCRYPTED);
    let (body, rest) = packet.split_at_mut(plain);
    let tag: [u8; super::cipher::AEAD_TAG] = *rest.first_chunk().ok_or(DropReason::Malformed)?;
    if trailer & ENCRYPTED != 0 {
        let (header, payload) = body.split_at_mut(RTCP_HEADER);
        let mut aad = [0; RTCP_HEADER + RTCP_INDEX];
        let (front, back) = aad.split_at_mut(RTCP_HEADER);
        front.copy_from_slice(header);
        back.copy_from_slice(&trailer.to_be_bytes());
        aead.open(nonce, &aad, &tag, payload)?;
    } else {
        // Authenticated only: the additional data is the whole packet and the index, which the tag
        // stands between.
        let (index, _) = rest.split_at_mut(RTCP_INDEX);
        index.copy_from_slice(&trailer.to_be_bytes());
        let aad = packet.get(..plain + RTCP_INDEX).unwrap_or_default();
        aead.open(nonce, aad, &tag, &mut [])?;
    }
    Ok(plain)
}

fn open_rtcp_counter(
    cipher: &Cipher,
    packet: &mut [u8],
    ssrc: u32,
    trailer: u32,
) -> Result<usize, DropReason> {
    let Cipher::CounterMode(counter) = cipher else {
        return Err(DropReason::NotAuthentic);
    };
    let (signed, tag) = packet.split_at_mut(packet.len() - HMAC_TAG);
    counter.verify(signed, None, tag)?;
    let plain = signed.len() - RTCP_INDEX;
    let is_encrypted = trailer & ENCRYPTED != 0;
    if let Some(payload) = signed.get_mut(RTCP_HEADER..plain).filter(|_| is_encrypted) {
        counter.apply(ssrc, u64::from(trailer & !ENCRYPTED), payload);
    }
    Ok(plain)
}

/// The senders that are known, sorted by SSRC.
#[derive(Default)]
struct Sources(Vec<(u32, ReplayWindow)>);

impl Sources {
    #[inline]
    fn position(&self, ssrc: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&ssrc, |(known, _)| *known)
    }

    #[inline]
    fn find(&mut self, ssrc: u32) -> Option<&mut ReplayWindow> {
        let at = self.position(ssrc).ok()?;
        self.0.get_mut(at).map(|(_, window)| window)
    }

    fn is_full(&self) -> bool {
        self.0.len() >= MAX_SSRCS
    }

    fn insert(&mut self, ssrc: u32) -> Option<&mut ReplayWindow> {
        let at = match self.position(ssrc) {
            Ok(at) => at,
            Err(_) if self.is_full() => return None,
            Err(at) => {
                self.0.insert(at, (ssrc, ReplayWindow::default()));
                at
            }
        };
        self.0.get_mut(at).map(|(_, window)| window)
    }

    fn remove(&mut self, ssrc: u32) {
        if let Ok(at) = self.position(ssrc) {
            self.0.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Role;
    use super::*;

    /// Our sender always encrypts, so a sender that does not is made by hand.
    #[test]
    fn rtcp_that_is_not_encrypted_is_authenticated_all_the_same() {
        for profile in SrtpProfile::PREFERRED {
            let keys = KeyMaterial::from_exported(profile, &[5; 88], Role::Client).expect("enough");
            let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
            let index = 7_u32.to_be_bytes();
            let sealed = match Cipher::for_rtcp(profile, &keys.remote) {
                Cipher::Aead(aead) => {
                    let mut tag = [0; 16];
                    let aad = [&report[..], &index].concat();
                    aead.seal(aead.rtcp_nonce(9, 7), &aad, &[], (&mut [], &mut tag));
                    [&report[..], &tag, &index].concat()
                }
                Cipher::CounterMode(counter) => {
                    let signed = [&report[..], &index].concat();
                    [&signed[..], &counter.tag(&signed, None)].concat()
                }
            };
            let mut incoming = SrtpIn::new(&keys);
            let mut forged = sealed.clone();
            forged[1] ^= 2;
            assert_eq!(
                incoming.open_rtcp(&mut forged),
                Err(DropReason::NotAuthentic)
            );
            let mut opened = sealed.clone();
            assert_eq!(incoming.open_rtcp(&mut opened), Ok(report.len()));
            assert_eq!(opened[..report.len()], report);
            assert_eq!(
                incoming.open_rtcp(&mut sealed.clone()),
                Err(DropReason::Replayed)
            );
        }
    }
}
