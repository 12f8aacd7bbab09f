//! Rules 22 and 23: doors, and side rooms.

use std::collections::BTreeSet;

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

fn door(story: &mut Story, breakout: BreakoutId, door: Door) {
    let patch = BreakoutPatch {
        door: Some(door),
        ..BreakoutPatch::default()
    };
    story.ok_as(OPERATOR, Command::UpdateBreakout { breakout, patch });
}

#[test]
fn rule_22_a_locked_door_lets_moderators_in() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let id = story.create(moderator, 1, 4)[0];
    let invite = Command::Invite {
        breakout: id,
        participants: vec![ann],
        force: false,
    };
    story.ok(moderator, invite);
    door(&mut story, id, Door::Locked);
    assert_eq!(
        story.refused(ann, join_breakout(ann, id)),
        BreakoutError::BreakoutLocked
    );
    assert_eq!(
        story.refused(bob, knock(bob, id)),
        BreakoutError::BreakoutLocked
    );
    story.ok(moderator, join_breakout(moderator, id));
    door(&mut story, id, Door::Open);
    story.ok(ann, join_breakout(ann, id));
}

fn knock(participant: ParticipantId, breakout: BreakoutId) -> Command {
    Command::Knock {
        participant,
        breakout,
    }
}

fn answer(participant: ParticipantId, breakout: BreakoutId, admit: bool) -> Command {
    Command::AnswerKnock {
        participant,
        breakout,
        admit,
    }
}

#[test]
fn rule_22_those_inside_let_in_who_knocks() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(id));
    story.refused(bob, knock(bob, id));
    door(&mut story, id, Door::Knocking);
    assert_eq!(
        story.refused(bob, join_breakout(bob, id)),
        BreakoutError::BreakoutLocked
    );
    let applied = story.ok(bob, knock(bob, id));
    let knocked = |event: &EventKind| matches!(event, EventKind::Knocked { .. });
    for (who, is_told) in [(moderator, true), (ann, true), (bob, true), (cem, false)] {
        assert_eq!(
            story.seen_by(who, &applied).iter().any(knocked),
            is_told,
            "{who}"
        );
    }
    assert_eq!(
        story.refused(cem, answer(bob, id, true)),
        BreakoutError::NotModerator
    );
    let applied = story.ok(ann, answer(bob, id, false));
    let ended = |end| move |event: &EventKind| matches!(event, EventKind::KnockEnded { end: it, .. } if *it == end);
    assert!(
        story
            .seen_by(bob, &applied)
            .iter()
            .any(ended(KnockEnd::Refused))
    );
    story.ok(bob, knock(bob, id));
    let applied = story.ok(ann, answer(bob, id, true));
    assert!(
        story
            .seen_by(bob, &applied)
            .iter()
            .any(ended(KnockEnd::Admitted))
    );
    assert!(story.hears(bob, ann) && story.hears(ann, bob));
    story.check_replay();
}

#[test]
fn rule_22_a_knock_ends_by_itself() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let made = story.create(moderator, 2, 4);
    for id in &made {
        door(&mut story, *id, Door::Knocking);
    }
    story.ok(ann, knock(ann, made[0]));
    let end = |events: &[std::sync::Arc<Event>]| {
        let ends = events.iter().filter_map(|event| match event.kind {
            EventKind::KnockEnded { end, .. } => Some(end),
            _ => None,
        });
        ends.collect::<Vec<_>>()
    };
    assert!(story.pass(59_999).is_empty());
    assert_eq!(end(&story.pass(1)), [KnockEnd::Expired]);
    // Knocking elsewhere, going elsewhere, and a door that is not knocked at any more.
    story.ok(ann, knock(ann, made[0]));
    let applied = story.ok(ann, knock(ann, made[1]));
    assert_eq!(end(&applied.events), [KnockEnd::Withdrawn]);
    story.ok(bob, knock(bob, made[0]));
    let applied = story.ok_as(OPERATOR, Command::Destroy(Selection::Some(vec![made[0]])));
    assert_eq!(end(&applied.events), [KnockEnd::Void]);
    story.ok(cem, knock(cem, made[1]));
    let before = story.events.len();
    story.put(&[ann], inside(made[1]));
    assert_eq!(end(&story.events[before..]), [KnockEnd::Admitted]);
    let heard = story.events[before..].iter().any(|event| {
        matches!(&event.kind, EventKind::KnocksHeard { participant, knocks } if *participant == ann && knocks.len() == 1)
    });
    assert!(heard, "those who come in hear of the others who knock");
    story.check_replay();
}

#[test]
fn rule_23_a_participant_makes_a_side_room() {
    let (mut story, [moderator, ann, bob, cem]) = four();
    let side = |participant, invite: &[ParticipantId]| {
        Command::CreateSideRoom(CreateSideRoom {
            participant,
            name: None,
            capacity: Some(3),
            media: KindSet::WITHOUT_CAMERA,
            door: Door::Knocking,
            invite: invite.to_vec(),
        })
    };
    assert_eq!(
        story.refused(ann, side(ann, &[bob])),
        BreakoutError::NotModerator
    );
    story.grant(ann, |grants| grants.create_side_rooms = true);
    story.refused(ann, side(ann, &[ann]));
    story.refused(ann, side(ann, &[bob, cem, moderator]));
    let applied = story.ok(ann, side(ann, &[bob]));
    let id = breakouts_of(&applied)[0];
    assert_eq!(story.group(ann), inside(id));
    let seen = story.seen_by(bob, &applied);
    assert!(
        seen.iter()
            .any(|event| matches!(event, EventKind::Invited { .. }))
    );
    let seen = story.seen_by(moderator, &applied);
    assert!(
        seen.iter()
            .any(|event| matches!(event, EventKind::BreakoutsCreated { .. }))
    );
    story.refused(ann, side(ann, &[]));
    story.ok(bob, join_breakout(bob, id));
    assert!(story.hears(bob, ann) && !story.hears(cem, ann));
    // The owner runs it with this grant alone; a moderator closes it.
    let patch = BreakoutPatch {
        door: Some(Door::Locked),
        ..BreakoutPatch::default()
    };
    let lock = Command::UpdateBreakout {
        breakout: id,
        patch,
    };
    story.ok(ann, lock);
    assert!(story.breakout(id).summary.side);
    story.ok(moderator, Command::Close(Selection::Some(vec![id])));
    story.ok(moderator, Command::Open(Selection::Some(vec![id])));
    story.ok(ann, join_breakout(ann, id));
    // It is gone with the last one inside.
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    assert!(story.view().breakouts.is_empty());
    story.check_replay();
}

#[test]
fn rule_23_losing_the_grant_passes_the_side_room_on() {
    let (mut story, [moderator, ann, ..]) = four();
    story.grant(ann, |grants| grants.create_side_rooms = true);
    let side = Command::CreateSideRoom(CreateSideRoom {
        participant: ann,
        name: Some("Corner".to_owned()),
        capacity: None,
        media: KindSet::AUDIO,
        door: Door::Open,
        invite: Vec::new(),
    });
    let id = breakouts_of(&story.ok(ann, side))[0];
    assert_eq!(story.breakout(id).owner, Some(ann));
    story.grant(ann, |_| ());
    assert_eq!(story.breakout(id).owner, Some(moderator));
    let groups: BTreeSet<GroupId> = [story.group(ann)].into();
    assert!(groups.contains(&inside(id)), "they stay inside");
}
