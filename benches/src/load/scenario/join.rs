//! People come and go: time to join, time to the first packet, and cost of one silent participant.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use sideroom_route::TrackKind;

use super::{crowd_for, measure, plans, report};
use crate::load::error::LoadError;
use crate::load::process::Usage;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::swarm_messages::Command;
use crate::load::targets::Target;

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct JoinOptions {
    /// People, besides the talker.
    #[arg(long, default_value_t = 500)]
    pub participants: u32,
    /// Audio slots of each.
    #[arg(long, default_value_t = 9)]
    pub audio_slots: usize,
    /// Video slots of each.
    #[arg(long, default_value_t = 9)]
    pub video_slots: usize,
    /// How often everybody goes and comes again afterwards.
    #[arg(long, default_value_t = 1)]
    pub again: u32,
}

const ROOM: &str = "load-join";
/// The server has put away those who left by then.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &JoinOptions,
) -> Result<Report, LoadError> {
    let people = options.participants;
    // A client that comes again has a new address, as a restarted client would have a new port.
    let numbers = people * (options.again + 1) + 1;
    let mut crowd = crowd_for(common, numbers as usize)?;
    target.open_room(ROOM, people as usize + 1)?;
    let talker = plans(&crowd, 0..1, ROOM, &[TrackKind::Audio], (0, 0));
    crowd.join(target, talker)?;
    let talker = crowd.clients.first().cloned();
    let talker = talker.ok_or_else(|| LoadError::Answer("nobody joined".to_owned()))?;
    target.publish(ROOM, &talker.participant, &[TrackKind::Audio])?;
    crowd.send(&talker, TrackKind::Audio, 32_000, 50);
    crowd.join_times = Default::default();

    let usage = || target.process().usage().unwrap_or_default();
    let slots = (options.audio_slots, options.video_slots);
    let mut rounds = Vec::new();
    let before = usage();
    for round in 0..=options.again {
        let begun = crowd.clock.now();
        let cpu = usage().cpu;
        let newcomers = plans(&crowd, range(people, round), ROOM, &[], slots);
        crowd.join(target, newcomers)?;
        let took = crowd.clock.now().since(begun);
        let joined = usage();
        if round == options.again {
            rounds.push(json!({ "joined": figures(people, took, joined, cpu) }));
            break;
        }
        crowd.idle_until(crowd.clock.now() + common.warm_up, |_| {});
        for client in crowd.clients.split_off(1) {
            target.leave(ROOM, &client.participant)?;
            crowd.send_command(client.number, Command::Remove(client.number));
        }
        crowd.idle_until(crowd.clock.now() + AFTERWARDS, |_| {});
        let left = mib(usage().resident);
        let line = figures(people, took, joined, cpu);
        rounds.push(json!({ "joined": line, "resident_mib_after_leaving": left }));
    }
    let first_media: Vec<_> = crowd.first_media.values().copied().collect();
    // The talker is silent: the rest is the cost of people who are only there.
    let settled = crowd.clock.now() + common.warm_up;
    crowd.idle_until(settled, |_| {});
    let talking = measure(&mut crowd, target, common.duration, "talking")?;
    crowd.send_command(0, Command::Unpublish(0));
    crowd.idle_until(crowd.clock.now() + common.warm_up, |_| {});
    let silent = measure(&mut crowd, target, common.duration, "silent")?;
    let after = usage();
    let traffic = talking.traffic(people.into());
    let mut report = report("join", target, &talking, traffic);
    report.options = json!({ "join": options, "profile": common.profile });
    let each = |bytes: u64| (bytes as f64 / f64::from(people) / 1_024.0 * 10.0).round() / 10.0;
    report.figures = json!({
        "answer": crowd.join_times.answer.percentiles(),
        "connect": crowd.join_times.connect.percentiles(),
        "first_media": first_media_of(&first_media),
        "resident_kib_each": each(after.resident.saturating_sub(before.resident)),
        "idle_core_share_each": silent.server().cores / f64::from(people),
        "rounds": rounds,
    });
    Ok(report)
}

/// The numbers of those who come in a round.
fn range(people: u32, round: u32) -> std::ops::Range<u32> {
    1 + people * round..1 + people * (round + 1)
}

fn mib(bytes: u64) -> f64 {
    (bytes as f64 / f64::from(1 << 20) * 10.0).round() / 10.0
}

fn figures(people: u32, took: Duration, joined: Usage, cpu: Duration) -> serde_json::Value {
    json!({
        "joins_per_s": (f64::from(people) / took.as_secs_f64()).round(),
        "server_cpu_ms_each":
            (joined.cpu - cpu).as_secs_f64() * 1e3 / f64::from(people),
        "resident_mib": mib(joined.resident),
    })
}

fn first_media_of(spans: &[Duration]) -> serde_json::Value {
    let mut histogram = crate::load::histogram::Histogram::default();
    spans.iter().for_each(|span| histogram.record(*span));
    json!(histogram.percentiles())
}
