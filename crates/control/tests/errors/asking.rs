//! Errors on the actor, the arguments, and the time of a command.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

#[test]
fn token_failed() {
    let (mut story, moderator, _, breakout) = three();
    let joined = story.ok_as(Actor::Operator, join_room("deaf and mute", Vec::new()));
    let Outcome::Joined { participant, .. } = joined.outcome else {
        panic!("{:?}", joined.outcome);
    };
    invite(&mut story, moderator, participant, breakout);
    let refused = story.refused(participant, join_breakout(participant, breakout));
    assert_eq!(refused, BreakoutError::TokenFailed);
}

#[test]
fn internal() {
    // No sequence of commands leads there: every number would have to be used up. Only the text is checked.
    let error = BreakoutError::Internal("ids are used up");
    assert!(error.to_string().contains("nothing was changed"));
    assert_eq!((error.name(), error.enablex()), ("Internal", 1138));
}

#[test]
fn details_unreadable() {
    let (mut story, moderator, _, breakout) = three();
    for name in ["", "  ", "tab\there"] {
        let patch = BreakoutPatch {
            name: Some(name.to_owned()),
            ..BreakoutPatch::default()
        };
        let refused = story.refused(moderator, Command::UpdateBreakout { breakout, patch });
        assert!(matches!(refused, BreakoutError::DetailsUnreadable(_)));
    }
}

#[test]
fn not_found() {
    let (mut story, moderator, [ann, _], breakout) = three();
    let nobody = ParticipantId::new(RoomId(7), 99);
    let nowhere = BreakoutId(99);
    let role = Role::Moderator;
    for (command, subject) in [
        (join_breakout(moderator, nowhere), Subject::Breakout),
        (
            Command::Open(Selection::Some(vec![nowhere])),
            Subject::Breakout,
        ),
        (
            Command::Invite {
                breakout,
                participants: vec![ann, nobody],
                force: true,
            },
            Subject::Participant,
        ),
        (
            Command::SetRole {
                participant: nobody,
                role,
            },
            Subject::Participant,
        ),
    ] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::NotFound(subject)
        );
    }
    let join = join_room("no camera", vec![TrackKind::Audio]);
    let joined = story.ok_as(Actor::Operator, join);
    let Outcome::Joined { participant, .. } = joined.outcome else {
        panic!("{:?}", joined.outcome);
    };
    let kind = TrackKind::Camera;
    let refused = story.refused(participant, Command::Publish { participant, kind });
    assert_eq!(refused, BreakoutError::NotFound(Subject::Track));
    story.ok_as(Actor::Operator, Command::CloseRoom);
    let refused = story.refused_as(Actor::Operator, join_room("late", Vec::new()));
    assert_eq!(refused, BreakoutError::NotFound(Subject::Room));
}

#[test]
fn not_moderator() {
    let (mut story, moderator, [ann, bob], breakout) = three();
    let kinds = KindSet::AUDIO;
    let role = Role::Moderator;
    for command in [
        creation(|_| ()),
        Command::Open(Selection::All),
        Command::Close(Selection::Some(vec![breakout])),
        Command::Destroy(Selection::All),
        Command::SetMode(RoomMode::Lecture),
        Command::UpdateRoom(RoomPatch::default()),
        settings(|patch| patch.self_select = Some(true)),
        Command::PauseParent(GateScope::Room),
        Command::PauseParent(GateScope::Participant(bob)),
        Command::Mute {
            participant: bob,
            kinds,
        },
        Command::SetRole {
            participant: ann,
            role,
        },
        Command::Remove { participant: bob },
        Command::Leave { participant: bob },
        Command::Drop { participant: bob },
        Command::CloseRoom,
        Command::AddressAllText {
            text: "me".to_owned(),
        },
        Command::Invite {
            breakout,
            participants: vec![bob],
            force: false,
        },
        Command::Assign {
            breakout: Some(breakout),
            identities: vec!["ann".to_owned()],
        },
        Command::Timer(Timer::End),
        join_room("friend", Vec::new()),
        join_breakout(bob, breakout),
    ] {
        let shown = format!("{command:?}");
        assert_eq!(
            story.refused(ann, command),
            BreakoutError::NotModerator,
            "{shown}"
        );
    }
    for command in [Command::Drain(true), Command::Timer(Timer::End)] {
        assert_eq!(
            story.refused(moderator, command),
            BreakoutError::NotModerator
        );
    }
    story.grant(ann, |grants| grants.publish = KindSet::AUDIO);
    let (participant, kind) = (ann, TrackKind::Screen);
    let refused = story.refused(ann, Command::Publish { participant, kind });
    assert_eq!(refused, BreakoutError::NotModerator);
    story.grant(ann, |grants| grants.create_breakouts = true);
    story.create(ann, 1, 4);
}

