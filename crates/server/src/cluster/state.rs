//! The knowledge of one node about its cluster: the ownership machine, the nodes, the names of rooms, and how far each room that
//! it owns is.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sideroom_cluster::{CallRoute, ClusterNode, NodeId, Term};
use sideroom_etcd::Registration;
use sideroom_route::{RoomId, Time};

use crate::config::WhenAlone;

/// A driver that was away for longer has stood still, and hears from etcd before it goes on alone.
const STOOD_STILL: Duration = Duration::from_millis(250);
/// How long the driver has run without a break before it goes on alone.
const RUNS_FOR: Duration = Duration::from_secs(1);
/// How far the lease of a node that goes on alone reaches: a few rounds of the driver.
const ALONE_LEASE: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct State {
    pub machine: ClusterNode,
    pub registered: BTreeMap<NodeId, Registration>,
    /// Rooms by name.
    pub names: BTreeMap<String, RoomId>,
    /// Names by room.
    pub named: HashMap<RoomId, String>,
    /// Rooms that this node owns.
    pub held: BTreeMap<RoomId, Held>,
    /// Everything in etcd was read since this life began.
    pub is_synced: bool,
    /// Another life has begun: everything has to be read again.
    pub begins_again: bool,
    /// Waiting calls look again.
    pub has_changed: bool,
    pub when_alone: WhenAlone,
    ticked_at: Time,
    runs_since: Time,
}

/// A room that this node owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Held {
    pub term: Term,
    pub stage: Stage,
}

/// How far an owned room is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It is being read.
    Opening,
    /// Its name was claimed, and nothing of it is stored. Since when.
    Empty(Time),
    /// It is being made.
    Making,
    /// Its task runs, or ran until the room ended.
    Open,
    /// It is being given away, or given up.
    Leaving,
}

/// Where a call for a room goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Its task runs here.
    Here(Term),
    /// It is this node's, and was not made yet.
    Empty(Term),
    /// At another node.
    At(NodeId),
    /// The room is between two owners, or is being read: look again.
    Soon,
    /// It has no owner that is known.
    Unowned,
}

impl State {
    pub(super) fn new(now: Time, machine: ClusterNode, when_alone: WhenAlone) -> Self {
        Self {
            machine,
            registered: BTreeMap::new(),
            names: BTreeMap::new(),
            named: HashMap::new(),
            held: BTreeMap::new(),
            is_synced: false,
            begins_again: false,
            has_changed: false,
            when_alone,
            ticked_at: now,
            runs_since: now,
        }
    }

    pub(super) fn place(&self, room: RoomId) -> Place {
        match self.machine.route(room) {
            CallRoute::Here(_) => match self.held.get(&room) {
                Some(held) if held.stage == Stage::Open => Place::Here(held.term),
                Some(Held {
                    term,
                    stage: Stage::Empty(_),
                }) => Place::Empty(*term),
                _ => Place::Soon,
            },
            CallRoute::At(node) => Place::At(node),
            CallRoute::Soon => Place::Soon,
            CallRoute::Unknown => Place::Unowned,
        }
    }

    pub(super) fn name(&mut self, name: String, room: Option<RoomId>) {
        self.has_changed = true;
        let before = match room {
            Some(room) => {
                self.named.insert(room, name.clone());
                self.names.insert(name.clone(), room)
            }
            None => self.names.remove(&name),
        };
        if let Some(before) = before.filter(|before| Some(*before) != room) {
            self.named.remove(&before);
        }
    }

    /// Goes on to a stage, unless the room is another one's by now.
    pub(super) fn set_stage(&mut self, room: RoomId, term: Term, stage: Stage) -> bool {
        let held = self.held.get_mut(&room).filter(|held| held.term == term);
        let is_held = held.is_some();
        if let Some(held) = held {
            held.stage = stage;
            self.has_changed = true;
        }
        is_held
    }

    /// The same, if it is at `from`.
    pub(super) fn step(&mut self, room: RoomId, term: Term, from: Stage, to: Stage) -> bool {
        let held = self.held.get(&room);
        let is_there = held.is_some_and(|held| held.term == term && held.stage == from);
        is_there && self.set_stage(room, term, to)
    }

    /// The driver runs.
    pub(super) fn note_tick(&mut self, now: Time) {
        if now - self.ticked_at > STOOD_STILL {
            self.runs_since = now;
        }
        self.ticked_at = now;
    }

