//! The rules of breakouts, one test each. The table at the end maps every rule to its tests, and a test
//! checks that none is missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use std::collections::BTreeSet;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

const OPERATOR: Actor = Actor::Operator;

/// A moderator and three participants in the parent.
fn four() -> (Story, [ParticipantId; 4]) {
    four_in(Story::new())
}

fn four_in(mut story: Story) -> (Story, [ParticipantId; 4]) {
    let moderator = story.moderator("mod");
    let people = ["ann", "bob", "cem"].map(|name| story.person(name));
    (story, [moderator, people[0], people[1], people[2]])
}

fn lecture(story: &mut Story, moderator: ParticipantId) {
    story.ok(moderator, Command::SetMode(RoomMode::Lecture));
}

#[test]
fn rule_1_lecture_mode_refuses_every_breakout_command() {
    let (mut story, [moderator, ann, ..]) = four();
    lecture(&mut story, moderator);
    let breakout = BreakoutId(1);
    let scope = GateScope::Participant(ann);
    let kinds = GateKinds::BOTH;
    for command in [
        Command::CreateBreakouts(create(1, 4)),
        Command::CreateAndInvite {
            create: create(1, 4),
            seed: None,
            force: false,
        },
        Command::Invite {
            breakout,
            participants: vec![ann],
            force: false,
        },
        Command::Assign {
            breakout: None,
            identities: vec!["ann".to_owned()],
        },
        Command::Open(Selection::All),
        Command::Close(Selection::All),
        Command::Clear(Selection::All),
        Command::Destroy(Selection::All),
        Command::Shuffle {
            breakouts: Selection::All,
            seed: None,
        },
        Command::Move {
            moves: vec![MoveTo {
                participant: ann,
                to: GroupId::Parent,
                stream: None,
            }],
        },
        settings(|patch| patch.allow_return = Some(false)),
        Command::AddressAllText {
            text: "all".to_owned(),
        },
    ] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::LectureMode
        );
    }
    for command in [
        join_breakout(ann, breakout),
        Command::Reject {
            participant: ann,
            breakout,
        },
        Command::LeaveBreakout { participant: ann },
        Command::PauseParent(scope),
        Command::ResumeParent(scope),
        Command::MuteParent { scope, kinds },
        Command::UnmuteParent { scope, kinds },
        Command::AskForHelp {
            participant: ann,
            note: String::new(),
        },
    ] {
        assert_eq!(story.refused(ann, command), BreakoutError::LectureMode);
    }
}

#[test]
fn rule_1_lecture_mode_waits_until_the_breakouts_are_destroyed() {
    let (mut story, [moderator, ..]) = four();
    story.create(moderator, 2, 4);
    let refused = story.refused(moderator, Command::SetMode(RoomMode::Lecture));
    assert_eq!(refused, BreakoutError::BreakoutsExist);
    story.ok(moderator, Command::Destroy(Selection::All));
    lecture(&mut story, moderator);
    assert_eq!(story.room.settings().mode, RoomMode::Lecture);
}

#[test]
fn rule_2_nobody_creates_or_invites_from_inside_a_breakout() {
    let (mut story, [moderator, ann, ..]) = four();
    let breakouts = story.create(moderator, 2, 4);
    story.ok(moderator, join_breakout(moderator, breakouts[0]));
    for command in [
        Command::CreateBreakouts(create(1, 4)),
        Command::CreateAndInvite {
            create: create(1, 4),
            seed: Some(1),
            force: false,
        },
        Command::Invite {
            breakout: breakouts[1],
            participants: vec![ann],
            force: false,
        },
    ] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::NotInParent
        );
    }
}

#[test]
fn rule_3_a_room_has_ten_breakouts_at_most() {
    let (mut story, [moderator, ..]) = four();
    story.create(moderator, 9, 4);
    let most = 10;
    let refused = story.refused(moderator, Command::CreateBreakouts(create(2, 4)));
    assert_eq!(refused, BreakoutError::BreakoutLimitReached { most });
    story.create(moderator, 1, 4);
    assert_eq!(story.view().breakouts.len(), 10);
    let refused = story.refused(moderator, Command::CreateBreakouts(create(1, 4)));
    assert_eq!(refused, BreakoutError::BreakoutLimitReached { most });
}

