//! The table of Sideroom beside other servers: CPU for each forwarded packet, loss and delay of both in the
//! same run, and the ratio to the other server at its best setting that lost nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::Results;
use crate::machine::Machine;
use crate::summary::Summary;

/// A server that loses more than this share does not carry the load, and its CPU is not compared.
const MAX_LOSS: f64 = 0.000_1;

/// One server at one audience.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// The server's name, version and setting.
    pub server: String,
    /// CPU time for each forwarded packet, in nanoseconds, over the rounds.
    pub cpu_ns_per_packet: Summary,
    /// The largest loss of any round.
    pub loss: f64,
    /// The median over the rounds of the median delay.
    pub delay_p50_ms: f64,
    /// The median over the rounds of the 99th percentile of the delay.
    pub delay_p99_ms: f64,
    /// Resident memory at the end of the last round.
    pub resident_mib: f64,
    /// The load tool's objections to any of the rounds.
    pub objections: Vec<String>,
}

/// Another server and Sideroom, in turns.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// How many received each packet.
    pub subscribers: u64,
    /// How the media were protected.
    pub profile: String,
    /// How many rounds of each.
    pub rounds: usize,
    /// The other server.
    pub peer: Side,
    pub sideroom: Side,
    /// CPU for each packet of the other to Sideroom's, by the medians.
    pub ratio: f64,
}

/// The comparison of `make bench-peers`.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The machine of the measurement.
    pub machine: Machine,
    /// By audience, then by setting.
    pub pairs: Vec<Pair>,
    /// For each audience the ratio at the other server's cheapest setting without loss.
    pub ratio_at_better_setting: BTreeMap<u64, f64>,
}

impl Comparison {
    /// Reads the load tool's results; skips files that are no comparison.
    pub fn of(results: &Results) -> Self {
        let mut pairs: Vec<_> = results.values().filter_map(pair).collect();
        pairs.sort_by(|a, b| {
            let key = |pair: &Pair| (pair.subscribers, pair.peer.server.clone());
            key(a).cmp(&key(b))
        });
        let mut better: BTreeMap<u64, &Pair> = BTreeMap::new();
        let carried = pairs.iter().filter(|pair| pair.peer.loss <= MAX_LOSS);
        for pair in carried {
            let cost = |pair: &Pair| pair.peer.cpu_ns_per_packet.median;
            let best = better.entry(pair.subscribers).or_insert(pair);
            if cost(pair) < cost(best) {
                *best = pair;
            }
        }
        let better = better.into_iter().map(|(n, pair)| (n, pair.ratio));
        let ratio_at_better_setting = better.collect();
        Self {
            machine: Machine::read(),
            pairs,
            ratio_at_better_setting,
        }
    }

    /// The claim: the largest audience that the other server carries, and the ratio there. With few
    /// subscribers the work done once for each frame weighs more, on both sides.
    pub fn claimed(&self) -> Option<(u64, f64)> {
        let last = self.ratio_at_better_setting.last_key_value();
        last.map(|(subscribers, ratio)| (*subscribers, *ratio))
    }

    /// The table, in Markdown.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| subscribers | server | CPU a packet, ns (best–worst) | loss | delay through it p50, p99, ms | \
             memory, MiB | CPU to Sideroom's |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for pair in &self.pairs {
            for (side, ratio) in [(&pair.peer, Some(pair.ratio)), (&pair.sideroom, None)] {
                let cpu = side.cpu_ns_per_packet;
                let note = if side.objections.is_empty() {
                    ""
                } else {
                    " ¹"
                };
                let ratio = ratio.map_or("1".to_owned(), |ratio| format!("**{ratio:.1}**"));
                let _ = writeln!(
                    table,
                    "| {} | {}{note} | {:.0} ({:.0}–{:.0}) | {:.4} % | {:.2}, {:.2} | {:.0} | {ratio} |",
                    pair.subscribers,
                    side.server,
                    cpu.median,
                    cpu.best,
                    cpu.worst,
                    side.loss * 100.0,
                    side.delay_p50_ms,
                    side.delay_p99_ms,
                    side.resident_mib,
                );
            }
        }
        table
    }

    /// The whole page.
    pub fn page(&self) -> String {
        let Machine {
            cpu, cores, kernel, ..
        } = &self.machine;
        let commit = self.machine.commit.as_deref().unwrap_or("unknown");
        let profile = self.pairs.first().map_or("", |pair| &pair.profile);
        let rounds = self.pairs.first().map_or(0, |pair| pair.rounds);
        let mut page = format!(
            "# Sideroom beside other servers\n\n{cpu} ({cores} cores), Linux {kernel}, commit {commit}; \
             {profile}, {rounds} rounds of each server in turns. Made by `make bench-peers`.\n\n{}\n",
            self.table()
        );
        let objections: std::collections::BTreeSet<_> = self
            .pairs
            .iter()
            .flat_map(|pair| [&pair.peer, &pair.sideroom])
            .flat_map(|side| side.objections.iter().map(move |why| (&side.server, why)))
            .collect();
        if !objections.is_empty() {
            page.push_str("¹ What the load tool says of its own part in some round:\n\n");
        }
        for (server, why) in &objections {
            let _ = writeln!(page, "- {server}: {why}");
        }
        if !objections.is_empty() {
            page.push('\n');
        }
        for (subscribers, ratio) in &self.ratio_at_better_setting {
            let _ = writeln!(
                page,
                "At {subscribers} subscribers the other server takes **{ratio:.1} times** the CPU of \
                 Sideroom for a packet, at its cheapest setting without loss.\n"
            );
        }
        page.push_str(HOW);
        page
    }
}

