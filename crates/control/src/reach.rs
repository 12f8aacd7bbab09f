//! The listeners of a source by intercoms, and those whom its own group does not hear.

use sideroom_route::{GroupId, ParticipantId, TrackKind};

use crate::state::State;
use crate::{Addressed, IntercomView, KindSet, OwnGroup};

/// The listeners that one source has by intercoms.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reach {
    pub(crate) kinds: KindSet,
    to: Addressed,
    /// The speaker, if this is an answer.
    also: Option<ParticipantId>,
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
