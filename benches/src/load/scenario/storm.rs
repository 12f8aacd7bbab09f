//! A room speaks while one participant sends the longest offers that the server reads, one after another, and while
//! hundreds join another room. The room that speaks must not notice.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::json;
use sideroom_route::{Time, TrackKind};

use super::{Measured, begin, crowd_for, end, measure, plans, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::histogram::{Histogram, Percentiles};
use crate::load::member::MemberSetup;
use crate::load::report::Report;
use crate::load::run_options::{Common, seconds};
use crate::load::sdp::{LongBy, long_offer};
use crate::load::swarm_messages::{Command, Event};
use crate::load::targets::sideroom::api::Api;
use crate::load::targets::{JoinPlan, Target};
use crate::load::watchers::pause;

/// Options of the scenario.
#[derive(Args, Clone, Debug, Serialize)]
pub struct StormOptions {
    /// How many join.
    #[arg(long, default_value_t = 500)]
    pub joins: u32,
    /// The time in which they join, in seconds.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub within: Duration,
    /// Bytes of a long offer.
    #[arg(long, default_value_t = 256 << 10)]
    pub offer_bytes: usize,
    /// People who talk in the room.
    #[arg(long, default_value_t = 3)]
    pub talkers: u32,
    /// People who listen there.
    #[arg(long, default_value_t = 20)]
    pub listeners: u32,
    /// Most that media may be later than without a storm: the p99, in milliseconds.
    #[arg(long)]
    pub max_added_delay_ms: Option<f64>,
}

const ROOM: &str = "load-storm";
const JOINED_ROOM: &str = "load-storm-joined";
/// Threads that ask for joins.
const JOINERS: u32 = 4;
/// How often new clients are handed to the swarm.
const HAND_OVER: Duration = Duration::from_millis(5);
/// How long the last client may take to connect.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// The room's media in one part of the run.
#[derive(Clone, Debug, Serialize)]
struct Part {
    name: &'static str,
    delay: Percentiles,
    lost: u64,
    added_delay_p99_ms: f64,
    /// Requests that were answered, and refused.
    answered: u64,
    refused: u64,
    /// The time that an answer took.
    answer: Percentiles,
    /// Clients whose links came up.
    connected: u64,
}

/// Requests of a storm, counted.
#[derive(Default)]
struct Asked {
    answered: u64,
    refused: u64,
    took: Histogram,
}

impl Asked {
    fn note<T>(&mut self, begun: Instant, result: Result<T, LoadError>) -> Option<T> {
        self.took.record(now().duration_since(begun));
        let answered = result.ok();
        match answered {
            Some(_) => self.answered += 1,
            None => self.refused += 1,
        }
        answered
    }
}

/// Runs the scenario.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &StormOptions,
) -> Result<Report, LoadError> {
    let api = target.sideroom().ok_or_else(|| LoadError::NotSupported {
        target: target.name().to_owned(),
        what: "storm",
    })?;
    let mut crowd = fill(target, common, options)?;
    let storm = Storm {
        target,
        api,
        options,
    };
    let alone = measure(&mut crowd, target, common.duration, "alone")?;
    let mut parts = vec![storm.part("alone", &alone, (Asked::default(), 0))];
    let (offers, asked) = storm.send_offers(&mut crowd, common.duration)?;
    parts.push(storm.part("offers", &offers, (asked, 0)));
    let (joins, asked) = storm.join(&mut crowd)?;
    parts.push(storm.part("joins", &joins, asked));
    let p99_alone = parts.first().map_or(0.0, |part| part.delay.p99_ms);
    for part in &mut parts {
        part.added_delay_p99_ms = ((part.delay.p99_ms - p99_alone) * 1e3).round() / 1e3;
    }
    let traffic = joins.traffic(storm.audience());
    let mut report = report("storm", target, &joins, traffic);
    report.options = json!({ "storm": options, "profile": common.profile });
    report.broken = parts.iter().flat_map(|part| part.broken(options)).collect();
    report.figures = json!({ "parts": parts });
    Ok(report)
}

/// A room in which some talk and many listen.
fn fill(target: &dyn Target, common: &Common, options: &StormOptions) -> Result<Crowd, LoadError> {
    let (talkers, clients) = (options.talkers, options.talkers + options.listeners);
    let mut crowd = crowd_for(common, (clients + options.joins) as usize)?;
    target.open_room(ROOM, clients as usize)?;
    target.open_room(JOINED_ROOM, options.joins as usize)?;
    let speaking = plans(&crowd, 0..talkers, ROOM, &[TrackKind::Audio], (0, 0));
    crowd.join(target, speaking)?;
    let slots = (talkers as usize, 0);
    let listening = plans(&crowd, talkers..clients, ROOM, &[], slots);
    crowd.join(target, listening)?;
    for client in crowd.clients.iter().take(talkers as usize) {
        target.publish(ROOM, &client.participant, &[TrackKind::Audio])?;
        crowd.send(client, TrackKind::Audio, 32_000, 50);
    }
    let warm = crowd.clock.now() + common.warm_up;
    crowd.idle_until(warm, |_| {});
    Ok(crowd)
}

struct Storm<'a> {
    target: &'a dyn Target,
    api: &'a Api,
    options: &'a StormOptions,
}

