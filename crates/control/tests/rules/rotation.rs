//! Rule 27: rotations, and timers of single breakouts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

const MINUTE: u32 = 60_000;

fn rotate(rounds: u32) -> Command {
    Command::StartRotation(StartRotation {
        breakouts: Selection::All,
        rounds,
        round_ms: MINUTE,
        seed: Some(7),
    })
}

/// A moderator, people, and breakouts that hold `size` each.
fn crowd(people: u32, rooms: u32, size: u32) -> (Story, ParticipantId, Vec<ParticipantId>) {
    let mut config = config();
    config.settings.max_breakouts = 100;
    config.settings.max_active_talkers = 60;
    config.settings.max_participants = 10_000;
    let mut story = Story::with(config);
    let moderator = story.moderator("mod");
    let people = (0..people).map(|number| story.listener(&format!("p{number:03}")));
    let people: Vec<_> = people.collect();
    story.create(moderator, rooms, size);
    (story, moderator, people)
}

fn groups(story: &Story, people: &[ParticipantId]) -> BTreeMap<GroupId, Vec<ParticipantId>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for id in people {
        groups.entry(story.group(*id)).or_default().push(*id);
    }
    groups
}

/// How often a pair meets again that has met, over the rounds that are walked through.
fn walk(story: &mut Story, people: &[ParticipantId], rounds: u32, size: usize) -> usize {
    let (mut met, mut again) = (BTreeSet::new(), 0);
    for round in 1..=rounds {
        let groups = groups(story, people);
        for (group, inside) in &groups {
            assert!(
                *group != GroupId::Parent && inside.len() <= size,
                "{inside:?}"
            );
            for one in inside {
                for two in inside.iter().filter(|two| *two > one) {
                    again += usize::from(!met.insert((*one, *two)));
                }
            }
        }
        let before = story.room.epoch();
        assert!(story.pass(u64::from(MINUTE) - 1).is_empty());
        let told = story.pass(1);
        assert!(!told.is_empty(), "round {round} ends");
        assert!(story.room.epoch() <= before.next(), "in one epoch");
    }
    again
}

fn ends(events: &[Arc<Event>]) -> Vec<RotationEnd> {
    let ended = events.iter().filter_map(|event| match event.kind {
        EventKind::RotationEnded { end } => Some(end),
        _ => None,
    });
    ended.collect()
}

#[test]
fn rule_27_people_change_rooms_and_meet_once() {
    for (count, rooms, size, rounds) in [(24, 6, 4, 7), (100, 20, 5, 10)] {
        let (mut story, moderator, people) = crowd(count, rooms, size);
        let applied = story.ok(moderator, rotate(rounds));
        let Outcome::Rotation {
            rotation,
            placed,
            left_over,
        } = applied.outcome
        else {
            panic!("{:?}", applied.outcome);
        };
        assert_eq!((rotation.repeats, left_over.len()), (0, 0));
        assert_eq!(placed.len(), people.len());
        assert_eq!(rotation.ahead.len() + 1, rounds as usize);
        let again = walk(&mut story, &people, rounds, size as usize);
        assert_eq!(again, 0, "{count} in rooms of {size} for {rounds} rounds");
        let back = people.iter().all(|id| story.group(*id) == GroupId::Parent);
        assert!(back && story.view().rotation.is_none(), "then all return");
        assert_eq!(story.room.next_deadline(), None);
        story.check_replay();
    }
}

#[test]
fn rule_27_everybody_sees_the_rounds_and_moderators_the_plan() {
    let (mut story, moderator, people) = crowd(8, 2, 4);
    let applied = story.ok(moderator, rotate(3));
    let end = story.now + u64::from(MINUTE);
    let seen = |who| {
        let view = story.room.view(Viewer::Participant(who)).unwrap();
        view.rotation.unwrap()
    };
    let (plain, full) = (seen(people[0]), seen(moderator));
    assert_eq!(
        (plain.begun, plain.rounds, plain.next_at),
        (1, 3, Some(end))
    );
    assert_eq!((plain.ahead.len(), full.ahead.len()), (0, 2));
    let plans = |who| {
        let seen = story.seen_by(who, &applied);
        let planned = |kind: &&EventKind| matches!(kind, EventKind::RotationPlanned { .. });
        let told = |kind: &&EventKind| matches!(kind, EventKind::RotationChanged { .. });
        (
            seen.iter().filter(planned).count(),
            seen.iter().filter(told).count(),
        )
    };
    assert_eq!([plans(people[0]), plans(moderator)], [(0, 1), (1, 1)]);
    let refused = story.refused(
        people[0],
        Command::ChangeRotation {
            step: RotationStep::End,
        },
    );
    assert_eq!(refused, BreakoutError::NotModerator);
}

