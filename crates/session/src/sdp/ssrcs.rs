//! Where the SSRCs of slots come from.

use std::collections::BTreeSet;

use super::agreed::NegotiatedSlot;

/// Where SSRCs come from: splitmix64 over the seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ssrcs(pub(super) u64);

impl Ssrcs {
    /// Returns an SSRC that is unused on this transport.
    pub(super) fn next(
        &mut self,
        slots: &[NegotiatedSlot],
        taken: &BTreeSet<u32>,
        other: u32,
    ) -> u32 {
        loop {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let ssrc = (mixed >> 32) as u32 ^ mixed as u32;
            let used = slots
                .iter()
                .any(|slot| slot.ssrc == ssrc || slot.rtx_ssrc == Some(ssrc));
            if ssrc != 0 && ssrc != other && !used && !taken.contains(&ssrc) {
                return ssrc;
            }
        }
    }
}
