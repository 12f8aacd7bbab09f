//! Rule 18: the room's records of people that outlast their stay.

use sideroom_control::{Actor, Grants, Join, KindSet, Power, Rights, Role};
use sideroom_route::{BreakoutId, ParticipantId};

use super::{Model, number_of};
use crate::step::{Violation, ensure};

/// The record of one identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) muted: KindSet,
    role: Option<Role>,
    given: Grants,
    taken: Grants,
    /// The breakout that they left the room from while returning was not allowed.
    held: Option<BreakoutId>,
    pub(crate) banned: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            muted: KindSet::NONE,
            role: None,
            given: Grants::NONE,
            taken: Grants::NONE,
            held: None,
            banned: false,
        }
    }
}

impl Model {
    pub(super) fn known(&self, number: u32) -> Known {
        self.known.get(&number).copied().unwrap_or_default()
    }

    /// The rights of a token's bearer.
    pub(super) fn rights(&self, join: &Join) -> Rights {
        self.rights_with(
            number_of(&join.identity),
            Rights {
                role: join.role,
                grants: join.grants,
            },
        )
    }

    fn rights_with(&self, number: u32, token: Rights) -> Rights {
        let known = self.known(number);
        Rights {
            role: known.role.unwrap_or(token.role),
            grants: token.grants.union(known.given).difference(known.taken),
        }
    }

    /// The place of a newcomer who left a breakout while returning was not allowed.
    pub(super) fn confined(&self, number: u32, role: Role) -> Option<BreakoutId> {
        if self.settings.breakouts.allow_return || role == Role::Moderator {
            return None;
        }
        let held = self.known(number).held?;
        self.breakouts
            .get(&held)
            .is_some_and(|it| it.open)
            .then_some(held)
    }

    pub(super) fn forget_place(&mut self, number: u32) {
        self.known.entry(number).or_default().held = None;
    }

    /// Records the place of a participant who leaves while returning is not allowed.
    pub(super) fn hold(&mut self, id: ParticipantId) {
        let Some(one) = self.person(id) else {
            return;
        };
        if self.settings.breakouts.allow_return || one.moderator {
            return;
        }
        if let (number, Some(breakout)) = (one.identity, one.group.breakout()) {
            self.known.entry(number).or_default().held = Some(breakout);
        }
    }

    /// Forgets the places in these breakouts: everybody was returned.
    pub(super) fn release(&mut self, breakouts: &[BreakoutId]) {
        for known in self.known.values_mut() {
            known.held = known.held.filter(|held| !breakouts.contains(held));
        }
    }

    pub(super) fn set_role(
        &mut self,
        actor: Actor,
        id: ParticipantId,
        role: Role,
    ) -> Result<(), Violation> {
        let powers = self.grants_of(actor);
        let one = *self.named(id)?;
        if one.moderator == (role == Role::Moderator) {
            return Ok(());
        }
        let mut grants = one.grants;
        for power in [
            Power::CreateBreakouts,
            Power::MoveOthers,
            Power::ListenIn,
            Power::AddressAll,
            Power::CreateSideRooms,
        ] {
            let place = match power {
                Power::CreateBreakouts => &mut grants.create_breakouts,
                Power::MoveOthers => &mut grants.move_others,
                Power::ListenIn => &mut grants.listen_in,
                Power::AddressAll => &mut grants.address_all,
                Power::CreateSideRooms => &mut grants.create_side_rooms,
            };
            *place = role == Role::Moderator && (*place || powers.allows(power));
        }
        let known = self.known.entry(one.identity).or_default();
        known.role = (one.token.role != role).then_some(role);
        self.remember_grants(id, grants)
    }

    /// An actor grants no more rights than they have.
    pub(super) fn set_grants(
        &mut self,
        actor: Actor,
        id: ParticipantId,
        grants: Grants,
    ) -> Result<(), Violation> {
        let held = self.named(id)?.grants;
        let added = grants.difference(held);
        ensure(self.grants_of(actor).covers(&added), "power", || {
            format!("{actor:?} granted {added:?}")
        })?;
        self.remember_grants(id, grants)
    }

    fn remember_grants(&mut self, id: ParticipantId, grants: Grants) -> Result<(), Violation> {
        let one = *self.named(id)?;
        let known = self.known.entry(one.identity).or_default();
        known.given = grants.difference(one.token.grants);
        known.taken = one.token.grants.difference(grants);
        self.apply_rights(id)
    }

    pub(super) fn take_token(&mut self, join: &Join) -> Result<(), Violation> {
        let number = number_of(&join.identity);
        let id = self.people.iter().find(|one| one.identity == number);
        let Some(id) = id.map(|one| one.id) else {
            return Ok(());
        };
        self.named(id)?.token = Rights {
            role: join.role,
            grants: join.grants,
        };
        self.apply_rights(id)
    }

    fn apply_rights(&mut self, id: ParticipantId) -> Result<(), Violation> {
        let one = *self.named(id)?;
        let Rights { role, grants } = self.rights_with(one.identity, one.token);
        let moderator = role == Role::Moderator;
        if (one.moderator, one.grants) == (moderator, grants) {
            return Ok(());
        }
        let lost = one.grants.publish.difference(grants.publish);
        let one = self.named(id)?;
        for track in one.tracks.iter_mut().flatten() {
            track.published &= !lost.contains(track.kind);
        }
        (one.moderator, one.grants) = (moderator, grants);
        if moderator {
            self.adopt(id);
        }
        self.withdraw(id)
    }

    pub(super) fn grants_of(&self, actor: Actor) -> Grants {
        match actor {
            Actor::Operator | Actor::Key(_) | Actor::System => Grants::ALL,
            Actor::Participant(id) => self.person(id).map_or(Grants::NONE, |one| one.grants),
        }
    }
}
