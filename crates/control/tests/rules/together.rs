//! Rules 10 to 15: moves of many at once, forced moves, distributions, timers, and people who are gone.

use std::collections::BTreeSet;

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

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

/// 2 moderators and `count` participants, one of whom is away already.
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
            patch.countdown_ms = Some(vec![120_000, 60_000, 10_000]);
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

/// The timer of a round that is over must not end the next one.
#[test]
fn rule_13_the_timer_goes_with_its_round() {
    let ways: [Command; 2] = [
        Command::Destroy(Selection::All),
        Command::Close(Selection::All),
    ];
    for (way, in_grace) in ways.iter().flat_map(|way| [(way, false), (way, true)]) {
        let (mut story, [moderator, ann, ..]) = four();
        let first = story.create(moderator, 2, 4);
        let ends_at = story.now + 60_000;
        let timer = settings(|patch| patch.timer = Some(TimerChange::EndAt(ends_at)));
        story.ok(moderator, timer);
        if in_grace {
            story.pass(60_000);
        }
        story.put(&[ann], inside(first[0]));
        let over = story.ok(moderator, way.clone());
        let stopped = over.events.iter().any(|event| {
            matches!(&event.kind, EventKind::BreakoutSettingsChanged { settings }
                if settings.ends_at.is_none())
        });
        assert!(stopped, "{way:?}: those who show a clock are told");
        assert_eq!(story.view().settings.breakouts.ends_at, None);
        let next = story.create(moderator, 1, 4)[0];
        story.put(&[ann], inside(next));
        assert_eq!(story.room.next_deadline(), None, "{way:?}");
        assert!(story.pass(200_000).is_empty(), "{way:?}");
        assert_eq!(story.group(ann), inside(next), "{way:?}");
        story.check_replay();
    }
    // The round goes on as long as a breakout is open.
    let (mut story, [moderator, ..]) = four();
    let first = story.create(moderator, 3, 4);
    let ends_at = Some(story.now + 60_000);
    let timer = ends_at.map(TimerChange::EndAt);
    story.ok(moderator, settings(|patch| patch.timer = timer));
    let one = |id: BreakoutId| Selection::Some(vec![id]);
    story.ok(moderator, Command::Destroy(one(first[0])));
    story.ok(moderator, Command::Close(one(first[1])));
    story.ok(moderator, Command::Clear(Selection::All));
    assert_eq!(story.view().settings.breakouts.ends_at, ends_at);
}

