//! The rules of breakouts, one test each. The table at the end maps every rule to its tests, and a test
//! checks that none is missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod arrangements;
mod attendance;
mod beyond;
mod creating;
mod doors;
mod invitations;
mod lasting;
mod later;
mod moving;
mod presence;
mod rotation;
#[path = "../story/mod.rs"]
mod story;
mod together;
mod waiting;

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

/// Every rule, and its tests.
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
    (
        11,
        &[
            "force_moves",
            "moderators_learn",
            "switching_auto_move",
            "a_place_that_becomes_free",
            "those_who_are_not_asked",
            "a_late_joiner_waits",
            "an_invitation_that_was_accepted",
            "a_forced_invitation",
            "a_rejected_invitation",
            "a_withdrawn_invitation",
            "an_invitation_is_withdrawn_with",
            "an_invitation_expires",
            "an_invitation_may_be_renewed",
        ],
    ),
    (12, &["distribution_is_even"]),
    (
        13,
        &[
            "the_timer_counts",
            "the_timer_goes",
            "reminders_that_have_passed",
            "an_end_that_has_passed",
            "a_calendar_that_is_set",
            "a_refused_return",
        ],
    ),
    (14, &["a_dropped_participant", "a_late_joiner_goes"]),
    (15, &["ownership_passes"]),
    (
        16,
        &[
            "a_repeated_request",
            "what_was_decided",
            "the_version_moves",
            "request_ids_are",
            "texts_are_in_no_journal",
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
    (
        19,
        &[
            "an_intercom_reaches",
            "the_own_group",
            "the_addressed_answer",
            "it_ends_with",
            "the_addressed_are_told",
            "intercoms_have_bounds",
        ],
    ),
    (20, &["talkers_everywhere"]),
    (21, &["one_command_goes"]),
    (
        22,
        &["a_locked_door", "those_inside_let_in", "a_knock_ends"],
    ),
    (23, &["a_participant_makes", "losing_the_grant"]),
    (
        24,
        &[
            "a_command_is_carried_out",
            "it_is_listed",
            "the_rules_of_that_moment",
            "those_of_an_author",
            "a_late_one",
            "what_cannot_be_scheduled",
        ],
    ),
    (25, &["a_dry_run"]),
    (
        26,
        &[
            "an_arrangement_moves",
            "it_is_applied_again",
            "without_open",
            "it_is_made_from",
            "what_does_not_fit",
            "arrangements_have_bounds",
            "a_thousand_people",
            "rounds_that_one",
        ],
    ),
    (
        27,
        &[
            "people_change_rooms",
            "everybody_sees",
            "it_is_paused",
            "it_adapts",
            "those_without_a_place",
            "it_ends_with_its",
            "what_cannot_rotate",
            "a_plan_is_shown",
            "a_breakout_has_a_timer",
        ],
    ),
    (28, &["stays_and_connections"]),
];

#[test]
fn every_rule_has_its_tests() {
    let source = [
        include_str!("creating.rs"),
        include_str!("moving.rs"),
        include_str!("together.rs"),
        include_str!("lasting.rs"),
        include_str!("beyond.rs"),
        include_str!("waiting.rs"),
        include_str!("invitations.rs"),
        include_str!("presence.rs"),
        include_str!("doors.rs"),
        include_str!("later.rs"),
        include_str!("rotation.rs"),
        include_str!("attendance.rs"),
        include_str!("arrangements.rs"),
    ]
    .concat();
    let numbers: Vec<u8> = RULES.iter().map(|(rule, _)| *rule).collect();
    // Rule 18 has a file of its own, sanctions.rs.
    let tested = (1..=17).chain([19, 20, 21, 22, 23, 24, 25, 26, 27, 28]);
    assert_eq!(numbers, tested.collect::<Vec<_>>());
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
