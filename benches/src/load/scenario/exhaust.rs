//! Floods the server in every way that costs the sender little, while a room speaks and is commanded. The room
//! must not notice, only the sender is refused, and the server gives the memory back.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use sideroom_route::TrackKind;

use super::{Measured, crowd_for, measure, plans, report};
use crate::load::canary::{Canary, sing};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::histogram::Percentiles;
use crate::load::pushers::{Addresses, HeldConnections, descriptors};
use crate::load::report::Report;
use crate::load::run_options::{Common, seconds};
use crate::load::sdp::{LongBy, long_offer};
use crate::load::targets::sideroom::{api::Api, identity_of};
use crate::load::targets::{JoinPlan, Target};

/// Options of the `exhaust` scenario: kinds of floods and their sizes.
#[derive(Args, Clone, Debug, Serialize)]
pub struct ExhaustOptions {
    /// How. All of them if none is named.
    #[arg(long, value_enum)]
    pub push: Vec<Push>,
    /// Connections and WebSockets; fewer if this process may not open as many files.
    #[arg(long, default_value_t = 20_000)]
    pub connections: u32,
    /// Watches that one participant asks for.
    #[arg(long, default_value_t = 2_000)]
    pub watches: u32,
    /// Rooms that are made and deleted.
    #[arg(long, default_value_t = 10_000)]
    pub rooms: u32,
    /// The first address of those who push.
    #[arg(long, default_value = "127.66.0.1")]
    pub pusher_addresses: Ipv4Addr,
    /// How many addresses push.
    #[arg(long, default_value_t = 1)]
    pub pushers: u32,
    /// People who listen in the room that must not notice.
    #[arg(long, default_value_t = 4)]
    pub listeners: u32,
    /// Commands and health checks a second.
    #[arg(long, default_value_t = 40.0)]
    pub commands_per_s: f64,
    /// The server may take this long to free its resources, in seconds.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub settle: Duration,
    /// Most that media may be later than without a push: the p99, in milliseconds.
    #[arg(long)]
    pub max_added_delay_ms: Option<f64>,
    /// Most that commands may be later than without a push: the p99, in milliseconds.
    #[arg(long)]
    pub max_added_command_ms: Option<f64>,
    /// The most memory that may stay, as a share of the memory before.
    #[arg(long, default_value_t = 0.1)]
    pub max_memory_growth: f64,
}

/// A way to push.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// Connections with one byte of a request.
    Bytes,
    /// WebSockets without a join.
    Sockets,
    /// Watches of one participant.
    Watches,
    /// Rooms, made and deleted by the signaling server.
    Rooms,
    /// Joins of one client, one after another, with the longest offers that are read.
    Offers,
}

const ALL: [Push; 5] = [
    Push::Bytes,
    Push::Sockets,
    Push::Watches,
    Push::Rooms,
    Push::Offers,
];
const ROOM: &str = "load-canary";
/// The listener whose token the watch requests use.
const PUSHER: u32 = 1;
/// A client who is not in the crowd, for those offers.
const CALLER: u32 = 1_000_000;
/// The length of those offers: 256 KiB are read.
const OFFER_BYTES: usize = 255 << 10;
/// Between two looks at the memory.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const UPGRADE: &str = "GET /v1/ws HTTP/1.1\r\nhost: sideroom\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// The result of one flood, or of the time without any.
#[derive(Clone, Debug, Serialize)]
struct Pushed {
    push: Option<Push>,
    asked: u32,
    taken: u64,
    /// Joins with long offers that the server answered, and those that it refused.
    joined: u64,
    refused: u64,
    /// Connections that the server accepted and then ended or refused during the push.
    ended: u64,
    media_delay: Percentiles,
    media_lost: u64,
    canary: Canary,
    added_delay_p99_ms: f64,
    added_command_p99_ms: f64,
    resident_before: u64,
    resident_peak: u64,
    resident_after: u64,
}

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &ExhaustOptions,
) -> Result<Report, LoadError> {
    let api = target.sideroom().ok_or_else(|| LoadError::NotSupported {
        target: target.name().to_owned(),
        what: "exhaust",
    })?;
    let mut crowd = fill(target, common, options)?;
    api.create_breakouts(ROOM, 1, 4)?;
    let run = Run {
        target,
        api,
        options,
        common,
        token: pusher_token(api, &crowd)?,
        caller: caller(&crowd)?,
    };
    let (mut measured, alone) = run.push(&mut crowd, None)?;
    let mut all = vec![alone.clone()];
    let pushes = match options.push.as_slice() {
        [] => &ALL,
        some => some,
    };
    for push in pushes {
        let (last, mut pushed) = run.push(&mut crowd, Some(*push))?;
        pushed.compare(&alone);
        all.push(pushed);
        measured = last;
    }
    let broken = all.iter().flat_map(|pushed| pushed.broken(options));
    let broken = broken.collect();
    let listeners = u64::from(options.listeners);
    let mut report = report("exhaust", target, &measured, measured.traffic(listeners));
    report.options = json!({ "exhaust": options, "profile": common.profile });
    report.figures = json!({ "pushes": all });
    report.broken = broken;
    Ok(report)
}

