//! Metrics of the server's own TURN.

use super::catalogue as names;

/// How many clients have a relayed address.
pub fn turn_allocations(count: usize) {
    metrics::gauge!(names::TURN_ALLOCATIONS).set(count as f64);
}

/// Packets that were passed on: `to_workers` or `to_clients`.
pub fn turn_relayed(direction: &'static str, packets: u64) {
    if packets > 0 {
        metrics::counter!(names::TURN_PACKETS, "direction" => direction).increment(packets);
    }
}

/// Messages without effect.
pub fn turn_dropped(reason: &'static str, messages: u64) {
    if messages > 0 {
        metrics::counter!(names::TURN_DROPPED, "reason" => reason).increment(messages);
    }
}

/// A client without a relayed address.
pub fn turn_refused(reason: &'static str) {
    metrics::counter!(names::TURN_REFUSED, "reason" => reason).increment(1);
}
