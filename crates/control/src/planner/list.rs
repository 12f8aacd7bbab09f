//! The sources of a group in the order of their priority.

use std::collections::BTreeSet;

use sideroom_route::{DropReason, Gate, Media, ParticipantId, TrackId, TrackKind};

use crate::bounds;

/// Something for each media type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PerMedia<T> {
    audio: T,
    video: T,
}

impl<T> PerMedia<T> {
    pub(super) const fn new(audio: T, video: T) -> Self {
        Self { audio, video }
    }

    pub(super) const fn of(&self, media: Media) -> &T {
        match media {
            Media::Audio => &self.audio,
            Media::Video => &self.video,
        }
    }

    pub(super) const fn of_mut(&mut self, media: Media) -> &mut T {
        match media {
            Media::Audio => &mut self.audio,
            Media::Video => &mut self.video,
        }
    }
}

/// A routed track. The order of the fields is the order of priority; the track makes it total.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Source {
    /// Screens before canvases before cameras.
    pub(super) order: u8,
    /// More active talkers come first.
    pub(super) rank: u16,
    pub(super) track: TrackId,
    pub(super) publisher: ParticipantId,
    pub(super) kind: TrackKind,
    pub(super) mute: Option<DropReason>,
    /// An intercom takes it to others, who claim it as such and not as a source of the group.
    pub(super) announced: bool,
    /// Its own group does not hear it: it is in no list of the group.
    pub(super) suspended: bool,
}

/// See [`Source::order`].
pub(super) const fn order_of(kind: TrackKind) -> u8 {
    match kind {
        TrackKind::Audio | TrackKind::Screen => 0,
        TrackKind::Canvas => 1,
        TrackKind::Camera => 2,
    }
}

impl Source {
    pub(super) const fn media(&self) -> Media {
        self.kind.media()
    }

    /// The gate of a route to this source, as far as a mute decides.
    pub(super) fn gate(&self) -> Gate {
        self.mute.map_or(Gate::Open, Gate::Shut)
    }
}

/// A list has two parts: live sources and muted ones.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceList {
    pub(super) live: OrderedSources,
    pub(super) muted: OrderedSources,
}

/// Sources in order, and the first of them once more as a slice: that is as far as most look.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderedSources {
    pub(super) all: BTreeSet<Source>,
    pub(super) head: Vec<Source>,
    stale: bool,
}

/// The largest pool of slots, and the sources that may have to be skipped: one's own tracks and announced
/// ones.
const HEAD: usize = bounds::SLOTS as usize + 3 + 3 * (bounds::INTERCOMS + bounds::REPLIES);

impl SourceList {
    fn part_of(&mut self, source: &Source) -> &mut OrderedSources {
        if source.mute.is_none() {
            &mut self.live
        } else {
            &mut self.muted
        }
    }

    pub(super) fn insert(&mut self, source: Source) {
        let part = self.part_of(&source);
        part.stale |= part.all.insert(source);
    }

    pub(super) fn remove(&mut self, source: &Source) {
        let part = self.part_of(source);
        part.stale |= part.all.remove(source);
    }

    pub(super) fn len(&self) -> usize {
        self.live.all.len() + self.muted.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the heads anew, and tells the first place at which one of them is different.
    pub(super) fn refresh(&mut self) -> usize {
        self.live.refresh().min(self.muted.refresh())
    }
}

impl OrderedSources {
    fn refresh(&mut self) -> usize {
        if !std::mem::take(&mut self.stale) {
            return usize::MAX;
        }
        let mut first_change = usize::MAX;
        let mut length = 0;
        for (index, source) in self.all.iter().take(HEAD).enumerate() {
            length = index + 1;
            match self.head.get_mut(index) {
                Some(held) if held == source => {}
                Some(held) => {
                    first_change = first_change.min(index);
                    *held = *source;
                }
                None => {
                    first_change = first_change.min(index);
                    self.head.push(*source);
                }
            }
        }
        if length < self.head.len() {
            first_change = first_change.min(length);
            self.head.truncate(length);
        }
        first_change
    }
}
