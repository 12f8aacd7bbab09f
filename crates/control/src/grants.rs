//! Arithmetic of grants: a role's own grants, and how sets of grants combine.

use serde::{Deserialize, Serialize};

use crate::{Grants, KindSet, Role};

/// One power that a grant names. Publishing is apart: [`Grants::publish`] names kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Power {
    /// [`Grants::create_breakouts`].
    CreateBreakouts,
    /// [`Grants::move_others`].
    MoveOthers,
    /// [`Grants::listen_in`].
    ListenIn,
    /// [`Grants::address_all`].
    AddressAll,
    /// [`Grants::create_side_rooms`].
    CreateSideRooms,
}

/// Role and grants together, of a token or of a participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rights {
    /// The role, which decides on rights over others.
    pub role: Role,
    /// Grants bound the rest, for moderators too.
    pub grants: Grants,
}

impl Grants {
    /// Every kind to publish and every power.
    pub const ALL: Self = Self {
        publish: KindSet::ALL,
        create_breakouts: true,
        move_others: true,
        listen_in: true,
        address_all: true,
        create_side_rooms: true,
    };

    /// The empty set.
    pub const NONE: Self = Self {
        publish: KindSet::NONE,
        create_breakouts: false,
        move_others: false,
        listen_in: false,
        address_all: false,
        create_side_rooms: false,
    };

    /// Default grants of a role.
    pub const fn of_role(role: Role) -> Self {
        match role {
            Role::Moderator => Self::ALL,
            Role::Participant => Self {
                publish: KindSet::ALL,
                ..Self::NONE
            },
        }
    }

    /// True if this power is granted.
    pub const fn allows(&self, power: Power) -> bool {
        match power {
            Power::CreateBreakouts => self.create_breakouts,
            Power::MoveOthers => self.move_others,
            Power::ListenIn => self.listen_in,
            Power::AddressAll => self.address_all,
            Power::CreateSideRooms => self.create_side_rooms,
        }
    }

    /// The grants of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            publish: self.publish.union(other.publish),
            create_breakouts: self.create_breakouts || other.create_breakouts,
            move_others: self.move_others || other.move_others,
            listen_in: self.listen_in || other.listen_in,
            address_all: self.address_all || other.address_all,
            create_side_rooms: self.create_side_rooms || other.create_side_rooms,
        }
    }

    /// The grants of this one that the other lacks.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self {
            publish: self.publish.difference(other.publish),
            create_breakouts: self.create_breakouts && !other.create_breakouts,
            move_others: self.move_others && !other.move_others,
            listen_in: self.listen_in && !other.listen_in,
            address_all: self.address_all && !other.address_all,
            create_side_rooms: self.create_side_rooms && !other.create_side_rooms,
        }
    }

    /// The grants without any kind to publish.
    #[must_use]
    pub const fn powers(self) -> Self {
        Self {
            publish: KindSet::NONE,
            ..self
        }
    }

    /// True if this grants everything that the other grants.
    pub fn covers(&self, other: &Self) -> bool {
        other.difference(*self) == Self::NONE
    }
}

impl Rights {
    /// Everything that a role may do.
    pub const fn of_role(role: Role) -> Self {
        Self {
            role,
            grants: Grants::of_role(role),
        }
    }

    /// True if these rights include the other ones.
    pub fn cover(&self, other: &Self) -> bool {
        self.role >= other.role && self.grants.covers(&other.grants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn moving() -> Grants {
        Grants {
            publish: KindSet::AUDIO,
            move_others: true,
            ..Grants::NONE
        }
    }

    #[test]
    fn grants_combine_as_sets_do() {
        let participant = Grants::of_role(Role::Participant);
        assert!(Grants::ALL.covers(&moving()) && !moving().covers(&Grants::ALL));
        assert_eq!(
            moving().union(participant).difference(participant),
            moving().powers()
        );
        assert_eq!(Grants::ALL.difference(Grants::ALL), Grants::NONE);
        assert!(moving().allows(Power::MoveOthers) && !moving().allows(Power::ListenIn));
    }

    #[test]
    fn rights_cover_a_smaller_role_with_fewer_grants_only() {
        let (moderator, participant) = (
            Rights::of_role(Role::Moderator),
            Rights::of_role(Role::Participant),
        );
        assert!(moderator.cover(&participant) && !participant.cover(&moderator));
        let bounded = Rights {
            role: Role::Moderator,
            grants: moving(),
        };
        assert!(!bounded.cover(&participant), "it publishes less");
    }
}
