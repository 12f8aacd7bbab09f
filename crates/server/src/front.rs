//! The front ends over HTTP: calls, sockets and pages on one port, gRPC on another.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use sideroom_rpc::auth::TokenRules;
use sideroom_rpc::limit::{Rate, Rates};
use sideroom_rpc::proxies::Proxies;
use sideroom_rpc::{Api, Backend, OwnTurn, RpcConfig, TurnCredentials};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::interval;

use crate::config::Config;
use crate::listen::descriptors::Budget;
use crate::listen::{self, IdleLimits, OpenConnections, PortConfig};
use crate::metrics::count_refusals;
use crate::pages;
use crate::serve::{ServeError, ServerParts};
use crate::shutdown::{Phase, Shutdown};
use crate::telemetry::trace_calls;
use crate::tls::Tls;
use crate::turn::{self, Relay};

/// How often it is published how many are connected.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Begins to serve; returns at once.
pub async fn serve(
    launch: ServerParts,
    backend: Arc<dyn Backend>,
    relay: Option<Arc<Relay>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let rpc = RpcConfig {
        turn: relay.as_ref().map(|relay| own_turn(&launch.config, relay)),
        ..rpc_config(&launch.config, launch.dev)
    };
    let api = Api::with_keys(backend, rpc, launch.keys);
    let http = sideroom_rpc::router(api.clone()).fallback_service(pages::router(&launch.config)?);
    let (grpc, health) = sideroom_rpc::grpc(&api);
    let mut http = http.layer(from_fn(count_refusals));
    let mut grpc = grpc.layer(from_fn(count_refusals));
    if !launch.config.telemetry.otlp_endpoint.is_empty() {
        http = http.layer(from_fn(trace_calls));
        grpc = grpc.layer(from_fn(trace_calls));
    }
    let guests = guests(&launch.config, launch.budget);
    let tls = launch.tls.as_ref();
    let door = |name, tls, turn: Option<&Arc<Relay>>| PortConfig {
        name,
        guests: guests.clone(),
        patience: patience(&launch.config),
        tls,
        turn: turn.cloned(),
    };
    let shutdown = Some(&launch.shutdown);
    listen::open(
        door("http", tls.map(Tls::http), relay.as_ref()),
        launch.http,
        http,
        shutdown,
    );
    listen::open(
        door("grpc", tls.map(Tls::grpc), None),
        launch.grpc,
        grpc,
        shutdown,
    );
    if let Some(relay) = relay
        && launch.config.turn.port != 0
    {
        let at = SocketAddr::new(launch.config.media.bind, launch.config.turn.port);
        let door = door("turn", None, Some(&relay));
        listen_to_turn(at, door, relay, shutdown).await?;
    }
    tokio::spawn(count(guests.clone()));
    let shutdown = launch.shutdown;
    tokio::spawn(async move {
        shutdown.reached(Phase::Running).await;
        health.set_serving(true).await;
        shutdown.reached(Phase::Draining).await;
        health.set_serving(false).await;
    });
    Ok(())
}

/// Opens the port for TURN without TLS.
async fn listen_to_turn(
    at: SocketAddr,
    door: PortConfig,
    relay: Arc<Relay>,
    shutdown: Option<&Shutdown>,
) -> Result<(), ServeError> {
    let refused = |source| ServeError::Listen {
        key: "turn.port",
        address: at,
        source,
    };
    let socket = UdpSocket::bind(at).await.map_err(refused)?;
    let listener = TcpListener::bind(at).await.map_err(refused)?;
    tokio::spawn(turn::serve_datagrams(relay, socket));
    listen::open(door, listener, Router::new(), shutdown);
    Ok(())
}

/// The relay as rpc describes it to clients.
fn own_turn(config: &Config, relay: &Arc<Relay>) -> OwnTurn {
    OwnTurn {
        urls: config.turn.urls.clone(),
        // A proxy in front passes HTTP only.
        beside_http: (!config.has_proxy()).then_some(!config.tls.certificate_file.is_empty()),
        port: (config.turn.port != 0).then_some(config.turn.port),
        credentials: Arc::clone(relay) as Arc<dyn TurnCredentials>,
    }
}

impl TurnCredentials for Relay {
    fn credentials(&self, participant: &str) -> (String, String) {
        let credentials = Self::credentials(self, participant);
        (credentials.username, credentials.password)
    }
}

/// The accounting of connections.
fn guests(config: &Config, budget: Budget) -> OpenConnections {
    let each = size(config.limits.connections_per_address);
    OpenConnections::new(budget, each, proxies(config))
}

/// The proxies in front of the server. The configuration has been validated.
fn proxies(config: &Config) -> Proxies {
    config.proxies().unwrap_or_default()
}

/// How long a connection may do nothing.
pub fn patience(config: &Config) -> IdleLimits {
    let seconds = |number: u32| Duration::from_secs(number.into());
    IdleLimits {
        headers: seconds(config.limits.header_timeout_s),
        idle: seconds(config.limits.idle_timeout_s),
        stalled: seconds(config.limits.stall_timeout_s),
    }
}

