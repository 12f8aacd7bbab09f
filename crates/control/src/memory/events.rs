//! The last events, for those who come back. Texts that people send are told, and kept in memory; they are
//! in no snapshot and no journal, so after a restart those who missed one take a fresh snapshot.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Event, bounds};

/// In order of their numbers.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub(crate) struct Events {
    #[serde(deserialize_with = "shared")]
    kept: VecDeque<Arc<Event>>,
    /// The number of the last event, kept or not.
    seq: u64,
}

impl Events {
    pub(crate) fn new(kept: VecDeque<Event>, seq: u64) -> Self {
        let kept = kept.into_iter().map(Arc::new).collect();
        Self { kept, seq }
    }

    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) fn keep(&mut self, events: &[Arc<Event>]) {
        let kept = events.iter().rev().take(bounds::EVENTS).rev();
        let surplus = (self.kept.len() + kept.len()).saturating_sub(bounds::EVENTS);
        self.kept.drain(..surplus.min(self.kept.len()));
        self.kept.extend(kept.cloned());
        self.seq = events.last().map_or(self.seq, |event| event.seq);
    }

    /// Some of the events up to number `seq` are not known.
    pub(crate) fn lose(&mut self, seq: u64) {
        self.kept.clear();
        self.seq = seq;
    }

    /// The events after number `after`; `None` if some of them are not kept, or are yet to come.
    pub(crate) fn after(&self, after: u64) -> Option<impl Iterator<Item = &Event>> {
        let wanted = self.seq.checked_sub(after)?;
        let first = self.kept.partition_point(|event| event.seq <= after);
        let held = self.kept.len() - first;
        (held as u64 == wanted).then(|| self.kept.iter().skip(first).map(Arc::as_ref))
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kept = self.kept.iter().map(Arc::as_ref);
        let kept = kept.filter(|event| !event.kind.is_text());
        let mut all = to.serialize_struct("Events", 2)?;
        all.serialize_field("kept", &kept.collect::<Vec<_>>())?;
        all.serialize_field("seq", &self.seq)?;
        all.end()
    }
}

fn shared<'de, D: Deserializer<'de>>(from: D) -> Result<VecDeque<Arc<Event>>, D::Error> {
    let kept = VecDeque::<Event>::deserialize(from)?;
    Ok(kept.into_iter().map(Arc::new).collect())
}
