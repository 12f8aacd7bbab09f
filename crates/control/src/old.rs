//! Journals of the format before this one (rows of format 2), which keep commands and not what they led to.
//!
//! The types of that format are frozen in here. Rows are brought into today's types field by field, by
//! name, so that those may gain fields (with a `serde` default) and variants. A command is applied by today's
//! rules, but for those that have changed since: [`crate::command_run::CommandRun::replays_older_than`] asks for them as
//! they were. A room that cannot be read so is an error, and the caller's to set aside.

mod command;
mod events_and_answers;
mod latest_events;
mod snapshot;
mod state;

use std::sync::Arc;

use ciborium::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use sideroom_route::{Epoch, RoomId};

use crate::journal::Chain;
use crate::room::Room;
use crate::run::Mode;
use crate::{Command, Digest, Event, ReplayError, Request};

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
    /// Invitations are pending until they are answered, withdrawn or expire.
    Invitations,
}

impl Rules {
    /// The version that records and snapshots had then.
    const fn version(self) -> u16 {
        match self {
            Self::First | Self::Waiting => 1,
            Self::Sanctions | Self::Invitations => 2,
        }
    }
}

/// A record of that format.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(transparent)]
pub struct OldRecord(Layout);

/// Patches of settings gained a field without another number.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
enum Layout {
    Earlier(command::Record<false>),
    Latest(command::Record<true>),
}

/// Does the same with a record of either layout.
macro_rules! of_record {
    ($record:expr, $it:ident => $does:expr) => {
        match $record {
            Layout::Earlier($it) => $does,
            Layout::Latest($it) => $does,
        }
    };
}

/// Converts a value to today's type.
fn today<T: DeserializeOwned>(old: &impl Serialize) -> Result<T, ReplayError> {
    let value = Value::serialized(old).map_err(|_| ReplayError::Unreadable)?;
    value.deserialized().map_err(|_| ReplayError::Unreadable)
}

/// The values that replaying needs of a record.
struct Parts {
    version: u16,
    room: RoomId,
    after: Epoch,
    epoch: Epoch,
    request: Request,
    prev_hash: Digest,
    chain: Chain,
    intact: bool,
}

impl OldRecord {
    /// From bytes that hold a record and nothing else. The hash tells the layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplayError> {
        let latest = whole::<command::Record<true>>(bytes);
        let earlier = whole::<command::Record<false>>(bytes);
        let latest_fits = latest.as_ref().is_some_and(command::Record::is_intact);
        let layout = match (latest, earlier) {
            (Some(latest), _) if latest_fits => Layout::Latest(latest),
            (_, Some(earlier)) => Layout::Earlier(earlier),
            (Some(latest), None) => Layout::Latest(latest),
            (None, None) => return Err(ReplayError::Unreadable),
        };
        Ok(Self(layout))
    }

    /// The number of the record in its room.
    pub const fn seq(&self) -> u64 {
        of_record!(&self.0, it => it.seq)
    }

    /// The record without texts. The hash no longer matches.
    #[must_use]
    pub(crate) fn without_text(&self) -> Self {
        let mut record = self.clone();
        of_record!(&mut record.0, it => it.command.clear_text());
        record
    }

    fn parts(&self) -> Result<Parts, ReplayError> {
        of_record!(&self.0, it => Ok(Parts {
            version: it.version,
            room: it.room,
            after: it.after,
            epoch: it.epoch,
            request: Request {
                now: it.now,
                actor: today(&it.actor)?,
                id: it.request_id.clone(),
                command: todays_command(&it.command)?,
            },
            prev_hash: it.prev_hash,
            chain: Chain { seq: it.seq, hash: it.hash },
            intact: it.is_intact(),
        }))
    }
}

/// The value, if the bytes hold it and nothing else.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (whole, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(whole)
}

/// The command with its settings as they are given today.
fn todays_command(old: &impl Serialize) -> Result<Command, ReplayError> {
    let mut command: Command = today(old)?;
    if let Command::UpdateBreakoutSettings(patch) = &mut command
        && let Some(countdown) = &mut patch.countdown_ms
    {
        // It was put in order when it came.
        countdown.sort_unstable_by(|one, other| other.cmp(one));
        countdown.dedup();
    }
    Ok(command)
}

impl Room {
    /// Applies a record of the format before this one. Only a room from a snapshot of that format has any.
    pub(crate) fn follow_old(
        &mut self,
        record: &OldRecord,
    ) -> Result<Vec<Arc<Event>>, ReplayError> {
        let Parts {
            version: found,
            room,
            after,
            epoch,
            request,
            prev_hash,
            chain,
            intact,
        } = record.parts()?;
        let rules = self.old.ok_or(ReplayError::Unreadable)?;
        let known = rules.version();
        if found != known {
            return Err(ReplayError::Version { found, known });
        }
        let held = self.state.chain;
        let intact = intact && prev_hash == held.hash;
        let chain = held.check_next(self.id(), (room, chain), intact)?;
        let before = std::mem::replace(&mut self.epoch, after);
        match self.run(request, &Mode::Old(rules, epoch, chain)) {
            Ok(applied) => Ok(applied.events),
            Err(error) => {
                self.epoch = before;
                let seq = record.seq();
                Err(ReplayError::Refused { seq, error })
            }
        }
    }
}
