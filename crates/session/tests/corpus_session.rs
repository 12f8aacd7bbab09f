//! The fuzz corpora of the session, run through what the fuzz targets do with them.
//!
//! `BLESS=1 cargo test -p sideroom-session --test corpus_session` writes the seeds anew.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    unexpected_cfgs
)]

mod common;

use std::path::{Path, PathBuf};

use common::{MID, OPUS, RID, RTX, Sent, TRANSPORT_CC, VP8};
use sideroom_rtp::rtcp;

#[path = "../../../fuzz/src/session.rs"]
mod session;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target)
}

/// Runs every seed, and every `step`th way to cut it short or to turn one of its bits.
fn check(target: &str, step: usize, entry: impl Fn(&[u8])) {
    let mut seeds = 0;
    for seed in std::fs::read_dir(corpus(target)).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        entry(&bytes);
        for at in (0..bytes.len()).step_by(step) {
            entry(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            entry(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 0, "{target} has no seeds");
}

fn bless(target: &str, name: &str, bytes: &[u8]) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(corpus(target)).unwrap();
        std::fs::write(corpus(target).join(name), bytes).unwrap();
    }
}

#[test]
fn sdp() {
    let offers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/offers");
    for file in std::fs::read_dir(offers).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".answer.sdp") {
            let codec = u8::from(name.starts_with("ffmpeg"));
            let text = std::fs::read(&path).unwrap();
            bless(
                "sdp",
                name.trim_end_matches(".sdp"),
                &[&[codec][..], &text].concat(),
            );
        }
    }
    check("sdp", 97, session::sdp);
}

/// One packet of an input.
fn put(input: &mut Vec<u8>, is_rtp: bool, pause: u8, packet: &[u8]) {
    let len = packet.len() as u16 | u16::from(is_rtp) << 15;
    input.extend(len.to_be_bytes());
    input.push(pause);
    input.extend(packet);
}

fn media() -> Vec<u8> {
    let mut input = Vec::new();
    let sent = [
        Sent::new(OPUS, 1000, 1).with(TRANSPORT_CC, [0, 1]),
        Sent::new(VP8, 2000, 1).with(TRANSPORT_CC, [0, 2]),
        Sent::new(VP8, 2000, 4).with(TRANSPORT_CC, [0, 3]),
        Sent::new(VP8, 2000, 2).repeated(2001, 1),
        Sent::new(VP8, 30, 1).with(MID, "2").with(RID, "h"),
        Sent::new(VP8, 31, 900).with(MID, "2").with(RID, "h"),
        Sent::new(RTX, 32, 1).with(MID, "2"),
        Sent::new(VP8, 2000, 5_000),
    ];
    for packet in &sent {
        put(&mut input, true, 20, &packet.plain());
    }
    input
}

fn control() -> Vec<u8> {
    let mut input = Vec::new();
    put(&mut input, true, 0, &Sent::new(VP8, 2000, 1).plain());
    let mut said = Vec::new();
    let info = rtcp::SenderInfo {
        ssrc: 2000,
        ntp: 1 << 40,
        ..rtcp::SenderInfo::default()
    };
    rtcp::write_sender_report(&mut said, &info, &[rtcp::ReportBlock::default()]);
    rtcp::write_sdes(&mut said, 2000, "c");
    put(&mut input, false, 10, &said);
    said.clear();
    rtcp::write_receiver_report(&mut said, 9, &[rtcp::ReportBlock::default()]);
    let slot = session::video_slot();
    rtcp::write_nack(&mut said, 9, slot, &[1, 2, 30]);
    rtcp::write_pli(&mut said, 9, slot);
    rtcp::write_fir(&mut said, 9, slot, 1);
    rtcp::write_remb(&mut said, 9, 1_000_000, &[slot]);
    put(&mut input, false, 10, &said);
    said.clear();
    rtcp::write_transport_cc(&mut said, (9, 1), 0, 0, &[Some(1_000), None, Some(3_000)]);
    rtcp::write_bye(&mut said, &[2000]);
    put(&mut input, false, 255, &said);
    input
}

#[test]
fn session_rtcp() {
    bless("session_rtcp", "media", &media());
    bless("session_rtcp", "control", &control());
    check("session_rtcp", 59, session::session_rtcp);
}
