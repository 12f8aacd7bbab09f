//! The keys in etcd: a record for each node, and the owner of each room.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A node of the cluster. Its name is known to the configuration only.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct NodeId(pub u16);

/// One life of a node's process, drawn at random when it registers.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Incarnation(pub u64);

/// etcd's revision at which a key was last written.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Revision(pub u64);

/// The revision at which an owner took a room. It rises from owner to owner.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Term(pub u64);

/// A node's own key. Each renewal writes it again, on condition that nobody else did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeRecord {
    /// The incarnation of the node that wrote the record.
    pub incarnation: Incarnation,
    /// Counts the renewals of this life.
    pub renewal: u64,
    /// The nodes that have to promise before this one holds its rooms without etcd. Only these may
    /// depose it, or help another node to.
    pub knows: BTreeSet<NodeId>,
    /// Another node has ended this life: its renewals fail, and its rooms are free to take.
    pub deposed: bool,
}

/// The owner key of a room. Its revision is the owner's term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnerRecord {
    /// The node that owns the room.
    pub node: NodeId,
    /// The life of the node that took the room. Another life does not own it.
    pub incarnation: Incarnation,
}
