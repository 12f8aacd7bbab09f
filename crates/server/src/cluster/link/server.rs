//! Calls from other nodes. Connections need a certificate of the cluster's authority before a byte of them is read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use sideroom_cluster::{Message, NodeId};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::proto::peer_server::{Peer, PeerServer};
use super::proto::{Parcel, Received};
use super::wire::{self, Ask, Frame, Replied, WatchAsk};
use crate::tls::Acceptor;

/// Connections of other nodes and of tools at once.
const MOST_CONNECTIONS: usize = 512;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Calls and watches at once on one connection.
const MOST_STREAMS: u32 = 4_096;
/// Whether a silent node is still there is asked so often, and it has as long to answer.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Bytes of one call: an offer, or a room's names.
const MOST_BYTES: usize = 16 << 20;
/// The system has no descriptor for another connection: one may be free after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// Messages of one watch that wait for the other node to read.
pub(in crate::cluster) type Frames = mpsc::Receiver<Frame>;

/// Answers other nodes.
pub(in crate::cluster) trait Receiver: Send + Sync + 'static {
    /// A message of the ownership protocol.
    fn handle_message(&self, from: NodeId, message: Message);
    /// A call for a room of this node, or about this node.
    fn handle_ask(&self, ask: Ask) -> Pin<Box<dyn Future<Output = Replied> + Send + '_>>;
    /// A watch of a room of this node.
    fn handle_watch(&self, ask: WatchAsk) -> Pin<Box<dyn Future<Output = Frames> + Send + '_>>;
}

/// Serves other nodes from now on.
pub(in crate::cluster) fn serve(
    listener: TcpListener,
    acceptor: Acceptor,
    receiver: Arc<dyn Receiver>,
) {
    let service = PeerServer::new(Service(receiver))
        .max_decoding_message_size(MOST_BYTES)
        .max_encoding_message_size(usize::MAX);
    let router = Routes::new(service).into_axum_router();
    tokio::spawn(accept(listener, acceptor, router));
}

async fn accept(listener: TcpListener, acceptor: Acceptor, router: axum::Router) {
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&free).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((tcp, peer)) => {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    if let Err(error) = carry(tcp, &acceptor, router).await {
                        tracing::debug!(%peer, error, "a connection of another node has ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection of another node can be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn carry(tcp: TcpStream, acceptor: &Acceptor, router: axum::Router) -> Result<(), String> {
    // A connection without it works too.
    let _ = tcp.set_nodelay(true);
    let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(tcp)).await;
    let stream = stream.map_err(|_| "the handshake takes too long".to_owned())?;
    let stream = stream.map_err(|error| error.to_string())?;
    let mut builder = Builder::new(TokioExecutor::new()).http2_only();
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_EVERY);
    let service = TowerToHyperService::new(router);
    let served = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
    served.map_err(|error| error.to_string())
}

struct Service(Arc<dyn Receiver>);

#[tonic::async_trait]
impl Peer for Service {
    async fn tell(&self, parcel: Request<Parcel>) -> Result<Response<Received>, Status> {
        let parcel = parcel.into_inner();
        let from = u16::try_from(parcel.from).map_err(|_| unreadable("no node has this number"))?;
        self.0.handle_message(NodeId(from), read(&parcel)?);
        Ok(Response::new(Received {}))
    }

    async fn ask(&self, parcel: Request<Parcel>) -> Result<Response<Parcel>, Status> {
        let replied = self.0.handle_ask(read(&parcel.into_inner())?).await;
        Ok(Response::new(wire::pack(0, &replied)))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<Parcel, Status>> + Send>>;

    async fn watch(&self, parcel: Request<Parcel>) -> Result<Response<Self::WatchStream>, Status> {
        let frames = self.0.handle_watch(read(&parcel.into_inner())?).await;
        let stream = futures_util::stream::unfold(frames, |mut frames| async move {
            let frame = frames.recv().await?;
            Some((Ok(wire::pack(0, &frame)), frames))
        });
        Ok(Response::new(Box::pin(stream)))
    }
}

fn read<T: serde::de::DeserializeOwned>(parcel: &Parcel) -> Result<T, Status> {
    wire::unpack(parcel).map_err(|why| unreadable(&why))
}

fn unreadable(why: &str) -> Status {
    Status::invalid_argument(why)
}
