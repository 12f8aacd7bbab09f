//! Every error: its cause, that it changes nothing (the story checks that), its codes, and that its sentence
//! says what to do. The table maps each error to its test and is checked.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod asking;
mod creating;
mod going;
#[path = "../story/mod.rs"]
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

type Row = (BreakoutError, &'static str, u16, Option<(u16, u32)>);

/// The table: the error, its test, the EnableX code, the code and subcode of ACS.
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
    (BreakoutError::NotFound(Subject::Room), "not_found", 1731, None),
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
    (BreakoutError::Banned { reason: String::new(), until: None }, "banned", 1731, None),
    (BreakoutError::BreakoutLocked, "breakout_locked", 1731, None),
    (BreakoutError::ScheduleFailed("why"), "schedule_failed", 1138, None),
    (BreakoutError::VersionMismatch { current: 1 }, "version_mismatch", 1138, None),
    (BreakoutError::EpochMismatch { current: Epoch(1) }, "epoch_mismatch", 1138, None),
];

#[test]
fn every_error_has_its_test_its_codes_and_a_sentence() {
    let source = [
        include_str!("asking.rs"),
        include_str!("creating.rs"),
        include_str!("going.rs"),
    ]
    .concat();
    let variants = include_str!("../../src/error.rs");
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
