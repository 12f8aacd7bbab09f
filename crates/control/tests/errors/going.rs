//! Errors of going in, coming back and leaving.

use sideroom_control::*;

use super::story::*;
use super::*;

#[test]
fn join_failed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::JoinFailed);
}

#[test]
fn hold_failed() {
    let (mut story, _, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok_as(Actor::Operator, Command::Drop { participant: ann });
    let refused = story.refused(ann, Command::PauseParent(GateScope::Participant(ann)));
    assert_eq!(refused, BreakoutError::HoldFailed);
}

#[test]
fn breakout_closed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    story.ok(moderator, Command::Close(Selection::All));
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::BreakoutClosed);
    let force = Command::Invite {
        breakout,
        participants: vec![ann],
        force: true,
    };
    assert_eq!(
        story.refused(moderator, force),
        BreakoutError::BreakoutClosed
    );
    let shuffle = Command::Shuffle {
        breakouts: Selection::All,
        seed: None,
    };
    assert_eq!(
        story.refused(moderator, shuffle),
        BreakoutError::BreakoutClosed
    );
}

#[test]
fn resume_failed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok(moderator, Command::PauseParent(GateScope::Room));
    let resume = Command::ResumeParent(GateScope::Participant(ann));
    assert_eq!(
        story.refused(ann, resume.clone()),
        BreakoutError::ResumeFailed
    );
    story.ok(moderator, Command::ResumeParent(GateScope::Room));
    story.ok(ann, resume);
    assert!(story.hears(ann, moderator));
}

#[test]
fn leave_failed() {
    let (mut story, _, [ann, _], _) = three();
    let refused = story.refused(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(refused, BreakoutError::LeaveFailed);
}

#[test]
fn not_assigned() {
    let (mut story, _, [ann, _], breakout) = three();
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::NotAssigned);
    let reject = Command::Reject {
        participant: ann,
        breakout,
    };
    assert_eq!(story.refused(ann, reject), BreakoutError::NotAssigned);
}

#[test]
fn not_in_parent() {
    let (mut story, moderator, _, breakout) = three();
    story.put(&[moderator], inside(breakout));
    assert_eq!(
        story.refused(moderator, creation(|_| ())),
        BreakoutError::NotInParent
    );
}

#[test]
fn already_in_breakout() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    let already = BreakoutError::AlreadyInBreakout;
    assert_eq!(story.refused(ann, join_breakout(ann, breakout)), already);
    let force = Command::Invite {
        breakout,
        participants: vec![ann],
        force: true,
    };
    assert_eq!(story.refused(moderator, force), already);
    story.put(&[moderator], inside(breakout));
    let listen = Command::ListenIn {
        participant: moderator,
        breakout,
        follow: false,
    };
    assert_eq!(story.refused(moderator, listen), already);
}

#[test]
fn breakout_full() {
    let (mut story, moderator, people, breakout) = three();
    let full = BreakoutError::BreakoutFull { capacity: 2 };
    story.put(&people, inside(breakout));
    assert_eq!(
        story.refused(moderator, join_breakout(moderator, breakout)),
        full
    );
    let moves = vec![MoveTo {
        participant: moderator,
        to: inside(breakout),
        stream: None,
    }];
    assert_eq!(story.refused(moderator, Command::Move { moves }), full);
    let identities = ["ann", "bob", "cem"].map(str::to_owned).to_vec();
    let assign = Command::Assign {
        breakout: Some(breakout),
        identities,
    };
    assert_eq!(story.refused(moderator, assign), full);
}

#[test]
fn room_full() {
    let (mut story, moderator, ..) = three();
    let patch = RoomPatch {
        max_participants: Some(3),
        ..RoomPatch::default()
    };
    story.ok(moderator, Command::UpdateRoom(patch));
    let refused = story.refused_as(Actor::Operator, join_room("fourth", Vec::new()));
    assert_eq!(refused, BreakoutError::RoomFull { most: 3 });
}

#[test]
fn return_not_allowed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    story.put(&[ann], inside(breakout));
    story.ok(
        moderator,
        settings(|patch| patch.allow_return = Some(false)),
    );
    let refused = story.refused(ann, Command::LeaveBreakout { participant: ann });
    assert_eq!(refused, BreakoutError::ReturnNotAllowed);
}

#[test]
fn video_not_allowed() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    let join = Command::JoinBreakout {
        participant: ann,
        breakout: Some(breakout),
        stream: Some(KindSet::ALL),
    };
    assert_eq!(story.refused(ann, join), BreakoutError::VideoNotAllowed);
    let forbid = settings(|patch| patch.allow_video = Some(false));
    story.ok_as(Actor::Operator, forbid);
    let refused = story.refused(moderator, creation(|all| all.media = KindSet::ALL));
    assert_eq!(refused, BreakoutError::VideoNotAllowed);
}

#[test]
fn breakout_locked() {
    let (mut story, moderator, [ann, _], breakout) = three();
    invite(&mut story, moderator, ann, breakout);
    let patch = BreakoutPatch {
        door: Some(Door::Locked),
        ..BreakoutPatch::default()
    };
    story.ok(moderator, Command::UpdateBreakout { breakout, patch });
    let refused = story.refused(ann, join_breakout(ann, breakout));
    assert_eq!(refused, BreakoutError::BreakoutLocked);
    story.ok(moderator, join_breakout(moderator, breakout));
}

#[test]
fn schedule_failed() {
    let (mut story, moderator, ..) = three();
    let past = Command::Schedule {
        at: story.now,
        if_late: IfLate::default(),
        command: Box::new(Command::Open(Selection::All)),
    };
    let refused = story.refused(moderator, past);
    assert!(matches!(refused, BreakoutError::ScheduleFailed(_)));
}
