//! A TURN server (RFC 8656) that relays to a fixed list of peers, the media workers, and to nobody else.
//!
//! Sans-IO. A [`Client`] is the state of one client's path to the server, a datagram address or a connection:
//! it takes one message at a time and says what to do. Streams are cut into messages by [`Messages`]. The
//! shared parts are in [`Turn`] (read only), [`Addresses`] (relayed addresses in use, and who has them) and
//! [`Strangers`] (how often an address may be answered without credentials).
//!
//! A relayed address is a name: no socket has it. Packets for a peer come out as [`Handled::Relay`], packets of
//! a peer are framed by [`frame`], also on another thread, with a copy of the client's [`Path`] to the peer.
//!
//! The crate never opens a socket, reads a clock, or relays to an address outside its list of peers. TCP to
//! peers (RFC 6062), reservations and mobility are left out.

mod addresses;
mod allocation;
mod channel;
mod client;
mod credentials;
mod message;
mod nonce;
mod rate;
mod strangers;
mod stream;

pub use addresses::{Addresses, Full};
pub use allocation::Path;
pub use channel::{MAX_PACKET, frame};
pub use client::{Client, Dropped, Handled, Now, Requested};
pub use credentials::{Credentials, Secret};
pub use message::{Transaction, is_stun};
pub use rate::Bucket;
pub use strangers::Strangers;
pub use stream::{Messages, NotTurn};

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nonce::NonceKey;

/// An index in [`Turn::peers`].
pub type PeerIndex = u16;

/// Limits on one client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes a second of one client, in each direction.
    pub bytes_per_s: u64,
    /// The longest life of an allocation between two refreshes.
    pub lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_per_s: 2_500_000,
            lifetime: Duration::from_secs(600),
        }
    }
}

/// The read-only state that all clients share.
#[derive(Debug)]
pub struct Turn {
    secret: Secret,
    nonces: NonceKey,
    peers: Vec<SocketAddr>,
    limits: Limits,
}

impl Turn {
    /// A server that relays to `peers`. `secret` makes credentials and nonces.
    pub fn new(secret: Secret, peers: Vec<SocketAddr>, limits: Limits) -> Self {
        Self {
            nonces: NonceKey::of(&secret),
            secret,
            peers,
            limits,
        }
    }

    /// The peers, in the order of their indices.
    pub fn peers(&self) -> &[SocketAddr] {
        &self.peers
    }

    /// The limits on each client.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Credentials for `user` until `expires_unix_s`.
    pub fn credentials(&self, user: &str, expires_unix_s: u64) -> Credentials {
        self.secret.credentials(user, expires_unix_s)
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) const fn nonces(&self) -> &NonceKey {
        &self.nonces
    }

    pub(crate) fn peer(&self, addr: SocketAddr) -> Option<PeerIndex> {
        let at = self.peers.iter().position(|peer| *peer == addr)?;
        PeerIndex::try_from(at).ok()
    }

    pub(crate) fn has_peer_at(&self, ip: IpAddr) -> bool {
        self.peers.iter().any(|peer| peer.ip() == ip)
    }

    /// The address family of relayed addresses for clients that name none: IPv4 (RFC 8656 section 7.2), unless
    /// all peers are IPv6.
    pub(crate) fn default_is_ipv6(&self) -> bool {
        !self.peers.is_empty() && self.peers.iter().all(SocketAddr::is_ipv6)
    }

    pub(crate) fn has_family(&self, ipv6: bool) -> bool {
        self.peers.iter().any(|peer| peer.is_ipv6() == ipv6)
    }
}
