//! Composition of the planes: media workers, the rooms' tasks over them, and the front ends over those.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sideroom_control::{CodecChoice, RoomSettings};
use sideroom_net::{PortOptions, TcpLimits, UdpOptions};
use sideroom_rpc::Backend;
use sideroom_session::Certificate;
use sideroom_session::dtls::DtlsVersions;
use sideroom_session::srtp::SrtpProfile;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cluster;
use crate::config::{Announced, Config, VideoCodec};
use crate::listen::descriptors::Budget;
use crate::media::{self, MediaPlane, StartOptions, TurnLinks};
use crate::metrics::{MediaTotals, WorkerTotals};
use crate::rooms::{self, Directory, MediaPort, News, Node, NodeOptions};
use crate::serve::ServerParts;
use crate::shutdown::{Phase, Shutdown};
use crate::store::StoreError;
use crate::turn::Relay;
use crate::webhooks::Webhooks;

/// How often the workers' counters become metrics.
const PUBLISH_EVERY: Duration = Duration::from_secs(1);
/// How long clients have to read their last words.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Runs everything until the server is to close.
pub async fn run(mut launch: ServerParts) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = Arc::clone(&launch.config);
    let options = start_options(&config, launch.budget)?;
    let lease = Arc::clone(&options.lease);
    let (plane, told) = media::start(&options)?;
    let plane = Arc::new(plane);
    let relay = relay(&config, &options, &plane)?;
    let news = webhooks(&mut launch).await?;
    let (life, participants) = watch::channel(0);
    let rooms = Directory::new(
        node_options(&config),
        launch.journal.clone(),
        Arc::clone(&plane) as Arc<dyn MediaPort>,
        launch.shutdown.clone(),
        (life, news),
    );
    if launch.cluster.is_none() {
        rooms::load(&rooms).await?;
    }
    let dispatcher = tokio::spawn(rooms::dispatch(
        Arc::clone(&rooms),
        Arc::clone(&plane),
        told,
    ));
    tokio::spawn(rooms::observe(Arc::clone(&rooms)));
    tokio::spawn(media::supervise(Arc::clone(&plane)));
    tokio::spawn(publish(Arc::clone(&plane)));
    launch.health.watch(Arc::clone(&rooms), Arc::clone(&plane));
    let node = Arc::new(Node::new(Arc::clone(&rooms), Arc::clone(&plane)));
    let (shutdown, desk) = (launch.shutdown.clone(), Arc::clone(&launch.desk));
    let cluster = match launch.cluster.take() {
        None => None,
        Some(parts) => Some(join_cluster(&launch, parts, (rooms, &node), lease).await?),
    };
    let backend = match &cluster {
        None => Arc::clone(&node) as Arc<dyn Backend>,
        Some(running) => running.backend(),
    };
    crate::front::serve(launch, backend, relay).await?;
    shutdown.advance(Phase::Running);
    tokio::select! {
        // Without the dispatcher rooms never learn of lost transports. The service manager starts the server
        // again, and every answered command is in the store.
        ended = dispatcher => return Err(format!("the dispatcher ended: {ended:?}").into()),
        () = drain(&shutdown, &config, participants, cluster) => {}
    }
    node.send_everybody_away();
    tokio::time::sleep(LAST_WORDS).await;
    node.close().await;
    if let Some(webhooks) = desk.get() {
        webhooks.stop().await;
    }
    plane.stop();
    Ok(())
}

/// Takes part in the cluster.
async fn join_cluster(
    launch: &ServerParts,
    (connection, listener): (cluster::Connection, TcpListener),
    (directory, local): (Arc<Directory>, &Arc<Node>),
    lease: Arc<media::Lease>,
) -> Result<cluster::Running, Box<dyn Error + Send + Sync>> {
    let start = cluster::Start {
        config: &launch.config,
        connection,
        listener,
        directory,
        local: Arc::clone(local),
        lease,
        shutdown: launch.shutdown.clone(),
    };
    let running = cluster::start(start).await?;
    launch.health.watch_cluster(running.clone());
    Ok(running)
}

async fn drain(
    shutdown: &Shutdown,
    config: &Config,
    mut participants: watch::Receiver<usize>,
    cluster: Option<cluster::Running>,
) {
    let deadline = Duration::from_secs(config.node.drain_deadline_s.into());
    let empty = async {
        shutdown.reached(Phase::Draining).await;
        if let Some(cluster) = &cluster {
            cluster.gave_all_away().await;
        }
        drop(participants.wait_for(|count| *count == 0).await);
    };
    shutdown.drain(deadline, empty).await;
}

/// Everything the media plane has to know of the configuration.
fn start_options(
    config: &Config,
    budget: Budget,
) -> Result<StartOptions, Box<dyn Error + Send + Sync>> {
    let media = &config.media;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = match config.node.workers {
        0 => u16::try_from(cores).unwrap_or(1),
        some => some,
    };
    let announce = match (&media.announce, media.bind.is_unspecified()) {
        (announce, _) if !announce.is_empty() => announce.clone(),
        (_, true) => interfaces(media.bind)?
            .into_iter()
            .map(Announced::from)
            .collect(),
        (_, false) => vec![media.bind.into()],
    };
    let udp = UdpOptions {
        recv_buffer: usize::try_from(media.receive_buffer_bytes)?,
        send_buffer: usize::try_from(media.send_buffer_bytes)?,
        local_address: media.bind.is_unspecified(),
        ..UdpOptions::default()
    };
    Ok(StartOptions {
        workers,
        bind: SocketAddr::new(media.bind, media.first_port),
        port: PortOptions {
            udp,
            tcp: media.tcp.then(|| TcpLimits {
                connections: budget.media_of_worker,
                ..TcpLimits::default()
            }),
        },
        announce,
        certificate: Certificate::generate(&random_bytes()?)?,
        dtls_versions: DtlsVersions::default(),
        srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
        spread_above: usize::try_from(config.node.spread_above)?,
        seed: u64::from_le_bytes(random_bytes()?),
        turn: config
            .turn
            .enabled
            .then(|| Arc::new(TurnLinks::new(workers))),
        lease: Arc::default(),
    })
}

