//! What the media workers of a Sideroom server count, read from its metrics.

use std::collections::BTreeMap;

use crate::load::targets::WorkerCounts;

/// Where each count is found.
const RECEIVED: &str = "sideroom_packets_received_total";
const SENT: &str = "sideroom_packets_sent_total";
const RELAYED: &str = "sideroom_relayed_packets_total";

/// Reads the text of the metrics page: the workers in the order of their numbers.
pub(super) fn read(metrics: &str) -> Vec<WorkerCounts> {
    let mut workers: BTreeMap<u64, WorkerCounts> = BTreeMap::new();
    for line in metrics.lines() {
        let Some((name, labels, value)) = sample(line) else {
            continue;
        };
        let Some(worker) = label(labels, "worker").and_then(|worker| worker.parse().ok()) else {
            continue;
        };
        let counts = workers.entry(worker).or_default();
        match (name, label(labels, "direction")) {
            (RECEIVED, _) => counts.received = value,
            (SENT, _) => counts.sent = value,
            (RELAYED, Some("sent")) => counts.relayed_out = value,
            (RELAYED, Some("received")) => counts.relayed_in = value,
            _ => {}
        }
    }
    workers.into_values().collect()
}

/// Name, labels and value of a counter.
fn sample(line: &str) -> Option<(&str, &str, u64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.split_once('}')?;
    Some((name, labels, value.trim().parse().ok()?))
}

fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels.split(',').find_map(|label| {
        let (key, value) = label.split_once('=')?;
        (key.trim() == name).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_read_in_their_order() {
        let page = "# HELP sideroom_packets_sent_total RTP packets sent to participants.\n\
            sideroom_packets_sent_total{worker=\"1\"} 70\n\
            sideroom_packets_sent_total{worker=\"0\"} 50\n\
            sideroom_packets_received_total{worker=\"0\"} 9\n\
            sideroom_relayed_packets_total{worker=\"0\",direction=\"sent\"} 9\n\
            sideroom_relayed_packets_total{direction=\"received\",worker=\"1\"} 9\n\
            sideroom_worker_busy_ratio{worker=\"1\"} 0.5\n\
            sideroom_rooms 1\n";
        let first = WorkerCounts {
            received: 9,
            sent: 50,
            relayed_out: 9,
            relayed_in: 0,
        };
        let second = WorkerCounts {
            received: 0,
            sent: 70,
            relayed_out: 0,
            relayed_in: 9,
        };
        assert_eq!(read(page), [first, second]);
    }
}
