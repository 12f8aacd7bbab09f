//! Reads the counters of a Sideroom server's media workers from its metrics.

use std::collections::BTreeMap;

use crate::load::targets::{Pacing, WorkerCounts};

/// Where each count is found.
const RECEIVED: &str = "sideroom_packets_received_total";
const SENT: &str = "sideroom_packets_sent_total";
const RELAYED: &str = "sideroom_relayed_packets_total";

const PACED: &str = "sideroom_paced_packets_total";
const RESENT: &str = "sideroom_retransmissions_total";
const DROPPED: &str = "sideroom_packets_dropped_total";
const THROTTLED: &str = "throttled";
const KEYFRAMES: &str = "sideroom_keyframe_requests_total";

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

/// Reads the repairs and pacing of all workers together.
pub(super) fn read_pacing(metrics: &str) -> Pacing {
    let mut pacing = Pacing::default();
    for (name, labels, value) in metrics.lines().filter_map(sample) {
        match name {
            PACED => pacing.paced = value,
            RESENT => pacing.retransmissions = value,
            DROPPED if label(labels, "reason") == Some(THROTTLED) => pacing.refused = value,
            KEYFRAMES if label(labels, "direction") == Some("sent") => {
                pacing.keyframe_requests = value;
            }
            _ => {}
        }
    }
    pacing
}

/// Name, labels and value of a counter.
fn sample(line: &str) -> Option<(&str, &str, u64)> {
    let (name, rest) = line.split_once(['{', ' '])?;
    let (labels, value) = rest.split_once('}').unwrap_or(("", rest));
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

    #[test]
    fn what_was_done_for_paths_is_read() {
        let page = "sideroom_paced_packets_total 7\n\
            sideroom_retransmissions_total 5\n\
            sideroom_packets_dropped_total{reason=\"not_routed\"} 9\n\
            sideroom_packets_dropped_total{reason=\"throttled\"} 3\n\
            sideroom_keyframe_requests_total{direction=\"received\"} 8\n\
            sideroom_keyframe_requests_total{direction=\"sent\"} 2\n";
        let expected = Pacing {
            paced: 7,
            retransmissions: 5,
            refused: 3,
            keyframe_requests: 2,
        };
        assert_eq!(read_pacing(page), expected);
    }
}