/// Begins to post events, before any room makes one.
async fn webhooks(launch: &mut ServerParts) -> Result<Option<News>, StoreError> {
    let Some(settings) = launch.webhooks.take() else {
        return Ok(None);
    };
    let news = News::new(watch::Sender::new(()));
    let store = Arc::clone(launch.journal.store());
    let webhooks = Webhooks::begin(settings, store, &news).await?;
    // It is set here only.
    let _ = launch.desk.set(webhooks);
    Ok(Some(news))
}

/// The server's own TURN, whose peers are the workers. Its secret lives as long as the process.
fn relay(
    config: &Config,
    options: &StartOptions,
    plane: &MediaPlane,
) -> Result<Option<Arc<Relay>>, &'static str> {
    let Some(links) = &options.turn else {
        return Ok(None);
    };
    let secret = random_bytes()?;
    let relay = Relay::new(&config.turn, plane.candidates(), Arc::clone(links), &secret);
    Ok(Some(Arc::new(relay)))
}

/// Bytes from the system. The private key of the handshakes and the seed of numbers that are sent in clear,
/// such as first sequence numbers, are drawn apart: the seed reveals nothing about the key.
fn random_bytes<const N: usize>() -> Result<[u8; N], &'static str> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system has no random bytes")?;
    Ok(bytes)
}

/// The addresses of this machine that clients can reach. Loopback only if there is no other.
fn interfaces(bind: IpAddr) -> std::io::Result<Vec<IpAddr>> {
    let found = if_addrs::get_if_addrs()?;
    let addresses = found.into_iter().map(|interface| interface.ip());
    let of_family = addresses.filter(|ip| ip.is_ipv4() || bind.is_ipv6());
    let (loopback, real): (Vec<_>, Vec<_>) = of_family
        .filter(|ip| match ip {
            IpAddr::V4(v4) => !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        })
        .partition(IpAddr::is_loopback);
    Ok(if real.is_empty() { loopback } else { real })
}

fn node_options(config: &Config) -> NodeOptions {
    let bound = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let rooms = &config.rooms;
    NodeOptions {
        defaults: RoomSettings {
            max_active_talkers: rooms.max_active_talkers,
            max_breakouts: rooms.max_breakouts.into(),
            max_participants: config.limits.participants_per_room,
            reconnect_grace_ms: rooms.reconnect_grace_s.saturating_mul(1_000),
            codecs: CodecChoice {
                video: video_codec(config.codecs.video),
            },
            ..RoomSettings::default()
        },
        max_rooms: bound(config.limits.rooms),
        max_participants: bound(config.limits.participants),
        max_queued: bound(config.limits.queued_commands),
        snapshot_every: config.store.snapshot_every_records.max(1),
        empty_timeout: Duration::from_secs(rooms.empty_timeout_s.into()),
        dtx: config.codecs.dtx,
    }
}

const fn video_codec(codec: VideoCodec) -> sideroom_control::VideoCodec {
    match codec {
        VideoCodec::Vp8 => sideroom_control::VideoCodec::Vp8,
        VideoCodec::Vp9 => sideroom_control::VideoCodec::Vp9,
        VideoCodec::H264 => sideroom_control::VideoCodec::H264,
        VideoCodec::Av1 => sideroom_control::VideoCodec::Av1,
    }
}

/// Publishes the workers' counters as metrics.
async fn publish(plane: Arc<MediaPlane>) {
    let mut every = tokio::time::interval(PUBLISH_EVERY);
    loop {
        every.tick().await;
        let counts = plane.counts();
        let mut totals = MediaTotals::default();
        for (index, worker) in counts.iter().enumerate() {
            let totals = WorkerTotals {
                packets_received: worker.packets_received,
                bytes_received: worker.bytes_received,
                packets_sent: worker.packets_sent,
                bytes_sent: worker.bytes_sent,
                relayed_sent: worker.relayed_out,
                relayed_received: worker.relayed_in,
                kernel_drops: worker.kernel_drops,
                transports: worker.peers,
                busy: worker.load,
            };
            totals.publish(sideroom_route::WorkerId(
                u16::try_from(index).unwrap_or(u16::MAX),
            ));
        }
        for (place, reason) in totals
            .dropped
            .iter_mut()
            .zip(sideroom_route::DropReason::ALL)
        {
            *place = counts.iter().map(|worker| worker.dropped(*reason)).sum();
        }
        let sum = |of: fn(&media::WorkerCounts) -> u64| counts.iter().map(of).sum();
        totals.keyframe_requests_received = sum(|worker| worker.keyframe_requests_received);
        totals.keyframe_requests_sent = sum(|worker| worker.keyframe_requests_sent);
        totals.nacked = sum(|worker| worker.nacked);
        totals.retransmissions = sum(|worker| worker.retransmissions);
        totals.paced = sum(|worker| worker.paced);
        totals.publish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First sequence numbers are drawn from the seed by a function that can be reversed.
    #[test]
    fn the_seed_of_the_packets_is_not_made_of_the_private_key() {
        let options = start_options(&Config::default(), Budget::share(4_096, 2, 1_024))
            .expect("the defaults are good");
        let key = options.certificate.private_key();
        let seed = options.seed;
        for bytes in [seed.to_le_bytes(), seed.to_be_bytes()] {
            assert!(!key.windows(bytes.len()).any(|window| window == bytes));
        }
    }
}
