//! Tests of a worker without its thread: noted packets, commands, and their order.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use sideroom_forward::{
    ForwardConfig, Forwarder, IngressConfig, Outgoing, PacketKind, SubscriberId,
};
use sideroom_net::{Clock, Port, PortOptions};
use sideroom_plane::{Incarnation, Message, Order};
use sideroom_route::{
    DropReason, Media, ParticipantId, RoomId, SlotId, Time, TrackId, TrackKind, WorkerId,
};
use sideroom_rtp::ExtensionMap;
use sideroom_session::dtls::DtlsVersions;
use sideroom_session::ice::{IceClient, MAX_MESSAGE};
use sideroom_session::srtp::SrtpProfile;
use sideroom_session::{Certificate, IceCredentials, RoomCodecs};
use tokio::sync::{mpsc, oneshot};

use super::command::{Connect, Connected, WorkerCommand};
use super::counts::PublishedCounts;
use super::outbox::Outbox;
use super::pacer::Pacer;
use super::relay_ring::{RelayWriter, relay_ring};
use super::setup::Transports;
use super::worker::{Worker, WorkerParts};

const OFFER: &str = include_str!("../../../session/tests/offers/chromium156-recvonly.sdp");
const SOMEBODY: ParticipantId = ParticipantId::new(RoomId(1), 1);

/// A packet of some slot.
pub(super) fn packet(number: u64, media: Media, kind: PacketKind, payload: &[u8]) -> Outgoing<'_> {
    Outgoing {
        header: &[0x80; 12],
        prefix: &[],
        payload,
        extended_sequence: number,
        ssrc: 1,
        kind,
        media,
        slot: SlotId::video(0),
        track: None,
        marker: false,
        keyframe: false,
        transport_cc_at: None,
        abs_send_time_at: None,
    }
}

fn video(number: u64) -> Outgoing<'static> {
    packet(number, Media::Video, PacketKind::Media, &[7; 1_188])
}

/// A worker that is alone, and where it takes orders from.
fn worker() -> (Worker, SyncSender<WorkerCommand>) {
    worker_with(vec![None])
}

/// A worker with links to others, and where it takes orders from.
fn worker_with(relays_out: Vec<Option<RelayWriter>>) -> (Worker, SyncSender<WorkerCommand>) {
    let at = ([127, 0, 0, 1], 0).into();
    let port = Port::bind(at, &PortOptions::default()).expect("a free port");
    let (commands, orders) = sync_channel(16);
    let parts = WorkerParts {
        id: WorkerId(0),
        clock: Clock::new(),
        transports: Transports {
            candidates: Vec::new(),
            certificate: Certificate::generate(&[7; 32]).expect("a certificate"),
            dtls_versions: DtlsVersions::Auto,
            srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
        },
        wakers: vec![port.waker()],
        port,
        commands: orders,
        relays_out,
        relays_in: Vec::new(),
        outbox: Outbox::new(WorkerId(0), Incarnation::default(), mpsc::channel(16).0),
        heartbeat: Arc::default(),
        fence: Arc::default(),
        published: Arc::new(PublishedCounts::default()),
    };
    (
        Worker::new(parts, Forwarder::new(ForwardConfig::default())),
        commands,
    )
}

fn connect(seed: u64) -> Box<Connect> {
    Box::new(Connect {
        participant: SOMEBODY,
        offer: OFFER.to_owned(),
        hints: Vec::new(),
        codecs: RoomCodecs::default(),
        tracks: Vec::new(),
        credentials: IceCredentials {
            ufrag: format!("name{seed}"),
            password: "a password of more than 22 characters".to_owned(),
        },
        seed,
    })
}

/// Orders something that is answered, and lets it be carried out.
fn order<T>(
    (worker, commands): &mut (Worker, SyncSender<WorkerCommand>),
    command: impl FnOnce(oneshot::Sender<T>) -> WorkerCommand,
) -> T {
    let (answer, mut answered) = oneshot::channel();
    commands.send(command(answer)).expect("room in the queue");
    assert!(worker.begin_round(&mut Time::from_millis(1)));
    answered.try_recv().expect("it is answered")
}

fn joined() -> (Worker, SyncSender<WorkerCommand>) {
    let mut both = worker();
    let made: Connected = order(&mut both, |answer| {
        WorkerCommand::Connect(connect(1), answer)
    })
    .expect("a good offer");
    assert!(!made.slots.is_empty());
    both
}

/// A newcomer gets the number of one who has left: the packets noted for that one must be gone by then.
#[test]
fn what_was_let_out_leaves_before_an_order_is_carried_out() {
    let mut both = worker();
    assert!(both.0.wires.bundles.note(SubscriberId(0), &video(1)));
    let made = order(&mut both, |answer| {
        WorkerCommand::Connect(connect(1), answer)
    });
    assert!(made.is_ok());
    let counts = &both.0.counts;
    assert_eq!(
        counts.dropped(DropReason::UnknownTrack),
        1,
        "nobody had that number"
    );
    assert_eq!(
        counts.dropped(DropReason::NotSecured),
        0,
        "the newcomer got it"
    );
    assert!(both.0.wires.bundles.is_empty());
}

