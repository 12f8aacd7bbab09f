//! Walks the packets of a datagram.

use super::blocks::{ReportBlock, SenderInfo};
use super::transport_cc::TransportCc;
use super::{
    APPLICATION_LAYER, BYE, FIR, NACK, PAYLOAD_FEEDBACK, PLI, RECEIVER_REPORT, SDES, SENDER_REPORT,
    TRANSPORT_CC, TRANSPORT_FEEDBACK, half, word,
};
use crate::Malformed;

/// One RTCP packet of a datagram.
#[derive(Clone, Debug)]
pub enum Packet<'a> {
    /// A sender report, SR (RFC 3550 section 6.4.1).
    SenderReport {
        /// The sender's clock and counters.
        info: SenderInfo,
        reports: ReportBlocks<'a>,
    },
    /// A receiver report, RR (RFC 3550 section 6.4.2).
    ReceiverReport {
        /// The SSRC of the reporter.
        ssrc: u32,
        reports: ReportBlocks<'a>,
    },
    /// Names; nothing that a forwarder needs.
    Sdes,
    /// The sources that leave.
    Bye(
        /// At most 31.
        Words<'a>,
    ),
    /// Packets that were not received.
    Nack {
        /// The SSRC of the requester.
        sender: u32,
        /// The SSRC of the stream.
        media: u32,
        lost: NackPairs<'a>,
    },
    /// A picture was lost.
    Pli {
        /// The SSRC of the requester.
        sender: u32,
        /// The SSRC of the stream.
        media: u32,
    },
    /// A keyframe is asked for.
    Fir(FirEntries<'a>),
    /// The receiver's estimate.
    Remb {
        /// Bits a second.
        bps: u64,
        /// The SSRCs of the streams.
        ssrcs: Words<'a>,
    },
    /// Arrival times for the whole transport.
    TransportCc(TransportCc<'a>),
    /// A packet of another type, which is skipped.
    Other(
        /// The packet type.
        u8,
    ),
}

/// The packets of `datagram`, up to the first that is not whole.
pub fn packets(datagram: &[u8]) -> Packets<'_> {
    Packets { rest: datagram }
}

/// Iterates over the packets of a datagram. After an error nothing follows.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = split(self.rest);
        self.rest = read.as_ref().map_or(&[], |(_, rest)| rest);
        Some(read.and_then(|(raw, _)| raw.read().ok_or(Malformed::Length)))
    }
}

struct Raw<'a> {
    count: u8,
    kind: u8,
    body: &'a [u8],
}

/// Cuts the first packet off.
fn split(bytes: &[u8]) -> Result<(Raw<'_>, &[u8]), Malformed> {
    let (header, _) = bytes.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
    if header[0] >> 6 != 2 {
        return Err(Malformed::Version);
    }
    let len = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
    let (packet, rest) = bytes.split_at_checked(len).ok_or(Malformed::Length)?;
    let mut body = packet.get(4..).unwrap_or_default();
    if header[0] & 0x20 != 0 {
        let padding = usize::from(body.last().copied().unwrap_or_default());
        let end = body.len().checked_sub(padding).filter(|_| padding > 0);
        body = body
            .get(..end.ok_or(Malformed::Padding)?)
            .unwrap_or_default();
    }
    Ok((
        Raw {
            count: header[0] & 0x1f,
            kind: header[1],
            body,
        },
        rest,
    ))
}

impl<'a> Raw<'a> {
    fn read(&self) -> Option<Packet<'a>> {
        let body = self.body;
        Some(match (self.kind, self.count) {
            (SENDER_REPORT, count) => {
                let info = SenderInfo {
                    ssrc: word(body, 0)?,
                    ntp: u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?),
                    rtp: word(body, 12)?,
                    packets: word(body, 16)?,
                    octets: word(body, 20)?,
                };
                Packet::SenderReport {
                    info,
                    reports: ReportBlocks::new(body.get(24..)?, count)?,
                }
            }
            (RECEIVER_REPORT, count) => Packet::ReceiverReport {
                ssrc: word(body, 0)?,
                reports: ReportBlocks::new(body.get(4..)?, count)?,
            },
            (SDES, _) => Packet::Sdes,
            (BYE, count) => Packet::Bye(Words(body.get(..usize::from(count) * 4)?)),
            (TRANSPORT_FEEDBACK, NACK) => {
                let (sender, media) = (word(body, 0)?, word(body, 4)?);
                Packet::Nack {
                    sender,
                    media,
                    lost: NackPairs(body.get(8..)?),
                }
            }
            (TRANSPORT_FEEDBACK, TRANSPORT_CC) => Packet::TransportCc(TransportCc::read(body)?),
            (PAYLOAD_FEEDBACK, PLI) => Packet::Pli {
                sender: word(body, 0)?,
                media: word(body, 4)?,
            },
            (PAYLOAD_FEEDBACK, FIR) => Packet::Fir(FirEntries(body.get(8..)?)),
            (PAYLOAD_FEEDBACK, APPLICATION_LAYER) if body.get(8..12)? == b"REMB" => remb(body)?,
            (kind, _) => Packet::Other(kind),
        })
    }
}

