//! Metrics of a node's part in its cluster.

use std::time::Duration;

use super::catalogue as names;

/// A transaction of the store in etcd.
pub fn stored(took: Duration, changes: usize, row_bytes: u64) {
    metrics::histogram!(names::STORE_COMMIT_SECONDS).record(took.as_secs_f64());
    metrics::histogram!(names::STORE_BATCH).record(changes as f64);
    metrics::counter!(names::STORE_APPENDED_BYTES).increment(row_bytes);
}

/// Changes that etcd did not keep.
pub fn store_failed(changes: usize) {
    metrics::counter!(names::STORE_FAILED).increment(changes as u64);
}

/// The cluster as this node sees it.
pub fn cluster(living: usize, owned: usize, holds: bool) {
    metrics::gauge!(names::CLUSTER_NODES).set(living as f64);
    metrics::gauge!(names::CLUSTER_ROOMS_OWNED).set(owned as f64);
    metrics::gauge!(names::CLUSTER_HOLDS).set(if holds { 1.0 } else { 0.0 });
}

/// A room came to this node or left it.
pub fn room_moved(how: &'static str) {
    metrics::counter!(names::CLUSTER_ROOMS_MOVED, "how" => how).increment(1);
}

/// Another node has ended this node's claim.
pub fn deposed() {
    metrics::counter!(names::CLUSTER_DEPOSED).increment(1);
}

/// A call was passed to another node, and the time until its answer.
pub fn passed_on(result: &'static str, took: Duration) {
    metrics::counter!(names::CLUSTER_CALLS, "result" => result).increment(1);
    metrics::histogram!(names::CLUSTER_CALL_SECONDS).record(took);
}