impl Storm<'_> {
    fn audience(&self) -> u64 {
        self.options.listeners.into()
    }

    fn part(
        &self,
        name: &'static str,
        measured: &Measured,
        (asked, connected): (Asked, u64),
    ) -> Part {
        let traffic = measured.traffic(self.audience());
        Part {
            name,
            delay: traffic.delay_server,
            lost: traffic.lost,
            added_delay_p99_ms: 0.0,
            answered: asked.answered,
            refused: asked.refused,
            answer: asked.took.percentiles(),
            connected,
        }
    }

    /// Measures the room while one participant sends long offers.
    fn send_offers(
        &self,
        crowd: &mut Crowd,
        duration: Duration,
    ) -> Result<(Measured, Asked), LoadError> {
        let number = self.options.talkers;
        let plan = plans(crowd, number..number + 1, ROOM, &[], (1, 0)).pop();
        let plan = plan.ok_or_else(|| LoadError::Answer("nobody can offer".to_owned()))?;
        // Another tab of the same person would end their first one: this is somebody else of the room.
        let token = self.api.client_token(&plan, "who-offers")?;
        let offers = LongBy::ALL.map(|by| long_offer(self.options.offer_bytes, by));
        let over = AtomicBool::new(false);
        let api = self.api.reconnected();
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut asked = Asked::default();
                for offer in offers.iter().cycle() {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let body = json!({ "clientToken": token, "offer": offer, "tracks": [] });
                    let begun = now();
                    asked.note(begun, api.call("ParticipantService/Join", body));
                }
                asked
            });
            let measured = measure(crowd, self.target, duration, "offers");
            over.store(true, Ordering::Relaxed);
            let gone = |_| LoadError::Answer("the offers ended early".to_owned());
            let asked = sending.join().map_err(gone)?;
            Ok((measured?, asked))
        })
    }

    /// Measures the room while many join another one.
    fn join(&self, crowd: &mut Crowd) -> Result<(Measured, (Asked, u64)), LoadError> {
        let first = self.options.talkers + self.options.listeners;
        let numbers = first..first + self.options.joins;
        let joining = plans(crowd, numbers, JOINED_ROOM, &[], (9, 3));
        let (new, setups) = channel();
        let left = AtomicU32::new(JOINERS);
        let begun = now();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..JOINERS)
                .map(|thread| {
                    let (new, joining, left) = (new.clone(), &joining, &left);
                    scope.spawn(move || {
                        let asked = self.join_some((begun, thread), joining, &new);
                        left.fetch_sub(1, Ordering::Release);
                        asked
                    })
                })
                .collect();
            let measured = self.hand_over(crowd, &setups, &left);
            let mut all = Asked::default();
            for thread in threads {
                let gone = |_| LoadError::Answer("a joiner fell".to_owned());
                let asked = thread.join().map_err(gone)?;
                all.answered += asked.answered;
                all.refused += asked.refused;
                all.took.merge(&asked.took);
            }
            let (measured, connected) = measured?;
            Ok((measured, (all, connected)))
        })
    }

    /// Every fourth of the joins, each at its time.
    fn join_some(
        &self,
        (begun, thread): (Instant, u32),
        joining: &[JoinPlan],
        new: &Sender<MemberSetup>,
    ) -> Asked {
        let mut asked = Asked::default();
        let every = self.options.within / self.options.joins.max(1);
        let mine = (0_u32..).zip(joining).skip(thread as usize);
        for (number, plan) in mine.step_by(JOINERS as usize) {
            let due = begun + every * number;
            pause(due.saturating_duration_since(now()));
            let begun = now();
            if let Some(joined) = asked.note(begun, self.target.join(plan)) {
                // The swarm ends after the scenario.
                let _ = new.send(joined.setup);
            }
        }
        asked
    }

    /// Lets new clients connect, and counts those that do.
    fn hand_over(
        &self,
        crowd: &mut Crowd,
        setups: &Receiver<MemberSetup>,
        left: &AtomicU32,
    ) -> Result<(Measured, u64), LoadError> {
        let part = begin(crowd, self.target)?;
        let (mut added, connected) = (0, Cell::new(0));
        let mut count = |event: &Event| {
            connected.set(connected.get() + u64::from(matches!(event, Event::Connected(..))));
        };
        let mut until = Time::NEVER;
        loop {
            let over = left.load(Ordering::Acquire) == 0;
            for setup in setups.try_iter() {
                let client = setup.client;
                crowd.send_command(client, Command::Add(Box::new(setup)));
                added += 1;
            }
            if over {
                until = until.min(crowd.clock.now() + CONNECT_WAIT);
            }
            if over && connected.get() >= added || crowd.clock.now() >= until {
                break;
            }
            crowd.idle_until(crowd.clock.now() + HAND_OVER, &mut count);
        }
        let measured = end(crowd, self.target, part)?;
        Ok((measured, connected.get()))
    }
}

impl Part {
    fn broken(&self, options: &StormOptions) -> Vec<String> {
        let mut broken = Vec::new();
        let (name, added) = (self.name, self.added_delay_p99_ms);
        if options.max_added_delay_ms.is_some_and(|most| added > most) {
            broken.push(format!("{name}: the added delay is {added} ms"));
        }
        if self.lost > 0 {
            broken.push(format!(
                "{name}: {} packets of the room were lost",
                self.lost
            ));
        }
        if name == "joins" && self.connected < options.joins.into() {
            let (connected, joins) = (self.connected, options.joins);
            broken.push(format!("{name}: {connected} of {joins} connected"));
        }
        broken
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tool measures requests by the real clock"
)]
fn now() -> Instant {
    Instant::now()
}