/// A room in which one speaks.
fn fill(
    target: &dyn Target,
    common: &Common,
    options: &ExhaustOptions,
) -> Result<Crowd, LoadError> {
    let clients = 1 + options.listeners.max(1);
    let mut crowd = crowd_for(common, clients as usize)?;
    // One place is the caller's.
    target.open_room(ROOM, 1 + clients as usize)?;
    let speaker = plans(&crowd, 0..1, ROOM, &[TrackKind::Audio], (0, 0));
    crowd.join(target, speaker)?;
    let listeners = plans(&crowd, 1..clients, ROOM, &[], (1, 0));
    crowd.join(target, listeners)?;
    for client in crowd.clients.iter().take(1) {
        target.publish(ROOM, &client.participant, &[TrackKind::Audio])?;
        crowd.send(client, TrackKind::Audio, 32_000, 50);
    }
    let warm = crowd.clock.now() + common.warm_up;
    crowd.idle_until(warm, |_| {});
    Ok(crowd)
}

/// A token of one of the listeners.
fn pusher_token(api: &Api, crowd: &Crowd) -> Result<String, LoadError> {
    let plans = plans(crowd, PUSHER..PUSHER + 1, ROOM, &[], (1, 0));
    let plan = plans.first();
    let plan = plan.ok_or_else(|| LoadError::Answer("nobody can push".to_owned()))?;
    api.client_token(plan, &identity_of(PUSHER))
}

/// How the client joins who sends long offers.
fn caller(crowd: &Crowd) -> Result<JoinPlan, LoadError> {
    let plans = plans(crowd, CALLER..CALLER + 1, ROOM, &[], (1, 0));
    let plan = plans.into_iter().next();
    plan.ok_or_else(|| LoadError::Answer("nobody can push".to_owned()))
}

struct Run<'a> {
    target: &'a dyn Target,
    api: &'a Api,
    options: &'a ExhaustOptions,
    common: &'a Common,
    token: String,
    caller: JoinPlan,
}

