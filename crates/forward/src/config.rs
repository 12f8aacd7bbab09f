//! Configuration of transports, and the forwarder's own bounds.

use std::time::Duration;

use sideroom_route::{ParticipantId, SlotId, TrackId, TrackKind};
use sideroom_rtp::{Codec, ExtensionMap};

use crate::allowance::AllowanceBounds;

/// Bounds, throttles and hysteresis. The defaults suit a meeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ForwardConfig {
    /// Packets that the ring of an audio track keeps at most. Rounded up to a power of two.
    pub audio_ring_packets: usize,
    /// Packets that the ring of one video layer keeps at most. Rounded up to a power of two.
    pub video_ring_packets: usize,
    /// Bytes that one ring keeps at most; it begins far smaller and grows only while it has to.
    pub ring_bytes: usize,
    /// A packet older than this is not retransmitted.
    pub ring_age: Duration,
    /// Numbers that an audio slot remembers for retransmission. Rounded up to a power of two.
    pub audio_history: usize,
    /// Numbers that a video slot remembers for retransmission. Rounded up to a power of two.
    pub video_history: usize,
    /// The least time between two retransmissions of a packet to a slot.
    pub resend_after: Duration,
    /// The most retransmissions of a packet to a slot.
    pub max_resends: u8,
    /// Retransmissions that a slot may ask for.
    pub slot_resends: AllowanceBounds,
    /// Retransmissions that all slots of a subscriber may ask for together.
    pub subscriber_resends: AllowanceBounds,
    /// Keyframes that a subscriber may ask for, of all sources together: each one costs bandwidth to everybody
    /// who sees the source.
    pub subscriber_keyframes: AllowanceBounds,
    /// A keyframe is asked of the same source at most so often.
    pub keyframe_interval: Duration,
    /// If no keyframe comes within this, the request is repeated.
    pub keyframe_retry: Duration,
    /// A simulcast layer that was silent for so long, while others were not, counts as switched off.
    pub layer_silence: Duration,
    /// Least interval between reports of the talkers of one group.
    pub talkers_interval: Duration,
    /// How often time-outs, rates and talkers are looked at.
    pub tick: Duration,
    /// Events that wait at most; when full, the new one is lost, and keyframe requests are repeated anyway.
    pub max_events: usize,
    /// Seed for the first sequence numbers and time stamps of the slots.
    pub seed: u64,
}

impl Default for ForwardConfig {
    fn default() -> Self {
        Self {
            audio_ring_packets: 128,
            video_ring_packets: 1_024,
            ring_bytes: 1 << 21,
            ring_age: Duration::from_secs(2),
            audio_history: 128,
            video_history: 512,
            resend_after: Duration::from_millis(20),
            max_resends: 8,
            slot_resends: AllowanceBounds {
                burst: 512,
                per_second: 1_000,
            },
            subscriber_resends: AllowanceBounds {
                burst: 2_048,
                per_second: 3_000,
            },
            subscriber_keyframes: AllowanceBounds {
                burst: 64,
                per_second: 4,
            },
            keyframe_interval: Duration::from_millis(500),
            keyframe_retry: Duration::from_millis(1_000),
            layer_silence: Duration::from_millis(800),
            talkers_interval: Duration::from_millis(300),
            tick: Duration::from_millis(100),
            max_events: 4_096,
            seed: 0,
        }
    }
}

/// A publisher's track on this worker. Dense: the number of a removed one is used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IngressId(pub u32);

/// A subscriber on this worker. Dense: the number of a removed one is used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubscriberId(pub u32);

/// A published track and the streams that carry the track on a transport.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IngressConfig {
    pub track: TrackId,
    pub publisher: ParticipantId,
    pub kind: TrackKind,
    /// The codec of each payload type; RTX is unwrapped before packets come here. The type of `Opus` is the
    /// one that blocks inside RED name.
    pub codecs: Vec<(u8, Codec)>,
    /// The ids of header extensions on the publisher's transport.
    pub extensions: ExtensionMap,
    /// Number of simulcast encodings, 1 to [`MAX_LAYERS`](crate::MAX_LAYERS), the smallest first.
    pub layers: u8,
}