/// draft-alvestrand-rmcat-remb: a count, 6 bits of exponent, 18 bits of mantissa, the SSRCs.
fn remb(body: &[u8]) -> Option<Packet<'_>> {
    let fields = word(body, 12)?;
    let mantissa = u64::from(fields & 0x3_ffff);
    let exponent = fields >> 18 & 0x3f;
    let bps = if exponent > 46 {
        u64::MAX
    } else {
        mantissa << exponent
    };
    let ssrcs = Words(body.get(16..16 + (fields >> 24) as usize * 4)?);
    Some(Packet::Remb { bps, ssrcs })
}

/// The report blocks of an SR or RR.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a>(&'a [u8]);

const BLOCK: usize = 24;

impl<'a> ReportBlocks<'a> {
    fn new(bytes: &'a [u8], count: u8) -> Option<Self> {
        bytes.get(..usize::from(count) * BLOCK).map(Self)
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_at_checked(BLOCK)?;
        self.0 = rest;
        let lost = word(block, 4)?;
        Some(ReportBlock {
            ssrc: word(block, 0)?,
            fraction_lost: (lost >> 24) as u8,
            // 24 bits with a sign.
            lost: (lost << 8) as i32 >> 8,
            highest: word(block, 8)?,
            jitter: word(block, 12)?,
            last_sr: word(block, 16)?,
            delay: word(block, 20)?,
        })
    }
}

/// Big-endian 32-bit words.
#[derive(Clone, Debug)]
pub struct Words<'a>(&'a [u8]);

impl Iterator for Words<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let next = word(self.0, 0)?;
        self.0 = self.0.get(4..)?;
        Some(next)
    }
}

/// The pairs of a NACK: each names one packet and, in a bit mask, which of the 16 after it.
#[derive(Clone, Debug)]
pub struct NackPairs<'a>(&'a [u8]);

impl<'a> NackPairs<'a> {
    /// Every sequence number that is asked for.
    pub fn sequences(self) -> impl Iterator<Item = u16> + 'a {
        self.flat_map(|(first, mask)| {
            let others = (0..16).filter(move |bit| mask >> bit & 1 == 1);
            std::iter::once(first).chain(others.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

impl Iterator for NackPairs<'_> {
    type Item = (u16, u16);

    fn next(&mut self) -> Option<(u16, u16)> {
        let pair = (half(self.0, 0)?, half(self.0, 2)?);
        self.0 = self.0.get(4..)?;
        Some(pair)
    }
}

/// The entries of a FIR: stream and the request's number.
#[derive(Clone, Debug)]
pub struct FirEntries<'a>(&'a [u8]);

impl Iterator for FirEntries<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let entry = (word(self.0, 0)?, *self.0.get(4)?);
        self.0 = self.0.get(8..)?;
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_whose_lengths_lie_ends_in_an_error() {
        let cases: [(&str, &[u8]); 7] = [
            ("three bytes", &[0x80, 201, 0]),
            ("version 0", &[0, 201, 0, 1, 0, 0, 0, 1]),
            ("longer than the datagram", &[0x80, 201, 0, 9, 0, 0, 0, 1]),
            ("zero length where an SSRC must be", &[0x80, 201, 0, 0]),
            (
                "more reports than there are",
                &[0x81, 201, 0, 1, 0, 0, 0, 1],
            ),
            ("padding of zero", &[0xa0, 201, 0, 1, 0, 0, 0, 0]),
            ("padding over everything", &[0xa0, 201, 0, 1, 0, 0, 0, 99]),
        ];
        for (name, bytes) in cases {
            let read: Vec<_> = packets(bytes).collect();
            assert!(matches!(read[..], [Err(_)]), "{name}: {read:?}");
        }
    }

    #[test]
    fn a_huge_remb_does_not_overflow() {
        let body = [
            0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 0, 0xff, 0xff, 0xff,
        ];
        assert!(matches!(
            remb(&body),
            Some(Packet::Remb { bps: u64::MAX, .. })
        ));
    }
}