#[test]
fn rule_4_capacity_lies_between_two_and_one_below_the_talkers() {
    let (mut story, [moderator, ..]) = four();
    let most = 9;
    for (capacity, expected) in [
        (0, Err(BreakoutError::ParticipantCountInvalid)),
        (1, Err(BreakoutError::ParticipantCountInvalid)),
        (2, Ok(())),
        (9, Ok(())),
        (10, Err(BreakoutError::ParticipantCountTooLarge { most })),
        (
            u32::MAX,
            Err(BreakoutError::ParticipantCountTooLarge { most }),
        ),
    ] {
        let actor = Actor::Participant(moderator);
        let result = story.try_as(actor, Command::CreateBreakouts(create(1, capacity)));
        assert_eq!(result.map(|_| ()), expected, "{capacity}");
    }
    let shrink = Command::UpdateRoom(RoomPatch {
        max_active_talkers: Some(9),
        ..RoomPatch::default()
    });
    let refused = story.refused(moderator, shrink);
    assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
}

#[test]
fn rule_4_everybody_in_a_breakout_fits_the_audio_slots() {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let people: Vec<_> = (0..9).map(|n| story.person(&format!("p{n}"))).collect();
    let breakout = story.create(moderator, 1, 9)[0];
    story.put(&people, inside(breakout));
    for one in &people {
        let others = people.iter().filter(|other| *other != one);
        assert!(others.clone().all(|other| story.hears(*one, *other)));
    }
}

#[test]
fn rule_5_a_breakout_carries_what_its_flags_allow() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    assert_eq!(story.breakout(id).summary.media, KindSet::WITHOUT_CAMERA);
    story.put(&[ann, bob], inside(id));
    let heard = |story: &Story| TrackKind::ALL.map(|kind| story.hears_kind(bob, ann, kind));
    assert_eq!(heard(&story), [true, false, true, true]);
    let media = |media| Command::UpdateBreakout {
        breakout: id,
        patch: BreakoutPatch {
            media: Some(media),
            ..BreakoutPatch::default()
        },
    };
    story.ok(moderator, media(KindSet::ALL));
    assert_eq!(heard(&story), [true, true, true, true]);
    story.ok(moderator, media(KindSet::AUDIO));
    assert_eq!(heard(&story), [true, false, false, false]);
}

#[test]
fn rule_6_to_change_breakouts_one_goes_through_the_parent() {
    let (mut story, [moderator, ann, ..]) = four();
    story.ok(moderator, settings(|patch| patch.self_select = Some(true)));
    let breakouts = story.create(moderator, 2, 4);
    story.ok(ann, join_breakout(ann, breakouts[0]));
    let refused = story.refused(ann, join_breakout(ann, breakouts[1]));
    assert_eq!(refused, BreakoutError::AlreadyInBreakout);
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    story.ok(ann, join_breakout(ann, breakouts[1]));
    assert_eq!(story.group(ann), inside(breakouts[1]));
}

#[test]
fn rule_6_a_moderator_moves_people_directly_in_one_step() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let breakouts = story.create(moderator, 2, 2);
    story.put(&[ann, bob], inside(breakouts[0]));
    story.put(&[cem], inside(breakouts[1]));
    let move_to = |participant, to| MoveTo {
        participant,
        to,
        stream: None,
    };
    let before = story.room.epoch();
    // Ann and Cem change places; the first breakout is full all the time.
    let moves = vec![
        move_to(cem, inside(breakouts[0])),
        move_to(ann, inside(breakouts[1])),
        move_to(moderator, inside(breakouts[1])),
    ];
    let applied = story.ok(moderator, Command::Move { moves });
    assert_eq!(applied.epoch, before.next());
    let groups = [moderator, ann, bob, cem].map(|one| story.group(one));
    let [one, two] = [breakouts[0], breakouts[1]].map(inside);
    assert_eq!(groups, [two, two, one, one]);
    let refused = story.refused(
        ann,
        Command::Move {
            moves: vec![move_to(ann, GroupId::Parent)],
        },
    );
    assert_eq!(refused, BreakoutError::NotModerator);
}

