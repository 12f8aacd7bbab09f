//! SRTP and SRTCP (RFC 3711, RFC 7714): packets are opened in place and sealed while they are copied.
//!
//! This module allocates nothing for a packet, and keeps no state for a sender that has not authenticated a
//! packet first. It does not know tracks, only SSRCs.

mod cipher;
mod incoming;
mod key;
mod outgoing;
mod replay;

pub use incoming::{MAX_SSRCS, SrtpIn};
pub use key::{KeyMaterial, Role, SrtpProfile};
pub use outgoing::SrtpOut;

/// The most bytes that sealing adds to an RTP packet.
pub const MAX_RTP_OVERHEAD: usize = 16;
/// The most bytes that sealing adds to an RTCP packet: the tag and the index.
pub const MAX_RTCP_OVERHEAD: usize = 20;

/// Length of the RTP header with CSRCs and extension block, as far as it is there. The padding bit is
/// not looked at: the count that it announces is still encrypted.
fn rtp_header_len(packet: &[u8]) -> Option<usize> {
    let fixed: &[u8; 12] = packet.first_chunk()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut header = 12 + usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] & 0x10 != 0 {
        let block: &[u8; 4] = packet.get(header..)?.first_chunk()?;
        header += 4 + usize::from(u16::from_be_bytes([block[2], block[3]])) * 4;
    }
    (header <= packet.len()).then_some(header)
}
