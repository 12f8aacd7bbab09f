//! Wrap-around arithmetic: 16-bit sequence numbers and 32-bit time stamps as numbers that only grow.

/// True if `a` comes after `b`, over at most half the circle (RFC 1982).
#[inline]
pub const fn is_newer(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000
}

/// True if the time stamp `a` comes after `b`, over at most half the circle.
#[inline]
pub const fn is_newer_timestamp(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000_0000
}

/// Extends 16-bit sequence numbers to 64 bits. Takes reordered input: each number is placed nearest to the
/// highest one seen. The first number lies in the second cycle, so that packets from just before it still
/// have a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeqUnwrapper {
    highest: Option<u64>,
}

impl SeqUnwrapper {
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The highest number so far.
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// The extended number; remembers it if it is the highest.
    #[inline]
    pub fn extend(&mut self, sequence: u16) -> u64 {
        let extended = self.peek(sequence);
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }

    /// The extended number, without remembering it.
    #[inline]
    pub fn peek(&self, sequence: u16) -> u64 {
        match self.highest {
            None => (1 << 16) | u64::from(sequence),
            Some(highest) => {
                let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
                highest.saturating_add_signed(step)
            }
        }
    }
}

/// Extends 32-bit time stamps to 64 bits, in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimestampUnwrapper {
    highest: Option<u64>,
}

impl TimestampUnwrapper {
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The extended time stamp; remembers it if it is the highest.
    #[inline]
    pub fn extend(&mut self, timestamp: u32) -> u64 {
        let extended = match self.highest {
            None => (1 << 32) | u64::from(timestamp),
            Some(highest) => {
                let step = i64::from(timestamp.wrapping_sub(highest as u32) as i32);
                highest.saturating_add_signed(step)
            }
        };
        if self.highest.is_none_or(|highest| extended > highest) {
            self.highest = Some(extended);
        }
        extended
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn newer_goes_around() {
        assert!(is_newer(0, u16::MAX) && !is_newer(u16::MAX, 0) && !is_newer(5, 5));
        assert!(is_newer_timestamp(3, u32::MAX) && !is_newer_timestamp(u32::MAX, 3));
    }

    proptest! {
        /// For any start and steps (reordered by less than half a circle), the extended numbers differ by
        /// exactly the steps.
        #[test]
        fn extended_numbers_follow_the_steps(
            start in any::<u16>(),
            steps in prop::collection::vec(-300_i64..2_000, 1..300),
        ) {
            let mut unwrapper = SeqUnwrapper::new();
            let first = unwrapper.extend(start);
            let mut truth = first as i64;
            for step in steps {
                truth = (truth + step).max(first as i64);
                prop_assert_eq!(unwrapper.extend(truth as u16), truth as u64);
            }
        }

        #[test]
        fn extended_time_stamps_follow_too(start in any::<u32>(), steps in prop::collection::vec(any::<u16>(), 1..100)) {
            let mut unwrapper = TimestampUnwrapper::new();
            let mut truth = unwrapper.extend(start);
            for step in steps {
                truth += u64::from(step) * 30_000;
                prop_assert_eq!(unwrapper.extend(truth as u32), truth);
            }
        }
    }
}
