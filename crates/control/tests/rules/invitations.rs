//! Rule 11: an invitation has one life. It is pending until it is accepted, rejected, withdrawn, or expires;
//! moderators see pending ones.

use sideroom_control::*;
use sideroom_route::*;

use super::story::*;
use super::*;

struct Scene {
    story: Story,
    host: ParticipantId,
    ann: ParticipantId,
    red: BreakoutId,
    blue: BreakoutId,
}

/// Ann is invited into a red breakout for three; a blue one is open, too.
fn scene() -> Scene {
    let (mut story, [host, ann, ..]) = four();
    let both = story.create(host, 2, 3);
    let mut scene = Scene {
        story,
        host,
        ann,
        red: both[0],
        blue: both[1],
    };
    scene.invite(scene.red, false);
    assert_eq!(scene.pending(), [scene.red]);
    assert_eq!(scene.story.breakout(scene.red).invited, ["ann"]);
    scene
}

impl Scene {
    fn invite(&mut self, breakout: BreakoutId, force: bool) -> Applied {
        let command = Command::Invite {
            breakout,
            participants: vec![self.ann],
            force,
        };
        self.story.ok(self.host, command)
    }

    /// The breakouts that ann sees an invitation to.
    fn pending(&self) -> Vec<BreakoutId> {
        let view = self.story.room.view(Viewer::Participant(self.ann));
        let invitations = view.unwrap().invitations;
        let invitations = invitations.iter();
        invitations.map(|one| one.breakout.breakout).collect()
    }

    fn join(&self) -> Command {
        Command::JoinBreakout {
            participant: self.ann,
            breakout: Some(self.red),
            stream: Some(KindSet::AUDIO),
        }
    }

    fn reject(&self) -> Command {
        Command::Reject {
            participant: self.ann,
            breakout: self.red,
        }
    }

    fn withdraw(&self) -> Command {
        Command::WithdrawInvitations {
            breakout: self.red,
            participants: vec![self.ann],
        }
    }

    /// The invitation to red is over, everywhere, and in no second way.
    fn has_ended(&mut self, told: &[std::sync::Arc<Event>], how: InvitationEnd) {
        let ends = told.iter().filter_map(|event| match event.kind {
            EventKind::InvitationEnded {
                participant,
                breakout,
                end,
                ..
            } if (participant, breakout) == (self.ann, self.red) => Some(end),
            _ => None,
        });
        assert_eq!(ends.collect::<Vec<_>>(), [how]);
        assert!(!self.pending().contains(&self.red));
        if self
            .story
            .view()
            .breakouts
            .iter()
            .any(|it| it.summary.breakout == self.red)
        {
            assert!(self.story.breakout(self.red).invited.is_empty());
            let again = self.story.refused(self.host, self.withdraw());
            assert_eq!(again, BreakoutError::NotFound(Subject::Invitation));
        }
    }
}

#[test]
fn rule_11_an_invitation_that_was_accepted_is_over_and_the_door_stays_open() {
    let mut scene = scene();
    let told = scene.story.ok(scene.ann, scene.join()).events;
    scene.has_ended(&told, InvitationEnd::Accepted);
    let leave = Command::LeaveBreakout {
        participant: scene.ann,
    };
    scene.story.ok(scene.ann, leave);
    assert_eq!(scene.pending(), [], "it does not come back");
    scene.story.ok(scene.ann, scene.join());
}

#[test]
fn rule_11_a_forced_invitation_is_accepted_by_the_move() {
    let mut scene = scene();
    let told = scene.invite(scene.red, true).events;
    scene.has_ended(&told, InvitationEnd::Accepted);
    let mut scene = self::scene();
    scene.story.put(&[scene.ann], GroupId::Breakout(scene.red));
    let told = scene.story.events.clone();
    scene.has_ended(&told, InvitationEnd::Accepted);
}

#[test]
fn rule_11_a_rejected_invitation_opens_no_door() {
    let mut scene = scene();
    let told = scene.story.ok(scene.ann, scene.reject()).events;
    scene.has_ended(&told, InvitationEnd::Rejected);
    let refused = scene.story.refused(scene.ann, scene.join());
    assert_eq!(refused, BreakoutError::NotAssigned);
}

#[test]
fn rule_11_a_withdrawn_invitation_opens_no_door() {
    let mut scene = scene();
    let refused = scene.story.refused(scene.ann, scene.withdraw());
    assert_eq!(refused, BreakoutError::NotModerator);
    let told = scene.story.ok(scene.host, scene.withdraw()).events;
    scene.has_ended(&told, InvitationEnd::Withdrawn);
    let refused = scene.story.refused(scene.ann, scene.join());
    assert_eq!(refused, BreakoutError::NotAssigned);
    let nobody = Command::WithdrawInvitations {
        breakout: scene.red,
        participants: Vec::new(),
    };
    assert!(matches!(
        scene.story.refused(scene.host, nobody),
        BreakoutError::InvalidArgument(_)
    ));
}

#[test]
fn rule_11_an_invitation_is_withdrawn_with_its_breakout() {
    let mut scene = scene();
    let destroy = Command::Destroy(Selection::Some(vec![scene.red]));
    let told = scene.story.ok(scene.host, destroy).events;
    scene.has_ended(&told, InvitationEnd::Withdrawn);
}

#[test]
fn rule_11_an_invitation_expires_when_the_invitee_is_elsewhere_gone_or_too_late() {
    let mut elsewhere = scene();
    elsewhere
        .story
        .put(&[elsewhere.ann], GroupId::Breakout(elsewhere.blue));
    let told = elsewhere.story.events.clone();
    elsewhere.has_ended(&told, InvitationEnd::Expired);

    let mut gone = scene();
    let leave = Command::Leave {
        participant: gone.ann,
    };
    let told = gone.story.ok(gone.ann, leave).events;
    let ended = |event: &std::sync::Arc<Event>| {
        matches!(
            event.kind,
            EventKind::InvitationEnded {
                end: InvitationEnd::Expired,
                ..
            }
        )
    };
    assert!(told.iter().any(ended));
    assert_eq!(gone.story.breakout(gone.red).invited, [""; 0]);
    gone.ann = gone.story.person("ann");
    assert_eq!(gone.pending(), [], "nobody is asked by an old invitation");

    let mut late = scene();
    let end = late.story.now + 60_000;
    let ends = settings(|patch| patch.timer = Some(TimerChange::EndAt(end)));
    late.story.ok(late.host, ends);
    late.story.pass(80_000);
    let told = late.story.events.clone();
    late.has_ended(&told, InvitationEnd::Expired);
}

#[test]
fn rule_11_an_invitation_may_be_renewed() {
    let mut scene = scene();
    scene.story.ok(scene.ann, scene.reject());
    scene.invite(scene.red, false);
    assert_eq!(scene.pending(), [scene.red]);
    scene.story.ok(scene.ann, scene.join());
}
