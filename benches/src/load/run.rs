//! Runs the command line's scenarios: one server or two in turns, once or several times.

use std::process::Command;

use serde::Serialize;

use super::error::LoadError;
use super::histogram::Percentiles;
use super::options::{Options, Scenario};
use super::report::Report;
use super::run_options::{Bounds, Common, TargetKind};
use super::scenario::scaling::{self, Scaled, ScalingOptions};
use super::scenario::{
    breakouts, churn, exhaust, fanout, gates, join, meetings, saturate, soak, storm, watchers,
};
use super::targets::Target;
use super::targets::bare::BareTarget;
use super::targets::shim::Shim;
use super::targets::whip_whep::WhipWhep;
use super::targets::{janus, sideroom};
use crate::summary::Summary;

/// Everything that was found out.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// One report for each server and round, in the order in which they were made.
    pub reports: Vec<Report>,
    /// CPU time for each forwarded packet, in nanoseconds.
    pub cpu_ns_per_packet: Summary,
    /// CPU time of the other server for each forwarded packet, in nanoseconds.
    pub against_cpu_ns_per_packet: Option<Summary>,
    /// The median of the first to that of the second.
    pub ratio: Option<f64>,
    /// Delay that the first adds to the other's: medians over the rounds, without the tool's part.
    pub added_delay: Option<AddedDelay>,
    /// Cost of a packet with more workers (`scaling`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scaling: Vec<Scaled>,
    /// Bounds that were broken, and reasons for which a run was not valid.
    pub broken: Vec<String>,
}

/// How much longer packets take through one server than through the other of the same run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AddedDelay {
    /// Delay of the median packet.
    pub p50_ms: f64,
    /// Delay of the 99th percentile.
    pub p99_ms: f64,
}

impl AddedDelay {
    /// From reports of both in turns.
    fn between(reports: &[Report]) -> Self {
        let median = |first: usize, of: fn(&Percentiles) -> f64| {
            let every_other = reports.iter().skip(first).step_by(2);
            let readings: Vec<_> = every_other.map(|r| of(&r.traffic.delay_server)).collect();
            Summary::of(&readings).median
        };
        let added = |of| ((median(0, of) - median(1, of)) * 1e3).round() / 1e3;
        Self {
            p50_ms: added(|delay| delay.p50_ms),
            p99_ms: added(|delay| delay.p99_ms),
        }
    }
}

/// Runs all rounds.
pub fn run(options: &Options) -> Result<Outcome, LoadError> {
    let common = &options.common;
    if let Some(cpus) = &common.load_cpus {
        pin(cpus)?;
    }
    if let Scenario::Scaling(scaling) = &options.scenario {
        return run_scaling(common, scaling);
    }
    let mut reports = Vec::new();
    let (mut costs, mut other_costs) = (Vec::new(), Vec::new());
    for _ in 0..common.rounds.max(1) {
        let mut report = run_once(&options.scenario, common, common.target)?;
        let broken = broken_by(&report, &common.bounds);
        report.broken.extend(broken);
        costs.push(report.server.cpu_ns_per_packet);
        reports.push(report);
        if let Some(other) = common.against {
            let report = run_once(&options.scenario, common, other)?;
            other_costs.push(report.server.cpu_ns_per_packet);
            reports.push(report);
        }
    }
    let cost = Summary::of(&costs);
    let other = common.against.map(|_| Summary::of(&other_costs));
    let ratio = other.map(|other| (cost.median / other.median * 1e3).round() / 1e3);
    let mut broken: Vec<_> = reports
        .iter()
        .flat_map(|report| report.broken.clone())
        .collect();
    if let (Some(ratio), Some(max)) = (ratio, common.bounds.max_ratio)
        && ratio > max
    {
        broken.push(format!("the ratio is {ratio}, more than {max}"));
    }
    if let (Some(ratio), Some(min)) = (ratio, common.bounds.min_ratio)
        && ratio < min
    {
        broken.push(format!("the ratio is {ratio}, less than {min}"));
    }
    let added_delay = common.against.map(|_| AddedDelay::between(&reports));
    Ok(Outcome {
        reports,
        cpu_ns_per_packet: cost,
        against_cpu_ns_per_packet: other,
        ratio,
        added_delay,
        scaling: Vec::new(),
        broken,
    })
}

