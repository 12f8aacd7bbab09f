//! The rewriter of a slot: makes one continuous stream of whatever sources and layers come after each
//! other in it.
//!
//! A *segment* is a stretch of one source: it begins with the first packet of a source, of another layer,
//! or after a pause, and continues where the one before ended: the next sequence number, and the time
//! stamp that the RTP clock has reached by then. Inside a segment numbers that the source skipped are
//! kept free for late packets; numbers that the slot itself leaves out close up.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::is_newer_timestamp;

use crate::history::{Entry, Fate, History, Shift};
use crate::ids::draw;
use crate::packet::{Descriptor, IncomingPacket};

/// A source that skips more numbers than this at once has started anew: no places are kept free.
const MAX_GAP: u64 = 256;

/// See the module.
#[derive(Debug)]
pub(crate) struct Rewriter {
    /// The number of the next packet.
    next: u64,
    /// The first number of the segment.
    segment: u64,
    /// Numbers before this one are forgotten: they came from another source.
    known_from: u64,
    /// The first and the highest number of the source in this segment.
    first_source: u64,
    highest_source: u64,
    layer: u8,
    shift: Shift,
    /// The highest time stamp sent, and when its first packet was.
    timestamp: u32,
    timestamp_at: Option<Time>,
    clock_rate: u32,
    picture: u16,
    tl0: u8,
    /// The picture that was left out last: each is closed up once.
    skipped_picture: Option<u16>,
    history: History,
}

/// The place of a packet inside a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NumberVerdict {
    /// Under this number, with these shifts.
    Send { number: u64, shift: Shift },
    /// The packet is dropped but keeps a sequence number, which padding fills.
    Fill { number: u64 },
    /// Left out, and the numbers close up.
    Skipped,
    /// Before the segment began, or its place is forgotten.
    TooOld,
    /// The source jumped: a new segment has to begin.
    Jumped,
}

impl Rewriter {
    pub(crate) fn new(seed: u64, ssrc: u32, clock_rate: u32, history: usize) -> Self {
        let drawn = draw(seed, u64::from(ssrc));
        // In the lower half of the circle, so that a lost first packet does not confuse the receiver's
        // roll-over count (RFC 3711 section 3.3.1).
        let next = (drawn & 0x7fff) + 1;
        Self {
            next,
            segment: next,
            known_from: next,
            first_source: 0,
            highest_source: 0,
            layer: 0,
            shift: Shift::default(),
            timestamp: (drawn >> 32) as u32,
            timestamp_at: None,
            clock_rate,
            picture: 0,
            tl0: 0,
            skipped_picture: None,
            history: History::new(history),
        }
    }

    /// The time stamp that the slot's clock has reached at `now`.
    pub(crate) fn clock(&self, now: Time) -> u32 {
        let from = self.timestamp_at.unwrap_or(now).as_micros();
        let elapsed = now.as_micros().saturating_sub(from);
        let ticks = elapsed.saturating_mul(u64::from(self.clock_rate)) / 1_000_000;
        self.timestamp.wrapping_add(ticks as u32)
    }

    pub(crate) const fn clock_rate(&self) -> u32 {
        self.clock_rate
    }

    /// The packet is not one that comes late.
    #[inline]
    pub(crate) const fn is_ahead(&self, number: u64) -> bool {
        number > self.highest_source
    }

    pub(crate) const fn shift(&self) -> Shift {
        self.shift
    }

    /// Prefetches the memory that placing the next packet needs.
    #[inline]
    pub(crate) fn prefetch(&self) {
        self.history.prefetch(self.next);
    }

    /// Forgets earlier packets: another source follows.
    pub(crate) const fn forget(&mut self) {
        self.known_from = self.next;
    }

    /// Pauses: forgets earlier packets and frees their memory.
    pub(crate) fn rest(&mut self) {
        self.forget();
        self.history.clear();
    }

    /// Begins a segment with this packet, which must be placed next.
    pub(crate) fn begin(&mut self, now: Time, layer: u8, arrived: &IncomingPacket<'_>) {
        self.segment = self.next;
        self.first_source = arrived.number;
        self.highest_source = arrived.number - 1;
        self.layer = layer;
        self.skipped_picture = None;
        let mut timestamp = self.clock(now);
        if self.timestamp_at.is_some() && timestamp == self.timestamp {
            timestamp = timestamp.wrapping_add(1);
        }
        self.shift.timestamp = timestamp.wrapping_sub(arrived.timestamp);
        let first = self.timestamp_at.is_none();
        match &arrived.descriptor {
            Descriptor::Vp8(descriptor) if !first => {
                if let Some(picture) = descriptor.picture_id {
                    self.shift.picture = self.picture.wrapping_add(1).wrapping_sub(picture.value);
                }
                if let Some((tl0, _)) = descriptor.tl0 {
                    self.shift.tl0 = self.tl0.wrapping_add(1).wrapping_sub(tl0);
                }
            }
            Descriptor::Dependency { frame_number, .. } if !first => {
                self.shift.picture = self.picture.wrapping_add(1).wrapping_sub(*frame_number);
            }
            _ => {
                self.shift.picture = 0;
                self.shift.tl0 = 0;
            }
        }
    }

    /// The number and time stamp of a frame of `ticks` that is no source's, behind everything that was
    /// sent. Nothing from before it is ever sent again.
    pub(crate) fn append(&mut self, now: Time, ticks: u32) -> (u64, u32) {
        let clock = self.clock(now);
        match self.timestamp_at {
            // The last frame still lasts: this one follows it, and the clock goes on as it did.
            Some(at) if clock.wrapping_sub(self.timestamp) < ticks => {
                let lasts_us = u64::from(ticks) * 1_000_000 / u64::from(self.clock_rate);
                self.timestamp = self.timestamp.wrapping_add(ticks);
                self.timestamp_at = Some(at + Duration::from_micros(lasts_us));
            }
            _ => (self.timestamp, self.timestamp_at) = (clock, Some(now)),
        }
        let number = self.next;
        self.next += 1;
        self.forget();
        (number, self.timestamp)
    }

