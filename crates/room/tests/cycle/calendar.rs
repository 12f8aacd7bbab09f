//! The calendar jumps; spans go on by the clock that does not.

use std::time::Duration;

use sideroom_control::{Room, UnixMillis};
use sideroom_room::Loaded;
use sideroom_route::LostReason;

use crate::room::TestRoom;

const HOUR_MS: u64 = 3_600_000;

/// Drops somebody, and lets the calendar jump while the store works on it.
fn drop_and_jump(jump: impl Fn(&mut UnixMillis)) -> (TestRoom, sideroom_route::ParticipantId) {
    let mut room = TestRoom::new();
    let (ada, transport) = room.join("ada");
    let reason = LostReason::NeverConnected;
    room.machine.handle_lost(room.now, ada, transport, reason);
    let (id, _) = room.until_commit();
    jump(&mut room.now.wall);
    room.machine.handle_committed(room.now, id, true);
    room.settle();
    (room, ada)
}

#[test]
fn a_jump_between_a_drop_and_its_commit_neither_gives_the_place_up_nor_keeps_it_longer() {
    let jumps: [fn(&mut UnixMillis); 2] = [|wall| wall.0 += HOUR_MS, |wall| wall.0 -= HOUR_MS];
    for jump in jumps {
        let (mut room, ada) = drop_and_jump(jump);
        room.wake();
        room.pass(Duration::from_secs(29));
        room.wake();
        assert!(room.has(ada), "the place is kept for the grace period");
        room.pass(Duration::from_secs(2));
        room.wake();
        assert!(!room.has(ada), "and not for longer");
    }
}

/// The room's own time does not follow a small step back, and must not make the place last longer by it.
#[test]
fn a_small_step_back_before_a_drop_does_not_keep_the_place_longer() {
    let mut room = TestRoom::new();
    let (ada, transport) = room.join("ada");
    room.now.wall.0 -= 9_000;
    let reason = LostReason::NeverConnected;
    room.machine.handle_lost(room.now, ada, transport, reason);
    room.settle();
    room.wake();
    room.pass(Duration::from_secs(29));
    room.wake();
    assert!(room.has(ada), "the place is kept for the grace period");
    room.pass(Duration::from_secs(2));
    room.wake();
    assert!(!room.has(ada), "and not for longer");
}

/// The commit of a drop was given up, so the room is read again and finds it stored.
#[test]
fn a_jump_before_a_room_is_read_again_gives_up_no_place() {
    let mut room = TestRoom::new();
    let (ada, transport) = room.join("ada");
    let stored = room.machine.room().expect("live").snapshot();
    let reason = LostReason::NeverConnected;
    room.machine.handle_lost(room.now, ada, transport, reason);
    let (id, records) = room.until_commit();
    room.machine.handle_committed(room.now, id, false);
    room.now.wall.0 += HOUR_MS;
    room.pass(Duration::from_secs(1));
    room.machine.handle_timeout(room.now);
    let load = std::iter::from_fn(|| room.machine.poll_action()).find_map(|action| match action {
        sideroom_room::Action::Load(id) => Some(id),
        _ => None,
    });
    let mut read = Room::restore(stored).expect("we made it");
    for record in &records {
        read.replay(record).expect("we made it");
    }
    let loaded = Loaded {
        room: read,
        made_by: None,
        unsaved: 1,
    };
    let load = load.expect("it is read again");
    room.machine.handle_loaded(room.now, load, Ok(loaded));
    room.settle();
    room.pass(Duration::from_secs(28));
    room.wake();
    assert!(room.has(ada), "the place is kept for the grace period");
    room.pass(Duration::from_secs(3));
    room.wake();
    assert!(!room.has(ada), "and not for longer");
}
