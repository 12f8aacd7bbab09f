//! A room's task at its owner: journal, members, one append at a time, answers that wait for the members.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sideroom_cluster::{NodeId, Term};

use super::etcd::{Deed, Row};

/// A room at its owner.
#[derive(Debug)]
pub(super) struct Task {
    pub term: Term,
    /// The journal was read.
    pub is_live: bool,
    pub journal: Vec<Row>,
    /// Where each request is in it.
    pub places: BTreeMap<u64, u64>,
    pub members: BTreeSet<NodeId>,
    pub queue: VecDeque<(u64, Deed)>,
    /// The append that has no answer yet, and when the journal is read instead.
    pub appending: Option<u64>,
    /// Requests that are stored and not answered.
    pub waiting: Vec<(u64, u64)>,
}

impl Task {
    pub(super) const fn new(term: Term) -> Self {
        Self {
            term,
            is_live: false,
            journal: Vec::new(),
            places: BTreeMap::new(),
            members: BTreeSet::new(),
            queue: VecDeque::new(),
            appending: None,
            waiting: Vec::new(),
        }
    }

    /// All nodes that ever had participants.
    pub(super) fn former(&self) -> BTreeSet<NodeId> {
        let joined = self.journal.iter().filter_map(|row| match row.deed {
            Deed::Join(node) => Some(node),
            Deed::Leave(_) | Deed::Move => None,
        });
        joined.collect()
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.journal.len() as u64
    }

    pub(super) fn load(&mut self, journal: Vec<Row>) {
        self.is_live = true;
        self.appending = None;
        self.journal.clear();
        self.places.clear();
        self.members.clear();
        for row in journal {
            self.add(row);
        }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.journal.push(row);
        self.places
            .entry(row.request)
            .or_insert(self.journal.len() as u64);
        match row.deed {
            Deed::Join(node) => {
                self.members.insert(node);
            }
            Deed::Leave(node) => {
                self.members.remove(&node);
            }
            Deed::Move => {}
        }
    }
}
