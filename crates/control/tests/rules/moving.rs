//! Rules 6 to 9: going into a breakout, being in it, and coming back.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

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
        breakout: Some(id),
        stream: Some(KindSet::AUDIO),
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
