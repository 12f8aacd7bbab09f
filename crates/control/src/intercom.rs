//! Intercoms: a participant speaks to a set of groups and people (rule 19). Announcements to everybody are the
//! special case.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, ParticipantId};

use crate::{KindSet, UnixMillis};

/// The groups and people that an intercom addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Addressed {
    /// Every group.
    #[default]
    All,
    /// Those who are in one of these groups, and these people wherever they are.
    Some {
        groups: BTreeSet<GroupId>,
        people: BTreeSet<ParticipantId>,
    },
}

/// Whether the speaker's own group goes on hearing them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnGroup {
    #[default]
    Keep,
    /// It hears none of the kinds of the intercom, unless it is addressed.
    Suspend,
}

/// The arguments of an intercom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartIntercom {
    pub to: Addressed,
    pub kinds: KindSet,
    pub own_group: OwnGroup,
    /// The addressed may answer within the same set.
    pub allow_reply: bool,
    /// When it ends by itself, from now on; `None`: it lasts until stopped.
    pub limit_ms: Option<u32>,
}

/// An intercom that lasts. A room of the layout before this one has announcements to everybody only.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Intercom {
    pub(crate) kinds: KindSet,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) to: Addressed,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) own_group: OwnGroup,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) allow_reply: bool,
    #[serde(default, with = "crate::layout::since_4")]
    pub(crate) until: Option<UnixMillis>,
}

/// An intercom, as the speaker, the addressed and moderators see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IntercomView {
    /// The speaker.
    pub participant: ParticipantId,
    pub to: Addressed,
    pub kinds: KindSet,
    pub own_group: OwnGroup,
    pub allow_reply: bool,
    /// When it ends by itself.
    pub until: Option<UnixMillis>,
    /// Those of the addressed who answer now.
    pub replying: Vec<ParticipantId>,
}

impl Addressed {
    /// True for a participant in `group`.
    pub fn includes(&self, participant: ParticipantId, group: GroupId) -> bool {
        match self {
            Self::All => true,
            Self::Some { groups, people } => {
                groups.contains(&group) || people.contains(&participant)
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Some { groups, people } if groups.is_empty() && people.is_empty())
    }
}

impl Intercom {
    /// An announcement to everybody, without more.
    pub(crate) fn is_plain(&self) -> bool {
        let all = self.to == Addressed::All && self.own_group == OwnGroup::Keep;
        all && !self.allow_reply && self.until.is_none()
    }
}
