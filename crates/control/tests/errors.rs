//! Every error: when it comes, that it changes nothing (the story checks that), its codes, and that its
//! sentence says what to do. The table maps each error to its test and is checked.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

/// A moderator, two participants, and a breakout for two.
fn three() -> (Story, ParticipantId, [ParticipantId; 2], BreakoutId) {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let people = ["ann", "bob"].map(|name| story.person(name));
    let breakout = story.create(moderator, 1, 2)[0];
    (story, moderator, people, breakout)
}

fn creation(change: impl Fn(&mut CreateBreakouts)) -> Command {
    let mut all = create(1, 4);
    change(&mut all);
    Command::CreateBreakouts(all)
}

fn availability(story: &mut Story, to: Availability) {
    story.ok_as(Actor::Operator, Command::Destroy(Selection::All));
    let command = settings(|patch| patch.availability = Some(to));
    story.ok_as(Actor::Operator, command);
}

fn invite(story: &mut Story, moderator: ParticipantId, who: ParticipantId, breakout: BreakoutId) {
    story.ok(
        moderator,
        Command::Invite {
            breakout,
            participants: vec![who],
            force: false,
        },
    );
}

fn join_room(identity: &str, offers: Vec<TrackKind>) -> Command {
    Command::Join(Join {
        identity: identity.to_owned(),
        display_name: "somebody".to_owned(),
        role: Role::Participant,
        grants: Grants::default(),
        slots: SlotPool::default(),
        offers,
    })
}

#[test]
fn participant_count_invalid() {
    let (mut story, moderator, ..) = three();
    let refused = story.refused(moderator, creation(|all| all.participants = Some(1)));
    assert_eq!(refused, BreakoutError::ParticipantCountInvalid);
}

#[test]
fn participant_count_too_large() {
    let (mut story, moderator, ..) = three();
    let refused = story.refused(moderator, creation(|all| all.participants = Some(10)));
    assert_eq!(refused, BreakoutError::ParticipantCountTooLarge { most: 9 });
}

#[test]
fn participant_count_missing() {
    let (mut story, moderator, ..) = three();
    let refused = story.refused(moderator, creation(|all| all.participants = None));
    assert_eq!(refused, BreakoutError::ParticipantCountMissing);
}

#[test]
fn breakout_limit_reached() {
    let (mut story, moderator, ..) = three();
    for count in [10, u32::MAX] {
        let refused = story.refused(moderator, creation(|all| all.count = count));
        assert_eq!(refused, BreakoutError::BreakoutLimitReached { most: 10 });
    }
}

#[test]
fn token_failed() {
    let (mut story, moderator, _, breakout) = three();
    let joined = story.ok_as(Actor::Operator, join_room("deaf and mute", Vec::new()));
    let Outcome::Joined { participant, .. } = joined.outcome else {
        panic!("{:?}", joined.outcome);
    };
    invite(&mut story, moderator, participant, breakout);
    let refused = story.refused(participant, join_breakout(participant, breakout));
    assert_eq!(refused, BreakoutError::TokenFailed);
}

#[test]
fn create_failed() {
    let (mut story, moderator, ..) = three();
    let named = |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.into()).collect() };
    let long = "x".repeat(129);
    for (count, names) in [
        (0, vec![]),
        (1, named(&["A", "B"])),
        (2, named(&["A", "A"])),
        (1, named(&["Breakout 1"])),
        (1, named(&[" "])),
        (1, named(&["a\nb"])),
        (1, named(&[&long])),
    ] {
        let refused = story.refused(
            moderator,
            creation(|all| {
                all.count = count;
                all.names.clone_from(&names);
            }),
        );
        assert!(
            matches!(refused, BreakoutError::CreateFailed(_)),
            "{names:?}"
        );
    }
}

#[test]
fn lecture_mode() {
    let (mut story, moderator, ..) = three();
    story.ok(moderator, Command::Destroy(Selection::All));
    story.ok(moderator, Command::SetMode(RoomMode::Lecture));
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::LectureMode
    );
}

