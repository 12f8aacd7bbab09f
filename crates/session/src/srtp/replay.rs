//! The replay list of a sender (RFC 3711 section 3.3.2).

const WORDS: usize = 8;
const WORD_BITS: u64 = u64::BITS as u64;

/// How far behind the highest index a packet may still be opened. One word of the ring is always being
/// refilled (RFC 6479), so it does not count.
pub(super) const WINDOW: u64 = (WORDS as u64 - 1) * WORD_BITS;

/// A sliding window over packet indices. Only authenticated packets may be marked.
#[derive(Clone, Default)]
pub(super) struct ReplayWindow {
    /// One more than the highest index marked; 0 if there is none.
    end: u64,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// The highest index marked.
    #[inline]
    pub(super) fn highest(&self) -> Option<u64> {
        self.end.checked_sub(1)
    }

    /// True if `index` was not marked and lies inside the window or ahead of it.
    #[inline]
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        if index >= self.end {
            return true;
        }
        let age = self.end - 1 - index;
        let word = self.seen.get(Self::slot(index)).copied();
        age < WINDOW && word.is_some_and(|word| word & Self::bit(index) == 0)
    }

    /// Remembers that `index` was opened.
    #[inline]
    pub(super) fn mark(&mut self, index: u64) {
        if let Some(highest) = self.highest() {
            let (from, to) = (highest / WORD_BITS, index / WORD_BITS);
            // Words that the window moves into hold bits of a lap before.
            for word in (from + 1..=to).take(WORDS) {
                if let Some(word) = self.seen.get_mut(word as usize % WORDS) {
                    *word = 0;
                }
            }
        }
        if let Some(word) = self.seen.get_mut(Self::slot(index)) {
            *word |= Self::bit(index);
        }
        self.end = self.end.max(index + 1);
    }

    const fn slot(index: u64) -> usize {
        (index / WORD_BITS) as usize % WORDS
    }

    const fn bit(index: u64) -> u64 {
        1 << (index % WORD_BITS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_window_agrees_with_a_set_of_all_indices(
            start in 0_u64..100_000,
            steps in prop::collection::vec(-600_i64..600, 1..400),
        ) {
            let mut window = ReplayWindow::default();
            let mut seen = BTreeSet::new();
            let mut highest = start;
            for step in steps {
                let index = highest.saturating_add_signed(step);
                let fresh = match seen.last() {
                    None => true,
                    Some(&last) => !seen.contains(&index) && index + WINDOW > last,
                };
                prop_assert_eq!(window.is_fresh(index), fresh, "index {}", index);
                if fresh {
                    window.mark(index);
                    seen.insert(index);
                    highest = highest.max(index);
                }
                prop_assert_eq!(window.highest(), seen.last().copied());
            }
        }
    }

    #[test]
    fn a_jump_over_the_whole_ring_forgets_everything_before() {
        let mut window = ReplayWindow::default();
        window.mark(5);
        window.mark(5 + 64 * 1_000_000);
        assert!(window.is_fresh(4 + 64 * 1_000_000));
        assert!(!window.is_fresh(5 + 64 * 1_000_000));
        assert!(!window.is_fresh(5));
    }
}
