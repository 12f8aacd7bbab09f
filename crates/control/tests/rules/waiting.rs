//! Rule 11: those who wait for a place in a breakout with `auto_move` come in as soon as there is one.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

/// An open breakout with `auto_move` for two, to which ann, bob and cem are assigned in this order, which
/// differs from the order of their identities.
fn full() -> (Story, [ParticipantId; 4], BreakoutId) {
    let (mut story, people) = four();
    let auto = CreateBreakouts {
        auto_move: true,
        ..create(1, 3)
    };
    let id = story.create_as(people[0], auto)[0];
    assign(&mut story, id, &["cem", "bob", "ann"]);
    let smaller = BreakoutPatch {
        capacity: Some(2),
        ..BreakoutPatch::default()
    };
    assert_eq!(members(&story, id).len(), 3, "assigned to an open breakout");
    story.put(&people[1..], GroupId::Parent);
    update(&mut story, id, smaller);
    // Those who were inside wait no more until they are asked again.
    story.ok_as(
        OPERATOR,
        Command::Assign {
            breakout: None,
            identities: names(&["ann", "bob", "cem"]),
        },
    );
    story.ok_as(OPERATOR, Command::Close(Selection::All));
    (story, people, id)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn assign(story: &mut Story, breakout: BreakoutId, people: &[&str]) -> Applied {
    let command = Command::Assign {
        breakout: Some(breakout),
        identities: names(people),
    };
    story.ok_as(OPERATOR, command)
}

fn update(story: &mut Story, breakout: BreakoutId, patch: BreakoutPatch) -> Applied {
    story.ok_as(OPERATOR, Command::UpdateBreakout { breakout, patch })
}

fn members(story: &Story, breakout: BreakoutId) -> Vec<ParticipantId> {
    story.breakout(breakout).members
}

fn open(story: &mut Story) -> Applied {
    story.ok_as(OPERATOR, Command::Open(Selection::All))
}

/// A full one: cem is inside with the moderator, and bob and then ann wait for a place.
fn waiting() -> (Story, [ParticipantId; 4], BreakoutId) {
    let (mut story, people, id) = full();
    open(&mut story);
    story.put(&[people[0]], inside(id));
    assign(&mut story, id, &["cem"]);
    for name in ["bob", "ann"] {
        let invite = Command::Invite {
            breakout: id,
            participants: vec![story.room.participant_id(name).unwrap()],
            force: false,
        };
        let auto = |auto_move| BreakoutPatch {
            auto_move: Some(auto_move),
            ..BreakoutPatch::default()
        };
        // With `auto_move` an invitation to a full breakout is refused: they were invited before, and wait.
        update(&mut story, id, auto(false));
        story.ok_as(OPERATOR, invite);
        update(&mut story, id, auto(true));
    }
    assert_eq!(members(&story, id), [people[0], people[3]]);
    (story, people, id)
}

#[test]
fn rule_11_switching_auto_move_on_moves_those_who_are_asked() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 2)[0];
    assign(&mut story, id, &["cem", "ann"]);
    let invite = Command::Invite {
        breakout: id,
        participants: vec![bob],
        force: false,
    };
    story.ok(moderator, invite);
    assert!(members(&story, id).is_empty());
    let before = story.room.epoch();
    let auto = BreakoutPatch {
        auto_move: Some(true),
        ..BreakoutPatch::default()
    };
    let applied = update(&mut story, id, auto);
    assert_eq!(members(&story, id), [ann, cem], "as far as there is room");
    assert_eq!(applied.epoch, before.next(), "in one epoch");
    let Outcome::Breakout { breakout } = &applied.outcome else {
        panic!("{applied:?}");
    };
    assert_eq!(breakout.members, [ann, cem], "the answer says so");
    let placed = applied.events.iter().filter(|event| {
        matches!(
            event.kind,
            EventKind::Placed {
                cause: MoveCause::AutoMoved,
                ..
            }
        )
    });
    assert_eq!(placed.count(), 2);
    let leave = Command::LeaveBreakout { participant: cem };
    story.ok(cem, leave);
    assert_eq!(members(&story, id), [ann, bob], "bob has waited");
    assert_eq!(story.group(cem), GroupId::Parent);
    story.check_replay();
}

