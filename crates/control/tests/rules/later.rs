//! Rules 24 and 25: scheduled commands, and dry runs.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

fn later(at: UnixMillis, command: Command) -> Command {
    Command::Schedule {
        at,
        if_late: IfLate::default(),
        command: Box::new(command),
    }
}

fn scheduled(applied: &Applied) -> ScheduleId {
    match &applied.outcome {
        Outcome::Scheduled { schedule } => schedule.schedule,
        other => panic!("{other:?}"),
    }
}

fn failures(events: &[std::sync::Arc<Event>]) -> Vec<&str> {
    let failed = events.iter().filter_map(|event| match &event.kind {
        EventKind::ScheduleFailed { error, .. } => Some(error.as_str()),
        _ => None,
    });
    failed.collect()
}

fn open_all() -> Command {
    Command::Open(Selection::All)
}

#[test]
fn rule_24_a_command_is_carried_out_at_its_time() {
    let (mut story, [moderator, ann, ..]) = four();
    let closed = CreateBreakouts {
        open: false,
        auto_move: true,
        ..create(1, 4)
    };
    let id = story.create_as(moderator, closed)[0];
    let assign = Command::Assign {
        breakout: Some(id),
        identities: vec!["ann".to_owned()],
    };
    story.ok(moderator, assign);
    let at = story.now + 5_000;
    let applied = story.ok(moderator, later(at, open_all()));
    let seen = story.seen_by(ann, &applied);
    assert!(
        matches!(&seen[0], EventKind::Scheduled { schedule } if schedule.at == at && schedule.command == "open"),
        "everybody sees the countdown"
    );
    assert_eq!(story.room.next_deadline(), Some(at));
    assert!(story.pass(4_999).is_empty());
    let before = story.room.epoch();
    let told = story.pass(1);
    assert_eq!(story.group(ann), inside(id));
    assert_eq!(story.room.epoch(), before.next(), "in one epoch");
    let author = told
        .iter()
        .all(|event| event.actor == Actor::Participant(moderator));
    assert!(author, "its author is its actor");
    assert!(told.iter().any(|event| matches!(
        event.kind,
        EventKind::ScheduleEnded {
            end: ScheduleEnd::Done,
            ..
        }
    )));
    assert!(story.view().schedules.is_empty());
    assert_eq!(story.room.next_deadline(), None);
    story.check_replay();
}

#[test]
fn rule_24_it_is_listed_changed_and_cancelled() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    let at = story.now + 5_000;
    let move_ann = Command::Move {
        moves: vec![MoveTo {
            participant: ann,
            to: inside(id),
            stream: None,
        }],
    };
    let schedule = scheduled(&story.ok(moderator, later(at, move_ann)));
    let listed = |story: &Story, who| {
        let view = story.room.view(Viewer::Participant(who)).unwrap();
        view.schedules.len()
    };
    let seen = [moderator, ann, bob].map(|who| listed(&story, who));
    assert_eq!(seen, [1, 1, 0], "those whom it concerns see it");
    let change = |at| Command::ChangeSchedule {
        schedule,
        at: Some(at),
        if_late: None,
    };
    assert_eq!(story.refused(ann, change(at)), BreakoutError::NotModerator);
    let past = story.now;
    assert!(matches!(
        story.refused(moderator, change(past)),
        BreakoutError::ScheduleFailed(_)
    ));
    story.ok(moderator, change(at + 1_000));
    story.pass(5_500);
    assert_eq!(story.group(ann), GroupId::Parent);
    let cancel = Command::CancelSchedule { schedule };
    assert_eq!(
        story.refused(ann, cancel.clone()),
        BreakoutError::NotModerator
    );
    story.ok(moderator, cancel.clone());
    assert!(matches!(
        story.refused(moderator, cancel),
        BreakoutError::NotFound(Subject::Schedule)
    ));
    story.pass(5_000);
    assert_eq!(story.group(ann), GroupId::Parent);
    story.check_replay();
}

#[test]
fn rule_24_the_rules_of_that_moment_decide() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 2)[0];
    let at = story.now + 1_000;
    let assign = Command::Assign {
        breakout: Some(id),
        identities: vec!["ann".to_owned()],
    };
    story.ok(moderator, assign);
    story.ok(ann, later(at, join_breakout(ann, id)));
    story.put(&[bob, moderator], inside(id));
    let told = story.pass(1_000);
    assert_eq!(failures(&told), ["BreakoutFull"]);
    let may_see = |who| story.room.may_see(Viewer::Participant(who), &told[0]);
    assert!(may_see(ann) && may_see(moderator) && !may_see(bob));
    assert_eq!(story.group(ann), GroupId::Parent);
    // The author lost the power.
    let at = story.now + 1_000;
    story.ok(moderator, later(at, Command::Clear(Selection::All)));
    story.ok(moderator, later(at, Command::Close(Selection::All)));
    let role = Role::Participant;
    story.ok_as(
        OPERATOR,
        Command::SetRole {
            participant: moderator,
            role,
        },
    );
    let told = story.pass(1_000);
    assert_eq!(failures(&told), ["NotModerator"], "clear returns only them");
    story.check_replay();
}

