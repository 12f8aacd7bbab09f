//! Errors of creating breakouts, and of having any at all.

use sideroom_control::*;

use super::story::*;
use super::*;

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
