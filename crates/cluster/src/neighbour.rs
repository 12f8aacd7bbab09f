//! The other nodes, as this one has seen their records, and when one of them may be deposed.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::Time;

use crate::record::{Incarnation, NodeId, NodeRecord, Revision, Term};
use crate::timing::Timing;

/// A node that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub record: NodeRecord,
    pub revision: Revision,
    /// When this record was seen first.
    pub seen_at: Time,
    /// A node that the record knows, and that refuses to promise from this record on.
    pub helper: Option<(NodeId, Incarnation)>,
    /// A transaction that deposes it was sent, and may still be written.
    pub may_be_deposed: bool,
    /// When a transaction or a request for help was last sent.
    pub tried_at: Option<Time>,
}

/// Every node's record, and when it was seen.
#[derive(Clone, Debug)]
pub struct Neighbours {
    me: NodeId,
    timing: Timing,
    nodes: BTreeMap<NodeId, Neighbour>,
}

impl Neighbours {
    /// No records yet.
    pub const fn new(me: NodeId, timing: Timing) -> Self {
        Self {
            me,
            timing,
            nodes: BTreeMap::new(),
        }
    }

    /// A record of another node, read or watched. False if a later one is known.
    pub fn handle_record(
        &mut self,
        now: Time,
        node: NodeId,
        record: NodeRecord,
        revision: Revision,
    ) -> bool {
        if self
            .nodes
            .get(&node)
            .is_some_and(|it| it.revision >= revision)
        {
            return false;
        }
        let neighbour = Neighbour {
            record,
            revision,
            seen_at: now,
            helper: None,
            may_be_deposed: false,
            tried_at: None,
        };
        self.nodes.insert(node, neighbour);
        true
    }

    /// A node whose record this one knows refuses to promise to it from `revision` on.
    pub fn handle_refusal(
        &mut self,
        from: (NodeId, Incarnation),
        node: NodeId,
        revision: Revision,
    ) {
        let neighbour = self.nodes.get_mut(&node);
        let counts =
            |it: &&mut Neighbour| it.revision == revision && it.record.knows.contains(&from.0);
        if let Some(it) = neighbour.filter(counts) {
            it.helper = Some(from);
        }
    }

    /// True if the node has not renewed its record for longer than a renewal is good.
    pub fn is_stale(&self, now: Time, node: NodeId) -> bool {
        let wait = self.timing.outlasting(self.timing.hold);
        self.nodes
            .get(&node)
            .is_some_and(|it| !it.record.deposed && now - it.seen_at >= wait)
    }

    /// Nodes that are stale and not deposed.
    pub fn stale(&self, now: Time) -> impl Iterator<Item = NodeId> + '_ {
        let nodes = self.nodes.keys().copied();
        nodes.filter(move |it| self.is_stale(now, *it))
    }

    pub(crate) fn node(&self, node: NodeId) -> Option<&Neighbour> {
        self.nodes.get(&node)
    }

    pub(crate) fn node_mut(&mut self, node: NodeId) -> Option<&mut Neighbour> {
        self.nodes.get_mut(&node)
    }

    /// The last record of a node that was seen.
    pub fn revision(&self, node: NodeId) -> Option<Revision> {
        self.nodes.get(&node).map(|it| it.revision)
    }

    /// True if this life of the node, which took a room at `term`, is over for good. A record from before the
    /// term tells nothing about it.
    pub fn is_over(&self, node: NodeId, incarnation: Incarnation, term: Term) -> bool {
        self.nodes.get(&node).is_some_and(|it| {
            let is_same = it.record.incarnation == incarnation;
            is_same && it.record.deposed || !is_same && it.revision.0 > term.0
        })
    }

    /// True if this node's record says that this one may depose it, or that a helper refuses it. A node that knows
    /// nobody holds its rooms by its renewals alone, and anybody may depose it.
    pub(crate) fn may_depose(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|it| {
            let knows = &it.record.knows;
            it.helper.is_some()
                || knows.contains(&self.me)
                || knows.iter().all(|other| *other == node)
        })
    }

    /// The nodes that are not deposed, this one included.
    pub fn living(&self) -> BTreeSet<NodeId> {
        let others = self.nodes.iter().filter(|(_, it)| !it.record.deposed);
        others.map(|(node, _)| *node).chain([self.me]).collect()
    }

    /// The next moment at which a node becomes stale.
    pub fn next_stale(&self, now: Time) -> Time {
        let wait = self.timing.outlasting(self.timing.hold);
        let nodes = self.nodes.values().filter(|it| !it.record.deposed);
        let moments = nodes.map(|it| it.seen_at + wait).filter(|at| *at > now);
        moments.min().unwrap_or(Time::NEVER)
    }
}
