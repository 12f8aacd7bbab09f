//! Rule 17: features beyond both products.

use std::collections::BTreeSet;

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

#[test]
fn rule_17_address_all_reaches_every_group_through_every_gate() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let breakouts = story.create(moderator, 2, 4);
    story.put(&[ann], inside(breakouts[0]));
    story.put(&[bob], inside(breakouts[1]));
    story.put(&[moderator], inside(breakouts[1]));
    assert!(!story.hears(ann, moderator) && !story.hears(cem, moderator));
    let participant = moderator;
    let kinds = KindSet::AUDIO;
    story.ok(moderator, Command::StartAddressAll { participant, kinds });
    assert!(
        [ann, bob, cem]
            .iter()
            .all(|one| story.hears(*one, moderator))
    );
    let table = story.room.table();
    let announced = table
        .routes
        .values()
        .filter(|route| route.placement == RouteReason::AddressAll);
    assert_eq!(announced.count(), 3);
    assert!(
        !story.hears_kind(cem, moderator, TrackKind::Screen),
        "only what is announced"
    );
    let applied = story.ok(
        moderator,
        Command::AddressAllText {
            text: "five minutes".to_owned(),
        },
    );
    for one in [ann, bob, cem] {
        let seen = story.seen_by(one, &applied);
        assert!(
            matches!(&seen[0], EventKind::AddressAllText { text, .. } if text == "five minutes")
        );
    }
    story.ok(moderator, Command::StopAddressAll { participant });
    assert!(!story.hears(ann, moderator) && story.hears(bob, moderator));
    let refused = story.refused(
        ann,
        Command::StartAddressAll {
            participant: ann,
            kinds,
        },
    );
    assert_eq!(refused, BreakoutError::NotModerator);
    story.grant(ann, |grants| grants.address_all = true);
    let participant = ann;
    story.ok(ann, Command::StartAddressAll { participant, kinds });
    story.grant(ann, |_| ());
    assert!(
        !story.hears(cem, ann),
        "with the grant goes the announcement"
    );
}

#[test]
fn rule_17_listening_in_hears_and_is_not_heard() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    let listen = |participant| Command::ListenIn {
        participant,
        breakout: id,
        follow: false,
    };
    let applied = story.ok(moderator, listen(moderator));
    assert!(story.hears(moderator, ann) && story.hears(moderator, bob));
    assert!(!story.hears(ann, moderator));
    let told = story.seen_by(ann, &applied);
    assert!(
        matches!(told[0], EventKind::ListeningStarted { .. }),
        "those inside are told"
    );
    assert!(story.seen_by(bob, &applied).is_empty());
    assert_eq!(story.refused(bob, listen(bob)), BreakoutError::NotModerator);
    let role = Role::Participant;
    let participant = moderator;
    story.ok_as(OPERATOR, Command::SetRole { participant, role });
    assert!(!story.hears(moderator, ann), "with the role goes the power");
}

#[test]
fn rule_17_help_is_asked_for_and_answered() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    let ask = Command::AskForHelp {
        participant: ann,
        note: "we are stuck".to_owned(),
    };
    let asked = story.ok(ann, ask.clone());
    assert_eq!(story.seen_by(moderator, &asked).len(), 1);
    assert!(story.seen_by(cem, &asked).is_empty());
    assert_eq!(
        story
            .room
            .view(Viewer::Participant(moderator))
            .unwrap()
            .help
            .len(),
        1
    );
    assert!(matches!(
        story.refused(ann, ask),
        BreakoutError::RateLimited { retry_ms: 5_000 }
    ));
    let answer = |participant| Command::AnswerHelp {
        participant,
        note: "coming".to_owned(),
    };
    assert_eq!(story.refused(bob, answer(ann)), BreakoutError::NotModerator);
    let answered = story.ok(moderator, answer(ann));
    assert_eq!(story.seen_by(bob, &answered).len(), 1, "the group is told");
    assert!(story.seen_by(cem, &answered).is_empty());
    let again = story.refused(moderator, answer(ann));
    assert_eq!(again, BreakoutError::NotFound(Subject::HelpRequest));
}

#[test]
fn rule_17_self_select_lets_everybody_choose() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let chosen = CreateBreakouts {
        self_select: true,
        names: vec!["Chosen".to_owned()],
        ..create(1, 4)
    };
    let chosen = story.create_as(moderator, chosen)[0];
    let other = story.create(moderator, 1, 4)[0];
    let view = story.room.view(Viewer::Participant(ann)).unwrap();
    assert_eq!(view.selectable.len(), 1);
    assert_eq!(view.selectable[0].name, "Chosen");
    assert!(
        view.breakouts.is_empty(),
        "the others are a moderator's to know"
    );
    story.ok(ann, join_breakout(ann, chosen));
    assert_eq!(
        story.refused(bob, join_breakout(bob, other)),
        BreakoutError::NotAssigned
    );
}

