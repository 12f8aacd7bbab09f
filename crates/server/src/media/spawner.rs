//! Makes the threads of the workers, when the node starts and whenever one is replaced.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sideroom_forward::{ForwardConfig, Forwarder};
use sideroom_net::{Clock, Port, PortOptions, Waker, ask_for_slices};
use sideroom_plane::Incarnation;
use sideroom_route::{Time, WorkerId};
use sideroom_session::dtls::DtlsVersions;
use sideroom_session::srtp::SrtpProfile;
use sideroom_session::{Candidate, Certificate, Proto};
use tokio::sync::{Notify, mpsc};

use super::command::WorkerCommand;
use super::counts::PublishedCounts;
use super::fence::Fence;
use super::handshakes::{self, HandshakeJob};
use super::lease::Lease;
use super::outbox::{Outbox, WorkerNotice};
use super::relay_ring::{RelayReader, RelayWriter};
use super::transports::Transports;
use super::turn_links::TurnLinks;
use super::worker::{Worker, WorkerParts};
use crate::config::Announced;

/// Orders that wait at a worker at most.
const MAX_COMMANDS: usize = 8_192;
/// The slice of processor time that a worker asks for. What it does in one round takes less; other threads have
/// slices of milliseconds, and a packet would wait for the end of one.
const SLICE: Duration = Duration::from_micros(100);

/// How the media plane is started.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// How many workers.
    pub workers: u16,
    /// Where they bind; the first port, the others follow. Port 0: any.
    pub bind: SocketAddr,
    pub port: PortOptions,
    /// The addresses given to clients. Empty: the bound one.
    pub announce: Vec<Announced>,
    /// The certificate of the node.
    pub certificate: Certificate,
    /// The allowed versions of DTLS.
    pub dtls_versions: DtlsVersions,
    /// How packets may be protected, the preferred way first.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// How many participants of a room one worker serves before the room spreads.
    pub spread_above: usize,
    /// Seed for sequence numbers and the like.
    pub seed: u64,
    /// For clients that come by the server's own TURN.
    pub turn: Option<Arc<TurnLinks>>,
    /// Until when the workers may send.
    pub lease: Arc<Lease>,
}

/// Why the media plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken, or the address is not this machine's.
    #[error(
        "cannot bind media port {addr}: {error}; choose another with media.bind and media.first_port"
    )]
    Bind {
        /// The address that was tried.
        addr: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// The thread did not start.
    #[error("cannot start a media worker: {0}")]
    Thread(io::Error),
}

/// How others reach a worker.
pub(super) struct WorkerHandle {
    /// The queue of orders.
    pub(super) commands: SyncSender<WorkerCommand>,
    /// Wakes the worker.
    pub(super) waker: Waker,
    /// The worker's UDP address; TCP has the same.
    pub(super) address: SocketAddr,
    /// How its transports are made.
    pub(super) transports: Arc<Transports>,
    pub(super) counts: Arc<PublishedCounts>,
    /// Counts the worker's rounds, to tell a busy worker from a stuck one.
    pub(super) heartbeat: Arc<AtomicU64>,
    /// Keeps the worker from sending.
    pub(super) fence: Arc<Fence>,
    /// The thread, until somebody waits for its end.
    pub(super) thread: Option<std::thread::JoinHandle<()>>,
}

/// Starts threads of workers, at the beginning and whenever one is replaced.
pub(super) struct Spawner {
    pub(super) options: StartOptions,
    clock: Clock,
    told: mpsc::Sender<WorkerNotice>,
    /// Threads that have ended.
    pub(super) endings: Arc<Endings>,
    /// The thread for handshakes.
    handshakes: SyncSender<HandshakeJob>,
}

/// One life of a worker.
pub(super) struct WorkerIncarnation {
    pub(super) worker: WorkerId,
    pub(super) incarnation: Incarnation,
    /// Counters go on where the life before has left them.
    pub(super) published: Arc<PublishedCounts>,
}

/// The rings between a worker and each other one, `None` at its own place.
pub(super) struct Links {
    pub(super) out: Vec<Option<RelayWriter>>,
    pub(super) incoming: Vec<Option<RelayReader>>,
}

impl Spawner {
    /// Starts the thread for handshakes too.
    pub(super) fn new(
        options: StartOptions,
        told: mpsc::Sender<WorkerNotice>,
    ) -> Result<Self, StartError> {
        let clock = Clock::new();
        Ok(Self {
            options,
            clock,
            told,
            endings: Arc::default(),
            handshakes: handshakes::start(clock).map_err(StartError::Thread)?,
        })
    }

