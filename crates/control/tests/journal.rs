//! The journal: the same room again from its records, and no record that was tampered with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

fn told() -> Story {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let ann = story.person("ann");
    let breakout = story.create(moderator, 2, 4)[0];
    story.put(&[ann], inside(breakout));
    // Volatile changes lie between the records, and count in the epoch.
    let talker = story.track(moderator, TrackKind::Audio).unwrap();
    story.room.handle_talkers(GroupId::Parent, &[talker]);
    let views = Views {
        everything_else: false,
        wishes: Vec::new(),
    };
    story.room.set_views(ann, views).unwrap();
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    story.pass(30_000);
    story
}

fn entries(records: &[Record]) -> Vec<Entry> {
    records.iter().cloned().map(Entry::from).collect()
}

fn replay(records: &[Record]) -> Result<Room, ReplayError> {
    let mut room = Room::new(config()).unwrap();
    room.replay_all(&entries(records))?;
    Ok(room)
}

#[test]
fn the_records_tell_the_room_again() {
    let story = told();
    story.check_replay();
    assert_eq!(replay(&story.records).unwrap().epoch(), story.room.epoch());
}

/// A room, written as its snapshot.
struct Uncopied<'a>(&'a Room);

impl serde::Serialize for Uncopied<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_snapshot(to)
    }
}

#[test]
fn a_snapshot_and_the_records_after_it_tell_the_room_again() {
    let story = told();
    for half in 0..story.records.len() {
        let room = replay(&story.records[..half]).unwrap();
        let bytes = room.snapshot().encode();
        let uncopied = postcard::to_allocvec(&Uncopied(&room)).unwrap();
        assert_eq!(uncopied, bytes, "written without a copy it is the same");
        let snapshot = Snapshot::decode(&bytes).unwrap();
        assert_eq!(snapshot.record_seq(), half as u64);
        let mut room = Room::restore(snapshot).unwrap();
        room.replay_all(&entries(&story.records[half..])).unwrap();
        assert_eq!(room.state_hash(), story.room.state_hash(), "from {half}");
        assert_eq!(room.snapshot(), replay(&story.records).unwrap().snapshot());
    }
}

#[test]
fn a_changed_record_breaks_the_chain() {
    let story = told();
    type Change = fn(&mut Record);
    let changes: [Change; 5] = [
        |record| record.now = record.now + 1,
        |record| record.actor = Actor::System,
        |record| record.command = "close_room".to_owned(),
        |record| record.request_id = RequestId::new("forged").unwrap(),
        |record| record.epoch = record.epoch.next(),
    ];
    for change in changes {
        for rehash in [false, true] {
            let mut records = story.records.clone();
            let middle = records.len() / 2;
            change(&mut records[middle]);
            if rehash {
                records[middle].hash = records[middle].computed_hash();
            }
            let error = replay(&records).unwrap_err();
            let shown = format!("{error:?}");
            assert!(matches!(error, ReplayError::Tampered { .. }), "{shown}");
        }
    }
}

#[test]
fn a_missing_or_exchanged_record_is_noticed() {
    let story = told();
    let mut without = story.records.clone();
    without.remove(3);
    assert!(matches!(
        replay(&without),
        Err(ReplayError::OutOfOrder {
            found: 5,
            held: 3,
            ..
        })
    ));
    let mut exchanged = story.records.clone();
    exchanged.swap(3, 4);
    assert!(matches!(
        replay(&exchanged),
        Err(ReplayError::OutOfOrder { .. })
    ));
    let mut other = config();
    other.seed += 1;
    let mut other = Room::new(other).unwrap();
    let first = other.replay(&story.records[0]);
    assert!(
        matches!(first, Err(ReplayError::Tampered { seq: 1 })),
        "another room's journal"
    );
}

#[test]
fn bytes_that_are_no_record_are_refused() {
    let bytes = told().records[0].encode();
    for length in 0..bytes.len() {
        assert!(
            Record::decode(&bytes[..length]).is_err(),
            "cut off at {length}"
        );
    }
    let mut other = bytes.clone();
    other[0] = 5;
    assert_eq!(
        Record::decode(&other),
        Err(ReplayError::Version { found: 5, known: 4 })
    );
    for index in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[index] ^= 0x10;
        if let Ok(record) = Record::decode(&flipped) {
            let mut room = Room::new(config()).unwrap();
            assert!(room.replay(&record).is_err(), "byte {index}");
        }
    }
    assert!(bytes.len() < 300, "{} bytes for a join", bytes.len());
}

/// The format on disk: if this fails, journals that exist can no longer be read.
#[test]
fn the_first_record_of_a_room_looks_like_this() {
    let mut room = Room::new(config()).unwrap();
    let id = RequestId::new("r").unwrap();
    let drain = Command::Drain(true);
    let applied = room.apply(START, Actor::Operator, &id, drain).unwrap();
    let bytes = applied.record.unwrap().encode();
    let head = [
        4, 7, 1, 0, 1, 1, 0xc0, 0x84, 0x3d, 1, 1, b'r', 5, b'd', b'r', b'a', b'i', b'n',
    ];
    assert_eq!(bytes[..head.len()], head);
    // After the digest of the command: done, one change (draining), and one event (the same).
    let tail = [0, 1, 4, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let rest = &bytes[head.len()..];
    assert_eq!(rest[0], 1, "there is a digest");
    assert_eq!(rest[33..][..tail.len()], tail);
    assert_eq!(rest.len(), 33 + tail.len() + 64, "and two hashes");
}
