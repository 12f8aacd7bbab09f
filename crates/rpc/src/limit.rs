//! Rate limits: one token bucket for each key, client and address.
//!
//! The tables are bounded and a call costs the same however full they are: a source has its place in one of
//! the sets of a table, a set has eight places, and only the lock of its part is held. A newcomer to a full
//! set takes the place of the fullest bucket, whose source called least. Each kind of source has a table of
//! its own, so a flood of addresses never displaces a key.

mod bucket;
mod table;

use std::time::{Duration, Instant};

pub(crate) use bucket::prefix;
pub use bucket::{Bucket, Rate, Source};
use table::Table;

/// The most addresses, networks and clients with a bucket, each.
pub const MAX_SOURCES: usize = 65_536;
/// The most keys with a bucket. Only configured keys get here.
const MAX_KEYS: usize = 1_024;
/// An IPv6 network may make this many times the calls of one of its addresses.
const NETWORK_TIMES: f64 = 8.0;

/// The buckets of all sources.
#[derive(Debug)]
pub struct Limiter {
    rates: Rates,
    keys: Table,
    clients: Table,
    addresses: Table,
    networks: Table,
}

/// The rates of each kind of source, in calls.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rates {
    /// One API key.
    pub key: Rate,
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
    /// A limiter with empty tables.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            keys: Table::new(MAX_KEYS),
            clients: Table::new(MAX_SOURCES),
            addresses: Table::new(MAX_SOURCES),
            networks: Table::new(MAX_SOURCES),
        }
    }

    /// The wait until `source` may call again, if its bucket is empty; counts nothing.
    pub fn wait(&self, source: &Source, now: Instant) -> Result<(), Duration> {
        let (table, rate) = self.table(source);
        table.wait(source, rate, now)?;
        match source.network() {
            Some(network) => self.networks.wait(&network, self.rates.network(), now),
            None => Ok(()),
        }
    }

    /// Counts one call of `source`, or says how long it has to wait.
    pub fn take(&self, source: &Source, now: Instant) -> Result<(), Duration> {
        let (table, rate) = self.table(source);
        table.take(source, rate, now)?;
        match source.network() {
            Some(network) => self.networks.take(&network, self.rates.network(), now),
            None => Ok(()),
        }
    }

    fn table(&self, source: &Source) -> (&Table, Rate) {
        match source {
            Source::Key(_) => (&self.keys, self.rates.key),
            Source::Client(..) => (&self.clients, self.rates.client),
            Source::Address(_) | Source::Others => (&self.addresses, self.rates.address),
        }
    }
}

impl Rates {
    fn network(&self) -> Rate {
        let Rate { per_second, burst } = self.address;
        Rate::new(per_second * NETWORK_TIMES, burst * NETWORK_TIMES)
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "an Instant has no other beginning"
    )]
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    fn limiter() -> Limiter {
        let rate = Rate::new(2.0, 3.0);
        Limiter::new(Rates {
            key: rate,
            client: rate,
            address: rate,
        })
    }

    fn v6(net: u16, subnet: u16, host: u16) -> Source {
        let address = Ipv6Addr::new(0x2001, 0xdb8, net, subnet, 1, 2, 3, host);
        Source::address(IpAddr::V6(address))
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let limiter = limiter();
        let start = Instant::now();
        let key = Source::Key("k".into());
        for _ in 0..3 {
            assert_eq!(limiter.take(&key, start), Ok(()));
        }
        assert_eq!(limiter.take(&key, start), Err(Duration::from_millis(500)));
        assert_eq!(limiter.take(&Source::Key("other".into()), start), Ok(()));
        let later = start + Duration::from_millis(501);
        assert_eq!(limiter.take(&key, later), Ok(()));
        assert!(limiter.take(&key, later).is_err());
    }

    #[test]
    fn a_flood_of_addresses_displaces_neither_keys_nor_a_source_that_used_up_its_own() {
        let limiter = limiter();
        let start = Instant::now();
        let address = |n: u32| Source::address(IpAddr::V4(Ipv4Addr::from_bits(n)));
        let (key, pusher) = (Source::Key("k".into()), address(1));
        for _ in 0..3 {
            limiter.take(&key, start).unwrap();
            limiter.take(&pusher, start).unwrap();
        }
        for n in 0..4 * u32::try_from(MAX_SOURCES).unwrap() {
            assert_eq!(
                limiter.take(&address(1_000 + n), start),
                Ok(()),
                "a stranger"
            );
        }
        assert!(limiter.take(&key, start).is_err());
        assert!(limiter.take(&pusher, start).is_err());
    }

    #[test]
    fn one_ipv6_subnet_is_one_source() {
        assert_eq!(v6(0, 7, 1), v6(0, 7, 2));
        assert_ne!(v6(0, 7, 1), v6(0, 8, 1));
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        assert_eq!(
            Source::address(IpAddr::V6(mapped)),
            Source::address(IpAddr::V4(Ipv4Addr::LOCALHOST))
        );
    }

    #[test]
    fn the_subnets_of_one_network_share_a_rate() {
        let limiter = limiter();
        let start = Instant::now();
        let taken = |net| {
            let subnets = (0..=u16::MAX).map(|subnet| v6(net, subnet, 1));
            subnets
                .filter(|one| limiter.take(one, start).is_ok())
                .count()
        };
        assert_eq!(taken(0), 24, "8 times the burst of one");
        assert_eq!(taken(1), 24, "another network has its own");
        assert!(limiter.wait(&v6(0, 5, 1), start).is_err());
        assert!(limiter.wait(&v6(2, 5, 1), start).is_ok());
    }
}