#[test]
fn rule_27_it_is_paused_skipped_and_ended() {
    let (mut story, moderator, people) = crowd(8, 2, 4);
    story.ok(moderator, rotate(3));
    let step = |step| Command::ChangeRotation { step };
    story.pass(20_000);
    story.ok(moderator, step(RotationStep::Pause));
    assert_eq!(story.room.next_deadline(), None);
    let before = groups(&story, &people);
    assert!(story.pass(3_600_000).is_empty());
    assert_eq!(groups(&story, &people), before);
    let again = story.ok(moderator, step(RotationStep::Pause));
    assert!(again.events.is_empty(), "it is paused already");
    story.ok(moderator, step(RotationStep::Resume));
    assert!(story.pass(39_999).is_empty());
    story.pass(1);
    assert_eq!(story.view().rotation.unwrap().begun, 2);
    assert_ne!(groups(&story, &people), before);
    story.ok(moderator, step(RotationStep::Skip));
    assert_eq!(story.view().rotation.unwrap().begun, 3);
    let inside = groups(&story, &people);
    let ended = story.ok(moderator, step(RotationStep::End));
    assert_eq!(ends(&ended.events), [RotationEnd::Stopped]);
    assert_eq!(
        groups(&story, &people),
        inside,
        "people stay where they are"
    );
    let refused = story.refused(moderator, step(RotationStep::Skip));
    assert_eq!(refused, BreakoutError::NotFound(Subject::Rotation));
    story.check_replay();
}

#[test]
fn rule_27_it_adapts_to_those_who_come_and_go() {
    let (mut story, moderator, mut people) = crowd(24, 6, 5);
    story.ok(moderator, rotate(5));
    let gone = people.remove(3);
    story.ok(gone, Command::Leave { participant: gone });
    let late = story.person("late");
    people.push(late);
    let also = story.person("also");
    people.push(also);
    assert_eq!(story.group(late), GroupId::Parent);
    for round in 2..=5 {
        story.pass(u64::from(MINUTE));
        let groups = groups(&story, &people);
        let sizes: Vec<usize> = groups.values().map(Vec::len).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 25);
        assert!(
            sizes.iter().all(|size| (4..=5).contains(size)),
            "round {round}: {sizes:?}"
        );
    }
    story.check_replay();
}

#[test]
fn rule_27_those_without_a_place_stay_in_the_parent() {
    let (mut story, moderator, people) = crowd(7, 2, 3);
    let host = story.moderator("host");
    let rooms: Vec<_> = story
        .view()
        .breakouts
        .iter()
        .map(|it| it.summary.breakout)
        .collect();
    story.put(&[host], inside(rooms[0]));
    story.ok(moderator, rotate(4));
    for _ in 0..3 {
        let groups = groups(&story, &people);
        assert_eq!(
            groups[&GroupId::Parent].len(),
            2,
            "three places are a host's and theirs"
        );
        assert_eq!(story.group(host), inside(rooms[0]), "moderators stay");
        story.pass(u64::from(MINUTE));
    }
}

#[test]
fn rule_27_it_ends_with_its_breakouts() {
    for ending in [
        Command::Close(Selection::All),
        Command::Destroy(Selection::All),
    ] {
        let (mut story, moderator, _) = crowd(8, 2, 4);
        story.ok(moderator, rotate(3));
        let one = story.view().breakouts[0].summary.breakout;
        let close = Command::Close(Selection::Some(vec![one]));
        assert_eq!(ends(&story.ok(moderator, close).events), []);
        assert_eq!(
            ends(&story.ok(moderator, ending).events),
            [RotationEnd::Void]
        );
        assert_eq!(story.room.next_deadline(), None);
        story.check_replay();
    }
}

