//! When each peer of a worker wants to be asked next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sideroom_route::Time;

/// Due times by dense key. An entry that was brought forward leaves its old one in the heap, where it is
/// skipped; at most one entry a key and a change that brings it forward.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Time, u32)>>,
    due: Vec<Time>,
}

impl Timers {
    /// Schedules `key` at `at`, unless it is scheduled earlier.
    pub(super) fn bring_forward(&mut self, key: u32, at: Time) {
        let index = key as usize;
        if index >= self.due.len() {
            self.due.resize(index + 1, Time::NEVER);
        }
        if let Some(due) = self.due.get_mut(index)
            && at < *due
        {
            *due = at;
            self.heap.push(Reverse((at, key)));
        }
    }

    /// Forgets `key`.
    pub(super) fn cancel(&mut self, key: u32) {
        if let Some(due) = self.due.get_mut(key as usize) {
            *due = Time::NEVER;
        }
    }

    /// The earliest time that may be due.
    pub(super) fn next(&self) -> Time {
        self.heap.peek().map_or(Time::NEVER, |Reverse((at, _))| *at)
    }

    /// Removes and returns a key that is due at `now`. A key that is to come again has to be set again.
    pub(super) fn pop(&mut self, now: Time) -> Option<u32> {
        while let Some(Reverse((at, key))) = self.heap.peek().copied() {
            if at > now {
                return None;
            }
            self.heap.pop();
            if let Some(due) = self.due.get_mut(key as usize)
                && *due == at
            {
                *due = Time::NEVER;
                return Some(key);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_key_is_due_once_at_the_earliest_time_that_it_asked_for() {
        let at = |ms| Time::ZERO + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.bring_forward(3, at(50));
        timers.bring_forward(3, at(20));
        timers.bring_forward(3, at(90));
        timers.bring_forward(1, at(30));
        timers.bring_forward(2, at(10));
        timers.cancel(2);
        assert_eq!(timers.pop(at(15)), None);
        assert_eq!(timers.pop(at(60)), Some(3));
        assert_eq!(timers.pop(at(60)), Some(1));
        assert_eq!(timers.pop(at(60)), None);
        assert_eq!(timers.next(), Time::NEVER);
    }
}
