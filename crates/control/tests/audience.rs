//! Events reach only their audience: a participant never sees events for moderators or of another group.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

/// A moderator and four participants: Ann and Bob in one breakout, Cem in another, Dee in the parent.
struct Cast {
    story: Story,
    moderator: ParticipantId,
    ann: ParticipantId,
    bob: ParticipantId,
    cem: ParticipantId,
    dee: ParticipantId,
    breakouts: Vec<BreakoutId>,
}

fn cast() -> Cast {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let [ann, bob, cem, dee] = ["ann", "bob", "cem", "dee"].map(|name| story.person(name));
    let breakouts = story.create(moderator, 2, 4);
    story.put(&[ann, bob], inside(breakouts[0]));
    story.put(&[cem], inside(breakouts[1]));
    Cast {
        story,
        moderator,
        ann,
        bob,
        cem,
        dee,
        breakouts,
    }
}

/// The names of the events that each of moderator, Ann, Bob, Cem, Dee sees.
fn told(cast: &Cast, applied: &Applied) -> [Vec<String>; 5] {
    let everybody = [cast.moderator, cast.ann, cast.bob, cast.cem, cast.dee];
    everybody.map(|who| {
        let seen = cast.story.seen_by(who, applied);
        let names = seen.iter().map(|kind| {
            let shown = format!("{kind:?}");
            shown.split([' ', '(']).next().unwrap().to_owned()
        });
        names.collect()
    })
}

#[test]
fn joining_a_breakout_tells_each_what_it_may_know() {
    let mut cast = cast();
    let (dee, id) = (cast.dee, cast.breakouts[0]);
    cast.story.ok(
        cast.moderator,
        Command::Invite {
            breakout: id,
            participants: vec![dee],
            force: false,
        },
    );
    let applied = cast.story.ok(dee, join_breakout(dee, id));
    assert_eq!(
        told(&cast, &applied),
        [
            vec![
                "InvitationEnded",
                "Placed",
                "AwayChanged",
                "BreakoutChanged"
            ],
            vec!["MembersChanged", "AwayChanged"],
            vec!["MembersChanged", "AwayChanged"],
            vec!["AwayChanged"],
            vec!["InvitationEnded", "Placed", "MembersChanged", "AwayChanged"],
        ]
    );
}

#[test]
fn an_invitation_is_between_the_invitee_and_moderators() {
    let mut cast = cast();
    let applied = cast.story.ok(
        cast.moderator,
        Command::Invite {
            breakout: cast.breakouts[1],
            participants: vec![cast.dee],
            force: false,
        },
    );
    let none: Vec<String> = Vec::new();
    assert_eq!(
        told(&cast, &applied),
        [
            vec!["Invited".to_owned(), "BreakoutChanged".to_owned()],
            none.clone(),
            none.clone(),
            none,
            vec!["Invited".to_owned(), "Assigned".to_owned()],
        ]
    );
}

#[test]
fn a_mute_in_a_breakout_is_told_there() {
    let mut cast = cast();
    let (participant, kinds) = (cast.ann, KindSet::AUDIO);
    let applied = cast
        .story
        .ok(participant, Command::Mute { participant, kinds });
    let counts = told(&cast, &applied).map(|names| names.len());
    assert_eq!(counts, [1, 1, 1, 0, 0]);
    let (participant, kinds) = (cast.dee, KindSet::AUDIO);
    let applied = cast
        .story
        .ok(participant, Command::Mute { participant, kinds });
    let counts = told(&cast, &applied).map(|names| names.len());
    assert_eq!(counts, [1; 5], "in the parent it concerns everybody");
}

#[test]
fn where_others_are_is_a_moderators_to_know() {
    let cast = cast();
    let view = |who| cast.story.room.view(Viewer::Participant(who)).unwrap();
    let groups = |who| {
        let all = view(who).participants;
        all.iter().map(|one| one.group).collect::<Vec<_>>()
    };
    let [one, two] = [cast.breakouts[0], cast.breakouts[1]].map(inside);
    let parent = GroupId::Parent;
    assert_eq!(groups(cast.moderator), [parent, one, one, two, parent]);
    assert_eq!(groups(cast.ann), [parent, one, one, parent, parent]);
    assert_eq!(groups(cast.dee), [parent; 5]);
    let away: Vec<_> = view(cast.dee)
        .participants
        .iter()
        .map(|one| one.away)
        .collect();
    assert_eq!(away, [false, true, true, true, false]);
    assert!(view(cast.dee).breakouts.is_empty());
    let own = view(cast.ann).breakouts;
    assert_eq!(own.len(), 1);
    assert!(own[0].assigned.is_empty() && own[0].invited.is_empty());
    let tracks = |who: ParticipantId, of: ParticipantId| {
        let all = view(who).participants;
        all.iter()
            .find(|one| one.participant == of)
            .unwrap()
            .tracks
            .len()
    };
    assert_eq!(
        (tracks(cast.dee, cast.ann), tracks(cast.bob, cast.ann)),
        (0, 4)
    );
    assert_eq!(
        tracks(cast.cem, cast.dee),
        4,
        "the parent can be heard from everywhere"
    );
}

#[test]
fn request_ids_are_told_to_their_actor_and_to_moderators() {
    let mut cast = cast();
    let (participant, kinds) = (cast.dee, KindSet::AUDIO);
    let applied = cast
        .story
        .ok(participant, Command::Mute { participant, kinds });
    let event = &applied.events[0];
    let known = |who| {
        let viewer = Viewer::Participant(who);
        cast.story
            .room
            .event_for(viewer, event)
            .unwrap()
            .request_id
            .is_some()
    };
    assert_eq!(
        [cast.moderator, cast.dee, cast.ann].map(known),
        [true, true, false]
    );
}

