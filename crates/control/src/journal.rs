//! The journal: one record for each accepted command, chained by hashes.
//!
//! Replaying the records of a room gives the same room, bit for bit. A record that was changed, left out
//! or put elsewhere breaks the chain, and replaying refuses it.

use serde::{Deserialize, Serialize};
use sideroom_route::{Epoch, RoomId};

use crate::{Actor, Command, RequestId, UnixMillis};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One accepted command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format.
    pub version: u16,
    /// The room.
    pub room: RoomId,
    /// Counts the room's records, from 1, without a gap.
    pub seq: u64,
    /// The epoch before the command. Changes that are not journalled (who talks, what is looked at) lie
    /// between the epoch of one record and this of the next.
    pub after: Epoch,
    /// The epoch that the command led to.
    pub epoch: Epoch,
    /// When.
    pub now: UnixMillis,
    /// Who asked.
    pub actor: Actor,
    /// Which request.
    pub request_id: RequestId,
    /// What was asked.
    pub command: Command,
    /// The hash of the record before.
    pub prev_hash: Digest,
    /// The hash of this one.
    pub hash: Digest,
}
