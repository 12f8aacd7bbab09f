//! Messages between two nodes. They may be lost, doubled, delayed and reordered.

use serde::{Deserialize, Serialize};
use sideroom_route::{Epoch, RoomId};

use crate::record::{Incarnation, NodeId, Revision, Term};

/// A member's table of one room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomState {
    /// The room that the table is of.
    pub room: RoomId,
    /// The term of the table.
    pub term: Term,
    /// The table's version.
    pub epoch: Epoch,
}

/// A message from one node to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Message {
    /// "Promise not to take my rooms": from a node that etcd does not answer.
    AskPromise {
        /// The life that asks.
        incarnation: Incarnation,
        /// Names the request in its answer.
        ask: u64,
    },
    /// The sender does not take the rooms of the receiver for a while.
    Promise {
        /// The request that is granted.
        ask: u64,
    },
    /// "Do not promise to this node any more": from a node that the other one does not know.
    AskRefusal {
        /// The node that seems dead.
        node: NodeId,
        /// The life that seems over.
        incarnation: Incarnation,
        /// The last record that the sender has seen of it.
        revision: Revision,
    },
    /// The sender has no promise to that node in force, and gives none before it has seen a later record.
    Refusal {
        /// The node that seems dead.
        node: NodeId,
        /// The last record that counts.
        revision: Revision,
        /// The life that refuses.
        by: Incarnation,
    },
    /// A member asks for permission, and says how far it is.
    AskPermission {
        /// Names the request in its answer.
        ask: u64,
        /// The tables of the receiver's rooms that the sender has.
        rooms: Vec<RoomState>,
    },
    /// The owner lets the member forward these rooms for a while, counted from the request.
    Permission {
        /// The request that is granted.
        ask: u64,
        /// The rooms and their terms.
        rooms: Vec<(RoomId, Term)>,
    },
    /// A member has applied a table.
    Applied(RoomState),
}
