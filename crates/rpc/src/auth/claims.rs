//! The claims of both kinds of token.

use serde::{Deserialize, Serialize};
use sideroom_control::{Grants, Rights, Role};
use sideroom_route::TrackKind;

use super::{API_AUDIENCE, CLIENT_AUDIENCE};

/// The longest identity, name or room name, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The claims of a client token: identity, room, role and grants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientClaims {
    /// Always [`CLIENT_AUDIENCE`].
    pub aud: String,
    pub room: String,
    /// The identity, unique in the room: a newcomer with it takes the old connection's place.
    pub sub: String,
    /// The display name.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub role: RoleClaim,
    /// The grants; absent: everything that the role may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<GrantClaims>,
    /// Until when it may be used to join, in seconds since the Unix epoch.
    pub exp: u64,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
}

/// A role, as tokens spell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleClaim {
    /// May join breakouts.
    #[default]
    Participant,
    /// May run them.
    Moderator,
}

/// Grants, as tokens spell them. An absent one is not granted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GrantClaims {
    /// Kinds of track that it may publish: `audio`, `camera`, `screen`, `canvas`.
    pub publish: Vec<TrackKind>,
    /// Create breakouts and run them.
    pub create_breakouts: bool,
    /// Move other people.
    pub move_others: bool,
    /// Listen in on a group.
    pub listen_in: bool,
    /// Speak to any set of groups and people, and write to every group.
    pub address_all: bool,
    /// Make a breakout for themselves and those they invite.
    pub create_side_rooms: bool,
}

/// The claims of an API token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiClaims {
    /// Always [`API_AUDIENCE`].
    pub aud: String,
    /// The signer's name, for logs; the header's `kid` names the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub iss: String,
    /// A narrower choice of the key's scopes; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Until when, in seconds since the Unix epoch.
    pub exp: u64,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
}

impl ClientClaims {
    /// A token for `identity` in `room`, with everything that the role may, until `exp`.
    pub fn new(room: &str, identity: &str, role: RoleClaim, exp: u64) -> Self {
        Self {
            aud: CLIENT_AUDIENCE.to_owned(),
            room: room.to_owned(),
            sub: identity.to_owned(),
            name: identity.to_owned(),
            role,
            grants: None,
            exp,
            nbf: None,
        }
    }

    /// The grants that hold: those of the token, or all that the role may.
    pub fn effective_grants(&self) -> GrantClaims {
        self.grants
            .clone()
            .unwrap_or_else(|| GrantClaims::of_role(self.role))
    }

    /// A sentence about names that are too long or missing.
    pub fn check_names(&self) -> Result<(), &'static str> {
        let fits = |text: &str| !text.is_empty() && text.len() <= MAX_NAME_BYTES;
        if fits(&self.room) && fits(&self.sub) && self.name.len() <= MAX_NAME_BYTES {
            return Ok(());
        }
        Err("room and identity have 1 to 128 bytes, the name at most 128")
    }
}

impl GrantClaims {
    /// Everything that a role may.
    pub fn of_role(role: RoleClaim) -> Self {
        let moderator = role == RoleClaim::Moderator;
        Self {
            publish: TrackKind::ALL.to_vec(),
            create_breakouts: moderator,
            move_others: moderator,
            listen_in: moderator,
            address_all: moderator,
            create_side_rooms: moderator,
        }
    }
}

impl ApiClaims {
    /// A token with all scopes of its key, until `exp`.
    pub fn new(exp: u64) -> Self {
        Self {
            aud: API_AUDIENCE.to_owned(),
            iss: String::new(),
            scopes: None,
            exp,
            nbf: None,
        }
    }
}

/// A token's grants, as the room's type.
fn grants_of_claims(claims: &GrantClaims) -> Grants {
    Grants {
        publish: claims.publish.iter().copied().collect(),
        create_breakouts: claims.create_breakouts,
        move_others: claims.move_others,
        listen_in: claims.listen_in,
        address_all: claims.address_all,
        create_side_rooms: claims.create_side_rooms,
    }
}

/// The role of a token, in the room's words.
const fn role_of_claim(claim: RoleClaim) -> Role {
    match claim {
        RoleClaim::Participant => Role::Participant,
        RoleClaim::Moderator => Role::Moderator,
    }
}

/// A token's rights, as the room's type.
pub(crate) fn rights_of(claims: &ClientClaims) -> Rights {
    Rights {
        role: role_of_claim(claims.role),
        grants: grants_of_claims(&claims.effective_grants()),
    }
}
