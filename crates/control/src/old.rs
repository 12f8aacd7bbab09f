//! Journals of the format before this one (rows of format 2), which keep commands and not what they led to.
//!
//! The types of that format are frozen in here. Rows are brought into today's types field by field, by
//! name, so that those may gain fields (with a `serde` default) and variants. A command is applied by today's
//! rules, but for those that have changed since: [`crate::turn::Turn::replays_older_than`] asks for them as
//! they were. A room that cannot be read so is an error, and the caller's to set aside.

mod command;
mod snapshot;
mod state;
mod told;

use ciborium::Value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::journal::{Chain, digest_of};
use crate::room::{Mode, Room};
use crate::{Command, Event, ReplayError, Request};

pub use snapshot::OldSnapshot;

/// The rules under which a room of that format accepted its commands. The layout of its snapshots tells which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rules {
    /// Full breakouts have no queue, and a timer outlives its round.
    First,
    /// Breakouts take in those who wait.
    Waiting,
    /// Sanctions belong to the person, and grants bound moderators.
    Sanctions,
}

impl Rules {
    /// The version that records and snapshots had then.
    const fn version(self) -> u16 {
        match self {
            Self::First | Self::Waiting => 1,
            Self::Sanctions => 2,
        }
    }
}

/// A record of that format.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OldRecord(command::Record);

/// The same value in today's type.
fn today<T: DeserializeOwned>(old: &impl Serialize) -> Result<T, ReplayError> {
    let value = Value::serialized(old).map_err(|_| ReplayError::Unreadable)?;
    value.deserialized().map_err(|_| ReplayError::Unreadable)
}

impl OldRecord {
    /// The number of the record in its room.
    pub const fn seq(&self) -> u64 {
        self.0.seq
    }

    /// The same record, its texts left out: its hash does not fit it any more.
    #[must_use]
    pub(crate) fn without_text(&self) -> Self {
        let mut record = self.0.clone();
        match &mut record.command {
            command::Command::Chat { text, .. } | command::Command::AddressAllText { text } => {
                text.clear();
            }
            _ => {}
        }
        Self(record)
    }

    fn computed_hash(&self) -> crate::Digest {
        let it = &self.0;
        digest_of(&command::Hashed {
            version: it.version,
            room: it.room,
            seq: it.seq,
            after: it.after,
            epoch: it.epoch,
            now: it.now,
            actor: &it.actor,
            request_id: &it.request_id,
            command: &it.command,
            prev_hash: it.prev_hash,
        })
    }

    /// The command with its settings as they are given today.
    fn command(&self) -> Result<Command, ReplayError> {
        let mut command: Command = today(&self.0.command)?;
        if let Command::UpdateBreakoutSettings(patch) = &mut command
            && let Some(countdown) = &mut patch.countdown_ms
        {
            // It was put in order when it came.
            countdown.sort_unstable_by(|one, other| other.cmp(one));
            countdown.dedup();
        }
        Ok(command)
    }
}

impl Room {
    /// Applies a record of the format before this one. Only a room from a snapshot of that format has any.
    pub(crate) fn follow_old(&mut self, record: &OldRecord) -> Result<Vec<Event>, ReplayError> {
        let it = &record.0;
        let rules = self.old.ok_or(ReplayError::Unreadable)?;
        let (found, known) = (it.version, rules.version());
        if found != known {
            return Err(ReplayError::Version { found, known });
        }
        let chain = Chain {
            seq: it.seq,
            hash: it.hash,
        };
        let held = self.state.chain;
        let intact = it.prev_hash == held.hash && it.hash == record.computed_hash();
        let chain = held.check_next(self.id(), (it.room, chain), intact)?;
        let request = Request {
            now: it.now,
            actor: today(&it.actor)?,
            id: it.request_id.clone(),
            command: record.command()?,
        };
        let before = std::mem::replace(&mut self.epoch, it.after);
        match self.run(request, &Mode::Old(rules, it.epoch, chain)) {
            Ok(applied) => Ok(applied.events),
            Err(error) => {
                self.epoch = before;
                Err(ReplayError::Refused { seq: it.seq, error })
            }
        }
    }
}
