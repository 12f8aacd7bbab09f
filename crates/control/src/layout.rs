//! The layouts of stored bytes: parts that a later layout has added are absent from the bytes of an earlier one.
//!
//! Compact bytes have no names, so a reader has to know the parts. A field that was added carries
//! `#[serde(default, with = "crate::layout::since_4")]`: in bytes of an earlier layout it takes no room, and reads
//! as its default. So an earlier record is written again to the same bytes, and its hash still fits.

use std::cell::Cell;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The layout that this server writes.
pub(crate) const LATEST: u16 = 4;

thread_local! {
    static PRESENT: Cell<u16> = const { Cell::new(LATEST) };
}

/// Reads or writes compact bytes of an earlier layout: `does` runs in it, and today's holds again afterwards.
pub fn in_layout<T>(layout: u16, does: impl FnOnce() -> T) -> T {
    struct Back(u16);
    impl Drop for Back {
        fn drop(&mut self) {
            PRESENT.set(self.0);
        }
    }
    let _back = Back(PRESENT.replace(layout));
    does()
}

/// Parts that layout 4 has added.
pub(crate) mod since_4 {
    use super::{Deserialize, Deserializer, PRESENT, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        part: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        if PRESENT.get() < 4 {
            // A unit has no bytes.
            return to.serialize_unit();
        }
        part.serialize(to)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: Deserialize<'de> + Default,
        D: Deserializer<'de>,
    {
        if PRESENT.get() < 4 {
            return Ok(T::default());
        }
        T::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, Debug, Serialize, Deserialize)]
    struct Part {
        first: u8,
        #[serde(default, with = "since_4")]
        added: Option<u16>,
        last: u8,
    }

    #[test]
    fn an_added_part_is_absent_from_earlier_bytes() {
        let whole = Part {
            first: 1,
            added: Some(7),
            last: 3,
        };
        let earlier = in_layout(3, || postcard::to_allocvec(&whole).unwrap());
        assert_eq!(earlier, [1, 3]);
        let read: Part = in_layout(3, || postcard::from_bytes(&earlier).unwrap());
        assert_eq!((read.first, read.added, read.last), (1, None, 3));
        let bytes = postcard::to_allocvec(&whole).unwrap();
        assert_eq!(postcard::from_bytes::<Part>(&bytes).unwrap(), whole);
    }
}
