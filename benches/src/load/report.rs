//! The result of a run, in numbers and in words.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::counts::Counts;
use super::crowd::Totals;
use super::histogram::Percentiles;
use super::path::PathFigures;
use super::process::Usage;
use super::swarm_messages::LATE;
use crate::machine::Machine;

/// A thread of the tool that was busy for more than this share of the time may have been the bottleneck.
const MAX_OWN_SHARE: f64 = 0.9;
/// With more late bursts than this share, the media were not as specified.
const MAX_LATE_SHARE: f64 = 0.02;

/// The result of one scenario against one target.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub scenario: &'static str,
    /// The server that was measured.
    pub target: String,
    /// The machine of the measurement.
    pub machine: Machine,
    /// The scenario's own options.
    pub options: Value,
    /// False if the tool itself was the bottleneck: then the figures say nothing about the server.
    pub valid: bool,
    /// The reasons, if it is not valid.
    pub invalid_because: Vec<String>,
    /// Traffic of the measured part.
    pub traffic: Traffic,
    /// Figures of the clients' networks, if they are not the machine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathFigures>,
    /// Cost of the server.
    pub server: ServerCost,
    /// Cost of the tool.
    pub own: OwnCost,
    /// Figures of this scenario only.
    pub figures: Value,
    /// Bounds of the command line that were broken.
    pub broken: Vec<String>,
}

/// Traffic of the measured part.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Traffic {
    /// How long it was.
    pub seconds: f64,
    /// Media packets that clients sent.
    pub sent: u64,
    /// How many packets clients should have received.
    pub expected: u64,
    /// How many they did receive.
    pub received: u64,
    /// Expected packets that were not received.
    pub lost: u64,
    /// Lost packets as a share of those expected.
    pub loss: f64,
    /// Forwarded packets a second.
    pub packets_per_s: f64,
    /// Forwarded bits a second, in millions.
    pub mbit_per_s: f64,
    /// Time from sending a packet to examining it: the server's part and the tool's own.
    pub delay: Percentiles,
    /// Through the server: from sending to the moment when the kernel had it for the receiver.
    pub delay_server: Percentiles,
    /// The tool's own part: from that moment until it was looked at.
    pub delay_tool: Percentiles,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that were not authentic or not RTP.
    pub unreadable: u64,
    /// Packets without a tag.
    pub untagged: u64,
    /// Packets that reached somebody in another group.
    pub leaks: u64,
    /// Packets that were on their way when their publisher's move was asked for, and arrived in the new
    /// group.
    pub carried: u64,
    /// The greatest time, in milliseconds, between the sending of a carried packet and the move.
    pub carried_oldest_ms: u64,
    /// Leaked packets of the group that was left, after the move was answered.
    pub after_answer: u64,
    /// The first leaks in words.
    pub leak_examples: Vec<String>,
}

/// Cost of the server in the measured part.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ServerCost {
    pub cpu_s: f64,
    /// Cores that it kept busy.
    pub cores: f64,
    /// CPU time for each forwarded packet.
    pub cpu_ns_per_packet: f64,
    /// Resident memory at the end.
    pub resident_mib: f64,
    /// Threads at the end.
    pub threads: usize,
}

/// Cost of the tool, and its own failures.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct OwnCost {
    /// Share of the time that the busiest thread was on a processor.
    pub busiest_thread: f64,
    /// Cores that the threads with clients kept busy.
    pub cores: f64,
    /// Cores that the whole tool kept busy: also those who let clients in and take events.
    pub process_cores: f64,
    /// Processors that it may run on.
    pub processors: usize,
    /// Bursts that left late.
    pub late_bursts: u64,
    pub late_share: f64,
    /// Packets that the tool failed to send.
    pub dropped_sending: u64,
    /// Packets that the tool failed to take from the kernel in time.
    pub dropped_receiving: u64,
    /// The longest turn of a loop.
    pub longest_turn_ms: f64,
}

/// Readings at one end of the measured part.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The time of the reading.
    pub at: sideroom_route::Time,
    /// The server's cost.
    pub server: Usage,
    /// The tool's threads with clients.
    pub own: Totals,
    /// The whole tool.
    pub process: Usage,
}

impl Traffic {
    /// Computes the figures from counts over `span`, given the packets expected.
    pub fn of(counts: &Counts, span: Duration, expected: u64) -> Self {
        let seconds = span.as_secs_f64();
        let lost = expected.saturating_sub(counts.received);
        let share = |part: u64, of: u64| {
            if of == 0 {
                0.0
            } else {
                part as f64 / of as f64
            }
        };
        Self {
            seconds,
            sent: counts.sent,
            expected,
            received: counts.received,
            lost,
            loss: share(lost, expected),
            packets_per_s: (counts.received as f64 / seconds).round(),
            mbit_per_s: (counts.received_bytes as f64 * 8e-6 / seconds).round(),
            delay: counts.delay.percentiles(),
            delay_server: counts.served.percentiles(),
            delay_tool: counts.waited.percentiles(),
            duplicates: counts.duplicates,
            unreadable: counts.unreadable,
            untagged: counts.untagged,
            leaks: counts.leaks,
            carried: counts.carried,
            carried_oldest_ms: counts.carried_oldest_ms,
            after_answer: counts.after_answer,
            leak_examples: counts.examples.clone(),
        }
    }
}

