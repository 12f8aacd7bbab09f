//! Journals of the format before this one, which keep commands and not what they led to.
//!
//! The types of that format are frozen in here. What is read is brought into today's types field by field, by
//! name, so that those may gain fields (with a `serde` default) and variants. A command is applied by today's
//! rules, but for those that have changed since: [`crate::turn::Turn::old`] asks for them as they were. A room
//! that cannot be read so is an error, and the caller's to set aside.

mod command;
mod state;
mod told;

use ciborium::Value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::journal::{Chain, digest_of};
use crate::memory::{Answer, Events, Memory, Requests};
use crate::room::{Mode, Room};
use crate::{Actor, Command, Event, Record, ReplayError, Request, Snapshot, UnixMillis};

/// The version that these records and snapshots have.
const VERSION: u16 = 1;

/// A record of that format.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OldRecord(command::Record);

/// A snapshot of that format.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OldSnapshot {
    version: u16,
    epoch: sideroom_route::Epoch,
    state: state::State,
    memory: state::Memory,
}

/// The same value in today's type.
fn today<T: DeserializeOwned>(old: &impl Serialize) -> Result<T, ReplayError> {
    let value = Value::serialized(old).map_err(|_| ReplayError::Unreadable)?;
    value.deserialized().map_err(|_| ReplayError::Unreadable)
}

impl OldRecord {
    /// Its number.
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
            actor: it.actor,
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
    /// Applies a record of the format before this one.
    pub(crate) fn follow_old(&mut self, record: &OldRecord) -> Result<Vec<Event>, ReplayError> {
        let it = &record.0;
        if it.version != VERSION {
            return Err(ReplayError::Version {
                found: it.version,
                known: VERSION,
            });
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
        match self.run(request, &Mode::Old(it.epoch, chain)) {
            Ok(applied) => Ok(applied.events),
            Err(error) => {
                self.epoch = before;
                Err(ReplayError::Refused { seq: it.seq, error })
            }
        }
    }
}

impl OldSnapshot {
    /// The number of the last journal record that it contains.
    pub const fn record_seq(&self) -> u64 {
        self.state.chain.seq
    }

    /// The same in today's format. Texts are left out.
    pub fn read(&self) -> Result<Snapshot, ReplayError> {
        if self.version != VERSION {
            return Err(ReplayError::Version {
                found: self.version,
                known: VERSION,
            });
        }
        let mut state: crate::state::State = today(&self.state)?;
        let requests = requests_of(&self.memory.requests);
        let last = self.memory.requests.order.back().map(|(at, ..)| *at);
        state.seen = last.unwrap_or_default().max(state.config.created_at);
        state.version = self.epoch.0.max(state.chain.seq);
        state.version_epoch = self.epoch;
        state.queue_those_who_wait();
        Ok(Snapshot {
            version: Record::VERSION,
            epoch: self.epoch,
            state,
            memory: Memory {
                requests,
                events: events_of(&self.memory.events),
                moves: today(&self.memory.moves)?,
            },
        })
    }
}

/// An answer that has no equal today is forgotten: the request counts as a new one.
fn requests_of(old: &state::Requests) -> Requests {
    let mut all = Requests::default();
    for (at, actor, id) in &old.order {
        let Some(answer) = old.answers.get(&(*actor, id.clone())) else {
            continue;
        };
        let (Ok(actor), Ok(outcome)) = (today::<Actor>(actor), today(&answer.outcome)) else {
            continue;
        };
        if actor != Actor::System {
            let answer = Answer {
                body: None,
                outcome,
                epoch: answer.epoch,
                version: answer.epoch.0,
                seq: answer.seq,
            };
            all.remember(UnixMillis(at.0), actor, id, answer);
        }
    }
    all
}

/// Events that have no equal today are lost: those who missed them take a fresh snapshot.
fn events_of(old: &state::Events) -> Events {
    let kept = old
        .kept
        .iter()
        .filter_map(|event| today::<Event>(event).ok());
    let kept = kept.filter(|event| !event.kind.is_text());
    Events::new(kept.collect(), old.seq)
}
