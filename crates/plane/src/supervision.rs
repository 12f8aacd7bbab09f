//! Supervision of workers: one that panics or stands still is replaced by a new one.
//!
//! The caller looks at every worker's count of rounds once in [`HEARTBEAT_EVERY`]. A worker whose count has not
//! moved in [`MISSED_HEARTBEATS`] looks is stuck. Looks are counted, not seconds, so a machine that was
//! suspended as a whole does not lose its workers.

use std::time::Duration;

use sideroom_route::Time;

/// How often the caller passes on every worker's count of rounds.
pub const HEARTBEAT_EVERY: Duration = Duration::from_millis(250);
/// A worker is stuck when its count has not moved in this many looks. An idle worker makes two rounds a second.
pub const MISSED_HEARTBEATS: u32 = 20;

/// A worker that ran for less than this before it ended is restarted later each time.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// The first delay of such a restart, doubled each time.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Numbers the lives of one worker. Reports of an earlier life are ignored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Incarnation(pub u32);

/// Why a worker's life ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The thread panicked or returned.
    Ended,
    /// The thread has stopped going round.
    Stuck,
    /// The queue of orders is full.
    QueueFull,
}

/// The supervision of one worker.
#[derive(Debug)]
pub(crate) struct Supervised {
    pub(crate) incarnation: Incarnation,
    phase: Phase,
    /// Short lives in a row.
    short_lives: u32,
}

#[derive(Debug)]
enum Phase {
    Running {
        since: Time,
        rounds: u64,
        missed: u32,
    },
    /// The caller restarts it at this time.
    Down { restart_at: Time },
    /// The caller was asked to restart it.
    Restarting,
}

impl Supervised {
    pub(crate) const fn new(now: Time) -> Self {
        Self {
            incarnation: Incarnation(0),
            phase: Phase::Running {
                since: now,
                rounds: 0,
                missed: 0,
            },
            short_lives: 0,
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    /// Handles a count of rounds; true if the worker is stuck.
    pub(crate) fn heartbeat(&mut self, count: u64) -> bool {
        let Phase::Running { rounds, missed, .. } = &mut self.phase else {
            return false;
        };
        if *rounds == count {
            *missed += 1;
            return *missed >= MISSED_HEARTBEATS;
        }
        (*rounds, *missed) = (count, 0);
        false
    }

    /// The worker's life has ended; false if that was known.
    pub(crate) fn end(&mut self, now: Time) -> bool {
        let Phase::Running { since, .. } = self.phase else {
            return false;
        };
        self.short_lives = match now.since(since) < SHORT_LIFE {
            true => self.short_lives.saturating_add(1),
            false => 0,
        };
        self.phase = Phase::Down {
            restart_at: now + self.delay(),
        };
        true
    }

    /// A restart has failed: it is tried again later.
    pub(crate) fn restart_failed(&mut self, now: Time) {
        self.short_lives = self.short_lives.saturating_add(1);
        self.phase = Phase::Down {
            restart_at: now + self.delay().max(FIRST_DELAY),
        };
    }

    /// The first restart happens at once, later ones wait.
    fn delay(&self) -> Duration {
        match self.short_lives {
            0 | 1 => Duration::ZERO,
            more => FIRST_DELAY
                .saturating_mul(1 << (more - 2).min(16))
                .min(LONGEST_DELAY),
        }
    }

    /// When [`Self::take_restart`] has something to say.
    pub(crate) const fn due(&self) -> Time {
        match self.phase {
            Phase::Down { restart_at } => restart_at,
            Phase::Running { .. } | Phase::Restarting => Time::NEVER,
        }
    }

    /// The number of the life that begins now, if one is due.
    pub(crate) fn take_restart(&mut self, now: Time) -> Option<Incarnation> {
        if self.due() > now {
            return None;
        }
        self.phase = Phase::Restarting;
        self.incarnation = Incarnation(self.incarnation.0.wrapping_add(1));
        Some(self.incarnation)
    }

    pub(crate) fn restarted(&mut self, now: Time) {
        self.phase = Phase::Running {
            since: now,
            rounds: 0,
            missed: 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn a_worker_that_stands_still_is_stuck_and_one_that_moves_is_not() {
        let mut one = Supervised::new(at(0));
        for look in 1..200 {
            assert!(!one.heartbeat(look / 2), "it moves with every second look");
        }
        let looks = (0..).take_while(|_| !one.heartbeat(99)).count();
        assert_eq!(looks, MISSED_HEARTBEATS as usize - 1 - 1);
    }

    #[test]
    fn the_first_restart_is_immediate_and_short_lives_delay_the_next() {
        let mut one = Supervised::new(at(0));
        assert!(one.end(at(60_000)) && !one.end(at(60_000)));
        assert_eq!(one.due(), at(60_000));
        assert_eq!(one.take_restart(at(60_000)), Some(Incarnation(1)));
        assert_eq!(one.take_restart(at(60_000)), None);
        let mut now = 60_000;
        let mut delays = Vec::new();
        for _ in 0..4 {
            one.restarted(at(now));
            now += 1_000;
            assert!(one.end(at(now)));
            delays.push(one.due().as_millis() - now);
            now = one.due().as_millis();
            assert!(one.take_restart(at(now)).is_some());
        }
        assert_eq!(delays, [0, 250, 500, 1_000]);
        one.restart_failed(at(now));
        assert_eq!(one.due(), at(now + 2_000));
        one.take_restart(at(now + 2_000));
        one.restarted(at(now));
        assert!(one.end(at(now + 60_000)));
        assert_eq!(one.due(), at(now + 60_000), "it had run for a while");
    }
}
