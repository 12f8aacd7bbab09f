//! Rule 18: every sanction holds whichever way its bearer comes back, and grants bound every role.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod story;

use sideroom_control::*;
use sideroom_route::*;
use story::*;

/// How somebody comes back.
#[derive(Clone, Copy, Debug)]
enum Way {
    LeaveAndJoin,
    SecondTab,
    Reconnect,
    Whip,
    Whep,
    Restart,
}

const WAYS: [Way; 6] = [
    Way::LeaveAndJoin,
    Way::SecondTab,
    Way::Reconnect,
    Way::Whip,
    Way::Whep,
    Way::Restart,
];

fn join(identity: &str, role: Role) -> Command {
    Command::Join(Join {
        identity: identity.to_owned(),
        display_name: "somebody".to_owned(),
        role,
        grants: Grants::of_role(role),
        slots: SlotPool { audio: 9, video: 9 },
        offers: TrackKind::ALL.to_vec(),
    })
}

/// Comes back, as a browser, a publisher or a watcher; returns the people in the room then.
fn come_back(
    story: &mut Story,
    way: Way,
    (identity, role): (&str, Role),
) -> Result<ParticipantId, BreakoutError> {
    let mut identity = identity.to_owned();
    let present = story.room.participant_id(&identity);
    match way {
        Way::LeaveAndJoin => {
            if let Some(participant) = present {
                story.ok(participant, Command::Leave { participant });
            }
        }
        Way::SecondTab => {}
        Way::Reconnect => {
            if let Some(participant) = present {
                story.ok_as(Actor::System, Command::Drop { participant });
            }
        }
        Way::Whip => identity.push_str("/whip"),
        Way::Whep => identity.push_str("/whep-0123abcd"),
        Way::Restart => story.room = Room::restore(story.room.snapshot()).unwrap(),
    }
    let joined = story.try_as(Actor::Operator, join(&identity, role))?;
    match joined.outcome {
        Outcome::Joined { participant, .. } => Ok(participant),
        other => panic!("{other:?}"),
    }
}

fn scene() -> (Story, ParticipantId, ParticipantId) {
    let mut story = Story::new();
    let moderator = story.moderator("mod");
    let ann = story.person("ann");
    (story, moderator, ann)
}

fn view(story: &Story, id: ParticipantId) -> ParticipantView {
    let view = story.view();
    view.participants
        .into_iter()
        .find(|one| one.participant == id)
        .unwrap()
}

#[test]
fn a_moderators_mute_holds_whichever_way_its_bearer_comes_back() {
    for way in WAYS {
        let (mut story, moderator, ann) = scene();
        let bob = story.person("bob");
        let kinds = KindSet::AUDIO;
        story.ok(
            moderator,
            Command::Mute {
                participant: ann,
                kinds,
            },
        );
        let back = come_back(&mut story, way, ("ann", Role::Participant)).unwrap();
        story.ok(
            back,
            Command::Publish {
                participant: back,
                kind: TrackKind::Audio,
            },
        );
        assert!(!story.hears_kind(bob, back, TrackKind::Audio), "{way:?}");
        story.ok(
            moderator,
            Command::Unmute {
                participant: back,
                kinds,
            },
        );
        assert!(story.hears_kind(bob, back, TrackKind::Audio), "{way:?}");
    }
}

#[test]
fn a_mute_covers_the_streams_that_are_there() {
    let (mut story, moderator, ann) = scene();
    let bob = story.person("bob");
    let whip = come_back(&mut story, Way::Whip, ("ann", Role::Participant)).unwrap();
    story.ok(
        whip,
        Command::Publish {
            participant: whip,
            kind: TrackKind::Audio,
        },
    );
    assert!(story.hears_kind(bob, whip, TrackKind::Audio));
    let kinds = KindSet::AUDIO;
    story.ok(
        moderator,
        Command::Mute {
            participant: ann,
            kinds,
        },
    );
    assert!(!story.hears_kind(bob, whip, TrackKind::Audio));
}

#[test]
fn a_revoked_grant_holds_whichever_way_its_bearer_comes_back() {
    for way in WAYS {
        let (mut story, moderator, _) = scene();
        let second = story.moderator("second");
        let grants = Grants {
            listen_in: false,
            publish: KindSet::ALL.without(TrackKind::Screen),
            ..Grants::ALL
        };
        story.ok(
            moderator,
            Command::SetGrants {
                participant: second,
                grants,
            },
        );
        let back = come_back(&mut story, way, ("second", Role::Moderator)).unwrap();
        let held = view(&story, back).grants.unwrap();
        assert_eq!((held.listen_in, held.move_others), (false, true), "{way:?}");
        let publish = Command::Publish {
            participant: back,
            kind: TrackKind::Screen,
        };
        assert_eq!(
            story.refused(back, publish),
            BreakoutError::NotModerator,
            "{way:?}"
        );
    }
}

#[test]
fn a_role_that_was_taken_away_is_gone_whichever_way_its_bearer_comes_back() {
    for way in WAYS {
        let (mut story, moderator, ann) = scene();
        let second = story.moderator("second");
        let role = Role::Participant;
        story.ok(
            moderator,
            Command::SetRole {
                participant: second,
                role,
            },
        );
        let back = come_back(&mut story, way, ("second", Role::Moderator)).unwrap();
        let held = view(&story, back);
        assert_eq!(held.role, Role::Participant, "{way:?}");
        assert_eq!(held.grants.unwrap().powers(), Grants::NONE, "{way:?}");
        let kinds = KindSet::AUDIO;
        let mute = Command::Mute {
            participant: ann,
            kinds,
        };
        assert_eq!(story.refused(back, mute), BreakoutError::NotModerator);
    }
}

