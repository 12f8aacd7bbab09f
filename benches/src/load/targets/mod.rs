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

/// What one client wants of a meeting.
#[derive(Clone, Debug)]
pub struct JoinPlan {
    /// Its number.
    pub client: u32,
    pub room: String,
    /// What it will send.
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
    /// What it is.
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
    /// What the swarm makes it from.
    pub setup: MemberSetup,
    /// The server's name for it.
    pub participant: String,
    /// What it may send.
    pub sends: Vec<Negotiated>,
}

/// What one media worker of a server has counted since it began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct WorkerCounts {
    /// Received from participants.
    pub received: u64,
    /// Sent to participants.
    pub sent: u64,
    /// Handed to other workers.
    pub relayed_out: u64,
    /// Taken from other workers.
    pub relayed_in: u64,
}

/// What a server did for its subscribers' paths since it began, in packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Pacing {
    /// Kept for a while, so as not to fill a path at once.
    pub paced: u64,
    /// Sent again.
    pub retransmissions: u64,
    /// Not sent again, because the path has no room for that.
    pub refused: u64,
    /// Keyframes asked of publishers.
    pub keyframe_requests: u64,
}

impl Pacing {
    /// What was done since `earlier`.
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
    /// For reports.
    fn name(&self) -> &str;

    /// Its cost is read here.
    fn process(&self) -> &Process;

    /// Makes a room for so many.
    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError>;

    /// Lets a client in.
    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError>;

    /// The client is about to send these.
    fn publish(&self, room: &str, participant: &str, kinds: &[TrackKind]) -> Result<(), LoadError>;

    /// The client goes.
    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError>;

    /// What its workers have counted, if it tells.
    fn workers(&self) -> Option<Vec<WorkerCounts>> {
        None
    }

    /// What it did for its subscribers' paths, if it tells.
    fn pacing(&self) -> Option<Pacing> {
        None
    }

    /// What only Sideroom can do: breakouts and gates.
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
