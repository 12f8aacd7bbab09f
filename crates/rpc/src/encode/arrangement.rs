//! Writes arrangements to the wire.

use sideroom_control as control;
use sideroom_control::{EventKind, Outcome};

use crate::proto::{self, event::Payload};

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