#[test]
fn rule_7_joining_needs_an_invitation_an_assignment_choice_or_power() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    assert_eq!(
        story.refused(ann, join_breakout(ann, id)),
        BreakoutError::NotAssigned
    );
    story.ok(
        moderator,
        Command::Invite {
            breakout: id,
            participants: vec![ann],
            force: false,
        },
    );
    story.ok(ann, join_breakout(ann, id));
    story.ok(
        moderator,
        Command::Assign {
            breakout: Some(id),
            identities: vec!["bob".to_owned()],
        },
    );
    story.ok(bob, join_breakout(bob, id));
    story.ok(moderator, join_breakout(moderator, id));
    assert_eq!(
        story.refused(cem, join_breakout(cem, id)),
        BreakoutError::NotAssigned
    );
    story.ok(moderator, settings(|patch| patch.self_select = Some(true)));
    story.ok(cem, join_breakout(cem, id));
}

#[test]
fn rule_7_a_closed_or_full_breakout_takes_nobody() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    story.ok(moderator, settings(|patch| patch.self_select = Some(true)));
    let id = story.create(moderator, 1, 2)[0];
    story.put(&[ann, bob], inside(id));
    let capacity = 2;
    let full = BreakoutError::BreakoutFull { capacity };
    assert_eq!(story.refused(cem, join_breakout(cem, id)), full);
    assert_eq!(story.refused(moderator, join_breakout(moderator, id)), full);
    story.ok(moderator, Command::Close(Selection::All));
    assert_eq!(
        story.refused(cem, join_breakout(cem, id)),
        BreakoutError::BreakoutClosed
    );
    assert_eq!(story.group(cem), GroupId::Parent);
}

#[test]
fn rule_8_joining_takes_the_named_tracks_along_and_the_others_go_nowhere() {
    let (mut story, [moderator, ann, bob, cem]) = four_in(Story::live());
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[bob], inside(id));
    assert!(story.hears(cem, ann) && story.hears_kind(cem, ann, TrackKind::Screen));
    story.ok(
        moderator,
        Command::Invite {
            breakout: id,
            participants: vec![ann],
            force: false,
        },
    );
    let join = Command::JoinBreakout {
        participant: ann,
        breakout: id,
        stream: KindSet::AUDIO,
    };
    story.ok(ann, join);
    let heard = |who| TrackKind::ALL.map(|kind| story.hears_kind(who, ann, kind));
    assert_eq!(heard(bob), [true, false, false, false]);
    assert_eq!(heard(cem), [false; 4]);
    assert_eq!(
        story.track(ann, TrackKind::Screen),
        None,
        "absent, not gated"
    );
    let roster = story
        .room
        .view(Viewer::Participant(cem))
        .unwrap()
        .participants;
    let shown = roster.iter().find(|one| one.participant == ann).unwrap();
    assert!(shown.away && shown.group == GroupId::Parent && shown.tracks.is_empty());
}

#[test]
fn rule_8_what_is_received_of_the_parent_is_the_rooms_setting() {
    let (mut story, [moderator, ann, bob, _]) = four_in(Story::live());
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    assert!(story.hears(ann, moderator), "live");
    story.ok(
        moderator,
        settings(|patch| patch.parent_while_away = Some(ParentWhileAway::Paused)),
    );
    story.put(&[bob], inside(id));
    assert!(!story.hears(bob, moderator), "paused");
    let gate = story.route_gate(bob, moderator, TrackKind::Audio);
    assert_eq!(
        gate,
        Some(Gate::Shut(DropReason::ParentPaused)),
        "gated, not absent"
    );
    assert!(
        story.hears(ann, moderator),
        "the setting counts for those who join from then on"
    );
}

