//! A port and all that its connections are served with.

use std::sync::Arc;

use axum::Router;

use super::activity::IdleLimits;
use super::open_connections::OpenConnections;
use super::turns::Turns;
use crate::shutdown::Shutdown;
use crate::tls::Acceptor;
use crate::turn::Relay;

/// How a port is served.
#[derive(Clone)]
pub struct PortConfig {
    /// The name of the port, for the log.
    pub name: &'static str,
    /// The connections of this port and of the ports that share its limits.
    pub guests: OpenConnections,
    /// How long connections may be idle.
    pub patience: IdleLimits,
    /// TLS, unless the port is plain.
    pub tls: Option<Acceptor>,
    /// Serves connections that begin as TURN does.
    pub turn: Option<Arc<Relay>>,
}

/// The state needed to serve a connection.
pub(super) struct Service {
    pub(super) door: PortConfig,
    pub(super) router: Router,
    pub(super) turns: Turns,
    /// Ends connections when the server closes. `None`: the port is served to the last moment.
    pub(super) shutdown: Option<Shutdown>,
}