    /// Until when media may leave this node. Its rooms' media are all here, so they may exactly as long as no other node
    /// can have taken the rooms; and longer if the operator prefers that while the node is alone.
    pub(super) fn lease(&self, now: Time) -> Time {
        let certain = self.machine.holds_until();
        let goes_on = self.when_alone == WhenAlone::Continue
            && self.machine.is_registered()
            && now - self.runs_since >= RUNS_FOR;
        match goes_on {
            true => certain.max(now + ALONE_LEASE),
            false => certain,
        }
    }

    /// Other nodes that live and take rooms.
    pub(super) fn takers(&self, me: NodeId) -> Vec<NodeId> {
        let living = self.machine.living();
        let takes = |node: &NodeId| {
            let registered = self.registered.get(node);
            *node != me && registered.is_some_and(|it| !it.draining)
        };
        living.into_iter().filter(takes).collect()
    }

    /// The taker with the fewest rooms.
    pub(super) fn best_taker(&self, me: NodeId) -> Option<NodeId> {
        let rooms = |node: &NodeId| {
            self.machine
                .owners()
                .filter(|it| it.1.node == *node)
                .count()
        };
        self.takers(me).into_iter().min_by_key(rooms)
    }
}

#[cfg(test)]
mod tests {
    use sideroom_cluster::{
        ClusterOptions, Incarnation, NodeRecord, OwnerRecord, Revision, Timing,
    };

    use super::*;

    const ME: NodeId = NodeId(1);

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    /// A node that has renewed its record at 0.
    fn renewed(when_alone: WhenAlone) -> State {
        let options = ClusterOptions {
            me: ME,
            incarnation: Incarnation(7),
            timing: Timing::default(),
            when_alone: sideroom_cluster::WhenAlone::Stop,
        };
        let mut machine = ClusterNode::new(at(0), options);
        machine.handle_node(at(0), ME, None);
        let other = NodeRecord {
            incarnation: Incarnation(8),
            ..NodeRecord::default()
        };
        machine.handle_node(at(0), NodeId(2), Some((other, Revision(1))));
        machine.handle_timeout(at(0));
        let record = NodeRecord {
            incarnation: Incarnation(7),
            renewal: 1,
            knows: [ME, NodeId(2)].into(),
            deposed: false,
        };
        machine.handle_node(at(10), ME, Some((record, Revision(2))));
        State::new(at(0), machine, when_alone)
    }

    #[test]
    fn media_stop_when_another_node_may_have_taken_the_rooms() {
        let state = renewed(WhenAlone::Stop);
        assert_eq!(state.lease(at(10)), at(1_000));
        assert_eq!(state.lease(at(5_000)), at(1_000));
    }

    #[test]
    fn alone_they_go_on_if_the_node_has_not_stood_still() {
        let mut state = renewed(WhenAlone::Continue);
        for now in (0..2_000).step_by(50) {
            state.note_tick(at(now));
        }
        assert!(state.lease(at(1_950)) > at(1_950));
        state.note_tick(at(7_000));
        assert_eq!(state.lease(at(7_000)), at(1_000), "it was away");
        for now in (7_000..=8_000).step_by(50) {
            state.note_tick(at(now));
        }
        assert!(state.lease(at(8_000)) > at(8_000));
    }

    #[test]
    fn a_room_is_called_where_its_owner_is() {
        let mut state = renewed(WhenAlone::Stop);
        let room = RoomId(5);
        assert_eq!(state.place(room), Place::Unowned);
        let owner = |node, life| OwnerRecord {
            node: NodeId(node),
            incarnation: Incarnation(life),
        };
        state
            .machine
            .handle_owner(at(20), room, owner(2, 8), Term(3));
        assert_eq!(state.place(room), Place::At(NodeId(2)));
        state
            .machine
            .handle_owner(at(20), room, owner(1, 7), Term(4));
        assert_eq!(state.place(room), Place::Soon);
        let stage = Stage::Opening;
        state.held.insert(
            room,
            Held {
                term: Term(4),
                stage,
            },
        );
        assert!(
            !state.set_stage(room, Term(3), Stage::Open),
            "of an earlier owner"
        );
        assert!(state.step(room, Term(4), Stage::Opening, Stage::Open));
        assert_eq!(state.place(room), Place::Here(Term(4)));
    }

    #[test]
    fn a_name_follows_its_room() {
        let mut state = renewed(WhenAlone::Stop);
        state.name("math".into(), Some(RoomId(1)));
        state.name("math".into(), Some(RoomId(2)));
        assert_eq!(state.names.get("math"), Some(&RoomId(2)));
        assert_eq!(state.named.get(&RoomId(1)), None);
        state.name("math".into(), None);
        assert!(state.names.is_empty() && state.named.is_empty());
    }
}
