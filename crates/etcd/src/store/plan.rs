//! The changes of one room that wait, as keys to write: what each is refused for, and the room's record afterwards.

use std::collections::BTreeMap;

use sideroom_cluster::Term;
use sideroom_route::RoomId;
use sideroom_store::{Change, Row, StoreError, follows, snapshots_to_keep};
use tokio::sync::oneshot;

use crate::keys::{KeyRange, Keys};
use crate::records::RoomRecord;

use super::parts;

/// Rows that one change removes at most, so that others do not wait long for it.
const TRIMMED_ROWS: u64 = 4_096;

/// Where the verdict on one change goes.
pub(super) type Answer = oneshot::Sender<Result<(), StoreError>>;

/// A room's record as etcd has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// When it was written; `None`: it does not exist.
    pub at: Option<u64>,
    pub record: RoomRecord,
}

/// One write of a room.
pub(super) struct RoomPlan {
    pub room: RoomId,
    pub term: Term,
    /// The record that it replaces was written then.
    pub expected: Option<u64>,
    pub record: RoomRecord,
    pub puts: Vec<(Vec<u8>, Vec<u8>)>,
    pub deletes: Vec<KeyRange>,
    /// The changes that it keeps.
    pub answers: Vec<Answer>,
    pub row_bytes: u64,
}

/// Settings of one plan.
#[derive(Clone, Copy)]
pub(super) struct Planning<'a> {
    pub keys: &'a Keys,
    /// See `EtcdOptions::journal_rows`.
    pub journal_rows: u64,
    /// The room's name, which is free once it has ended.
    pub name: Option<&'a str>,
    /// Names the write.
    pub write: u64,
}

/// A record as it is changed, with everything that is new.
struct Draft {
    record: RoomRecord,
    rows: Vec<Row>,
    snapshots: BTreeMap<u64, Vec<u8>>,
}

/// Makes one write of the changes that follow from what is known. The others are refused at once. `None`: all were.
pub(super) fn plan(
    planning: Planning<'_>,
    (room, term): (RoomId, Term),
    known: &Known,
    changes: Vec<(Change, Answer)>,
) -> Option<RoomPlan> {
    let mut draft = Draft {
        record: known.record.clone(),
        rows: Vec::new(),
        snapshots: BTreeMap::new(),
    };
    let mut answers = Vec::new();
    for (change, answer) in changes {
        match draft.apply(change, planning.journal_rows) {
            Ok(()) => answers.push(answer),
            // The caller may have gone; then the answer is dropped.
            Err(error) => drop(answer.send(Err(error))),
        }
    }
    if answers.is_empty() {
        return None;
    }
    Some(draft.finish(planning, (room, term), known, answers))
}

impl Draft {
    /// One change, whole or not at all.
    fn apply(&mut self, change: Change, journal_rows: u64) -> Result<(), StoreError> {
        let record = &mut self.record;
        if !change.rows.is_empty() && !follows(record.last, &change.rows) {
            return Err(StoreError::Gap);
        }
        let mut after = record.clone();
        if let (Some(first), Some(last)) = (change.rows.first(), change.rows.last()) {
            if after.first == 0 {
                after.first = first.seq;
            }
            after.last = last.seq;
        }
        if let Some(snapshot) = &change.snapshot {
            // A snapshot must not say more than the rows do.
            let is_first = after
                .snapshots
                .first()
                .is_none_or(|first| *first == snapshot.seq);
            if !is_first && !after.has_row(snapshot.seq) {
                return Err(StoreError::Gap);
            }
            after.snapshots = snapshots_to_keep(&after.snapshots, snapshot.seq, journal_rows);
            after.ended_at_ms = 0;
        }
        if let Some(ended_at_ms) = change.ended_at_ms {
            after.ended_at_ms = ended_at_ms.max(1);
        }
        *record = after;
        self.rows.extend(change.rows);
        self.snapshots
            .extend(change.snapshot.map(|row| (row.seq, row.bytes)));
        Ok(())
    }

