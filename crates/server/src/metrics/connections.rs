//! Connections to the HTTP and gRPC ports, and who may open them.

use super::catalogue as names;

/// The server ended a connection, or refused it.
pub fn connection_cut(reason: &'static str) {
    metrics::counter!(names::CONNECTIONS_CUT, "reason" => reason).increment(1);
}

/// How many connections strangers, clients and signaling servers have.
pub fn connections(counts: [usize; 3]) {
    for (standing, count) in ["stranger", "client", "operator"].into_iter().zip(counts) {
        metrics::gauge!(names::CONNECTIONS, "standing" => standing).set(count as f64);
    }
}

/// A SIGHUP: `applied` or `refused`.
pub fn reloaded(outcome: &'static str) {
    metrics::counter!(names::CONFIG_RELOADS, "outcome" => outcome).increment(1);
}
