//! The front ends over HTTP: calls, sockets and pages on one port, gRPC on another.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sideroom_rpc::auth::TokenRules;
use sideroom_rpc::limit::{Rate, Rates};
use sideroom_rpc::{Api, RpcConfig};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::pages;
use crate::rooms::Node;
use crate::serve::Launch;
use crate::shutdown::{Phase, Shutdown};

/// Begins to serve; returns at once.
pub fn serve(launch: Launch, node: Arc<Node>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let api = Api::with_keyring(node, rpc_config(&launch.config, launch.dev), launch.keyring);
    let http = sideroom_rpc::router(api.clone()).fallback_service(pages::router(&launch.config)?);
    let (grpc, health) = sideroom_rpc::grpc(&api);
    listen("http", launch.http, http, launch.shutdown.clone());
    listen("grpc", launch.grpc, grpc, launch.shutdown.clone());
    let shutdown = launch.shutdown;
    tokio::spawn(async move {
        shutdown.reached(Phase::Running).await;
        health.set_serving(true).await;
        shutdown.reached(Phase::Draining).await;
        health.set_serving(false).await;
    });
    Ok(())
}

fn listen(name: &'static str, listener: TcpListener, router: Router, shutdown: Shutdown) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let ended = shutdown.reached(Phase::Closing);
        // Answers are small and wanted at once.
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection answers with delay");
            }
        });
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(ended).await {
            tracing::error!(name, %error, "no longer listening");
        }
    });
}

/// What the front ends have to know of the configuration.
fn rpc_config(config: &Config, dev: bool) -> RpcConfig {
    let limits = &config.limits;
    let rate = |per_s: u32| Rate::new(f64::from(per_s), f64::from(per_s) * 3.0);
    RpcConfig {
        tokens: TokenRules {
            clock_skew_s: config.auth.clock_skew_s.into(),
            max_client_life_s: config.auth.max_token_life_s.into(),
        },
        rates: Rates {
            key: rate(limits.requests_per_s_per_key),
            client: rate(limits.requests_per_s_per_client),
            address: rate(limits.requests_per_s_per_address),
        },
        max_message_bytes: usize::try_from(limits.message_bytes).unwrap_or(usize::MAX),
        max_sockets: usize::try_from(limits.participants).unwrap_or(usize::MAX),
        socket_grace: Duration::from_secs(10),
        allowed_origins: config.http.allowed_origins.clone(),
        trust_forwarded: config.http.behind_proxy,
        dev,
        ..RpcConfig::default()
    }
}
