//! RTCP (RFC 3550 section 6, RFC 4585, RFC 5104, REMB, transport-wide congestion control): a reader that
//! borrows and a set of writers that append. Compound and reduced-size packets (RFC 5506) alike.
//!
//! Written by hand because every subscriber sends feedback many times a second: this reader allocates
//! nothing, where the webrtc-rs crate boxes each packet and lists each status. That crate is the oracle
//! of the tests instead (`tests/rtcp_oracle.rs`).

mod blocks;
mod read;
mod transport_cc;
mod write;

pub use blocks::{ReportBlock, SenderInfo};
pub use read::{FirEntries, NackPairs, Packet, Packets, ReportBlocks, packets};
pub use transport_cc::{TransportCc, write_transport_cc};
pub use write::{
    write_bye, write_fir, write_nack, write_pli, write_receiver_report, write_remb, write_sdes,
    write_sender_report,
};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

const NACK: u8 = 1;
const TRANSPORT_CC: u8 = 15;
const PLI: u8 = 1;
const FIR: u8 = 4;
const APPLICATION_LAYER: u8 = 15;

/// Big-endian words of a body, where they are there.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
