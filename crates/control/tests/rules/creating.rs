//! Rules 1 to 5: where breakouts are possible, their creators, number, capacity, and media.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

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
