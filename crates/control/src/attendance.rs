//! Attendance (rule 28): people's stays with the times that they were not connected. Texts are never part of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sideroom_route::ParticipantId;

use crate::{MoveLog, MovesQuery, Stay, UnixMillis};

/// A stay in one group, and how much of it somebody was connected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attendance {
    pub stay: Stay,
    /// The times without a connection, cut to the stay; the last may last.
    pub absences: Vec<Absence>,
    /// How long they were connected, until now if the stay lasts.
    pub connected_ms: u64,
}

/// A time without a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Absence {
    pub from: UnixMillis,
    /// `None`: it lasts.
    pub until: Option<UnixMillis>,
}

/// Some of the rows that a query asks for, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AttendancePage {
    pub rows: Vec<Attendance>,
    /// As [`crate::MovesPage::last`].
    pub last: u64,
    /// There are more.
    pub more: bool,
}

impl MoveLog {
    /// A page of the stays that `query` asks for, as attendance at the moment `now`.
    pub fn attendance(&self, query: &MovesQuery, now: UnixMillis) -> AttendancePage {
        let page = self.page(query);
        let mut lapses: BTreeMap<ParticipantId, Vec<Absence>> = BTreeMap::new();
        for lapse in self.lapses() {
            let all = lapses.entry(lapse.participant).or_default();
            all.push(Absence {
                from: lapse.from,
                until: lapse.until,
            });
        }
        let rows = page.stays.into_iter().map(|stay| {
            let all = lapses.get(&stay.participant);
            attended(stay, all.map_or(&[][..], Vec::as_slice), now)
        });
        AttendancePage {
            rows: rows.collect(),
            last: page.last,
            more: page.more,
        }
    }
}

/// Cuts a person's absences to one of their stays.
fn attended(stay: Stay, lapses: &[Absence], now: UnixMillis) -> Attendance {
    let ended = stay.end.as_ref().map(|end| end.at);
    let end = ended.unwrap_or(now.max(stay.from));
    let mut absences = Vec::new();
    let mut absent_ms = 0;
    for lapse in lapses {
        let from = lapse.from.max(stay.from);
        let until = lapse.until.unwrap_or(end).min(end);
        if from >= until && !(lapse.until.is_none() && ended.is_none()) {
            continue;
        }
        absent_ms += until.since(from);
        absences.push(Absence {
            from,
            until: (lapse.until.is_some() || ended.is_some()).then_some(until),
        });
    }
    Attendance {
        connected_ms: end.since(stay.from).saturating_sub(absent_ms),
        stay,
        absences,
    }
}