#[test]
fn breakouts_exist() {
    let (mut story, moderator, ..) = three();
    let refused = story.refused(moderator, Command::SetMode(RoomMode::Lecture));
    assert_eq!(refused, BreakoutError::BreakoutsExist);
    let disable = settings(|patch| patch.availability = Some(Availability::Disabled));
    let refused = story.refused_as(Actor::Operator, disable);
    assert_eq!(refused, BreakoutError::BreakoutsExist);
}

#[test]
fn internal() {
    // No command leads there: every number would have to be used up. What is told is what counts.
    let error = BreakoutError::Internal("ids are used up");
    assert!(error.to_string().contains("nothing was changed"));
    assert_eq!((error.name(), error.enablex()), ("Internal", 1138));
}

#[test]
fn not_supported() {
    let (mut story, moderator, ..) = three();
    availability(&mut story, Availability::NotSupported);
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::NotSupported
    );
}

#[test]
fn disabled() {
    let (mut story, moderator, ..) = three();
    availability(&mut story, Availability::Disabled);
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::Disabled
    );
    let enable = settings(|patch| patch.availability = Some(Availability::Available));
    assert_eq!(
        story.refused(moderator, enable.clone()),
        BreakoutError::Disabled
    );
    story.ok_as(Actor::Operator, enable);
    story.ok(moderator, creation(|_| ()));
}

#[test]
fn join_failed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::JoinFailed);
}

#[test]
fn hold_failed() {
    let (mut story, _, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    let refused = story.refused(ann, Command::PauseParent(GateScope::Participant(ann)));
    assert_eq!(refused, BreakoutError::HoldFailed);
}

#[test]
fn breakout_closed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    story.ok(moderator, Command::Close(Selection::All));
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::BreakoutClosed);
    let force = Command::Invite {
        breakout,
        participants: vec![ann],
        force: true,
    };
    assert_eq!(
        story.refused(moderator, force),
        BreakoutError::BreakoutClosed
    );
    let shuffle = Command::Shuffle {
        breakouts: Selection::All,
        seed: None,
    };
    assert_eq!(
        story.refused(moderator, shuffle),
        BreakoutError::BreakoutClosed
    );
}

#[test]
fn resume_failed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok(moderator, Command::PauseParent(GateScope::Room));
    let resume = Command::ResumeParent(GateScope::Participant(ann));
    assert_eq!(
        story.refused(ann, resume.clone()),
        BreakoutError::ResumeFailed
    );
    story.ok(moderator, Command::ResumeParent(GateScope::Room));
    story.ok(ann, resume);
    assert!(story.hears(ann, moderator));
}

#[test]
fn details_unreadable() {
    let (mut story, moderator, _, breakout) = three();
    for name in ["", "  ", "tab\there"] {
        let patch = BreakoutPatch {
            name: Some(name.to_owned()),
            ..BreakoutPatch::default()
        };
        let refused = story.refused(moderator, Command::UpdateBreakout { breakout, patch });
        assert!(matches!(refused, BreakoutError::DetailsUnreadable(_)));
    }
}

#[test]
fn leave_failed() {
    let (mut story, _, [ann, _], _) = three();
    let refused = story.refused(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(refused, BreakoutError::LeaveFailed);
}

#[test]
fn not_assigned() {
    let (mut story, _, [ann, _], breakout) = three();
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::NotAssigned);
    let reject = Command::Reject {
        participant: ann,
        breakout,
    };
    assert_eq!(story.refused(ann, reject), BreakoutError::NotAssigned);
}

#[test]
fn not_found() {
    let (mut story, moderator, [ann, _], breakout) = three();
    let nobody = ParticipantId::new(RoomId(7), 99);
    let nowhere = BreakoutId(99);
    let role = Role::Moderator;
    for (command, subject) in [
        (join_breakout(moderator, nowhere), Subject::Breakout),
        (
            Command::Open(Selection::Some(vec![nowhere])),
            Subject::Breakout,
        ),
        (
            Command::Invite {
                breakout,
                participants: vec![ann, nobody],
                force: true,
            },
            Subject::Participant,
        ),
        (
            Command::SetRole {
                participant: nobody,
                role,
            },
            Subject::Participant,
        ),
    ] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::NotFound(subject)
        );
    }
    let join = join_room("no camera", vec![TrackKind::Audio]);
    let joined = story.ok_as(Actor::Operator, join);
    let Outcome::Joined { participant, .. } = joined.outcome else {
        panic!("{:?}", joined.outcome);
    };
    let kind = TrackKind::Camera;
    let refused = story.refused(participant, Command::Publish { participant, kind });
    assert_eq!(refused, BreakoutError::NotFound(Subject::Track));
    story.ok_as(Actor::Operator, Command::CloseRoom);
    let refused = story.refused_as(Actor::Operator, join_room("late", Vec::new()));
    assert_eq!(refused, BreakoutError::NotFound(Subject::Room));
}

