//! Each gate stops the right media, priorities decide when slots are too few, and a source keeps its slot.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

/// A moderator in the parent, and a participant who receives the parent live in a breakout.
fn away() -> (Story, ParticipantId, ParticipantId) {
    let mut story = Story::live();
    let moderator = story.moderator("mod");
    let ann = story.person("ann");
    let breakout = story.create(moderator, 1, 4)[0];
    story.put(&[ann], inside(breakout));
    (story, moderator, ann)
}

/// Ann's gates for the moderator's audio, camera, screen and canvas.
fn gates(story: &Story, moderator: ParticipantId, ann: ParticipantId) -> [Option<Gate>; 4] {
    TrackKind::ALL.map(|kind| story.route_gate(ann, moderator, kind))
}

/// `shut` and its undoing leave the slots alone; in between, audio and video are as expected.
fn check(shut: Command, undo: Command, audio: Option<DropReason>, video: Option<DropReason>) {
    let (mut story, moderator, ann) = away();
    let slots = |story: &Story| story.room.table().routes.into_keys().collect::<Vec<_>>();
    let before = slots(&story);
    let of = |command: &Command| match command {
        Command::PauseParent(GateScope::Room) | Command::ResumeParent(GateScope::Room) => moderator,
        Command::MuteParent { scope, .. } | Command::UnmuteParent { scope, .. }
            if *scope == GateScope::Room =>
        {
            moderator
        }
        _ => ann,
    };
    story.ok(of(&shut), shut);
    let [audio, video] = [audio, video].map(|reason| Some(reason.map_or(Gate::Open, Gate::Shut)));
    assert_eq!(gates(&story, moderator, ann), [audio, video, video, video]);
    assert_eq!(slots(&story), before, "the slots stay");
    story.ok(of(&undo), undo);
    assert_eq!(gates(&story, moderator, ann), [Some(Gate::Open); 4]);
}

#[test]
fn each_gate_shuts_its_kinds_under_its_own_reason() {
    let ann = away().2;
    for (scope, paused, muted) in [
        (
            GateScope::Participant(ann),
            DropReason::ParentPaused,
            DropReason::ParentMuted,
        ),
        (
            GateScope::Room,
            DropReason::RoomPaused,
            DropReason::RoomMuted,
        ),
    ] {
        let (shut, undo) = (Command::PauseParent(scope), Command::ResumeParent(scope));
        check(shut, undo, Some(paused), Some(paused));
        for (audio, video) in [(true, false), (false, true), (true, true)] {
            let kinds = GateKinds { audio, video };
            let shut = Command::MuteParent { scope, kinds };
            let undo = Command::UnmuteParent { scope, kinds };
            check(shut, undo, audio.then_some(muted), video.then_some(muted));
        }
    }
}

#[test]
fn the_rooms_gate_and_ones_own_are_added_up() {
    let (mut story, moderator, ann) = away();
    let own = GateScope::Participant(ann);
    story.ok(ann, Command::PauseParent(own));
    story.ok(moderator, Command::PauseParent(GateScope::Room));
    story.ok(moderator, Command::ResumeParent(GateScope::Room));
    assert!(!story.hears(ann, moderator), "one's own pause stays");
    story.ok(ann, Command::ResumeParent(own));
    assert!(story.hears(ann, moderator));
}

#[test]
fn a_moderators_mute_and_ones_own_do_not_lift_each_other() {
    let mut story = Story::new();
    let (moderator, ann) = (story.moderator("mod"), story.person("ann"));
    let (participant, kinds) = (ann, KindSet::AUDIO);
    let mute = Command::Mute { participant, kinds };
    let unmute = Command::Unmute { participant, kinds };
    let gate = |story: &Story| story.route_gate(moderator, ann, TrackKind::Audio);
    story.ok(ann, mute.clone());
    assert_eq!(gate(&story), Some(Gate::Shut(DropReason::PublisherMuted)));
    story.ok(moderator, mute);
    assert_eq!(gate(&story), Some(Gate::Shut(DropReason::ModeratorMuted)));
    story.ok(ann, unmute.clone());
    assert_eq!(gate(&story), Some(Gate::Shut(DropReason::ModeratorMuted)));
    story.ok(moderator, unmute);
    assert_eq!(gate(&story), Some(Gate::Open));
}

