//! The state that all clients of TURN share.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sideroom_net::Clock;
use sideroom_route::WorkerId;
use sideroom_turn::{Addresses, Credentials, Full, Limits, Now, Secret, Strangers, Turn};

use crate::clock;
use crate::config::TurnConfig;
use crate::media::TurnLinks;
use crate::metrics;

/// The peers, the relayed addresses, and who may ask for one.
pub struct Relay {
    pub(super) turn: Turn,
    /// The worker of each peer.
    pub(super) workers: Vec<WorkerId>,
    strangers: Mutex<Strangers>,
    addresses: Mutex<Addresses>,
    pub(super) links: Arc<TurnLinks>,
    pub(super) clock: Clock,
    credentials_life: Duration,
}

impl Relay {
    /// A relay to these workers, each with the addresses that clients are told. `secret` is chance.
    pub fn new(
        config: &TurnConfig,
        peers: Vec<(SocketAddr, WorkerId)>,
        links: Arc<TurnLinks>,
        secret: &[u8; 32],
    ) -> Self {
        let (peers, workers) = peers.into_iter().unzip();
        let limits = Limits {
            bytes_per_s: config.bytes_per_s_per_client.into(),
            ..Limits::default()
        };
        let [start, _, more, ..] = *secret;
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            turn: Turn::new(Secret::new(secret), peers, limits),
            workers,
            strangers: Mutex::new(Strangers::new(config.requests_per_s_per_address.into())),
            addresses: Mutex::new(Addresses::new(
                count(config.clients),
                count(config.addresses_per_participant),
                u16::from_be_bytes([start ^ 0x5a, more]),
            )),
            links,
            clock: Clock::new(),
            credentials_life: Duration::from_secs(config.credentials_life_s.into()),
        }
    }

    /// Credentials for a participant who joins now.
    pub fn credentials(&self, user: &str) -> Credentials {
        let end = clock::unix_ms() / 1_000 + self.credentials_life.as_secs();
        self.turn.credentials(user, end)
    }

    pub(super) fn now(&self) -> Now {
        Now {
            time: self.clock.now(),
            unix_s: clock::unix_ms() / 1_000,
        }
    }

    pub(super) fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A relayed address. Its IP address is that of a peer: the nearest thing to a place that it has.
    pub(super) fn take_address(&self, user: &str, ipv6: bool) -> Result<SocketAddr, Full> {
        let port = self.addresses().take(user);
        let port = port.inspect_err(|_| metrics::turn_refused("full"))?;
        metrics::turn_allocations(self.addresses().len());
        let peers = self.turn.peers().iter();
        let ip = peers.map(SocketAddr::ip).find(|ip| ip.is_ipv6() == ipv6);
        let any = if ipv6 {
            IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)
        } else {
            IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)
        };
        Ok(SocketAddr::new(ip.unwrap_or(any), port))
    }

    pub(super) fn give_back(&self, user: &str, port: u16) {
        let mut addresses = self.addresses();
        addresses.give_back(user, port);
        metrics::turn_allocations(addresses.len());
    }

    /// True if a connection that begins with this byte is one of TURN: a STUN message. Neither TLS nor any HTTP
    /// begins like that.
    pub const fn begins_with(first: u8) -> bool {
        first < 4
    }
}
