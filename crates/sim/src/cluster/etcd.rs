//! etcd as nodes see it: one writer after the other, conditions that are looked at when they are written.

use std::collections::BTreeMap;

use sideroom_cluster::{
    Change, Incarnation, NodeId, NodeRecord, Outcome, OwnerRecord, Revision, Term,
};
use sideroom_route::RoomId;

use super::plant::ClusterPlant;

/// A command as the journal has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// A node has participants of the room from now on.
    Join(NodeId),
    /// A node has no participants of the room any more.
    Leave(NodeId),
    /// A participant is moved.
    Move,
}

/// One row of a journal. Its place is its number, and the version of the table that follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub term: Term,
    pub request: u64,
    pub deed: Deed,
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Write(u64, Change),
    Append {
        room: RoomId,
        place: u64,
        row: Row,
    },
    ReadJournal(RoomId, Term),
    ReadNode(NodeId),
    ReadOwner(RoomId),
    /// All nodes and owners, as a watch brings them to a node that was cut off.
    ReadAll,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Outcome(u64, Outcome),
    Appended {
        room: RoomId,
        place: u64,
        row: Row,
        is_written: bool,
    },
    Journal(RoomId, Term, Vec<Row>),
    Node(NodeId, Option<(NodeRecord, Revision)>),
    Owner(RoomId, Option<(OwnerRecord, Term)>, Revision),
    All(
        Vec<(NodeId, NodeRecord, Revision)>,
        Vec<(RoomId, OwnerRecord, Term)>,
    ),
}

/// The keys of a modelled etcd.
#[derive(Default)]
pub(super) struct Etcd {
    pub revision: u64,
    pub nodes: BTreeMap<NodeId, (NodeRecord, Revision)>,
    pub owners: BTreeMap<RoomId, (OwnerRecord, Term)>,
    pub journals: BTreeMap<RoomId, Vec<Row>>,
    pub plant: Option<ClusterPlant>,
    /// An append of a node that did not own the room.
    pub stray_append: Option<(NodeId, RoomId)>,
}

impl Etcd {
    pub(super) fn answer(&mut self, from: NodeId, ask: Ask) -> Answer {
        match ask {
            Ask::Write(id, change) => Answer::Outcome(id, self.write(from, change)),
            Ask::Append { room, place, row } => Answer::Appended {
                room,
                place,
                row,
                is_written: self.append(from, room, place, row),
            },
            // Conditional as well: an owner that was deposed must not read what a later one has written, and
            // answer it.
            Ask::ReadJournal(room, term) => {
                let owner = self.owners.get(&room).copied();
                if owner.is_some_and(|(_, current)| current == term) {
                    let journal = self.journals.get(&room).cloned();
                    Answer::Journal(room, term, journal.unwrap_or_default())
                } else {
                    Answer::Owner(room, owner, Revision(self.revision))
                }
            }
            Ask::ReadNode(node) => Answer::Node(node, self.nodes.get(&node).cloned()),
            Ask::ReadOwner(room) => {
                let owner = self.owners.get(&room).copied();
                Answer::Owner(room, owner, Revision(self.revision))
            }
            Ask::ReadAll => {
                let nodes = self.nodes.iter();
                let owners = self.owners.iter();
                Answer::All(
                    nodes
                        .map(|(node, (record, at))| (*node, record.clone(), *at))
                        .collect(),
                    owners
                        .map(|(room, (record, term))| (*room, *record, *term))
                        .collect(),
                )
            }
        }
    }

    fn lives(&self, node: NodeId, life: Incarnation) -> bool {
        let record = self.nodes.get(&node);
        record.is_some_and(|(record, _)| !record.deposed && record.incarnation == life)
    }

    fn write(&mut self, from: NodeId, change: Change) -> Outcome {
        let next = Revision(self.revision + 1);
        let at = |node: NodeId| self.nodes.get(&node).map(|(_, at)| *at);
        let may = match &change {
            Change::Renew { record, expected } => {
                let goes_on = self
                    .nodes
                    .get(&from)
                    .is_some_and(|(it, _)| it.incarnation == record.incarnation);
                at(from) == *expected
                    || self.plant == Some(ClusterPlant::RenewalUncompared) && goes_on
            }
            Change::Depose {
                node,
                expected,
                by,
                helper,
            } => {
                let is_same = at(*node) == Some(*expected)
                    || self.plant == Some(ClusterPlant::DeposeUncompared);
                is_same
                    && self.lives(from, *by)
                    && helper.is_none_or(|(node, life)| self.lives(node, life))
            }
            Change::Take { room, expected, by } => {
                self.owners.get(room).map(|(_, term)| *term) == *expected && self.lives(from, *by)
            }
            Change::HandOver { room, expected, to } => {
                let term = self.owners.get(room).map(|(_, term)| *term);
                term == Some(*expected) && self.lives(to.node, to.incarnation)
            }
        };
        if !may {
            return Outcome::Refused;
        }
        self.revision = next.0;
        match change {
            Change::Renew { record, .. } => {
                self.nodes.insert(from, (record, next));
            }
            Change::Depose { node, .. } => {
                if let Some((record, at)) = self.nodes.get_mut(&node) {
                    record.deposed = true;
                    *at = next;
                }
            }
            Change::Take { room, by, .. } => {
                let record = OwnerRecord {
                    node: from,
                    incarnation: by,
                };
                self.owners.insert(room, (record, Term(next.0)));
            }
            Change::HandOver { room, to, .. } => {
                self.owners.insert(room, (to, Term(next.0)));
            }
        }
        Outcome::Written(next)
    }

    fn append(&mut self, from: NodeId, room: RoomId, place: u64, row: Row) -> bool {
        let owner = self.owners.get(&room);
        let is_owner = owner.is_some_and(|(owner, term)| *term == row.term && owner.node == from);
        let journal = self.journals.entry(room).or_default();
        let is_next = journal.len() as u64 + 1 == place;
        if !is_next || !is_owner && self.plant != Some(ClusterPlant::NoTermOnAppend) {
            return false;
        }
        if !is_owner {
            self.stray_append = Some((from, room));
        }
        journal.push(row);
        self.revision += 1;
        true
    }
}