#[test]
fn not_moderator() {
    let (mut story, moderator, [ann, bob], breakout) = three();
    let kinds = KindSet::AUDIO;
    let role = Role::Moderator;
    for command in [
        creation(|_| ()),
        Command::Open(Selection::All),
        Command::Close(Selection::Some(vec![breakout])),
        Command::Destroy(Selection::All),
        Command::SetMode(RoomMode::Lecture),
        Command::UpdateRoom(RoomPatch::default()),
        settings(|patch| patch.self_select = Some(true)),
        Command::PauseParent(GateScope::Room),
        Command::PauseParent(GateScope::Participant(bob)),
        Command::Mute {
            participant: bob,
            kinds,
        },
        Command::SetRole {
            participant: ann,
            role,
        },
        Command::Remove { participant: bob },
        Command::Leave { participant: bob },
        Command::Drop { participant: bob },
        Command::CloseRoom,
        Command::AddressAllText {
            text: "me".to_owned(),
        },
        Command::Invite {
            breakout,
            participants: vec![bob],
            force: false,
        },
        Command::Assign {
            breakout: Some(breakout),
            identities: vec!["ann".to_owned()],
        },
        Command::Timer(Timer::End),
        join_room("friend", Vec::new()),
        join_breakout(bob, breakout),
    ] {
        let shown = format!("{command:?}");
        assert_eq!(
            story.refused(ann, command),
            BreakoutError::NotModerator,
            "{shown}"
        );
    }
    for command in [
        Command::CloseRoom,
        Command::Drain(true),
        Command::Timer(Timer::End),
    ] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::NotModerator
        );
    }
    story.grant(ann, |grants| grants.publish = KindSet::AUDIO);
    let (participant, kind) = (ann, TrackKind::Screen);
    let refused = story.refused(ann, Command::Publish { participant, kind });
    assert_eq!(refused, BreakoutError::NotModerator);
    story.grant(ann, |grants| grants.create_breakouts = true);
    story.create(ann, 1, 4);
}

#[test]
fn not_in_parent() {
    let (mut story, moderator, _, breakout) = three();
    story.put(&[moderator], inside(breakout));
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::NotInParent
    );
}

#[test]
fn already_in_breakout() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    let already = BreakoutError::AlreadyInBreakout;
    assert_eq!(story.refused(ann, join_breakout(ann, breakout)), already);
    let force = Command::Invite {
        breakout,
        participants: vec![ann],
        force: true,
    };
    assert_eq!(story.refused(moderator, force), already);
    story.put(&[moderator], inside(breakout));
    let listen = Command::ListenIn {
        participant: moderator,
        breakout,
    };
    assert_eq!(story.refused(moderator, listen), already);
}

#[test]
fn breakout_full() {
    let (mut story, moderator, people, breakout) = three();
    let full = BreakoutError::BreakoutFull { capacity: 2 };
    story.put(&people, inside(breakout));
    assert_eq!(
        story.refused(moderator, join_breakout(moderator, breakout)),
        full
    );
    let moves = vec![MoveTo {
        participant: moderator,
        to: inside(breakout),
        stream: None,
    }];
    assert_eq!(story.refused(moderator, Command::Move { moves }), full);
    let identities = ["ann", "bob", "cem"].map(str::to_owned).to_vec();
    let assign = Command::Assign {
        breakout: Some(breakout),
        identities,
    };
    assert_eq!(story.refused(moderator, assign), full);
}

#[test]
fn room_full() {
    let (mut story, moderator, ..) = three();
    let patch = RoomPatch {
        max_participants: Some(3),
        ..RoomPatch::default()
    };
    story.ok(moderator, Command::UpdateRoom(patch));
    let refused = story.refused_as(Actor::Operator, join_room("fourth", Vec::new()));
    assert_eq!(refused, BreakoutError::RoomFull { most: 3 });
}

