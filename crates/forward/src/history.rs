//! The numbers that one slot has sent, so that retransmissions and late packets find their places.

use sideroom_prefetch::prefetch;
use sideroom_route::Time;

/// How fields of the source are shifted to become those of the slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shift {
    pub(crate) timestamp: u32,
    /// Picture id (VP8) or frame number (dependency descriptor).
    pub(crate) picture: u16,
    pub(crate) tl0: u8,
}

/// The fate of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Fate {
    /// The source's packet has not come yet: its place is kept free.
    #[default]
    Awaited,
    /// Sent; `marker` as it was sent.
    Sent { marker: bool },
    /// Filled with padding, because the packet came late and the slot does not carry its layer.
    Filled,
}

/// One number of a slot: 16 bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    /// Lower half of the source's extended number.
    pub(crate) source: u32,
    pub(crate) shift: Shift,
    resent_at: u16,
    pub(crate) resends: u8,
    pub(crate) layer: u8,
    pub(crate) fate: Fate,
}

impl Entry {
    pub(crate) const fn new(source: u64, layer: u8, shift: Shift, fate: Fate) -> Self {
        Self {
            source: source as u32,
            shift,
            resent_at: 0,
            resends: 0,
            layer,
            fate,
        }
    }

    /// Milliseconds since the last retransmission, on a circle of 65 seconds.
    pub(crate) const fn since_resent_ms(&self, now: Time) -> u16 {
        (now.as_millis() as u16).wrapping_sub(self.resent_at)
    }

    pub(crate) const fn resend(&mut self, now: Time) {
        self.resends = self.resends.saturating_add(1);
        self.resent_at = now.as_millis() as u16;
    }
}

/// The latest numbers of a slot, bounded.
#[derive(Debug)]
pub(crate) struct History {
    /// Empty until something is sent: most slots of most rooms stay empty.
    entries: Box<[Entry]>,
    len: usize,
}

impl History {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            entries: Box::default(),
            len: len.next_power_of_two(),
        }
    }

    /// Forgets everything and gives its memory back.
    pub(crate) fn clear(&mut self) {
        self.entries = Box::default();
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len as u64
    }

    #[inline]
    pub(crate) fn put(&mut self, number: u64, entry: Entry) {
        if self.entries.is_empty() {
            self.entries = vec![Entry::default(); self.len].into();
        }
        let key = number as usize & (self.entries.len() - 1);
        if let Some(place) = self.entries.get_mut(key) {
            *place = entry;
        }
    }

    /// Asks for the place of a number that comes soon.
    #[inline]
    pub(crate) fn prefetch(&self, number: u64) {
        let key = number as usize & self.entries.len().wrapping_sub(1);
        if let Some(place) = self.entries.get(key) {
            prefetch(place);
        }
    }

    /// The caller knows that `number` is among the latest.
    #[inline]
    pub(crate) fn at_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let key = number as usize & self.entries.len().checked_sub(1)?;
        self.entries.get_mut(key)
    }

    /// The number in `from..to` of the source's packet `source`: sources grow with numbers, so this is a
    /// binary search.
    pub(crate) fn find(&mut self, from: u64, to: u64, source: u64) -> Option<u64> {
        let source = source as u32;
        let (mut low, mut high) = (from, to);
        while low < high {
            let middle = low + (high - low) / 2;
            let step = self.at_mut(middle)?.source.wrapping_sub(source) as i32;
            match step {
                0 => return Some(middle),
                ..0 => low = middle + 1,
                _ => high = middle,
            }
        }
        None
    }
}
