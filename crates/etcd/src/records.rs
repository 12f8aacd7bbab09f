//! The values of the keys, as JSON, so that an operator can read them with `etcdctl get`. Each carries the number of its
//! format; a node that does not know it says so, and changes nothing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sideroom_cluster::{Incarnation, NodeId, NodeRecord, OwnerRecord};
use sideroom_route::RoomId;

use crate::error::EtcdError;
use crate::proto::KeyValue;

/// The format of all values below.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredNode {
    format: u32,
    incarnation: u64,
    renewal: u64,
    knows: Vec<u16>,
    deposed: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredOwner {
    format: u32,
    node: u16,
    incarnation: u64,
}

/// One node as the others reach it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Registration {
    /// The node's name, which is in its certificate.
    pub name: String,
    /// Where other nodes reach it, `host:port`.
    pub address: String,
    /// The server's version.
    pub version: String,
    /// The node takes no new rooms.
    #[serde(default)]
    pub draining: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredRegistration {
    format: u32,
    #[serde(flatten)]
    registration: Registration,
}

/// The journal of a room: which rows and snapshots count. Rows after `last`, and snapshots that are not named, do
/// not exist, whatever keys there are: they belong to a change that was never finished.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RoomRecord {
    pub format: u32,
    /// The oldest row that is kept; 0: there is none.
    pub first: u64,
    /// The newest row; 0: there is none.
    pub last: u64,
    /// Rows at which the room was kept as a whole.
    pub snapshots: Vec<u64>,
    /// When it ended; 0: it lives.
    pub ended_at_ms: u64,
    /// Names the transaction that wrote this record, so that its writer finds out what became of it.
    pub write: u64,
}

impl RoomRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let record = Self {
            format: FORMAT,
            ..self.clone()
        };
        encode(&record)
    }

    pub(crate) const fn has_row(&self, seq: u64) -> bool {
        self.first != 0 && seq >= self.first && seq <= self.last
    }
}

pub(crate) fn room(kv: &KeyValue) -> Result<RoomRecord, EtcdError> {
    decode(kv)
}

pub(crate) fn encode_node(record: &NodeRecord) -> Vec<u8> {
    encode(&StoredNode {
        format: FORMAT,
        incarnation: record.incarnation.0,
        renewal: record.renewal,
        knows: record.knows.iter().map(|node| node.0).collect(),
        deposed: record.deposed,
    })
}

pub(crate) fn node(kv: &KeyValue) -> Result<NodeRecord, EtcdError> {
    let stored: StoredNode = decode(kv)?;
    Ok(NodeRecord {
        incarnation: Incarnation(stored.incarnation),
        renewal: stored.renewal,
        knows: stored.knows.into_iter().map(NodeId).collect(),
        deposed: stored.deposed,
    })
}

pub(crate) fn encode_owner(owner: &OwnerRecord) -> Vec<u8> {
    encode(&StoredOwner {
        format: FORMAT,
        node: owner.node.0,
        incarnation: owner.incarnation.0,
    })
}

pub(crate) fn owner(kv: &KeyValue) -> Result<OwnerRecord, EtcdError> {
    let stored: StoredOwner = decode(kv)?;
    Ok(OwnerRecord {
        node: NodeId(stored.node),
        incarnation: Incarnation(stored.incarnation),
    })
}

pub(crate) fn encode_registration(registration: &Registration) -> Vec<u8> {
    encode(&StoredRegistration {
        format: FORMAT,
        registration: registration.clone(),
    })
}

pub(crate) fn registration(kv: &KeyValue) -> Result<Registration, EtcdError> {
    decode(kv).map(|stored: StoredRegistration| stored.registration)
}

/// The room that a name stands for.
pub(crate) fn room_number(kv: &KeyValue) -> Result<RoomId, EtcdError> {
    let number = u32::try_from(number(kv)?);
    number
        .map(RoomId)
        .map_err(|_| unreadable(kv, "it is no room's number"))
}

/// The value of a node's life.
pub(crate) fn encode_life(life: Incarnation) -> Vec<u8> {
    life.0.to_string().into_bytes()
}

/// A plain number.
pub(crate) fn number(kv: &KeyValue) -> Result<u64, EtcdError> {
    let text = std::str::from_utf8(&kv.value).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| unreadable(kv, "it is no number"))
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("invariant: numbers and lists of them can be written as JSON")
}

fn decode<T: DeserializeOwned>(kv: &KeyValue) -> Result<T, EtcdError> {
    let Format { format } = parse(kv)?;
    if format != FORMAT {
        let why = format!("its format is {format}, this server knows {FORMAT}; upgrade it");
        return Err(unreadable(kv, why));
    }
    parse(kv)
}

fn parse<T: DeserializeOwned>(kv: &KeyValue) -> Result<T, EtcdError> {
    serde_json::from_slice(&kv.value).map_err(|error| unreadable(kv, error))
}

fn unreadable(kv: &KeyValue, why: impl std::fmt::Display) -> EtcdError {
    EtcdError::Unreadable {
        key: String::from_utf8_lossy(&kv.key).into_owned(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kv(value: &[u8]) -> KeyValue {
        KeyValue {
            key: b"/a".into(),
            value: value.into(),
            ..KeyValue::default()
        }
    }

    #[test]
    fn records_are_read_back() {
        let record = NodeRecord {
            incarnation: Incarnation(u64::MAX),
            renewal: 3,
            knows: [NodeId(1), NodeId(9)].into(),
            deposed: true,
        };
        assert_eq!(node(&kv(&encode_node(&record))), Ok(record));
        let record = OwnerRecord {
            node: NodeId(4),
            incarnation: Incarnation(5),
        };
        assert_eq!(owner(&kv(&encode_owner(&record))), Ok(record));
        let record = Registration {
            name: "a".into(),
            address: "10.0.0.1:7903".into(),
            version: "1.2.3".into(),
            draining: true,
        };
        assert_eq!(registration(&kv(&encode_registration(&record))), Ok(record));
        let record = RoomRecord {
            format: FORMAT,
            first: 1,
            last: 9,
            snapshots: vec![0, 4],
            ..RoomRecord::default()
        };
        assert_eq!(room(&kv(&record.encode())), Ok(record));
    }

    #[test]
    fn other_values_are_refused_in_words() {
        let newer = room(&kv(br#"{"format":2}"#)).unwrap_err().to_string();
        assert!(
            newer.contains("format is 2") && newer.contains("/a"),
            "{newer}"
        );
        for garbage in [&b""[..], b"{}", b"\xff", br#"{"format":1}"#] {
            assert!(node(&kv(garbage)).is_err());
        }
    }
}
