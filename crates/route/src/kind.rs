//! Kinds of tracks and their media types.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The four kinds of track that a participant publishes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Audio,
    /// A camera, often with simulcast layers.
    Camera,
    /// A shared screen.
    Screen,
    /// A shared whiteboard or any other canvas.
    Canvas,
}

/// The media type of a slot and of an m-line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// `m=audio`.
    Audio,
    /// `m=video`.
    Video,
}

impl TrackKind {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 4] = [Self::Audio, Self::Camera, Self::Screen, Self::Canvas];

    /// The media type. "Video" in a mute means camera, screen and canvas together.
    pub const fn media(self) -> Media {
        match self {
            Self::Audio => Media::Audio,
            Self::Camera | Self::Screen | Self::Canvas => Media::Video,
        }
    }

    /// The name used on the wire, in metrics and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::Canvas => "canvas",
        }
    }
}

impl fmt::Display for TrackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
