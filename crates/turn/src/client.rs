//! The state of one client, by address or connection, and the handling of each message.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use aws_lc_rs::hmac;
use sideroom_route::Time;

use crate::addresses::Full;
use crate::allocation::{Allocation, Path};
use crate::channel::{self, MAX_PACKET, NUMBERS};
use crate::credentials::{REALM, Username};
use crate::message::{Class, Message, Method, Transaction, Writer, attribute, is_stun};
use crate::strangers::Strangers;
use crate::{PeerIndex, Turn};

/// The life of an allocation whose client asks for none (RFC 8656 section 3.2).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
/// REQUESTED-TRANSPORT: UDP.
const UDP: u8 = 17;
/// SOFTWARE of signed answers.
const SOFTWARE: &[u8] = b"Sideroom";

/// The time on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub time: Time,
    /// For the end of credentials.
    pub unix_s: u64,
}

/// The outcome of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handled {
    /// The answer is in `out`. The client's [paths](Client::path) may have changed.
    Answered,
    /// These bytes of the message are a packet for a peer.
    Relay {
        peer: PeerIndex,
        packet: Range<usize>,
    },
    /// The client may have a relayed address: find one and call [`Client::allocate`].
    Allocate(Requested),
    /// The client ended the allocation. The answer is in `out`.
    Ended { user: String, port: u16 },
}

/// A request for a relayed address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requested {
    /// The user that quotas count.
    pub user: String,
    /// An IPv6 address is wanted.
    pub ipv6: bool,
    username: String,
    transaction: Transaction,
    lifetime: Duration,
}

/// The reason why a message has no effect and no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dropped {
    /// Not TURN, or lengths that contradict each other.
    Malformed,
    /// The address asks too often without valid credentials.
    TooOften,
    /// There is no permission for the peer, or no channel of that number.
    NotPermitted,
    /// More bytes than the client may send.
    TooMuch,
}

/// An error answer.
struct Refusal {
    code: u16,
    unknown: Vec<u16>,
}

impl From<u16> for Refusal {
    fn from(code: u16) -> Self {
        Self {
            code,
            unknown: Vec::new(),
        }
    }
}

/// A client of one address, as the server sees the address.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    allocation: Option<Allocation>,
}

