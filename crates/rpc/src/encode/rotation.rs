//! Writes rotations to the wire.

use sideroom_control as control;
use sideroom_control::{EventKind, Outcome, RotationEnd};

use crate::{
    ids,
    proto::{self, event::Payload},
};

pub(crate) fn rotation(view: &control::RotationView) -> proto::Rotation {
    proto::Rotation {
        breakout_ids: view.breakouts.iter().map(ToString::to_string).collect(),
        rounds: view.rounds,
        begun: view.begun,
        round_ms: view.round_ms,
        next_at_ms: view.next_at.map_or(0, |at| at.0),
        paused_ms: view.paused_ms,
        by: ids::actor(view.by),
        ahead: view.ahead.iter().map(round).collect(),
        repeats: view.repeats,
        seed: view.seed,
    }
}

fn round(round: &control::Round) -> proto::RotationRound {
    let groups = round.iter().map(|(breakout, people)| proto::RotationGroup {
        breakout_id: breakout.to_string(),
        identities: people.clone(),
    });
    proto::RotationRound {
        groups: groups.collect(),
    }
}

/// The rotation that a command led to.
pub(crate) fn rotation_of(outcome: &Outcome) -> Option<proto::Rotation> {
    match outcome {
        Outcome::Rotation { rotation: view, .. } => Some(rotation(view)),
        _ => None,
    }
}

/// The payload of an event on rotations.
pub(super) fn payload(kind: &EventKind) -> Payload {
    match kind {
        EventKind::RotationChanged { rotation: view } => {
            Payload::RotationChanged(proto::RotationChanged {
                rotation: Some(rotation(view)),
                end: proto::RotationEnd::Unspecified.into(),
            })
        }
        EventKind::RotationPlanned {
            ahead,
            repeats,
            seed,
        } => Payload::RotationPlanned(proto::RotationPlanned {
            ahead: ahead.iter().map(round).collect(),
            repeats: *repeats,
            seed: *seed,
        }),
        EventKind::RotationEnded { end } => {
            let end = match end {
                RotationEnd::Done => proto::RotationEnd::Done,
                RotationEnd::Stopped => proto::RotationEnd::Stopped,
                RotationEnd::Void => proto::RotationEnd::Void,
            };
            Payload::RotationChanged(proto::RotationChanged {
                rotation: None,
                end: end.into(),
            })
        }
        _ => unreachable!("invariant: the caller has the same list"),
    }
}
