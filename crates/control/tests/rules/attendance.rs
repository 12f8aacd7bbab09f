//! Rule 28: attendance.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

/// A group, from when to when, and how long they were connected.
type Row = (GroupId, u64, Option<u64>, u64);

fn rows(story: &Story, identity: &str) -> Vec<Row> {
    let query = MovesQuery {
        identity: Some(identity.to_owned()),
        limit: 100,
        ..MovesQuery::default()
    };
    let page = story.room.move_log().attendance(&query, story.now);
    assert!(!page.more);
    let start = 1_000_000;
    page.rows
        .iter()
        .map(|row| {
            let until = row.stay.end.as_ref().map(|end| end.at.0 - start);
            (
                row.stay.group,
                row.stay.from.0 - start,
                until,
                row.connected_ms,
            )
        })
        .collect()
}

#[test]
fn rule_28_stays_and_connections_are_told_to_the_millisecond() {
    let (mut story, [moderator, ann, ..]) = four();
    let start = story.now;
    assert_eq!(start.0, 1_000_000);
    let id = story.create(moderator, 1, 4)[0];
    story.pass(1_001);
    story.put(&[ann], inside(id));
    story.pass(500);
    story.ok_as(OPERATOR, Command::Drop { participant: ann });
    story.pass(250);
    let slots = SlotPool { audio: 9, video: 9 };
    let back = Command::Reconnect(Reconnect {
        identity: "ann".to_owned(),
        slots,
        offers: TrackKind::ALL.to_vec(),
    });
    story.ok_as(OPERATOR, back);
    story.pass(249);
    story.ok(moderator, Command::Clear(Selection::All));
    story.pass(10);
    let expected = [
        (GroupId::Parent, 0, Some(1_001), 1_001),
        (inside(id), 1_001, Some(2_000), 749),
        (GroupId::Parent, 2_000, None, 10),
    ];
    assert_eq!(rows(&story, "ann"), expected);
    story.ok_as(OPERATOR, Command::Drop { participant: ann });
    story.pass(29_999);
    let lasting = rows(&story, "ann");
    assert_eq!(lasting[2], (GroupId::Parent, 2_000, None, 10));
    story.pass(1);
    let gone = rows(&story, "ann");
    assert_eq!(gone[2], (GroupId::Parent, 2_000, Some(32_010), 10));
    story.check_replay();
}
