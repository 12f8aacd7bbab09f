//! Metrics of the control plane, one function for each kind of event.

use std::time::Duration;

use sideroom_route::LostReason;

use super::catalogue as names;

/// How much there is on this node, counted now and then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeTotals {
    pub rooms: usize,
    /// Breakouts in all rooms.
    pub breakouts: usize,
    /// Rooms that wait to be read again.
    pub suspended: usize,
    /// Rooms that cannot be read.
    pub set_aside: usize,
    /// Participants whose transport is up.
    pub connected: usize,
    /// Participants who are let in and whose transport is not up yet.
    pub connecting: usize,
    /// Participants whose connection dropped and whose place is kept.
    pub dropped: usize,
    /// Open event streams.
    pub watchers: usize,
    /// Requests that wait for their rooms.
    pub queued_commands: usize,
}

impl NodeTotals {
    pub fn publish(&self) {
        let set = |name: &'static str, value: usize| metrics::gauge!(name).set(value as f64);
        set(names::ROOMS, self.rooms);
        set(names::BREAKOUTS, self.breakouts);
        set(names::WATCHERS, self.watchers);
        set(names::QUEUED_COMMANDS, self.queued_commands);
        set(names::ROOMS_SUSPENDED, self.suspended);
        set(names::ROOMS_SET_ASIDE, self.set_aside);
        for (state, count) in [
            ("connected", self.connected),
            ("connecting", self.connecting),
            ("dropped", self.dropped),
        ] {
            metrics::gauge!(names::PARTICIPANTS, "state" => state).set(count as f64);
        }
    }
}

/// A command was answered: its name, `ok`, `repeated` or the error's name, and the time since it arrived.
pub fn answered(command: &'static str, result: &'static str, took: Duration) {
    metrics::counter!(names::COMMANDS, "command" => command, "result" => result).increment(1);
    metrics::histogram!(names::COMMAND_SECONDS, "command" => command).record(took);
}

/// A participant was moved: the time from the command's arrival until every worker has applied it.
pub fn moved(took: Duration) {
    metrics::histogram!(names::MOVE_SECONDS).record(took);
}

/// The last worker applied an epoch.
pub fn applied(took: Duration) {
    metrics::histogram!(names::APPLY_SECONDS).record(took);
}

/// An offer was answered.
pub fn joined(took: Duration) {
    metrics::histogram!(names::JOIN_SECONDS).record(took);
}

/// A handshake is done.
pub fn connected(took: Duration) {
    metrics::histogram!(names::CONNECT_SECONDS).record(took);
}

/// A transport ended.
pub fn transport_lost(reason: LostReason) {
    let reason = match reason {
        LostReason::ConsentExpired => "consent_expired",
        LostReason::Closed => "closed",
        LostReason::HandshakeFailed => "handshake_failed",
        LostReason::NeverConnected => "never_connected",
        LostReason::WorkerLost => "worker_lost",
    };
    metrics::counter!(names::TRANSPORTS_LOST, "reason" => reason).increment(1);
}

/// A watcher read too slowly and was cut off.
pub fn watcher_cut() {
    metrics::counter!(names::WATCHERS_CUT).increment(1);
}

/// The rules, asked again, do not allow a route that an update opened.
pub fn isolation_violated() {
    metrics::counter!(names::ISOLATION_VIOLATIONS).increment(1);
}

/// A room has made a mistake and begins anew.
pub fn room_restarted() {
    metrics::counter!(names::ROOM_RESTARTS).increment(1);
}

/// A worker did not obey in time.
pub fn worker_fenced() {
    metrics::counter!(names::WORKERS_FENCED).increment(1);
}

/// A worker was started anew.
pub fn worker_restarted() {
    metrics::counter!(names::WORKER_RESTARTS).increment(1);
}

/// Tables of workers did not fit an update and were replaced.
pub fn tables_replaced(count: u64) {
    metrics::counter!(names::TABLES_REPLACED).increment(count);
}

/// This many workers are gone or stuck, and not restarted yet.
pub fn workers_lost(count: usize) {
    metrics::gauge!(names::WORKERS_LOST).set(count as f64);
}
