//! The one life of an invitation: it is pending until it is accepted, rejected, withdrawn, or expires.

use sideroom_route::{BreakoutId, ParticipantId};

use crate::command_run::CommandRun;
use crate::old::Rules;
use crate::state::Asked;
use crate::{EventKind, InvitationEnd};

impl CommandRun<'_> {
    /// Ends a pending invitation, if there is one. A declined or withdrawn one opens no door any more; the
    /// others leave the invitee welcome.
    pub(crate) fn end_invitation(
        &mut self,
        identity: &str,
        breakout: BreakoutId,
        end: InvitationEnd,
    ) -> Option<Asked> {
        let held = self.state.breakouts.get_mut(&breakout)?;
        let asked = held.invited.remove(identity);
        let stays_welcome = matches!(end, InvitationEnd::Accepted | InvitationEnd::Expired);
        if !stays_welcome {
            held.welcome.remove(identity);
        } else if asked.is_some() {
            held.welcome.insert(identity.to_owned());
        }
        let owner = held.owner;
        if asked.is_some() {
            self.effects.changed.insert(breakout);
        }
        let participant = self.state.identities.get(identity).copied();
        if let (Some(participant), Some(_)) = (participant, asked) {
            self.tell(EventKind::InvitationEnded {
                participant,
                breakout,
                end,
                owner,
            });
        }
        asked
    }

    /// A participant is inside `entered` now: their pending invitations elsewhere end.
    pub(crate) fn end_invitations(&mut self, participant: ParticipantId, entered: BreakoutId) {
        for (identity, breakout) in self.pending(|_, id| id == participant) {
            let end = if breakout == entered {
                InvitationEnd::Accepted
            } else {
                InvitationEnd::Expired
            };
            self.end_invitation(&identity, breakout, end);
        }
    }

    /// A participant leaves the room for good: all their invitations end.
    pub(crate) fn forget_invitations(&mut self, participant: ParticipantId) {
        if self.replays_older_than(Rules::Invitations) {
            return;
        }
        let Some(one) = self.state.participants.get(&participant) else {
            return;
        };
        let identity = one.identity.clone();
        for (identity, breakout) in self.pending(|_, id| id == participant) {
            self.end_invitation(&identity, breakout, InvitationEnd::Expired);
        }
        let breakouts: Vec<BreakoutId> = self.state.breakouts.keys().copied().collect();
        for id in breakouts {
            if let Some(breakout) = self.state.breakouts.get_mut(&id) {
                breakout.welcome.remove(&identity);
            }
            self.wait_unless_asked(id, &identity);
        }
    }

    /// Ends all invitations into these breakouts.
    pub(super) fn end_all_invitations(&mut self, breakouts: &[BreakoutId], end: InvitationEnd) {
        for (identity, breakout) in self.pending(|breakout, _| breakouts.contains(&breakout)) {
            self.end_invitation(&identity, breakout, end);
        }
    }

    /// Pending invitations, by the breakout and the invitee.
    fn pending(
        &self,
        picks: impl Fn(BreakoutId, ParticipantId) -> bool,
    ) -> Vec<(String, BreakoutId)> {
        let mut pending = Vec::new();
        for (id, breakout) in &self.state.breakouts {
            for identity in breakout.invited.keys() {
                let invitee = self.state.identities.get(identity);
                if invitee.is_some_and(|invitee| picks(*id, *invitee)) {
                    pending.push((identity.clone(), *id));
                }
            }
        }
        pending
    }
}