/// A receiving participant's transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubscriberConfig {
    pub participant: ParticipantId,
    /// Whether packets leave room for a transport-wide sequence number, if its extension has an id.
    pub transport_cc: bool,
}

/// One negotiated receive stream of a subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotConfig {
    pub slot: SlotId,
    /// The media SSRC, the same for all sources that the slot carries.
    pub ssrc: u32,
    /// The SSRC of retransmissions. Without it nothing is retransmitted: the same number sealed twice
    /// with another header would reuse a nonce (RFC 7714 section 8.4).
    pub rtx_ssrc: Option<u32>,
    /// The MID of its m-line, sent in every packet if the extension has an id.
    pub mid: Mid,
    /// The payload types on the subscriber's transport.
    pub payload_types: PayloadTypes,
    /// The ids of the header extensions that its m-line agreed on.
    pub extensions: ExtensionMap,
}

/// The name of an m-line: at most 16 bytes, so that it fits a one-byte extension element.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mid {
    len: u8,
    bytes: [u8; Self::MAX],
}

impl Mid {
    /// The longest MID.
    pub const MAX: usize = 16;

    /// `None` if it is longer than [`Mid::MAX`] bytes.
    pub fn new(name: &str) -> Option<Self> {
        let mut mid = Self::default();
        mid.bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        mid.len = name.len() as u8;
        Some(mid)
    }

    /// The bytes of the MID; empty if the slot has none.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

const NO_TYPE: u8 = 0xff;

/// Payload types on a subscriber's transport: for each codec that of media and that of retransmissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PayloadTypes([(u8, u8); Codec::ALL.len()]);

impl Default for PayloadTypes {
    fn default() -> Self {
        Self([(NO_TYPE, NO_TYPE); Codec::ALL.len()])
    }
}

impl PayloadTypes {
    /// No codec negotiated.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `codec` under `payload_type`.
    #[must_use]
    pub fn with(mut self, codec: Codec, payload_type: u8, rtx: Option<u8>) -> Self {
        if let Some(place) = self.0.get_mut(codec as usize) {
            *place = (payload_type & 0x7f, rtx.map_or(NO_TYPE, |rtx| rtx & 0x7f));
        }
        self
    }

    /// The payload type of `codec`.
    #[inline]
    pub fn of(&self, codec: Codec) -> Option<u8> {
        let (payload_type, _) = *self.0.get(codec as usize)?;
        (payload_type != NO_TYPE).then_some(payload_type)
    }

    /// The payload type of retransmissions of `codec`.
    #[inline]
    pub fn rtx_of(&self, codec: Codec) -> Option<u8> {
        let (_, rtx) = *self.0.get(codec as usize)?;
        (rtx != NO_TYPE).then_some(rtx)
    }

    /// Any payload type of retransmissions, for padding.
    pub fn any_rtx(&self) -> Option<u8> {
        self.0
            .iter()
            .map(|(_, rtx)| *rtx)
            .find(|rtx| *rtx != NO_TYPE)
    }
}

/// The layer that a slot should carry, as chosen by the allocator of the subscriber's bandwidth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LayerTarget {
    /// No layer: the bandwidth does not suffice.
    Paused,
    /// This and everything below it.
    Layer {
        /// The simulcast encoding or, inside one stream (VP9, AV1), the spatial layer. The smallest is 0.
        encoding: u8,
        /// The temporal layer. The slowest is 0.
        temporal: u8,
    },
}

impl LayerTarget {
    /// All there is.
    pub const TOP: Self = Self::Layer {
        encoding: u8::MAX,
        temporal: u8::MAX,
    };
}
