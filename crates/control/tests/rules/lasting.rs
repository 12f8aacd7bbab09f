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

/// Talkers, views and texts are no reason to decide anew.
#[test]
fn rule_16_the_version_moves_with_the_state_and_with_nothing_else() {
    let (mut story, [moderator, ann, ..]) = four();
    let id = story.create(moderator, 1, 4)[0];
    let (version, epoch) = (story.room.version(), story.room.epoch());
    let talker = story.track(ann, TrackKind::Audio).unwrap();
    story.room.handle_talkers(GroupId::Parent, &[talker]);
    let views = Views {
        everything_else: false,
        wishes: Vec::new(),
    };
    story.room.set_views(ann, views).unwrap();
    let text = |text: &str| Command::Chat {
        group: Some(GroupId::Parent),
        text: text.to_owned(),
    };
    story.ok(ann, text("hello"));
    // A repeated setting changes nothing.
    story.ok(moderator, Command::Open(Selection::All));
    assert!(story.room.epoch() > epoch, "the table has moved on");
    assert_eq!(story.room.version(), version);
    let careful = [
        Expected::Version(version),
        Expected::Epoch(epoch),
        Expected::Epoch(story.room.epoch()),
        Expected::Epoch(Epoch(version)),
    ];
    let rename = |name: &str| Command::UpdateBreakout {
        breakout: id,
        patch: BreakoutPatch {
            name: Some(name.to_owned()),
            ..BreakoutPatch::default()
        },
    };
    let actor = Actor::Participant(moderator);
    for (number, seen) in careful.into_iter().enumerate() {
        let mut room = story.room.clone();
        let id = RequestId::new(&format!("careful-{number}")).unwrap();
        let renamed = room.apply_at(seen, story.now, actor, (&id, rename("Blue")));
        let renamed = renamed.unwrap();
        // The table is the same, the state is not.
        assert_eq!(renamed.update, None, "{seen:?}");
        assert!(renamed.version > version, "{seen:?}");
        assert_eq!(
            room.view(Viewer::Operator).unwrap().version,
            renamed.version
        );
        let late = RequestId::new("late").unwrap();
        let again = room.apply_at(
            Expected::Version(version),
            story.now,
            actor,
            (&late, rename("Red")),
        );
        let current = renamed.version;
        assert_eq!(again, Err(BreakoutError::VersionMismatch { current }));
        let stale = Expected::Epoch(Epoch(epoch.0 - 1));
        let again = room.apply_at(stale, story.now, actor, (&late, rename("Red")));
        assert!(matches!(again, Err(BreakoutError::EpochMismatch { .. })));
    }
    story.check_replay();
}

#[test]
fn rule_16_request_ids_are_their_actors_own() {
    let (mut story, [moderator, ann, ..]) = four();
    let key = |name| Actor::Key(KeyId::new(name).unwrap());
    let id = RequestId::new("1").unwrap();
    let (now, create) = (story.now, || Command::CreateBreakouts(create(1, 4)));
    for actor in [
        key("one"),
        key("two"),
        OPERATOR,
        Actor::Participant(moderator),
    ] {
        let first = story.room.apply(now, actor, &id, create()).unwrap();
        assert!(!first.repeated, "{actor:?}");
        assert!(
            story
                .room
                .apply(now, actor, &id, create())
                .unwrap()
                .repeated
        );
    }
    // A participant with many requests makes the room forget their own only; the node remembers none of its own.
    let text = || Command::Chat {
        group: Some(GroupId::Parent),
        text: "again".to_owned(),
    };
    for number in 0..=bounds::REQUESTS {
        let id = RequestId::new(&format!("ann-{number}")).unwrap();
        let actor = Actor::Participant(ann);
        story.room.apply(now, actor, &id, text()).unwrap();
        let drop = Command::Drop { participant: ann };
        let own = story.room.apply(now, Actor::System, &id, drop).unwrap();
        assert!(!own.repeated);
    }
    let mut restored = Room::restore(story.room.snapshot()).unwrap();
    for room in [&mut story.room, &mut restored] {
        let again = room.apply(now, key("one"), &id, create()).unwrap();
        assert!(again.repeated);
        let forgotten = RequestId::new("ann-0").unwrap();
        let again = room.apply(now, Actor::Participant(ann), &forgotten, text());
        assert!(!again.unwrap().repeated);
    }
}

/// Texts are told while the room lives; no record and no snapshot has them.
#[test]
fn rule_16_texts_are_in_no_journal_and_in_no_snapshot() {
    let (mut story, [moderator, ann, ..]) = four();
    let secret = "xyzzy-42";
    let text = || secret.to_owned();
    let from = story.room.seq();
    let chat = Command::Chat {
        group: Some(GroupId::Parent),
        text: text(),
    };
    let chat = story.ok(ann, chat);
    assert_eq!(story.seen_by(ann, &chat).len(), 1);
    story.ok(moderator, Command::AddressAllText { text: text() });
    let texts = story.room.seq();
    story.create(moderator, 1, 4);
    let has = |bytes: &[u8]| {
        let mut windows = bytes.windows(secret.len());
        windows.any(|window| window == secret.as_bytes())
    };
    assert!(!story.records.iter().any(|record| has(&record.encode())));
    let snapshot = story.room.snapshot().encode();
    assert!(!has(&snapshot));
    let restored = Room::restore(Snapshot::decode(&snapshot).unwrap()).unwrap();
    let mut replayed = Room::new(config()).unwrap();
    let entries: Vec<Entry> = story.records.iter().cloned().map(Entry::from).collect();
    replayed.replay_all(&entries).unwrap();
    // Those who come back after the texts miss nothing; those from before them take a fresh snapshot.
    for room in [&restored, &replayed] {
        assert_eq!(room.seq(), story.room.seq());
        assert!(room.events_after(Viewer::Operator, from).is_err());
        let after = room.events_after(Viewer::Operator, texts).unwrap();
        assert_eq!(
            after,
            story.room.events_after(Viewer::Operator, texts).unwrap()
        );
    }
    assert!(story.room.events_after(Viewer::Operator, from).is_ok());
}

#[test]
fn rule_16_whoever_comes_back_gets_every_event_that_it_missed() {
    let (mut story, [moderator, ann, ..]) = four();
    let seen = story.room.seq();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    let chat = |group, text: &str| Command::Chat {
        group: Some(group),
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
            group: Some(GroupId::Parent),
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
    let restored = Room::restore(story.room.snapshot()).unwrap();
    assert_eq!(restored.group_of(ann), Some(inside(id)));
    let again = story.ok(moderator, Command::CreateBreakouts(create(1, 3)));
    let asked = again.record.unwrap();
    let mut room = Room::restore(story.room.snapshot()).unwrap();
    let repeated = room.apply(
        story.now,
        asked.actor,
        &asked.request_id,
        Command::CreateBreakouts(create(1, 3)),
    );
    let repeated = repeated.unwrap();
    assert!(repeated.repeated, "even answered requests are remembered");
    assert_eq!(repeated.outcome, again.outcome);
}
