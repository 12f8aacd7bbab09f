//! A node dies before any other node is in its record: a node that comes later takes its rooms all the same.
#![allow(missing_docs)]

use sideroom_cluster::{
    Action, Change, ClusterNode, ClusterOptions, Incarnation, NodeId, NodeRecord, Outcome,
    OwnerRecord, Revision, Term, Timing, WhenAlone,
};
use sideroom_route::{RoomId, Time};

const ME: NodeId = NodeId(2);
const DEAD: NodeId = NodeId(1);
const ROOM: RoomId = RoomId(7);

/// Runs a new node beside a dead one that owned a room and whose record knows these nodes; etcd answers. The term under
/// which the new node has the room then.
fn term_beside(knows: &[NodeId]) -> Option<Term> {
    let options = ClusterOptions {
        me: ME,
        incarnation: Incarnation(22),
        timing: Timing::default(),
        when_alone: WhenAlone::Stop,
    };
    let mut node = ClusterNode::new(Time::ZERO, options);
    let record = NodeRecord {
        incarnation: Incarnation(11),
        knows: knows.iter().copied().collect(),
        ..NodeRecord::default()
    };
    node.handle_node(Time::ZERO, DEAD, Some((record, Revision(3))));
    let owner = OwnerRecord {
        node: DEAD,
        incarnation: Incarnation(11),
    };
    node.handle_owner(Time::ZERO, ROOM, owner, Term(5));
    let mut revision = 100;
    for ms in (0..5_000).step_by(10) {
        let now = Time::from_millis(ms);
        if now >= node.poll_timeout() {
            node.handle_timeout(now);
        }
        while let Some(action) = node.poll_action() {
            match action {
                Action::Write(id, change) => {
                    if let Change::Depose { .. } = change {
                        assert!(ms > 1_000, "its renewal may be good still");
                    }
                    revision += 1;
                    node.handle_outcome(now, id, Outcome::Written(Revision(revision)));
                }
                Action::ReadNode(ME) => node.handle_node(now, ME, None),
                _ => {}
            }
        }
    }
    node.term(ROOM)
}

#[test]
fn the_rooms_of_a_node_that_knew_nobody_are_taken() {
    assert!(term_beside(&[DEAD]).is_some());
}

#[test]
fn those_of_a_node_that_another_one_may_have_promised_to_are_not() {
    assert_eq!(term_beside(&[DEAD, NodeId(3)]), None);
    assert!(term_beside(&[DEAD, ME]).is_some());
}