impl Run<'_> {
    /// Measures the room while `push` goes on, and the memory after it.
    fn push(&self, crowd: &mut Crowd, push: Option<Push>) -> Result<(Measured, Pushed), LoadError> {
        let resident_before = self.resident();
        let over = AtomicBool::new(false);
        let (measured, canary, mut held, resident_peak) = std::thread::scope(|scope| {
            let canary = scope.spawn(|| sing(self.api, ROOM, self.options.commands_per_s, &over));
            let pushing = scope.spawn(|| self.take(push, &over));
            let measured = measure(crowd, self.target, self.common.duration, "pushed");
            over.store(true, Ordering::Relaxed);
            let gone = |_| LoadError::Answer("a thread of the tool ended early".to_owned());
            let held = pushing.join().map_err(gone)??;
            let peak = self.resident();
            let canary = canary.join().map_err(gone)?;
            Ok::<_, LoadError>((measured?, canary, held, peak))
        })?;
        let (taken, ended) = (held.taken() as u64, held.ended() as u64);
        let (joined, refused) = (held.joined, held.refused);
        drop(held);
        let traffic = measured.traffic(u64::from(self.options.listeners));
        let pushed = Pushed {
            push,
            asked: self.asked(push),
            taken,
            joined,
            refused,
            ended,
            media_delay: traffic.delay_server,
            media_lost: traffic.lost,
            canary,
            added_delay_p99_ms: 0.0,
            added_command_p99_ms: 0.0,
            resident_before,
            resident_peak,
            resident_after: self.settle(crowd, resident_before),
        };
        Ok((measured, pushed))
    }

    fn asked(&self, push: Option<Push>) -> u32 {
        match push {
            None => 0,
            Some(Push::Bytes | Push::Sockets) => self.options.connections.min(descriptors()),
            Some(Push::Watches) => self.options.watches.min(descriptors()),
            Some(Push::Rooms) => self.options.rooms,
            // As many as fit into the time.
            Some(Push::Offers) => 0,
        }
    }

    /// Opens as many connections as `push` allows.
    fn take(&self, push: Option<Push>, over: &AtomicBool) -> Result<HeldConnections, LoadError> {
        let watch = watch_request(&self.token);
        let bytes: &[u8] = match push {
            None => return Ok(HeldConnections::default()),
            Some(Push::Rooms) => return self.make_rooms(over),
            Some(Push::Offers) => return self.send_offers(over),
            Some(Push::Bytes) => b"G",
            Some(Push::Sockets) => UPGRADE.as_bytes(),
            Some(Push::Watches) => watch.as_bytes(),
        };
        let addresses = Addresses {
            first: self.options.pusher_addresses,
            count: self.options.pushers,
        };
        let to: SocketAddr = self
            .api
            .url()
            .trim_start_matches("http://")
            .parse()
            .map_err(|_| LoadError::Answer("the API has no address".to_owned()))?;
        let go_on = || !over.load(Ordering::Relaxed);
        Ok(addresses.push(to, (self.asked(push), bytes), go_on))
    }

    fn make_rooms(&self, over: &AtomicBool) -> Result<HeldConnections, LoadError> {
        let rooms = (0..self.options.rooms).take_while(|_| !over.load(Ordering::Relaxed));
        for number in rooms {
            let body = json!({ "room": format!("gone-{number}") });
            self.api.call("RoomService/CreateRoom", body.clone())?;
            self.api.call("RoomService/DeleteRoom", body)?;
        }
        Ok(HeldConnections::default())
    }

    fn send_offers(&self, over: &AtomicBool) -> Result<HeldConnections, LoadError> {
        let (api, offer) = (
            self.api.reconnected(),
            long_offer(OFFER_BYTES, LongBy::Formats),
        );
        let identity = identity_of(CALLER);
        let mut held = HeldConnections::default();
        while !over.load(Ordering::Relaxed) {
            let joined = api.join(&self.caller, &identity, &offer);
            held.refused += u64::from(joined.is_err());
            held.joined += u64::from(joined.is_ok());
        }
        Ok(held)
    }

    fn resident(&self) -> u64 {
        self.target.process().usage().unwrap_or_default().resident
    }

    /// Waits until memory is back at `before`, within the bound, and returns it.
    fn settle(&self, crowd: &mut Crowd, before: u64) -> u64 {
        let deadline = crowd.clock.now() + self.options.settle;
        let most = before as f64 * (1.0 + self.options.max_memory_growth);
        loop {
            let resident = self.resident();
            let now = crowd.clock.now();
            if resident as f64 <= most || now >= deadline {
                return resident;
            }
            crowd.idle_until(now + LOOK_EVERY, |_| {});
        }
    }
}

fn watch_request(token: &str) -> String {
    let body = json!({ "room": ROOM }).to_string();
    format!(
        "POST /sideroom.v1.EventService/Watch HTTP/1.0\r\nhost: sideroom\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Pushed {
    fn compare(&mut self, alone: &Self) {
        let added = |with: f64, without: f64| ((with - without) * 1e3).round() / 1e3;
        self.added_delay_p99_ms = added(self.media_delay.p99_ms, alone.media_delay.p99_ms);
        let command = |of: &Self| of.canary.command.p99_ms;
        self.added_command_p99_ms = added(command(self), command(alone));
    }

    fn broken(&self, options: &ExhaustOptions) -> Vec<String> {
        let mut broken = Vec::new();
        let mut check = |what: &str, value: f64, max: Option<f64>| {
            if let Some(max) = max.filter(|max| value > *max) {
                let push = self.push;
                broken.push(format!("{push:?}: {what} is {value}, more than {max}"));
            }
        };
        let canary = &self.canary;
        check("what failed of the canary", canary.failed as f64, Some(0.0));
        check("the media lost", self.media_lost as f64, Some(0.0));
        check(
            "the added delay in ms",
            self.added_delay_p99_ms,
            options.max_added_delay_ms,
        );
        let command = self.added_command_p99_ms;
        check(
            "the added time of a command in ms",
            command,
            options.max_added_command_ms,
        );
        let (before, after) = (self.resident_before as f64, self.resident_after as f64);
        // Without a push nothing has been asked of the server before: its pools fill.
        if self.push.is_some() {
            let growth = after / before - 1.0;
            check(
                "the memory that stays",
                growth,
                Some(options.max_memory_growth),
            );
        }
        broken
    }
}
