//! The owners of all rooms, as this node has seen them, and where a call goes.

use std::collections::BTreeMap;

use sideroom_route::{RoomId, Time};

use crate::record::{NodeId, OwnerRecord, Term};

/// Where a call for a room is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallRoute {
    /// On this node.
    Here(Term),
    /// At this node.
    At(NodeId),
    /// The owner is gone, and another is about to take the room: try again.
    Soon,
    /// No owner is known: read the owner, or take the room.
    Unknown,
}

#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub record: OwnerRecord,
    pub term: Term,
    /// When it was seen that this owner's life is over.
    pub lost_at: Option<Time>,
    /// A transaction that takes it is on its way.
    pub is_being_taken: bool,
    /// Nodes that should take it, in this order.
    pub heirs: Vec<NodeId>,
}

/// Every room's owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rooms {
    owners: BTreeMap<RoomId, Owner>,
}

impl Rooms {
    /// An owner key, read or watched. False if a later one is known.
    pub(crate) fn handle_owner(&mut self, room: RoomId, record: OwnerRecord, term: Term) -> bool {
        let known = self.owners.get_mut(&room);
        if known.as_ref().is_some_and(|it| it.term >= term) {
            return false;
        }
        let heirs = known
            .map(|it| std::mem::take(&mut it.heirs))
            .unwrap_or_default();
        let owner = Owner {
            record,
            term,
            lost_at: None,
            is_being_taken: false,
            heirs,
        };
        self.owners.insert(room, owner);
        true
    }

    pub(crate) fn get(&self, room: RoomId) -> Option<&Owner> {
        self.owners.get(&room)
    }

    pub(crate) fn get_mut(&mut self, room: RoomId) -> Option<&mut Owner> {
        self.owners.get_mut(&room)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (RoomId, &mut Owner)> {
        self.owners.iter_mut().map(|(room, owner)| (*room, owner))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RoomId, OwnerRecord, Term)> {
        let owners = self.owners.iter();
        owners.map(|(room, owner)| (*room, owner.record, owner.term))
    }

    pub(crate) fn forget(&mut self, room: RoomId) {
        self.owners.remove(&room);
    }
}
