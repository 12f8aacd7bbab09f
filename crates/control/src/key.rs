//! The name of an API key, small enough to be copied with every event.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{BreakoutError, bounds};

/// The public name of an API key, as the configuration has it. It is in the journal, its secret is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The name; zeros after it.
    bytes: [u8; bounds::KEY_ID],
    length: u8,
}

impl KeyId {
    /// From 1 to 64 bytes.
    pub fn new(name: &str) -> Result<Self, BreakoutError> {
        let refused = BreakoutError::InvalidArgument("the id of an API key has 1 to 64 bytes");
        let mut bytes = [0; bounds::KEY_ID];
        let (Some(head), false) = (bytes.get_mut(..name.len()), name.is_empty()) else {
            return Err(refused);
        };
        head.copy_from_slice(name.as_bytes());
        let length = u8::try_from(name.len()).map_err(|_| refused)?;
        Ok(Self { bytes, length })
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        let name = self.bytes.get(..usize::from(self.length));
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        name.expect("invariant: a key id is made from a text that fits")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = KeyId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of an API key")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<KeyId, E> {
                KeyId::new(name).map_err(E::custom)
            }
        }
        from.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_keeps_its_name_and_its_bounds() {
        for name in ["k", "signaling-1", "schlüssel", &"x".repeat(64)] {
            let id = KeyId::new(name).unwrap();
            assert_eq!(id.as_str(), name);
            let bytes = postcard::to_allocvec(&id).unwrap();
            assert_eq!(postcard::from_bytes::<KeyId>(&bytes), Ok(id));
        }
        for name in ["", &"x".repeat(65)] {
            assert!(KeyId::new(name).is_err());
            let bytes = postcard::to_allocvec(name).unwrap();
            assert!(postcard::from_bytes::<KeyId>(&bytes).is_err());
        }
    }
}
