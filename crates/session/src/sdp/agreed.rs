//! The negotiated media of an answer, as plain values.

use sideroom_route::{SlotId, TrackKind};
use sideroom_rtp::{Codec, ExtensionMap};

/// The most simulcast encodings of a track.
pub const MAX_LAYERS: usize = 3;

/// A codec with the client's payload types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NegotiatedCodec {
    /// The codec. For [`Codec::Red`] the format inside is Opus.
    pub codec: Codec,
    /// The client's payload type.
    pub payload_type: u8,
    /// The client's payload type for retransmissions (RFC 4588), if there is one.
    pub rtx: Option<u8>,
}

/// A track that the client sends, or will.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NegotiatedIngress {
    /// The section's identification tag; empty for a client that has a single section without one.
    pub mid: String,
    pub kind: TrackKind,
    /// The codecs that it may come in, the preferred one first.
    pub codecs: Vec<NegotiatedCodec>,
    /// Simulcast encodings, the smallest first; a single one if there is no simulcast.
    pub layers: Vec<NegotiatedLayer>,
    /// SSRCs with their retransmission SSRCs that belong to one of the layers, to which is not said.
    pub unplaced: Vec<(u32, Option<u32>)>,
    /// The id of each header extension.
    pub extensions: ExtensionMap,
    /// The client wants retransmission requests.
    pub nack: bool,
    /// The client understands no other keyframe request than FIR.
    pub fir: bool,
    /// The client sends here; false once a later offer has switched the section off.
    pub active: bool,
}

/// One simulcast encoding.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NegotiatedLayer {
    /// The RID, if encodings have one.
    pub rid: Option<String>,
    /// The SSRC, if the offer names one; otherwise the first packet tells.
    pub ssrc: Option<u32>,
    /// The SSRC of its retransmissions, if the offer says so.
    pub rtx_ssrc: Option<u32>,
}

/// A stream to the client, whose source changes over time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NegotiatedSlot {
    /// Its number. A later offer that switches a slot off may give its number to another one.
    pub slot: SlotId,
    /// The section's identification tag.
    pub mid: String,
    /// The stream's SSRC, chosen here, the same for as long as the participant stays.
    pub ssrc: u32,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The codecs that the client takes there, the preferred one first.
    pub codecs: Vec<NegotiatedCodec>,
    /// The id of each header extension.
    pub extensions: ExtensionMap,
    /// The client receives here; false once a later offer has switched the section off.
    pub active: bool,
}

/// A section that was answered with a refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedSection {
    /// The section's identification tag.
    pub mid: String,
    /// The section's line in the offer.
    pub line: usize,
    pub why: Refusal,
}

/// Why a single section was refused while the rest was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Neither audio nor video.
    NotMedia,
    /// The section offers no codec of the room.
    NoCodecOfTheRoom,
    /// The client has disabled the section.
    SwitchedOff,
}
