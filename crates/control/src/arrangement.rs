//! Arrangements: named sets of rooms, and the identities that belong in each.

use serde::{Deserialize, Serialize};

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

impl Arrangement {
    /// The identities of all rooms together.
    pub fn identities(&self) -> impl Iterator<Item = &String> {
        self.rooms.iter().flat_map(|room| &room.identities)
    }
}