#[test]
fn with_too_few_slots_those_who_talk_are_heard_and_keep_their_slots() {
    let mut story = Story::new();
    let pool = SlotPool { audio: 3, video: 0 };
    let listener = story.join_with("listener", Role::Participant, pool);
    let people: Vec<_> = (0..8).map(|n| story.person(&format!("p{n}"))).collect();
    let tracks: Vec<_> = people
        .iter()
        .map(|one| story.track(*one, TrackKind::Audio).unwrap())
        .collect();
    let slots = |story: &Story| {
        [0, 1, 2].map(|index| {
            let table = story.room.table();
            let route = table.routes.get(&(listener, SlotId::audio(index)));
            tracks
                .iter()
                .position(|track| Some(*track) == route.map(|it| it.track))
        })
    };
    let talk = |story: &mut Story, who: &[usize]| {
        let before = story.room.table();
        let ranked: Vec<_> = who.iter().map(|index| tracks[*index]).collect();
        let update = story.room.handle_talkers(GroupId::Parent, &ranked);
        check_full_plan(&story.room, &before);
        assert_eq!(update.is_some(), before != story.room.table());
    };
    assert_eq!(slots(&story), [Some(0), Some(1), Some(2)]);
    talk(&mut story, &[7, 1, 5]);
    assert_eq!(
        slots(&story),
        [Some(7), Some(1), Some(5)],
        "1 keeps its slot"
    );
    talk(&mut story, &[5, 6, 7]);
    assert_eq!(
        slots(&story),
        [Some(7), Some(6), Some(5)],
        "only 1 had to go"
    );
    talk(&mut story, &[6, 7, 5]);
    assert_eq!(
        slots(&story),
        [Some(7), Some(6), Some(5)],
        "the order alone moves nobody"
    );
    let (participant, kinds) = (people[6], KindSet::AUDIO);
    story.ok(people[6], Command::Mute { participant, kinds });
    assert_eq!(
        slots(&story),
        [Some(7), Some(0), Some(5)],
        "a mute gives its slot to who is live"
    );
}

/// A worker's list may be older than a move.
#[test]
fn whoever_is_in_a_breakout_is_no_talker_of_the_parent() {
    let mut story = Story::new();
    let [ann, bob] = ["ann", "bob"].map(|name| story.person(name));
    let tracks = [ann, bob].map(|one| story.track(one, TrackKind::Audio).unwrap());
    let host = story.moderator("host");
    let breakout = story.create(host, 1, 4)[0];
    story.room.handle_talkers(GroupId::Parent, &tracks);
    assert_eq!(story.room.talkers(GroupId::Parent), tracks);
    story.put(&[bob], inside(breakout));
    story.room.handle_talkers(GroupId::Parent, &tracks);
    assert_eq!(story.room.talkers(GroupId::Parent), tracks[..1]);
}

#[test]
fn in_a_large_group_only_so_many_talkers_are_heard() {
    let mut config = config();
    config.settings.max_active_talkers = 3;
    let mut story = Story::with(config);
    let pool = SlotPool { audio: 5, video: 0 };
    let listener = story.join_with("listener", Role::Participant, pool);
    let people: Vec<_> = (0..5).map(|n| story.person(&format!("p{n}"))).collect();
    let heard = |story: &Story| {
        people
            .iter()
            .filter(|one| story.hears(listener, **one))
            .count()
    };
    assert_eq!(heard(&story), 5, "as many as there are slots");
    let late = story.person("late");
    assert_eq!(heard(&story), 3, "more live audio than slots");
    story.ok(late, Command::Leave { participant: late });
    assert_eq!(heard(&story), 5);
}