    /// Finds the packet its place. `wanted`: the slot carries its layer. `marker`: as it would be sent.
    #[inline]
    pub(crate) fn place(
        &mut self,
        now: Time,
        arrived: &IncomingPacket<'_>,
        wanted: bool,
        marker: bool,
    ) -> NumberVerdict {
        if arrived.number <= self.highest_source {
            return self.place_late(now, arrived, wanted, marker);
        }
        let gap = arrived.number - self.highest_source - 1;
        if gap > 0 {
            if gap > MAX_GAP {
                return NumberVerdict::Jumped;
            }
            self.keep_free(gap);
        }
        self.highest_source = arrived.number;
        if !wanted {
            self.close_up(arrived);
            return NumberVerdict::Skipped;
        }
        let number = self.next;
        self.next += 1;
        let entry = Entry::new(
            arrived.number,
            self.layer,
            self.shift,
            Fate::Sent { marker },
        );
        self.history.put(number, entry);
        self.remember(now, arrived, self.shift);
        NumberVerdict::Send {
            number,
            shift: self.shift,
        }
    }

    #[cold]
    fn keep_free(&mut self, gap: u64) {
        for source in self.highest_source + 1..=self.highest_source + gap {
            let entry = Entry::new(source, self.layer, self.shift, Fate::Awaited);
            self.history.put(self.next, entry);
            self.next += 1;
        }
    }

    #[cold]
    fn place_late(
        &mut self,
        now: Time,
        arrived: &IncomingPacket<'_>,
        wanted: bool,
        marker: bool,
    ) -> NumberVerdict {
        let oldest = self.next.saturating_sub(self.history.len());
        let from = self.segment.max(self.known_from).max(oldest);
        let found = if arrived.number < self.first_source {
            None
        } else {
            self.history.find(from, self.next, arrived.number)
        };
        let Some(number) = found else {
            return NumberVerdict::TooOld;
        };
        match self.history.at_mut(number) {
            Some(entry) if entry.fate == Fate::Awaited && wanted => {
                entry.fate = Fate::Sent { marker };
                let shift = entry.shift;
                self.remember(now, arrived, shift);
                NumberVerdict::Send { number, shift }
            }
            Some(entry) if entry.fate == Fate::Awaited => {
                entry.fate = Fate::Filled;
                NumberVerdict::Fill { number }
            }
            _ => NumberVerdict::TooOld,
        }
    }

    /// VP8's picture ids close up with the numbers: a receiver waits for pictures that it knows to be
    /// missing. Frame numbers of a dependency descriptor do not: frames name others by distance.
    #[inline]
    fn close_up(&mut self, arrived: &IncomingPacket<'_>) {
        if let Descriptor::Vp8(descriptor) = &arrived.descriptor
            && let Some(picture) = descriptor.picture_id
            && self.skipped_picture != Some(picture.value)
        {
            self.skipped_picture = Some(picture.value);
            self.shift.picture = self.shift.picture.wrapping_sub(1);
        }
    }

    /// Where the slot's clock and counters stand, if the packet takes them on.
    #[inline]
    fn remember(&mut self, now: Time, arrived: &IncomingPacket<'_>, shift: Shift) {
        let first = self.timestamp_at.is_none();
        let timestamp = arrived.timestamp.wrapping_add(shift.timestamp);
        if first || is_newer_timestamp(timestamp, self.timestamp) {
            self.timestamp = timestamp;
            self.timestamp_at = Some(now);
        }
        let (picture, tl0) = match &arrived.descriptor {
            Descriptor::Vp8(descriptor) => (
                descriptor.picture_id.map(|picture| picture.value),
                descriptor.tl0.map(|(tl0, _)| tl0),
            ),
            Descriptor::Dependency { frame_number, .. } => (Some(*frame_number), None),
            Descriptor::Plain
            | Descriptor::Vp9 { .. }
            | Descriptor::Red { .. }
            | Descriptor::OpaqueRed => return,
        };
        if let Some(picture) = picture {
            let picture = picture.wrapping_add(shift.picture);
            // VP8's have 15 bits.
            let step = picture.wrapping_sub(self.picture) & 0x7fff;
            if first || (1..0x4000).contains(&step) {
                self.picture = picture;
            }
        }
        if let Some(tl0) = tl0 {
            let tl0 = tl0.wrapping_add(shift.tl0);
            if first || (1..0x80).contains(&tl0.wrapping_sub(self.tl0)) {
                self.tl0 = tl0;
            }
        }
    }

    /// The entry of a number that was sent or kept free, for a retransmission.
    #[inline]
    pub(crate) fn recall(&mut self, sequence: u16) -> Option<(u64, &mut Entry)> {
        let last = self.next - 1;
        let step = i64::from(sequence.wrapping_sub(last as u16) as i16);
        let number = last.checked_add_signed(step)?;
        let oldest = self.next.saturating_sub(self.history.len());
        if number > last || number < self.known_from.max(oldest) {
            return None;
        }
        Some((number, self.history.at_mut(number)?))
    }

    /// The source's extended number behind an entry's lower half.
    #[inline]
    pub(crate) const fn source_of(&self, entry_source: u32) -> u64 {
        let step = entry_source.wrapping_sub(self.highest_source as u32) as i32;
        self.highest_source.wrapping_add_signed(step as i64)
    }
}
