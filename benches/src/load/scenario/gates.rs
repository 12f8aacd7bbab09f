//! All are away while the parent talks: the cost with the parent live, paused and muted.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sideroom_route::TrackKind;

use super::{Measured, crowd_for, measure, plans, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::groups::ParentGate;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::swarm_messages::Command;
use crate::load::targets::Target;
use crate::load::targets::sideroom::api::Api;

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct GatesOptions {
    /// People in breakouts.
    #[arg(long, default_value_t = 200)]
    pub away: u32,
    /// People in the parent who talk and show.
    #[arg(long, default_value_t = 1)]
    pub talkers: u32,
    /// Video bits a second of each.
    #[arg(long, default_value_t = 1_440_000)]
    pub video_bps: u64,
}

const ROOM: &str = "load-gates";
const PLACES: usize = 99;

/// A measured state: its name, the requests to get there, and the gate that holds then.
type State = (&'static str, &'static [(&'static str, bool)], ParentGate);

const STATES: [State; 6] = [
    ("live", &[("paused", false)], ParentGate::Live),
    ("paused", &[("paused", true)], ParentGate::Shut),
    (
        "audio_muted",
        &[("paused", false), ("audioMuted", true)],
        ParentGate::Live,
    ),
    (
        "video_muted",
        &[("audioMuted", false), ("videoMuted", true)],
        ParentGate::Live,
    ),
    (
        "paused_again",
        &[("videoMuted", false), ("paused", true)],
        ParentGate::Shut,
    ),
    ("live_again", &[("paused", false)], ParentGate::Live),
];

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &GatesOptions,
) -> Result<Report, LoadError> {
    let api = target.sideroom().ok_or_else(|| LoadError::NotSupported {
        target: target.name().to_owned(),
        what: "gates",
    })?;
    let mut crowd = fill(target, api, common, options)?;
    let mut costs = Map::new();
    let mut live: Option<Measured> = None;
    let mut wrong = Vec::new();
    for (name, changes, gate) in STATES {
        crowd.groups.set_parent_gate(ParentGate::Changing);
        for change in changes {
            api.set_room_gate(ROOM, *change)?;
        }
        let settled = crowd.clock.now() + common.warm_up;
        crowd.idle_until(settled, |_| {});
        crowd.groups.set_parent_gate(gate);
        let measured = measure(&mut crowd, target, common.duration, name)?;
        wrong.extend(complaint(name, &measured));
        costs.insert(name.to_owned(), figures(&measured));
        if name == "live" {
            live = Some(measured);
        }
    }
    for client in 0..options.talkers {
        crowd.send_command(client, Command::Unpublish(client));
    }
    let settled = crowd.clock.now() + common.warm_up;
    crowd.idle_until(settled, |_| {});
    let measured = measure(&mut crowd, target, common.duration, "silent")?;
    costs.insert("silent".to_owned(), figures(&measured));
    let live = live.ok_or_else(|| LoadError::Answer("nothing was measured".to_owned()))?;
    let traffic = live.traffic(options.away.into());
    let mut report = report("gates", target, &live, traffic);
    report.options = json!({ "gates": options, "profile": common.profile });
    report.figures = json!({
        "share_of_live": shares(&costs),
        "states": costs,
    });
    report.broken = wrong;
    Ok(report)
}

/// The parent's talkers, and everybody else in breakouts, hearing the parent.
fn fill(
    target: &dyn Target,
    api: &Api,
    common: &Common,
    options: &GatesOptions,
) -> Result<Crowd, LoadError> {
    let clients = options.talkers + options.away;
    let mut crowd = crowd_for(common, clients as usize)?;
    target.open_room(ROOM, clients as usize)?;
    api.set_parent_while_away(ROOM, true)?;
    let kinds = [TrackKind::Audio, TrackKind::Screen];
    let talkers = plans(&crowd, 0..options.talkers, ROOM, &kinds, (0, 0));
    crowd.join(target, talkers)?;
    let slots = (options.talkers as usize, options.talkers as usize);
    let away = plans(&crowd, options.talkers..clients, ROOM, &[], slots);
    crowd.join(target, away)?;
    let breakouts = (options.away as usize).div_ceil(PLACES).max(1);
    let ids = api.create_breakouts(ROOM, breakouts, PLACES)?;
    crowd.groups.set_parent_gate(ParentGate::Changing);
    let begun = crowd.clock.now();
    let people = crowd.clients.iter().skip(options.talkers as usize);
    let moves: Vec<_> = people
        .zip(ids.iter().enumerate().cycle())
        .map(|(client, (number, id))| {
            crowd.groups.begin(client.number, number as u16 + 1, begun);
            (client.participant.as_str(), id.as_str())
        })
        .collect();
    api.move_all(ROOM, &moves)?;
    let answered = crowd.clock.now();
    for client in options.talkers..clients {
        crowd.send_command(client, Command::Answered(client, answered, true));
    }
    crowd.await_commands();
    for client in crowd.clients.iter().take(options.talkers as usize) {
        target.publish(ROOM, &client.participant, &kinds)?;
        crowd.send(client, TrackKind::Audio, 32_000, 50);
        crowd.send(client, TrackKind::Screen, options.video_bps, 30);
    }
    Ok(crowd)
}

fn figures(measured: &Measured) -> Value {
    let server = measured.server();
    json!({
        "server_cores": server.cores,
        "sent": measured.counts.sent,
        "received": measured.counts.received,
        "received_audio": measured.counts.received_audio,
        "missing": measured.counts.missing,
        "leaks": measured.counts.leaks,
    })
}

/// A complaint, if packets arrived although the gate was shut for them.
fn complaint(name: &str, measured: &Measured) -> Option<String> {
    let counts = &measured.counts;
    let video = counts.received - counts.received_audio;
    let wrong = match name {
        "paused" | "paused_again" => counts.received,
        "audio_muted" => counts.received_audio,
        "video_muted" => video,
        _ => u64::from(counts.received == 0),
    };
    (wrong > 0).then(|| format!("while the parent was {name}: {counts:?}"))
}

/// The cost of each state beyond that of silence, as a share of the live one's.
fn shares(costs: &Map<String, Value>) -> Value {
    let cores = |name: &str| {
        let cost = costs.get(name).and_then(|cost| cost.get("server_cores"));
        cost.and_then(Value::as_f64).unwrap_or(0.0)
    };
    let silent = cores("silent");
    let live = (cores("live") + cores("live_again")) / 2.0 - silent;
    let share = |name: &str| (((cores(name) - silent) / live) * 1e4).round() / 1e4;
    json!({
        "paused": share("paused"),
        "paused_again": share("paused_again"),
        "audio_muted": share("audio_muted"),
        "video_muted": share("video_muted"),
    })
}
