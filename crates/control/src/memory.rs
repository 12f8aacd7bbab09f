//! A room's memory besides its state: answered requests, past events, past moves. It follows from the journal
//! as the state does, and each part of it is bounded.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::Epoch;

use crate::{Actor, Digest, Event, MoveLog, Outcome, RequestId, UnixMillis, bounds};

/// All of it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) requests: Requests,
    pub(crate) events: Events,
    pub(crate) moves: MoveLog,
}

/// Requests that were answered, for those who ask again.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Requests {
    answers: BTreeMap<(Actor, RequestId), Answer>,
    /// The oldest first.
    order: VecDeque<(UnixMillis, Actor, RequestId)>,
}

/// The answer to a request.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The digest of the command.
    pub(crate) body: Digest,
    pub(crate) outcome: Outcome,
    pub(crate) epoch: Epoch,
    pub(crate) seq: u64,
}

impl Requests {
    pub(crate) fn answer_to(&self, actor: Actor, id: &RequestId) -> Option<&Answer> {
        self.answers.get(&(actor, id.clone()))
    }

    pub(crate) fn remember(&mut self, now: UnixMillis, actor: Actor, id: &RequestId, it: Answer) {
        while let Some((at, actor, id)) = self.order.front() {
            let full = self.order.len() >= bounds::REQUESTS;
            if !full && now.since(*at) < bounds::REQUEST_MEMORY_MS {
                break;
            }
            self.answers.remove(&(*actor, id.clone()));
            self.order.pop_front();
        }
        self.answers.insert((actor, id.clone()), it);
        self.order.push_back((now, actor, id.clone()));
    }
}

/// The last events, for those who come back.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Events {
    kept: VecDeque<Event>,
    /// The number of the last event.
    seq: u64,
}

impl Events {
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) fn keep(&mut self, events: &[Event]) {
        let kept = events.iter().rev().take(bounds::EVENTS).rev();
        let surplus = (self.kept.len() + kept.len()).saturating_sub(bounds::EVENTS);
        self.kept.drain(..surplus.min(self.kept.len()));
        self.kept.extend(kept.cloned());
        self.seq = events.last().map_or(self.seq, |event| event.seq);
    }

    /// The events after number `after`; `None` if some of them are not kept any more, or are yet to come.
    pub(crate) fn after(&self, after: u64) -> Option<impl Iterator<Item = &Event>> {
        let first = self.seq - self.kept.len() as u64;
        if after < first || after > self.seq {
            return None;
        }
        let skipped = usize::try_from(after - first).ok()?;
        Some(self.kept.iter().skip(skipped))
    }
}
