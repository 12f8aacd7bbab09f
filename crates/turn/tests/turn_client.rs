//! An independent TURN client (webrtc-rs) allocates, is permitted our peers and nobody else, and is relayed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_shared::{TransportContext, TransportMessage, TransportProtocol};
use rtc_turn::client::{Client as Other, ClientConfig, Event};
use sansio::Protocol as _;
use sideroom_route::Time;
use sideroom_turn::{
    Addresses, Client, Full, Handled, Limits, Messages, Now, Secret, Strangers, Turn, frame,
};

const SERVER: &str = "192.0.2.1:443";
const LOCAL: &str = "198.51.100.7:40000";
const PEERS: [&str; 2] = ["192.0.2.1:7910", "192.0.2.1:7911"];

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A client, the server, and the packets that peers received.
struct World {
    turn: Turn,
    strangers: Strangers,
    addresses: Addresses,
    client: Client,
    other: Other,
    stream: Option<Messages>,
    begun: Instant,
    now: Duration,
    relayed: Vec<(u16, Vec<u8>)>,
}

#[allow(
    clippy::disallowed_methods,
    reason = "the client wants moments of the system's clock"
)]
fn instant() -> Instant {
    Instant::now()
}

impl World {
    fn new(password: Option<&str>, stream: bool) -> Self {
        let peers = PEERS.map(addr).to_vec();
        let turn = Turn::new(Secret::new(&[7; 32]), peers, Limits::default());
        let credentials = turn.credentials("room/ada", 1_000);
        let config = ClientConfig {
            turn_serv_addr: SERVER.into(),
            local_addr: addr(LOCAL),
            transport_protocol: if stream {
                TransportProtocol::TCP
            } else {
                TransportProtocol::UDP
            },
            username: credentials.username,
            password: password.map_or(credentials.password, Into::into),
            ..ClientConfig::default()
        };
        let provider = rtc_crypto::default_provider().unwrap();
        Self {
            turn,
            strangers: Strangers::new(50),
            addresses: Addresses::new(100, 4, 0),
            client: Client::new(addr(LOCAL)),
            other: Other::new(config, provider).unwrap(),
            stream: stream.then(Messages::default),
            begun: instant(),
            now: Duration::ZERO,
            relayed: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        Now {
            time: Time::ZERO + self.now,
            unix_s: 900 + self.now.as_secs(),
        }
    }

    fn instant(&self) -> Instant {
        self.begun + self.now
    }

    /// Carries everything that the client has to say to the server, and the answers back.
    fn exchange(&mut self) {
        while let Some(message) = self.other.poll_write() {
            let mut out = Vec::new();
            match self.stream.take() {
                None => self.serve(&message.message, &mut out),
                Some(mut stream) => {
                    stream.read(&message.message);
                    while let Some(message) = stream.next_message().unwrap() {
                        let message = message.to_vec();
                        self.serve(&message, &mut out);
                    }
                    self.stream = Some(stream);
                }
            }
            if !out.is_empty() {
                self.deliver(&out);
            }
        }
    }

    fn serve(&mut self, message: &[u8], out: &mut Vec<u8>) {
        let now = self.now();
        let shared = (&self.turn, &mut self.strangers);
        match self.client.handle(shared, now, message, out).unwrap() {
            Handled::Answered => {}
            Handled::Relay { peer, packet } => self.relayed.push((peer, message[packet].to_vec())),
            Handled::Allocate(requested) => {
                let port = self.addresses.take(&requested.user);
                let relayed = port.map(|port| SocketAddr::new(addr(SERVER).ip(), port));
                self.client
                    .allocate((&self.turn, now), requested, relayed, out);
            }
            Handled::Ended { user, port } => self.addresses.give_back(&user, port),
        }
    }

    fn deliver(&mut self, bytes: &[u8]) {
        let message = TransportMessage {
            now: self.instant(),
            transport: TransportContext {
                local_addr: addr(LOCAL),
                peer_addr: addr(SERVER),
                transport_protocol: TransportProtocol::UDP,
                ecn: None,
            },
            message: BytesMut::from(bytes),
        };
        self.other.handle_read(message).unwrap();
    }

    fn event(&mut self) -> Event {
        self.exchange();
        self.other.poll_event().expect("an event")
    }

    /// The relayed address.
    fn allocate(&mut self) -> SocketAddr {
        self.other.allocate(self.instant()).unwrap();
        match self.event() {
            Event::AllocateResponse(_, relayed) => relayed,
            other => panic!("{other:?}"),
        }
    }

    fn permit(&mut self, relayed: SocketAddr, peer: SocketAddr) -> Event {
        let now = self.instant();
        let mut relay = self.other.relay(relayed).unwrap();
        relay.create_permission(now, peer).unwrap();
        self.event()
    }
}

fn check(stream: bool) {
    let mut world = World::new(None, stream);
    let relayed = world.allocate();
    assert_eq!(world.client.relayed(), Some(relayed));
    let peer = addr(PEERS[1]);
    let permitted = world.permit(relayed, peer);
    assert!(
        matches!(permitted, Event::CreatePermissionResponse(_, of) if of == peer),
        "{permitted:?}"
    );
    let now = world.instant();
    // The first goes as a Send indication, the rest in the channel that the client binds meanwhile.
    for packet in ["one", "three", "fourth"] {
        world
            .other
            .relay(relayed)
            .unwrap()
            .send_to(now, packet.as_bytes(), peer)
            .unwrap();
        world.exchange();
    }
    let expected = ["one", "three", "fourth"].map(|packet| (1, packet.as_bytes().to_vec()));
    assert_eq!(world.relayed, expected);

    let path = world.client.path(&world.turn, world.now().time, 1);
    assert!(
        path.is_open(world.now().time) && path.channel.is_some(),
        "{path:?}"
    );
    let unbound = sideroom_turn::Path {
        channel: None,
        ..path
    };
    for (path, number) in [(path, path.channel), (unbound, None)] {
        let mut framed = Vec::new();
        frame(path, peer, b"back!", ([9; 12], stream), &mut framed);
        world.deliver(&framed);
        match world.other.poll_event().unwrap() {
            Event::DataIndicationOrChannelData(channel, from, packet) => {
                assert_eq!(channel.map(|channel| channel.0), number);
                assert_eq!((from, &packet[..]), (peer, &b"back!"[..]));
            }
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(world.addresses.len(), 1);
    let now = world.instant();
    world.other.relay(relayed).unwrap().close(now).unwrap();
    world.exchange();
    assert!(world.addresses.is_empty());
    assert_eq!(world.client.relayed(), None);
}

#[test]
fn a_client_is_relayed_over_datagrams() {
    check(false);
}

#[test]
fn a_client_is_relayed_over_a_stream() {
    check(true);
}

#[test]
fn no_address_but_the_peers_is_permitted() {
    let mut world = World::new(None, false);
    let relayed = world.allocate();
    for other in [
        "198.51.100.1:7910",
        "127.0.0.1:7910",
        "10.0.0.1:22",
        "192.0.2.2:7910",
        "0.0.0.0:1",
    ] {
        let event = world.permit(relayed, addr(other));
        let Event::CreatePermissionError(_, error) = event else {
            panic!("{event:?}")
        };
        assert!(error.to_string().contains("403"), "{other}: {error}");
    }
    assert_eq!(world.relayed, []);
}

#[test]
fn a_wrong_password_gets_no_address() {
    let mut world = World::new(Some("guessed"), false);
    world.other.allocate(world.instant()).unwrap();
    let event = world.event();
    let Event::AllocateError(_, error) = event else {
        panic!("{event:?}")
    };
    assert!(error.to_string().contains("401"), "{error}");
    assert!(world.addresses.is_empty());
}

#[test]
fn credentials_end_and_an_allocation_lives_on() {
    let mut world = World::new(None, false);
    let relayed = world.allocate();
    // The credentials end after 100 s, the nonce after 600 s.
    world.now = Duration::from_secs(400);
    world.other.handle_timeout(world.instant()).unwrap();
    world.exchange();
    world.now = Duration::from_secs(900);
    assert_eq!(
        world.client.handle_timeout(world.now().time),
        None,
        "it was refreshed"
    );
    assert_eq!(world.client.relayed(), Some(relayed));

    let mut late = World::new(None, false);
    late.now = Duration::from_secs(101);
    late.other.allocate(late.instant()).unwrap();
    let event = late.event();
    assert!(matches!(event, Event::AllocateError(..)), "{event:?}");
}

#[test]
fn an_allocation_that_is_not_refreshed_ends() {
    let mut world = World::new(None, false);
    let relayed = world.allocate();
    world.now = Duration::from_secs(599);
    assert_eq!(world.client.handle_timeout(world.now().time), None);
    world.now = Duration::from_secs(600);
    let ended = world.client.handle_timeout(world.now().time);
    assert_eq!(ended, Some(("room/ada".to_owned(), relayed.port())));
    assert_eq!(world.client.poll_timeout(), Time::NEVER);
}

#[test]
fn quotas_are_told_apart() {
    for (full, code) in [(Full::User, "486"), (Full::Server, "508")] {
        let mut world = World::new(None, false);
        world.addresses = Addresses::new(if full == Full::User { 2 } else { 1 }, 1, 0);
        let held_by = if full == Full::User {
            "room/ada"
        } else {
            "room/ben"
        };
        world.addresses.take(held_by).unwrap();
        world.other.allocate(world.instant()).unwrap();
        let event = world.event();
        let Event::AllocateError(_, error) = event else {
            panic!("{event:?}")
        };
        assert!(error.to_string().contains(code), "{error}");
    }
}
