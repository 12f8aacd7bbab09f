//! Configuration of the front ends, passed in once at the start.

use std::time::Duration;

use crate::{
    OwnTurn,
    auth::{ApiKey, TokenRules},
    limit::Rates,
    proxies::Proxies,
};

/// The configuration of the front ends.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// The keys of signaling servers.
    pub keys: Vec<ApiKey>,
    /// Rules for every token.
    pub tokens: TokenRules,
    /// How often anybody may call.
    pub rates: Rates,
    /// The longest message, in bytes. It has to hold an offer.
    pub max_message_bytes: usize,
    /// The longest offer, in bytes.
    pub max_offer_bytes: usize,
    /// The most sockets of browsers at once.
    pub max_sockets: usize,
    /// The most sockets that wait for a join.
    pub max_waiting_sockets: usize,
    /// The most sockets of one address that wait for a join; for IPv6 of one /48.
    pub max_waiting_sockets_per_address: usize,
    /// How long a socket may wait for somebody to join on it.
    pub join_within: Duration,
    /// The most watches of clients at once, and the most of signaling servers.
    pub max_watches: usize,
    /// The most watches of clients of one room.
    pub max_watches_per_room: usize,
    /// The most watches of one participant.
    pub max_watches_per_viewer: usize,
    /// How long a call may take before it is given up.
    pub answer_timeout: Duration,
    /// How long a participant may be without a socket before their connection counts as lost.
    pub socket_grace: Duration,
    /// Origins whose pages may call this server from elsewhere, as browsers write them; `*` is any.
    pub allowed_origins: Vec<String>,
    /// The proxies in front of the server, whose `X-Forwarded-For` and `X-Forwarded-Host` are believed.
    pub proxies: Proxies,
    /// Mints client tokens on request (`/dev/token`), and makes the rooms that they name. Never in
    /// production.
    pub dev: bool,
    /// The server's own TURN, if it has one.
    pub turn: Option<OwnTurn>,
}

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            tokens: TokenRules::default(),
            rates: Rates::default(),
            max_message_bytes: 512 * 1024,
            max_offer_bytes: 256 * 1024,
            max_sockets: 20_000,
            max_waiting_sockets: 4_096,
            max_waiting_sockets_per_address: 256,
            join_within: Duration::from_secs(10),
            max_watches: 10_000,
            max_watches_per_room: 2_000,
            max_watches_per_viewer: 8,
            answer_timeout: Duration::from_secs(10),
            socket_grace: Duration::from_secs(10),
            allowed_origins: Vec::new(),
            proxies: Proxies::default(),
            dev: false,
            turn: None,
        }
    }
}