const HOW: &str = "\
## How it is measured

- One publisher sends Opus (32 kb/s) and video (1.44 Mb/s, 30 frames a second, the packets of a frame in
  a burst) to all subscribers; the same clients, the same cipher and the same load tool for every server.
- The server runs on one processor and the load tool on another. CPU is what the scheduler counted for all
  threads of the server's process while the packets flowed, divided by the packets that subscribers
  received and authenticated. The kernel's work for sending is in it.
- Both run in the same network namespace over local addresses, as Janus refuses loopback. What is sent there
  is billed to the sender up to the receiver's buffer, for every server alike.
- Janus is Debian's package with the VideoRoom plugin and the HTTP transport, errors only in its log, ICE
  lite, no limit on the bit rate and everything else at its defaults; once with a thread for each
  connection, its default, and with one and with two event loops. The loops that it recommends for many
  connections are the better setting, and the ratio is taken to the cheapest of all.
- Sideroom runs with its defaults and one media worker.
- Subscribers send what was negotiated: receiver reports, and feedback on arrival times where the server
  offers its extension.
- A server that loses more than 0.01 % does not carry the load, and is not compared.
";

fn pair(result: &Value) -> Option<Pair> {
    let reports = result.get("reports")?.as_array()?;
    let first = reports.first()?;
    let is_sideroom = |report: &&Value| report.get("target").is_some_and(|name| name == "sideroom");
    let (ours, theirs): (Vec<_>, Vec<_>) = reports.iter().partition(is_sideroom);
    let (peer, sideroom) = (side(&theirs)?, side(&ours)?);
    let ratio = peer.cpu_ns_per_packet.median / sideroom.cpu_ns_per_packet.median;
    Some(Pair {
        subscribers: first.pointer("/options/shape/subscribers")?.as_u64()?,
        profile: first.pointer("/options/profile")?.as_str()?.to_owned(),
        rounds: theirs.len(),
        peer,
        sideroom,
        ratio: (ratio * 100.0).round() / 100.0,
    })
}

fn side(reports: &[&Value]) -> Option<Side> {
    let numbers = |pointer: &str| -> Vec<f64> {
        let found = reports.iter();
        found
            .filter_map(|report| report.pointer(pointer)?.as_f64())
            .collect()
    };
    let median = |pointer: &str| Summary::of(&numbers(pointer)).median;
    let objections = reports
        .iter()
        .filter_map(|report| report.get("invalid_because")?.as_array())
        .flatten()
        .filter_map(|why| why.as_str().map(str::to_owned));
    Some(Side {
        server: reports.first()?.get("target")?.as_str()?.to_owned(),
        cpu_ns_per_packet: Summary::of(&numbers("/server/cpu_ns_per_packet")),
        loss: Summary::of(&numbers("/traffic/loss")).worst,
        delay_p50_ms: median("/traffic/delay_server/p50_ms"),
        delay_p99_ms: median("/traffic/delay_server/p99_ms"),
        resident_mib: *numbers("/server/resident_mib").last()?,
        objections: objections.collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(target: &str, cpu: f64, loss: f64) -> Value {
        json!({
            "target": target,
            "options": { "shape": { "subscribers": 50 }, "profile": "gcm128" },
            "server": { "cpu_ns_per_packet": cpu, "resident_mib": 30.0 },
            "traffic": { "loss": loss, "delay_server": { "p50_ms": 0.5, "p99_ms": 2.0 } },
            "invalid_because": [],
        })
    }

    fn result(peer: (&str, f64, f64), sideroom: f64) -> Value {
        let (name, cpu, loss) = peer;
        let reports = [
            report(name, cpu, loss),
            report("sideroom", sideroom, 0.0),
            report(name, cpu * 1.2, 0.0),
            report("sideroom", sideroom, 0.0),
        ];
        json!({ "reports": reports })
    }

    #[test]
    fn the_ratio_is_taken_to_the_cheapest_setting_that_lost_nothing() {
        let mut results = Results::new();
        results.insert(
            "a".to_owned(),
            result(("peer (slow)", 9_000.0, 0.0), 1_000.0),
        );
        results.insert(
            "b".to_owned(),
            result(("peer (fast)", 5_000.0, 0.0), 1_000.0),
        );
        results.insert(
            "c".to_owned(),
            result(("peer (lossy)", 1_000.0, 0.1), 1_000.0),
        );
        results.insert("d".to_owned(), json!({ "reports": [] }));
        let comparison = Comparison::of(&results);
        assert_eq!(comparison.pairs.len(), 3);
        // The median of 5,000 and 6,000.
        assert_eq!(comparison.claimed(), Some((50, 5.5)));
        let table = comparison.table();
        assert!(
            table.contains("| 50 | peer (fast) | 5500 (5000–6000) | 0.0000 % |"),
            "{table}"
        );
        assert!(table.contains("| 50 | peer (lossy) | 1100 (1000–1200) | 10.0000 % |"));
        assert_eq!(table.lines().count(), 2 + 6);
    }
}
