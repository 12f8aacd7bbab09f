//! Channel data (RFC 8656 section 12), and how packets of peers are framed for a client.

use std::net::SocketAddr;

use crate::allocation::Path;
use crate::message::{Class, Method, Transaction, Writer, attribute};

/// The length of a channel header.
pub(crate) const HEADER: usize = 4;
/// Numbers of channels (RFC 8656 section 12).
pub(crate) const NUMBERS: std::ops::RangeInclusive<u16> = 0x4000..=0x4fff;
/// The longest packet that is relayed, either way. Media packets are shorter than an Ethernet frame.
pub const MAX_PACKET: usize = 2_048;

/// Reads channel data: its number and where the packet is. `None` if it contradicts its own length.
pub(crate) fn parse(bytes: &[u8]) -> Option<(u16, std::ops::Range<usize>)> {
    let (&[n0, n1, l0, l1], rest) = bytes.split_first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let number = u16::from_be_bytes([n0, n1]);
    let fits = length <= rest.len() && length <= MAX_PACKET && NUMBERS.contains(&number);
    fits.then_some((number, HEADER..HEADER + length))
}

/// Appends a packet of `peer` to `out`, framed for the client: as channel data, or as a Data indication if the
/// client has bound no channel. `transaction` is for the latter and may be anything. On a stream channel data
/// are padded (RFC 8656 section 12.5).
pub fn frame(
    path: Path,
    peer: SocketAddr,
    packet: &[u8],
    (transaction, stream): (Transaction, bool),
    out: &mut Vec<u8>,
) {
    let Some(number) = path.channel else {
        Writer::begin(out, (Method::Data, Class::Indication), transaction)
            .address(attribute::XOR_PEER_ADDRESS, peer)
            .attribute(attribute::DATA, packet)
            .finish(None);
        return;
    };
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&(packet.len() as u16).to_be_bytes());
    out.extend_from_slice(packet);
    if stream {
        let padding = packet.len().next_multiple_of(4) - packet.len();
        out.extend(std::iter::repeat_n(0, padding));
    }
}
