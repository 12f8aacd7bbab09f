//! A room is saved whole after every so many records.

use std::time::Duration;

use sideroom_room::Action;

use crate::room::TestRoom;

/// How often the room asks to be saved while it does everything that waits.
fn saves(room: &mut TestRoom) -> usize {
    let mut saves = 0;
    while let Some(action) = room.machine.poll_action() {
        match action {
            Action::Commit { id, .. } => room.machine.handle_committed(room.now, id, true),
            Action::Publish(id, _) => room.machine.handle_published(room.now, id),
            Action::Save => saves += 1,
            _ => {}
        }
    }
    saves
}

#[test]
fn a_room_asks_to_be_saved_each_time_it_has_so_many_new_records() {
    let mut room = TestRoom::with(3, Duration::ZERO);
    for round in 0..4 {
        for number in 0..3 {
            room.change();
            room.machine.handle_timeout(room.now);
            let expected = usize::from(number == 2);
            assert_eq!(
                saves(&mut room),
                expected,
                "record {number} of round {round}"
            );
        }
    }
}
