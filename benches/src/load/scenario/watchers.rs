//! Media flow while thousands watch rooms in which commands are given: neither disturbs the other, and every
//! watcher receives every event.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use sideroom_route::TrackKind;

use super::{Measured, crowd_for, measure, plans, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::histogram::Histogram;
use crate::load::report::Report;
use crate::load::run_options::Common;
use crate::load::targets::Target;
use crate::load::targets::sideroom::api::Api;
use crate::load::watchers::{Watchers, pause};

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct WatchersOptions {
    /// Watches, spread over the rooms.
    #[arg(long, default_value_t = 2_000)]
    pub watchers: usize,
    /// Rooms that are watched.
    #[arg(long, default_value_t = 20)]
    pub rooms: usize,
    /// Commands a second, spread over the rooms; every watcher of a room receives its events.
    #[arg(long, default_value_t = 100.0)]
    pub commands_per_s: f64,
    /// People who receive the media of one publisher.
    #[arg(long, default_value_t = 100)]
    pub subscribers: u32,
    /// Video bits a second of the publisher.
    #[arg(long, default_value_t = 1_440_000)]
    pub video_bps: u64,
}

const MEDIA_ROOM: &str = "load-watchers";
/// How long the last events may take.
const LAST_EVENTS: Duration = Duration::from_secs(10);

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &WatchersOptions,
) -> Result<Report, LoadError> {
    let api = target.sideroom().ok_or_else(|| LoadError::NotSupported {
        target: target.name().to_owned(),
        what: "watchers",
    })?;
    let mut crowd = fill(target, common, options)?;
    let alone = measure(&mut crowd, target, common.duration, "alone")?;
    let rooms: Vec<String> = (0..options.rooms.max(1))
        .map(|at| format!("watched-{at}"))
        .collect();
    for room in &rooms {
        api.create_room(room, 10)?;
        api.create_breakouts(room, 1, 4)?;
    }
    let watched_rooms = rooms.iter().cycle().take(options.watchers);
    let streams = watched_rooms
        .map(|room| api.watch(room))
        .collect::<Result<_, _>>()?;
    let watchers = Watchers::read(streams)?;
    let settled = crowd.clock.now() + common.warm_up;
    crowd.idle_until(settled, |_| {});
    let stop = AtomicBool::new(false);
    let (watched, given) = std::thread::scope(|scope| {
        let giving = scope.spawn(|| give(api, &rooms, options.commands_per_s, &stop));
        let watched = measure(&mut crowd, target, common.duration, "watched");
        stop.store(true, Ordering::Relaxed);
        let gone = || LoadError::Answer("the commands ended early".to_owned());
        let given = giving.join().map_err(|_| gone())??;
        Ok::<_, LoadError>((watched?, given))
    })?;
    let missed = missed(&watchers, &given, rooms.len());
    let subscribers = u64::from(options.subscribers);
    let mut report = report("watchers", target, &watched, watched.traffic(subscribers));
    report.options = json!({ "watchers": options, "profile": common.profile });
    report.figures = json!({
        "alone": figures(&alone, subscribers),
        "watched": figures(&watched, subscribers),
        "watchers": options.watchers,
        "cut_off": watchers.ended(),
        "commands": given.count,
        "command": given.took.percentiles(),
        "events_told": watchers.event_counts().iter().sum::<u64>(),
        "events_missed": missed,
    });
    report.broken = broken(&watched, subscribers, missed, watchers.ended());
    Ok(report)
}

/// A room in which one publishes and many receive.
fn fill(
    target: &dyn Target,
    common: &Common,
    options: &WatchersOptions,
) -> Result<Crowd, LoadError> {
    let clients = 1 + options.subscribers;
    let mut crowd = crowd_for(common, clients as usize)?;
    target.open_room(MEDIA_ROOM, clients as usize)?;
    let kinds = [TrackKind::Audio, TrackKind::Camera];
    let publisher = plans(&crowd, 0..1, MEDIA_ROOM, &kinds, (0, 0));
    crowd.join(target, publisher)?;
    let subscribers = plans(&crowd, 1..clients, MEDIA_ROOM, &[], (1, 1));
    crowd.join(target, subscribers)?;
    for client in crowd.clients.iter().take(1) {
        target.publish(MEDIA_ROOM, &client.participant, &kinds)?;
        crowd.send(client, TrackKind::Audio, 32_000, 50);
        crowd.send(client, TrackKind::Camera, options.video_bps, 30);
    }
    let warm = crowd.clock.now() + common.warm_up;
    crowd.idle_until(warm, |_| {});
    Ok(crowd)
}

/// Commands given, and the number of events they led to in each room.
struct CommandLog {
    count: u64,
    took: Histogram,
    events: Vec<u64>,
}

/// Sends commands at a rate. Each is measured from the moment when it was due.
fn give(
    api: &Api,
    rooms: &[String],
    per_s: f64,
    stop: &AtomicBool,
) -> Result<CommandLog, LoadError> {
    let mut given = CommandLog {
        count: 0,
        took: Histogram::default(),
        events: vec![0; rooms.len()],
    };
    let before: Vec<u64> = rooms
        .iter()
        .map(|room| api.seq(room))
        .collect::<Result<_, _>>()?;
    let begun = now();
    while !stop.load(Ordering::Relaxed) {
        let due = begun + Duration::from_secs_f64(given.count as f64 / per_s);
        pause(due.saturating_duration_since(now()));
        let at = usize::try_from(given.count).unwrap_or(0) % rooms.len();
        if let Some(room) = rooms.get(at) {
            let name = format!("name {}", given.count);
            let body = json!({ "room": room, "breakoutId": "b1", "displayName": name });
            api.call("BreakoutService/UpdateBreakout", body)?;
            given.took.record(now().saturating_duration_since(due));
        }
        given.count += 1;
    }
    for ((room, before), events) in rooms.iter().zip(before).zip(&mut given.events) {
        *events = api.seq(room)? - before;
    }
    Ok(given)
}

/// Events that watchers of their room have not received, after some patience.
fn missed(watchers: &Watchers, given: &CommandLog, rooms: usize) -> u64 {
    let deadline = now() + LAST_EVENTS;
    loop {
        let counts = watchers.event_counts().into_iter().enumerate();
        let missed = counts.map(|(watcher, received)| {
            let events = given.events.get(watcher % rooms).copied().unwrap_or(0);
            events.abs_diff(received)
        });
        let missed: u64 = missed.sum();
        if missed == 0 || now() >= deadline {
            return missed;
        }
        pause(Duration::from_millis(50));
    }
}

fn figures(measured: &Measured, subscribers: u64) -> Value {
    let traffic = measured.traffic(subscribers);
    json!({
        "packets_per_s": traffic.packets_per_s,
        "lost": traffic.lost,
        "delay": traffic.delay,
        "server_cores": measured.server().cores,
    })
}

fn broken(watched: &Measured, subscribers: u64, missed: u64, cut_off: u64) -> Vec<String> {
    let mut broken = Vec::new();
    let lost = watched.traffic(subscribers).lost;
    if lost > 0 {
        broken.push(format!("{lost} packets were lost while rooms were watched"));
    }
    if missed > 0 || cut_off > 0 {
        broken.push(format!(
            "{missed} events were not received, {cut_off} watchers were cut off"
        ));
    }
    broken
}

#[expect(
    clippy::disallowed_methods,
    reason = "commands are due at times of a real clock"
)]
fn now() -> Instant {
    Instant::now()
}