#[test]
fn return_not_allowed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok(
        moderator,
        settings(|patch| patch.allow_return = Some(false)),
    );
    let refused = story.refused(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(refused, BreakoutError::ReturnNotAllowed);
}

#[test]
fn video_not_allowed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    let join = Command::JoinBreakout {
        participant: ann,
        breakout,
        stream: KindSet::ALL,
    };
    assert_eq!(story.refused(ann, join), BreakoutError::VideoNotAllowed);
    let forbid = settings(|patch| patch.allow_video = Some(false));
    story.ok_as(Actor::Operator, forbid);
    let refused = story.refused(moderator, creation(|all| all.media = KindSet::ALL));
    assert_eq!(refused, BreakoutError::VideoNotAllowed);
}

#[test]
fn invalid_argument() {
    let (mut story, moderator, [ann, _], breakout) = three();
    let move_ann = MoveTo {
        participant: ann,
        to: inside(breakout),
        stream: None,
    };
    let past = story.now;
    let text = |length: usize| Command::AddressAllText {
        text: "x".repeat(length),
    };
    for command in [
        Command::Move { moves: vec![] },
        Command::Move {
            moves: vec![move_ann, move_ann],
        },
        Command::Open(Selection::Some(vec![])),
        Command::Invite {
            breakout,
            participants: vec![],
            force: false,
        },
        Command::MuteParent {
            scope: GateScope::Room,
            kinds: GateKinds {
                audio: false,
                video: false,
            },
        },
        Command::Mute {
            participant: ann,
            kinds: KindSet::NONE,
        },
        settings(|patch| patch.timer = Some(TimerChange::EndAt(past))),
        settings(|patch| patch.countdown_ms = Some((0..11).collect())),
        Command::UpdateRoom(RoomPatch {
            max_active_talkers: Some(2),
            ..RoomPatch::default()
        }),
        Command::UpdateRoom(RoomPatch {
            max_breakouts: Some(0),
            ..RoomPatch::default()
        }),
        text(0),
        text(bounds::TEXT + 1),
    ] {
        let shown = format!("{command:?}");
        let refused = story.refused(moderator, command);
        assert!(
            matches!(refused, BreakoutError::InvalidArgument(_)),
            "{shown}: {refused}"
        );
    }
    let twice = vec![TrackKind::Audio, TrackKind::Audio];
    for command in [
        join_room("", Vec::new()),
        join_room("two microphones", twice),
    ] {
        let refused = story.refused_as(Actor::Operator, command);
        assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    }
    for id in ["", &"x".repeat(129)] {
        assert!(RequestId::new(id).is_err());
    }
}

#[test]
fn unauthenticated() {
    let (mut story, moderator, ..) = three();
    let participant = moderator;
    story.ok(moderator, Command::Leave { participant });
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::Unauthenticated
    );
}

