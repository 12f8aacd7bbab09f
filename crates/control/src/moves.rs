//! The move log: people's stays in groups, each with its times, author and reason.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, ParticipantId};

use crate::{Actor, MoveCause, RequestId, UnixMillis, bounds};

/// A time that somebody spent in one group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stay {
    pub participant: ParticipantId,
    /// The identity from the token.
    pub identity: String,
    pub group: GroupId,
    /// When it began.
    pub from: UnixMillis,
    /// Why it came.
    pub cause: MoveCause,
    /// The author of the move to there.
    pub by: Actor,
    /// The request that did.
    pub request_id: RequestId,
    /// How the stay ended; `None`: it lasts.
    pub end: Option<StayEnd>,
}

/// How a stay ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StayEnd {
    pub at: UnixMillis,
    pub cause: MoveCause,
    pub by: Actor,
    /// The request that did.
    pub request_id: RequestId,
}

impl Stay {
    /// True if it lasted at the moment `at`.
    pub fn covers(&self, at: UnixMillis) -> bool {
        self.from <= at && self.end.as_ref().is_none_or(|end| at < end.at)
    }
}

/// All stays of a room, up to [`bounds::STAYS`]; the oldest are forgotten first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MoveLog {
    stays: VecDeque<Stay>,
    /// How many were forgotten.
    forgotten: u64,
    /// The number of the present stay of everybody in the room, counted from the first one ever.
    lasting: BTreeMap<ParticipantId, u64>,
}

/// The cause, author and time of moves.
pub(crate) struct Mover<'a> {
    pub(crate) at: UnixMillis,
    pub(crate) by: Actor,
    pub(crate) request_id: &'a RequestId,
}

impl MoveLog {
    /// All that are kept, the oldest first.
    pub fn stays(&self) -> impl Iterator<Item = &Stay> {
        self.stays.iter()
    }

    /// Those of one identity, the oldest first.
    pub fn stays_of<'a>(&'a self, identity: &'a str) -> impl Iterator<Item = &'a Stay> {
        self.stays
            .iter()
            .filter(move |stay| stay.identity == identity)
    }

    /// Where an identity was at a moment; `None`: not in the room, or not known any more.
    pub fn whereabouts(&self, identity: &str, at: UnixMillis) -> Option<GroupId> {
        let mut stays = self.stays.iter().rev();
        let stay = stays.find(|stay| stay.identity == identity && stay.covers(at));
        stay.map(|stay| stay.group)
    }

    /// The stays in a group at a moment.
    pub fn present(&self, group: GroupId, at: UnixMillis) -> impl Iterator<Item = &Stay> {
        let stays = self.stays.iter();
        stays.filter(move |stay| stay.group == group && stay.covers(at))
    }

    /// How many stays are no longer known.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// `participant` goes to `to`, or (`None`) leaves the room.
    pub(crate) fn note(
        &mut self,
        who: (ParticipantId, Option<&str>),
        to: Option<GroupId>,
        cause: MoveCause,
        mover: &Mover<'_>,
    ) {
        let (participant, identity) = who;
        let identity = self
            .end(participant, cause, mover)
            .or(identity.map(str::to_owned));
        let (Some(group), Some(identity)) = (to, identity) else {
            return;
        };
        if self.stays.len() >= bounds::STAYS {
            self.stays.pop_front();
            self.forgotten += 1;
        }
        let number = self.forgotten + self.stays.len() as u64;
        self.lasting.insert(participant, number);
        self.stays.push_back(Stay {
            participant,
            identity,
            group,
            from: mover.at,
            cause,
            by: mover.by,
            request_id: mover.request_id.clone(),
            end: None,
        });
    }

    /// Ends a participant's present stay, and returns their identity.
    fn end(
        &mut self,
        participant: ParticipantId,
        cause: MoveCause,
        mover: &Mover<'_>,
    ) -> Option<String> {
        let number = self.lasting.remove(&participant)?;
        let index = number.checked_sub(self.forgotten)?;
        let stay = self.stays.get_mut(usize::try_from(index).ok()?)?;
        stay.end = Some(StayEnd {
            at: mover.at,
            cause,
            by: mover.by,
            request_id: mover.request_id.clone(),
        });
        Some(stay.identity.clone())
    }
}
