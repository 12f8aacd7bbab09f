//! Arrangements: named sets of rooms, and the identities that belong in each (rule 26).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::bounds;

/// A set of rooms that was prepared.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Arrangement {
    pub rooms: Vec<ArrangedRoom>,
}

/// One room of an arrangement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ArrangedRoom {
    /// The name of the breakout.
    pub name: String,
    /// How many the breakout holds if it is created; `None`: as many as the room allows.
    pub capacity: Option<u32>,
    /// The identities that belong there, whether they are in the room or not.
    pub identities: Vec<String>,
}

/// The name and size of an arrangement.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ArrangementSummary {
    pub name: String,
    /// How many rooms it has.
    pub rooms: u32,
    /// How many identities, all rooms together.
    pub identities: u32,
}

/// The reason why a room or an identity cannot be in an arrangement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArrangementFault {
    RoomName,
    /// Another room has the name.
    RoomTwice,
    Identity,
    /// The identity is in it already.
    IdentityTwice,
    TooManyRooms,
    TooManyIdentities,
}

impl ArrangementFault {
    /// The sentence for a person.
    pub const fn text(self) -> &'static str {
        match self {
            Self::RoomName => "the name of a room has 1 to 128 printable bytes",
            Self::RoomTwice => "two rooms of an arrangement have the same name",
            Self::Identity => "an identity has 1 to 128 bytes",
            Self::IdentityTwice => "an identity is in the arrangement twice",
            Self::TooManyRooms => "an arrangement has at most 100 rooms",
            Self::TooManyIdentities => "the arrangements of a room have at most 10,000 identities",
        }
    }
}

impl Arrangement {
    /// The identities of all rooms together.
    pub fn identities(&self) -> impl Iterator<Item = &String> {
        self.rooms.iter().flat_map(|room| &room.identities)
    }

    /// Finds what is wrong with it by itself.
    pub fn check(&self) -> Result<(), ArrangementFault> {
        if self.rooms.len() > usize::from(bounds::BREAKOUTS) {
            return Err(ArrangementFault::TooManyRooms);
        }
        let mut names = BTreeSet::new();
        for room in &self.rooms {
            if !is_presentable(&room.name) {
                return Err(ArrangementFault::RoomName);
            }
            if !names.insert(&room.name) {
                return Err(ArrangementFault::RoomTwice);
            }
        }
        let mut seen = BTreeSet::new();
        for identity in self.identities() {
            if identity.is_empty() || identity.len() > bounds::IDENTITY {
                return Err(ArrangementFault::Identity);
            }
            if !seen.insert(identity) {
                return Err(ArrangementFault::IdentityTwice);
            }
        }
        match seen.len() > bounds::ARRANGED {
            true => Err(ArrangementFault::TooManyIdentities),
            false => Ok(()),
        }
    }

    pub(crate) fn summary(&self, name: &str) -> ArrangementSummary {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        ArrangementSummary {
            name: name.to_owned(),
            rooms: count(self.rooms.len()),
            identities: count(self.identities().count()),
        }
    }
}

/// A name that can be shown: not blank, not too long, without control characters.
pub(crate) fn is_presentable(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= bounds::NAME && !name.chars().any(char::is_control)
}
