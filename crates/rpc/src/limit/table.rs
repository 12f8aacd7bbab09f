//! A bounded table of buckets in which every call takes the same few steps.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::bucket::{Bucket, Rate, Source};

/// Places that a source can have: those of its set.
pub(super) const WAYS: usize = 8;
/// Parts with a lock each.
const PARTS: usize = 64;

/// A source is known by 64 bits of a hash with a random key: two sources share a bucket by chance only.
#[derive(Clone, Copy, Debug)]
struct SourceBucket {
    tag: u64,
    bucket: Bucket,
}

/// The places of one part; none until the part is used.
type Part = Vec<Option<SourceBucket>>;

#[derive(Debug)]
pub(super) struct Table {
    hasher: RandomState,
    parts: Vec<Mutex<Part>>,
    /// Sets of each part.
    sets: usize,
}

impl Table {
    /// A table for about `sources` sources.
    pub(super) fn new(sources: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            sets: (sources / PARTS / WAYS).max(1),
        }
    }

    /// How long `source` has to wait; counts nothing.
    pub(super) fn wait(&self, source: &Source, rate: Rate, now: Instant) -> Result<(), Duration> {
        let tag = self.hasher.hash_one(source);
        let mut part = self.part(tag);
        let set = self.set(&mut part, tag);
        let known = set.iter().flatten().find(|place| place.tag == tag);
        known.map_or(Ok(()), |place| {
            let mut bucket = place.bucket;
            bucket.take(rate, now)
        })
    }

    /// Spends one unit of the bucket of `source`.
    pub(super) fn take(&self, source: &Source, rate: Rate, now: Instant) -> Result<(), Duration> {
        let tag = self.hasher.hash_one(source);
        let mut part = self.part(tag);
        let set = self.set(&mut part, tag);
        place_of(set, tag, rate, now).bucket.take(rate, now)
    }

    fn part(&self, tag: u64) -> MutexGuard<'_, Part> {
        let part = self.parts.get(index(tag, PARTS));
        let part = part.expect("invariant: an index below the number of parts");
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set<'a>(&self, part: &'a mut Part, tag: u64) -> &'a mut [Option<SourceBucket>] {
        if part.is_empty() {
            part.resize(self.sets * WAYS, None);
        }
        let first = index(tag.rotate_left(32), self.sets) * WAYS;
        part.get_mut(first..first + WAYS)
            .expect("invariant: a part has all its sets")
    }
}

/// The place with this tag; if there is none a free one, or that of the fullest bucket.
fn place_of(
    set: &mut [Option<SourceBucket>],
    tag: u64,
    rate: Rate,
    now: Instant,
) -> &mut SourceBucket {
    let fullness = |place: &Option<SourceBucket>| match place {
        Some(place) if place.tag == tag => f64::INFINITY,
        Some(place) => place.bucket.tokens(rate, now),
        None => f64::MAX,
    };
    let best = set
        .iter_mut()
        .max_by(|a, b| fullness(a).total_cmp(&fullness(b)))
        .expect("invariant: a set has places");
    let fresh = SourceBucket {
        tag,
        bucket: Bucket::full(rate, now),
    };
    if best.as_ref().is_some_and(|place| place.tag != tag) {
        *best = None;
    }
    best.get_or_insert(fresh)
}

/// A number below `bound`, from the upper half of `tag`.
fn index(tag: u64, bound: usize) -> usize {
    let scaled = (tag >> 32) * bound as u64;
    usize::try_from(scaled >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "an Instant has no other beginning"
    )]
    use super::*;

    #[test]
    fn a_full_table_stays_as_large_and_a_call_looks_at_one_set() {
        let table = Table::new(super::super::MAX_SOURCES);
        let (rate, now) = (Rate::new(1.0, 3.0), Instant::now());
        for number in 0..200_000 {
            let source = Source::Key(number.to_string());
            table.take(&source, rate, now).unwrap();
            let tag = table.hasher.hash_one(&source);
            // One part is locked, and of it only these places are looked at.
            assert_eq!(table.set(&mut table.part(tag), tag).len(), WAYS);
        }
        let places = table.parts.iter().map(|part| part.lock().unwrap().len());
        assert_eq!(places.sum::<usize>(), super::super::MAX_SOURCES);
    }

    #[test]
    fn sources_are_spread_over_all_parts_and_sets() {
        let table = Table::new(super::super::MAX_SOURCES);
        let (rate, now) = (Rate::new(1.0, 3.0), Instant::now());
        for number in 0..super::super::MAX_SOURCES {
            let source = Source::Key(number.to_string());
            table.take(&source, rate, now).unwrap();
        }
        let used = |part: &Mutex<Part>| part.lock().unwrap().iter().flatten().count();
        let used: usize = table.parts.iter().map(used).sum();
        // With eight places a set, about one source in seven finds its set full.
        assert!(used > super::super::MAX_SOURCES * 4 / 5, "{used}");
    }
}
