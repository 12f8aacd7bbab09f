//! A room that this node owns: which member node has which table, and until when it may forward an older one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sideroom_route::{Epoch, Time};

use crate::record::{NodeId, Term};
use crate::timing::Timing;

/// Publications that are remembered. An older one counts as long published.
const MOST_PUBLISHED: usize = 1_024;

/// Whether every member node obeys a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TableApplied {
    /// No node forwards an older table.
    Yes,
    /// These nodes may, until then at the latest.
    NotBefore(Time, Vec<NodeId>),
}

#[derive(Clone, Copy, Debug, Default)]
struct Member {
    applied: Epoch,
    /// The member may forward under its table until then, by this node's clock.
    permitted_until: Time,
    has_left: bool,
}

/// One owned room.
#[derive(Clone, Debug)]
pub struct OwnedRoom {
    timing: Timing,
    term: Term,
    /// Permissions of earlier owners are over then.
    earlier_over_at: Time,
    members: BTreeMap<NodeId, Member>,
    published: VecDeque<(Epoch, Time)>,
    /// The newest table that all members obey. Commands that led to it may have been answered.
    obeyed: Epoch,
}

impl OwnedRoom {
    /// A room that this node owns from now on. `free_at`: when it was seen that the owner before grants no
    /// more permissions.
    pub fn new(timing: Timing, term: Term, free_at: Time) -> Self {
        Self {
            timing,
            term,
            earlier_over_at: free_at + timing.outlasting(timing.permission),
            members: BTreeMap::new(),
            published: VecDeque::new(),
            obeyed: Epoch(0),
        }
    }

    /// The revision at which this node took the room.
    pub const fn term(&self) -> Term {
        self.term
    }

    /// The nodes that have participants of the room. One that has gone counts until it obeys or is fenced.
    pub fn set_members(&mut self, members: &BTreeSet<NodeId>) {
        let permitted_until = self.earlier_over_at;
        for node in members {
            let member = self.members.entry(*node).or_insert(Member {
                permitted_until,
                ..Member::default()
            });
            member.has_left = false;
        }
        for (node, member) in &mut self.members {
            member.has_left = !members.contains(node);
        }
    }

    /// Nodes that had participants under an earlier owner. They may still have a permission of that owner,
    /// and may not have seen that they have left.
    pub fn set_former(&mut self, former: &BTreeSet<NodeId>) {
        for node in former {
            self.members.entry(*node).or_insert(Member {
                permitted_until: self.earlier_over_at,
                has_left: true,
                ..Member::default()
            });
        }
    }

    /// A table goes out to the members.
    pub fn publish(&mut self, now: Time, epoch: Epoch) {
        self.published.push_back((epoch, now));
        if self.published.len() > MOST_PUBLISHED {
            self.published.pop_front();
        }
    }

    /// A member has applied a table of this term.
    pub fn handle_applied(&mut self, node: NodeId, epoch: Epoch) {
        if let Some(member) = self.members.get_mut(&node) {
            member.applied = member.applied.max(epoch);
        }
    }

    /// Gives permission to a member, unless it is too far behind: then it needs the whole table first. The caller
    /// has checked that this node holds its rooms.
    pub fn permit(&mut self, now: Time, node: NodeId, epoch: Epoch) -> bool {
        let needed = self.needed(now).max(self.obeyed);
        let span = self.timing.outlasting(self.timing.permission);
        match self.members.get_mut(&node) {
            Some(member) if !member.has_left && epoch >= needed => {
                member.permitted_until = member.permitted_until.max(now + span);
                // This is the table that it forwards by, even if a later one was reported: it may have
                // dropped the room meanwhile, and begun again with a table that was long on its way.
                member.applied = epoch;
                true
            }
            _ => false,
        }
    }

    /// True if this is the only node with participants.
    pub fn is_only(&self, node: NodeId) -> bool {
        self.members.keys().all(|it| *it == node)
    }

    /// Whether any node may still forward a table older than `epoch`.
    pub fn applied_by_all(&mut self, now: Time, epoch: Epoch) -> TableApplied {
        // A node that has left counts while it has a permission: it may come back with it.
        self.members
            .retain(|_, it| !it.has_left || it.permitted_until > now);
        let behind = |it: &Member| it.applied < epoch && it.permitted_until > now;
        let late = self.members.iter().filter(|(_, it)| behind(it));
        let nodes: Vec<_> = late.clone().map(|(node, _)| *node).collect();
        match late.map(|(_, it)| it.permitted_until).max() {
            Some(until) => TableApplied::NotBefore(until, nodes),
            None => {
                self.obeyed = self.obeyed.max(epoch);
                TableApplied::Yes
            }
        }
    }

    /// The table that a member must have at least: the newest of those that went out long enough ago.
    fn needed(&mut self, now: Time) -> Epoch {
        let span = self.timing.most_behind;
        let is_old = |it: &&(Epoch, Time)| now - it.1 >= span;
        while self.published.get(1).as_ref().is_some_and(is_old) {
            self.published.pop_front();
        }
        match self.published.front() {
            Some((epoch, at)) if now - *at >= span => *epoch,
            _ => Epoch(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: NodeId = NodeId(1);
    const FAR: NodeId = NodeId(2);

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn room() -> OwnedRoom {
        let mut room = OwnedRoom::new(Timing::default(), Term(5), at(0));
        room.set_members(&[NEAR, FAR].into());
        room.publish(at(0), Epoch(1));
        room
    }

    #[test]
    fn members_obey_or_their_permission_ends() {
        let mut room = room();
        room.handle_applied(NEAR, Epoch(1));
        let TableApplied::NotBefore(until, late) = room.applied_by_all(at(10), Epoch(1)) else {
            panic!("the far node may have a permission of the owner before");
        };
        assert_eq!(late, [FAR]);
        assert!(until >= at(1_000) && until <= at(1_010), "{until:?}");
        assert_eq!(room.applied_by_all(until, Epoch(1)), TableApplied::Yes);
        assert!(room.permit(at(1_010), FAR, Epoch(1)));
        assert_eq!(room.applied_by_all(at(1_020), Epoch(1)), TableApplied::Yes);
        room.publish(at(1_030), Epoch(2));
        assert_ne!(room.applied_by_all(at(1_030), Epoch(2)), TableApplied::Yes);
    }

    #[test]
    fn a_member_far_behind_gets_no_permission() {
        let mut room = room();
        assert!(room.permit(at(10), FAR, Epoch(1)));
        room.publish(at(100), Epoch(2));
        assert!(room.permit(at(500), FAR, Epoch(1)), "it may be on its way");
        assert!(!room.permit(at(600), FAR, Epoch(1)));
        assert!(room.permit(at(600), FAR, Epoch(2)));
        assert!(!room.permit(at(600), NodeId(3), Epoch(2)), "no member");
    }

    #[test]
    fn a_node_that_left_counts_until_its_permission_ends() {
        let mut room = room();
        assert!(room.permit(at(10), FAR, Epoch(1)));
        room.set_members(&[NEAR].into());
        room.publish(at(20), Epoch(2));
        room.handle_applied(NEAR, Epoch(2));
        assert!(!room.permit(at(30), FAR, Epoch(2)));
        assert!(matches!(
            room.applied_by_all(at(30), Epoch(3)),
            TableApplied::NotBefore(..)
        ));
        assert!(!room.is_only(NEAR));
        room.handle_applied(NEAR, Epoch(3));
        assert_eq!(room.applied_by_all(at(1_100), Epoch(3)), TableApplied::Yes);
        assert!(room.is_only(NEAR));
    }
}
