//! Rule 28: the oracle's own account of where everybody was, and when they were connected.

use std::collections::BTreeMap;

use sideroom_control::{MovesQuery, Room, UnixMillis};
use sideroom_route::{GroupId, ParticipantId};

use crate::model::{Person, number_of};
use crate::step::{Violation, ensure};

/// From when to when; `None`: it lasts.
type Span = (u64, Option<u64>);

/// A stay of somebody in one group.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    identity: u32,
    group: GroupId,
    span: Span,
    absences: Vec<Span>,
}

/// The stays of everybody, in their order. A stay of no time is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    lines: BTreeMap<ParticipantId, Vec<Line>>,
}

impl Line {
    fn new(one: &Person, now: u64) -> Self {
        Self {
            identity: one.identity,
            group: one.group,
            span: (now, None),
            absences: if one.connected {
                Vec::new()
            } else {
                vec![(now, None)]
            },
        }
    }

    fn end(&mut self, now: u64) {
        self.span.1 = Some(now);
        end_absence(&mut self.absences, now);
    }

    fn follow(&mut self, one: &Person, now: u64) {
        let absent = self.absences.last().is_some_and(|last| last.1.is_none());
        match (one.connected, absent) {
            (true, true) => end_absence(&mut self.absences, now),
            (false, false) => self.absences.push((now, None)),
            _ => {}
        }
    }
}

fn end_absence(absences: &mut Vec<Span>, now: u64) {
    if let Some(last) = absences.last_mut()
        && last.1.is_none()
    {
        last.1 = Some(now);
    }
    absences.retain(|(from, until)| *until != Some(*from));
}

impl Book {
    /// Follows the people of the model after a command.
    pub(crate) fn note(&mut self, people: &[Person], now: u64) {
        for (id, lines) in &mut self.lines {
            let here = people.iter().any(|one| one.id == *id);
            if let Some(last) = lines.last_mut()
                && last.span.1.is_none()
                && !here
            {
                last.end(now);
            }
        }
        for one in people {
            let lines = self.lines.entry(one.id).or_default();
            match lines.last_mut() {
                Some(last) if last.group == one.group => last.follow(one, now),
                Some(last) => {
                    last.end(now);
                    lines.push(Line::new(one, now));
                }
                None => lines.push(Line::new(one, now)),
            }
        }
    }

    /// The room's attendance equals this account, to the millisecond.
    pub(crate) fn check(&self, room: &Room, now: u64) -> Result<(), Violation> {
        if room.move_log().forgotten() > 0 {
            return Ok(());
        }
        let query = MovesQuery {
            limit: usize::MAX,
            ..MovesQuery::default()
        };
        let page = room.move_log().attendance(&query, UnixMillis(now));
        let mut told: BTreeMap<ParticipantId, Vec<Line>> = BTreeMap::new();
        for row in page.rows {
            let until = row.stay.end.as_ref().map(|end| end.at.0);
            let absences = row.absences.iter();
            let line = Line {
                identity: number_of(&row.stay.identity),
                group: row.stay.group,
                span: (row.stay.from.0, until),
                absences: absences
                    .map(|it| (it.from.0, it.until.map(|at| at.0)))
                    .collect(),
            };
            let away: u64 = line
                .absences
                .iter()
                .map(|(from, until)| until.or(line.span.1).unwrap_or(now) - from)
                .sum();
            let whole = until.unwrap_or(now) - line.span.0;
            ensure(row.connected_ms + away == whole, "attendance", || {
                format!("{} ms of {line:?}", row.connected_ms)
            })?;
            append(told.entry(row.stay.participant).or_default(), line);
        }
        for (id, lines) in &self.lines {
            let mut own = Vec::new();
            lines.iter().for_each(|line| append(&mut own, line.clone()));
            let found = told.remove(id).unwrap_or_default();
            ensure(own == found, "attendance", || {
                format!("{id}: {found:?}, not {own:?}")
            })?;
        }
        ensure(told.is_empty(), "attendance", || format!("{told:?}"))
    }
}

/// Adds a stay. One of no time is none, and one that goes on from the last is part of it.
fn append(lines: &mut Vec<Line>, line: Line) {
    if line.span.1 == Some(line.span.0) {
        return;
    }
    let last = lines.last_mut();
    let Some(last) = last.filter(|it| it.group == line.group && it.span.1 == Some(line.span.0))
    else {
        return lines.push(line);
    };
    last.span.1 = line.span.1;
    for absence in line.absences {
        match last.absences.last_mut() {
            Some(before) if before.1 == Some(absence.0) => before.1 = absence.1,
            _ => last.absences.push(absence),
        }
    }
}
