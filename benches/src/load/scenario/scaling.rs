//! One fan-out with one media worker and with more. A publisher's packet crosses to each other worker once, however
//! many subscribers are there; the cost shows in the CPU for each forwarded packet.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::fanout::FanoutOptions;
use crate::load::report::Report;
use crate::load::targets::WorkerCounts;
use crate::summary::Summary;

/// Enough for a room to be on two workers in equal parts.
const SUBSCRIBERS: u32 = 400;

/// Which numbers of workers are tried with what.
#[derive(Args, Clone, Debug, Serialize)]
pub struct ScalingOptions {
    /// Numbers of workers; the others are compared with the first.
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    pub counts: Vec<usize>,
    /// Smallest capacity of the last number of workers, as a multiple of the first's.
    #[arg(long)]
    pub min_scaling: Option<f64>,
    /// Options of the fan-out; 400 subscribers by default.
    #[command(flatten)]
    pub fanout: FanoutOptions,
}

/// Measurements with one number of workers.
#[derive(Clone, Debug, Serialize)]
pub struct Scaled {
    /// Number of media workers.
    pub workers: usize,
    /// CPU time for each forwarded packet, in nanoseconds, over the rounds.
    pub cpu_ns_per_packet: Summary,
    /// Forwarded packets for a second of CPU, by the median.
    pub packets_per_cpu_s: f64,
    /// Packets that this many workers on as many processors can forward, as a multiple of the first number's.
    pub capacity: f64,
    /// Times that a published packet crossed to another worker.
    pub copies: f64,
    /// The largest share of all sent packets that one worker sent: 0.5 of two is even.
    pub largest_share: f64,
}

impl ScalingOptions {
    /// The numbers of workers.
    pub fn counts(&self) -> Vec<usize> {
        self.counts.iter().map(|count| (*count).max(1)).collect()
    }

    /// Options of the fan-out.
    pub fn fanout(&self) -> FanoutOptions {
        let mut fanout = self.fanout.clone();
        if fanout.preset.is_none() {
            fanout.subscribers.get_or_insert(SUBSCRIBERS);
        }
        fanout
    }

    /// How many receive each packet.
    pub fn audience(&self) -> u32 {
        self.fanout().audience()
    }

    /// The bound, if it is broken.
    pub fn broken_by(&self, scaled: &[Scaled]) -> Option<String> {
        let (min, last) = (self.min_scaling?, scaled.last()?);
        (last.capacity < min).then(|| {
            let Scaled {
                workers, capacity, ..
            } = last;
            format!("{workers} workers carry {capacity} times as much, less than {min}")
        })
    }
}

/// Compares reports made with each of `counts` in turns, each packet for `subscribers`.
pub fn compare(reports: &[Report], counts: &[usize], subscribers: u32) -> Vec<Scaled> {
    let mut scaled: Vec<Scaled> = Vec::new();
    for (at, workers) in counts.iter().enumerate() {
        let rounds: Vec<_> = reports.iter().skip(at).step_by(counts.len()).collect();
        let costs: Vec<_> = rounds
            .iter()
            .map(|report| report.server.cpu_ns_per_packet)
            .collect();
        let cost = Summary::of(&costs);
        let all: Vec<_> = rounds
            .iter()
            .flat_map(|report| workers_of(report))
            .collect();
        let sum = |of: fn(&WorkerCounts) -> u64| all.iter().map(of).sum::<u64>() as f64;
        let shares = rounds.iter().map(|report| largest_share_of(report));
        let largest_share = shares.fold(0.0, f64::max);
        // Published packets, from the workers' counts of one copy for each subscriber: of the same reading as
        // the relayed, unlike the tool's own count.
        let published = sum(|worker| worker.sent) / f64::from(subscribers.max(1));
        let first = scaled.first().map_or((*workers, cost.median), |first| {
            (first.workers, first.cpu_ns_per_packet.median)
        });
        let capacity = (*workers as f64 / cost.median) / (first.0 as f64 / first.1);
        scaled.push(Scaled {
            workers: *workers,
            cpu_ns_per_packet: cost,
            packets_per_cpu_s: (1e9 / cost.median).round(),
            capacity: rounded(capacity),
            copies: rounded(sum(|worker| worker.relayed_in) / published),
            largest_share: rounded(largest_share),
        });
    }
    scaled
}

/// The share of the worker that sent most; one worker sends everything.
fn largest_share_of(report: &Report) -> f64 {
    let sent: Vec<_> = workers_of(report)
        .iter()
        .map(|worker| worker.sent)
        .collect();
    match sent.iter().max() {
        Some(most) => *most as f64 / sent.iter().sum::<u64>().max(1) as f64,
        None => 1.0,
    }
}

fn workers_of(report: &Report) -> Vec<WorkerCounts> {
    let workers = report
        .figures
        .get("workers")
        .and_then(|workers| workers.as_array());
    let number = |worker: &serde_json::Value, name: &str| worker.get(name)?.as_u64();
    let workers = workers.into_iter().flatten().filter_map(|worker| {
        Some(WorkerCounts {
            received: number(worker, "received")?,
            sent: number(worker, "sent")?,
            relayed_out: number(worker, "relayed_out")?,
            relayed_in: number(worker, "relayed_in")?,
        })
    });
    workers.collect()
}

fn rounded(value: f64) -> f64 {
    if value.is_finite() {
        (value * 1e3).round() / 1e3
    } else {
        0.0
    }
}

impl fmt::Display for Scaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} workers: {:.0} ns CPU a packet, capacity × {:.2}, each published packet crossed {:.2} \
             times, the busiest sent {:.0} %",
            self.workers,
            self.cpu_ns_per_packet.median,
            self.capacity,
            self.copies,
            self.largest_share * 100.0
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::load::report::ServerCost;

    fn report(cpu: f64, workers: serde_json::Value) -> Report {
        Report {
            server: ServerCost {
                cpu_ns_per_packet: cpu,
                ..ServerCost::default()
            },
            figures: json!({ "workers": workers }),
            ..Report::empty()
        }
    }

    #[test]
    fn two_workers_carry_twice_as_much_less_what_a_packet_costs_more() {
        let one = json!(null);
        let two = json!([
            { "received": 900, "sent": 2_200, "relayed_out": 100, "relayed_in": 0 },
            { "received": 0, "sent": 1_800, "relayed_out": 0, "relayed_in": 100 },
        ]);
        let reports = [
            report(1_000.0, one.clone()),
            report(1_250.0, two.clone()),
            report(1_000.0, one),
            report(1_250.0, two),
        ];
        let scaled = compare(&reports, &[1, 2], 40);
        let told = |scaled: &Scaled| (scaled.capacity, scaled.copies, scaled.largest_share);
        assert_eq!(told(&scaled[0]), (1.0, 0.0, 1.0));
        assert_eq!(told(&scaled[1]), (1.6, 1.0, 0.55));
        let options = ScalingOptions {
            counts: vec![1, 2],
            min_scaling: Some(1.8),
            fanout: FanoutOptions {
                preset: None,
                publishers: None,
                subscribers: None,
                audio_bps: None,
                video_bps: None,
                fps: 30,
            },
        };
        assert!(options.broken_by(&scaled).is_some());
        assert_eq!(options.fanout().subscribers, Some(SUBSCRIBERS));
    }
}
