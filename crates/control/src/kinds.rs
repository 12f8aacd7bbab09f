//! Small sets of track kinds: those a participant brings along, a breakout carries, or a mute covers.

use std::fmt;

use serde::{Deserialize, Serialize};
use sideroom_route::{Media, TrackKind};

/// A set of track kinds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindSet(u8);

impl KindSet {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b1111);
    pub const AUDIO: Self = Self(0b0001);
    /// The video of a mute: camera, screen and canvas.
    pub const VIDEO: Self = Self(0b1110);
    /// The default kinds of a breakout: all but the camera.
    pub const WITHOUT_CAMERA: Self = Self(0b1101);

    const fn bit(kind: TrackKind) -> u8 {
        match kind {
            TrackKind::Audio => 0b0001,
            TrackKind::Camera => 0b0010,
            TrackKind::Screen => 0b0100,
            TrackKind::Canvas => 0b1000,
        }
    }

    /// This set and `kind`.
    #[must_use]
    pub const fn with(self, kind: TrackKind) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// This set without `kind`.
    #[must_use]
    pub const fn without(self, kind: TrackKind) -> Self {
        Self(self.0 & !Self::bit(kind))
    }

    /// The kinds in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if `kind` is in it.
    pub const fn contains(self, kind: TrackKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// True if any kind of `media` is in it.
    pub const fn has_media(self, media: Media) -> bool {
        let of_media = match media {
            Media::Audio => Self::AUDIO,
            Media::Video => Self::VIDEO,
        };
        self.0 & of_media.0 != 0
    }

    /// True if nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 & Self::ALL.0 == 0
    }

    /// The kinds, in the order of [`TrackKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = TrackKind> {
        TrackKind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<TrackKind> for KindSet {
    fn from_iter<I: IntoIterator<Item = TrackKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<TrackKind> for KindSet {
    fn from(kind: TrackKind) -> Self {
        Self::NONE.with(kind)
    }
}

impl fmt::Debug for KindSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(TrackKind::name))
            .finish()
    }
}
