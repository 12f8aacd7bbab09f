//! Everything at once for a long time: people talk, show, move, leave and come back, the parent is paused
//! and resumed. Memory has to stay flat and nothing may leak.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use sideroom_route::Time;

use super::stage::{MoveTimes, Stage, StagePlan};
use super::{begin, end, plans, progress, report};
use crate::load::error::LoadError;
use crate::load::groups::PARENT;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::swarm_messages::Command;
use crate::load::targets::Target;

/// How much of everything.
#[derive(Args, Clone, Debug, Serialize)]
pub struct SoakOptions {
    /// Number of participants.
    #[arg(long, default_value_t = 200)]
    pub participants: u32,
    /// Number of breakouts.
    #[arg(long, default_value_t = 8)]
    pub breakouts: u32,
    /// Video bits a second of one person in each group.
    #[arg(long, default_value_t = 600_000)]
    pub video_bps: u64,
    /// Moves a second.
    #[arg(long, default_value_t = 5.0)]
    pub moves_per_s: f64,
    /// People who leave and come back, per second.
    #[arg(long, default_value_t = 0.5)]
    pub rejoins_per_s: f64,
    /// Moves before memory is read for the first time. A room remembers a bounded part of its past (20,000
    /// stays, 4,096 events, 2,048 requests): growth after that is full is a leak.
    #[arg(long, default_value_t = 20_500)]
    pub past: u32,
    /// How often memory is read, in seconds.
    #[arg(long, default_value_t = 10)]
    pub sample_s: u64,
    /// Largest share by which the median of memory may grow from the first third to the last.
    #[arg(long)]
    pub max_growth: Option<f64>,
}

/// A newcomer gets the next of this many addresses: the one that was left longest ago.
const SPARE: u32 = 4_096;

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &SoakOptions,
) -> Result<Report, LoadError> {
    let plan = StagePlan {
        room: "load-soak",
        participants: options.participants,
        breakouts: options.breakouts,
        anchors: 2,
        moving_talkers: options.participants / 10,
        video_bps: options.video_bps,
        video_fps: 30,
        spare: SPARE,
    };
    let mut stage = Stage::set(target, common, plan)?;
    let warm = stage.crowd.clock.now() + common.warm_up;
    stage.idle_until(warm);
    live_through(&mut stage, options.past)?;
    let part = begin(&mut stage.crowd, target)?;
    let memory = go_on(&mut stage, target, common, options)?;
    stage.await_moves();
    let measured = end(&mut stage.crowd, target, part)?;
    let traffic = measured.traffic_by_sequence();
    let mut report = report("soak", target, &measured, traffic);
    let growth = growth_of(&memory);
    if let Some(max) = options.max_growth.filter(|max| growth > *max) {
        report
            .broken
            .push(format!("memory grew by {growth}, more than {max}"));
    }
    report.options = json!({ "soak": options, "profile": common.profile });
    let samples: Vec<_> = memory
        .iter()
        .map(|(at, bytes)| (at.as_secs(), (*bytes as f64 / 104_857.6).round() / 10.0))
        .collect();
    report.figures = json!({
        "moves": stage.times.figures(),
        "memory_growth": growth,
        "resident_mib_by_s": samples,
    });
    Ok(report)
}

/// Makes a history for the room: `moves` moves, one right after the other.
fn live_through(stage: &mut Stage<'_>, moves: u32) -> Result<(), LoadError> {
    for done in 0..moves {
        let (client, to) = stage.draw_move();
        stage.move_all(&[(client, to)])?;
        if done % 32 == 0 {
            let now = stage.crowd.clock.now();
            stage.idle_until(now + Duration::from_millis(1));
        }
        if done % 2_000 == 0 {
            progress(&format!("soak: {done} of {moves} moves of the room's past"));
        }
    }
    stage.await_moves();
    stage.times = MoveTimes::default();
    Ok(())
}

