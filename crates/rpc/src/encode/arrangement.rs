//! Arrangements, and attendance.

use sideroom_control as control;
use sideroom_control::{EventKind, Outcome};

use super::event::move_reason;
use crate::{
    ids,
    proto::{self, event::Payload},
};

pub(super) fn summary(view: control::ArrangementSummary) -> proto::ArrangementSummary {
    proto::ArrangementSummary {
        name: view.name,
        rooms: view.rooms,
        identities: view.identities,
    }
}

pub(crate) fn arranged_room(room: control::ArrangedRoom) -> proto::ArrangedRoom {
    proto::ArrangedRoom {
        name: room.name,
        capacity: room.capacity,
        identities: room.identities,
    }
}

/// The arrangement that was kept.
pub(crate) fn arrangement_of(outcome: &Outcome) -> Option<proto::ArrangementSummary> {
    match outcome {
        Outcome::Arrangement { arrangement } => Some(summary(arrangement.clone())),
        _ => None,
    }
}

/// The identities of an arrangement that are not in the room.
pub(crate) fn absent(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Arranged { absent, .. } => absent.clone(),
        _ => Vec::new(),
    }
}

/// The payload of an event on arrangements.
pub(super) fn payload(kind: &EventKind) -> Payload {
    let (arrangement, removed) = match kind {
        EventKind::ArrangementSaved { arrangement } => (summary(arrangement.clone()), false),
        EventKind::ArrangementRemoved { name } => {
            let name = name.clone();
            let gone = proto::ArrangementSummary {
                name,
                ..proto::ArrangementSummary::default()
            };
            (gone, true)
        }
        _ => unreachable!("invariant: the caller has the same list"),
    };
    Payload::ArrangementChanged(proto::ArrangementChanged {
        arrangement: Some(arrangement),
        removed,
    })
}

pub(crate) fn attendance(row: control::Attendance) -> proto::Attendance {
    let stay = row.stay;
    let end = stay.end.as_ref();
    let absences = row.absences.iter().map(|it| proto::Absence {
        from_ms: it.from.0,
        until_ms: it.until.map_or(0, |at| at.0),
    });
    proto::Attendance {
        identity: stay.identity,
        participant_id: stay.participant.to_string(),
        group_id: stay.group.to_string(),
        from_ms: stay.from.0,
        until_ms: end.map_or(0, |end| end.at.0),
        reason: move_reason(stay.cause).into(),
        by: ids::actor(stay.by),
        end_reason: end
            .map_or(proto::MoveReason::Unspecified, |end| move_reason(end.cause))
            .into(),
        connected_ms: row.connected_ms,
        absences: absences.collect(),
    }
}