#[test]
fn rule_9_leaving_lifts_the_pause_of_joining_and_keeps_an_explicit_one() {
    let (mut story, [moderator, ann, ..]) = four();
    let id = story.create(moderator, 1, 4)[0];
    let scope = GateScope::Participant(ann);
    story.put(&[ann], inside(id));
    assert!(story.gate(ann).paused);
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(story.gate(ann), ParentGate::default());
    assert!(story.hears(ann, moderator));

    story.put(&[ann], inside(id));
    story.ok(ann, Command::PauseParent(scope));
    let kinds = GateKinds {
        audio: true,
        video: false,
    };
    story.ok(ann, Command::MuteParent { scope, kinds });
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    let stays = ParentGate {
        paused: true,
        audio_muted: true,
        video_muted: false,
    };
    assert_eq!(story.gate(ann), stays);
    assert!(
        story.hears(ann, moderator),
        "a gate is for those who are away"
    );
    story.ok(ann, Command::ResumeParent(scope));
    story.ok(ann, Command::UnmuteParent { scope, kinds });
    assert_eq!(story.gate(ann), ParentGate::default());
}

#[test]
fn rule_9_clear_returns_everybody_resumes_and_keeps_the_breakouts() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let breakouts = story.create(moderator, 2, 4);
    story.put(&[ann], inside(breakouts[0]));
    story.put(&[bob], inside(breakouts[1]));
    let scope = GateScope::Participant(ann);
    story.ok(ann, Command::PauseParent(scope));
    let kinds = GateKinds::BOTH;
    story.ok(ann, Command::MuteParent { scope, kinds });
    story.ok(moderator, Command::Clear(Selection::All));
    assert_eq!([ann, bob].map(|one| story.group(one)), [GroupId::Parent; 2]);
    let gate = story.gate(ann);
    assert!(
        !gate.paused && gate.audio_muted && gate.video_muted,
        "resumed, not unmuted"
    );
    let view = story.view();
    assert_eq!(view.breakouts.len(), 2);
    assert!(
        view.breakouts
            .iter()
            .all(|one| one.members.is_empty() && one.summary.open)
    );
}

#[test]
fn rule_9_clear_by_a_plain_participant_returns_that_participant_only() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    story.ok(ann, Command::Clear(Selection::All));
    assert_eq!(story.group(ann), GroupId::Parent);
    assert_eq!(story.group(bob), inside(id));
    let refused = story.refused(cem, Command::Clear(Selection::All));
    assert_eq!(refused, BreakoutError::LeaveFailed);
}

#[test]
fn rule_9_destroy_returns_resumes_unmutes_and_removes() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    let kinds = GateKinds::BOTH;
    let scope = GateScope::Participant(ann);
    story.ok(ann, Command::MuteParent { scope, kinds });
    story.ok(
        moderator,
        Command::MuteParent {
            scope: GateScope::Room,
            kinds,
        },
    );
    let refused = story.refused(ann, Command::Destroy(Selection::All));
    assert_eq!(refused, BreakoutError::NotModerator);
    story.ok(moderator, Command::Destroy(Selection::All));
    assert_eq!(story.gate(ann), ParentGate::default());
    let view = story.view();
    assert!(view.breakouts.is_empty());
    assert_eq!(view.room_gate, ParentGate::default());
    assert!(story.hears(ann, bob) && story.hears(bob, moderator));
}

#[test]
fn rule_10_a_group_operation_is_one_epoch() {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let people: Vec<_> = (0..8).map(|n| story.person(&format!("p{n}"))).collect();
    let breakouts = story.create(moderator, 2, 4);
    let selection = Selection::All;
    let one_step = |story: &mut Story, command: Command| {
        let before = story.room.epoch();
        let applied = story.ok(moderator, command);
        let update = applied.update.expect("the table changes");
        assert_eq!((update.after, update.epoch), (before, before.next()));
        assert_eq!(applied.epoch, before.next());
        assert!(
            applied
                .events
                .iter()
                .all(|event| event.epoch == before.next())
        );
        let tracks = update.tracks.iter().filter_map(|change| change.route);
        assert!(tracks.clone().all(|route| route.since == before.next()));
    };
    let shuffle = Command::Shuffle {
        breakouts: selection.clone(),
        seed: Some(3),
    };
    one_step(&mut story, shuffle);
    one_step(&mut story, Command::Clear(selection.clone()));
    story.ok(
        moderator,
        Command::UpdateBreakout {
            breakout: breakouts[0],
            patch: BreakoutPatch {
                auto_move: Some(true),
                ..BreakoutPatch::default()
            },
        },
    );
    story.ok(moderator, Command::Close(selection.clone()));
    one_step(
        &mut story,
        Command::Open(Selection::Some(vec![breakouts[0]])),
    );
    one_step(&mut story, Command::Close(selection.clone()));
    story.ok(moderator, Command::Open(selection.clone()));
    let moves = people[..3].iter().map(|one| MoveTo {
        participant: *one,
        to: inside(breakouts[1]),
        stream: None,
    });
    let moves = moves.collect();
    one_step(&mut story, Command::Move { moves });
    one_step(&mut story, Command::Destroy(selection));
}

