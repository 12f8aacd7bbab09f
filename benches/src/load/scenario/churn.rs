//! Thousands come and go while one participant talks: the memory that they leave behind in the server.

use std::ops::Range;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use sideroom_route::TrackKind;

use super::{begin, end, plans, progress, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::swarm_messages::Command;
use crate::load::targets::Target;

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct ChurnOptions {
    /// Joins that count, each followed by a leave.
    #[arg(long, default_value_t = 10_000)]
    pub joins: u32,
    /// Joins before these, until every pool and cache has its size.
    #[arg(long, default_value_t = 5_000)]
    pub warm_joins: u32,
    /// How many come, and then go, together.
    #[arg(long, default_value_t = 250)]
    pub together: u32,
    /// Audio slots of each.
    #[arg(long, default_value_t = 9)]
    pub audio_slots: usize,
    /// Video slots of each.
    #[arg(long, default_value_t = 9)]
    pub video_slots: usize,
    /// The room ends after this many joins and another begins; 0: one room for all, whose record of stays
    /// grows to its bound of 20,000.
    #[arg(long, default_value_t = 1_000)]
    pub room_joins: u32,
    /// Largest share by which memory may grow over the joins that count.
    #[arg(long)]
    pub max_growth: Option<f64>,
}

const ROOM: &str = "load-churn";
/// The server has put away those who left by then.
const AFTERWARDS: Duration = Duration::from_millis(500);
/// Before memory is read for the figure.
const SETTLE: Duration = Duration::from_secs(3);

/// Memory after `joins` joins and leaves, with only the talker in the room.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sample {
    joins: u32,
    resident_mib: f64,
}

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &ChurnOptions,
) -> Result<Report, LoadError> {
    let together = options.together.clamp(1, options.joins.max(1));
    // A newcomer has the address of a client that left two rounds ago.
    let numbers = together * 2 + 1;
    let mut crowd = super::crowd_for(common, numbers as usize)?;
    begin_room(&mut crowd, target, together)?;
    let warm = options.warm_joins.div_ceil(together);
    let rounds = warm + options.joins.div_ceil(together);
    let rounds_of_room = options.room_joins.div_ceil(together);
    let empty = sample(target, 0);
    let mut samples = Vec::new();
    let part = begin(&mut crowd, target)?;
    let begun = crowd.clock.now();
    for round in 0..rounds {
        if round > 0 && round.checked_rem(rounds_of_room) == Some(0) {
            begin_room(&mut crowd, target, together)?;
        }
        come_and_go(&mut crowd, target, numbers_of(round, together), options)?;
        let is_marked = round + 1 == warm || round + 1 == rounds;
        let wait = if is_marked { SETTLE } else { AFTERWARDS };
        crowd.idle_until(crowd.clock.now() + wait, |_| {});
        let now = sample(target, (round + 1) * together);
        progress(&format!(
            "churn: {} of {} joins, {:.1} MiB",
            now.joins,
            rounds * together,
            now.resident_mib
        ));
        samples.push(now);
    }
    let took = crowd.clock.now().since(begun).as_secs_f64();
    let measured = end(&mut crowd, target, part)?;
    let mut report = report("churn", target, &measured, measured.traffic_by_sequence());
    let before = (warm as usize)
        .checked_sub(1)
        .and_then(|at| samples.get(at));
    let before = *before.unwrap_or(&empty);
    let growth = growth_of(before, &samples);
    if let Some(max) = options.max_growth.filter(|max| growth > *max) {
        let broken = format!("memory grew by {growth}, more than {max}");
        report.broken.push(broken);
    }
    report.options = json!({ "churn": options, "profile": common.profile });
    report.figures = json!({
        "joins": (rounds - warm) * together,
        "warm_joins": warm * together,
        "seconds": (took * 10.0).round() / 10.0,
        "resident_mib_empty": empty.resident_mib,
        "resident_mib_before": before.resident_mib,
        "resident_mib_after": samples.last().map(|s| s.resident_mib),
        "memory_growth": growth,
        "resident_mib_by_joins": samples,
        "answer": crowd.join_times.answer.percentiles(),
        "connect": crowd.join_times.connect.percentiles(),
    });
    Ok(report)
}

/// Opens a new room in place of the last, with a talker.
fn begin_room(crowd: &mut Crowd, target: &dyn Target, together: u32) -> Result<(), LoadError> {
    crowd.send_command(0, Command::Remove(0));
    crowd.clients.clear();
    target.open_room(ROOM, together as usize + 1)?;
    let talker = plans(crowd, 0..1, ROOM, &[TrackKind::Audio], (0, 0));
    crowd.join(target, talker)?;
    let talker = crowd.clients.first().cloned();
    let talker = talker.ok_or_else(|| LoadError::Answer("nobody joined".to_owned()))?;
    target.publish(ROOM, &talker.participant, &[TrackKind::Audio])?;
    crowd.send(&talker, TrackKind::Audio, 32_000, 50);
    Ok(())
}

fn come_and_go(
    crowd: &mut Crowd,
    target: &dyn Target,
    numbers: Range<u32>,
    options: &ChurnOptions,
) -> Result<(), LoadError> {
    let slots = (options.audio_slots, options.video_slots);
    let newcomers = plans(crowd, numbers, ROOM, &[], slots);
    crowd.join(target, newcomers)?;
    for client in crowd.clients.split_off(1) {
        target.leave(ROOM, &client.participant)?;
        crowd.send_command(client.number, Command::Remove(client.number));
    }
    Ok(())
}

/// The numbers of those who come in a round: the other half than in the round before.
fn numbers_of(round: u32, together: u32) -> Range<u32> {
    let first = 1 + together * (round % 2);
    first..first + together
}

fn sample(target: &dyn Target, joins: u32) -> Sample {
    let resident = target.process().usage().unwrap_or_default().resident;
    Sample {
        joins,
        resident_mib: (resident as f64 / f64::from(1 << 20) * 10.0).round() / 10.0,
    }
}

/// How much memory grew since a sample, as a share.
fn growth_of(before: Sample, samples: &[Sample]) -> f64 {
    let last = samples.last().unwrap_or(&before).resident_mib;
    ((last / before.resident_mib.max(0.1) - 1.0) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_have_other_numbers_than_the_one_before() {
        assert_eq!(numbers_of(0, 250), 1..251);
        assert_eq!(numbers_of(1, 250), 251..501);
        assert_eq!(numbers_of(2, 250), 1..251);
    }

    #[test]
    fn growth_is_counted_over_the_joins_that_count() {
        let sample = |joins, resident_mib| Sample {
            joins,
            resident_mib,
        };
        let samples = [sample(250, 40.0), sample(500, 50.0), sample(750, 51.0)];
        assert_eq!(growth_of(samples[1], &samples), 0.02);
        assert_eq!(growth_of(samples[2], &[]), 0.0);
    }
}
