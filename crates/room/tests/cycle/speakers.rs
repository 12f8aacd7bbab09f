//! The active talkers of a group reach its members' watchers and the operator's.

use sideroom_control::Viewer;
use sideroom_room::Action;
use sideroom_route::{GroupId, TrackId};

use crate::room::TestRoom;

#[test]
fn the_operator_hears_of_talkers_as_members_do() {
    let mut room = TestRoom::new();
    let (ada, _) = room.join("ada");
    let operator = room.machine.add_watcher(Viewer::Operator);
    let inside = room.machine.add_watcher(Viewer::Participant(ada));
    room.settle();
    let track = TrackId::new(room.machine.id(), 1);
    let ranked = vec![track];
    room.machine
        .handle_talkers(room.now, GroupId::Parent, ranked.clone());
    let mut told = Vec::new();
    while let Some(action) = room.machine.poll_action() {
        match action {
            Action::Speakers(group, talkers, to) => told.push((group, talkers, to)),
            Action::Publish(id, _) => room.machine.handle_published(room.now, id),
            _ => {}
        }
    }
    assert_eq!(told, [(GroupId::Parent, ranked, vec![operator, inside])]);
}