/// Publishes how many are connected.
async fn count(guests: OpenConnections) {
    let mut every = interval(COUNT_EVERY);
    loop {
        every.tick().await;
        crate::metrics::connections(guests.counts());
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The front ends' part of the configuration.
fn rpc_config(config: &Config, dev: bool) -> RpcConfig {
    let limits = &config.limits;
    let rate = |per_s: u32| Rate::new(f64::from(per_s), f64::from(per_s) * 3.0);
    RpcConfig {
        tokens: TokenRules {
            clock_skew_s: config.auth.clock_skew_s.into(),
            max_client_life_s: config.auth.max_token_life_s.into(),
            max_api_life_s: config.auth.max_api_token_life_s.into(),
        },
        rates: Rates {
            key: rate(limits.requests_per_s_per_key),
            client: rate(limits.requests_per_s_per_client),
            address: rate(limits.requests_per_s_per_address),
        },
        max_message_bytes: size(limits.message_bytes),
        max_sockets: size(limits.participants),
        max_waiting_sockets_per_address: size(limits.waiting_sockets_per_address),
        max_watches_per_room: size(limits.watchers_per_room),
        max_watches_per_viewer: size(limits.watches_per_participant),
        socket_grace: Duration::from_secs(10),
        allowed_origins: config.http.allowed_origins.clone(),
        proxies: proxies(config),
        dev,
        ..RpcConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RPC: &str = include_str!("../../../docs/rpc.md");
    const GATEWAY: &str = include_str!("../../../docs/gateway.md");

    /// Thousands with commas, as the docs write them.
    fn grouped(number: usize) -> String {
        let digits = number.to_string();
        let first = digits.len() % 3;
        let (head, rest) = digits.split_at(first);
        let groups = rest.as_bytes().chunks(3).map(String::from_utf8_lossy);
        let head = (!head.is_empty()).then(|| head.into());
        head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
    }

    fn a_second(rate: Rate) -> String {
        let count = |number: f64| grouped(format!("{number:.0}").parse().unwrap());
        format!(
            "{} a second, {} in a burst",
            count(rate.per_second),
            count(rate.burst)
        )
    }

    /// The front ends have the same defaults by themselves as in the server.
    #[test]
    fn the_configured_defaults_are_those_of_rpc() {
        let ours = rpc_config(&Config::default(), false);
        let theirs = RpcConfig::default();
        assert_eq!(ours.rates, theirs.rates);
        assert_eq!(ours.tokens, theirs.tokens);
        assert_eq!(ours.max_message_bytes, theirs.max_message_bytes);
        assert_eq!(ours.max_sockets, theirs.max_sockets);
        assert_eq!(ours.socket_grace, theirs.socket_grace);
        // JSON writes each line end of an offer as four characters.
        assert!(ours.max_message_bytes >= 2 * ours.max_offer_bytes);
    }

    fn limits_of_the_table(config: &RpcConfig) -> Vec<(&'static str, String)> {
        let ours = Config::default();
        let kib = |bytes: usize| format!("{} KiB", bytes / 1_024);
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        let patience = patience(&ours);
        let waiting = grouped(config.max_waiting_sockets_per_address);
        vec![
            ("a message", kib(config.max_message_bytes)),
            ("an offer", kib(config.max_offer_bytes)),
            ("calls of one key", a_second(config.rates.key)),
            ("calls of one client", a_second(config.rates.client)),
            (
                "calls and joins without a good token, of one address",
                a_second(config.rates.address),
            ),
            (
                "calls and joins without a good token, of one IPv6 network",
                "8 times that".to_owned(),
            ),
            ("sockets", grouped(config.max_sockets)),
            (
                "sockets of one address",
                format!("{waiting}, for {} each", seconds(config.join_within)),
            ),
            ("watches by clients", grouped(config.max_watches)),
            (
                "watches of one participant",
                grouped(config.max_watches_per_viewer),
            ),
            ("watches of one room", grouped(config.max_watches_per_room)),
            ("watches by signaling servers", grouped(config.max_watches)),
            (
                "connections of clients",
                grouped(size(ours.limits.connections)),
            ),
            (
                "connections of one address",
                grouped(size(ours.limits.connections_per_address)),
            ),
            (
                "headers of a request",
                format!(
                    "{}, within {}",
                    kib(size(listen::HEADER_BYTES)),
                    seconds(patience.headers)
                ),
            ),
            ("a connection between two requests", seconds(patience.idle)),
            (
                "items that wait",
                grouped(sideroom_rpc::backend::WATCH_QUEUE),
            ),
            ("the time for an answer", seconds(config.answer_timeout)),
        ]
    }

    #[test]
    fn the_docs_name_the_limits_that_hold() {
        let config = rpc_config(&Config::default(), false);
        let kib = |bytes: usize| format!("{} KiB", bytes / 1_024);
        // The table's rows in their order: none is without a check.
        let section = RPC
            .split("\n## ")
            .find(|section| section.starts_with("Limits"));
        let lines = section.unwrap().lines();
        let rows: Vec<_> = lines
            .filter(|line| line.starts_with("| "))
            .skip(2)
            .collect();
        let limits = limits_of_the_table(&config);
        for (row, (what, limit)) in rows.iter().zip(&limits) {
            let cells: Vec<_> = row.split(" | ").collect();
            assert!(cells[0].starts_with(&format!("| {what}")), "{row}");
            assert!(cells[1].contains(limit), "{limit} is not in {row}");
        }
        assert_eq!(rows.len(), limits.len());
        for limit in [
            kib(config.max_message_bytes),
            kib(config.max_offer_bytes),
            format!("{:.0} messages a second", config.rates.client.per_second),
            format!("{:.0} in a burst", config.rates.client.burst),
        ] {
            assert!(
                GATEWAY.contains(&limit),
                "{limit} is not in docs/gateway.md"
            );
        }
    }
}
