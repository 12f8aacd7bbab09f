//! The fuzz corpora of the transport, run through what the fuzz targets do with them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use std::path::Path;

#[path = "../../../fuzz/src/transport.rs"]
mod transport;

/// Runs every seed, and every `step`th way to cut it short or to turn one of its bits.
fn check(target: &str, step: usize, entry: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut seeds = 0;
    for seed in std::fs::read_dir(corpus.join(target)).unwrap() {
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

#[test]
fn stun() {
    check("stun", 1, transport::stun);
}

#[test]
fn srtp_open() {
    check("srtp_open", 7, transport::srtp_open);
}

#[test]
fn dtls_boundary() {
    check("dtls_boundary", 31, transport::dtls_boundary);
}