    /// Now, on the clock of the workers.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(super) fn bind(&self, addr: SocketAddr) -> Result<Port, StartError> {
        Port::bind(addr, &self.options.port).map_err(|error| StartError::Bind { addr, error })
    }

    /// Starts a thread for a worker.
    pub(super) fn spawn(
        &self,
        life: WorkerIncarnation,
        mut port: Port,
        links: Links,
        wakers: Vec<Waker>,
    ) -> Result<WorkerHandle, StartError> {
        let options = &self.options;
        let (id, incarnation) = (life.worker, life.incarnation);
        let (commands, orders) = sync_channel::<WorkerCommand>(MAX_COMMANDS);
        let fence: Arc<Fence> = Arc::default();
        let heartbeat: Arc<AtomicU64> = Arc::default();
        let (address, waker) = (port.local_addr(), port.waker());
        if let Some(turn) = &options.turn {
            turn.join(id, &mut port);
        }
        let parts = WorkerParts {
            id,
            clock: self.clock,
            port,
            commands: orders,
            relays_out: links.out,
            relays_in: links.incoming,
            wakers,
            outbox: Outbox::new(id, incarnation, self.told.clone()),
            published: Arc::clone(&life.published),
            heartbeat: Arc::clone(&heartbeat),
            fence: Arc::clone(&fence),
            handshakes: self.handshakes.clone(),
            lease: Arc::clone(&options.lease),
        };
        let numbers = u64::from(id.0) << 32 | u64::from(incarnation.0) << 48;
        let forwarder = Forwarder::new(ForwardConfig {
            seed: options.seed.wrapping_add(numbers),
            ..ForwardConfig::default()
        });
        let bell = ThreadEndGuard {
            worker: id,
            incarnation,
            endings: Arc::clone(&self.endings),
        };
        let thread = std::thread::Builder::new()
            .name(format!("worker-{}", id.0))
            .spawn(move || {
                // Rings when the worker and its sockets are gone, after a panic too.
                let _bell = bell;
                if let Err(error) = ask_for_slices(SLICE) {
                    tracing::debug!(%error, "media wait for other threads on a busy machine");
                }
                Worker::new(parts, forwarder).run();
            })
            .map_err(StartError::Thread)?;
        let transports = Transports {
            candidates: candidates(options, id, address),
            certificate: options.certificate.clone(),
            dtls_versions: options.dtls_versions,
            srtp_profiles: options.srtp_profiles.clone(),
        };
        Ok(WorkerHandle {
            commands,
            waker,
            address,
            transports: Arc::new(transports),
            counts: life.published,
            heartbeat,
            fence,
            thread: Some(thread),
        })
    }
}

#[cfg(test)]
impl Spawner {
    /// For a plane whose workers are the test's own.
    pub(super) fn of_tests() -> Self {
        Self {
            options: StartOptions {
                workers: 1,
                bind: ([127, 0, 0, 1], 0).into(),
                port: PortOptions::default(),
                announce: Vec::new(),
                certificate: Certificate::generate(&[7; 32]).expect("a certificate"),
                dtls_versions: DtlsVersions::Auto,
                srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
                spread_above: 100,
                seed: 1,
                turn: None,
                lease: Arc::default(),
            },
            clock: Clock::new(),
            told: mpsc::channel(1).0,
            endings: Arc::default(),
            handshakes: sync_channel(1).0,
        }
    }
}

/// Threads of workers that have ended, until somebody takes note.
#[derive(Default)]
pub(super) struct Endings {
    ended: Mutex<Vec<(WorkerId, Incarnation)>>,
    bell: Notify,
}

impl Endings {
    fn ring(&self, worker: WorkerId, incarnation: Incarnation) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push((worker, incarnation));
        self.bell.notify_one();
    }

    /// Removes and returns the workers that have ended since the last call.
    pub(super) fn take(&self) -> Vec<(WorkerId, Incarnation)> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *ended)
    }

    /// Waits for the next one.
    pub(super) async fn next(&self) {
        self.bell.notified().await;
    }
}

/// Tells that a thread has ended, however it ends.
struct ThreadEndGuard {
    worker: WorkerId,
    incarnation: Incarnation,
    endings: Arc<Endings>,
}

impl Drop for ThreadEndGuard {
    fn drop(&mut self) {
        self.endings.ring(self.worker, self.incarnation);
    }
}

/// Where clients reach a worker that has bound `local`.
fn candidates(options: &StartOptions, worker: WorkerId, local: SocketAddr) -> Vec<Candidate> {
    let bound = [Announced::from(local.ip())];
    let addresses = if options.announce.is_empty() {
        &bound[..]
    } else {
        &options.announce
    };
    let protos: &[Proto] = if options.port.tcp.is_some() {
        &[Proto::Udp, Proto::Tcp]
    } else {
        &[Proto::Udp]
    };
    let each = protos.iter().flat_map(|proto| {
        addresses.iter().map(|announced| Candidate {
            proto: *proto,
            addr: announced.of_worker(worker.0, local.port()),
        })
    });
    each.collect()
}
