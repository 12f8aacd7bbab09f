//! The journal: one record for each accepted command, chained by hashes.
//!
//! Replaying the records of a room gives the same room, bit for bit. A record that was changed, left out
//! or put elsewhere breaks the chain, and replaying refuses it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sideroom_route::{Epoch, RoomId};
use thiserror::Error;

use crate::{Actor, BreakoutError, Command, RequestId, RoomConfig, UnixMillis};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of a value, as it would be journalled.
    pub fn of<T: Serialize>(value: &T) -> Self {
        digest_of(value)
    }
}

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
    pub request_id: RequestId,
    /// What was asked.
    pub command: Command,
    /// The hash of the record before; of the room's first configuration for the first record.
    pub prev_hash: Digest,
    pub hash: Digest,
}

/// Where the chain of a room has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Chain {
    pub(crate) seq: u64,
    pub(crate) hash: Digest,
}

/// Why a record was not replayed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReplayError {
    /// The record does not read.
    #[error("the record is unreadable; restore the journal from a backup")]
    Unreadable,
    /// The record has another format.
    #[error(
        "the record has format {found}, this server reads {known}; use the version that wrote it"
    )]
    Version {
        /// Its format.
        found: u16,
        /// Ours.
        known: u16,
    },
    /// It is not the next of this room.
    #[error("record {found} of room {room} does not follow record {held}; a part is missing")]
    OutOfOrder {
        room: RoomId,
        /// Its number.
        found: u64,
        /// The number of the last one.
        held: u64,
    },
    /// The hashes do not match.
    #[error("record {seq} was changed after it was written; restore the journal from a backup")]
    Tampered {
        /// Its number.
        seq: u64,
    },
    /// The room refuses the command, which it once accepted.
    #[error("record {seq} cannot be applied: {error}")]
    Refused {
        /// Its number.
        seq: u64,
        /// Why.
        error: BreakoutError,
    },
}

/// For callers that tell all failures of a room alike; the particulars are in the [`ReplayError`].
impl From<ReplayError> for BreakoutError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Unreadable => Self::Internal("the journal is unreadable"),
            ReplayError::Version { .. } => Self::Internal("the journal has another version"),
            ReplayError::OutOfOrder { .. } => Self::Internal("a part of the journal is missing"),
            ReplayError::Tampered { .. } => Self::Internal("the journal was changed afterwards"),
            ReplayError::Refused { error, .. } => error,
        }
    }
}

/// What a hash covers: everything in a record but the hash.
#[derive(Serialize)]
struct Hashed<'a> {
    version: u16,
    room: RoomId,
    seq: u64,
    after: Epoch,
    epoch: Epoch,
    now: UnixMillis,
    actor: Actor,
    request_id: &'a RequestId,
    command: &'a Command,
    prev_hash: Digest,
}

impl Record {
    /// The version that this server writes and reads.
    pub const VERSION: u16 = 2;

    /// Compact bytes.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self)
            .expect("invariant: a record holds nothing that postcard refuses")
    }

    /// From the bytes of [`Record::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let (version, _) =
            postcard::take_from_bytes::<u16>(bytes).map_err(|_| ReplayError::Unreadable)?;
        check_version(version)?;
        postcard::from_bytes(bytes).map_err(|_| ReplayError::Unreadable)
    }

    /// The hash that the record ought to have.
    pub fn computed_hash(&self) -> Digest {
        digest_of(&Hashed {
            version: self.version,
            room: self.room,
            seq: self.seq,
            after: self.after,
            epoch: self.epoch,
            now: self.now,
            actor: self.actor,
            request_id: &self.request_id,
            command: &self.command,
            prev_hash: self.prev_hash,
        })
    }
}

impl Chain {
    /// Before the first record.
    pub(crate) fn new(config: &RoomConfig) -> Self {
        Self {
            seq: 0,
            hash: digest_of(config),
        }
    }

    /// True if `record` is the next one and unchanged.
    pub(crate) fn check(&self, room: RoomId, record: &Record) -> Result<(), ReplayError> {
        check_version(record.version)?;
        if record.room != room || record.seq != self.seq + 1 {
            return Err(ReplayError::OutOfOrder {
                room: record.room,
                found: record.seq,
                held: self.seq,
            });
        }
        if record.prev_hash != self.hash || record.hash != record.computed_hash() {
            return Err(ReplayError::Tampered { seq: record.seq });
        }
        Ok(())
    }
}

fn check_version(found: u16) -> Result<(), ReplayError> {
    let known = Record::VERSION;
    if (1..=known).contains(&found) {
        Ok(())
    } else {
        Err(ReplayError::Version { found, known })
    }
}

/// The digest of a value in its compact form.
pub(crate) fn digest_of<T: Serialize>(value: &T) -> Digest {
    let bytes = postcard::to_allocvec(value).expect("invariant: our values can be written");
    Digest(Sha256::digest(&bytes).into())
}
