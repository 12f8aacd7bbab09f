//! Rule 16: requests once, events all, state for good.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

#[test]
fn rule_16_a_repeated_request_has_no_second_effect() {
    let (mut story, [moderator, ..]) = four();
    let actor = Actor::Participant(moderator);
    let id = RequestId::new("again").unwrap();
    let create_one = Command::CreateBreakouts(create(1, 4));
    let (room, now) = (&mut story.room, story.now);
    let first = room.apply(now, actor, &id, create_one.clone()).unwrap();
    let hash = room.state_hash();
    let second = room
        .apply(now + 50, actor, &id, create_one.clone())
        .unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!(
        (&second.outcome, second.epoch),
        (&first.outcome, first.epoch)
    );
    assert_eq!(
        (second.events, second.update, second.record),
        (vec![], None, None)
    );
    assert_eq!(room.state_hash(), hash);
    let other = room.apply(now, actor, &id, Command::CreateBreakouts(create(2, 4)));
    assert!(matches!(other, Err(BreakoutError::InvalidArgument(_))));
    // The same id from another actor is another request.
    let operator = room.apply(now, OPERATOR, &id, create_one.clone()).unwrap();
    assert!(!operator.repeated);
    // After a while it is forgotten, when something else is remembered.
    let later = now + bounds::REQUEST_MEMORY_MS;
    let other = RequestId::new("other").unwrap();
    room.apply(later, OPERATOR, &other, create_one.clone())
        .unwrap();
    assert!(!room.apply(later, actor, &id, create_one).unwrap().repeated);
}

#[test]
fn rule_16_what_was_decided_on_a_passed_epoch_is_refused() {
    let (mut story, [moderator, ..]) = four();
    let id = RequestId::new("late").unwrap();
    let actor = Actor::Participant(moderator);
    let current = story.room.epoch();
    let command = || Command::CreateBreakouts(create(1, 4));
    let stale = Epoch(current.0 - 1);
    let refused = story
        .room
        .apply_at(stale, story.now, actor, (&id, command()));
    assert_eq!(refused, Err(BreakoutError::EpochMismatch { current }));
    let accepted = story
        .room
        .apply_at(current, story.now, actor, (&id, command()));
    assert!(accepted.is_ok());
    let repeated = story
        .room
        .apply_at(stale, story.now, actor, (&id, command()));
    assert!(repeated.unwrap().repeated);
}

#[test]
fn rule_16_whoever_comes_back_gets_every_event_that_it_missed() {
    let (mut story, [moderator, ann, ..]) = four();
    let seen = story.room.seq();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    let chat = |group, text: &str| Command::Chat {
        group,
        text: text.to_owned(),
    };
    story.ok(ann, chat(inside(id), "in the breakout"));
    story.ok(moderator, chat(GroupId::Parent, "in the parent"));
    story.put(&[ann], GroupId::Parent);
    story.ok_as(OPERATOR, chat(inside(id), "without ann"));
    let texts = |viewer| {
        let events = story.room.events_after(viewer, seen).unwrap();
        let texts = events.into_iter().filter_map(|event| match event.kind {
            EventKind::Chat { text, .. } => Some(text),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    let all = ["in the breakout", "in the parent", "without ann"];
    assert_eq!(texts(Viewer::Operator), all);
    assert_eq!(texts(Viewer::Participant(ann)), ["in the breakout"]);
    assert_eq!(texts(Viewer::Participant(moderator)), ["in the parent"]);
    let all = story.room.events_after(Viewer::Operator, 0).unwrap();
    let numbers: Vec<u64> = all.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=story.room.seq()).collect::<Vec<_>>());
    let ahead = story
        .room
        .events_after(Viewer::Operator, story.room.seq() + 1);
    assert!(ahead.is_err());
}

#[test]
fn rule_16_a_reader_who_is_too_late_takes_a_fresh_snapshot() {
    let (mut story, [moderator, ann, ..]) = four();
    for _ in 0..bounds::EVENTS {
        let chat = Command::Chat {
            group: GroupId::Parent,
            text: "once more".to_owned(),
        };
        let id = story.request_id();
        let actor = Actor::Participant(moderator);
        story.room.apply(story.now, actor, &id, chat).unwrap();
    }
    let viewer = Viewer::Participant(ann);
    let current = story.room.seq();
    let after = current - bounds::EVENTS as u64 - 1;
    assert_eq!(
        story.room.events_after(viewer, after),
        Err(Missed { after, current })
    );
    let kept = story.room.events_after(viewer, after + 1).unwrap();
    assert_eq!(kept.len(), bounds::EVENTS);
}

#[test]
fn rule_16_breakouts_survive_a_restart() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 2, 4)[0];
    story.put(&[ann, bob], inside(id));
    story.ok(ann, Command::ResumeParent(GateScope::Participant(ann)));
    story.check_replay();
    let mut restored = Room::restore(story.room.snapshot()).unwrap();
    assert_eq!(restored.group_of(ann), Some(inside(id)));
    let again = RequestId::new("q1").unwrap();
    let first = story.records[0].clone();
    let repeated = restored.apply(story.now, first.actor, &again, first.command);
    assert!(
        repeated.unwrap().repeated,
        "even answered requests are remembered"
    );
}
