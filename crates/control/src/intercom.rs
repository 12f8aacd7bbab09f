//! Intercoms: a participant speaks to a set of groups and people (rule 19). Announcements to everybody are the
//! special case.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, ParticipantId, TrackKind};

use crate::state::State;
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

/// The listeners that one source has by intercoms.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reach {
    pub(crate) kinds: KindSet,
    to: Addressed,
    /// The speaker, if this is an answer.
    also: Option<ParticipantId>,
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

impl Reach {
    /// True if a source of `kind` reaches `participant`, who is in `group`.
    pub(crate) fn covers(
        &self,
        kind: TrackKind,
        (participant, group): (ParticipantId, GroupId),
    ) -> bool {
        self.kinds.contains(kind)
            && (self.also == Some(participant) || self.to.includes(participant, group))
    }
}

impl State {
    /// Where the tracks of `speaker` go by intercoms: by their own, and by their answer to another.
    pub(crate) fn reach_of(&self, speaker: ParticipantId) -> Vec<Reach> {
        let own = self.addressing.get(&speaker).map(|own| (own, None));
        let answered = self.replies.get(&speaker);
        let answer = answered.and_then(|to| Some((self.addressing.get(to)?, Some(*to))));
        let all = own.into_iter().chain(answer);
        all.map(|(intercom, also)| Reach {
            kinds: intercom.kinds,
            to: intercom.to.clone(),
            also,
        })
        .collect()
    }

    /// The kinds of `speaker` that their own group does not hear now.
    pub(crate) fn suspended(&self, speaker: ParticipantId) -> KindSet {
        let follows = self
            .participants
            .get(&speaker)
            .is_some_and(|one| one.follows);
        if follows {
            return KindSet::ALL;
        }
        let own = self.addressing.get(&speaker);
        let own = own.filter(|own| own.own_group == OwnGroup::Suspend);
        own.map_or(KindSet::NONE, |own| own.kinds)
    }

    pub(crate) fn intercom_view(&self, speaker: ParticipantId) -> Option<IntercomView> {
        let held = self.addressing.get(&speaker)?;
        let replies = self.replies.iter();
        let replying = replies.filter_map(|(one, to)| (*to == speaker).then_some(*one));
        Some(IntercomView {
            participant: speaker,
            to: held.to.clone(),
            kinds: held.kinds,
            own_group: held.own_group,
            allow_reply: held.allow_reply,
            until: held.until,
            replying: replying.collect(),
        })
    }
}
