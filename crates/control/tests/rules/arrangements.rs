//! Rule 26: arrangements.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

fn room(name: &str, identities: &[&str]) -> ArrangedRoom {
    ArrangedRoom {
        name: name.to_owned(),
        capacity: None,
        identities: identities.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn save(name: &str, rooms: Vec<ArrangedRoom>) -> Command {
    Command::SaveArrangement {
        name: name.to_owned(),
        arrangement: Some(Arrangement { rooms }),
    }
}

fn apply(name: &str, open: bool) -> Command {
    Command::ApplyArrangement {
        name: name.to_owned(),
        open,
    }
}

fn named(story: &Story, name: &str) -> BreakoutView {
    let all = story.view().breakouts;
    all.into_iter().find(|it| it.summary.name == name).unwrap()
}

#[test]
fn rule_26_an_arrangement_moves_everybody_in_one_epoch() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let rooms = vec![room("Red", &["ann", "late"]), room("Blue", &["bob"])];
    story.ok(moderator, save("first", rooms));
    let before = story.room.epoch();
    let applied = story.ok(moderator, apply("first", true));
    assert_eq!(story.room.epoch(), before.next());
    let Outcome::Arranged { placed, absent, .. } = &applied.outcome else {
        panic!("{:?}", applied.outcome);
    };
    assert_eq!(
        (placed.len(), absent.as_slice()),
        (2, &["late".to_owned()][..])
    );
    let (red, blue) = (named(&story, "Red"), named(&story, "Blue"));
    assert_eq!(red.members, [ann]);
    assert_eq!(
        (red.assigned.as_slice(), blue.members),
        (&["ann".to_owned(), "late".to_owned()][..], vec![bob])
    );
    assert_eq!(
        story.group(cem),
        GroupId::Parent,
        "those who are not named stay"
    );
    let late = story.person("late");
    assert_eq!(
        story.group(late),
        inside(red.summary.breakout),
        "late joiners go straight there"
    );
    story.check_replay();
}

#[test]
fn rule_26_it_is_applied_again_later() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    story.ok(
        moderator,
        save(
            "first",
            vec![room("Red", &["ann", "bob"]), room("Blue", &["cem"])],
        ),
    );
    story.ok(
        moderator,
        save(
            "second",
            vec![room("Red", &["cem"]), room("Blue", &["ann", "bob"])],
        ),
    );
    story.ok(moderator, apply("first", true));
    story.ok(moderator, apply("second", true));
    let (red, blue) = (named(&story, "Red"), named(&story, "Blue"));
    assert_eq!(
        (red.members, blue.members),
        (vec![cem], vec![ann, bob]),
        "groups change places"
    );
    story.ok(moderator, Command::Destroy(Selection::All));
    story.ok(moderator, apply("first", true));
    assert_eq!(named(&story, "Red").members, [ann, bob]);
    story.check_replay();
}

#[test]
fn rule_26_without_open_it_assigns_only() {
    let (mut story, [moderator, ann, ..]) = four();
    story.ok(moderator, save("first", vec![room("Red", &["ann"])]));
    story.ok(moderator, apply("first", false));
    let red = named(&story, "Red");
    assert!(!red.summary.open && red.members.is_empty());
    assert_eq!(story.group(ann), GroupId::Parent);
    story.ok(moderator, Command::Open(Selection::All));
    assert_eq!(story.group(ann), inside(red.summary.breakout));
}

#[test]
fn rule_26_it_is_made_from_how_things_stand() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let ids = story.create(moderator, 2, 4);
    story.put(&[ann, bob], inside(ids[0]));
    story.put(&[cem, moderator], inside(ids[1]));
    let now = Command::SaveArrangement {
        name: "now".to_owned(),
        arrangement: None,
    };
    story.ok_as(OPERATOR, now);
    let kept = story.room.arrangement("now").unwrap().clone();
    let people: Vec<_> = kept.rooms.iter().map(|it| it.identities.clone()).collect();
    assert_eq!(
        people,
        [
            vec!["ann".to_owned(), "bob".to_owned()],
            vec!["cem".to_owned()]
        ]
    );
    story.ok_as(OPERATOR, Command::Clear(Selection::All));
    story.ok_as(OPERATOR, apply("now", true));
    assert_eq!(
        [story.group(ann), story.group(cem)],
        [inside(ids[0]), inside(ids[1])]
    );
    assert_eq!(
        story.group(moderator),
        GroupId::Parent,
        "moderators are not kept"
    );
    story.check_replay();
}

