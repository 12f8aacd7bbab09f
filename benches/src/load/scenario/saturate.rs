//! One publishes more and more video until packets are lost. Clients send no feedback.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use sideroom_route::TrackKind;

use super::{Measured, crowd_for, measure, plans, progress, report};
use crate::load::crowd::Crowd;
use crate::load::error::LoadError;
use crate::load::report::Report;
use crate::load::run_options::{Common, seconds};
use crate::load::targets::Target;

/// How the rate is raised.
#[derive(Args, Clone, Debug, Serialize)]
pub struct SaturateOptions {
    /// How many receive.
    #[arg(long, default_value_t = 100)]
    pub subscribers: u32,
    /// The first rate, in megabits a second of payload.
    #[arg(long, default_value_t = 4.0)]
    pub from_mbps: f64,
    /// The rate at which to stop even without loss.
    #[arg(long, default_value_t = 80.0)]
    pub to_mbps: f64,
    /// Each rate is the one before times this.
    #[arg(long, default_value_t = 1.25)]
    pub factor: f64,
    /// How long each rate is measured, in seconds.
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub step: Duration,
    /// Frames a second.
    #[arg(long, default_value_t = 30)]
    pub fps: u32,
}

const ROOM: &str = "load-saturate";
/// A new rate flows for this long before it is measured.
const SETTLE: Duration = Duration::from_millis(700);
/// A share of loss that is none: a packet on its way when the part ended.
const NO_LOSS: f64 = 0.000_01;
/// How often the gap between the last good and the first bad rate is halved.
const HALVINGS: usize = 3;

/// Runs the scenario: rates rise by the factor until one has loss, then the gap is halved.
pub fn run(
    target: &dyn Target,
    common: &Common,
    options: &SaturateOptions,
) -> Result<Report, LoadError> {
    // If clients reported arrival times, the server would pace their packets; here the server itself is
    // measured, and packets must not be delayed.
    let common = &Common {
        no_feedback: true,
        ..common.clone()
    };
    let mut crowd = crowd_for(common, options.subscribers as usize + 1)?;
    target.open_room(ROOM, options.subscribers as usize + 1)?;
    let publisher = plans(&crowd, 0..1, ROOM, &[TrackKind::Camera], (0, 0));
    crowd.join(target, publisher)?;
    let subscribers = plans(&crowd, 1..options.subscribers + 1, ROOM, &[], (0, 1));
    crowd.join(target, subscribers)?;
    let publisher = crowd.clients.first().cloned();
    let publisher = publisher.ok_or_else(|| LoadError::Answer("nobody joined".into()))?;
    target.publish(ROOM, &publisher.participant, &[TrackKind::Camera])?;
    let first = (options.from_mbps * 1e6) as u64;
    crowd.send(&publisher, TrackKind::Camera, first, options.fps);
    let warm = crowd.clock.now() + common.warm_up;
    crowd.idle_until(warm, |_| {});

    let mut steps = Vec::new();
    let mut best: Option<(f64, Measured)> = None;
    let mut bad: Option<(f64, Measured)> = None;
    let mut halvings = 0;
    let mut rate = options.from_mbps;
    while rate <= options.to_mbps && halvings <= HALVINGS {
        let measured = step(&mut crowd, target, options, rate)?;
        let traffic = measured.traffic(options.subscribers.into());
        let clean = traffic.loss <= NO_LOSS;
        steps.push(figures(rate, &measured, options));
        if clean {
            best = Some((rate, measured));
        } else {
            bad = Some((rate, measured));
        }
        rate = match (&best, &bad) {
            (_, None) => rate * options.factor,
            (Some((good, _)), Some((bad, _))) => {
                halvings += 1;
                good.midpoint(*bad)
            }
            (None, Some(_)) => break,
        };
    }
    // Where the loss began, was it the tool that lost the packets?
    let limit = bad
        .as_ref()
        .map(|(_, measured)| measured.own().objections());
    let (rate, measured) = best
        .or(bad)
        .ok_or_else(|| LoadError::Answer("no rate was tried".to_owned()))?;
    let traffic = measured.traffic(options.subscribers.into());
    let mut report = report("saturate", target, &measured, traffic);
    report.options = json!({ "saturate": options, "profile": common.profile });
    report.figures = json!({
        "best_mbps": rate,
        "best_packets_per_s": report.traffic.packets_per_s,
        "limited_by": match &limit {
            None => json!("the highest rate that was asked for"),
            Some(objections) if objections.is_empty() => json!("the server"),
            Some(objections) => json!(objections),
        },
        "steps": steps,
    });
    Ok(report)
}

fn step(
    crowd: &mut Crowd,
    target: &dyn Target,
    options: &SaturateOptions,
    rate: f64,
) -> Result<Measured, LoadError> {
    progress(&format!("saturate: {rate:.1} Mb/s"));
    crowd.set_rate(TrackKind::Camera, (rate * 1e6) as u64);
    let settled = crowd.clock.now() + SETTLE;
    crowd.idle_until(settled, |_| {});
    let what = format!("saturate at {rate:.1} Mb/s");
    measure(crowd, target, options.step, &what)
}

fn figures(rate: f64, measured: &Measured, options: &SaturateOptions) -> Value {
    let traffic = measured.traffic(options.subscribers.into());
    let (server, own) = (measured.server(), measured.own());
    json!({
        "mbps": (rate * 100.0).round() / 100.0,
        "packets_per_s": traffic.packets_per_s,
        "loss": traffic.loss,
        "cpu_ns_per_packet": server.cpu_ns_per_packet,
        "server_cores": server.cores,
        "delay_p50_ms": traffic.delay_server.p50_ms,
        "delay_p99_ms": traffic.delay_server.p99_ms,
        "own_cores": own.cores,
        "own_objections": own.objections(),
    })
}
