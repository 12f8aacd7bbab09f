//! Requests to the adapter, and the outcomes of transactions.

use std::collections::BTreeSet;

use sideroom_route::RoomId;

use crate::message::Message;
use crate::record::{Incarnation, NodeId, NodeRecord, OwnerRecord, Revision, Term};

/// A conditional write. The adapter makes one transaction of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Write this node's record if its revision is still `expected`.
    Renew {
        /// The record to write.
        record: NodeRecord,
        /// The revision of the record that it replaces; `None`: there is none.
        expected: Option<Revision>,
    },
    /// Mark a node's record as deposed if its revision is still `expected`, and if the lives of this node and of the
    /// helper go on: another life would not remember its refusal.
    Depose {
        /// The node that seems dead.
        node: NodeId,
        /// The last record that was seen of it.
        expected: Revision,
        /// The life of this node.
        by: Incarnation,
        /// The node that refuses to promise, if this one's refusal does not count.
        helper: Option<(NodeId, Incarnation)>,
    },
    /// Make this node the owner of a room if the owner key is still at `expected`, and if this life of the node is
    /// not deposed.
    Take {
        /// The room to take.
        room: RoomId,
        /// The term of the owner that lost it; `None`: it has no owner.
        expected: Option<Term>,
        /// The life of this node.
        by: Incarnation,
    },
    /// Make another node the owner if this one's term still holds, and if that life of the other is not deposed.
    HandOver {
        /// The room that changes its owner.
        room: RoomId,
        /// The term of this node.
        expected: Term,
        /// The next owner.
        to: OwnerRecord,
    },
}

/// How etcd answered a [`Change`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The record was written, at this revision.
    Written(Revision),
    /// The condition did not hold: nothing was written.
    Refused,
    /// No answer, or one that does not tell: it may have been written, or may be later.
    Unknown,
}

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send a message; it may get lost.
    Send(NodeId, Message),
    /// Ask etcd for a conditional write; answer with [`crate::ClusterNode::handle_outcome`].
    Write(u64, Change),
    /// Read a node's record; answer with [`crate::ClusterNode::handle_node`].
    ReadNode(NodeId),
    /// Read the owner of a room; answer with [`crate::ClusterNode::handle_owner`].
    ReadOwner(RoomId),
    /// This node owns the room from now on, under this term. Replay its journal, tell the members with
    /// [`crate::ClusterNode::handle_members`], and publish the whole table.
    Own(RoomId, Term),
    /// This node has lost the room. Stop its task; answer nobody.
    Disown(RoomId, Term),
    /// A member has an old table: send it the whole one.
    SendTable(RoomId, NodeId),
    /// This life of the node is over: it was deposed. Start another.
    Deposed,
    /// The set of living nodes has changed.
    Living(BTreeSet<NodeId>),
}
