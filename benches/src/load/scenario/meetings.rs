//! Rooms of ten people, as most meetings are: everybody hears all others and sees three, and cameras have three layers.
//! Rooms are added until packets come late or are lost: how many people a core serves.

use clap::Args;
use serde::Serialize;
use serde_json::json;
use sideroom_route::TrackKind;

use super::{Measured, crowd_for, measure, plans, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::targets::Target;

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct MeetingsOptions {
    /// Rooms in the first step.
    #[arg(long, default_value_t = 4)]
    pub rooms: u32,
    /// Rooms that each further step adds.
    #[arg(long, default_value_t = 2)]
    pub more_rooms: u32,
    /// Rooms at most.
    #[arg(long, default_value_t = 60)]
    pub max_rooms: u32,
    /// People in each room.
    #[arg(long, default_value_t = 10)]
    pub people: u32,
    /// How many others each sees.
    #[arg(long, default_value_t = 3)]
    pub seen: usize,
    /// Layers of each camera.
    #[arg(long, default_value_t = 3)]
    pub layers: u8,
    /// Audio bits a second of each.
    #[arg(long, default_value_t = 32_000)]
    pub audio_bps: u64,
    /// Video bits a second of the largest layer; each smaller one has a quarter of it.
    #[arg(long, default_value_t = 1_200_000)]
    pub video_bps: u64,
    /// Video frames a second.
    #[arg(long, default_value_t = 30)]
    pub fps: u32,
    /// The p99 of the delay through the server, in milliseconds, at which a step is one too many.
    #[arg(long, default_value_t = 20.0)]
    pub late_ms: f64,
    /// The share of lost packets at which a step is one too many.
    #[arg(long, default_value_t = 0.000_1)]
    pub lost: f64,
    /// The fewest people that a core has to serve.
    #[arg(long)]
    pub min_people_per_core: Option<f64>,
}

/// One number of rooms.
#[derive(Clone, Copy, Debug, Serialize)]
struct Step {
    people: u32,
    cores: f64,
    people_per_core: f64,
    delay_p99_ms: f64,
    loss: f64,
    /// Within the bounds.
    holds: bool,
}

impl Step {
    fn of(options: &MeetingsOptions, people: u32, measured: &Measured) -> Self {
        let traffic = measured.traffic_by_sequence();
        let cores = measured.server().cores;
        let delay_p99_ms = traffic.delay_server.p99_ms;
        Self {
            people,
            cores,
            people_per_core: f64::from(people) / cores.max(f64::EPSILON),
            delay_p99_ms,
            loss: traffic.loss,
            holds: delay_p99_ms <= options.late_ms && traffic.loss <= options.lost,
        }
    }
}

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &MeetingsOptions,
) -> Result<Report, LoadError> {
    let most = options.rooms.max(options.max_rooms).max(1);
    let mut crowd = crowd_for(common, (most * options.people) as usize)?;
    let mut steps = Vec::new();
    let mut last: Option<Measured> = None;
    let (mut rooms, mut wanted) = (0, options.rooms.max(1));
    while wanted <= most {
        for room in rooms..wanted {
            open(&mut crowd, target, options, room)?;
        }
        rooms = wanted;
        wanted += options.more_rooms.max(1);
        let warm = crowd.clock.now() + common.warm_up;
        crowd.idle_until(warm, |_| {});
        let measured = measure(&mut crowd, target, common.duration, "meetings")?;
        let step = Step::of(options, rooms * options.people, &measured);
        steps.push(step);
        // The last step within the bounds is the one that is reported.
        if step.holds || last.is_none() {
            last = Some(measured);
        }
        if !step.holds {
            break;
        }
    }
    let measured = last.ok_or_else(|| LoadError::Answer("no room was opened".to_owned()))?;
    let best = steps.iter().rev().find(|step| step.holds).copied();
    let mut report = report(
        "meetings",
        target,
        &measured,
        measured.traffic_by_sequence(),
    );
    report.options = json!({ "meetings": options, "profile": common.profile });
    report.figures = json!({ "steps": steps, "best": best });
    report.broken = broken(options, best);
    Ok(report)
}

/// One more room with everybody in it.
fn open(
    crowd: &mut Crowd,
    target: &dyn Target,
    options: &MeetingsOptions,
    number: u32,
) -> Result<(), LoadError> {
    const SENDS: [TrackKind; 2] = [TrackKind::Audio, TrackKind::Camera];
    let room = format!("load-meeting-{number}");
    target.open_room(&room, options.people as usize)?;
    let first = number * options.people;
    let others = options.people.saturating_sub(1) as usize;
    let slots = (others, options.seen.min(others));
    let mut joining = plans(crowd, first..first + options.people, &room, &SENDS, slots);
    for plan in &mut joining {
        plan.video_layers = options.layers;
    }
    crowd.join(target, joining)?;
    for client in crowd.clients.iter().filter(|client| client.number >= first) {
        target.publish(&room, &client.participant, &SENDS)?;
        crowd.send(client, TrackKind::Audio, options.audio_bps, 50);
        crowd.send(client, TrackKind::Camera, options.video_bps, options.fps);
    }
    Ok(())
}

fn broken(options: &MeetingsOptions, best: Option<Step>) -> Vec<String> {
    let found = best.map_or(0.0, |step| step.people_per_core);
    let least = options.min_people_per_core.filter(|least| found < *least);
    let told = least.map(|least| format!("{found:.0} people a core are fewer than {least}"));
    told.into_iter().collect()
}