#[test]
fn invalid_argument() {
    let (mut story, moderator, [ann, _], breakout) = three();
    let move_ann = MoveTo {
        participant: ann,
        to: inside(breakout),
        stream: None,
    };
    let past = story.now;
    let text = |length: usize| Command::AddressAllText {
        text: "x".repeat(length),
    };
    for command in [
        Command::Move { moves: vec![] },
        Command::Move {
            moves: vec![move_ann, move_ann],
        },
        Command::Open(Selection::Some(vec![])),
        Command::Invite {
            breakout,
            participants: vec![],
            force: false,
        },
        Command::MuteParent {
            scope: GateScope::Room,
            kinds: GateKinds {
                audio: false,
                video: false,
            },
        },
        Command::Mute {
            participant: ann,
            kinds: KindSet::NONE,
        },
        settings(|patch| patch.timer = Some(TimerChange::EndAt(past))),
        settings(|patch| patch.countdown_ms = Some((0..11).collect())),
        Command::UpdateRoom(RoomPatch {
            max_active_talkers: Some(2),
            ..RoomPatch::default()
        }),
        Command::UpdateRoom(RoomPatch {
            max_breakouts: Some(0),
            ..RoomPatch::default()
        }),
        text(0),
        text(bounds::TEXT + 1),
    ] {
        let shown = format!("{command:?}");
        let refused = story.refused(moderator, command);
        assert!(
            matches!(refused, BreakoutError::InvalidArgument(_)),
            "{shown}: {refused}"
        );
    }
    let twice = vec![TrackKind::Audio, TrackKind::Audio];
    for command in [
        join_room("", Vec::new()),
        join_room("two microphones", twice),
    ] {
        let refused = story.refused_as(Actor::Operator, command);
        assert!(matches!(refused, BreakoutError::InvalidArgument(_)));
    }
    for id in ["", &"x".repeat(129)] {
        assert!(RequestId::new(id).is_err());
    }
}

#[test]
fn unauthenticated() {
    let (mut story, moderator, ..) = three();
    let participant = moderator;
    story.ok(moderator, Command::Leave { participant });
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::Unauthenticated
    );
}

#[test]
fn rate_limited() {
    let (mut story, _, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    let ask = Command::AskForHelp {
        participant: ann,
        note: String::new(),
    };
    story.ok(ann, ask.clone());
    story.pass(1_000);
    let retry_ms = 4_000;
    assert_eq!(
        story.refused(ann, ask.clone()),
        BreakoutError::RateLimited { retry_ms }
    );
    story.pass(u64::from(retry_ms));
    story.ok(ann, ask);
}

#[test]
fn draining() {
    let (mut story, _, [ann, _], _) = three();
    story.ok_as(Actor::Operator, Command::Drain(true));
    let refused = story.refused_as(Actor::Operator, join_room("new", Vec::new()));
    assert_eq!(refused, BreakoutError::Draining);
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    story.ok_as(Actor::Operator, join_room("ann", Vec::new()));
}

#[test]
fn version_mismatch() {
    let (mut story, moderator, ..) = three();
    let current = story.room.version();
    let id = story.request_id();
    let (now, actor) = (story.now, Actor::Participant(moderator));
    let stale = Expected::Version(current - 1);
    let request = (&id, creation(|_| ()));
    let refused = story.room.apply_at(stale, now, actor, request);
    let error = BreakoutError::VersionMismatch { current };
    assert_eq!(refused, Err(error));
}

#[test]
fn epoch_mismatch() {
    let (mut story, moderator, ..) = three();
    let current = story.room.epoch();
    let id = story.request_id();
    let actor = Actor::Participant(moderator);
    let request = (&id, creation(|_| ()));
    let refused = story.room.apply_at(Epoch(0), story.now, actor, request);
    assert_eq!(refused, Err(BreakoutError::EpochMismatch { current }));
}

#[test]
fn banned() {
    let (mut story, moderator, [ann, _], _) = three();
    let ban = Command::Ban {
        whom: Whom::Participant(ann),
        reason: "noise".to_owned(),
        until: None,
    };
    story.ok(moderator, ban);
    let refused = story.refused_as(Actor::Operator, join_room("ann", Vec::new()));
    let reason = "noise".to_owned();
    assert_eq!(
        refused,
        BreakoutError::Banned {
            reason,
            until: None
        }
    );
    story.ok(
        moderator,
        Command::Unban {
            identity: "ann".to_owned(),
        },
    );
    story.ok_as(Actor::Operator, join_room("ann", Vec::new()));
}
