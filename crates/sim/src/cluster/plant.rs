//! Bugs that can be planted, to see that the oracles find them.

/// A bug that can be planted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClusterPlant {
    /// An append does not compare the owner's term.
    NoTermOnAppend,
    /// A node forwards without looking at its permission.
    PermissionUnchecked,
    /// A command is answered once it is stored, whatever the members do.
    AnswerBeforeFencing,
    /// A renewal does not compare the revision: a deposed node comes back.
    RenewalUncompared,
    /// Deposing does not compare the revision of the record.
    DeposeUncompared,
    /// Some members count a permission for longer than the owner waits.
    PermissionTooLong,
    /// Some nodes count their renewals for longer than the others wait.
    HoldTooLong,
    /// Waits leave out the drift of clocks.
    DriftForgotten,
    /// A promise is given by the network in the name of any node.
    PromiseForged,
    /// A new owner does not wait for nodes that had participants under an earlier one.
    FormerForgotten,
    /// A request that comes again is carried out again.
    RequestForgotten,
    /// A node that takes a room reads the journal before it owns it.
    JournalReadTooEarly,
}

impl ClusterPlant {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::NoTermOnAppend,
        Self::PermissionUnchecked,
        Self::AnswerBeforeFencing,
        Self::RenewalUncompared,
        Self::DeposeUncompared,
        Self::PermissionTooLong,
        Self::HoldTooLong,
        Self::DriftForgotten,
        Self::PromiseForged,
        Self::FormerForgotten,
        Self::RequestForgotten,
        Self::JournalReadTooEarly,
    ];
}
