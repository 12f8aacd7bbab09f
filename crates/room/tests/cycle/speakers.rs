//! The active talkers of a group reach its members' watchers and the operator's.

use std::time::Duration;

use sideroom_control::{Command, CreateBreakouts, MoveTo, Role, Viewer};
use sideroom_room::{Action, WatcherId};
use sideroom_route::{BreakoutId, GroupId, TrackId};

use crate::room::TestRoom;

#[test]
fn the_operator_hears_of_talkers_as_members_do() {
    let mut room = TestRoom::new();
    let (ada, _) = room.join("ada");
    let operator = room.machine.add_watcher(Viewer::Operator);
    let inside = room.machine.add_watcher(Viewer::Participant(ada));
    room.settle();
    let ranked = vec![TrackId::new(room.machine.id(), 1)];
    room.machine
        .handle_talkers(room.now, GroupId::Parent, ranked.clone());
    assert_eq!(
        told(&mut room),
        [(GroupId::Parent, ranked, vec![operator, inside])]
    );
}

/// Rule 20: a moderator who may listen in, from a breakout.
#[test]
fn a_moderator_elsewhere_hears_of_talkers_twice_a_second() {
    let mut room = TestRoom::new();
    let (ada, _) = room.join("ada");
    let (bob, _) = room.join("bob");
    room.give(Command::SetRole {
        participant: ada,
        role: Role::Moderator,
    });
    room.give(Command::CreateBreakouts(CreateBreakouts {
        participants: Some(3),
        count: 1,
        ..CreateBreakouts::default()
    }));
    let to = GroupId::Breakout(BreakoutId(1));
    let moves = vec![MoveTo {
        participant: ada,
        to,
        stream: None,
    }];
    room.give(Command::Move { moves });
    let host = room.machine.add_watcher(Viewer::Participant(ada));
    let guest = room.machine.add_watcher(Viewer::Participant(bob));
    room.settle();
    let talk = |room: &mut TestRoom, tracks: &[u32]| {
        let id = room.machine.id();
        let ranked = tracks.iter().map(|track| TrackId::new(id, *track));
        let ranked = ranked.collect();
        room.machine
            .handle_talkers(room.now, GroupId::Parent, ranked);
        let told = told(room).into_iter();
        told.map(|(_, ranked, to)| (ranked.len(), to))
            .collect::<Vec<_>>()
    };
    assert_eq!(talk(&mut room, &[2]), [(1, vec![guest]), (1, vec![host])]);
    room.pass(Duration::from_millis(200));
    assert_eq!(talk(&mut room, &[]), [(0, vec![guest])], "too soon");
    assert_eq!(
        room.machine.poll_timeout(),
        room.now.at + Duration::from_millis(300)
    );
    room.pass(Duration::from_millis(300));
    room.machine.handle_timeout(room.now);
    let later = told(&mut room);
    assert_eq!(later, [(GroupId::Parent, Vec::new(), vec![host])]);
    assert!(told(&mut room).is_empty(), "once");
    room.give(Command::SetRole {
        participant: ada,
        role: Role::Participant,
    });
    room.pass(Duration::from_secs(1));
    assert_eq!(talk(&mut room, &[2]), [(1, vec![guest])]);
}

/// The talkers that are told now, of which group and to whom.
fn told(room: &mut TestRoom) -> Vec<(GroupId, Vec<TrackId>, Vec<WatcherId>)> {
    let mut told = Vec::new();
    while let Some(action) = room.machine.poll_action() {
        match action {
            Action::Speakers(group, talkers, to) => told.push((group, talkers, to)),
            Action::Publish(id, _) => room.machine.handle_published(room.now, id),
            _ => {}
        }
    }
    told
}
