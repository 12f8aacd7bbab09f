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
use sideroom_session::ice::{IceClient, MAX_MESSAGE};
use sideroom_session::sdp::Offer;
use sideroom_session::{IceCredentials, RoomCodecs};
use tokio::sync::{mpsc, oneshot};

use super::command::{AnsweredOffer, Connect, Connected, WorkerCommand};
use super::counts::PublishedCounts;
use super::outbox::Outbox;
use super::pacer::Pacer;
use super::relay_ring::{RelayWriter, relay_ring};
use super::transports::Transports;
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
        wakers: vec![port.waker()],
        port,
        commands: orders,
        relays_out,
        relays_in: Vec::new(),
        outbox: Outbox::new(WorkerId(0), Incarnation::default(), mpsc::channel(16).0),
        heartbeat: Arc::default(),
        fence: Arc::default(),
        lease: Arc::default(),
        published: Arc::new(PublishedCounts::default()),
        handshakes: sync_channel(1).0,
    };
    (
        Worker::new(parts, Forwarder::new(ForwardConfig::default())),
        commands,
    )
}

fn credentials(number: u64) -> IceCredentials {
    IceCredentials {
        ufrag: format!("name{number}"),
        password: "a password of more than 22 characters".to_owned(),
    }
}

/// An answer to a first offer of `participant`.
fn answered(participant: ParticipantId, number: u64, offer: &str) -> Box<AnsweredOffer> {
    let answered = Transports::of_tests().answer(Connect {
        participant,
        offer: Arc::new(Offer::parse(offer).expect("a good offer")),
        hints: Vec::new(),
        codecs: RoomCodecs::default(),
        tracks: Vec::new(),
        credentials: credentials(number),
        seed: number,
    });
    Box::new(answered.expect("a good offer"))
}

fn connect(number: u64) -> Box<AnsweredOffer> {
    answered(SOMEBODY, number, OFFER)
}

/// An answer to a further offer after `before`.
fn further(before: &AnsweredOffer, number: u64, offer: &str) -> Box<AnsweredOffer> {
    let offer = Offer::parse(offer).expect("a good offer");
    let next = before.negotiation.go_on(&offer, &[], credentials(number));
    let (negotiation, answer) = next.expect("a good offer");
    Box::new(AnsweredOffer {
        negotiation: Arc::new(negotiation),
        answer,
        ..before.clone()
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
    });
    assert!(!made.slots.is_empty());
    both
}

/// A newcomer gets the number of one who has left: the packets noted for that one must be gone by then.
#[test]
fn what_was_let_out_leaves_before_an_order_is_carried_out() {
    let mut both = worker();
    assert!(both.0.send_path.bundles.note(SubscriberId(0), &video(1)));
    order(&mut both, |answer| {
        WorkerCommand::Connect(connect(1), answer)
    });
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
    assert!(both.0.send_path.bundles.is_empty());
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
        WorkerCommand::Reoffer(further(&connect(1), 2, OFFER), answer)
    });
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

/// The room counts three, two, three audio slots, and uses the lowest numbers.
#[test]
fn a_slot_that_a_later_offer_switches_off_gives_up_its_number() {
    let (session, media) = OFFER.split_once("m=audio").expect("it has audio");
    let (audio, _) = media.split_once("m=video").expect("it has video");
    let of_slots = |directions: [&str; 3]| {
        let sections = directions.iter().enumerate().map(|(mid, direction)| {
            let named = audio.replace("a=mid:0", &format!("a=mid:{mid}"));
            format!("m=audio{}", named.replace("a=recvonly", direction))
        });
        let sections = sections.collect::<String>();
        let session = session.replace("BUNDLE 0 1", "BUNDLE 0 1 2");
        session + &sections
    };
    let all = ["a=recvonly"; 3];
    let middle_off = ["a=recvonly", "a=inactive", "a=recvonly"];
    let [first, second, third] = [0, 1, 2].map(SlotId::audio);
    let mut both = worker();
    let mut last = answered(SOMEBODY, 1, &of_slots(all));
    let first_answer = last.clone();
    let made = order(&mut both, |answer| {
        WorkerCommand::Connect(first_answer, answer)
    });
    assert!(made.renumbered.is_empty());
    let mut later = |directions| {
        last = further(&last, 1, &of_slots(directions));
        let answered = last.clone();
        let made = order(&mut both, |answer| WorkerCommand::Reoffer(answered, answer));
        let peers = &mut both.0.peers;
        let key = peers.key_of(SOMEBODY).expect("it is there");
        let held = peers.get_mut(key).expect("it is there").slots.iter();
        let held: Vec<_> = held.map(|(slot, _)| *slot).collect();
        let told: Vec<_> = made.slots.iter().map(|(slot, _)| *slot).collect();
        assert_eq!(held, told);
        (told, made.renumbered)
    };
    let swapped = vec![first, third, second];
    assert_eq!(later(middle_off), (swapped.clone(), vec![third, second]));
    assert_eq!(later(all), (swapped, Vec::new()));
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
    worker.orders_time = std::time::Duration::MAX;
    assert!(worker.run_commands(&mut Time::from_millis(1)));
    assert_eq!(worker.orders_left, 0);
    // The last one waits, and would have been to stop.
    commands
        .send(WorkerCommand::Stop)
        .expect("room in the queue");
    assert!(worker.run_commands(&mut Time::from_millis(1)));
    assert!(!worker.begin_round(&mut Time::from_millis(1)));
}

#[test]
fn orders_that_take_long_wait_for_the_next_round() {
    let (mut worker, commands) = worker();
    let order = || WorkerCommand::Order(Order::RemoveRoom(RoomId(1)), None);
    commands.send(order()).expect("room in the queue");
    commands
        .send(WorkerCommand::Stop)
        .expect("room in the queue");
    worker.orders_left = 9;
    worker.orders_time = std::time::Duration::ZERO;
    assert!(worker.run_commands(&mut Time::from_millis(1)));
    assert_eq!(worker.orders_left, 0, "the second one waits");
    assert!(!worker.begin_round(&mut Time::from_millis(1)));
}

/// It came in fragments, and would leave in fragments to every subscriber.
#[test]
fn media_longer_than_a_frame_of_ethernet_go_no_further() {
    let mut both = joined();
    let worker = &mut both.0;
    let mut arrives = |len| {
        let mut datagram = vec![0x80; len];
        worker.handle_datagram(Time::from_millis(1), at(1), &mut datagram);
        worker.counts.dropped(DropReason::TooLong)
    };
    assert_eq!(
        arrives(1_472),
        0,
        "refused for another reason: nobody is there"
    );
    assert_eq!(arrives(1_473), 1);
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
            WorkerCommand::Reoffer(further(&connect(1), seed, OFFER), answer)
        });
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
    let mut client = IceClient::new(now, "client", credentials(seed), vec![at(9)], seed);
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
        WorkerCommand::Connect(answered(other, 2, OFFER), answer)
    });
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
