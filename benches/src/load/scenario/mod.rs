//! Scenarios: the commands to the clients, and the measurements meanwhile.

pub mod breakouts;
pub mod churn;
pub mod exhaust;
pub mod fanout;
pub mod gates;
pub mod join;
pub mod meetings;
pub mod saturate;
pub mod scaling;
pub mod soak;
pub mod stage;
pub mod storm;
pub mod watchers;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use sideroom_route::TrackKind;

use super::counts::Counts;
use super::crowd::{Crowd, CrowdOptions};
use super::error::LoadError;
use super::path::{PathFigures, PathOptions};
use super::process::Process;
use super::report::{Mark, OwnCost, Report, ServerCost, Traffic};
use super::run_options::Common;
use super::targets::{JoinPlan, Pacing, Target};
use crate::machine::Machine;

/// Wait for packets that are still on their way after the last one was sent.
const AFTERWARDS: Duration = Duration::from_millis(300);
/// Between two lines of progress.
const TICK: Duration = Duration::from_secs(1);

/// One measured part of a run.
pub struct Measured {
    /// The counts of packets sent in this part, over all clients.
    pub counts: Counts,
    from: Mark,
    to: Mark,
    /// The server's repairs and pacing, if clients have paths and the server reports the counts.
    pacing: Option<Pacing>,
    has_path: bool,
}

impl Measured {
    /// How long it was.
    pub fn span(&self) -> Duration {
        self.to.at.since(self.from.at)
    }

    /// Traffic, if everybody of `audience` should have got every packet.
    pub fn traffic(&self, audience: u64) -> Traffic {
        Traffic::of(&self.counts, self.span(), self.counts.sent * audience)
    }

    /// Traffic where the number of expected packets is unknown: the gaps that receivers saw in sequence
    /// numbers are the missing packets.
    pub fn traffic_by_sequence(&self) -> Traffic {
        let missing = u64::try_from(self.counts.missing).unwrap_or(0);
        Traffic::of(&self.counts, self.span(), self.counts.received + missing)
    }

    /// Traffic, if everybody of `audience` should have got every packet that has room on their path. A packet
    /// left out on purpose leaves no gap in the server's numbers; a packet lost on the publisher's way up is
    /// missing for everybody.
    pub fn traffic_over_paths(&self, audience: u64) -> Traffic {
        let missing = u64::try_from(self.counts.missing).unwrap_or(0);
        let missing = missing.saturating_sub(self.counts.path.missing_up() * audience);
        Traffic::of(&self.counts, self.span(), self.counts.received + missing)
    }

    /// Figures of the clients' networks, if they have any.
    pub fn path(&self) -> Option<PathFigures> {
        let figures = PathFigures::of(&self.counts.path, self.counts.received, self.pacing);
        self.has_path.then_some(figures)
    }

    /// Cost of the server.
    pub fn server(&self) -> ServerCost {
        ServerCost::between(&self.from, &self.to, self.counts.received)
    }

    /// Cost of the tool.
    pub fn own(&self) -> OwnCost {
        OwnCost::between(&self.from, &self.to, &self.counts)
    }
}

/// The crowd of a scenario, before anybody has joined.
pub fn crowd_for(common: &Common, clients: usize) -> Result<Crowd, LoadError> {
    let path = common.path();
    Crowd::new(&CrowdOptions {
        clients,
        swarms: common.swarms,
        first_address: common.client_addresses,
        feedback: !common.no_feedback,
        flight: Duration::from_millis(common.flight_ms)
            + path
                .as_ref()
                .map_or(Duration::ZERO, PathOptions::longest_up),
        path,
        seed: common.seed,
    })
}

/// Plans for clients that are all alike, from number `first` on.
pub fn plans(
    crowd: &Crowd,
    clients: std::ops::Range<u32>,
    room: &str,
    sends: &[TrackKind],
    (audio_slots, video_slots): (usize, usize),
) -> Vec<JoinPlan> {
    let plan = |client| JoinPlan {
        client,
        room: room.to_owned(),
        sends: sends.to_vec(),
        video_layers: 1,
        audio_slots,
        video_slots,
        moderator: false,
        now: crowd.clock.now(),
    };
    clients.map(plan).collect()
}

