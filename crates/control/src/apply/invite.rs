//! Inviting, declining, and assigning (rules 7 and 11).

use std::collections::BTreeSet;

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::CommandRun;
use crate::state::require;
use crate::{BreakoutError, EventKind, InvitationEnd, Outcome, Subject, bounds};

impl CommandRun<'_> {
    pub(super) fn invite(
        &mut self,
        breakout: BreakoutId,
        participants: &[ParticipantId],
        force: bool,
    ) -> Result<Outcome, BreakoutError> {
        self.state.breakout(breakout)?;
        self.state.require_in_parent(self.actor)?;
        let invitees: BTreeSet<ParticipantId> = participants.iter().copied().collect();
        require(
            !invitees.is_empty(),
            BreakoutError::InvalidArgument("an invitation names at least one participant"),
        )?;
        for invitee in &invitees {
            let one = self.state.participant(*invitee)?;
            require(!one.is_away(), BreakoutError::AlreadyInBreakout)?;
        }
        let to = self.state.breakout(breakout)?;
        let moves = force || to.auto_move && to.open;
        if moves {
            require(to.open, BreakoutError::BreakoutClosed)?;
            let capacity = to.capacity;
            let fits = invitees.len() <= to.free();
            require(fits, BreakoutError::BreakoutFull { capacity })?;
        }
        self.check_assignments(invitees.len())?;
        for invitee in invitees {
            self.call_in(invitee, breakout, moves);
            self.assign_if_free(invitee, breakout);
        }
        Ok(self.breakout_outcome(breakout))
    }

    /// Assigns an invitee who is assigned to no breakout yet, as long as there is room.
    fn assign_if_free(&mut self, invitee: ParticipantId, breakout: BreakoutId) {
        let Some(one) = self.state.participants.get(&invitee) else {
            return;
        };
        let identity = one.identity.clone();
        let Some(to) = self.state.breakouts.get(&breakout) else {
            return;
        };
        let free = self.state.assigned_to(breakout).count() < usize::from(to.capacity);
        if free && !self.state.assignments.contains_key(&identity) {
            self.assign(&identity, Some(breakout));
        }
    }

    pub(super) fn reject(
        &mut self,
        participant: ParticipantId,
        breakout: BreakoutId,
    ) -> Result<Outcome, BreakoutError> {
        let one = self.state.participant(participant)?;
        let identity = one.identity.clone();
        let invited = self.state.breakout(breakout)?.has_called(&identity);
        let assigned = self.state.assignments.get(&identity) == Some(&breakout);
        require(invited || assigned, BreakoutError::NotAssigned)?;
        let inside = one.group == GroupId::Breakout(breakout);
        require(!inside, BreakoutError::AlreadyInBreakout)?;
        if assigned {
            self.assign(&identity, None);
        }
        self.end_invitation(&identity, breakout, InvitationEnd::Rejected);
        self.wait_unless_asked(breakout, &identity);
        let owner = self.state.breakout(breakout)?.owner;
        self.effects.changed.insert(breakout);
        self.tell(EventKind::InviteRejected {
            participant,
            breakout,
            owner,
        });
        Ok(Outcome::Done)
    }

    pub(super) fn assign_all(
        &mut self,
        breakout: Option<BreakoutId>,
        identities: &[String],
    ) -> Result<Outcome, BreakoutError> {
        let Some(breakout) = breakout else {
            for identity in identities {
                self.unassign(identity);
            }
            return Ok(Outcome::Done);
        };
        let capacity = self.state.breakout(breakout)?.capacity;
        let mut assigned: BTreeSet<&str> = self
            .state
            .assigned_to(breakout)
            .map(String::as_str)
            .collect();
        for identity in identities {
            require(
                !identity.is_empty() && identity.len() <= bounds::IDENTITY,
                BreakoutError::InvalidArgument("an identity has 1 to 128 bytes"),
            )?;
            assigned.insert(identity);
        }
        require(
            assigned.len() <= usize::from(capacity),
            BreakoutError::BreakoutFull { capacity },
        )?;
        self.check_assignments(identities.len())?;
        for identity in identities {
            if self.state.assignments.get(identity) != Some(&breakout) {
                self.unassign(identity);
            }
            self.assign(identity, Some(breakout));
            self.wait_outside(breakout, identity);
        }
        self.take_in(breakout);
        Ok(self.breakout_outcome(breakout))
    }

    /// Removes an assignment, and the invitation that came with it.
    pub(super) fn unassign(&mut self, identity: &str) {
        let Some(breakout) = self.state.assignments.get(identity).copied() else {
            return;
        };
        self.end_invitation(identity, breakout, InvitationEnd::Withdrawn);
        self.assign(identity, None);
    }

    pub(super) fn withdraw_invitations(
        &mut self,
        breakout: BreakoutId,
        participants: &[ParticipantId],
    ) -> Result<Outcome, BreakoutError> {
        let from = self.state.breakout(breakout)?;
        let mut identities = BTreeSet::new();
        for participant in participants {
            let identity = &self.state.participant(*participant)?.identity;
            let pending = from.invited.contains_key(identity);
            require(pending, BreakoutError::NotFound(Subject::Invitation))?;
            identities.insert(identity.clone());
        }
        require(
            !identities.is_empty(),
            BreakoutError::InvalidArgument("name at least one participant who is invited"),
        )?;
        for identity in identities {
            let asked = self.end_invitation(&identity, breakout, InvitationEnd::Withdrawn);
            let by_invitation = asked.is_some_and(|asked| asked.assigned);
            if by_invitation && self.state.assignments.get(&identity) == Some(&breakout) {
                self.assign(&identity, None);
            }
            self.wait_unless_asked(breakout, &identity);
        }
        Ok(self.breakout_outcome(breakout))
    }

    /// Queues an identity for a breakout, unless they are inside already.
    pub(super) fn wait_outside(&mut self, breakout: BreakoutId, identity: &str) {
        let id = self.state.identities.get(identity);
        let one = id.and_then(|id| self.state.participants.get(id));
        if one.is_none_or(|one| one.group != GroupId::Breakout(breakout)) {
            self.wait_for(breakout, identity);
        }
    }

    fn check_assignments(&self, more: usize) -> Result<(), BreakoutError> {
        require(
            self.state.assignments.len().saturating_add(more) <= bounds::ASSIGNMENTS,
            BreakoutError::InvalidArgument("too many identities are assigned already"),
        )
    }

    pub(super) fn breakout_outcome(&self, breakout: BreakoutId) -> Outcome {
        match self.state.breakout_view(breakout) {
            Some(view) => Outcome::Breakout {
                breakout: Box::new(view),
            },
            None => Outcome::Done,
        }
    }
}
