//! Scopes: the parts of the control plane that keys, certificates and tokens open.

/// A part of the control plane that a key opens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Make, list, change and delete rooms.
    Rooms,
    /// Join on behalf of clients, remove, mute.
    Participants,
    /// Everything about breakouts.
    Breakouts,
    /// Watching the events of rooms.
    Watch,
    /// Mint client tokens.
    Tokens,
    /// Statistics and drain.
    Node,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rooms,
        Self::Participants,
        Self::Breakouts,
        Self::Watch,
        Self::Tokens,
        Self::Node,
    ];

    /// The name in tokens and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Participants => "participants",
            Self::Breakouts => "breakouts",
            Self::Watch => "watch",
            Self::Tokens => "tokens",
            Self::Node => "node",
        }
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}
