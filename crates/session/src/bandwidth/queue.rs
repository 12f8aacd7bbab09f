//! The queue on the path: how much later packets come than when it is empty, and whether it empties once we
//! send less. If it does not, other traffic fills it.

use sideroom_route::Time;

/// The delay of an empty queue is the least of the last minute.
const BASE_SPAN_US: i64 = 10_000_000;
const BASE_SPANS: usize = 6;
/// The queue now is the least of the last microseconds, this many: a burst that was held back and came at
/// once ends with a packet that did not wait.
const NOW_SPAN_US: i64 = 30_000;
const NOW_SPANS: usize = 3;
/// Whether it stands is judged in tenths of a second.
const LOOK_US: i64 = 100_000;
const LOOKS: u32 = 20;
/// A queue above this is more than a burst of our own.
const STANDS_US: i64 = 25_000;
/// A queue that falls by this much from one look to the next is emptying.
const EMPTIES_US: i64 = 5_000;
/// Other traffic fills the queue if it stands in this many of the looks, until it stands in no more than
/// `ENDS`.
const BEGINS: u32 = 16;
const ENDS: u32 = 8;
/// The time in which a queue of ours is to drain. The rate is lowered for this by a quarter at most.
const DRAINS_US: i64 = 2_000_000;
/// A delay that changes by this much means that a clock was set.
const JUMP_US: i64 = 10_000_000;

/// The least value of the last `N` spans of time.
#[derive(Debug)]
struct Least<const N: usize> {
    span_us: i64,
    began: i64,
    values: [i64; N],
}

impl<const N: usize> Least<N> {
    const fn new(span_us: i64) -> Self {
        Self {
            span_us,
            began: i64::MIN,
            values: [i64::MAX; N],
        }
    }

    fn add(&mut self, at: i64, value: i64) {
        let passed = at.saturating_sub(self.began) / self.span_us;
        if passed > 0 {
            let spans = usize::try_from(passed).unwrap_or(N).min(N);
            self.values.rotate_right(spans);
            self.values
                .iter_mut()
                .take(spans)
                .for_each(|old| *old = i64::MAX);
            self.began = at;
        }
        if let Some(newest) = self.values.first_mut() {
            *newest = value.min(*newest);
        }
    }

    fn get(&self) -> i64 {
        self.values.iter().copied().min().unwrap_or(i64::MAX)
    }
}

/// The queue of the path.
#[derive(Debug)]
pub(super) struct Queue {
    base: Least<BASE_SPANS>,
    now: Least<NOW_SPANS>,
    last: Option<i64>,
    /// The least delay of the look that is under way, and when that began.
    look_us: i64,
    look_began: i64,
    /// The least delay of the look before.
    before_us: i64,
    /// A bit for each look, the latest the lowest: the queue stood.
    stood: u32,
    shared: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            base: Least::new(BASE_SPAN_US),
            now: Least::new(NOW_SPAN_US),
            last: None,
            look_us: i64::MAX,
            look_began: i64::MIN,
            before_us: i64::MAX,
            stood: 0,
            shared: false,
        }
    }
}

impl Queue {
    /// A packet arrived, in the client's microseconds.
    pub(super) fn arrived(&mut self, sent: Time, arrived: i64) {
        let sent = i64::try_from(sent.since(Time::ZERO).as_micros()).unwrap_or(i64::MAX);
        let delay = arrived.saturating_sub(sent);
        if self
            .last
            .is_some_and(|last| last.abs_diff(delay) > JUMP_US as u64)
        {
            *self = Self::default();
        }
        self.last = Some(delay);
        self.base.add(arrived, delay);
        self.now.add(arrived, delay);
        self.look(arrived, delay);
    }

    fn look(&mut self, arrived: i64, delay: i64) {
        if arrived.saturating_sub(self.look_began) >= LOOK_US {
            let waits = self.look_us < i64::MAX && self.look_us - self.base.get() > STANDS_US;
            let stood = waits && self.look_us > self.before_us.saturating_sub(EMPTIES_US);
            self.stood = (self.stood << 1 | u32::from(stood)) & ((1 << LOOKS) - 1);
            self.look_began = arrived;
            self.before_us = self.look_us;
            self.look_us = i64::MAX;
        }
        self.look_us = self.look_us.min(delay);
    }

    /// How long a packet waits in it now, in microseconds.
    pub(super) fn waits_us(&self) -> i64 {
        self.now.get().saturating_sub(self.base.get()).max(0)
    }

    /// Whether somebody beside us fills it: we backed off (`backed_off`), and it stands all the same.
    pub(super) fn judge(&mut self, backed_off: bool) {
        let stood = self.stood.count_ones();
        self.shared = if self.shared {
            stood > ENDS
        } else {
            backed_off && stood >= BEGINS
        };
    }

    /// True while somebody beside us fills it.
    pub(super) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The part of a rate that lets the queue empty soon.
    pub(super) fn drains(&self, bps: u64) -> u64 {
        let longer = self.waits_us().clamp(0, DRAINS_US / 4);
        let longer = u64::try_from(longer).unwrap_or_default();
        bps - bps * longer / DRAINS_US as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet every 20 ms for `seconds`, each delayed by the queue at its moment.
    fn run(queue: &mut Queue, from_ms: u64, seconds: u64, waits_ms: impl Fn(u64) -> u64) -> u64 {
        for ms in (from_ms..from_ms + seconds * 1_000).step_by(20) {
            let arrived = i64::try_from((ms + 30 + waits_ms(ms)) * 1_000).unwrap();
            queue.arrived(Time::from_millis(ms), arrived);
        }
        from_ms + seconds * 1_000
    }

    #[test]
    fn a_queue_that_stands_though_we_back_off_is_shared_until_it_empties() {
        let mut queue = Queue::default();
        let now = run(&mut queue, 0, 5, |_| 0);
        queue.judge(true);
        assert!(!queue.is_shared());
        let now = run(&mut queue, now, 4, |ms| 50 + ms % 3_000 / 30);
        queue.judge(false);
        assert!(!queue.is_shared(), "it may be ours alone");
        queue.judge(true);
        assert!(queue.is_shared());
        let now = run(&mut queue, now, 30, |ms| 50 + ms % 3_000 / 30);
        queue.judge(false);
        assert!(queue.is_shared(), "once known it stays known");
        run(&mut queue, now, 3, |_| 5);
        queue.judge(true);
        assert!(!queue.is_shared());
    }

    #[test]
    fn what_is_held_back_and_comes_at_once_waits_no_more() {
        let mut queue = Queue::default();
        let now = run(&mut queue, 0, 5, |_| 0);
        run(&mut queue, now, 1, |ms| 1_000 - ms % 1_000);
        assert!(queue.waits_us() <= 60_000, "{}", queue.waits_us());
        queue.judge(true);
        assert!(!queue.is_shared());
    }

    #[test]
    fn a_clock_that_is_set_begins_anew() {
        let mut queue = Queue::default();
        let now = run(&mut queue, 0, 5, |_| 0);
        run(&mut queue, now, 5, |_| 1_000_000);
        assert_eq!(queue.waits_us(), 0);
        queue.judge(true);
        assert!(!queue.is_shared());
    }
}
