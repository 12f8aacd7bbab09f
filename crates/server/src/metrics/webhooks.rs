//! Metrics of events that go out.

use super::catalogue as names;

/// A receiver has taken events.
pub fn webhook_delivered(receiver: &str, events: usize) {
    count(receiver, "delivered", events as u64);
}

/// An event has become a dead letter.
pub fn webhook_given_up(receiver: &str) {
    count(receiver, "given_up", 1);
}

/// Events are forgotten that were never delivered; `*`: those of any receiver.
pub fn webhook_lost(receiver: &str, events: u64) {
    count(receiver, "lost", events);
}

fn count(receiver: &str, result: &'static str, events: u64) {
    let receiver = receiver.to_owned();
    metrics::counter!(names::WEBHOOK_EVENTS, "receiver" => receiver, "result" => result)
        .increment(events);
}

/// A receiver has not taken a request: it refused, or failed.
pub fn webhook_failed(receiver: &str, refused: bool) {
    let (receiver, reason) = (
        receiver.to_owned(),
        if refused { "refused" } else { "failed" },
    );
    metrics::counter!(names::WEBHOOK_FAILURES, "receiver" => receiver, "reason" => reason)
        .increment(1);
}

/// How far a receiver is behind, and its dead letters.
pub fn webhook_pending(receiver: &str, events: u64, dead: usize) {
    metrics::gauge!(names::WEBHOOK_BEHIND, "receiver" => receiver.to_owned()).set(events as f64);
    metrics::gauge!(names::WEBHOOK_DEAD_LETTERS, "receiver" => receiver.to_owned())
        .set(dead as f64);
}

/// The events that are kept.
pub fn outbox(events: u64, bytes: u64) {
    metrics::gauge!(names::OUTBOX_EVENTS).set(events as f64);
    metrics::gauge!(names::OUTBOX_BYTES).set(bytes as f64);
}