impl ServerCost {
    /// The cost between two readings, for `packets` forwarded.
    pub fn between(from: &Mark, to: &Mark, packets: u64) -> Self {
        let cpu = to.server.cpu.saturating_sub(from.server.cpu);
        let span = to.at.since(from.at).as_secs_f64();
        Self {
            cpu_s: cpu.as_secs_f64(),
            cores: cpu.as_secs_f64() / span,
            cpu_ns_per_packet: (cpu.as_nanos() as f64 / packets.max(1) as f64).round(),
            resident_mib: (to.server.resident as f64 / f64::from(1 << 20) * 10.0).round() / 10.0,
            threads: to.server.threads,
        }
    }
}

impl OwnCost {
    /// Between two readings; `counts` are those of the part between them.
    pub fn between(from: &Mark, to: &Mark, counts: &Counts) -> Self {
        let span = to.at.since(from.at).as_secs_f64();
        let before = from
            .own
            .cpu
            .iter()
            .copied()
            .chain(std::iter::repeat(Duration::ZERO));
        let shares = to.own.cpu.iter().zip(before);
        let shares: Vec<f64> = shares
            .map(|(after, before)| after.saturating_sub(before).as_secs_f64() / span)
            .collect();
        Self {
            busiest_thread: shares.iter().copied().fold(0.0, f64::max),
            cores: shares.iter().sum(),
            process_cores: to
                .process
                .cpu
                .saturating_sub(from.process.cpu)
                .as_secs_f64()
                / span,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            late_bursts: counts.late,
            late_share: counts.late as f64 / counts.bursts.max(1) as f64,
            dropped_sending: counts.own_drops,
            dropped_receiving: to.own.kernel_drops - from.own.kernel_drops.min(to.own.kernel_drops),
            longest_turn_ms: to.own.longest_turn.as_secs_f64() * 1e3,
        }
    }

    /// Why the run says nothing about the server, if it does not.
    pub fn objections(&self) -> Vec<String> {
        let mut objections = Vec::new();
        if self.busiest_thread > MAX_OWN_SHARE {
            objections.push(format!(
                "a thread of the load tool was busy for {:.0} % of the time",
                self.busiest_thread * 100.0
            ));
        }
        if self.process_cores > MAX_OWN_SHARE * self.processors.max(1) as f64 {
            objections.push(format!(
                "the load tool kept {:.2} of its {} processors busy",
                self.process_cores, self.processors
            ));
        }
        if self.late_share > MAX_LATE_SHARE {
            objections.push(format!(
                "{:.1} % of the bursts left more than {} ms late",
                self.late_share * 100.0,
                LATE.as_millis()
            ));
        }
        if self.dropped_sending > 0 {
            let dropped = self.dropped_sending;
            objections.push(format!("the load tool failed to send {dropped} packets"));
        }
        if self.dropped_receiving > 0 {
            let dropped = self.dropped_receiving;
            objections.push(format!(
                "the load tool received too slowly for {dropped} packets"
            ));
        }
        objections
    }
}

impl Report {
    /// A report of nothing.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self {
            scenario: "none",
            target: String::new(),
            machine: Machine::read(),
            options: Value::Null,
            valid: true,
            invalid_because: Vec::new(),
            traffic: Traffic::default(),
            path: None,
            server: ServerCost::default(),
            own: OwnCost::default(),
            figures: Value::Null,
            broken: Vec::new(),
        }
    }

    /// The report in lines for a terminal.
    pub fn print(&self) {
        let Traffic {
            delay_server,
            delay_tool,
            ..
        } = self.traffic;
        println!("\n{} against {}", self.scenario, self.target);
        println!(
            "  forwarded   {} packets in {:.1} s ({:.0}/s, {:.0} Mb/s)",
            self.traffic.received,
            self.traffic.seconds,
            self.traffic.packets_per_s,
            self.traffic.mbit_per_s
        );
        println!(
            "  lost        {} ({:.4} %), leaks {}",
            self.traffic.lost,
            self.traffic.loss * 100.0,
            self.traffic.leaks
        );
        println!(
            "  delay       through the server p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms; then in the tool \
             p50 {:.2} ms, p99 {:.2} ms",
            delay_server.p50_ms,
            delay_server.p99_ms,
            delay_server.max_ms,
            delay_tool.p50_ms,
            delay_tool.p99_ms
        );
        if let Some(path) = &self.path {
            path.print();
        }
        println!(
            "  server      {:.0} ns CPU a packet, {:.2} cores, {:.1} MiB, {} threads",
            self.server.cpu_ns_per_packet,
            self.server.cores,
            self.server.resident_mib,
            self.server.threads
        );
        println!(
            "  load tool   {:.2} cores, {:.2} % late, {} + {} dropped",
            self.own.process_cores,
            self.own.late_share * 100.0,
            self.own.dropped_sending,
            self.own.dropped_receiving
        );
        if let Value::Object(figures) = &self.figures {
            for (name, value) in figures.iter().filter(|(_, value)| !value.is_null()) {
                println!("  {name:<11} {value}");
            }
        }
        for example in &self.traffic.leak_examples {
            println!("  leak        {example}");
        }
        for why in &self.invalid_because {
            println!("  NOT VALID   {why}");
        }
        for bound in &self.broken {
            println!("  BROKEN      {bound}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_was_late_busy_or_lossy_says_so() {
        assert!(OwnCost::default().objections().is_empty());
        let bad = OwnCost {
            busiest_thread: 0.95,
            process_cores: 0.99,
            processors: 1,
            late_share: 0.03,
            dropped_sending: 2,
            dropped_receiving: 5,
            ..OwnCost::default()
        };
        let objections = bad.objections().join("; ");
        for part in [
            "95 %",
            "0.99 of its 1 ",
            "3.0 %",
            "send 2 packets",
            "slowly for 5 packets",
        ] {
            assert!(objections.contains(part), "{objections}");
        }
    }
}
