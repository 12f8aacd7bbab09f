//! The fuzz corpora, run through what the fuzz targets do with them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use std::path::Path;

#[path = "../../../fuzz/src/rtp.rs"]
mod rtp;

fn check(target: &str, entry: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut seeds = 0;
    for seed in std::fs::read_dir(corpus.join(target)).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        // What a fuzzer does first: cut it short, and turn single bits.
        for len in 0..=bytes.len() {
            entry(&bytes[..len]);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            entry(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 0, "{target} has no seeds");
}

#[test]
fn rtp_view() {
    check("rtp_view", rtp::rtp_view);
}

#[test]
fn extensions() {
    check("extensions", rtp::extensions);
}

#[test]
fn payload_peek() {
    check("payload_peek", rtp::payload_peek);
}

#[test]
fn rtcp() {
    check("rtcp", rtp::rtcp);
}