#[test]
fn rule_11_a_place_that_becomes_free_is_taken_by_the_one_who_waits_longest() {
    type Way = fn(&mut Story, [ParticipantId; 4], BreakoutId) -> Applied;
    let ways: [(&str, Way); 6] = [
        ("leaving", |story, [.., cem], _| {
            story.ok(cem, Command::LeaveBreakout { participant: cem })
        }),
        ("moved away", |story, [.., cem], _| {
            let moves = vec![MoveTo {
                participant: cem,
                to: GroupId::Parent,
                stream: None,
            }];
            story.ok_as(OPERATOR, Command::Move { moves })
        }),
        ("put out", |story, [.., cem], _| {
            story.ok_as(OPERATOR, Command::Remove { participant: cem })
        }),
        ("leaving the room", |story, [.., cem], _| {
            story.ok(cem, Command::Leave { participant: cem })
        }),
        ("clearing oneself", |story, [.., cem], _| {
            story.ok(cem, Command::Clear(Selection::All))
        }),
        ("a larger breakout", |story, _, id| {
            let patch = BreakoutPatch {
                capacity: Some(3),
                ..BreakoutPatch::default()
            };
            update(story, id, patch)
        }),
    ];
    for (name, way) in ways {
        let (mut story, people, id) = waiting();
        let [_, ann, bob, cem] = people;
        let before = story.room.epoch();
        let applied = way(&mut story, people, id);
        assert_eq!(applied.epoch, before.next(), "{name}: one epoch");
        assert_eq!(story.group(bob), inside(id), "{name}");
        assert_eq!(story.group(ann), GroupId::Parent, "{name}");
        if name != "a larger breakout" {
            assert_ne!(story.room.group_of(cem), Some(inside(id)), "{name}");
        }
        story.check_replay();
    }
    let (mut story, [_, _, bob, cem], id) = waiting();
    story.ok_as(OPERATOR, Command::Drop { participant: cem });
    story.pass(30_000);
    assert_eq!(story.group(bob), inside(id), "a place that expired");
    story.check_replay();
}

#[test]
fn rule_11_those_who_are_not_asked_any_more_do_not_wait() {
    let (mut story, [moderator, ann, bob, cem], id) = waiting();
    story.ok(
        bob,
        Command::Reject {
            participant: bob,
            breakout: id,
        },
    );
    story.ok(cem, Command::LeaveBreakout { participant: cem });
    assert_eq!(story.group(bob), GroupId::Parent);
    assert_eq!(story.group(ann), inside(id));
    // A participant who left of their own will is not fetched back, until the breakout opens again.
    story.ok(
        moderator,
        Command::LeaveBreakout {
            participant: moderator,
        },
    );
    assert_eq!(members(&story, id), [ann]);
    open(&mut story);
    assert_eq!(members(&story, id), [ann, cem]);
    // Clearing leaves it empty.
    story.ok(moderator, Command::Clear(Selection::All));
    assert!(members(&story, id).is_empty());
    story.check_replay();
}

#[test]
fn rule_11_a_late_joiner_waits_for_a_full_breakout() {
    let (mut story, people, id) = waiting();
    let patch = BreakoutPatch {
        capacity: Some(4),
        ..BreakoutPatch::default()
    };
    update(&mut story, id, patch);
    story.ok_as(
        OPERATOR,
        Command::Remove {
            participant: people[1],
        },
    );
    assign(&mut story, id, &["late"]);
    let patch = BreakoutPatch {
        capacity: Some(3),
        ..BreakoutPatch::default()
    };
    update(&mut story, id, patch);
    let late = story.person("late");
    assert_eq!(story.group(late), GroupId::Parent, "it is full");
    story.ok(
        people[3],
        Command::LeaveBreakout {
            participant: people[3],
        },
    );
    assert_eq!(story.group(late), inside(id));
    story.check_replay();
}