#[test]
fn rule_11_force_moves_without_asking_and_auto_move_at_the_opening() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    let invite = |participants, force| Command::Invite {
        breakout: id,
        participants,
        force,
    };
    story.ok(moderator, invite(vec![ann], false));
    assert_eq!(story.group(ann), GroupId::Parent, "asked");
    story.ok(moderator, invite(vec![bob], true));
    assert_eq!(story.group(bob), inside(id), "moved");

    let auto = CreateBreakouts {
        auto_move: true,
        open: false,
        ..create(1, 4)
    };
    let auto = story.create_as(moderator, auto)[0];
    story.ok(
        moderator,
        Command::Assign {
            breakout: Some(auto),
            identities: vec!["cem".to_owned(), "not here yet".to_owned()],
        },
    );
    assert_eq!(story.group(cem), GroupId::Parent, "closed");
    story.ok(moderator, Command::Open(Selection::Some(vec![auto])));
    assert_eq!(story.group(cem), inside(auto), "open");
}

#[test]
fn rule_11_moderators_learn_of_a_rejection() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.ok(
        moderator,
        Command::Invite {
            breakout: id,
            participants: vec![ann],
            force: false,
        },
    );
    let reject = Command::Reject {
        participant: ann,
        breakout: id,
    };
    let applied = story.ok(ann, reject.clone());
    let rejected = |seen: Vec<EventKind>| {
        seen.iter()
            .any(|kind| matches!(kind, EventKind::InviteRejected { participant, .. } if *participant == ann))
    };
    assert!(rejected(story.seen_by(moderator, &applied)));
    assert!(!rejected(story.seen_by(bob, &applied)));
    assert_eq!(story.refused(ann, reject), BreakoutError::NotAssigned);
    assert_eq!(
        story.refused(ann, join_breakout(ann, id)),
        BreakoutError::NotAssigned
    );
}

/// 2 moderators, `count` participants, one of whom is away already.
fn distribute(count: u32, seed: u64, force: bool) -> (Story, Applied, Vec<ParticipantId>) {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    story.moderator("second");
    let away = story.person("away");
    let other = story.create(moderator, 1, 4)[0];
    story.put(&[away], inside(other));
    let people = (0..count).map(|n| story.person(&format!("p{n}"))).collect();
    let applied = story.ok(
        moderator,
        Command::CreateAndInvite {
            create: create(3, 4),
            seed: Some(seed),
            force,
        },
    );
    (story, applied, people)
}

#[test]
fn rule_12_distribution_is_even_repeatable_and_names_who_is_left_over() {
    let placed = |applied: &Applied| match &applied.outcome {
        Outcome::Distributed {
            placed, left_over, ..
        } => (placed.clone(), left_over.clone()),
        other => panic!("{other:?}"),
    };
    let (_, applied, people) = distribute(8, 5, false);
    let (who, left_over) = placed(&applied);
    assert!(left_over.is_empty());
    let named: BTreeSet<_> = who.iter().map(|(one, _)| *one).collect();
    assert_eq!(
        named,
        people.iter().copied().collect(),
        "not moderators, not those away"
    );
    for breakout in breakouts_of(&applied) {
        let size = who.iter().filter(|(_, to)| *to == breakout).count();
        assert!((2..=3).contains(&size), "8 over 3");
    }
    assert_eq!(
        placed(&distribute(8, 5, true).1),
        (who.clone(), left_over),
        "the seed decides"
    );
    let others = (0..20).map(|seed| placed(&distribute(8, seed, false).1).0);
    assert!(
        others.collect::<BTreeSet<_>>().len() > 10,
        "and another seed decides otherwise"
    );

    let (story, applied, _) = distribute(15, 9, true);
    let (who, left_over) = placed(&applied);
    assert_eq!((who.len(), left_over.len()), (12, 3), "3 breakouts of 4");
    assert!(
        left_over
            .iter()
            .all(|one| story.group(*one) == GroupId::Parent)
    );
    assert!(who.iter().all(|(one, to)| story.group(*one) == inside(*to)));
}

