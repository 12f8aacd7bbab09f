//! Rate limits: one token bucket for each key, client and address.
//!
//! The table is bounded. When it is full, buckets that have filled up again are forgotten (they would be
//! made anew the same); if there are none, newcomers share one bucket, so that a flood of forged addresses
//! slows down strangers only.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often something may happen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once.
    pub burst: f64,
}

impl Rate {
    /// So often a second, so often at once.
    pub const fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst }
    }
}

/// Whose bucket.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// An API key.
    Key(String),
    /// A client: room and identity.
    Client(String, String),
    /// An address; for IPv6 its /64.
    Address(IpAddr),
    /// Whoever finds no place in the table.
    Others,
}

impl Source {
    /// The address, as far as one holder of it is told from another.
    pub fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Address(address),
            IpAddr::V6(v6) => {
                let prefix = v6.to_bits() & !u128::from(u64::MAX);
                Self::Address(IpAddr::V6(prefix.into()))
            }
        }
    }
}

/// One token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub const fn full(rate: Rate, now: Instant) -> Self {
        Self {
            tokens: rate.burst,
            at: now,
        }
    }

    /// Takes one, or says how long to wait for it.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + gone * rate.per_second).min(rate.burst);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - self.tokens) / rate.per_second.max(1e-6);
        Err(Duration::from_secs_f64(missing.min(3600.0)))
    }

    fn is_full(&self, rate: Rate, now: Instant) -> bool {
        let gone = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens + gone * rate.per_second >= rate.burst
    }
}

/// How many sources are told apart.
pub const MAX_SOURCES: usize = 65_536;

/// The buckets of all sources.
#[derive(Debug)]
pub struct Limiter {
    rates: Rates,
    buckets: Mutex<HashMap<Source, Bucket>>,
    bound: usize,
}

/// The rates of each kind of source, in calls.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rates {
    /// One API key.
    pub key: Rate,
    /// One client.
    pub client: Rate,
    /// One address, for calls that are refused for want of a valid token.
    pub address: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            key: Rate::new(10_000.0, 30_000.0),
            client: Rate::new(50.0, 150.0),
            address: Rate::new(100.0, 300.0),
        }
    }
}

impl Limiter {
    /// A limiter that knows nobody yet.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            buckets: Mutex::default(),
            bound: MAX_SOURCES,
        }
    }

    /// How long `source` has to wait, if it has used up what it may; counts nothing.
    pub fn wait(&self, source: &Source, now: Instant) -> Result<(), Duration> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = self.rates.of(source);
        match buckets.get(source).copied() {
            Some(mut bucket) => bucket.take(rate, now),
            None => Ok(()),
        }
    }

    /// Counts one call of `source`, or says how long it has to wait.
    pub fn take(&self, source: Source, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.bound && !buckets.contains_key(&source) {
            let rates = self.rates;
            buckets.retain(|source, bucket| !bucket.is_full(rates.of(source), now));
        }
        let known = buckets.len() < self.bound || buckets.contains_key(&source);
        let source = if known { source } else { Source::Others };
        let rate = self.rates.of(&source);
        buckets
            .entry(source)
            .or_insert_with(|| Bucket::full(rate, now))
            .take(rate, now)
    }
}

impl Rates {
    const fn of(&self, source: &Source) -> Rate {
        match source {
            Source::Key(_) => self.key,
            Source::Client(..) => self.client,
            Source::Address(_) | Source::Others => self.address,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "an Instant has no other beginning"
    )]
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn limiter(bound: usize) -> Limiter {
        let rate = Rate::new(2.0, 3.0);
        let rates = Rates {
            key: rate,
            client: rate,
            address: rate,
        };
        Limiter {
            bound,
            ..Limiter::new(rates)
        }
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let limiter = limiter(10);
        let start = Instant::now();
        let key = || Source::Key("k".into());
        for _ in 0..3 {
            assert_eq!(limiter.take(key(), start), Ok(()));
        }
        assert_eq!(limiter.take(key(), start), Err(Duration::from_millis(500)));
        assert_eq!(limiter.take(Source::Key("other".into()), start), Ok(()));
        let later = start + Duration::from_millis(501);
        assert_eq!(limiter.take(key(), later), Ok(()));
        assert!(limiter.take(key(), later).is_err());
    }

    #[test]
    fn a_flood_of_strangers_shares_one_bucket_and_the_table_stays_bounded() {
        let limiter = limiter(4);
        let start = Instant::now();
        let address = |n: u32| Source::address(IpAddr::V4(Ipv4Addr::from_bits(n)));
        let passed = (0..1000)
            .filter(|n| limiter.take(address(*n), start).is_ok())
            .count();
        assert_eq!(passed, 4 + 3);
        assert!(limiter.buckets.lock().unwrap().len() <= 5);
        // When the buckets have filled up again they are forgotten and there is room for others.
        let later = start + Duration::from_secs(60);
        assert_eq!(limiter.take(address(5000), later), Ok(()));
        assert!(limiter.buckets.lock().unwrap().len() <= 2);
    }

    #[test]
    fn one_ipv6_subnet_is_one_source() {
        let of = |last: u16, net: u16| {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, net, 1, 2, 3, last);
            Source::address(IpAddr::V6(address))
        };
        assert_eq!(of(1, 7), of(2, 7));
        assert_ne!(of(1, 7), of(1, 8));
    }
}
