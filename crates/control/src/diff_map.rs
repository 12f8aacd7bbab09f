//! A map that knows what its entries were before the changes that were made to it.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads as the map that it holds. What a change does not go through here cannot be made, so that no
/// change of the state misses the journal.
#[derive(Clone, Debug)]
pub(crate) struct DiffMap<K, V> {
    now: BTreeMap<K, V>,
    /// The entries that were changed, as they were; `None`: there was none.
    before: BTreeMap<K, Option<V>>,
}

impl<K, V> Default for DiffMap<K, V> {
    fn default() -> Self {
        Self {
            now: BTreeMap::new(),
            before: BTreeMap::new(),
        }
    }
}

impl<K, V> Deref for DiffMap<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.now
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for DiffMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now
    }
}

impl<'a, K, V> IntoIterator for &'a DiffMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::collections::btree_map::Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.now.iter()
    }
}

impl<K: Ord + Clone, V: Clone> DiffMap<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = self.now.insert(key.clone(), value);
        self.before.entry(key).or_insert_with(|| old.clone());
        old
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.now.remove(key)?;
        let noted = self.before.entry(key.clone());
        noted.or_insert_with(|| Some(old.clone()));
        Some(old)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let held = self.now.get_mut(key)?;
        if !self.before.contains_key(key) {
            self.before.insert(key.clone(), Some(held.clone()));
        }
        Some(held)
    }

    /// For what follows from other entries of the state, and is not journalled by itself.
    pub(crate) fn derived_mut(&mut self, key: &K) -> Option<&mut V> {
        self.now.get_mut(key)
    }

    pub(crate) fn clear(&mut self) {
        self.retain(|_, _| false);
    }

    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        let gone: Vec<K> = self
            .now
            .iter()
            .filter(|(key, value)| !stays(key, value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }

    /// The entries that were changed since this was asked last: as they were, and as they are.
    pub(crate) fn take_changes(&mut self) -> Vec<(K, Option<V>, Option<&V>)> {
        let before = std::mem::take(&mut self.before);
        before
            .into_iter()
            .map(|(key, old)| {
                let new = self.now.get(&key);
                (key, old, new)
            })
            .collect()
    }

    /// Forgets what the entries were.
    pub(crate) fn forget_changes(&mut self) {
        self.before.clear();
    }
}

impl<K: Serialize, V: Serialize> Serialize for DiffMap<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.now.serialize(to)
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for DiffMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self {
            now: BTreeMap::deserialize(from)?,
            before: BTreeMap::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_changing_an_entry_is_noted_once() {
        let mut map: DiffMap<u8, u8> = DiffMap::default();
        for key in 0..5 {
            map.insert(key, 10);
        }
        map.forget_changes();
        map.insert(0, 11);
        map.insert(0, 12);
        map.insert(9, 13);
        *map.get_mut(&1).unwrap() = 14;
        map.remove(&1);
        map.remove(&2);
        *map.get_mut(&3).unwrap() += 1;
        *map.derived_mut(&4).unwrap() = 15;
        let mut changes = map.take_changes();
        changes.sort_unstable();
        let expected: [(u8, Option<u8>, Option<&u8>); 5] = [
            (0, Some(10), Some(&12)),
            (1, Some(10), None),
            (2, Some(10), None),
            (3, Some(10), Some(&11)),
            (9, None, Some(&13)),
        ];
        assert_eq!(changes, expected);
        assert!(map.take_changes().is_empty());
        map.clear();
        assert_eq!(map.take_changes().len(), 4);
    }
}
