//! The servers that the clients can be sent to.

pub mod bare;
pub mod http;
pub mod janus;
pub mod link;
pub mod shim;
pub mod sideroom;
pub mod whip_whep;

use serde::Serialize;
use sideroom_route::{Time, TrackKind};
use sideroom_rtp::ExtensionMap;

use self::sideroom::api::Api;
use super::error::LoadError;
use super::media::SourceSpec;
use super::member::MemberSetup;
use super::process::Process;

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
    /// Its m-line.
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

/// Counters of one media worker of a server since it began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct WorkerCounts {
    /// Received from participants.
    pub received: u64,
    /// Sent to participants.
    pub sent: u64,
    /// Handed to other workers.
    pub relayed_out: u64,
    /// Packets relayed from other workers.
    pub relayed_in: u64,
}

/// A server's repairs and pacing for subscribers' paths since it began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Pacing {
    /// Kept for a while, so as not to fill a path at once.
    pub paced: u64,
    pub retransmissions: u64,
    /// Not sent again, because the path has no room for that.
    pub refused: u64,
    /// Keyframes asked of publishers.
    pub keyframe_requests: u64,
}

impl Pacing {
    /// The difference since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            paced: self.paced.saturating_sub(earlier.paced),
            retransmissions: self.retransmissions.saturating_sub(earlier.retransmissions),
            refused: self.refused.saturating_sub(earlier.refused),
            keyframe_requests: self
                .keyframe_requests
                .saturating_sub(earlier.keyframe_requests),
        }
    }
}

/// A server that clients can join.
pub trait Target: Send + Sync {
    /// The name in reports.
    fn name(&self) -> &str;

    /// Its cost is read here.
    fn process(&self) -> &Process;

    /// Makes a room for `participants`.
    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError>;

    /// Lets a client in.
    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError>;

    /// The client is about to send these.
    fn publish(&self, room: &str, participant: &str, kinds: &[TrackKind]) -> Result<(), LoadError>;

    /// The client goes.
    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError>;

    /// The counters of its workers, if it reports them.
    fn workers(&self) -> Option<Vec<WorkerCounts>> {
        None
    }

    /// Its repairs and pacing, if it reports them.
    fn pacing(&self) -> Option<Pacing> {
        None
    }

    /// The API for features that only Sideroom has: breakouts and gates.
    fn sideroom(&self) -> Option<&Api> {
        None
    }
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