#[test]
fn somebody_away_hears_its_own_group_first() {
    let mut story = Story::live();
    let moderator = story.moderator("mod");
    let parent: Vec<_> = (0..3).map(|n| story.person(&format!("p{n}"))).collect();
    let pool = SlotPool { audio: 3, video: 0 };
    let ann = story.join_with("ann", Role::Participant, pool);
    let (bob, cem) = (story.person("bob"), story.person("cem"));
    let id = story.create(moderator, 1, 4)[0];
    story.put(&[ann, bob, cem], inside(id));
    assert!(story.hears(ann, bob) && story.hears(ann, cem));
    let far = [moderator, parent[0], parent[1], parent[2]];
    let heard = far.iter().filter(|one| story.hears(ann, **one)).count();
    assert_eq!(heard, 1, "one slot is left for the parent");
}

#[test]
fn what_is_pinned_is_shown_first_and_what_is_hidden_is_not() {
    let mut story = Story::new();
    let pool = SlotPool { audio: 0, video: 2 };
    let viewer = story.join_with("viewer", Role::Participant, pool);
    let people: Vec<_> = (0..3).map(|n| story.person(&format!("p{n}"))).collect();
    let shown = |story: &Story| {
        let all = people.iter().flat_map(|one| {
            let kinds = [TrackKind::Camera, TrackKind::Screen];
            kinds.map(|kind| (*one, kind))
        });
        let seen = all.filter(|(one, kind)| story.hears_kind(viewer, *one, *kind));
        seen.collect::<Vec<_>>()
    };
    let screens = [
        (people[0], TrackKind::Screen),
        (people[1], TrackKind::Screen),
    ];
    assert_eq!(shown(&story), screens, "screens come before cameras");
    let look = |story: &mut Story, everything_else, wishes: &[(usize, TrackKind, Wish)]| {
        let wishes = wishes.iter().map(|(index, kind, wish)| View {
            publisher: people[*index],
            kind: *kind,
            wish: *wish,
            max_height: Some(180),
        });
        let views = Views {
            everything_else,
            wishes: wishes.collect(),
        };
        let before = story.room.table();
        story.room.set_views(viewer, views).unwrap();
        check_full_plan(&story.room, &before);
    };
    let pinned = (2, TrackKind::Camera, Wish::Pinned);
    look(&mut story, true, &[pinned]);
    assert_eq!(shown(&story), [screens[0], (people[2], TrackKind::Camera)]);
    let table = story.room.table();
    let mut heights: Vec<_> = table
        .routes
        .iter()
        .filter(|((who, _), _)| *who == viewer)
        .map(|(_, route)| route.max_height)
        .collect();
    heights.sort_unstable();
    assert_eq!(heights, [180, Route::ANY_HEIGHT]);
    look(
        &mut story,
        true,
        &[(0, TrackKind::Screen, Wish::Hidden), pinned],
    );
    assert_eq!(shown(&story), [screens[1], (people[2], TrackKind::Camera)]);
    look(&mut story, false, &[(1, TrackKind::Camera, Wish::Shown)]);
    assert_eq!(shown(&story), [(people[1], TrackKind::Camera)]);
    let hash = story.room.state_hash();
    look(&mut story, true, &[]);
    assert_eq!(
        story.room.state_hash(),
        hash,
        "what is looked at is no state"
    );
}

#[test]
fn a_track_belongs_to_its_audience_since_the_epoch_in_which_it_came_there() {
    let (mut story, moderator, ann) = away();
    let since = |story: &Story, who| {
        let table = story.room.table();
        let track = story.track(who, TrackKind::Audio).unwrap();
        table.tracks[&track].since
    };
    let there = since(&story, ann);
    story.ok(moderator, Command::PauseParent(GateScope::Room));
    assert_eq!(since(&story, ann), there, "a gate is no move");
    story.ok(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(since(&story, ann), story.room.epoch());
    assert!(since(&story, ann) > there);
    let left = story.room.epoch();
    story.ok_as(
        Actor::Operator,
        Command::Reconnect(Reconnect {
            identity: "ann".to_owned(),
            slots: SlotPool { audio: 9, video: 9 },
            offers: TrackKind::ALL.to_vec(),
        }),
    );
    assert!(
        since(&story, ann) > left,
        "over a new connection it is a new stream"
    );
}