/// Runs the scenario with each number of workers in turns.
fn run_scaling(common: &Common, options: &ScalingOptions) -> Result<Outcome, LoadError> {
    let scenario = Scenario::Fanout(options.fanout());
    let mut reports = Vec::new();
    for _ in 0..common.rounds.max(1) {
        for workers in options.counts() {
            let common = Common {
                workers,
                ..common.clone()
            };
            let mut report = run_once(&scenario, &common, common.target)?;
            let broken = broken_by(&report, &common.bounds);
            report.broken.extend(broken);
            reports.push(report);
        }
    }
    let scaling = scaling::compare(&reports, &options.counts(), options.audience());
    let mut broken: Vec<_> = reports
        .iter()
        .flat_map(|report| report.broken.clone())
        .collect();
    broken.extend(options.broken_by(&scaling));
    let first = scaling.first().map(|first| first.cpu_ns_per_packet);
    Ok(Outcome {
        reports,
        cpu_ns_per_packet: first.unwrap_or_default(),
        against_cpu_ns_per_packet: None,
        ratio: None,
        added_delay: None,
        scaling,
        broken,
    })
}

fn run_once(scenario: &Scenario, common: &Common, kind: TargetKind) -> Result<Report, LoadError> {
    let target = start(common, kind)?;
    let report = match scenario {
        Scenario::Fanout(options) => fanout::run(&*target, common, options),
        Scenario::Saturate(options) => saturate::run(&*target, common, options),
        Scenario::Breakouts(options) => breakouts::run(&*target, common, options),
        Scenario::Gates(options) => gates::run(&*target, common, options),
        Scenario::Join(options) => join::run(&*target, common, options),
        Scenario::Churn(options) => churn::run(&*target, common, options),
        Scenario::Scaling(options) => fanout::run(&*target, common, &options.fanout()),
        Scenario::Meetings(options) => meetings::run(&*target, common, options),
        Scenario::Storm(options) => storm::run(&*target, common, options),
        Scenario::Soak(options) => soak::run(&*target, common, options),
        Scenario::Exhaust(options) => exhaust::run(&*target, common, options),
        Scenario::Watchers(options) => watchers::run(&*target, common, options),
    }?;
    if !common.json {
        report.print();
    }
    Ok(report)
}

fn start(common: &Common, kind: TargetKind) -> Result<Box<dyn Target>, LoadError> {
    match kind {
        TargetKind::Bare => {
            let bare = BareTarget::start(common.profile, common.server_cpus.as_deref())?;
            Ok(Box::new(bare))
        }
        TargetKind::WhipWhep => Ok(Box::new(WhipWhep::start(common)?)),
        TargetKind::Shim => Ok(Box::new(Shim::start(common)?)),
        TargetKind::Janus => Ok(Box::new(janus::start(common)?)),
        TargetKind::Sideroom => Ok(Box::new(sideroom::start::start(common)?)),
    }
}

/// Keeps this process to some processors.
fn pin(cpus: &str) -> Result<(), LoadError> {
    let pid = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-a", "-c", "-p", cpus, &pid])
        .stdout(std::process::Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(LoadError::Answer(format!(
            "taskset does not know the processors {cpus}"
        )))
    }
}

fn broken_by(report: &Report, bounds: &Bounds) -> Vec<String> {
    let mut broken = Vec::new();
    let mut check = |name: &str, value: f64, max: Option<f64>| {
        if let Some(max) = max.filter(|max| value > *max) {
            broken.push(format!("{name} is {value}, more than {max}"));
        }
    };
    let traffic = &report.traffic;
    check("the loss", traffic.loss, bounds.max_loss);
    let leaks = bounds.max_leaks.map(|leaks| leaks as f64);
    check("the number of leaks", traffic.leaks as f64, leaks);
    check(
        "the p99 delay in ms",
        traffic.delay_server.p99_ms,
        bounds.max_delay_p99_ms,
    );
    let moves = report.figures.pointer("/move_to_first_packet/p99_ms");
    if let Some(p99) = moves.and_then(serde_json::Value::as_f64) {
        check("the p99 of moves in ms", p99, bounds.max_move_p99_ms);
    }
    if let Some(min) = bounds.min_packets_per_s
        && traffic.packets_per_s < min
    {
        let rate = traffic.packets_per_s;
        broken.push(format!("{rate} packets a second are fewer than {min}"));
    }
    let paced = report.path.as_ref().map_or(0.0, |path| path.share_paced);
    if let Some(min) = bounds.min_paced.filter(|min| paced < *min) {
        broken.push(format!(
            "the share of paced packets is {paced}, less than {min}"
        ));
    }
    if !bounds.allow_invalid {
        broken.extend(report.invalid_because.iter().cloned());
    }
    broken
}