impl Client {
    /// A client that has nothing yet.
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            allocation: None,
        }
    }

    /// Takes one message: a datagram, or a part of a stream that [`crate::Messages`] has cut out. Appends the
    /// answer to `out`, if there is one.
    pub fn handle(
        &mut self,
        (turn, strangers): (&Turn, &mut Strangers),
        now: Now,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Handled, Dropped> {
        let first = *bytes.first().ok_or(Dropped::Malformed)?;
        if !is_stun(first) {
            return self.handle_channel_data(turn, now, bytes);
        }
        let message = Message::parse(bytes).ok_or(Dropped::Malformed)?;
        match (message.class, message.method) {
            (Class::Indication, Method::Send) => self.handle_send(turn, now, &message),
            // Browsers keep their path open with it.
            (Class::Indication, Method::Binding) => Err(Dropped::NotPermitted),
            (Class::Request, Method::Binding) => {
                if !strangers.admit(now.time, self.address.ip()) {
                    return Err(Dropped::TooOften);
                }
                let kind = (Method::Binding, Class::Success);
                Writer::begin(out, kind, message.transaction)
                    .address(attribute::XOR_MAPPED_ADDRESS, self.address)
                    .finish(None);
                Ok(Handled::Answered)
            }
            (Class::Request, Method::Send | Method::Data) => Err(Dropped::Malformed),
            (Class::Request, _) => match self.authenticate(turn, now, &message) {
                Ok(user) => Ok(self.handle_request((turn, now), user, &message, out)),
                Err(code) => self.challenge((turn, strangers), now, (&message, code), out),
            },
            _ => Err(Dropped::Malformed),
        }
    }

    /// Takes a message that does not begin as STUN does: nearly all are such, and they never need the table of
    /// strangers.
    pub fn handle_channel_data(
        &mut self,
        turn: &Turn,
        now: Now,
        bytes: &[u8],
    ) -> Result<Handled, Dropped> {
        let (number, packet) = channel::parse(bytes).ok_or(Dropped::Malformed)?;
        let peer = self
            .live(now)
            .and_then(|allocation| allocation.peer_of(now.time, number));
        self.relay((turn, now), peer, packet)
    }

    fn handle_send(
        &mut self,
        turn: &Turn,
        now: Now,
        message: &Message<'_>,
    ) -> Result<Handled, Dropped> {
        let packet = message.data.clone().ok_or(Dropped::Malformed)?;
        let peer = message.peers().next().ok_or(Dropped::Malformed)?;
        if packet.len() > MAX_PACKET || !message.unknown().is_empty() {
            return Err(Dropped::Malformed);
        }
        self.relay((turn, now), turn.peer(peer), packet)
    }

    /// Lets a packet through if there is a permission and the rate allows it.
    fn relay(
        &mut self,
        (turn, now): (&Turn, Now),
        peer: Option<PeerIndex>,
        packet: Range<usize>,
    ) -> Result<Handled, Dropped> {
        let peer = peer.ok_or(Dropped::NotPermitted)?;
        let address = turn
            .peers()
            .get(usize::from(peer))
            .ok_or(Dropped::NotPermitted)?;
        let allocation = self.live(now).ok_or(Dropped::NotPermitted)?;
        if !allocation.is_permitted(now.time, address.ip()) {
            return Err(Dropped::NotPermitted);
        }
        let bytes = packet.len() as u64;
        if !allocation
            .rate
            .take(now.time, bytes, turn.limits().bytes_per_s)
        {
            return Err(Dropped::TooMuch);
        }
        Ok(Handled::Relay { peer, packet })
    }

    /// The allocation, unless it has expired.
    fn live(&mut self, now: Now) -> Option<&mut Allocation> {
        let allocation = self.allocation.as_mut();
        allocation.filter(|allocation| now.time < allocation.expires)
    }

    /// The long-term mechanism (RFC 8489 section 9.2.4): the user name, or the code of the refusal.
    fn authenticate<'a>(
        &mut self,
        turn: &Turn,
        now: Now,
        message: &Message<'a>,
    ) -> Result<(Username<'a>, hmac::Key), u16> {
        if !message.is_signed() {
            return Err(401);
        }
        let (Some(username), Some(_), Some(nonce)) =
            (message.username, message.realm, message.nonce)
        else {
            return Err(400);
        };
        if !turn.nonces().is_good(now.time, self.address, nonce) {
            return Err(438);
        }
        let username = Username::parse(username).ok_or(401_u16)?;
        let own = self.live(now).filter(|own| own.username == username.whole);
        let key = match &own {
            Some(allocation) => allocation.key.clone(),
            None => turn.secret().key_of(username.whole),
        };
        // An allocation lives on with the credentials that it was made with.
        let in_time = own.is_some() || now.unix_s < username.expires_unix_s;
        if !message.is_authentic(&key) || !in_time {
            return Err(401);
        }
        Ok((username, key))
    }

    /// Refuses a request that is not authentic. As short as can be, since anybody can ask.
    fn challenge(
        &self,
        (turn, strangers): (&Turn, &mut Strangers),
        now: Now,
        (message, code): (&Message<'_>, u16),
        out: &mut Vec<u8>,
    ) -> Result<Handled, Dropped> {
        if !strangers.admit(now.time, self.address.ip()) {
            return Err(Dropped::TooOften);
        }
        let mut answer = Writer::begin(out, (message.method, Class::Error), message.transaction);
        answer.error(code);
        if code != 400 {
            let nonce = turn.nonces().make(now.time, self.address);
            answer
                .attribute(attribute::REALM, REALM.as_bytes())
                .attribute(attribute::NONCE, nonce.as_bytes());
        }
        answer.finish(None);
        Ok(Handled::Answered)
    }

    fn handle_request(
        &mut self,
        (turn, now): (&Turn, Now),
        (username, key): (Username<'_>, hmac::Key),
        message: &Message<'_>,
        out: &mut Vec<u8>,
    ) -> Handled {
        let done = match self.check(now, username, message) {
            Err(refusal) => Err(refusal),
            Ok(()) => match message.method {
                Method::Allocate => self.handle_allocate((turn, now), username, message),
                Method::Refresh => self.handle_refresh((turn, now), message),
                Method::CreatePermission => self.handle_permission((turn, now), message),
                _ => self.handle_bind((turn, now), message),
            },
        };
        let refusal = match done {
            Ok(Done::Allocate(requested)) => return Handled::Allocate(requested),
            Ok(Done::Again) => {
                self.write_allocated(now, message.transaction, out);
                return Handled::Answered;
            }
            Ok(Done::Lifetime(lifetime)) => {
                let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
                success(message, out)
                    .word(attribute::LIFETIME, seconds)
                    .attribute(attribute::SOFTWARE, SOFTWARE)
                    .finish(Some(&key));
                let ended = lifetime.is_zero().then(|| self.end()).flatten();
                return ended.map_or(Handled::Answered, |(user, port)| Handled::Ended {
                    user,
                    port,
                });
            }
            Ok(Done::Plain) => {
                success(message, out)
                    .attribute(attribute::SOFTWARE, SOFTWARE)
                    .finish(Some(&key));
                return Handled::Answered;
            }
            Err(refusal) => refusal,
        };
        let mut answer = Writer::begin(out, (message.method, Class::Error), message.transaction);
        answer.error(refusal.code);
        if !refusal.unknown.is_empty() {
            answer.unknown(&refusal.unknown);
        }
        answer
            .attribute(attribute::SOFTWARE, SOFTWARE)
            .finish(Some(&key));
        Handled::Answered
    }

    /// Checks that hold for every request (RFC 8656 section 5).
    fn check(
        &mut self,
        now: Now,
        username: Username<'_>,
        message: &Message<'_>,
    ) -> Result<(), Refusal> {
        if !message.unknown().is_empty() {
            return Err(Refusal {
                code: 420,
                unknown: message.unknown().to_vec(),
            });
        }
        let allocate = message.method == Method::Allocate;
        match self.live(now) {
            Some(own) if own.username != username.whole => Err(441.into()),
            None if !allocate => Err(437.into()),
            _ => Ok(()),
        }
    }

    /// RFC 8656 section 7.2.
    fn handle_allocate(
        &mut self,
        (turn, now): (&Turn, Now),
        username: Username<'_>,
        message: &Message<'_>,
    ) -> Result<Done, Refusal> {
        if let Some(own) = self.live(now) {
            let again = own.transaction == message.transaction;
            return if again {
                Ok(Done::Again)
            } else {
                Err(437.into())
            };
        }
        match message.transport {
            None => return Err(400.into()),
            Some(UDP) => {}
            Some(_) => return Err(442.into()),
        }
        let ipv6 = match message.family {
            None => turn.default_is_ipv6(),
            Some(1) => false,
            Some(2) => true,
            Some(_) => return Err(440.into()),
        };
        if !turn.has_family(ipv6) {
            return Err(440.into());
        }
        Ok(Done::Allocate(Requested {
            user: username.user.to_owned(),
            ipv6,
            username: username.whole.to_owned(),
            transaction: message.transaction,
            lifetime: lifetime(turn, message.lifetime),
        }))
    }

    /// RFC 8656 section 8.2.
    fn handle_refresh(
        &mut self,
        (turn, now): (&Turn, Now),
        message: &Message<'_>,
    ) -> Result<Done, Refusal> {
        let own = self.live(now).ok_or(437)?;
        let family = message.family.map(|family| family == 2);
        if family.is_some_and(|ipv6| own.relayed.is_ipv6() != ipv6) {
            return Err(443.into());
        }
        if message.lifetime == Some(0) {
            return Ok(Done::Lifetime(Duration::ZERO));
        }
        let lifetime = lifetime(turn, message.lifetime);
        own.expires = now.time + lifetime;
        Ok(Done::Lifetime(lifetime))
    }

    /// RFC 8656 section 10.2: all addresses of a request are permitted, or none.
    fn handle_permission(
        &mut self,
        (turn, now): (&Turn, Now),
        message: &Message<'_>,
    ) -> Result<Done, Refusal> {
        let own = self.live(now).ok_or(437)?;
        let peers = || message.peers().map(|peer| peer.ip().to_canonical());
        if peers().next().is_none() {
            return Err(400.into());
        }
        if peers().any(|ip| ip.is_ipv6() != own.relayed.is_ipv6()) {
            return Err(443.into());
        }
        if !peers().all(|ip| turn.has_peer_at(ip)) {
            return Err(403.into());
        }
        peers().for_each(|ip| own.permit(now.time, ip));
        Ok(Done::Plain)
    }

    /// RFC 8656 section 12.2.
    fn handle_bind(
        &mut self,
        (turn, now): (&Turn, Now),
        message: &Message<'_>,
    ) -> Result<Done, Refusal> {
        let own = self.live(now).ok_or(437)?;
        let number = message
            .channel
            .filter(|number| NUMBERS.contains(number))
            .ok_or(400)?;
        let address = message.peers().next().ok_or(400)?;
        if address.is_ipv6() != own.relayed.is_ipv6() {
            return Err(443.into());
        }
        let peer = turn.peer(address).ok_or(403)?;
        own.bind(now.time, number, (peer, address.ip()))
            .map_err(|_| 400)?;
        Ok(Done::Plain)
    }

    /// Answers a [`Handled::Allocate`] with a relayed address or an error.
    pub fn allocate(
        &mut self,
        (turn, now): (&Turn, Now),
        requested: Requested,
        relayed: Result<SocketAddr, Full>,
        out: &mut Vec<u8>,
    ) {
        let key = turn.secret().key_of(&requested.username);
        let relayed = match relayed {
            Ok(relayed) => relayed,
            Err(full) => {
                let code = if full == Full::User { 486 } else { 508 };
                Writer::begin(out, (Method::Allocate, Class::Error), requested.transaction)
                    .error(code)
                    .attribute(attribute::SOFTWARE, SOFTWARE)
                    .finish(Some(&key));
                return;
            }
        };
        self.allocation = Some(Allocation::new(
            (requested.username, requested.user),
            key,
            requested.transaction,
            (relayed, now.time + requested.lifetime),
        ));
        self.write_allocated(now, requested.transaction, out);
    }

    fn write_allocated(&self, now: Now, transaction: Transaction, out: &mut Vec<u8>) {
        let Some(own) = &self.allocation else {
            return;
        };
        let left = own.expires.since(now.time).as_secs();
        Writer::begin(out, (Method::Allocate, Class::Success), transaction)
            .address(attribute::XOR_RELAYED_ADDRESS, own.relayed)
            .address(attribute::XOR_MAPPED_ADDRESS, self.address)
            .word(attribute::LIFETIME, u32::try_from(left).unwrap_or(u32::MAX))
            .attribute(attribute::SOFTWARE, SOFTWARE)
            .finish(Some(&own.key));
    }

    /// The path from a peer to the client.
    pub fn path(&self, turn: &Turn, now: Time, peer: PeerIndex) -> Path {
        let address = turn.peers().get(usize::from(peer));
        match (&self.allocation, address) {
            (Some(own), Some(address)) => own.path(now, peer, address.ip()),
            _ => Path::NONE,
        }
    }

    /// The relayed address, if there is one.
    pub fn relayed(&self) -> Option<SocketAddr> {
        self.allocation.as_ref().map(|own| own.relayed)
    }

    /// When the allocation ends by itself.
    pub fn poll_timeout(&self) -> Time {
        self.allocation
            .as_ref()
            .map_or(Time::NEVER, |own| own.expires)
    }

    /// Ends an allocation that was not refreshed: whose it was, and its port.
    pub fn handle_timeout(&mut self, now: Time) -> Option<(String, u16)> {
        if now < self.poll_timeout() {
            return None;
        }
        self.end()
    }

    /// Ends the allocation, as when the connection is gone: whose it was, and its port.
    pub fn end(&mut self) -> Option<(String, u16)> {
        let own = self.allocation.take()?;
        Some((own.user, own.relayed.port()))
    }
}

/// A request that succeeds.
enum Done {
    Allocate(Requested),
    /// The same request as the one that made the allocation.
    Again,
    Lifetime(Duration),
    Plain,
}

fn success<'a>(message: &Message<'_>, out: &'a mut Vec<u8>) -> Writer<'a> {
    Writer::begin(out, (message.method, Class::Success), message.transaction)
}

fn lifetime(turn: &Turn, asked: Option<u32>) -> Duration {
    let asked = asked.map_or(DEFAULT_LIFETIME, |seconds| {
        Duration::from_secs(seconds.into())
    });
    asked.max(DEFAULT_LIFETIME).min(turn.limits().lifetime)
}
