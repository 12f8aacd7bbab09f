//! Requests as RFC 8656 has them, one by one: what is refused with which code, and what expires when.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::SocketAddr;
use std::time::Duration;

use rtc_stun::attributes::{ATTR_NONCE, ATTR_REALM, ATTR_USERNAME, AttrType};
use rtc_stun::error_code::ErrorCodeAttribute;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::Setter as _;
use rtc_stun::message::{
    CLASS_ERROR_RESPONSE, CLASS_INDICATION, CLASS_REQUEST, Getter as _,
    METHOD_ALLOCATE as ALLOCATE, METHOD_BINDING as BINDING, METHOD_CHANNEL_BIND as CHANNEL_BIND,
    METHOD_CREATE_PERMISSION as CREATE_PERMISSION, METHOD_REFRESH as REFRESH, METHOD_SEND as SEND,
    MessageClass, MessageType, Method, TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;
use sideroom_route::Time;
use sideroom_turn::{
    Addresses, Client, Dropped, Handled, Limits, MAX_PACKET, Now, Secret, Strangers, Turn,
};

const CHANNEL_NUMBER: u16 = 0x000c;
const LIFETIME: u16 = 0x000d;
const PEER: u16 = 0x0012;
const DATA: u16 = 0x0013;
const FAMILY: u16 = 0x0017;
const TRANSPORT: u16 = 0x0019;
const UDP: (u16, &[u8]) = (TRANSPORT, &[17, 0, 0, 0]);

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The server and one client.
struct World {
    turn: Turn,
    strangers: Strangers,
    addresses: Addresses,
    client: Client,
    user: String,
    nonce: String,
    now: Duration,
    transactions: u64,
}

/// The outcome of a request.
#[derive(PartialEq, Eq, Debug)]
enum Said {
    Yes,
    No(u16),
}

impl World {
    fn new() -> Self {
        let peers = ["192.0.2.1:7910", "192.0.2.1:7911", "[2001:db8::1]:7910"].map(addr);
        let limits = Limits {
            bytes_per_s: 10_000,
            ..Limits::default()
        };
        let mut world = Self {
            turn: Turn::new(Secret::new(&[7; 32]), peers.to_vec(), limits),
            strangers: Strangers::new(50),
            addresses: Addresses::new(100, 4, 0),
            client: Client::new(addr("198.51.100.7:40000")),
            user: "5000:room/ada".into(),
            nonce: String::new(),
            now: Duration::ZERO,
            transactions: 0,
        };
        assert_eq!(
            world.ask(ALLOCATE, &[UDP]),
            Said::No(438),
            "and its nonce is learned"
        );
        world
    }

    /// With an allocation.
    fn allocated() -> Self {
        let mut world = Self::new();
        assert_eq!(world.ask(ALLOCATE, &[UDP]), Said::Yes);
        world
    }

    fn message(
        &mut self,
        (method, class): (Method, MessageClass),
        attributes: &[(u16, &[u8])],
        peers: &[&str],
    ) -> rtc_stun::message::Message {
        self.transactions += 1;
        let mut message = rtc_stun::message::Message::new();
        let mut transaction = [0; 12];
        transaction[..8].copy_from_slice(&self.transactions.to_be_bytes());
        message.transaction_id = TransactionId(transaction);
        message.set_type(MessageType::new(method, class));
        message.write_header();
        for (kind, value) in attributes {
            message.add(AttrType(*kind), value);
        }
        for peer in peers.iter().map(|peer| addr(peer)) {
            let peer = XorMappedAddress {
                ip: peer.ip(),
                port: peer.port(),
            };
            peer.add_to_as(&mut message, AttrType(PEER)).unwrap();
        }
        message
    }

    fn sign(&self, message: &mut rtc_stun::message::Message) {
        message.add(ATTR_USERNAME, self.user.as_bytes());
        message.add(ATTR_REALM, b"sideroom");
        message.add(ATTR_NONCE, self.nonce.as_bytes());
        let (expires, user) = self.user.split_once(':').unwrap_or(("0", ""));
        let password = self
            .turn
            .credentials(user, expires.parse().unwrap())
            .password;
        let provider = rtc_crypto::default_provider().unwrap();
        let integrity = MessageIntegrity::new_long_term_integrity_with_provider(
            self.user.clone(),
            "sideroom".into(),
            password,
            provider.crypto(),
        );
        integrity.unwrap().add_to(message).unwrap();
    }

    fn ask(&mut self, method: Method, attributes: &[(u16, &[u8])]) -> Said {
        self.ask_about(method, attributes, &[])
    }

    /// Sends a signed request, about these peers.
    fn ask_about(&mut self, method: Method, attributes: &[(u16, &[u8])], peers: &[&str]) -> Said {
        let mut message = self.message((method, CLASS_REQUEST), attributes, peers);
        self.sign(&mut message);
        self.send(&message.raw).expect("an answer")
    }

    fn now(&self) -> Now {
        Now {
            time: Time::ZERO + self.now,
            unix_s: self.now.as_secs(),
        }
    }

    /// Sends a message; the answer, or why there is none.
    fn send(&mut self, bytes: &[u8]) -> Result<Said, Dropped> {
        let mut out = Vec::new();
        let now = self.now();
        let shared = (&self.turn, &mut self.strangers);
        match self.client.handle(shared, now, bytes, &mut out)? {
            Handled::Allocate(requested) => {
                let port = self.addresses.take(&requested.user);
                let ip = if requested.ipv6 {
                    "2001:db8::1"
                } else {
                    "192.0.2.1"
                };
                let relayed = port.map(|port| SocketAddr::new(ip.parse().unwrap(), port));
                self.client
                    .allocate((&self.turn, now), requested, relayed, &mut out);
            }
            Handled::Ended { user, port } => self.addresses.give_back(&user, port),
            Handled::Answered => {}
            Handled::Relay { .. } => panic!("not a request"),
        }
        Ok(self.read(&out))
    }

    fn read(&mut self, out: &[u8]) -> Said {
        let mut answer = rtc_stun::message::Message::new();
        answer.unmarshal_binary(out).unwrap();
        if let Ok(nonce) = answer.get(ATTR_NONCE) {
            self.nonce = String::from_utf8(nonce).unwrap();
        }
        if answer.typ.class != CLASS_ERROR_RESPONSE {
            return Said::Yes;
        }
        let mut code = ErrorCodeAttribute::default();
        code.get_from(&answer).unwrap();
        Said::No(code.code.0)
    }

    /// Sends an indication with a packet; the peer that gets it.
    fn relay(&mut self, peer: &str, packet: &[u8]) -> Result<u16, Dropped> {
        let message = self.message((SEND, CLASS_INDICATION), &[(DATA, packet)], &[peer]);
        self.relayed(&message.raw, packet)
    }

    /// The same in a channel.
    fn relay_in(&mut self, channel: u16, packet: &[u8]) -> Result<u16, Dropped> {
        let mut bytes = channel.to_be_bytes().to_vec();
        bytes.extend((packet.len() as u16).to_be_bytes());
        bytes.extend(packet);
        self.relayed(&bytes, packet)
    }

    fn relayed(&mut self, bytes: &[u8], packet: &[u8]) -> Result<u16, Dropped> {
        let mut out = Vec::new();
        let now = self.now();
        let shared = (&self.turn, &mut self.strangers);
        match self.client.handle(shared, now, bytes, &mut out)? {
            Handled::Relay { peer, packet: at } => {
                assert_eq!(&bytes[at], packet);
                Ok(peer)
            }
            other => panic!("{other:?}"),
        }
    }

    fn bind(&mut self, channel: u16, peer: &str) -> Said {
        let number = [channel.to_be_bytes(), [0, 0]].concat();
        self.ask_about(CHANNEL_BIND, &[(CHANNEL_NUMBER, &number)], &[peer])
    }
}

#[test]
fn strangers_get_a_short_answer_and_not_often() {
    let mut world = World::new();
    let request = world.message((ALLOCATE, CLASS_REQUEST), &[UDP], &[]).raw;
    let mut out = Vec::new();
    let now = world.now();
    let shared = (&world.turn, &mut world.strangers);
    assert_eq!(
        world.client.handle(shared, now, &request, &mut out),
        Ok(Handled::Answered)
    );
    assert_eq!(world.read(&out), Said::No(401));
    assert!(
        out.len() <= 72,
        "{} bytes for a request of {}",
        out.len(),
        request.len()
    );
    let answers = (0..1_000).filter(|_| world.send(&request).is_ok()).count();
    assert!(answers <= 50, "{answers}");
    assert_eq!(world.send(&request), Err(Dropped::TooOften));
    // Those with credentials are answered meanwhile.
    assert_eq!(world.ask(ALLOCATE, &[UDP]), Said::Yes);
    // A second later there are answers again.
    world.now += Duration::from_secs(1);
    assert_eq!(world.send(&request), Ok(Said::No(401)));
}

#[test]
fn the_reflexive_address_is_told_to_anybody() {
    let mut world = World::new();
    let request = world.message((BINDING, CLASS_REQUEST), &[], &[]).raw;
    assert_eq!(world.send(&request), Ok(Said::Yes));
}

#[test]
fn a_request_must_be_whole_and_authentic() {
    let mut world = World::new();
    let mut half = world.message((ALLOCATE, CLASS_REQUEST), &[UDP], &[]);
    let provider = rtc_crypto::default_provider().unwrap();
    MessageIntegrity::new_raw_integrity_with_provider(b"key".to_vec(), provider.crypto())
        .add_to(&mut half)
        .unwrap();
    assert_eq!(
        world.send(&half.raw),
        Ok(Said::No(400)),
        "no user, realm and nonce"
    );
    let mut whole = world.message((ALLOCATE, CLASS_REQUEST), &[UDP], &[]);
    world.sign(&mut whole);
    for at in 20..whole.raw.len() - 24 {
        let mut changed = whole.raw.clone();
        changed[at] ^= 1;
        let said = world.send(&changed);
        assert!(!matches!(said, Ok(Said::Yes)), "byte {at}: {said:?}");
    }
    assert_eq!(world.send(&whole.raw), Ok(Said::Yes));
    assert_eq!(
        world.send(&whole.raw),
        Ok(Said::Yes),
        "sent again it gets the same answer"
    );
    assert_eq!(world.addresses.len(), 1);
    assert_eq!(world.ask(ALLOCATE, &[UDP]), Said::No(437));
}

#[test]
fn nonces_are_for_one_client_and_end() {
    let mut world = World::allocated();
    world.now = Duration::from_secs(590);
    assert_eq!(world.ask(REFRESH, &[]), Said::Yes);
    world.now = Duration::from_secs(610);
    assert_eq!(world.ask(REFRESH, &[]), Said::No(438));
    assert_eq!(world.ask(REFRESH, &[]), Said::Yes, "with the new one");
    let mut another = World::new();
    another.client = Client::new(addr("198.51.100.8:40000"));
    assert_eq!(another.ask(ALLOCATE, &[UDP]), Said::No(438));
}

#[test]
fn an_allocation_is_for_udp_and_a_family_that_a_peer_has() {
    let mut world = World::new();
    assert_eq!(world.ask(ALLOCATE, &[]), Said::No(400));
    assert_eq!(
        world.ask(ALLOCATE, &[(TRANSPORT, &[6, 0, 0, 0])]),
        Said::No(442)
    );
    assert_eq!(
        world.ask(ALLOCATE, &[UDP, (FAMILY, &[3, 0, 0, 0])]),
        Said::No(440)
    );
    assert_eq!(
        world.ask(ALLOCATE, &[UDP, (0x0018, &[0x80, 0, 0, 0])]),
        Said::No(420),
        "EVEN-PORT"
    );
    assert!(world.addresses.is_empty());
    assert_eq!(
        world.ask(ALLOCATE, &[UDP, (FAMILY, &[2, 0, 0, 0])]),
        Said::Yes
    );
    assert!(world.client.relayed().unwrap().is_ipv6());
    assert_eq!(
        world.ask(REFRESH, &[(FAMILY, &[1, 0, 0, 0])]),
        Said::No(443)
    );
    assert_eq!(
        world.ask_about(CREATE_PERMISSION, &[], &["192.0.2.1:1"]),
        Said::No(443)
    );
    assert_eq!(
        world.ask_about(CREATE_PERMISSION, &[], &["[2001:db8::1]:1"]),
        Said::Yes
    );
}

#[test]
fn only_its_user_can_change_an_allocation() {
    let mut world = World::new();
    assert_eq!(world.ask(REFRESH, &[]), Said::No(437), "there is none");
    assert_eq!(world.ask(ALLOCATE, &[UDP]), Said::Yes);
    world.user = "5000:room/eve".into();
    for method in [REFRESH, CREATE_PERMISSION, CHANNEL_BIND, ALLOCATE] {
        assert_eq!(world.ask(method, &[UDP]), Said::No(441));
    }
}

#[test]
fn packets_reach_permitted_peers_only() {
    let mut world = World::allocated();
    assert_eq!(
        world.relay("192.0.2.1:7910", b"x"),
        Err(Dropped::NotPermitted)
    );
    let permit = |world: &mut World, peers: &[&str]| world.ask_about(CREATE_PERMISSION, &[], peers);
    assert_eq!(permit(&mut world, &[]), Said::No(400));
    // One that is no peer spoils the request.
    assert_eq!(
        permit(&mut world, &["192.0.2.1:7910", "192.0.2.9:7910"]),
        Said::No(403)
    );
    assert_eq!(
        world.relay("192.0.2.1:7910", b"x"),
        Err(Dropped::NotPermitted)
    );
    assert_eq!(permit(&mut world, &["192.0.2.1:7910"]), Said::Yes);
    assert_eq!(world.relay("192.0.2.1:7910", b"x"), Ok(0));
    assert_eq!(
        world.relay("192.0.2.1:7911", b"x"),
        Ok(1),
        "permissions are by IP address"
    );
    for other in [
        "192.0.2.1:22",
        "192.0.2.1:7902",
        "192.0.2.9:7910",
        "127.0.0.1:7910",
        "[2001:db8::1]:7910",
    ] {
        assert_eq!(
            world.relay(other, b"x"),
            Err(Dropped::NotPermitted),
            "{other}"
        );
        if other != "[2001:db8::1]:7910" {
            assert_eq!(world.bind(0x4001, other), Said::No(403), "{other}");
        }
    }
    assert_eq!(
        world.relay("192.0.2.1:7910", &[0; MAX_PACKET + 1]),
        Err(Dropped::Malformed)
    );
    world.now = Duration::from_secs(299);
    assert_eq!(world.relay("192.0.2.1:7910", b"x"), Ok(0));
    world.now = Duration::from_secs(300);
    assert_eq!(
        world.relay("192.0.2.1:7910", b"x"),
        Err(Dropped::NotPermitted),
        "it has ended"
    );
}

#[test]
fn a_channel_is_one_peer_and_a_peer_one_channel() {
    let mut world = World::allocated();
    let (one, two) = ("192.0.2.1:7910", "192.0.2.1:7911");
    assert_eq!(world.relay_in(0x4000, b"x"), Err(Dropped::NotPermitted));
    assert_eq!(world.bind(0x3fff, one), Said::No(400));
    assert_eq!(world.bind(0x5000, one), Said::No(400));
    assert_eq!(world.bind(0x4000, one), Said::Yes);
    assert_eq!(world.bind(0x4000, one), Said::Yes, "refreshed");
    assert_eq!(world.bind(0x4000, two), Said::No(400));
    assert_eq!(world.bind(0x4001, one), Said::No(400));
    assert_eq!(world.bind(0x4fff, two), Said::Yes);
    assert_eq!(world.bind(0x4000, two), Said::No(400), "both are taken");
    assert_eq!(world.relay_in(0x4000, b"x"), Ok(0));
    assert_eq!(world.relay_in(0x4fff, b"four"), Ok(1));
    assert_eq!(world.relay_in(0x4001, b"x"), Err(Dropped::NotPermitted));
    let path = world.client.path(&world.turn, world.now().time, 1);
    assert_eq!(path.channel, Some(0x4fff));
    // The permission ends after 300 s, the channel itself after 600 s; binding again renews both.
    world.now = Duration::from_secs(301);
    assert_eq!(world.relay_in(0x4000, b"x"), Err(Dropped::NotPermitted));
    assert_eq!(world.bind(0x4000, one), Said::Yes);
    assert_eq!(world.relay_in(0x4000, b"x"), Ok(0));
    let path = world.client.path(&world.turn, world.now().time, 0);
    assert!(path.is_open(world.now().time));
}

#[test]
fn a_client_sends_so_many_bytes_a_second() {
    let mut world = World::allocated();
    assert_eq!(world.bind(0x4000, "192.0.2.1:7910"), Said::Yes);
    let mut sent = 0;
    for step in 0..1_000 {
        world.now = Duration::from_millis(step * 10);
        sent += usize::from(world.relay_in(0x4000, &[0; 1_000]).is_ok());
    }
    // 10,000 bytes a second for 10 s, and as many at once.
    assert!((95..=110).contains(&sent), "{sent}");
    assert_eq!(world.relay_in(0x4000, &[0; 1_000]), Err(Dropped::TooMuch));
}

#[test]
fn a_lifetime_is_within_its_bounds() {
    let mut world = World::allocated();
    for asked in [1_u32, 600, 100_000, u32::MAX] {
        assert_eq!(
            world.ask(REFRESH, &[(LIFETIME, &asked.to_be_bytes())]),
            Said::Yes
        );
        let left = world.client.poll_timeout().since(world.now().time);
        assert_eq!(left, Duration::from_secs(600));
    }
    assert_eq!(world.ask(REFRESH, &[(LIFETIME, &[0; 4])]), Said::Yes);
    assert!(world.addresses.is_empty());
    assert_eq!(world.ask(REFRESH, &[]), Said::No(437));
}
