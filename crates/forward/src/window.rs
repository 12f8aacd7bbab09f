//! A window over the latest sequence numbers of a layer, to tell new packets from copies and late ones.

use sideroom_route::DropReason;

/// Numbers that the window spans.
const SPAN: u64 = 1_024;
const WORDS: usize = (SPAN / 64) as usize;

/// A bit for each of the latest numbers (like RFC 3711's replay list, but behind authentication: here
/// it tells copies and late packets apart from new ones).
#[derive(Debug, Default)]
pub(crate) struct Window {
    highest: Option<u64>,
    bits: [u64; WORDS],
}

/// How a new number lies to those before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// Higher than all before, with this many skipped between.
    Ahead { skipped: u64 },
    /// The packet fills a gap.
    Late,
}

impl Window {
    #[inline]
    pub(crate) fn insert(&mut self, number: u64) -> Result<Arrival, DropReason> {
        let Some(highest) = self.highest else {
            self.highest = Some(number);
            self.set(number);
            return Ok(Arrival::Ahead { skipped: 0 });
        };
        if number > highest {
            let skipped = number - highest - 1;
            self.forget(highest + 1, skipped.min(SPAN));
            self.highest = Some(number);
            self.set(number);
            return Ok(Arrival::Ahead { skipped });
        }
        if highest - number >= SPAN {
            return Err(DropReason::TooOld);
        }
        if self.has(number) {
            return Err(DropReason::Duplicate);
        }
        self.set(number);
        Ok(Arrival::Late)
    }

    fn forget(&mut self, from: u64, count: u64) {
        if count == SPAN {
            self.bits = [0; WORDS];
            return;
        }
        for number in from..from + count {
            if let Some(word) = self.bits.get_mut(word_of(number)) {
                *word &= !(1 << (number % 64));
            }
        }
    }

    pub(crate) const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Only for numbers that the window spans.
    pub(crate) fn has(&self, number: u64) -> bool {
        let word = self.bits.get(word_of(number));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    #[inline]
    fn set(&mut self, number: u64) {
        if let Some(word) = self.bits.get_mut(word_of(number)) {
            *word |= 1 << (number % 64);
        }
    }
}

#[inline]
const fn word_of(number: u64) -> usize {
    (number / 64) as usize % WORDS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Against a set that remembers everything.
        #[test]
        fn tells_new_from_old_like_a_set(steps in prop::collection::vec(-1_500_i64..1_500, 1..200)) {
            let mut window = Window::default();
            let mut seen = BTreeSet::new();
            let mut number = 100_000_u64;
            for step in steps {
                number = number.saturating_add_signed(if step > 40 { 1 } else { step / 8 });
                if step > 1_480 {
                    number += 2_000;
                }
                let highest = seen.last().copied().unwrap_or(number);
                let expected = if number > highest || seen.is_empty() {
                    Ok(Arrival::Ahead { skipped: (number - highest).saturating_sub(1) })
                } else if highest - number >= SPAN {
                    Err(DropReason::TooOld)
                } else if seen.contains(&number) {
                    Err(DropReason::Duplicate)
                } else {
                    Ok(Arrival::Late)
                };
                prop_assert_eq!(window.insert(number), expected);
                if expected.is_ok() {
                    seen.insert(number);
                }
            }
        }
    }
}
