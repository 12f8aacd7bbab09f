//! Gates, and every reason for which a packet is dropped.

use serde::{Deserialize, Serialize};

/// Whether a route lets packets through. A shut gate keeps its route: the rewriter stays alive and the
/// slot stays taken, so that opening it again leaves no gap in sequence numbers or time stamps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Gate {
    Open,
    /// Packets are dropped before any copy or encryption, and counted under this reason.
    Shut(DropReason),
}

impl Gate {
    /// True if packets pass.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open)
    }
}

macro_rules! drop_reasons {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why a packet was not forwarded. One counter for each, nothing is dropped silently.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum DropReason { $($(#[$doc])+ $variant,)+ }

        impl DropReason {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The value of the metric label `reason`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

drop_reasons! {
    /// The subscriber is away and has paused the parent, or the parent was paused when they joined the
    /// breakout.
    ParentPaused = "parent_paused",
    /// The subscriber is away and muted this media of the parent.
    ParentMuted = "parent_muted",
    /// A moderator paused the parent for all who are away.
    RoomPaused = "room_paused",
    /// A moderator muted this media of the parent for all who are away.
    RoomMuted = "room_muted",
    /// The publisher muted the track.
    PublisherMuted = "publisher_muted",
    /// A moderator muted the track.
    ModeratorMuted = "moderator_muted",
    /// The track is routed to no group: its kind was not named on joining, or is not allowed there.
    NotRouted = "not_routed",
    /// The subscriber's bandwidth does not suffice.
    Bandwidth = "bandwidth",
    /// The packet belongs to a simulcast or SVC layer that this slot does not carry.
    LayerNotSelected = "layer_not_selected",
    /// Waiting for a keyframe before video can switch in.
    AwaitingKeyframe = "awaiting_keyframe",
    /// Shorter than its header says, or a header that contradicts itself.
    Malformed = "malformed",
    /// The packet carries nothing but padding: a publisher's probe.
    PaddingOnly = "padding_only",
    /// The packet was received already.
    Duplicate = "duplicate",
    /// Older than anything that could still be of use.
    TooOld = "too_old",
    /// An unannounced SSRC, and no MID that identifies the track.
    UnknownSsrc = "unknown_ssrc",
    /// A payload type that was not negotiated.
    UnknownPayloadType = "unknown_payload_type",
    /// No such track, slot or subscriber (any more).
    UnknownTrack = "unknown_track",
    /// A relayed packet that was sent under another epoch's grouping of its track.
    StaleEpoch = "stale_epoch",
    /// A retransmission was asked for that is no longer, or was never, to be had.
    NotInRing = "not_in_ring",
    /// Retransmissions, keyframe requests or the like were asked for too often.
    Throttled = "throttled",
    /// From an address that no ICE check has validated.
    UnvalidatedAddress = "unvalidated_address",
    /// Media or control packets before the handshake was done.
    NotSecured = "not_secured",
    /// Authentication of an SRTP or SRTCP packet failed.
    NotAuthentic = "not_authentic",
    /// The SRTP replay window had seen the packet, or it lies before the window.
    Replayed = "replayed",
    /// Neither STUN nor DTLS nor RTP nor RTCP.
    NotDemuxed = "not_demuxed",
    /// A bounded queue between workers was full.
    QueueFull = "queue_full",
    /// The socket's send buffer was full.
    SocketFull = "socket_full",
    /// The kernel refused the packet.
    SendFailed = "send_failed",
    /// The worker had not obeyed an order in time, and must not send by an old table.
    Fenced = "fenced",
    /// A media packet longer than a frame of Ethernet: it would leave in fragments.
    TooLong = "too_long",
}
