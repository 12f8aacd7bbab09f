//! The admin port: is the process alive, does it take work, what has it counted. Without authentication
//! and without anything secret; it never changes anything, but on a development server. The receivers of events are
//! for callers with the scope `node`.

mod webhooks;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use sideroom_route::WorkerId;
use sideroom_rpc::proxies::Proxies;

use crate::health::{Health, Verdict};
use crate::listen::descriptors::{self, Budget};
use crate::listen::{IdleLimits, OpenConnections, PortConfig};
use crate::metrics::Exporter;

pub use webhooks::webhooks;

/// Connections of one address at once.
const EACH: usize = descriptors::ADMIN / 2;

/// The door of the admin port, with descriptors of its own.
pub fn door(patience: IdleLimits) -> PortConfig {
    let budget = Budget {
        connections: descriptors::ADMIN * 3 / 4,
        kept_back: 0,
        media_of_worker: 0,
    };
    PortConfig {
        name: "admin",
        guests: OpenConnections::new(budget, EACH, Proxies::default()),
        patience,
        tls: None,
        turn: None,
    }
}

/// `/healthz`, `/readyz` and `/metrics`; a development server also has `/dev/panic-worker/{worker}`.
pub fn router(exporter: Exporter, health: Health, dev: bool) -> Router {
    let hooks = match dev {
        true => Router::new()
            .route("/dev/panic-worker/{worker}", post(panic_worker))
            .with_state(health.clone()),
        false => Router::new(),
    };
    hooks
        .route("/healthz", get(healthz).with_state(health.clone()))
        .route("/readyz", get(readyz).with_state(health))
        .route("/metrics", get(metrics).with_state(exporter))
}

async fn healthz(State(health): State<Health>) -> impl IntoResponse {
    answer(health.alive())
}

async fn readyz(State(health): State<Health>) -> impl IntoResponse {
    answer(health.ready())
}

fn answer(verdict: Verdict) -> (StatusCode, String) {
    let status = match verdict.good {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, verdict.text)
}

/// Panics the thread of a media worker: what follows can be seen and tested.
async fn panic_worker(State(health): State<Health>, Path(worker): Path<u16>) -> impl IntoResponse {
    match health.panic_worker(WorkerId(worker)) {
        true => (StatusCode::ACCEPTED, "it panics\n"),
        false => (StatusCode::NOT_FOUND, "there is no such worker\n"),
    }
}

async fn metrics(State(exporter): State<Exporter>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        exporter.render(),
    )
}
