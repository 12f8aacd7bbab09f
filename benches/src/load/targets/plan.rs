//! The part of a client in a meeting, and the result of a join.

use sideroom_route::{Time, TrackKind};
use sideroom_rtp::ExtensionMap;

use crate::load::media::SourceSpec;
use crate::load::member::MemberSetup;

/// One client's part in a meeting.
#[derive(Clone, Debug)]
pub struct JoinPlan {
    pub client: u32,
    pub room: String,
    /// The kinds of tracks to send.
    pub sends: Vec<TrackKind>,
    /// How many audio streams it can receive at once.
    pub audio_slots: usize,
    /// How many video streams.
    pub video_slots: usize,
    /// Whether it may move others.
    pub moderator: bool,
    /// The moment at which its link begins.
    pub now: Time,
}

/// How a track that was negotiated is to be sent.
#[derive(Clone, Debug)]
pub struct Negotiated {
    pub kind: TrackKind,
    pub ssrc: u32,
    pub payload_type: u8,
    /// The m-line of the track.
    pub mid: String,
    /// The header extensions of that line.
    pub extensions: ExtensionMap,
}

/// A client that the server has let in.
pub struct Joined {
    /// The swarm's configuration of the client.
    pub setup: MemberSetup,
    /// The server's name for it.
    pub participant: String,
    /// The negotiated streams that it may send.
    pub sends: Vec<Negotiated>,
}

impl Negotiated {
    /// A source for this track.
    pub fn source(&self, rate_bps: u64, fps: u32) -> SourceSpec {
        SourceSpec {
            kind: self.kind,
            rate_bps,
            fps,
            ssrc: self.ssrc,
            payload_type: self.payload_type,
            mid: self.mid.clone(),
            extensions: self.extensions,
        }
    }
}