#[test]
fn rule_13_reminders_that_have_passed_are_left_out() {
    let mut config = config();
    config.settings.breakouts.ends_at = Some(START + 40_000);
    config.settings.breakouts.countdown_ms = vec![60_000, 30_000, 10_000];
    let mut story = Story::with(config);
    let moderator = story.moderator("mod");
    story.create(moderator, 1, 4);
    let remaining = |told: Vec<std::sync::Arc<Event>>| {
        let told = told.into_iter().map(|event| match event.kind {
            EventKind::Countdown { remaining_ms, .. } => Some(remaining_ms),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert!(story.pass(9_999).is_empty(), "a minute before had passed");
    assert_eq!(remaining(story.pass(1)), [Some(30_000)]);
    // A node that was away tells once how much time is left.
    let restarted = settings(|patch| {
        patch.timer = Some(TimerChange::EndAt(START + 200_000));
        patch.countdown_ms = Some(vec![90_000, 60_000, 30_000, 10_000]);
    });
    story.ok(moderator, restarted);
    assert_eq!(remaining(story.pass(165_000)), [Some(25_000)]);
    assert_eq!(remaining(story.pass(15_000)), [Some(10_000)]);
    // And none once the time is up.
    let again = settings(|patch| patch.timer = Some(TimerChange::EndAt(START + 400_000)));
    story.ok(moderator, again);
    let told = story.pass(210_000);
    assert_eq!(told.len(), 1);
    assert!(matches!(told[0].kind, EventKind::TimeUp { .. }));
    // A new countdown does not take the end of the time back.
    let none = settings(|patch| patch.countdown_ms = Some(Vec::new()));
    story.ok(moderator, none);
    assert!(story.view().settings.breakouts.countdown_ms.is_empty());
    assert!(story.pass(1).is_empty());
    story.pass(10_000);
    assert_eq!(story.view().settings.breakouts.ends_at, None);
    story.check_replay();
}

#[test]
fn rule_13_an_end_that_has_passed_and_a_countdown_out_of_order_are_refused() {
    let says = |error: BreakoutError, word: &str| assert!(error.to_string().contains(word));
    let refused = |change: fn(&mut BreakoutSettings)| {
        let mut config = config();
        change(&mut config.settings.breakouts);
        Room::new(config).unwrap_err()
    };
    says(refused(|it| it.ends_at = Some(START)), "future");
    says(refused(|it| it.countdown_ms = vec![10, 20]), "shortest");
    says(refused(|it| it.countdown_ms = vec![20, 20]), "once");
    let (mut story, [moderator, ..]) = four();
    let now = story.now;
    let past = settings(|patch| patch.timer = Some(TimerChange::EndAt(now)));
    says(story.refused(moderator, past), "future");
    let unsorted = settings(|patch| patch.countdown_ms = Some(vec![10, 20]));
    says(story.refused(moderator, unsorted), "shortest");
}

/// An hour ahead by mistake, and set right: ends lie in the future of the right time.
#[test]
fn rule_13_a_calendar_that_is_set_right_is_followed() {
    let (mut story, [moderator, ..]) = four();
    let right = story.now;
    story.now = right + 3_600_000;
    story.create(moderator, 1, 4);
    story.now = right + 1_000;
    let ends_at = right + 61_000;
    let timer = settings(|patch| patch.timer = Some(TimerChange::EndAt(ends_at)));
    story.ok(moderator, timer);
    assert!(story.room.next_deadline().is_some_and(|at| at <= ends_at));
    // A small step back is none: nothing happens before what has happened.
    story.now = right;
    let told = story.ok(moderator, settings(|patch| patch.self_select = Some(true)));
    assert!(told.events.iter().all(|event| event.at == right + 1_000));
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
fn a_later_offer_brings_tracks_and_slots_and_leaves_the_others_alone() {
    let (mut story, [_, ann, bob, _]) = four();
    let voice = story.track(ann, TrackKind::Audio);
    let offer = |participant, audio, video, offers: &[TrackKind]| {
        Command::Reoffer(Reoffer {
            participant,
            slots: SlotPool { audio, video },
            offers: offers.to_vec(),
        })
    };
    let screen = TrackKind::Screen;
    story.ok_as(OPERATOR, offer(ann, 9, 9, &[TrackKind::Audio]));
    assert!(story.hears(bob, ann), "what is offered still goes on");
    assert!(!story.hears_kind(bob, ann, screen) && !story.hears_kind(bob, ann, TrackKind::Camera));
    let shown = Command::Publish {
        participant: ann,
        kind: screen,
    };
    assert!(matches!(
        story.refused(ann, shown.clone()),
        BreakoutError::NotFound(_)
    ));

    story.ok_as(OPERATOR, offer(ann, 9, 9, &[TrackKind::Audio, screen]));
    story.ok(ann, shown);
    assert!(story.hears(bob, ann) && story.hears_kind(bob, ann, screen));
    assert_eq!(story.track(ann, TrackKind::Audio), voice);

    story.ok_as(OPERATOR, offer(bob, 9, 0, &TrackKind::ALL));
    assert!(!story.hears_kind(bob, ann, screen), "no slot for it");
    story.ok_as(OPERATOR, offer(bob, 9, 9, &TrackKind::ALL));
    assert!(story.hears_kind(bob, ann, screen));
    let refused = story.refused(ann, offer(ann, 9, 9, &TrackKind::ALL));
    assert_eq!(refused, BreakoutError::NotModerator);
    story.check_replay();
}