#[test]
fn rule_24_those_of_an_author_who_left_pass_on() {
    let (mut story, [moderator, ..]) = four();
    let other = story.moderator("other");
    story.create(moderator, 1, 4);
    let at = story.now + 1_000;
    story.ok(moderator, later(at, Command::Close(Selection::All)));
    story.ok(
        moderator,
        Command::Leave {
            participant: moderator,
        },
    );
    let told = story.pass(1_000);
    assert_eq!(failures(&told), Vec::<&str>::new());
    assert_eq!(told[0].actor, Actor::Participant(other));
    assert!(!story.view().breakouts[0].summary.open);
    // Nobody is left who could.
    let at = story.now + 1_000;
    story.ok(other, later(at, open_all()));
    story.ok(other, Command::Leave { participant: other });
    let told = story.pass(1_000);
    assert_eq!(failures(&told), ["Unauthenticated"]);
    story.check_replay();
}

#[test]
fn rule_24_a_late_one_is_carried_out_or_dropped_as_asked() {
    for (if_late, late_ms, is_done) in [
        (IfLate::default(), 30_000, true),
        (IfLate::default(), 30_001, false),
        (IfLate::Always, 3_600_000, true),
        (IfLate::Within(1_000), 1_000, true),
        (IfLate::Within(1_000), 1_001, false),
    ] {
        let (mut story, [moderator, ..]) = four();
        let closed = CreateBreakouts {
            open: false,
            ..create(1, 4)
        };
        story.create_as(moderator, closed);
        let command = Command::Schedule {
            at: story.now + 1_000,
            if_late,
            command: Box::new(open_all()),
        };
        story.ok(moderator, command);
        // The server was away meanwhile: the room is another one with the same journal.
        story.room =
            Room::restore(Snapshot::decode(&story.room.snapshot().encode()).unwrap()).unwrap();
        let told = story.pass(1_000 + late_ms);
        assert_eq!(
            story.view().breakouts[0].summary.open,
            is_done,
            "{if_late:?} {late_ms}"
        );
        assert_eq!(failures(&told).is_empty(), is_done);
    }
}

#[test]
fn rule_24_what_cannot_be_scheduled_is_refused() {
    let (mut story, [moderator, ann, ..]) = four();
    let (now, soon) = (story.now, story.now + 1_000);
    let text = Command::AddressAllText {
        text: "later".to_owned(),
    };
    let nested = later(soon, open_all());
    for (at, command) in [
        (now, open_all()),
        (now + 367 * 86_400_000, open_all()),
        (soon, text),
        (soon, nested),
        (
            soon,
            Command::Leave {
                participant: moderator,
            },
        ),
        (soon, Command::CloseRoom),
    ] {
        let error = story.refused(moderator, later(at, command.clone()));
        assert!(
            matches!(error, BreakoutError::ScheduleFailed(_)),
            "{command:?}: {error}"
        );
    }
    let hasty = Command::Schedule {
        at: soon,
        if_late: IfLate::Within(999),
        command: Box::new(open_all()),
    };
    assert!(matches!(
        story.refused(moderator, hasty),
        BreakoutError::ScheduleFailed(_)
    ));
    assert_eq!(
        story.refused(ann, later(soon, open_all())),
        BreakoutError::NotModerator
    );
    let leave = Command::LeaveBreakout { participant: ann };
    for _ in 0..bounds::SCHEDULES_OF_PERSON {
        story.ok(ann, later(soon, leave.clone()));
    }
    assert!(matches!(
        story.refused(ann, later(soon, leave)),
        BreakoutError::ScheduleFailed(_)
    ));
    story.ok(moderator, Command::CloseRoom);
    assert_eq!(
        story.room.next_deadline(),
        None,
        "an ended room has no timers"
    );
}

#[test]
fn rule_25_a_dry_run_answers_and_changes_nothing() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 2)[0];
    let move_two = Command::Move {
        moves: [ann, bob]
            .map(|participant| MoveTo {
                participant,
                to: inside(id),
                stream: None,
            })
            .to_vec(),
    };
    let actor = Actor::Participant(moderator);
    let hash = story.room.state_hash();
    let rehearsed = story.room.dry_run(None, story.now, actor, move_two.clone());
    let rehearsed = rehearsed.unwrap();
    assert_eq!(
        rehearsed.moves,
        [
            (ann, GroupId::Parent, inside(id)),
            (bob, GroupId::Parent, inside(id))
        ]
    );
    assert!(
        rehearsed.after.audio < rehearsed.before.audio,
        "two are paused"
    );
    assert_eq!(
        (hash, story.group(ann)),
        (story.room.state_hash(), GroupId::Parent)
    );
    let applied = story.ok(moderator, move_two);
    assert_eq!(applied.outcome, rehearsed.outcome);
    let refused = story
        .room
        .dry_run(None, story.now, Actor::Participant(ann), open_all());
    assert_eq!(refused.unwrap_err(), BreakoutError::NotModerator);
    let stale = Expected::Version(1);
    let refused = story
        .room
        .dry_run(Some(stale), story.now, actor, open_all());
    assert!(matches!(
        refused.unwrap_err(),
        BreakoutError::VersionMismatch { .. }
    ));
}
