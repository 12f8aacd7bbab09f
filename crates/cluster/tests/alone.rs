//! An owner that reaches neither etcd nor another node: its media stop or go on, as the operator chose.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use sideroom_cluster::{
    Action, Change, ClusterNode, ClusterOptions, Incarnation, NodeId, NodeRecord, Outcome,
    Revision, RoomState, Timing, WhenAlone,
};
use sideroom_route::{Epoch, RoomId, Time};

const ME: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);
const ROOM: RoomId = RoomId(7);

/// Lets etcd answer everything that the node asks, and runs the node until `until_ms`.
fn run(node: &mut ClusterNode, (from_ms, until_ms): (u64, u64), mut revision: Option<&mut u64>) {
    for ms in (from_ms..until_ms).step_by(10) {
        let now = Time::from_millis(ms);
        if now >= node.poll_timeout() {
            node.handle_timeout(now);
        }
        while let Some(action) = node.poll_action() {
            let Some(revision) = revision.as_deref_mut() else {
                continue;
            };
            match action {
                Action::Write(id, change) => {
                    // The other node's record is left as it is: this one is not to become its judge.
                    let is_written = !matches!(change, Change::Depose { .. });
                    *revision += u64::from(is_written);
                    let outcome = if is_written {
                        Outcome::Written(Revision(*revision))
                    } else {
                        Outcome::Refused
                    };
                    node.handle_outcome(now, id, outcome);
                }
                Action::ReadNode(ME) => node.handle_node(now, ME, None),
                _ => {}
            }
        }
    }
}

/// A node that owns a room and forwards it, with etcd answering until 2 s; then it is alone until 6 s.
fn forwards_alone(when_alone: WhenAlone, members: &[NodeId]) -> bool {
    let options = ClusterOptions {
        me: ME,
        incarnation: Incarnation(11),
        timing: Timing::default(),
        when_alone,
    };
    let mut node = ClusterNode::new(Time::ZERO, options);
    let mut revision = 100;
    let other = NodeRecord {
        incarnation: Incarnation(22),
        ..NodeRecord::default()
    };
    node.handle_node(Time::ZERO, OTHER, Some((other, Revision(1))));
    run(&mut node, (0, 500), Some(&mut revision));
    node.take(Time::from_millis(500), ROOM);
    run(&mut node, (500, 600), Some(&mut revision));
    let now = Time::from_millis(600);
    let term = node.term(ROOM).expect("it owns the room");
    let members: BTreeSet<_> = members.iter().copied().collect();
    node.handle_replayed(ROOM, &members, &members);
    node.publish(now, ROOM, Epoch(1));
    let state = RoomState {
        room: ROOM,
        term,
        epoch: Epoch(1),
    };
    assert!(node.handle_table(now, ME, state));
    run(&mut node, (600, 2_000), Some(&mut revision));
    assert!(node.may_forward(Time::from_millis(2_000), ROOM));
    run(&mut node, (2_000, 6_000), None);
    let now = Time::from_millis(6_000);
    assert!(!node.holds(now), "nobody has promised");
    node.may_forward(now, ROOM)
}

#[test]
fn a_room_that_is_wholly_on_the_node_goes_on_only_if_so_chosen() {
    assert!(forwards_alone(WhenAlone::Continue, &[ME]));
    assert!(!forwards_alone(WhenAlone::Stop, &[ME]));
}

#[test]
fn a_room_with_people_on_another_node_stops_either_way() {
    assert!(!forwards_alone(WhenAlone::Continue, &[ME, OTHER]));
    assert!(!forwards_alone(WhenAlone::Stop, &[ME, OTHER]));
}