#[test]
fn whoever_is_put_out_is_told_that_and_nothing_else() {
    let mut cast = cast();
    let participant = cast.ann;
    let applied = cast
        .story
        .ok(cast.moderator, Command::Remove { participant });
    let told = told(&cast, &applied);
    assert_eq!(told[1], ["ParticipantLeft"]);
    let chat = Command::AddressAllText {
        text: "she is gone".to_owned(),
    };
    let applied = cast.story.ok(cast.moderator, chat);
    assert!(cast.story.seen_by(cast.ann, &applied).is_empty());
}

#[test]
fn the_owner_with_the_grant_learns_of_its_breakouts() {
    let mut cast = cast();
    let dee = cast.dee;
    cast.story
        .grant(dee, |grants| grants.create_breakouts = true);
    let actor = Actor::Participant(dee);
    let applied = cast
        .story
        .ok_as(actor, Command::CreateBreakouts(create(1, 4)));
    let told_dee = &told(&cast, &applied)[4];
    assert_eq!(*told_dee, ["BreakoutsCreated"]);
    assert!(told(&cast, &applied)[1].is_empty());

    // They also see its end, whoever causes it, though the owner is not inside.
    let gone = Selection::Some(breakouts_of(&applied));
    let applied = cast.story.ok(cast.moderator, Command::Destroy(gone));
    let told = told(&cast, &applied);
    assert_eq!(told[4], ["BreakoutsDestroyed"]);
    assert_eq!(told[0], ["BreakoutsDestroyed"], "a moderator is told once");
    assert!(told[1].is_empty());
}

/// Missed events of a moderator, seen by a participant who became one later, or was one before.
#[test]
fn missed_events_are_judged_by_what_one_was_then() {
    let mut cast = cast();
    let start = cast.story.room.seq();
    let dee = cast.dee;
    let reject = |cast: &mut Cast| {
        let (breakout, participants) = (cast.breakouts[0], vec![dee]);
        let invite = Command::Invite {
            breakout,
            participants,
            force: false,
        };
        cast.story.ok(cast.moderator, invite);
        let participant = dee;
        let reject = Command::Reject {
            participant,
            breakout,
        };
        cast.story.ok(dee, reject);
    };
    let role = |cast: &mut Cast, role| {
        let participant = dee;
        cast.story
            .ok(cast.moderator, Command::SetRole { participant, role });
    };
    reject(&mut cast);
    role(&mut cast, Role::Moderator);
    reject(&mut cast);
    role(&mut cast, Role::Participant);
    reject(&mut cast);
    let viewer = Viewer::Participant(dee);
    let events = cast.story.room.events_after(viewer, start).unwrap();
    let rejections = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::InviteRejected { .. }));
    assert_eq!(
        rejections.count(),
        1,
        "only that of its time as a moderator"
    );
}

/// A participant who is assigned elsewhere and invited here is not assigned here by it. They still learn of
/// everything that their invitation shows.
#[test]
fn whoever_is_invited_learns_of_changes_and_of_the_end() {
    let mut cast = cast();
    let (dee, moderator) = (cast.dee, cast.moderator);
    let [one, two] = [cast.breakouts[0], cast.breakouts[1]];
    for breakout in [two, one] {
        let participants = vec![dee];
        let invite = Command::Invite {
            breakout,
            participants,
            force: false,
        };
        cast.story.ok(moderator, invite);
    }
    let view = |cast: &Cast| cast.story.room.view(Viewer::Participant(dee)).unwrap();
    assert_eq!(view(&cast).assigned.map(|it| it.breakout), Some(two));
    assert_eq!(view(&cast).invitations.len(), 2);

    let only = |id| Selection::Some(vec![id]);
    let applied = cast.story.ok(moderator, Command::Close(only(one)));
    let seen = cast.story.seen_by(dee, &applied);
    let now = view(&cast).invitations.into_iter().map(|it| it.breakout);
    let now = now.filter(|it| it.breakout == one).collect::<Vec<_>>();
    assert!(!now[0].open);
    let told: Vec<_> = seen
        .iter()
        .filter_map(|kind| match kind {
            EventKind::InvitationChanged { breakout, .. } => Some(*breakout.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(told, now, "as the view shows it");
    let others = [cast.bob, cast.cem, moderator].map(|who| cast.story.seen_by(who, &applied));
    let about_dee = others.iter().flatten();
    assert!(
        about_dee
            .clone()
            .all(|kind| !matches!(kind, EventKind::InvitationChanged { .. })),
        "{others:?}"
    );

    // As the assignee of one, they see one event about it.
    let applied = cast.story.ok(moderator, Command::Close(only(two)));
    let seen = cast.story.seen_by(dee, &applied);
    let kinds = seen
        .iter()
        .map(|kind| matches!(kind, EventKind::Assigned { .. }));
    assert_eq!(kinds.filter(|assigned| *assigned).count(), 1);
    let again = |kind: &EventKind| matches!(kind, EventKind::InvitationChanged { .. });
    assert!(!seen.iter().any(again), "{seen:?}");

    let applied = cast.story.ok(moderator, Command::Destroy(only(one)));
    let void = EventKind::InvitationsVoid {
        participant: dee,
        breakouts: vec![one],
    };
    assert!(cast.story.seen_by(dee, &applied).contains(&void));
    assert!(!cast.story.seen_by(moderator, &applied).contains(&void));
    assert_eq!(view(&cast).invitations.len(), 1);
}