#[test]
fn what_is_paced_survives_a_later_offer_and_not_the_end() {
    let mut both = joined();
    let peers = &mut both.0.peers;
    let key = peers.key_of(SOMEBODY).expect("it is there");
    let subscriber = peers.get_mut(key).expect("it is there").subscriber;
    let mut pacer = Box::new(Pacer::new(Time::ZERO, 100_000));
    pacer.keep(Time::ZERO, &video(1));
    peers.set_pacer(subscriber, pacer);
    order(&mut both, |answer| {
        WorkerCommand::Reoffer(connect(2), answer)
    })
    .expect("the same again");
    let refused = order(&mut both, |answer| {
        let nothing = Connect {
            offer: "nothing".to_owned(),
            ..*connect(3)
        };
        WorkerCommand::Reoffer(Box::new(nothing), answer)
    });
    assert!(refused.is_err());
    let kept = both
        .0
        .peers
        .pacer_of(subscriber)
        .map(|pacer| !pacer.is_empty());
    assert_eq!(kept, Some(true), "its packet waits on");
    both.1
        .send(WorkerCommand::Order(Order::Disconnect(SOMEBODY), None))
        .expect("room in the queue");
    assert!(both.0.begin_round(&mut Time::from_millis(1)));
    assert!(both.0.peers.pacer_of(subscriber).is_none());
    assert_eq!(both.0.counts.dropped(DropReason::NotRouted), 1);
}

#[test]
fn a_round_carries_out_only_so_many_orders() {
    let (mut worker, commands) = worker();
    for _ in 0..3 {
        commands
            .send(WorkerCommand::Order(Order::RemoveRoom(RoomId(1)), None))
            .expect("room in the queue");
    }
    worker.orders_left = 2;
    assert!(worker.obey(&mut Time::from_millis(1)));
    assert_eq!(worker.orders_left, 0);
    // The last one waits, and would have been to stop.
    commands
        .send(WorkerCommand::Stop)
        .expect("room in the queue");
    assert!(worker.obey(&mut Time::from_millis(1)));
    assert!(!worker.begin_round(&mut Time::from_millis(1)));
}

/// An address under which a peer is known, and one of another peer.
fn at(port: u16) -> sideroom_session::PeerAddr {
    sideroom_session::PeerAddr::udp(([192, 0, 2, 1], port).into())
}

#[test]
fn later_offers_keep_every_address_and_file_none_twice() {
    let mut both = joined();
    let key = both.0.peers.key_of(SOMEBODY).expect("it is there");
    for port in 1..=3 {
        assert!(both.0.peers.file(Time::ZERO, key, at(port)));
    }
    for seed in 2..20 {
        order(&mut both, |answer| {
            WorkerCommand::Reoffer(connect(seed), answer)
        })
        .expect("the same again");
    }
    let peers = &mut both.0.peers;
    let key = peers.key_of(SOMEBODY).expect("it is there");
    for port in 1..=3 {
        assert_eq!(peers.at(at(port)), Some(key), "port {port} is still filed");
    }
    peers.unfile(key, at(1));
    assert_eq!(peers.at(at(1)), None);
    // Eight fit; with copies of the old ones the first of these would have been pushed out.
    for port in 11..=16 {
        assert!(peers.file(Time::ZERO, key, at(port)));
    }
    assert_eq!(peers.at(at(2)), Some(key));
}

/// A connectivity check of the client with the credentials of `connect(seed)`.
fn check(seed: u64, now: Time) -> Vec<u8> {
    let credentials = connect(seed).credentials;
    let mut client = IceClient::new(now, "client", credentials, vec![at(9)], seed);
    let mut check = [0; MAX_MESSAGE];
    let (_, len) = client
        .poll_transmit(now, &mut check)
        .expect("it checks at once");
    check.get(..len).unwrap_or_default().to_vec()
}

/// A check with a borrowed source address is authentic: the password is the sender's own.
#[test]
fn nobody_takes_an_address_whose_owner_was_heard_lately() {
    let mut both = joined();
    let other = ParticipantId::new(RoomId(1), 2);
    order(&mut both, |answer| {
        let connect = Connect {
            participant: other,
            ..*connect(2)
        };
        WorkerCommand::Connect(Box::new(connect), answer)
    })
    .expect("a good offer");
    let worker = &mut both.0;
    let [owner, newcomer] = [SOMEBODY, other].map(|who| worker.peers.key_of(who));
    let mut arrives = |seed, ms| {
        let now = Time::from_millis(ms);
        worker.handle_datagram(now, at(1), &mut check(seed, now));
        worker.peers.at(at(1))
    };
    assert_eq!(arrives(1, 1_000), owner);
    assert_eq!(arrives(2, 2_000), owner, "it is in use");
    assert_eq!(arrives(1, 6_000), owner);
    assert_eq!(arrives(2, 17_000), owner, "heard eleven seconds ago");
    assert_eq!(arrives(2, 19_000), newcomer, "its owner has left it");
}

/// Without it the other worker cannot keep a publisher's sound and picture together.
#[test]
fn a_sender_report_crosses_to_the_workers_that_have_the_track() {
    let (writer, mut reader) = relay_ring();
    let (mut worker, _orders) = worker_with(vec![None, Some(writer)]);
    let track = TrackId::new(RoomId(1), 3);
    let ingress = worker.forwarder.add_ingress(IngressConfig {
        track,
        publisher: SOMEBODY,
        kind: TrackKind::Camera,
        codecs: Vec::new(),
        extensions: ExtensionMap::new(),
        layers: 3,
    });
    let report = (7 << 32, 90_000);
    worker.take_report(Time::from_millis(1), (ingress, 2), report);
    assert_eq!(reader.drain(9, |_, _, _| {}), 0, "nobody else has it");
    worker.forwarder.set_relays(track, &[WorkerId(1)]);
    worker.take_report(Time::from_millis(2), (ingress, 2), report);
    let mut came = Vec::new();
    reader.drain(9, |track, layer, relayed| {
        came.push((track, layer, format!("{relayed:?}")));
    });
    let (ntp, rtp) = report;
    let expected = Message::SenderReport { ntp, rtp };
    assert_eq!(came, [(track, 2, format!("{expected:?}"))]);
}
