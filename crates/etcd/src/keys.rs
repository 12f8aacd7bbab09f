//! The names of the keys. Numbers are padded with zeros, so that etcd's order is theirs.

use sideroom_cluster::NodeId;
use sideroom_route::RoomId;

/// A range of keys: from the first, up to the second and without it.
pub(crate) type KeyRange = (Vec<u8>, Vec<u8>);

/// Names keys below one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys(String);

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(format!("{}/", prefix.trim_end_matches('/')))
    }

    fn key(&self, rest: std::fmt::Arguments<'_>) -> Vec<u8> {
        format!("{}{rest}", self.0).into_bytes()
    }

    /// Keys that begin with this one and a slash, or equal it.
    fn below(mut key: Vec<u8>) -> KeyRange {
        let mut end = key.clone();
        key.push(b'/');
        // The byte after the slash.
        end.push(b'/' + 1);
        (key, end)
    }

    /// Properties of the whole cluster.
    pub(crate) fn meta(&self, name: &str) -> Vec<u8> {
        self.key(format_args!("meta/{name}"))
    }

    /// The keys that every node watches: nodes and their records, rooms' names and owners.
    pub(crate) fn watched(&self) -> KeyRange {
        Self::below(self.key(format_args!("cluster")))
    }

    pub(crate) fn node(&self, node: NodeId) -> Vec<u8> {
        self.key(format_args!("cluster/nodes/{:05}", node.0))
    }

    pub(crate) fn owner(&self, room: RoomId) -> Vec<u8> {
        self.key(format_args!("cluster/owners/{:010}", room.0))
    }

    /// The life of a node that is not deposed. Renewals leave its value, so that other transactions can compare it.
    pub(crate) fn life(&self, node: NodeId) -> Vec<u8> {
        self.key(format_args!("lives/{:05}", node.0))
    }

    /// How a node introduces itself: see `Registration`.
    pub(crate) fn registration(&self, node: NodeId) -> Vec<u8> {
        self.key(format_args!("cluster/registered/{:05}", node.0))
    }

    pub(crate) fn registrations(&self) -> KeyRange {
        Self::below(self.key(format_args!("cluster/registered")))
    }

    pub(crate) fn registered_node(&self, key: &[u8]) -> Option<NodeId> {
        self.number(key, "cluster/registered/").map(NodeId)
    }

    /// The room of a name. Names keep their own order.
    pub(crate) fn name(&self, name: &str) -> Vec<u8> {
        self.key(format_args!("cluster/names/{name}"))
    }

    /// The name of a watched key, if it is one of a room.
    pub(crate) fn name_of(&self, key: &[u8]) -> Option<String> {
        let key = std::str::from_utf8(key).ok()?;
        let name = key
            .strip_prefix(self.0.as_str())?
            .strip_prefix("cluster/names/")?;
        Some(name.to_owned())
    }

    /// The node's number of a watched key, if it is a node's.
    pub(crate) fn node_of(&self, key: &[u8]) -> Option<NodeId> {
        self.number(key, "cluster/nodes/").map(NodeId)
    }

    /// The room of a watched key, if it is an owner's.
    pub(crate) fn owned_room(&self, key: &[u8]) -> Option<RoomId> {
        self.number(key, "cluster/owners/").map(RoomId)
    }

    /// The record of a room's journal: see `RoomRecord`.
    pub(crate) fn room(&self, room: RoomId) -> Vec<u8> {
        self.key(format_args!("rooms/{:010}", room.0))
    }

    pub(crate) fn rooms(&self) -> KeyRange {
        Self::below(self.key(format_args!("rooms")))
    }

    pub(crate) fn room_of(&self, key: &[u8]) -> Option<RoomId> {
        self.number(key, "rooms/").map(RoomId)
    }

    pub(crate) fn row(&self, room: RoomId, seq: u64) -> Vec<u8> {
        self.key(format_args!("rows/{:010}/{seq:020}", room.0))
    }

    /// Rows of a room from one up to another and without it, with all their parts.
    pub(crate) fn rows(&self, room: RoomId, from: u64, until: u64) -> KeyRange {
        (self.row(room, from), self.row(room, until))
    }

    pub(crate) fn all_rows(&self, room: RoomId) -> KeyRange {
        Self::below(self.key(format_args!("rows/{:010}", room.0)))
    }

    pub(crate) fn snapshot(&self, room: RoomId, seq: u64) -> Vec<u8> {
        self.key(format_args!("snapshots/{:010}/{seq:020}", room.0))
    }

    /// One snapshot with all its parts.
    pub(crate) fn snapshot_parts(&self, room: RoomId, seq: u64) -> KeyRange {
        let key = self.snapshot(room, seq);
        let (_, end) = Self::below(key.clone());
        (key, end)
    }

    pub(crate) fn all_snapshots(&self, room: RoomId) -> KeyRange {
        Self::below(self.key(format_args!("snapshots/{:010}", room.0)))
    }

    fn number<N: std::str::FromStr>(&self, key: &[u8], kind: &str) -> Option<N> {
        let key = std::str::from_utf8(key).ok()?;
        let digits = key.strip_prefix(self.0.as_str())?.strip_prefix(kind)?;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back_and_ranges_hold_their_parts_only() {
        let keys = Keys::new("/a");
        let room = RoomId(12);
        assert_eq!(keys.room_of(&keys.room(room)), Some(room));
        assert_eq!(keys.owned_room(&keys.owner(room)), Some(room));
        assert_eq!(keys.node_of(&keys.node(NodeId(3))), Some(NodeId(3)));
        assert_eq!(keys.node_of(&keys.owner(room)), None);
        assert_eq!(
            keys.registered_node(&keys.registration(NodeId(9))),
            Some(NodeId(9))
        );
        let name = "Math 101/ä";
        assert_eq!(keys.name_of(&keys.name(name)).as_deref(), Some(name));
        assert_eq!(keys.name_of(&keys.owner(room)), None);
        assert_eq!(Keys::new("/b/").room_of(&keys.room(room)), None);

        let (from, until) = keys.rows(room, 9, 11);
        let mut part = keys.row(room, 10);
        part.extend(b"/00001");
        assert!(from <= keys.row(room, 9) && part < until);
        assert!(keys.row(room, 11) >= until);
        let (from, until) = keys.snapshot_parts(room, 10);
        let mut part = keys.snapshot(room, 10);
        part.extend(b"/00001");
        assert!(from <= keys.snapshot(room, 10) && part < until);
        assert!(keys.snapshot(room, 11) >= until && keys.snapshot(room, 9) < from);
    }
}