#[test]
fn rule_17_breakouts_are_named_renamed_and_resized() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let named = CreateBreakouts {
        names: vec!["Red".to_owned()],
        ..create(2, 4)
    };
    let ids = story.create_as(moderator, named);
    assert_eq!(story.breakout(ids[0]).summary.name, "Red");
    assert_eq!(story.breakout(ids[1]).summary.name, "Breakout 1");
    story.put(&[ann, bob, cem], inside(ids[0]));
    let patch = |patch| Command::UpdateBreakout {
        breakout: ids[0],
        patch,
    };
    let applied = story.ok(
        moderator,
        patch(BreakoutPatch {
            name: Some("Crimson".to_owned()),
            capacity: Some(3),
            ..BreakoutPatch::default()
        }),
    );
    let seen = story.seen_by(ann, &applied);
    assert!(
        matches!(&seen[0], EventKind::BreakoutDetailsChanged { breakout }
        if breakout.summary.name == "Crimson" && breakout.summary.capacity == 3)
    );
    for (name, capacity) in [(Some("Breakout 1"), None), (None, Some(2))] {
        let refused = story.refused(
            moderator,
            patch(BreakoutPatch {
                name: name.map(str::to_owned),
                capacity,
                ..BreakoutPatch::default()
            }),
        );
        assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    }
}

#[test]
fn rule_17_shuffling_again_brings_nobody_together_twice_where_that_is_possible() {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let people: Vec<_> = (0..9).map(|n| story.person(&format!("p{n}"))).collect();
    let breakouts = story.create(moderator, 3, 3);
    let mut met = BTreeSet::new();
    for round in 0..3 {
        story.ok(
            moderator,
            Command::Shuffle {
                breakouts: Selection::All,
                seed: Some(round),
            },
        );
        for id in &breakouts {
            let members = story.breakout(*id).members;
            assert_eq!(members.len(), 3);
            for (index, one) in members.iter().enumerate() {
                for two in &members[index + 1..] {
                    assert!(
                        met.insert((*one, *two)),
                        "round {round}: {one} met {two} again"
                    );
                }
            }
        }
    }
    assert!(
        people
            .iter()
            .all(|one| story.group(*one) != GroupId::Parent)
    );
    assert_eq!(story.group(moderator), GroupId::Parent);
    story.check_replay();
}

#[test]
fn rule_17_chat_stays_in_its_group() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    let chat = |group| Command::Chat {
        group: Some(group),
        text: "psst".to_owned(),
    };
    let said = story.ok(ann, chat(inside(id)));
    assert_eq!(story.seen_by(bob, &said).len(), 1);
    assert!(story.seen_by(cem, &said).is_empty() && story.seen_by(moderator, &said).is_empty());
    assert_eq!(
        story.refused(cem, chat(inside(id))),
        BreakoutError::NotModerator
    );
    assert_eq!(
        story.refused(ann, chat(GroupId::Parent)),
        BreakoutError::NotModerator
    );
    story.ok(moderator, chat(inside(id)));
}

#[test]
fn rule_17_the_move_log_tells_who_was_where_and_why() {
    let (mut story, [moderator, ann, ..]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.pass(1_000);
    story.put(&[ann], inside(id));
    story.pass(1_000);
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    story.pass(1_000);
    story.ok(ann, Command::Leave { participant: ann });
    let log = story.room.move_log();
    let stays: Vec<_> = log.stays_of("ann").collect();
    let groups = stays.iter().map(|stay| stay.group).collect::<Vec<_>>();
    assert_eq!(groups, [GroupId::Parent, inside(id), GroupId::Parent]);
    assert_eq!((stays[1].cause, stays[1].by), (MoveCause::Moved, OPERATOR));
    let end = stays[1].end.as_ref().unwrap();
    assert_eq!(
        (end.cause, end.by),
        (MoveCause::Left, Actor::Participant(ann))
    );
    assert_eq!(stays[2].end.as_ref().unwrap().cause, MoveCause::LeftRoom);
    let at = |millis| log.whereabouts("ann", START + millis);
    assert_eq!(at(1_500), Some(inside(id)));
    assert_eq!(at(2_000), Some(GroupId::Parent));
    assert_eq!(at(3_000), None);
    let present: Vec<_> = log.present(inside(id), START + 1_999).collect();
    assert_eq!(present.len(), 1);
}
