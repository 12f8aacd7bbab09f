//! Writes attendance to the wire.

use sideroom_control as control;

use super::event::move_reason;
use crate::{ids, proto};

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
