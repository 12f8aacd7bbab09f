//! Prometheus metrics: the catalogue of all metrics, and the exporter behind `/metrics`.
//!
//! Every metric is in the [catalogue](mod@catalogue), described in `docs/operating.md` and set somewhere;
//! a test checks all three. Labels are bounded: a room, a participant or an address is never one.

pub mod catalogue;
mod cluster;
mod command_name;
mod connections;
mod control;
mod media;
mod refusals;
mod turn;
mod webhooks;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use catalogue::{CATALOGUE, Kind, Metric};
pub use cluster::{cluster, deposed, passed_on, room_moved, store_failed, stored};
pub use command_name::{command_name, moves_people};
pub use connections::{connection_cut, connections, reloaded};
pub use control::{
    NodeTotals, answered, applied, connected, isolation_violated, joined, moved, room_restarted,
    tables_replaced, transport_lost, watcher_cut, worker_fenced, worker_restarted, workers_lost,
};
pub use media::{MediaTotals, WorkerTotals};
pub use refusals::count_refusals;
pub use turn::{turn_allocations, turn_dropped, turn_refused, turn_relayed};
pub use webhooks::{
    outbox, webhook_delivered, webhook_failed, webhook_given_up, webhook_lost, webhook_pending,
};

/// Renders everything that was counted. Cheap to clone.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

impl Exporter {
    /// Installs the exporter of this process. A second call, as in tests that start several servers in one process,
    /// gets a separate exporter that stays empty.
    pub fn install() -> Self {
        let mut builder = PrometheusBuilder::new();
        for metric in CATALOGUE {
            if let Kind::Histogram(buckets) = metric.kind {
                let matcher = Matcher::Full(metric.name.to_owned());
                builder = builder
                    .set_buckets_for_metric(matcher, buckets)
                    .expect("invariant: no histogram of the catalogue is without buckets");
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            catalogue::describe();
        }
        Self(handle)
    }

    /// The text exposition format. Call it, or [`upkeep`](Self::upkeep), now and then: observations wait
    /// in memory until then.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Moves waiting observations into their histograms.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}