#[test]
fn rule_13_the_timer_counts_down_grants_a_grace_and_returns_everybody() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    let ends_at = story.now + 90_000;
    story.ok(
        moderator,
        settings(|patch| {
            patch.timer = Some(TimerChange::EndAt(ends_at));
            patch.grace_ms = Some(5_000);
            patch.countdown_ms = Some(vec![10_000, 60_000, 120_000]);
        }),
    );
    assert_eq!(story.room.next_deadline(), Some(START + 30_000));
    let told = story.pass(30_000);
    let remaining_ms = 60_000;
    assert_eq!(
        told[0].kind,
        EventKind::Countdown {
            remaining_ms,
            ends_at
        }
    );
    assert_eq!(told.len(), 1, "two minutes before had passed already");
    assert_eq!(story.pass(50_000).len(), 1);
    let told = story.pass(10_000);
    let grace_until = ends_at + 5_000;
    assert_eq!(told[0].kind, EventKind::TimeUp { grace_until });
    assert_eq!(story.group(ann), inside(id), "the grace period");
    assert!(story.pass(4_999).is_empty());
    story.pass(1);
    assert_eq!([ann, bob].map(|one| story.group(one)), [GroupId::Parent; 2]);
    assert!(!story.breakout(id).summary.open);
    assert!(!story.gate(ann).paused);
    assert_eq!(
        story.room.next_deadline(),
        None,
        "an idle room costs nothing"
    );
    story.check_replay();
}

#[test]
fn rule_13_a_refused_return_names_the_rule_and_some_always_return() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob, cem], inside(id));
    story.put(&[moderator], inside(id));
    story.ok(
        moderator,
        settings(|patch| patch.allow_return = Some(false)),
    );
    let leave = |participant| Command::LeaveBreakout { participant };
    let refused = story.refused(ann, leave(ann));
    assert_eq!(refused, BreakoutError::ReturnNotAllowed);
    assert!(refused.to_string().contains("allow_return"));
    let refused = story.refused(ann, Command::Clear(Selection::All));
    assert_eq!(refused, BreakoutError::ReturnNotAllowed);
    story.ok(moderator, leave(moderator));
    story.ok_as(OPERATOR, leave(bob));
    story.ok(moderator, Command::Destroy(Selection::All));
    assert_eq!(story.group(ann), GroupId::Parent);
}

#[test]
fn rule_14_a_dropped_participant_keeps_its_place_for_the_grace_period() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob], inside(id));
    story.ok(ann, Command::ResumeParent(GateScope::Participant(ann)));
    let before = story.track(ann, TrackKind::Audio);
    story.ok_as(OPERATOR, Command::Drop { participant: ann });
    assert!(!story.hears(bob, ann) && !story.hears(ann, bob));
    story.pass(29_999);
    assert_eq!(story.group(ann), inside(id));
    let back = story.ok_as(
        OPERATOR,
        Command::Reconnect(Reconnect {
            identity: "ann".to_owned(),
            slots: SlotPool { audio: 9, video: 9 },
            offers: TrackKind::ALL.to_vec(),
        }),
    );
    assert!(
        matches!(back.outcome, Outcome::Joined { participant, group, resumed: true, .. }
        if participant == ann && group == inside(id))
    );
    assert!(story.hears(bob, ann) && story.hears(ann, bob) && story.hears(ann, moderator));
    assert_eq!(story.track(ann, TrackKind::Audio), before);
    assert_eq!(story.room.next_deadline(), None);

    story.ok_as(OPERATOR, Command::Drop { participant: ann });
    let told = story.pass(30_000);
    let left = EventKind::ParticipantLeft {
        participant: ann,
        reason: LeaveReason::Expired,
    };
    assert!(told.iter().any(|event| event.kind == left));
    assert_eq!(story.room.group_of(ann), None);
    assert_eq!(story.breakout(id).members, vec![bob]);
    story.check_replay();
}

