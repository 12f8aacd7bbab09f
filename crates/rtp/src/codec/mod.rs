//! A look into payloads: keyframe, frame borders, layers. Never more than a forwarder needs.

pub mod av1;
pub mod h264;
pub mod opus;
pub mod vp8;
pub mod vp9;

/// The codec of a payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Opus (RFC 7587).
    Opus,
    /// Redundant audio around Opus (RFC 2198).
    Red,
    /// VP8 (RFC 7741).
    Vp8,
    /// VP9 (RFC 9628).
    Vp9,
    /// H.264 (RFC 6184).
    H264,
    /// AV1 (AOMedia's RTP payload format).
    Av1,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Opus,
        Self::Red,
        Self::Vp8,
        Self::Vp9,
        Self::H264,
        Self::Av1,
    ];

    /// Ticks a second of the RTP clock.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Opus | Self::Red => 48_000,
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::Av1 => 90_000,
        }
    }

    /// The encoding name of `a=rtpmap`; names are compared without case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Red => "red",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
            Self::Av1 => "AV1",
        }
    }

    /// True for audio.
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Opus | Self::Red)
    }
}

/// Frame properties read from one packet's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Peek {
    /// The packet begins a frame that can be decoded without any other.
    pub keyframe: bool,
    /// The packet begins a frame (of its spatial layer).
    pub frame_start: bool,
    /// The spatial layer inside the stream, where the codec has such.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
    /// A receiver of fewer temporal layers may begin with this one here.
    pub switch_up: bool,
    /// No other frame needs this one.
    pub discardable: bool,
}

/// Peeks into `payload`. For AV1 this detects keyframes only, by the aggregation header; the rest is in the
/// dependency descriptor, see [`av1::DependencyReader`].
#[inline]
pub fn peek(codec: Codec, payload: &[u8]) -> Peek {
    match codec {
        Codec::Opus | Codec::Red => Peek {
            frame_start: true,
            ..Peek::default()
        },
        Codec::Vp8 => vp8::peek(payload),
        Codec::Vp9 => vp9::peek(payload),
        Codec::H264 => h264::peek(payload),
        Codec::Av1 => av1::peek(payload),
    }
}
