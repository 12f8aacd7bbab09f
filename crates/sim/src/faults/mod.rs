//! A node of rooms whose store, workers, callers and clocks fail.
//!
//! The room machines run as shipped; this module plays their adapters and everything behind them under a virtual
//! clock: a store that fails, hangs and forgets unanswered writes, workers that stall and panic, callers who
//! vanish at any moment, clocks that jump, rooms that panic, and a process that is killed. Oracles look at every
//! answer, event and transport. A [`Plant`] is a bug on purpose, with which each oracle shows that it can fail.

mod act;
mod callers;
mod commands;
mod draw;
mod host;
mod inject;
mod joins;
mod oracles;
mod people;
mod plane;
mod requests;
mod store;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::chance::Chance;
use crate::step::Violation;

/// Bounds that the oracles hold the rooms to.
pub mod bounds {
    use std::time::Duration;

    /// A room may be suspended for this long while its store works.
    pub const SUSPENDED: Duration = Duration::from_secs(5);
    /// A request is answered within this, whatever happens.
    pub const ANSWER: Duration = Duration::from_secs(30);
    /// A request to a room that no fault touches is answered within this: two cycles of a commit (6 ms) and a
    /// publication (2 ms) each, and 10 ms.
    pub const UNTOUCHED_ANSWER: Duration = Duration::from_millis(26);
    /// A room wakes by itself at most so often in a second.
    pub const WAKES_A_SECOND: usize = 20;
    /// A person whose caller has vanished is out of the room after this.
    pub const GHOST: Duration = Duration::from_secs(1);
    /// How long a place is kept.
    pub const GRACE: Duration = Duration::from_secs(30);
    /// A transport that is not up by then is lost.
    pub const NEVER_CONNECTED: Duration = Duration::from_secs(10);
    /// An event is told this long after it, at most: after its commit.
    pub const TELL_WAIT: Duration = Duration::from_secs(6);
    /// How long a worker may take to make a transport.
    pub const CONNECT_WAIT: Duration = Duration::from_secs(2);
}

/// A bug on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plant {
    /// Callers are answered before the commit.
    AnswerBeforeCommit,
    /// The store forgets writes that it has answered when the process is killed.
    ForgetAnswered,
    /// Transports of connections that are over stay.
    KeepTransports,
    /// The room is not told that a join's answer was not delivered.
    IgnoreHangUps,
    /// A room that is suspended is not woken to try again.
    NeverRetry,
    /// Rooms are woken every few milliseconds.
    BusyTimer,
    /// Rooms wait for each other, as in one loop.
    OneLoop,
    /// Some answers are lost.
    LoseReplies,
    /// Some events are not told.
    LoseEvents,
    /// Workers that do not obey in time go on forwarding.
    NoFence,
    /// Rooms wait for workers that are fenced.
    WaitForFenced,
    /// The clock for spans follows the calendar.
    TrustCalendar,
}

impl Plant {
    /// All of them, with the oracle that finds each.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::AnswerBeforeCommit, "answers are durable"),
        (Self::ForgetAnswered, "answers are durable"),
        (Self::KeepTransports, "no ghosts"),
        (Self::IgnoreHangUps, "no ghosts"),
        (Self::NeverRetry, "rooms come back"),
        (Self::BusyTimer, "wake-ups are bounded"),
        (Self::OneLoop, "rooms do not wait for each other"),
        (Self::LoseReplies, "everybody is answered"),
        (Self::LoseEvents, "events in order"),
        (Self::NoFence, "workers obey before the answer"),
        (Self::WaitForFenced, "rooms do not wait for each other"),
        (Self::TrustCalendar, "places are kept"),
    ];

    /// The name for the command line.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().map(|(plant, _)| plant);
        all.find(|plant| format!("{plant:?}") == name)
    }
}

/// Counts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Steps that were taken.
    pub steps: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were refused, counted among the answered.
    pub refused: u64,
    /// Callers who vanished before their answer.
    pub vanished: u64,
    /// Times that the store failed or hung.
    pub store_faults: u64,
    /// Times that a room was suspended.
    pub suspensions: u64,
    /// Times that a worker stalled or panicked.
    pub worker_faults: u64,
    /// Workers that were fenced.
    pub fenced: u64,
    /// Rooms that panicked.
    pub panics: u64,
    /// Jumps of the calendar.
    pub jumps: u64,
    /// Processes that were killed.
    pub kills: u64,
    /// The longest suspension with a store that works, in milliseconds.
    pub longest_suspension_ms: u64,
    /// The longest wait for an answer from an untouched room, in microseconds.
    pub longest_untouched_us: u64,
    /// The most times that a room woke by itself in a second.
    pub most_wakes: u64,
}

impl Report {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.answered += other.answered;
        self.refused += other.refused;
        self.vanished += other.vanished;
        self.store_faults += other.store_faults;
        self.suspensions += other.suspensions;
        self.worker_faults += other.worker_faults;
        self.fenced += other.fenced;
        self.panics += other.panics;
        self.jumps += other.jumps;
        self.kills += other.kills;
        let longest = self.longest_suspension_ms.max(other.longest_suspension_ms);
        self.longest_suspension_ms = longest;
        self.longest_untouched_us = self.longest_untouched_us.max(other.longest_untouched_us);
        self.most_wakes = self.most_wakes.max(other.most_wakes);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            to,
            "{} steps: {} answers ({} refusals), {} callers vanished; {} store faults, {} suspensions; {} worker \
             faults, {} fenced; {} panics, {} calendar jumps, {} kills\nlongest suspension with a working store {} \
             ms (bound 5000); longest answer of an untouched room {:.1} ms (bound 26); most wake-ups of a room in \
             a second {} (bound 20)",
            self.steps,
            self.answered,
            self.refused,
            self.vanished,
            self.store_faults,
            self.suspensions,
            self.worker_faults,
            self.fenced,
            self.panics,
            self.jumps,
            self.kills,
            self.longest_suspension_ms,
            self.longest_untouched_us as f64 / 1e3,
            self.most_wakes,
        )
    }
}

/// A failed run.
#[derive(Clone, Debug)]
pub struct FaultFailure {
    /// The step at which the oracle spoke.
    pub step: u64,
    /// The oracle's words.
    pub violation: Violation,
    /// The last steps before.
    pub last: Vec<String>,
}

impl std::fmt::Display for FaultFailure {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.last {
            writeln!(to, "  {step}")?;
        }
        let Violation { oracle, detail } = &self.violation;
        write!(to, "step {}: {oracle}: {detail}", self.step)
    }
}

/// Runs `steps` steps of the world of `seed`.
pub fn run(seed: u64, steps: u64, plant: Option<Plant>) -> Result<Report, Box<FaultFailure>> {
    let mut world = world::FaultWorld::new(Chance::new(seed), plant);
    for step in 0..steps {
        let taken = catch_unwind(AssertUnwindSafe(|| world.step()));
        let panicked = |_| Err(Violation::new("no panics", "the code under test panicked"));
        if let Err(violation) = taken.unwrap_or_else(panicked) {
            return Err(Box::new(FaultFailure {
                step,
                violation,
                last: world.last_steps(),
            }));
        }
    }
    Ok(world.into_report(steps))
}
