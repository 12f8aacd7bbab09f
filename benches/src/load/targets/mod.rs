//! The servers that the clients can be sent to.

pub mod bare;
pub mod http;
pub mod janus;
pub mod link;
pub mod plan;
pub mod server_counts;
pub mod shim;
pub mod sideroom;
pub mod whip_whep;

use sideroom_route::TrackKind;

pub use self::plan::{JoinPlan, Joined, Negotiated};
pub use self::server_counts::{Pacing, WorkerCounts};
use self::sideroom::api::Api;
use super::error::LoadError;
use super::process::Process;

/// A server that clients can join.
pub trait Target: Send + Sync {
    /// The name in reports.
    fn name(&self) -> &str;

    /// The server's process, to read the cost from.
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

    /// The server's repairs and pacing, if the server reports them.
    fn pacing(&self) -> Option<Pacing> {
        None
    }

    /// The API for features that only Sideroom has: breakouts and gates.
    fn sideroom(&self) -> Option<&Api> {
        None
    }
}