/// Moves and rejoins until the time is over; gives the server's memory by time.
fn go_on(
    stage: &mut Stage<'_>,
    target: &dyn Target,
    common: &Common,
    options: &SoakOptions,
) -> Result<Vec<(Duration, u64)>, LoadError> {
    let begun = stage.crowd.clock.now();
    let over = begun + common.duration;
    let every = |per_s: f64| Duration::from_secs_f64(1.0 / per_s.max(1e-3));
    let (moving, rejoining) = (every(options.moves_per_s), every(options.rejoins_per_s));
    let (mut next_move, mut next_rejoin, mut next_sample) = (begun, begun + rejoining, begun);
    let mut memory = Vec::new();
    let mut newcomer = 0;
    loop {
        let now = stage.crowd.clock.now();
        if now >= over {
            return Ok(memory);
        }
        if now >= next_sample {
            next_sample = now + Duration::from_secs(options.sample_s.max(1));
            let usage = target.process().usage().unwrap_or_default();
            memory.push((now.since(begun), usage.resident));
            progress(&format!(
                "soak: {:.0} of {:.0} s, {:.1} MiB",
                now.since(begun).as_secs_f64(),
                common.duration.as_secs_f64(),
                usage.resident as f64 / f64::from(1 << 20)
            ));
        }
        if now >= next_move {
            next_move = next_move + moving;
            let (client, to) = stage.draw_move();
            stage.move_all(&[(client, to)])?;
        }
        if now >= next_rejoin {
            next_rejoin = next_rejoin + rejoining;
            rejoin(stage, target, &mut newcomer)?;
        }
        let next = next_move.min(next_rejoin).min(next_sample).min(over);
        stage.idle_until(next.max(now + Duration::from_millis(1)));
    }
}

/// A participant who only listens leaves, and another one joins the parent.
fn rejoin(stage: &mut Stage<'_>, target: &dyn Target, newcomer: &mut u32) -> Result<(), LoadError> {
    let talkers = stage.plan.anchored() + stage.plan.moving_talkers;
    let listeners = stage.plan.participants.saturating_sub(talkers);
    let at = (talkers + stage.draw(listeners)) as usize;
    if at >= stage.crowd.clients.len() {
        return Ok(());
    }
    let gone = stage.crowd.clients.remove(at);
    let room = stage.plan.room;
    target.leave(room, &gone.participant)?;
    stage
        .crowd
        .send_command(gone.number, Command::Remove(gone.number));
    let number = stage.plan.participants + *newcomer % SPARE;
    *newcomer += 1;
    let now: Time = stage.crowd.clock.now();
    stage.crowd.groups.begin(number, PARENT, now);
    stage.crowd.groups.confirm_move(number);
    let plan = plans(&stage.crowd, number..number + 1, room, &[], stage.slots());
    stage.crowd.join(target, plan)
}

/// How much the memory grew, as a share: the median of the last third of the samples against that of the
/// first. Two single samples would tell where in a snapshot's ups and downs each happened to fall.
fn growth_of(memory: &[(Duration, u64)]) -> f64 {
    let third = memory.len().div_ceil(3);
    let first = median(memory.iter().take(third));
    let last = median(memory.iter().rev().take(third));
    let grown = last as f64 - first as f64;
    (grown / first.max(1) as f64 * 1e4).round() / 1e4
}

fn median<'a>(samples: impl Iterator<Item = &'a (Duration, u64)>) -> u64 {
    let mut bytes: Vec<_> = samples.map(|(_, bytes)| *bytes).collect();
    bytes.sort_unstable();
    bytes.get(bytes.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(bytes: impl IntoIterator<Item = u64>) -> f64 {
        let samples = (0..).map(Duration::from_secs).zip(bytes);
        growth_of(&samples.collect::<Vec<_>>())
    }

    #[test]
    fn growth_is_what_the_last_third_has_more_than_the_first() {
        assert_eq!(growth((0..90).map(|at| 10_000 + at)), 0.006);
        assert_eq!(growth([1_000]), 0.0);
        assert_eq!(growth([]), 0.0);
    }

    #[test]
    fn what_comes_and_goes_is_no_growth() {
        let sawtooth = |at: u64| 10_000 + at % 7 * 100;
        assert_eq!(growth((0..84).map(sawtooth)), 0.0);
        let ends_high = (0..84).map(|at| if at > 80 { 12_000 } else { sawtooth(at) });
        assert_eq!(growth(ends_high), 0.0);
    }
}
