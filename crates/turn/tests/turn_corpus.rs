//! The fuzz corpus, run through what the fuzz target does with it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use std::path::Path;

#[path = "../../../fuzz/src/turn.rs"]
mod turn;

/// Runs every seed, and every way to cut it short or to turn one bit of a byte.
#[test]
fn seeds_and_what_is_close_to_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/turn");
    let mut seeds = 0;
    for seed in std::fs::read_dir(corpus).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        turn::turn(&bytes);
        for at in 0..bytes.len() {
            turn::turn(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            turn::turn(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 3);
}
