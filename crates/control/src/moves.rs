//! The move log: people's stays in groups, each with times, author and reason (rule 17).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::{GroupId, ParticipantId};

use crate::{Actor, EventKind, MoveCause, RequestId, UnixMillis, bounds};

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
    /// Times without a connection, in the order in which they began.
    #[serde(default, with = "crate::layout::since_4")]
    lapses: VecDeque<Lapse>,
}

/// A time that somebody in the room was not connected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lapse {
    pub participant: ParticipantId,
    pub from: UnixMillis,
    /// When they came back, or left; `None`: it lasts.
    pub until: Option<UnixMillis>,
}

/// A filter over stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MovesQuery {
    /// Only those of this participant.
    pub participant: Option<ParticipantId>,
    /// Only those of this identity.
    pub identity: Option<String>,
    /// Only those that last at this moment or later.
    pub since: UnixMillis,
    /// Only those that began by this moment.
    pub until: Option<UnixMillis>,
    /// Only those after this number: [`MovesPage::last`] of the page before.
    pub after: u64,
    /// The longest page that the reader takes.
    pub limit: usize,
}

/// Some of the stays that a query asks for, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MovesPage {
    /// At most [`MovesQuery::limit`] of them.
    pub stays: Vec<Stay>,
    /// The number of the last of them, counted from the room's first stay.
    pub last: u64,
    /// There are more.
    pub more: bool,
}

impl MovesQuery {
    fn wants(&self, stay: &Stay) -> bool {
        let ended_before = stay.end.as_ref().is_some_and(|end| end.at < self.since);
        let identity = self.identity.as_ref();
        self.participant.is_none_or(|one| one == stay.participant)
            && identity.is_none_or(|one| *one == stay.identity)
            && self.until.is_none_or(|until| stay.from <= until)
            && !ended_before
    }
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

    /// A page of those that `query` asks for. Copies no more than the page.
    pub fn page(&self, query: &MovesQuery) -> MovesPage {
        let skipped = query.after.saturating_sub(self.forgotten);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let rest = self.stays.iter().zip(self.forgotten + 1..).skip(skipped);
        let mut wanted = rest.filter(|(stay, _)| query.wants(stay));
        let mut page = MovesPage::default();
        for (stay, number) in wanted.by_ref().take(query.limit) {
            page.stays.push(stay.clone());
            page.last = number;
        }
        page.more = wanted.next().is_some();
        page
    }

    /// The stays of one identity, the oldest first.
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

    /// The times that somebody was not connected, as far as they are kept, in the order in which they began.
    pub fn lapses(&self) -> impl Iterator<Item = &Lapse> {
        self.lapses.iter()
    }

    /// Notes whose connection dropped, and who came back or left.
    pub(crate) fn note_lapses(&mut self, at: UnixMillis, events: &[EventKind]) {
        for event in events {
            match event {
                EventKind::ParticipantDropped { participant, .. } => {
                    if self.lapses.len() >= bounds::STAYS {
                        self.lapses.pop_front();
                    }
                    self.lapses.push_back(Lapse {
                        participant: *participant,
                        from: at,
                        until: None,
                    });
                }
                EventKind::ParticipantReconnected { participant }
                | EventKind::ParticipantLeft { participant, .. } => {
                    let mut all = self.lapses.iter_mut().rev();
                    let lasts = |it: &&mut Lapse| it.participant == *participant;
                    if let Some(lapse) = all.find(lasts)
                        && lapse.until.is_none()
                    {
                        lapse.until = Some(at);
                    }
                }
                _ => {}
            }
        }
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

#[cfg(test)]
mod tests {
    use sideroom_route::RoomId;

    use super::*;

    fn log(stays: usize) -> MoveLog {
        let mut log = MoveLog::default();
        let request_id = RequestId::new("r").unwrap();
        for number in 0..stays {
            let participant = ParticipantId::new(RoomId(1), u32::try_from(number % 50).unwrap());
            let mover = Mover {
                at: UnixMillis(number as u64),
                by: Actor::Operator,
                request_id: &request_id,
            };
            let who = (participant, Some("somebody"));
            log.note(who, Some(GroupId::Parent), MoveCause::Moved, &mover);
        }
        log
    }

    /// All pages of a query.
    fn read(log: &MoveLog, mut query: MovesQuery) -> Vec<Stay> {
        let mut all = Vec::new();
        loop {
            let page = log.page(&query);
            assert!(page.stays.len() <= query.limit);
            all.extend(page.stays);
            if !page.more {
                return all;
            }
            assert!(page.last > query.after, "it goes on");
            query.after = page.last;
        }
    }

    #[test]
    fn pages_together_are_the_whole_and_no_page_is_larger_than_asked() {
        // Some are forgotten: numbers go on counting.
        let log = log(bounds::STAYS + 1_234);
        let whole: Vec<Stay> = log.stays().cloned().collect();
        for limit in [1_000, 7_777, usize::MAX] {
            let query = MovesQuery {
                limit,
                ..MovesQuery::default()
            };
            assert_eq!(read(&log, query), whole, "{limit} a page");
        }
        let one = whole[17].participant;
        let query = MovesQuery {
            participant: Some(one),
            identity: None,
            since: UnixMillis(5_000),
            until: Some(UnixMillis(9_000)),
            limit: 3,
            after: 0,
        };
        let wanted = whole.iter().filter(|stay| {
            let lasts = stay.end.as_ref().is_none_or(|end| end.at.0 >= 5_000);
            stay.participant == one && lasts && stay.from.0 <= 9_000
        });
        let wanted: Vec<Stay> = wanted.cloned().collect();
        assert!(wanted.len() > 50);
        assert_eq!(read(&log, query), wanted);
    }

    #[test]
    fn what_was_forgotten_between_two_pages_is_passed_over() {
        let mut log = log(bounds::STAYS);
        let query = MovesQuery {
            limit: 10,
            ..MovesQuery::default()
        };
        let first = log.page(&query);
        assert_eq!((first.last, first.more), (10, true));
        for _ in 0..25 {
            log.stays.pop_front();
            log.forgotten += 1;
        }
        let next = MovesQuery { after: 10, ..query };
        let page = log.page(&next);
        assert_eq!(page.stays.first(), log.stays.front());
        assert_eq!(page.last, 35);
    }
}
