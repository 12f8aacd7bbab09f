//! Input and output of a session, as plain values.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use sideroom_route::{DropReason, LostReason, Time};
use sideroom_rtp::ExtensionMap;

use crate::PeerAddr;
use crate::sdp::{NegotiatedIngress, NegotiatedSlot, RefusedSection};

/// The answer to an offer, and the negotiated media.
#[derive(Clone)]
pub struct Answer {
    /// The text for the client.
    pub sdp: String,
    /// The user name fragment that the client's checks are addressed to from now on.
    pub ufrag: String,
    /// The tracks that the client sends, or will. [`DatagramOutcome::Rtp`] counts in this list; an ingress
    /// keeps its place through every later offer.
    pub ingress: Vec<NegotiatedIngress>,
    /// The streams that the client can be sent. Slots keep their places and SSRCs likewise.
    pub slots: Vec<NegotiatedSlot>,
    /// The sections that were refused.
    pub refused: Vec<RefusedSection>,
    /// The id of each header extension on this transport.
    pub extensions: ExtensionMap,
    /// The client reports on arrival times (transport-wide congestion control).
    pub transport_cc: bool,
}

// The text has the ICE password in it: it stays out of logs.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("ufrag", &self.ufrag)
            .field("ingress", &self.ingress)
            .field("slots", &self.slots)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

/// Outcome of handling a datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatagramOutcome {
    /// An RTP packet to be forwarded, opened in place.
    Rtp {
        /// The track, as an index in [`Answer::ingress`].
        ingress: usize,
        /// The simulcast encoding, 0 the smallest.
        layer: u8,
        /// Where the packet is in the datagram's buffer.
        range: Range<usize>,
        /// True: a retransmission, restored to the original packet (RFC 4588).
        recovered: bool,
    },
    /// The session has handled it completely.
    Handled,
    /// Dropped; count it.
    Dropped(DropReason),
}

/// An RTP packet that is to be sealed.
#[derive(Clone, Copy, Debug)]
pub struct RtpParts<'a> {
    /// The whole header, extension block included.
    pub header: &'a [u8],
    /// The beginning of the payload, where it is not in one piece with the rest.
    pub prefix: &'a [u8],
    /// The rest of the payload.
    pub payload: &'a [u8],
    /// The sequence number with its roll-overs; the first of a stream is below 65,536.
    pub extended_sequence: u64,
    /// Where in the header the two bytes of the transport-wide sequence number are.
    pub transport_cc_at: Option<usize>,
    /// Where in the header the three bytes of the sending time are.
    pub abs_send_time_at: Option<usize>,
}

/// Something that a session learned from its client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionEvent {
    /// ICE and DTLS are up, the fingerprint is the announced one: media can flow.
    Connected,
    /// The transport is gone. Nothing follows.
    Lost(LostReason),
    /// The client is reached at another address from now on.
    AddressSelected(PeerAddr),
    /// Packets of a slot that the client did not receive.
    Nack {
        /// The slot's SSRC.
        ssrc: u32,
        lost: Vec<u16>,
    },
    /// The client cannot go on without a keyframe.
    KeyframeRequest {
        /// The slot's SSRC.
        ssrc: u32,
    },
    /// The wall clock of a track's encoding, from the client's sender report.
    SenderReport {
        /// An index in [`Answer::ingress`].
        ingress: usize,
        layer: u8,
        /// Wall clock, NTP format.
        ntp: u64,
        /// The time of the report in RTP time stamps.
        rtp: u32,
    },
    /// How a slot arrives.
    ReceiverReport {
        /// The slot's SSRC, or that of its retransmissions.
        ssrc: u32,
        /// Share of packets lost since the last report, in 1/256.
        fraction_lost: u8,
        /// Lost since the beginning.
        lost: i32,
        /// Jitter in time stamp units.
        jitter: u32,
        /// Round-trip time, if the report answers a sender report of ours.
        rtt: Option<Duration>,
    },
    /// Arrival times of sent packets, for the bandwidth estimator.
    TransportFeedback(TransportFeedback),
    /// REMB: the receive rate that the client estimates.
    Remb {
        /// Bits a second.
        bps: u64,
    },
    /// Sender reports of the slots are due: answer with [`crate::Session::send_reports`].
    SlotReportsDue,
}

/// Arrival times of packets that were sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TransportFeedback {
    /// In the order of sending.
    pub packets: Vec<SentPacket>,
}

/// A sent packet and its fate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentPacket {
    /// The transport-wide number, with roll-overs.
    pub sequence: u64,
    /// The length on the wire without IP and UDP.
    pub size: u16,
    /// When it was sealed.
    pub sent: Time,
    /// Arrival in microseconds of the client's clock; `None` if the packet was lost.
    pub arrived: Option<i64>,
}

/// Packets and bytes of a session, sent, received and dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SessionCounts {
    /// Retransmission requests sent, in packets asked for.
    pub nacked: u64,
    /// Packets that came back as retransmissions.
    pub recovered: u64,
    /// Keyframe requests sent.
    pub keyframe_requests: u64,
    /// Transport-wide feedback packets sent.
    pub transport_feedback: u64,
    /// Padding that the client sent to probe the path.
    pub padding: u64,
    /// Events lost because the queue was full.
    pub events_lost: u64,
}
