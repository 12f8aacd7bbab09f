//! Appends RTCP packets to a buffer.

use super::blocks::{ReportBlock, SenderInfo};
use super::{
    APPLICATION_LAYER, BYE, FIR, NACK, PAYLOAD_FEEDBACK, PLI, RECEIVER_REPORT, SDES, SENDER_REPORT,
    TRANSPORT_FEEDBACK,
};

/// The most report blocks or sources that a packet's five-bit count can name.
const MAX_COUNT: usize = 31;

/// Appends an SR.
pub fn write_sender_report(out: &mut Vec<u8>, info: &SenderInfo, reports: &[ReportBlock]) {
    let start = begin(out, reports.len().min(MAX_COUNT) as u8, SENDER_REPORT);
    words(out, &[info.ssrc, (info.ntp >> 32) as u32, info.ntp as u32]);
    words(out, &[info.rtp, info.packets, info.octets]);
    blocks(out, reports);
    set_length(out, start);
}

/// Appends an RR.
pub fn write_receiver_report(out: &mut Vec<u8>, ssrc: u32, reports: &[ReportBlock]) {
    let start = begin(out, reports.len().min(MAX_COUNT) as u8, RECEIVER_REPORT);
    words(out, &[ssrc]);
    blocks(out, reports);
    set_length(out, start);
}

/// Appends an SDES with one CNAME, cut to the 255 bytes that it can have.
pub fn write_sdes(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let start = begin(out, 1, SDES);
    words(out, &[ssrc]);
    let name = cname
        .as_bytes()
        .get(..cname.len().min(255))
        .unwrap_or_default();
    out.extend_from_slice(&[1, name.len() as u8]);
    out.extend_from_slice(name);
    // The list of items ends with a zero byte and is padded to a word.
    let end = (out.len() + 1 - start).next_multiple_of(4) + start;
    out.resize(end, 0);
    set_length(out, start);
}

/// Appends a BYE.
pub fn write_bye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = ssrcs.get(..ssrcs.len().min(MAX_COUNT)).unwrap_or_default();
    let start = begin(out, ssrcs.len() as u8, BYE);
    words(out, ssrcs);
    set_length(out, start);
}

/// Appends a NACK for `lost`, in ascending order (around the wrap).
pub fn write_nack(out: &mut Vec<u8>, sender: u32, media: u32, lost: &[u16]) {
    let start = begin(out, NACK, TRANSPORT_FEEDBACK);
    words(out, &[sender, media]);
    let mut rest = lost;
    while let Some((first, others)) = rest.split_first() {
        let mut mask = 0_u16;
        let mut taken = 0;
        for other in others {
            let distance = other.wrapping_sub(*first);
            if distance == 0 || distance > 16 {
                break;
            }
            mask |= 1 << (distance - 1);
            taken += 1;
        }
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&mask.to_be_bytes());
        rest = others.get(taken..).unwrap_or_default();
    }
    set_length(out, start);
}

/// Appends a PLI.
pub fn write_pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    let start = begin(out, PLI, PAYLOAD_FEEDBACK);
    words(out, &[sender, media]);
    set_length(out, start);
}

/// Appends a FIR with one entry.
pub fn write_fir(out: &mut Vec<u8>, sender: u32, media: u32, number: u8) {
    let start = begin(out, FIR, PAYLOAD_FEEDBACK);
    words(out, &[sender, 0, media, u32::from(number) << 24]);
    set_length(out, start);
}

/// Appends a REMB.
pub fn write_remb(out: &mut Vec<u8>, sender: u32, bps: u64, ssrcs: &[u32]) {
    let start = begin(out, APPLICATION_LAYER, PAYLOAD_FEEDBACK);
    let exponent = (64 - bps.leading_zeros()).saturating_sub(18);
    let count = ssrcs.len().min(255);
    words(out, &[sender, 0, u32::from_be_bytes(*b"REMB")]);
    words(
        out,
        &[(count as u32) << 24 | exponent << 18 | (bps >> exponent) as u32],
    );
    words(out, ssrcs.get(..count).unwrap_or_default());
    set_length(out, start);
}

fn begin(out: &mut Vec<u8>, count: u8, kind: u8) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    start
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    for word in words {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

fn blocks(out: &mut Vec<u8>, reports: &[ReportBlock]) {
    for block in reports.iter().take(MAX_COUNT) {
        let lost = block.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        words(
            out,
            &[block.ssrc, u32::from(block.fraction_lost) << 24 | lost],
        );
        words(
            out,
            &[block.highest, block.jitter, block.last_sr, block.delay],
        );
    }
}

/// Writes the length of the packet that begins at `start`.
pub(super) fn set_length(out: &mut [u8], start: usize) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    if let Some(place) = out.get_mut(start + 2..start + 4) {
        place.copy_from_slice(&words.to_be_bytes());
    }
}