#[test]
fn rule_14_a_late_joiner_goes_straight_to_its_open_auto_move_breakout() {
    let (mut story, [moderator, ..]) = four();
    let auto = CreateBreakouts {
        auto_move: true,
        ..create(1, 4)
    };
    let id = story.create_as(moderator, auto)[0];
    let identities = vec!["dee".to_owned(), "eva".to_owned()];
    story.ok(
        moderator,
        Command::Assign {
            breakout: Some(id),
            identities,
        },
    );
    let dee = story.person("dee");
    assert_eq!(story.group(dee), inside(id));
    story.ok(moderator, Command::Close(Selection::All));
    let eva = story.person("eva");
    assert_eq!(story.group(eva), GroupId::Parent);
    let assigned = story.room.view(Viewer::Participant(eva)).unwrap().assigned;
    assert_eq!(assigned.map(|one| one.breakout), Some(id));
}

#[test]
fn rule_15_ownership_passes_to_another_moderator() {
    let (mut story, [moderator, ann, ..]) = four();
    let second = story.moderator("second");
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    assert_eq!(story.breakout(id).owner, Some(moderator));
    let participant = moderator;
    story.ok(moderator, Command::Leave { participant });
    assert_eq!(story.breakout(id).owner, Some(second));
    assert_eq!(story.group(ann), inside(id), "the breakouts live on");
    story.ok_as(
        OPERATOR,
        Command::Remove {
            participant: second,
        },
    );
    assert_eq!(story.breakout(id).owner, None, "nobody is there to own it");
    let third = story.moderator("third");
    assert_eq!(story.breakout(id).owner, Some(third));
}

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
    // Of another actor, the same id is another request.
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
        .filter(|route| route.placement == Placement::AddressAll);
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
        if breakout.name == "Crimson" && breakout.capacity == 3)
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
        group,
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

/// Every rule, and what tests it.
const RULES: &[(u8, &[&str])] = &[
    (1, &["lecture_mode_refuses", "lecture_mode_waits"]),
    (2, &["nobody_creates_or_invites"]),
    (3, &["a_room_has_ten"]),
    (
        4,
        &["capacity_lies_between", "everybody_in_a_breakout_fits"],
    ),
    (5, &["a_breakout_carries"]),
    (6, &["to_change_breakouts", "a_moderator_moves_people"]),
    (7, &["joining_needs", "a_closed_or_full"]),
    (8, &["joining_takes", "what_is_received"]),
    (
        9,
        &[
            "leaving_lifts",
            "clear_returns",
            "clear_by_a_plain",
            "destroy_returns",
        ],
    ),
    (10, &["a_group_operation"]),
    (11, &["force_moves", "moderators_learn"]),
    (12, &["distribution_is_even"]),
    (13, &["the_timer_counts", "a_refused_return"]),
    (14, &["a_dropped_participant", "a_late_joiner"]),
    (15, &["ownership_passes"]),
    (
        16,
        &[
            "a_repeated_request",
            "what_was_decided",
            "whoever_comes_back",
            "a_reader_who_is_too_late",
            "breakouts_survive",
        ],
    ),
    (
        17,
        &[
            "address_all_reaches",
            "listening_in_hears",
            "help_is_asked",
            "self_select_lets",
            "breakouts_are_named",
            "shuffling_again",
            "chat_stays",
            "the_move_log",
        ],
    ),
];

#[test]
fn every_rule_has_its_tests() {
    let source = include_str!("rules.rs");
    let numbers: Vec<u8> = RULES.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<_>>());
    let tests = source.matches("#[test]\nfn rule_").count();
    let listed: usize = RULES.iter().map(|(_, tests)| tests.len()).sum();
    assert_eq!(
        tests, listed,
        "a test that is in no rule, or the other way round"
    );
    for (rule, tests) in RULES {
        for test in *tests {
            let name = format!("#[test]\nfn rule_{rule}_{test}");
            assert_eq!(source.matches(&name).count(), 1, "{name}");
        }
    }
}
