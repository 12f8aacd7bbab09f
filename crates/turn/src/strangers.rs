//! The rate of answers to an address without valid credentials.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use sideroom_route::Time;

use crate::rate::Bucket;

/// Buckets in all. Addresses that share one are slowed down together.
const BUCKETS: usize = 4_096;

/// A fixed number of buckets, by a keyed hash of the address (IPv6: of its /48).
#[derive(Debug)]
pub struct Strangers {
    buckets: Box<[Bucket]>,
    hash: RandomState,
    per_s: u64,
}

impl Strangers {
    /// Answers `per_s` requests of an address each second.
    pub fn new(per_s: u64) -> Self {
        Self {
            buckets: vec![Bucket::default(); BUCKETS].into(),
            hash: RandomState::new(),
            per_s,
        }
    }

    /// Counts a request; false if it gets no answer.
    pub fn admit(&mut self, now: Time, from: IpAddr) -> bool {
        let network = match from.to_canonical() {
            IpAddr::V4(ip) => u128::from(u32::from(ip)),
            IpAddr::V6(ip) => u128::from(ip) >> 80 | 1 << 100,
        };
        let at = self.hash.hash_one(network) as usize % BUCKETS;
        let per_s = self.per_s;
        self.buckets
            .get_mut(at)
            .is_some_and(|bucket| bucket.take(now, 1, per_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_rate_and_another_one_its_own() {
        let mut strangers = Strangers::new(5);
        let now = Time::from_millis(1);
        let one = IpAddr::from([192, 0, 2, 1]);
        let admitted = (0..100).filter(|_| strangers.admit(now, one)).count();
        assert_eq!(admitted, 5);
        let others = (0..100_u8).filter(|last| strangers.admit(now, [198, 51, 100, *last].into()));
        assert!(others.count() >= 90);
    }
}