    fn finish(
        mut self,
        Planning {
            keys, name, write, ..
        }: Planning<'_>,
        (room, term): (RoomId, Term),
        known: &Known,
        answers: Vec<Answer>,
    ) -> RoomPlan {
        let record = &mut self.record;
        record.write = write;
        let mut deletes = Vec::new();
        let stay = &record.snapshots;
        for old in known
            .record
            .snapshots
            .iter()
            .filter(|seq| !stay.contains(seq))
        {
            deletes.push(keys.snapshot_parts(room, *old));
        }
        // Rows before the first snapshot are of no use. etcd takes no transaction that writes what it removes, so
        // those of this write stay.
        let oldest = stay.first().copied().unwrap_or(0);
        let until = oldest
            .min(record.first + TRIMMED_ROWS)
            .min(known.record.last + 1);
        if record.first != 0 && until > record.first {
            deletes.push(keys.rows(room, record.first, until));
            record.first = until;
        }
        if record.ended_at_ms != 0 {
            deletes.push((keys.owner(room), Vec::new()));
            deletes.extend(name.map(|name| (keys.name(name), Vec::new())));
        }
        self.snapshots
            .retain(|seq, _| record.snapshots.contains(seq));
        let row_bytes = self.rows.iter().map(|row| row.bytes.len() as u64).sum();
        let rows = self.rows.iter();
        let rows = rows.flat_map(|row| parts::split(keys.row(room, row.seq), &row.bytes));
        let wholes = self.snapshots.iter();
        let wholes = wholes.flat_map(|(seq, bytes)| parts::split(keys.snapshot(room, *seq), bytes));
        RoomPlan {
            room,
            term,
            expected: known.at,
            puts: rows.chain(wholes).collect(),
            record: self.record,
            deletes,
            answers,
            row_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Verdicts = Vec<Option<Result<(), StoreError>>>;

    /// Plans these changes of a room that has three rows and a snapshot at 0.
    fn planned(changes: Vec<Change>) -> (Option<RoomPlan>, Verdicts) {
        let known = Known {
            at: Some(9),
            record: RoomRecord {
                first: 1,
                last: 3,
                snapshots: vec![0],
                ..RoomRecord::default()
            },
        };
        let keys = Keys::new("/t");
        let planning = Planning {
            keys: &keys,
            journal_rows: 4,
            name: None,
            write: 77,
        };
        let (answers, told): (Vec<_>, Vec<_>) = changes.iter().map(|_| oneshot::channel()).unzip();
        let changes = changes.into_iter().zip(answers).collect();
        let plan = plan(planning, (RoomId(1), Term(5)), &known, changes);
        let told = told.into_iter().map(|mut it| it.try_recv().ok());
        (plan, told.collect())
    }

    fn rows(seqs: std::ops::RangeInclusive<u64>) -> Change {
        let rows = seqs.map(|seq| Row {
            seq,
            bytes: vec![1],
        });
        Change {
            rows: rows.collect(),
            ..Change::default()
        }
    }

    fn whole(seq: u64) -> Change {
        Change {
            snapshot: Some(Row {
                seq,
                bytes: vec![2],
            }),
            ..Change::default()
        }
    }

    #[test]
    fn each_change_is_kept_or_refused_for_itself() {
        let gap = Some(Err(StoreError::Gap));
        let (plan, told) = planned(vec![
            rows(4..=5),
            rows(7..=7),
            whole(6),
            rows(6..=6),
            whole(6),
        ]);
        assert_eq!(told, [None, gap.clone(), gap.clone(), None, None]);
        let plan = plan.unwrap();
        assert_eq!(
            (plan.record.last, plan.record.write, plan.expected),
            (6, 77, Some(9))
        );
        assert_eq!(plan.record.snapshots, [0, 6]);
        assert_eq!(
            (plan.puts.len(), plan.answers.len(), plan.row_bytes),
            (4, 3, 3)
        );
        let (plan, told) = planned(vec![rows(3..=3)]);
        assert!(plan.is_none() && told == [gap]);
    }

    #[test]
    fn nothing_is_written_and_removed_at_once() {
        // Snapshots that come and go within one write, and rows that are older than the journal keeps.
        let (plan, _) = planned(vec![
            rows(4..=9),
            whole(5),
            whole(9),
            rows(10..=20),
            whole(20),
        ]);
        let plan = plan.unwrap();
        for (from, until) in &plan.deletes {
            let is_in = |key: &Vec<u8>| key >= from && key < until;
            assert!(
                !plan.puts.iter().any(|(key, _)| is_in(key)),
                "{plan:?}",
                plan = plan.record
            );
        }
        assert_eq!(
            plan.record.first, 4,
            "only rows that were there before are removed"
        );
        assert!(plan.record.snapshots.contains(&20));
    }
}
