//! Values under dense numbers; the number of a removed one is used again.

use sideroom_prefetch::prefetch;

#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
    /// Numbers of removed values that are not used again yet.
    retired: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            retired: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(key) => {
                if let Some(place) = self.places.get_mut(key as usize) {
                    *place = Some(value);
                }
                key
            }
            None => {
                self.places.push(Some(value));
                (self.places.len() - 1) as u32
            }
        }
    }

    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        let value = self.places.get_mut(key as usize)?.take()?;
        self.free.push(key);
        Some(value)
    }

    /// Removes a value whose number somebody may still hold: it is used again after [`Self::release`].
    pub(crate) fn retire(&mut self, key: u32) -> Option<T> {
        let value = self.places.get_mut(key as usize)?.take()?;
        self.retired.push(key);
        Some(value)
    }

    /// How many numbers are retired.
    pub(crate) fn retired(&self) -> usize {
        self.retired.len()
    }

    /// Retired numbers are held by nobody any more.
    pub(crate) fn release(&mut self) {
        self.free.append(&mut self.retired);
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len() - self.retired.len()
    }

    #[inline]
    pub(crate) fn at(&self, key: u32) -> Option<&T> {
        self.places.get(key as usize)?.as_ref()
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, key: u32) -> Option<&mut T> {
        self.places.get_mut(key as usize)?.as_mut()
    }

    /// Asks for the memory of a value that is needed soon: that of the one of `keys` at `at`.
    #[inline]
    pub(crate) fn prefetch(&self, keys: &[u32], at: usize) {
        let key = keys.get(at).map(|key| *key as usize);
        if let Some(place) = key.and_then(|key| self.places.get(key)) {
            prefetch(place);
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        let each = self.places.iter_mut().enumerate();
        each.filter_map(|(key, value)| Some((key as u32, value.as_mut()?)))
    }

    /// Every number in use is below this.
    pub(crate) fn bound(&self) -> u32 {
        self.places.len() as u32
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_used_again_only_after_its_value_is_gone() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.remove(a), Some('a'));
        assert_eq!(slab.remove(a), None);
        assert_eq!((slab.at(a), slab.at(b)), (None, Some(&'b')));
        assert_eq!(slab.insert('c'), a);
        assert_eq!((slab.bound(), slab.len()), (2, 2));
        assert_eq!(slab.retire(b), Some('b'));
        assert_eq!((slab.retire(b), slab.remove(b)), (None, None));
        assert_eq!((slab.insert('d'), slab.retired(), slab.len()), (2, 1, 2));
        slab.release();
        assert_eq!((slab.insert('e'), slab.retired()), (b, 0));
    }
}
