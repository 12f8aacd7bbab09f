//! The journal: one record for each accepted command, chained by hashes.
//!
//! A record says what a command led to, not what was asked: the changes of the state as values, the answer,
//! and what its events are made from. Replaying needs no rules and cannot be refused by them; it gives the
//! same room, bit for bit. A record that was changed, left out or put elsewhere breaks the chain. Texts that
//! people send are in no record.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sideroom_route::{Epoch, RoomId};
use thiserror::Error;

use crate::change::Change;
use crate::command_run::Effects;
use crate::layout::{LATEST, in_layout};
use crate::{Actor, BreakoutError, Outcome, RequestId, RoomConfig, UnixMillis};

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

/// The effects of one accepted command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format.
    pub version: u16,
    pub room: RoomId,
    /// Counts the room's records, from 1, without a gap.
    pub seq: u64,
    /// The epoch that the command led to.
    pub epoch: Epoch,
    /// The version of the state that it led to.
    pub state_version: u64,
    /// The number of the last event that it led to.
    pub last_event: u64,
    /// The time at which the command was applied.
    pub now: UnixMillis,
    pub actor: Actor,
    pub request_id: RequestId,
    /// The name of the command.
    pub command: String,
    /// The digest of the command, if the request is remembered.
    pub body: Option<Digest>,
    /// The answer to the command.
    pub outcome: Outcome,
    /// Changes of the state, in order.
    pub(crate) changes: Vec<Change>,
    /// The source of its events, without texts.
    pub(crate) effects: Effects,
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
        found: u16,
        /// The format that this server writes and reads.
        known: u16,
    },
    /// The record does not follow the last one of this room.
    #[error("record {found} of room {room} does not follow record {held}; a part is missing")]
    OutOfOrder {
        room: RoomId,
        found: u64,
        /// The number of the last record that was applied.
        held: u64,
    },
    /// The hashes do not match.
    #[error("record {seq} was changed after it was written; restore the journal from a backup")]
    Tampered { seq: u64 },
    /// The room refuses a command of an older format, which it once accepted.
    #[error("record {seq} cannot be applied: {error}")]
    Refused { seq: u64, error: BreakoutError },
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

impl Record {
    /// The version that this server writes and reads.
    pub const VERSION: u16 = LATEST;
    /// The earliest version that this server reads as it reads its own.
    pub const EARLIEST: u16 = 3;

    /// Encodes the record with postcard.
    pub fn encode(&self) -> Vec<u8> {
        in_layout(self.version, || postcard::to_allocvec(self))
            .expect("invariant: a record holds nothing that postcard refuses")
    }

    /// Decodes a record from the bytes of [`Record::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let (version, _) =
            postcard::take_from_bytes::<u16>(bytes).map_err(|_| ReplayError::Unreadable)?;
        check_version(version)?;
        in_layout(version, || postcard::from_bytes(bytes)).map_err(|_| ReplayError::Unreadable)
    }

    /// The hash that the record ought to have: of everything in it but the hash.
    pub fn computed_hash(&self) -> Digest {
        let bytes = self.encode();
        let covered = bytes.len().saturating_sub(self.hash.0.len());
        Digest(Sha256::digest(bytes.get(..covered).unwrap_or_default()).into())
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

    /// Where the chain is after `record`, if that is the next one and unchanged.
    pub(crate) fn check(&self, room: RoomId, record: &Record) -> Result<Self, ReplayError> {
        check_version(record.version)?;
        let next = Self {
            seq: record.seq,
            hash: record.hash,
        };
        let intact = record.prev_hash == self.hash && record.hash == record.computed_hash();
        self.check_next(room, (record.room, next), intact)
    }

    /// The next link, if it is the next one of this room and intact.
    pub(crate) fn check_next(
        &self,
        room: RoomId,
        (found_room, next): (RoomId, Self),
        intact: bool,
    ) -> Result<Self, ReplayError> {
        if found_room != room || next.seq != self.seq + 1 {
            return Err(ReplayError::OutOfOrder {
                room: found_room,
                found: next.seq,
                held: self.seq,
            });
        }
        match intact {
            true => Ok(next),
            false => Err(ReplayError::Tampered { seq: next.seq }),
        }
    }
}

fn check_version(found: u16) -> Result<(), ReplayError> {
    let known = Record::VERSION;
    if (Record::EARLIEST..=known).contains(&found) {
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