#[test]
fn rule_26_what_does_not_fit_changes_nothing() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let small = |mut one: ArrangedRoom| {
        one.capacity = Some(2);
        one
    };
    story.ok(
        moderator,
        save("full", vec![small(room("Red", &["a", "b", "c"]))]),
    );
    let refused = story.refused(moderator, apply("full", true));
    assert_eq!(refused, BreakoutError::BreakoutFull { capacity: 2 });
    let many = (0..11)
        .map(|number| room(&format!("Room {number}"), &[]))
        .collect();
    story.ok(moderator, save("many", many));
    let refused = story.refused(moderator, apply("many", true));
    assert_eq!(refused, BreakoutError::BreakoutLimitReached { most: 10 });
    let id = story.create(moderator, 1, 2)[0];
    story.put(&[ann, bob], inside(id));
    story.ok(
        moderator,
        save("crowded", vec![room("Breakout 1", &["cem"])]),
    );
    let refused = story.refused(moderator, apply("crowded", true));
    assert_eq!(
        refused,
        BreakoutError::BreakoutFull { capacity: 2 },
        "two are inside who stay"
    );
    assert_eq!(story.group(cem), GroupId::Parent);
    let refused = story.refused(moderator, apply("none", true));
    assert_eq!(refused, BreakoutError::NotFound(Subject::Arrangement));
    assert_eq!(
        story.refused(ann, apply("full", true)),
        BreakoutError::NotModerator
    );
    let refused = story.refused(moderator, save("twice", vec![room("Red", &["a", "a"])]));
    assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
}

#[test]
fn rule_26_arrangements_have_bounds() {
    let (mut story, [moderator, ann, ..]) = four();
    for number in 0..bounds::ARRANGEMENTS {
        story.ok(
            moderator,
            save(&format!("set {number}"), vec![room("Red", &["ann"])]),
        );
    }
    let one_more = save("one more", vec![room("Red", &[])]);
    let refused = story.refused(moderator, one_more.clone());
    assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    story.ok(moderator, save("set 7", vec![room("Blue", &["bob"])]));
    let remove = Command::RemoveArrangement {
        name: "set 7".to_owned(),
    };
    story.ok(moderator, remove.clone());
    assert_eq!(
        story.refused(moderator, remove),
        BreakoutError::NotFound(Subject::Arrangement)
    );
    story.ok(moderator, one_more);
    let seen = |who| {
        story
            .room
            .view(Viewer::Participant(who))
            .unwrap()
            .arrangements
    };
    assert_eq!(
        (seen(moderator).len(), seen(ann).len()),
        (50, 0),
        "moderators see them"
    );
    let names: Vec<String> = (0..10_001).map(|number| format!("p{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let refused = story.refused(moderator, save("set 1", vec![room("Red", &names)]));
    assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    story.check_replay();
}

#[test]
fn rule_26_a_thousand_people_go_to_fifty_rooms_in_one_epoch() {
    let mut config = config();
    config.settings.max_breakouts = 50;
    config.settings.max_active_talkers = 21;
    config.settings.max_participants = 2_000;
    let mut story = Story::with(config);
    let moderator = story.moderator("mod");
    for number in 0..1_000 {
        story.listener(&format!("p{number}"));
    }
    let rooms = (0..50).map(|number| ArrangedRoom {
        name: format!("Room {number}"),
        capacity: Some(20),
        identities: (0..20)
            .map(|one| format!("p{}", number * 20 + one))
            .collect(),
    });
    let story_epoch = story.room.epoch();
    let actor = Actor::Participant(moderator);
    let mut give = |command| {
        let id = story.request_id();
        story.room.apply(story.now, actor, &id, command).unwrap()
    };
    give(save("all", rooms.collect()));
    let applied = give(apply("all", true));
    assert_eq!(applied.epoch, story_epoch.next(), "in one epoch");
    let Outcome::Arranged { placed, .. } = applied.outcome else {
        panic!();
    };
    assert_eq!(placed.len(), 1_000);
    let view = story.view();
    assert!(view.breakouts.iter().all(|it| it.members.len() == 20));
}

/// The side room that everybody leaves ends within the command, so that two rounds are kept.
#[test]
fn rule_26_rounds_that_one_command_keeps_are_all_in_the_journal() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let rooms = story.create(moderator, 1, 4);
    story.grant(ann, |grants| grants.create_side_rooms = true);
    let side = CreateSideRoom {
        participant: ann,
        name: None,
        capacity: Some(4),
        media: KindSet::WITHOUT_CAMERA,
        door: Door::Open,
        invite: vec![bob],
    };
    let side = breakouts_of(&story.ok(ann, Command::CreateSideRoom(side)))[0];
    story.put(&[bob], inside(side));
    story.put(&[moderator, cem], inside(rooms[0]));
    let both = vec![room("Breakout 1", &["ann", "bob"])];
    story.ok(moderator, save("both", both));
    story.ok(moderator, apply("both", true));
    assert!(story.view().breakouts.iter().all(|it| !it.summary.side));
    story.check_replay();
}
