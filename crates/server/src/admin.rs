//! The admin port: is the process alive, does it take work, what has it counted. Without authentication
//! and without anything secret; it never changes anything.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::metrics::Exporter;
use crate::shutdown::{Phase, Shutdown};

/// `/healthz`, `/readyz` and `/metrics`.
pub fn router(exporter: Exporter, shutdown: Shutdown) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz).with_state(shutdown))
        .route("/metrics", get(metrics).with_state(exporter))
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(shutdown): State<Shutdown>) -> impl IntoResponse {
    match shutdown.phase() {
        Phase::Running => (StatusCode::OK, "ready\n"),
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        Phase::Closing => (StatusCode::SERVICE_UNAVAILABLE, "closing\n"),
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
