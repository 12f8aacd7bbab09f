//! An empty room ends after the time that the operator has set, and no sooner.

use std::time::Duration;

use sideroom_control::{Actor, Command, RequestId};
use sideroom_room::{Action, Order, Request};

use crate::room::TestRoom;

const TIMEOUT: Duration = Duration::from_secs(60);

/// True if the room asks to be removed.
fn ends(room: &mut TestRoom) -> bool {
    room.machine.handle_timeout(room.now);
    let mut ended = false;
    while let Some(action) = room.machine.poll_action() {
        match action {
            Action::Commit { id, ends, .. } => {
                ended |= ends;
                room.machine.handle_committed(room.now, id, true);
            }
            Action::Publish(id, _) => room.machine.handle_published(room.now, id),
            _ => {}
        }
    }
    ended
}

#[test]
fn a_room_that_stays_empty_ends() {
    let mut room = TestRoom::with(1_000, TIMEOUT);
    room.pass(TIMEOUT - Duration::from_secs(1));
    assert!(!ends(&mut room), "too soon");
    assert!(room.machine.poll_timeout() <= room.now.at + Duration::from_secs(1));
    room.pass(Duration::from_secs(1));
    assert!(ends(&mut room));
}

#[test]
fn a_room_with_somebody_in_it_does_not_end_and_its_time_begins_when_they_leave() {
    let mut room = TestRoom::with(1_000, TIMEOUT);
    let (ada, _) = room.join("ada");
    room.pass(2 * TIMEOUT);
    assert!(!ends(&mut room), "Ada is inside");
    room.ask(Request::Command(Order {
        actor: Actor::Operator,
        request_id: RequestId::new("leave").expect("the name is short"),
        expected: None,
        command: Command::Leave { participant: ada },
    }));
    room.settle();
    room.pass(TIMEOUT - Duration::from_secs(1));
    assert!(!ends(&mut room), "too soon");
    room.pass(Duration::from_secs(1));
    assert!(ends(&mut room));
}

#[test]
fn without_a_timeout_an_empty_room_stays() {
    let mut room = TestRoom::new();
    room.pass(Duration::from_secs(365 * 24 * 3_600));
    assert!(!ends(&mut room));
}
