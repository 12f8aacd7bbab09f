//! Calls to other nodes. A node that does not answer is left alone by its calls; nothing waits for it for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use sideroom_cluster::Message;
use tokio::sync::Semaphore;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as TlsIdentity};

use super::proto::Parcel;
use super::proto::peer_client::PeerClient;
use super::wire::{self, Ask, Replied, WatchAsk};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_millis(500);
/// A connection that calls wait on is tested this often, and has as long to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// A message of the ownership protocol is of no use after this.
const TELL: Duration = Duration::from_millis(400);
/// Messages on their way to one node at most; more are dropped, as the protocol allows.
const MOST_TOLD: usize = 64;
/// Bytes of one answer: a large room as one viewer sees it.
const MOST_BYTES: usize = 64 << 20;
/// Connections to one node for watches: each carries as many as the receiver allows.
const WATCH_CHANNELS: usize = 8;

/// The certificates of this node, as PEM.
#[derive(Clone)]
pub struct Identity {
    /// Signs the nodes' certificates.
    pub authority: String,
    /// This node's certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// Why no call can be made.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// The address or the certificates cannot be used.
    #[error("the node {name} at {address} cannot be called: {source}")]
    Unusable {
        /// The node's name.
        name: String,
        /// The address that it has registered.
        address: String,
        /// The library's reason.
        source: tonic::transport::Error,
    },
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::cluster) enum Unanswered {
    /// The node is not reached, or did not answer.
    #[error("{0}")]
    Lost(String),
    /// The node cannot read the call, or its answer cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// Calls to the nodes of the cluster. Clones share the connections.
#[derive(Clone)]
pub struct Links(Arc<Shared>);

struct Shared {
    identity: Identity,
    from: u16,
    nodes: Mutex<BTreeMap<u16, Link>>,
}

#[derive(Clone)]
struct Link {
    name: String,
    address: String,
    calls: Channel,
    watches: Vec<Channel>,
    next_watch: usize,
    telling: Arc<Semaphore>,
}

/// The address that other nodes are given.
pub(in crate::cluster) fn address_of(advertise: &str, bound: std::net::SocketAddr) -> String {
    match advertise {
        "" => bound.to_string(),
        advertise => advertise.to_owned(),
    }
}

impl Links {
    /// Calls as the node `from`; 0: as a tool.
    pub fn new(identity: Identity, from: u16) -> Self {
        Self(Arc::new(Shared {
            identity,
            from,
            nodes: Mutex::default(),
        }))
    }

    /// Where a node is reached. Its certificate has to be for its name.
    pub fn set(&self, node: u16, name: &str, address: &str) -> Result<(), LinksError> {
        let mut nodes = self.nodes();
        let known = nodes.get(&node);
        if known.is_some_and(|it| it.name == name && it.address == address) {
            return Ok(());
        }
        let unusable = |source| LinksError::Unusable {
            name: name.to_owned(),
            address: address.to_owned(),
            source,
        };
        let endpoint = self.endpoint(name, address).map_err(unusable)?;
        let watches = (0..WATCH_CHANNELS).map(|_| endpoint.connect_lazy());
        let link = Link {
            name: name.to_owned(),
            address: address.to_owned(),
            calls: endpoint.connect_lazy(),
            watches: watches.collect(),
            next_watch: 0,
            telling: Arc::new(Semaphore::new(MOST_TOLD)),
        };
        nodes.insert(node, link);
        Ok(())
    }

    fn endpoint(&self, name: &str, address: &str) -> Result<Endpoint, tonic::transport::Error> {
        let identity = &self.0.identity;
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&identity.authority))
            .identity(TlsIdentity::from_pem(&identity.certificate, &identity.key))
            .domain_name(name);
        Endpoint::from_shared(format!("https://{address}"))?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .tcp_nodelay(true)
            .tls_config(tls)
    }

    /// Sends a message, which may get lost.
    pub(in crate::cluster) fn tell(&self, node: u16, message: &Message) {
        let link = self.nodes().get(&node).cloned();
        let Some(link) = link else { return };
        let Ok(permit) = Arc::clone(&link.telling).try_acquire_owned() else {
            return;
        };
        let parcel = self.pack(message);
        tokio::spawn(async move {
            let told = Box::pin(async { client(link.calls).tell(parcel).await });
            if let Ok(Err(status)) = tokio::time::timeout(TELL, told).await {
                tracing::debug!(node = link.name, %status, "a message is lost");
            }
            drop(permit);
        });
    }

    /// Calls a node and waits for its answer, for as long as the caller does.
    pub(in crate::cluster) async fn ask(
        &self,
        node: u16,
        ask: &Ask,
    ) -> Result<Replied, Unanswered> {
        let link = self.link(node)?;
        let answered = Box::pin(async move { client(link.calls).ask(self.pack(ask)).await }).await;
        read(&answered.map_err(|status| lost(&status))?.into_inner())
    }

    /// Begins to watch a room of a node.
    pub(in crate::cluster) async fn watch(
        &self,
        node: u16,
        ask: &WatchAsk,
    ) -> Result<Frames, Unanswered> {
        let channel = {
            let mut nodes = self.nodes();
            let link = nodes.get_mut(&node).ok_or_else(unknown)?;
            link.next_watch = link.next_watch.wrapping_add(1);
            let at = link.next_watch % link.watches.len().max(1);
            link.watches.get(at).cloned().ok_or_else(unknown)?
        };
        let opened = Box::pin(async move { client(channel).watch(self.pack(ask)).await }).await;
        let stream = opened.map_err(|status| lost(&status))?.into_inner();
        Ok(Frames(stream))
    }

    fn link(&self, node: u16) -> Result<Link, Unanswered> {
        self.nodes().get(&node).cloned().ok_or_else(unknown)
    }

    fn pack(&self, body: &impl Serialize) -> Parcel {
        wire::pack(self.0.from, body)
    }

    fn nodes(&self) -> std::sync::MutexGuard<'_, BTreeMap<u16, Link>> {
        self.0.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The messages of a watch.
pub(in crate::cluster) struct Frames(tonic::Streaming<Parcel>);

impl Frames {
    /// The next one; `None`: the stream has ended.
    pub(in crate::cluster) async fn next(&mut self) -> Option<Result<wire::Frame, Unanswered>> {
        match self.0.message().await {
            Ok(parcel) => parcel.map(|parcel| read(&parcel)),
            Err(status) => Some(Err(lost(&status))),
        }
    }
}

fn client(channel: Channel) -> PeerClient<Channel> {
    PeerClient::new(channel)
        .max_decoding_message_size(MOST_BYTES)
        .max_encoding_message_size(MOST_BYTES)
}

fn read<T: serde::de::DeserializeOwned>(parcel: &Parcel) -> Result<T, Unanswered> {
    wire::unpack(parcel).map_err(Unanswered::Unreadable)
}

fn unknown() -> Unanswered {
    Unanswered::Lost("the node has not registered".into())
}

fn lost(status: &tonic::Status) -> Unanswered {
    match status.code() {
        tonic::Code::InvalidArgument => Unanswered::Unreadable(status.message().to_owned()),
        code => Unanswered::Lost(format!("{code:?}: {}", status.message())),
    }
}