#[test]
fn rule_27_what_cannot_rotate_is_refused() {
    let (mut story, moderator, people) = crowd(8, 3, 4);
    let with = |change: fn(&mut StartRotation)| {
        let Command::StartRotation(mut start) = rotate(3) else {
            panic!();
        };
        change(&mut start);
        Command::StartRotation(start)
    };
    for wrong in [
        with(|it| it.rounds = 0),
        with(|it| it.rounds = 51),
        with(|it| it.round_ms = 999),
        with(|it| it.round_ms = 86_400_001),
    ] {
        let refused = story.refused(moderator, wrong);
        assert!(
            matches!(refused, BreakoutError::InvalidArgument(_)),
            "{refused}"
        );
    }
    let one = story.view().breakouts[0].summary.breakout;
    let mut alone = with(|_| {});
    if let Command::StartRotation(start) = &mut alone {
        start.breakouts = Selection::Some(vec![one]);
    }
    let refused = story.refused(moderator, alone);
    assert!(
        matches!(refused, BreakoutError::InvalidArgument(_)),
        "{refused}"
    );
    assert_eq!(
        story.refused(people[0], rotate(3)),
        BreakoutError::NotModerator
    );
    story.ok(moderator, Command::Close(Selection::Some(vec![one])));
    assert_eq!(
        story.refused(moderator, rotate(3)),
        BreakoutError::BreakoutClosed
    );
    story.ok(moderator, Command::Open(Selection::All));
    story.ok(moderator, rotate(3));
    let refused = story.refused(moderator, rotate(3));
    assert!(
        matches!(refused, BreakoutError::InvalidArgument(_)),
        "one at a time"
    );
}

#[test]
fn rule_27_a_plan_is_shown_beforehand_and_kept() {
    let (mut story, moderator, people) = crowd(24, 6, 4);
    let actor = Actor::Participant(moderator);
    let rehearsed = story
        .room
        .dry_run(None, story.now, actor, rotate(7))
        .unwrap();
    assert!(people.iter().all(|id| story.group(*id) == GroupId::Parent));
    assert_eq!(rehearsed.moves.len(), people.len());
    let at = story.now + 5_000;
    let later = Command::Schedule {
        at,
        if_late: IfLate::default(),
        command: Box::new(rotate(7)),
    };
    story.ok(moderator, later);
    story.pass(5_000);
    let (
        Outcome::Rotation {
            rotation: shown, ..
        },
        Some(runs),
    ) = (rehearsed.outcome, story.view().rotation)
    else {
        panic!("it does not run");
    };
    assert_eq!(
        (shown.ahead, shown.seed),
        (runs.ahead, runs.seed),
        "with the same seed"
    );
    story.check_replay();
}

#[test]
fn rule_27_a_breakout_has_a_timer_of_its_own() {
    let (mut story, [moderator, ann, bob, _]) = four();
    let ids = story.create(moderator, 2, 4);
    story.put(&[ann], inside(ids[0]));
    story.put(&[bob], inside(ids[1]));
    let set = |timer| Command::UpdateBreakout {
        breakout: ids[0],
        patch: BreakoutPatch {
            timer: Some(timer),
            ..BreakoutPatch::default()
        },
    };
    let past = story.now;
    let refused = story.refused(moderator, set(TimerChange::EndAt(past)));
    assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    let ends_at = story.now + 90_000;
    story.ok(moderator, set(TimerChange::EndAt(ends_at)));
    let shown = story.room.view(Viewer::Participant(ann)).unwrap();
    assert_eq!(
        shown.breakouts[0].summary.ends_at,
        Some(ends_at),
        "those inside see it"
    );
    assert!(story.pass(89_999).is_empty());
    let told = story.pass(1);
    let cause = told.iter().find_map(|event| match event.kind {
        EventKind::Placed {
            participant, cause, ..
        } if participant == ann => Some(cause),
        _ => None,
    });
    assert_eq!(cause, Some(MoveCause::TimeUp));
    assert_eq!(
        [story.group(ann), story.group(bob)],
        [GroupId::Parent, inside(ids[1])]
    );
    let first = &story.view().breakouts[0].summary;
    assert_eq!((first.open, first.ends_at), (false, None));
    story.ok(moderator, Command::Open(Selection::All));
    let ends_at = story.now + 90_000;
    story.ok(moderator, set(TimerChange::EndAt(ends_at)));
    story.ok(moderator, set(TimerChange::Stop));
    assert_eq!(story.room.next_deadline(), None);
    story.check_replay();
}
