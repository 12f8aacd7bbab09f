//! Parts of a room's answer, for the responses that carry them.

use sideroom_control::{BreakoutView, Outcome};
use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use super::{breakout, gate, id_list, move_targets};
use crate::proto;

/// All breakouts that were created or distributed over.
pub(crate) fn breakouts(outcome: &Outcome) -> Vec<proto::Breakout> {
    match outcome {
        Outcome::Distributed { breakouts, .. } => breakouts.iter().cloned().map(breakout).collect(),
        _ => Vec::new(),
    }
}

/// The breakout that was changed.
pub(crate) fn one_breakout(outcome: &Outcome) -> Option<proto::Breakout> {
    match outcome {
        Outcome::Breakout { breakout: view } => Some(breakout(BreakoutView::clone(view))),
        _ => None,
    }
}

/// People left over by a distribution.
pub(crate) fn left_over(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Distributed { left_over, .. } | Outcome::Rotation { left_over, .. } => {
            id_list(left_over.iter().copied())
        }
        _ => Vec::new(),
    }
}

/// People placed by a distribution, with their breakouts.
pub(crate) fn placed(outcome: &Outcome) -> Vec<proto::Placement> {
    let place = |(who, to): &(ParticipantId, BreakoutId)| proto::Placement {
        participant_id: who.to_string(),
        breakout_id: to.to_string(),
    };
    match outcome {
        Outcome::Distributed { placed, .. }
        | Outcome::Rotation { placed, .. }
        | Outcome::Arranged { placed, .. } => placed.iter().map(place).collect(),
        _ => Vec::new(),
    }
}

/// The seed of a distribution.
pub(crate) const fn seed_of(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Distributed { seed, .. } => *seed,
        _ => None,
    }
}

/// The participant and their group after a join or a leave.
pub(crate) fn placed_at(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Placed { participant, group } => (participant.to_string(), group.to_string()),
        _ => Default::default(),
    }
}

/// Moved participants with their new groups.
pub(crate) fn moved(outcome: &Outcome) -> Vec<proto::MoveTarget> {
    move_targets(moves_of(outcome))
}

/// Participants returned to the parent.
pub(crate) fn returned(outcome: &Outcome) -> Vec<String> {
    let back = moves_of(outcome)
        .iter()
        .filter(|(_, to)| *to == GroupId::Parent);
    id_list(back.map(|(who, _)| *who))
}

fn moves_of(outcome: &Outcome) -> &[(ParticipantId, GroupId)] {
    match outcome {
        Outcome::Moved { moves } | Outcome::Breakouts { moves, .. } => moves,
        _ => &[],
    }
}

/// The breakouts that were opened, closed, cleared or destroyed.
pub(crate) fn breakout_ids(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Breakouts { breakouts, .. } | Outcome::Arranged { breakouts, .. } => {
            breakouts.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    }
}

/// The gate in question.
pub(crate) fn gate_of(outcome: &Outcome) -> Option<proto::ParentGate> {
    match outcome {
        Outcome::Gate { gate: as_it_is } => Some(gate(*as_it_is)),
        _ => None,
    }
}