#[test]
fn rate_limited() {
    let (mut story, _, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    let ask = Command::AskForHelp {
        participant: ann,
        note: String::new(),
    };
    story.ok(ann, ask.clone());
    story.pass(1_000);
    let retry_ms = 4_000;
    assert_eq!(
        story.refused(ann, ask.clone()),
        BreakoutError::RateLimited { retry_ms }
    );
    story.pass(u64::from(retry_ms));
    story.ok(ann, ask);
}

#[test]
fn draining() {
    let (mut story, _, [ann, _], _) = three();
    story.ok_as(Actor::Operator, Command::Drain(true));
    let refused = story.refused_as(Actor::Operator, join_room("new", Vec::new()));
    assert_eq!(refused, BreakoutError::Draining);
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    story.ok_as(Actor::Operator, join_room("ann", Vec::new()));
}

#[test]
fn epoch_mismatch() {
    let (mut story, moderator, ..) = three();
    let current = story.room.epoch();
    let id = story.request_id();
    let actor = Actor::Participant(moderator);
    let request = (&id, creation(|_| ()));
    let refused = story.room.apply_at(Epoch(0), story.now, actor, request);
    assert_eq!(refused, Err(BreakoutError::EpochMismatch { current }));
}

type Row = (BreakoutError, &'static str, u16, Option<(u16, u32)>);

/// The table: the error, the test above, the EnableX code, the code and subcode of ACS.
#[rustfmt::skip]
const ERRORS: &[Row] = &[
    (BreakoutError::ParticipantCountInvalid, "participant_count_invalid", 1724, None),
    (BreakoutError::ParticipantCountTooLarge { most: 9 }, "participant_count_too_large", 1725, None),
    (BreakoutError::BreakoutLimitReached { most: 10 }, "breakout_limit_reached", 1726, None),
    (BreakoutError::TokenFailed, "token_failed", 1729, None),
    (BreakoutError::CreateFailed("why"), "create_failed", 1731, None),
    (BreakoutError::ParticipantCountMissing, "participant_count_missing", 1734, None),
    (BreakoutError::LectureMode, "lecture_mode", 5067, None),
    (BreakoutError::Internal("why"), "internal", 1138, None),
    (BreakoutError::NotSupported, "not_supported", 5067, Some((400, 46250))),
    (BreakoutError::Disabled, "disabled", 5067, Some((405, 46251))),
    (BreakoutError::JoinFailed, "join_failed", 1731, Some((500, 46254))),
    (BreakoutError::HoldFailed, "hold_failed", 1138, Some((500, 46255))),
    (BreakoutError::BreakoutClosed, "breakout_closed", 1731, Some((412, 46256))),
    (BreakoutError::ResumeFailed, "resume_failed", 1138, Some((412, 46257))),
    (BreakoutError::DetailsUnreadable("why"), "details_unreadable", 1731, Some((412, 46258))),
    (BreakoutError::LeaveFailed, "leave_failed", 1138, Some((500, 46259))),
    (BreakoutError::NotAssigned, "not_assigned", 1731, Some((412, 46260))),
    (BreakoutError::NotFound(Subject::Room), "not_found", 1138, None),
    (BreakoutError::NotModerator, "not_moderator", 1138, None),
    (BreakoutError::NotInParent, "not_in_parent", 1731, None),
    (BreakoutError::AlreadyInBreakout, "already_in_breakout", 1731, None),
    (BreakoutError::BreakoutFull { capacity: 2 }, "breakout_full", 1731, None),
    (BreakoutError::ReturnNotAllowed, "return_not_allowed", 5067, None),
    (BreakoutError::VideoNotAllowed, "video_not_allowed", 1731, None),
    (BreakoutError::InvalidArgument("why"), "invalid_argument", 1138, None),
    (BreakoutError::Unauthenticated, "unauthenticated", 1138, None),
    (BreakoutError::RateLimited { retry_ms: 1 }, "rate_limited", 1138, None),
    (BreakoutError::Draining, "draining", 1138, None),
    // Beyond the table of the two products.
    (BreakoutError::BreakoutsExist, "breakouts_exist", 5067, None),
    (BreakoutError::RoomFull { most: 3 }, "room_full", 1731, None),
    (BreakoutError::EpochMismatch { current: Epoch(1) }, "epoch_mismatch", 1138, None),
];

#[test]
fn every_error_has_its_test_its_codes_and_a_sentence() {
    let source = include_str!("errors.rs");
    let variants = include_str!("../src/error.rs");
    let names = variants.split("pub const fn name").nth(1).unwrap();
    let names = names.split("pub const fn").next().unwrap();
    assert_eq!(
        names.matches("=> \"").count(),
        ERRORS.len(),
        "an error that is not listed"
    );
    for (error, test, enablex, acs) in ERRORS {
        assert_eq!(
            source.matches(&format!("#[test]\nfn {test}()")).count(),
            1,
            "{test}"
        );
        let words = test.split('_').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        });
        assert_eq!(error.name(), words.collect::<String>());
        assert_eq!(error.enablex(), *enablex, "{test}");
        assert_eq!(
            error.acs().map(|acs| (acs.code, acs.subcode)),
            *acs,
            "{test}"
        );
        let sentence = error.to_string();
        assert!(sentence.ends_with('.') && sentence.len() > 30, "{sentence}");
        assert!(sentence.starts_with(char::is_uppercase), "{sentence}");
    }
}
