//! Every metric that the server exports: name, labels and meaning. Nothing else may be counted.

/// Times of commands and of the store: a tenth of a millisecond to ten seconds.
const COMMAND_S: &[f64] = &[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// Times that a person notices.
const PERSON_S: &[f64] = &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
/// How many at once.
const BATCH: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// How a metric behaves.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations, by upper bounds.
    Histogram(&'static [f64]),
}

#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name in Prometheus.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The labels, each with few values.
    pub labels: &'static [&'static str],
    /// The help text.
    pub help: &'static str,
    /// The constant below that code counts by.
    pub constant: &'static str,
}

macro_rules! catalogue {
    ($($constant:ident = $name:literal, $kind:expr, [$($label:literal),*], $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// All of them.
        pub const CATALOGUE: &[Metric] = &[$(Metric {
            name: $name,
            kind: $kind,
            labels: &[$($label),*],
            help: $help,
            constant: stringify!($constant),
        },)+];
    };
}

use Kind::{Counter, Gauge, Histogram};

catalogue! {
    BUILD_INFO = "sideroom_build_info", Gauge, ["version"], "Always 1; which version runs.";
    DRAINING = "sideroom_draining", Gauge, [], "1 while the server drains.";
    ROOMS = "sideroom_rooms", Gauge, [], "Rooms on this node.";
    ROOMS_SUSPENDED = "sideroom_rooms_suspended", Gauge, [], "Rooms whose store failed and that wait to be read again; their media go on.";
    ROOMS_SET_ASIDE = "sideroom_rooms_set_aside", Gauge, [], "Rooms that cannot be read from the store; the others run.";
    ROOM_RESTARTS = "sideroom_room_restarts_total", Counter, [], "Rooms that made a mistake and began anew from the store.";
    BREAKOUTS = "sideroom_breakouts", Gauge, [], "Breakouts in all rooms.";
    PARTICIPANTS = "sideroom_participants", Gauge, ["state"], "Participants: connected, connecting (let in, and the transport is not up yet), or dropped and within their grace period.";
    WATCHERS = "sideroom_watchers", Gauge, [], "Event streams that are open, of signaling servers and of clients.";
    WATCHERS_CUT = "sideroom_watchers_cut_total", Counter, [], "Event streams that were cut off because their reader was too slow.";

    COMMANDS = "sideroom_commands_total", Counter, ["command", "result"], "Commands answered; the result is ok, repeated or the error's name.";
    COMMAND_SECONDS = "sideroom_command_seconds", Histogram(COMMAND_S), ["command"], "From a command's arrival at the node to its answer.";
    QUEUED_COMMANDS = "sideroom_queued_commands", Gauge, [], "Requests that wait for their rooms.";
    MOVE_SECONDS = "sideroom_move_seconds", Histogram(COMMAND_S), [], "From the arrival of a command that moves people to the moment when every worker forwards by the new table.";
    APPLY_SECONDS = "sideroom_apply_seconds", Histogram(COMMAND_S), [], "From the publication of a routing epoch to its application by the last worker.";
    JOIN_SECONDS = "sideroom_join_seconds", Histogram(PERSON_S), [], "From an offer to its answer.";
    CONNECT_SECONDS = "sideroom_connect_seconds", Histogram(PERSON_S), [], "From an answer to a finished handshake.";
    TRANSPORTS_LOST = "sideroom_transports_lost_total", Counter, ["reason"], "Transports that ended, by reason.";

    PACKETS_RECEIVED = "sideroom_packets_received_total", Counter, ["worker"], "Packets received from participants: media, control and checks.";
    BYTES_RECEIVED = "sideroom_received_bytes_total", Counter, ["worker"], "Bytes of RTP packets received from participants.";
    PACKETS_SENT = "sideroom_packets_sent_total", Counter, ["worker"], "Packets sent to participants: media, control and checks.";
    BYTES_SENT = "sideroom_sent_bytes_total", Counter, ["worker"], "Bytes of RTP packets sent to participants.";
    PACKETS_DROPPED = "sideroom_packets_dropped_total", Counter, ["reason"], "Packets that were not forwarded, by reason.";
    KEYFRAME_REQUESTS = "sideroom_keyframe_requests_total", Counter, ["direction"], "Keyframe requests (PLI and FIR), received from subscribers or sent to publishers.";
    NACKED_PACKETS = "sideroom_nacked_packets_total", Counter, [], "Packets that subscribers asked for again.";
    RETRANSMISSIONS = "sideroom_retransmissions_total", Counter, [], "Packets sent again.";
    PACED = "sideroom_paced_packets_total", Counter, [], "Packets that waited a little so as not to fill a subscriber's path.";
    ISOLATION_VIOLATIONS = "sideroom_isolation_violations_total", Counter, [], "Routes that an update opened although the rules, asked again one by one, do not allow them (one a second is asked). Must stay 0: anything else is a bug.";
    PACKETS_RELAYED = "sideroom_relayed_packets_total", Counter, ["worker", "direction"], "Packets that crossed between workers: sent to others, received from others.";
    KERNEL_DROPS = "sideroom_kernel_dropped_packets_total", Counter, ["worker"], "Datagrams that the kernel dropped because a worker was too slow to take them.";
    WORKERS_FENCED = "sideroom_workers_fenced_total", Counter, [], "Times that a media worker did not obey in time and was kept from forwarding until it did.";
    WORKERS_LOST = "sideroom_workers_lost", Gauge, [], "Media workers that are gone or stuck and not restarted yet. Their participants come back on others.";
    WORKER_RESTARTS = "sideroom_worker_restarts_total", Counter, [], "Media workers that were restarted after a panic, or because they stood still.";
    TABLES_REPLACED = "sideroom_tables_replaced_total", Counter, [], "Routing tables that did not fit an update: they were closed and replaced whole. Not 0 is a bug.";
    TRANSPORTS = "sideroom_transports", Gauge, ["worker"], "Transports of participants on a worker.";
    WORKER_BUSY = "sideroom_worker_busy_ratio", Gauge, ["worker"], "Share of the time that a media worker was not waiting.";

    TURN_ALLOCATIONS = "sideroom_turn_allocations", Gauge, [], "Clients that the server's own TURN relays.";
    TURN_PACKETS = "sideroom_turn_packets_total", Counter, ["direction"], "Packets relayed by the server's own TURN: to_workers, to_clients.";
    TURN_DROPPED = "sideroom_turn_dropped_total", Counter, ["reason"], "Packets and messages of the server's own TURN without effect: malformed, too_often (an address without credentials), not_permitted (no permission, or not one of our workers), too_much (more bytes than a client may send), full (the other side is too slow).";
    TURN_REFUSED = "sideroom_turn_refused_total", Counter, ["reason"], "Clients of the server's own TURN that got no relayed address or were cut off: full, overdue, not_turn.";
    WEBHOOK_EVENTS = "sideroom_webhook_events_total", Counter, ["receiver", "result"], "Events for receivers outside: delivered, given_up (a dead letter), lost (forgotten without having been delivered, since the outbox or the list of dead letters was full; receiver *: of any of them). Alert on lost.";
    WEBHOOK_FAILURES = "sideroom_webhook_failures_total", Counter, ["receiver", "reason"], "Requests that a receiver has not taken: refused (it answered 400, 413 or 422), failed.";
    WEBHOOK_BEHIND = "sideroom_webhook_behind", Gauge, ["receiver"], "Events since the oldest one that a receiver has not taken. Alert if it grows.";
    WEBHOOK_DEAD_LETTERS = "sideroom_webhook_dead_letters", Gauge, ["receiver"], "Events that were given up, and can be sent again.";
    OUTBOX_EVENTS = "sideroom_outbox_events", Gauge, [], "Events that are kept for receivers outside.";
    OUTBOX_BYTES = "sideroom_outbox_bytes", Gauge, [], "Their size. At webhooks.outbox_bytes the oldest are forgotten.";

    REFUSED = "sideroom_refused_total", Counter, ["reason"], "Requests refused before they became commands: unauthenticated, permission_denied, rate_limited, too_large, malformed, unavailable.";

    CONNECTIONS = "sideroom_connections", Gauge, ["standing"], "Connections to the HTTP and gRPC ports: of strangers (nobody has shown a token), of clients, of signaling servers (operator).";
    CONNECTIONS_CUT = "sideroom_connections_cut_total", Counter, ["reason"], "Connections that were ended by the server: overdue, made way for others (make_way), refused at once (refused), answered that there are too many (full), the client's certificate is no longer valid (certificate).";
    CONFIG_RELOADS = "sideroom_config_reloads_total", Counter, ["outcome"], "SIGHUPs: the configuration was read again and applied, or refused.";
    LIBRARY_WARNINGS = "sideroom_library_warnings_total", Counter, [], "Warnings of libraries, about odd handshakes mostly. The log has one line a minute of each library.";

    CLUSTER_NODES = "sideroom_cluster_nodes", Gauge, [], "Nodes of the cluster that live, this one included. Absent on a single node.";
    CLUSTER_ROOMS_OWNED = "sideroom_cluster_rooms_owned", Gauge, [], "Rooms that this node owns.";
    CLUSTER_HOLDS = "sideroom_cluster_holds", Gauge, [], "1 while it is certain that no other node has taken this node's rooms.";
    CLUSTER_ROOMS_MOVED = "sideroom_cluster_rooms_moved_total", Counter, ["how"], "Rooms that this node took (taken, its own new ones included), opened from etcd (opened), handed to another node (handed_over) or lost to another (lost).";
    CLUSTER_DEPOSED = "sideroom_cluster_deposed_total", Counter, [], "Times that the other nodes took this node for dead and took its rooms.";
    CLUSTER_CALLS = "sideroom_cluster_calls_total", Counter, ["result"], "Calls passed to the node that owns their room: answered, moved (the room was elsewhere by then) or failed (no answer; they are tried again).";
    CLUSTER_CALL_SECONDS = "sideroom_cluster_call_seconds", Histogram(COMMAND_S), [], "From passing a call to another node to its answer.";

    STORE_COMMIT_SECONDS = "sideroom_store_commit_seconds", Histogram(COMMAND_S), [], "Time of one transaction of the store, its sync included.";
    STORE_BATCH = "sideroom_store_batch_requests", Histogram(BATCH), [], "Requests that shared one transaction.";
    STORE_APPENDED_BYTES = "sideroom_store_appended_bytes_total", Counter, [], "Bytes of journal records that are durable.";
    STORE_FAILED = "sideroom_store_failed_total", Counter, [], "Requests that the store could not keep. Their commands failed.";
}

/// Registers descriptions of all metrics.
pub(super) fn describe() {
    for metric in CATALOGUE {
        match metric.kind {
            Counter => metrics::describe_counter!(metric.name, metric.help),
            Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
    metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    // Counters that must stay 0 exist from the start, so that an alert can tell 0 from absent.
    metrics::counter!(ISOLATION_VIOLATIONS).absolute(0);
    metrics::counter!(STORE_FAILED).absolute(0);
    metrics::counter!(WATCHERS_CUT).absolute(0);
    metrics::counter!(ROOM_RESTARTS).absolute(0);
    metrics::counter!(WORKERS_FENCED).absolute(0);
    metrics::counter!(WORKER_RESTARTS).absolute(0);
    metrics::counter!(TABLES_REPLACED).absolute(0);
    metrics::counter!(LIBRARY_WARNINGS).absolute(0);
    for reason in ["make_way", "refused", "overdue", "full", "certificate"] {
        metrics::counter!(CONNECTIONS_CUT, "reason" => reason).absolute(0);
    }
    for direction in ["to_workers", "to_clients"] {
        metrics::counter!(TURN_PACKETS, "direction" => direction).absolute(0);
    }
    metrics::gauge!(TURN_ALLOCATIONS).set(0.0);
    for outcome in ["applied", "refused"] {
        metrics::counter!(CONFIG_RELOADS, "outcome" => outcome).absolute(0);
    }
    metrics::gauge!(ROOMS_SUSPENDED).set(0.0);
    metrics::gauge!(ROOMS_SET_ASIDE).set(0.0);
    metrics::gauge!(WORKERS_LOST).set(0.0);
    metrics::gauge!(DRAINING).set(0.0);
}
