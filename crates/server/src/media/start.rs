//! Starts the workers: ports bound, rings laid, threads running.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use sideroom_forward::{ForwardConfig, Forwarder};
use sideroom_net::{Clock, Port, PortOptions, Waker};
use sideroom_route::WorkerId;
use sideroom_session::dtls::DtlsVersions;
use sideroom_session::srtp::SrtpProfile;
use sideroom_session::{Candidate, Certificate, Proto};
use tokio::sync::mpsc;

use super::command::WorkerCommand;
use super::counts::PublishedCounts;
use super::fence::Fence;
use super::outbox::{Outbox, Told};
use super::plane::{MediaPlane, WorkerHandle};
use super::relay_ring::{RelayReader, RelayWriter, relay_ring};
use super::setup::Transports;
use super::worker::{Worker, WorkerParts};

/// Orders that wait at a worker at most.
const MAX_COMMANDS: usize = 8_192;
/// What workers have told and nobody has taken yet, at most.
const MAX_TOLD: usize = 8_192;

/// How the media plane is started.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// How many workers.
    pub workers: u16,
    /// Where they bind; the first port, the others follow. Port 0: any.
    pub bind: SocketAddr,
    pub port: PortOptions,
    /// The addresses given to clients. Empty: the bound one.
    pub announce: Vec<IpAddr>,
    /// The certificate of the node.
    pub certificate: Certificate,
    /// Which versions of DTLS may be spoken.
    pub dtls_versions: DtlsVersions,
    /// How packets may be protected, the preferred way first.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// Participants of one room on a worker before it spreads.
    pub spread_above: usize,
    /// Seed for sequence numbers and the like.
    pub seed: u64,
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

/// Starts the workers. What they tell comes out of the receiver.
pub fn start(options: &StartOptions) -> Result<(MediaPlane, mpsc::Receiver<Told>), StartError> {
    let count = usize::from(options.workers.max(1));
    let clock = Clock::new();
    let ports = (0..count)
        .map(|index| bind(options, index))
        .collect::<Result<Vec<_>, _>>()?;
    let wakers: Vec<Waker> = ports.iter().map(Port::waker).collect();
    let (mut outs, mut ins) = rings(count);
    let (told, telling) = mpsc::channel(MAX_TOLD);
    let mut handles = Vec::new();
    for (index, port) in ports.into_iter().enumerate() {
        let id = WorkerId(u16::try_from(index).unwrap_or(u16::MAX));
        let (commands, orders) = sync_channel::<WorkerCommand>(MAX_COMMANDS);
        let published = Arc::new(PublishedCounts::default());
        let fence: Arc<Fence> = Arc::default();
        let parts = WorkerParts {
            id,
            clock,
            transports: Transports {
                candidates: candidates(options, port.local_addr(), options.port.tcp.is_some()),
                certificate: options.certificate.clone(),
                dtls_versions: options.dtls_versions,
                srtp_profiles: options.srtp_profiles.clone(),
            },
            port,
            commands: orders,
            relays_out: outs.remove(0),
            relays_in: ins.remove(0),
            wakers: wakers.clone(),
            outbox: Outbox::new(id, told.clone()),
            published: Arc::clone(&published),
            fence: Arc::clone(&fence),
        };
        let seed = options.seed.wrapping_add(u64::from(id.0) << 32);
        let forwarder = Forwarder::new(ForwardConfig {
            seed,
            ..ForwardConfig::default()
        });
        let waker = wakers.get(index).cloned();
        let thread = std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || Worker::new(parts, forwarder).run())
            .map_err(StartError::Thread)?;
        if let Some(waker) = waker {
            let thread = std::sync::Mutex::new(Some(thread));
            handles.push(WorkerHandle {
                commands,
                waker,
                counts: published,
                fence,
                thread,
            });
        }
    }
    Ok((MediaPlane::new(handles, options.spread_above), telling))
}

fn bind(options: &StartOptions, index: usize) -> Result<Port, StartError> {
    let mut addr = options.bind;
    if addr.port() != 0 {
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        addr.set_port(addr.port().saturating_add(offset));
    }
    Port::bind(addr, &options.port).map_err(|error| StartError::Bind { addr, error })
}

type Rings = (Vec<Vec<Option<RelayWriter>>>, Vec<Vec<RelayReader>>);

/// A ring from every worker to every other one.
fn rings(count: usize) -> Rings {
    let mut outs: Vec<Vec<Option<RelayWriter>>> = (0..count).map(|_| Vec::new()).collect();
    let mut ins: Vec<Vec<RelayReader>> = (0..count).map(|_| Vec::new()).collect();
    for (from, out) in outs.iter_mut().enumerate() {
        for (to, readers) in ins.iter_mut().enumerate() {
            if from == to {
                out.push(None);
            } else {
                let (writer, reader) = relay_ring();
                out.push(Some(writer));
                readers.push(reader);
            }
        }
    }
    (outs, ins)
}

fn candidates(options: &StartOptions, local: SocketAddr, tcp: bool) -> Vec<Candidate> {
    let bound = [local.ip()];
    let addresses = if options.announce.is_empty() {
        &bound[..]
    } else {
        &options.announce
    };
    let protos: &[Proto] = if tcp {
        &[Proto::Udp, Proto::Tcp]
    } else {
        &[Proto::Udp]
    };
    let each = protos.iter().flat_map(|proto| {
        addresses.iter().map(|ip| Candidate {
            proto: *proto,
            addr: SocketAddr::new(*ip, local.port()),
        })
    });
    each.collect()
}