#[test]
fn a_ban_keeps_its_bearer_out_whichever_way_they_come() {
    for way in WAYS {
        let (mut story, moderator, ann) = scene();
        let whip = come_back(&mut story, Way::Whip, ("ann", Role::Participant)).unwrap();
        let until = story.now + 60_000;
        let ban = Command::Ban {
            whom: Whom::Participant(ann),
            reason: "noise".to_owned(),
            until: Some(until),
        };
        story.ok(moderator, ban);
        assert!(story.room.identity(ann).is_none() && story.room.identity(whip).is_none());
        let refused = come_back(&mut story, way, ("ann", Role::Moderator)).unwrap_err();
        assert_eq!(refused.name(), "Banned", "{way:?}");
        assert_eq!(story.view().bans.len(), 1);
        story.pass(60_000);
        come_back(&mut story, way, ("ann", Role::Participant)).unwrap();
    }
}

#[test]
fn nobody_walks_around_allow_return_whichever_way_they_come_back() {
    for way in WAYS {
        let (mut story, moderator, ann) = scene();
        let id = story.create(moderator, 1, 4)[0];
        story.put(&[ann], inside(id));
        story.ok(
            moderator,
            settings(|patch| patch.allow_return = Some(false)),
        );
        let back = come_back(&mut story, way, ("ann", Role::Participant)).unwrap();
        assert_eq!(story.group(back), inside(id), "{way:?}");
        let leave = Command::LeaveBreakout { participant: back };
        assert_eq!(
            story.refused(back, leave),
            BreakoutError::ReturnNotAllowed,
            "{way:?}"
        );
        story.ok(moderator, Command::Destroy(Selection::All));
        assert_eq!(story.group(back), GroupId::Parent, "{way:?}");
    }
}

#[test]
fn streams_go_where_their_person_is_sent_while_nobody_may_return() {
    for way in [Way::Whip, Way::Whep] {
        let (mut story, moderator, ann) = scene();
        let id = story.create(moderator, 1, 4)[0];
        let stream = come_back(&mut story, way, ("ann", Role::Participant)).unwrap();
        story.ok(
            moderator,
            settings(|patch| patch.allow_return = Some(false)),
        );
        story.put(&[ann], inside(id));
        assert_eq!(story.group(stream), inside(id), "{way:?}");
        assert!(!story.hears(stream, moderator), "the parent is not heard");
    }
}

#[test]
fn a_place_that_was_given_away_refuses_its_old_holder() {
    let (mut story, moderator, ann) = scene();
    let (bob, cem) = (story.person("bob"), story.person("cem"));
    let id = story.create(moderator, 1, 2)[0];
    story.put(&[ann, bob], inside(id));
    story.ok(
        moderator,
        settings(|patch| patch.allow_return = Some(false)),
    );
    story.ok(ann, Command::Leave { participant: ann });
    story.put(&[cem], inside(id));
    let refused = story.refused_as(Actor::Operator, join("ann", Role::Participant));
    assert_eq!(refused, BreakoutError::ReturnNotAllowed);
    story.ok(moderator, Command::Clear(Selection::All));
    story.ok_as(Actor::Operator, join("ann", Role::Participant));
}

#[test]
fn nobody_grants_more_than_they_have() {
    let (mut story, moderator, ann) = scene();
    let fewer = Grants {
        move_others: false,
        ..Grants::ALL
    };
    story.ok_as(
        Actor::Operator,
        Command::SetGrants {
            participant: moderator,
            grants: fewer,
        },
    );
    for participant in [moderator, ann] {
        let grants = Grants::ALL;
        let refused = story.refused(
            moderator,
            Command::SetGrants {
                participant,
                grants,
            },
        );
        assert_eq!(refused, BreakoutError::NotModerator);
    }
    let role = Role::Moderator;
    story.ok(
        moderator,
        Command::SetRole {
            participant: ann,
            role,
        },
    );
    assert_eq!(
        view(&story, ann).grants,
        Some(fewer),
        "no more than the promoter has"
    );
}

#[test]
fn a_moderator_stays_within_the_operators_limits() {
    let (mut story, moderator, _) = scene();
    let patch = |most| RoomPatch {
        max_participants: Some(most),
        ..RoomPatch::default()
    };
    let allowed = story.room.settings().max_participants;
    story.ok(moderator, Command::UpdateRoom(patch(5)));
    story.ok_as(Actor::Operator, Command::UpdateRoom(RoomPatch::default()));
    story.ok(moderator, Command::UpdateRoom(patch(allowed)));
    for over in [
        patch(allowed + 1),
        RoomPatch {
            max_active_talkers: Some(story.room.settings().max_active_talkers + 1),
            ..RoomPatch::default()
        },
        RoomPatch {
            max_breakouts: Some(story.room.settings().max_breakouts + 1),
            ..RoomPatch::default()
        },
        RoomPatch {
            reconnect_grace_ms: Some(story.room.settings().reconnect_grace_ms + 1),
            ..RoomPatch::default()
        },
    ] {
        let refused = story.refused(moderator, Command::UpdateRoom(over));
        assert_eq!(refused.name(), "InvalidArgument");
    }
    story.ok_as(Actor::Operator, Command::UpdateRoom(patch(allowed + 1)));
}

#[test]
fn a_weaker_token_takes_the_place_with_its_own_rights_only() {
    let (mut story, _, ann) = scene();
    let second = story.moderator("second");
    story.ok_as(Actor::Operator, join("second", Role::Participant));
    let kinds = KindSet::AUDIO;
    let mute = Command::Mute {
        participant: ann,
        kinds,
    };
    assert_eq!(
        story.refused(second, mute.clone()),
        BreakoutError::NotModerator
    );
    story.ok_as(Actor::Operator, join("second", Role::Moderator));
    story.ok(second, mute);
}
