//! Which events of which room go to a receiver next: sans-IO. The events of a room stand in line; rooms go ahead
//! independently, so one whose events are refused holds up no other.
//!
//! Memory is bounded: of the events that wait so many are held here, the rest is read from the store when its turn
//! comes. A room that waits costs a few words.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sideroom_store::KeptEvent;

use super::filter::Filter;

/// Size of the events that are held at most.
const HELD_BYTES: u64 = 8 * 1_024 * 1_024;

/// Milliseconds on the caller's clock.
pub(super) type Millis = u64;

/// The next thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Read the events of this room after that number, and hand them to [`Lines::loaded`].
    Load { room: String, after: u64 },
    /// Send these events of one room, and tell how it went.
    Send {
        room: String,
        events: Vec<Arc<KeptEvent>>,
        /// Failures in a row before this.
        attempts: u32,
    },
}

/// The events of one room that are not settled yet. There is at least one.
#[derive(Debug)]
struct Line {
    /// Everything up to this number is settled.
    settled: u64,
    /// No event before this number waits.
    first: u64,
    newest: u64,
    /// The first events that wait, without a gap.
    held: VecDeque<Arc<KeptEvent>>,
    /// All that wait are held.
    complete: bool,
    attempts: u32,
    /// Send one event at a time: of several, one was refused.
    alone: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lines {
    filter: Filter,
    lines: BTreeMap<String, Line>,
    ready: VecDeque<String>,
    waiting: BTreeSet<(Millis, String)>,
    scanned: u64,
    held_bytes: u64,
    /// Rooms of which more is settled than of all together.
    ahead: BTreeMap<String, u64>,
}

impl Lines {
    /// Everything up to `base` is settled, and of the rooms in `ahead` everything up to the number there.
    pub(super) fn new(filter: Filter, base: u64, ahead: BTreeMap<String, u64>) -> Self {
        Self {
            filter,
            lines: BTreeMap::new(),
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            scanned: base,
            held_bytes: 0,
            ahead,
        }
    }

    /// The number of the last event that was seen.
    pub(super) const fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Everything up to this number is settled.
    pub(super) fn base(&self) -> u64 {
        let firsts = self.lines.values().map(|line| line.first);
        firsts.min().map_or(self.scanned, |first| first - 1)
    }

    /// Rooms of which more is settled than the base says.
    pub(super) fn ahead(&mut self) -> &BTreeMap<String, u64> {
        let base = self.base();
        self.ahead.retain(|_, settled| *settled > base);
        &self.ahead
    }

    /// Rooms with events that wait.
    pub(super) fn rooms(&self) -> usize {
        self.lines.len()
    }

    /// Takes the next events of all rooms, in order.
    pub(super) fn note(&mut self, events: &[Arc<KeptEvent>]) {
        for event in events {
            self.scanned = self.scanned.max(event.number);
            let settled = self.ahead.get(&event.event.room).copied();
            if settled.is_none_or(|settled| settled < event.number)
                && self.filter.wants(&event.event)
            {
                self.stand(event);
            }
        }
    }

    fn stand(&mut self, event: &Arc<KeptEvent>) {
        let room = &event.event.room;
        let line = match self.lines.get_mut(room) {
            Some(line) => line,
            None => {
                self.ready.push_back(room.clone());
                let line = Line {
                    settled: event.number - 1,
                    first: event.number,
                    newest: event.number,
                    held: VecDeque::new(),
                    complete: true,
                    attempts: 0,
                    alone: false,
                };
                self.lines.entry(room.clone()).or_insert(line)
            }
        };
        line.newest = line.newest.max(event.number);
        // A read for this room may have been ahead of what is seen of all rooms.
        let held = line.held.back().map_or(line.settled, |last| last.number);
        if held >= event.number {
            return;
        }
        line.complete &= self.held_bytes < HELD_BYTES;
        if line.complete {
            self.held_bytes += event.event.size();
            line.held.push_back(Arc::clone(event));
        }
    }

    /// The next thing to do, if any; `most` events at once.
    pub(super) fn next(&mut self, now: Millis, most: usize) -> Option<Turn> {
        while let Some((at, _)) = self.waiting.first()
            && *at <= now
            && let Some((_, room)) = self.waiting.pop_first()
        {
            self.ready.push_back(room);
        }
        let room = self.ready.pop_front()?;
        let line = self.lines.get(&room)?;
        if line.held.is_empty() {
            let after = line.settled;
            return Some(Turn::Load { room, after });
        }
        let most = if line.alone { 1 } else { most };
        let events = line.held.iter().take(most).cloned().collect();
        let attempts = line.attempts;
        Some(Turn::Send {
            room,
            events,
            attempts,
        })
    }

    /// When [`Self::next`] may have something again.
    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// The events of a room that were to be read, all after its settled ones, in order. None: they are not kept any
    /// more.
    pub(super) fn loaded(&mut self, room: &str, events: &[Arc<KeptEvent>]) {
        let Some(line) = self.lines.get_mut(room) else {
            return;
        };
        let Some(last) = events.last().map(|event| event.number) else {
            let newest = line.newest;
            return self.settle(room, newest);
        };
        let wanted = events
            .iter()
            .filter(|event| self.filter.wants(&event.event));
        for event in wanted {
            self.held_bytes += event.event.size();
            line.held.push_back(Arc::clone(event));
        }
        line.newest = line.newest.max(last);
        line.complete = last >= line.newest;
        if line.held.is_empty() {
            return self.settle(room, last);
        }
        self.ready.push_front(room.to_owned());
    }

    /// Everything of this room up to this number is settled: sent, or given up.
    pub(super) fn settle(&mut self, room: &str, upto: u64) {
        let Some(line) = self.lines.get_mut(room) else {
            return;
        };
        while let Some(first) = line.held.front()
            && first.number <= upto
        {
            self.held_bytes -= first.event.size();
            line.held.pop_front();
        }
        line.settled = line.settled.max(upto);
        line.first = match line.held.front() {
            Some(first) => first.number,
            None => line.settled + 1,
        };
        line.attempts = 0;
        line.alone = false;
        self.ahead.insert(room.to_owned(), upto);
        if line.newest <= line.settled {
            self.lines.remove(room);
        } else {
            self.ready.push_back(room.to_owned());
        }
    }

    /// The events were not taken; try again then, one at a time if one of them was refused.
    pub(super) fn fail(&mut self, room: &str, again_at: Millis, alone: bool) {
        if let Some(line) = self.lines.get_mut(room) {
            line.attempts = line.attempts.saturating_add(1);
            line.alone |= alone;
            if self.held_bytes > HELD_BYTES {
                let held = line.held.drain(..).map(|event| event.event.size());
                self.held_bytes -= held.sum::<u64>();
                line.complete = false;
            }
            self.waiting.insert((again_at, room.to_owned()));
        }
    }

    /// Reads a room again later: it could not be read now.
    pub(super) fn postpone(&mut self, room: &str, again_at: Millis) {
        if self.lines.contains_key(room) {
            self.waiting.insert((again_at, room.to_owned()));
        }
    }

    /// All rooms that wait may try at once: an operator says that the receiver is back.
    pub(super) fn hurry(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.ready.extend(waiting.into_iter().map(|(_, room)| room));
    }
}

#[cfg(test)]
mod tests;
