//! Runs what the command line asks for: one server or two in turns, once or several times.

use std::process::Command;

use serde::Serialize;

use super::error::LoadError;
use super::options::{Bounds, Common, Options, Scenario, TargetKind};
use super::report::Report;
use super::scenario::{breakouts, fanout, gates, join, saturate, soak};
use super::targets::Target;
use super::targets::bare::Bare;
use super::targets::sideroom;
use crate::summary::Spread;

/// Everything that was found out.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// One report for each server and round, in the order in which they were made.
    pub reports: Vec<Report>,
    /// CPU time for each forwarded packet, in nanoseconds.
    pub cpu_ns_per_packet: Spread,
    /// The same of the other server.
    pub against_cpu_ns_per_packet: Option<Spread>,
    /// The median of the first to that of the second.
    pub ratio: Option<f64>,
    /// Bounds that were broken, and reasons for which a run was not valid.
    pub broken: Vec<String>,
}

/// Runs everything.
pub fn run(options: &Options) -> Result<Outcome, LoadError> {
    let common = &options.common;
    if let Some(cpus) = &common.load_cpus {
        pin(cpus)?;
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
    let cost = Spread::of(&costs);
    let other = common.against.map(|_| Spread::of(&other_costs));
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
    Ok(Outcome {
        reports,
        cpu_ns_per_packet: cost,
        against_cpu_ns_per_packet: other,
        ratio,
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
        Scenario::Soak(options) => soak::run(&*target, common, options),
    }?;
    if !common.json {
        report.print();
    }
    Ok(report)
}

fn start(common: &Common, kind: TargetKind) -> Result<Box<dyn Target>, LoadError> {
    match kind {
        TargetKind::Bare => {
            let bare = Bare::start(common.profile, common.server_cpus.as_deref())?;
            Ok(Box::new(bare))
        }
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
        traffic.delay.p99_ms,
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
    if !bounds.allow_invalid {
        broken.extend(report.invalid_because.iter().cloned());
    }
    broken
}