fn mark(crowd: &Crowd, target: &dyn Target) -> Result<Mark, LoadError> {
    let gone = || LoadError::Server("it ended during the run".to_owned());
    Ok(Mark {
        own: crowd.totals(),
        server: target.process().usage().ok_or_else(gone)?,
        process: Process::own().usage().unwrap_or_default(),
        at: crowd.clock.now(),
    })
}

/// A part of the run that goes on.
pub struct Part {
    run: u16,
    from: Mark,
    pacing: Option<Pacing>,
}

/// Begins a part that is measured.
pub fn begin(crowd: &mut Crowd, target: &dyn Target) -> Result<Part, LoadError> {
    let pacing = pacing(crowd, target);
    let run = crowd.next_run();
    let from = mark(crowd, target)?;
    Ok(Part { run, from, pacing })
}

/// Ends it, and waits for packets that are still on their way.
pub fn end(crowd: &mut Crowd, target: &dyn Target, part: Part) -> Result<Measured, LoadError> {
    crowd.next_run();
    let to = mark(crowd, target)?;
    crowd.idle_until(to.at + AFTERWARDS, |_| {});
    progress("");
    let before = part.pacing.unwrap_or_default();
    Ok(Measured {
        counts: crowd.totals().of(part.run),
        from: part.from,
        to,
        pacing: pacing(crowd, target).map(|after| after.since(&before)),
        has_path: crowd.path.is_some(),
    })
}

/// The server's repairs and pacing so far; only for clients with paths.
fn pacing(crowd: &Crowd, target: &dyn Target) -> Option<Pacing> {
    crowd.path.as_ref().and_then(|_| target.pacing())
}

/// Lets the run go on for `duration` and returns its counts.
pub fn measure(
    crowd: &mut Crowd,
    target: &dyn Target,
    duration: Duration,
    what: &str,
) -> Result<Measured, LoadError> {
    let part = begin(crowd, target)?;
    let begun = part.from.at;
    let mut seen = (begun, 0, part.from.server.cpu);
    while crowd.clock.now() < begun + duration {
        let until = (begun + duration).min(crowd.clock.now() + TICK);
        crowd.idle_until(until, |_| {});
        let now = mark(crowd, target)?;
        let received = now.own.of(part.run).received;
        let span = now.at.since(seen.0).as_secs_f64().max(1e-9);
        progress(&format!(
            "{what}: {:>5.1} of {:.0} s, {:>8.0} packets/s, server {:.2} cores",
            now.at.since(begun).as_secs_f64(),
            duration.as_secs_f64(),
            (received - seen.1) as f64 / span,
            now.server.cpu.saturating_sub(seen.2).as_secs_f64() / span,
        ));
        seen = (now.at, received, now.server.cpu);
    }
    end(crowd, target, part)
}

/// One line that is written over by the next on a terminal; elsewhere lines would only fill a log.
pub fn progress(line: &str) {
    let mut error = std::io::stderr();
    if error.is_terminal() {
        let _ = write!(error, "\r\x1b[K{line}");
        let _ = error.flush();
    }
}

/// A report of one measured part.
pub fn report(
    scenario: &'static str,
    target: &dyn Target,
    measured: &Measured,
    traffic: Traffic,
) -> Report {
    let own = measured.own();
    let invalid_because = own.objections();
    Report {
        scenario,
        target: target.name().to_owned(),
        machine: Machine::read(),
        options: serde_json::Value::Null,
        valid: invalid_because.is_empty(),
        invalid_because,
        traffic,
        path: measured.path(),
        server: measured.server(),
        own,
        figures: serde_json::Value::Null,
        broken: Vec::new(),
    }
}
