//! Token buckets, and the sources that have one.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// How often something may happen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// The most calls at once.
    pub burst: f64,
}

impl Rate {
    /// So often a second, so often at once.
    pub const fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst }
    }
}

/// The source of a call, which has a bucket.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// An API key.
    Key(String),
    /// A client: room and identity.
    Client(String, String),
    /// An address; for IPv6 its /64.
    Address(IpAddr),
    /// Callers without a known address.
    Others,
}

impl Source {
    /// The source of an address, as coarse as one holder's range.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(prefix(address, 64))
    }

    /// The network that a provider gives to one customer at most: the /48 of an IPv6 address.
    pub(super) fn network(&self) -> Option<Self> {
        match self {
            Self::Address(address @ IpAddr::V6(_)) => Some(Self::Address(prefix(*address, 48))),
            _ => None,
        }
    }
}

/// The first `bits` of an IPv6 address; an IPv4 address, mapped or not, as it is.
pub(crate) fn prefix(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mask = u128::MAX << (128 - bits);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
        v4 => v4,
    }
}

/// One token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub const fn full(rate: Rate, now: Instant) -> Self {
        Self {
            tokens: rate.burst,
            at: now,
        }
    }

    /// Spends one unit, or says how long to wait for one.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.tokens = self.tokens(rate, now);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - self.tokens) / rate.per_second.max(1e-6);
        Err(Duration::from_secs_f64(missing.min(3600.0)))
    }

    /// The tokens in the bucket now.
    pub(super) fn tokens(&self, rate: Rate, now: Instant) -> f64 {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + gone * rate.per_second).min(rate.burst)
    }
}
