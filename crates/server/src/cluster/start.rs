//! Starts a node's part in its cluster.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sideroom_cluster::NodeId;
use sideroom_etcd::{Etcd, EtcdCoordinator, EtcdError, Registration, keep_compact, register};
use sideroom_rpc::Backend;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connection::Connection;
use super::driver;
use super::link::{Links, address_of, serve};
use super::owner_calls::Incoming;
use super::router::Router;
use super::shared::{Cluster, begin_life};
use super::state::State;
use crate::config::Config;
use crate::media::Lease;
use crate::rooms::{Directory, Node};
use crate::shutdown::Shutdown;

/// etcd's history is compacted this often, by one node for all.
const COMPACT_EVERY: Duration = Duration::from_secs(300);
/// While the node waits for its part, it says so this often.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// Between two attempts to register.
const RETRY: Duration = Duration::from_millis(500);

/// The parts of a node that takes part in a cluster.
pub struct Start<'a> {
    /// The validated configuration.
    pub config: &'a Config,
    /// The connections to etcd and for other nodes.
    pub connection: Connection,
    /// Where other nodes connect.
    pub listener: TcpListener,
    /// The rooms of this node.
    pub directory: Arc<Directory>,
    /// The same, as the front ends see them.
    pub local: Arc<Node>,
    /// Until when media may leave this node.
    pub lease: Arc<Lease>,
    /// Where the server is in its life.
    pub shutdown: Shutdown,
}

/// A node that takes part in its cluster.
#[derive(Clone)]
pub struct Running(Arc<Cluster>);

impl Running {
    /// The backend of the front ends: it knows every room of the cluster.
    pub fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(Router(Arc::clone(&self.0)))
    }

    /// Resolves when this node has no rooms, or nobody is there to take them.
    pub async fn gave_all_away(&self) {
        let mut seen = self.0.changed.subscribe();
        while !self.0.has_nothing_to_give() {
            self.0.wait(&mut seen).await;
        }
    }

    /// Why this node does not take part; `None`: it does.
    pub fn trouble(&self) -> Option<&'static str> {
        self.0.trouble()
    }
}

/// Begins to take part: resolves when the node is registered and knows the others.
///
/// # Errors
///
/// etcd refuses this node.
pub async fn start(start: Start<'_>) -> Result<Running, EtcdError> {
    let Start {
        config,
        connection,
        listener,
        ..
    } = start;
    let bound = listener.local_addr();
    let bound = bound.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let own = Registration {
        name: config.node.name.clone(),
        address: address_of(&config.cluster.advertise, bound),
        version: env!("CARGO_PKG_VERSION").into(),
        draining: false,
    };
    let me = enter(&connection.etcd, &own).await?;
    let (changed, _) = watch::channel(());
    let now = start.lease.now();
    let cluster = Arc::new(Cluster {
        me,
        own: Mutex::new(own),
        lease: start.lease,
        directory: start.directory,
        local: start.local,
        coordinator: EtcdCoordinator::new(connection.etcd.clone(), me),
        store: connection.store,
        links: Links::new(connection.identity, me.0),
        state: Mutex::new(State::new(
            now,
            begin_life(now, me),
            config.cluster.when_alone,
        )),
        changed,
        etcd: connection.etcd.clone(),
    });
    let incoming = Arc::new(Incoming(Arc::clone(&cluster)));
    serve(listener, connection.tls.grpc(), incoming);
    tokio::spawn(driver::run(Arc::clone(&cluster)));
    tokio::spawn(driver::observe(Arc::clone(&cluster)));
    tokio::spawn(Arc::clone(&cluster).drain(start.shutdown));
    tokio::spawn(keep_compact(connection.etcd, COMPACT_EVERY));
    become_ready(&cluster).await;
    tracing::info!(
        node = me.0,
        name = config.node.name,
        "this node takes part in the cluster"
    );
    Ok(Running(cluster))
}

/// Registers, for as long as etcd does not answer.
async fn enter(etcd: &Etcd, own: &Registration) -> Result<NodeId, EtcdError> {
    loop {
        match register(etcd, own).await {
            Ok(node) => return Ok(node),
            Err(error @ (EtcdError::Silent(_) | EtcdError::Overloaded(_) | EtcdError::Quota)) => {
                tracing::warn!(%error, "this node cannot register yet");
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn become_ready(cluster: &Arc<Cluster>) {
    let mut seen = cluster.changed.subscribe();
    loop {
        let waiting = async {
            while cluster.trouble().is_some() {
                cluster.wait(&mut seen).await;
            }
        };
        if tokio::time::timeout(SAY_EVERY, waiting).await.is_ok() {
            return;
        }
        let why = cluster.trouble().unwrap_or_default();
        tracing::warn!(why, "this node does not take part in the cluster yet");
    }
}
