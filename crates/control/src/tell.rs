//! What a turn has to tell, in the order in which it is told: who came in, what was created, what the
//! command itself says, who is where now, and what others have to see anew because of it.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::state::State;
use crate::turn::{Effects, Placing};
use crate::{Actor, EventKind, MoveCause};

/// Everything that follows from `effects`, seen from the state that they led to.
pub(crate) fn events(state: &State, actor: Actor, effects: &Effects) -> Vec<EventKind> {
    let mut events = Vec::new();
    let arrived = effects.arrived.and_then(|id| state.public_view(id));
    events.extend(arrived.map(|view| EventKind::ParticipantJoined {
        participant: Box::new(view),
    }));
    if !effects.created.is_empty() {
        let views = effects.created.iter();
        let breakouts = views.filter_map(|id| state.breakout_view(*id)).collect();
        events.push(EventKind::BreakoutsCreated { breakouts });
    }
    events.extend(effects.events.iter().cloned());
    tell_placings(state, actor, &effects.placed, &mut events);
    let changed = effects.changed.iter();
    let changed = changed
        .filter(|id| !effects.created.contains(id))
        .filter_map(|id| state.breakout_view(*id));
    events.extend(changed.map(|view| EventKind::BreakoutChanged {
        breakout: Box::new(view),
    }));
    let announced = effects.announced.iter().filter_map(|id| state.summary(*id));
    events.extend(announced.map(|summary| EventKind::BreakoutDetailsChanged {
        breakout: Box::new(summary),
    }));
    tell_assignees(state, effects, &mut events);
    tell_invitees(state, effects, &mut events);
    let chosen_from = state.settings().breakouts.self_select
        && !(effects.changed.is_empty() && effects.created.is_empty());
    if effects.selectable || chosen_from {
        events.push(EventKind::SelectableBreakouts {
            breakouts: state.selectable(),
        });
    }
    events
}

fn tell_placings(state: &State, actor: Actor, placed: &[Placing], events: &mut Vec<EventKind>) {
    let mut joined: BTreeMap<BreakoutId, Vec<ParticipantId>> = BTreeMap::new();
    let mut left: BTreeMap<BreakoutId, Vec<ParticipantId>> = BTreeMap::new();
    let (mut away, mut back) = (Vec::new(), Vec::new());
    for one in placed {
        let participant = one.participant;
        let from = one.from.unwrap_or(GroupId::Parent);
        let to = one.to.unwrap_or(GroupId::Parent);
        if let Some(breakout) = from.breakout() {
            left.entry(breakout).or_default().push(participant);
        }
        if let Some(breakout) = to.breakout() {
            joined.entry(breakout).or_default().push(participant);
        }
        match (from, to) {
            (GroupId::Parent, GroupId::Breakout(_)) => away.push(participant),
            (GroupId::Breakout(_), GroupId::Parent) if one.to.is_some() => back.push(participant),
            _ => {}
        }
        if one.cause != MoveCause::JoinedRoom && one.cause != MoveCause::LeftRoom {
            events.push(EventKind::Placed {
                participant,
                from,
                to,
                cause: one.cause,
                by: actor,
                breakout: to.breakout().and_then(|id| state.summary(id)).map(Box::new),
            });
        }
    }
    let breakouts: BTreeSet<BreakoutId> = joined.keys().chain(left.keys()).copied().collect();
    for breakout in breakouts {
        events.push(EventKind::MembersChanged {
            breakout,
            joined: joined.remove(&breakout).unwrap_or_default(),
            left: left.remove(&breakout).unwrap_or_default(),
        });
    }
    if !away.is_empty() || !back.is_empty() {
        events.push(EventKind::AwayChanged { away, back });
    }
}

/// To whoever is assigned elsewhere than before, or to a breakout that looks different now.
fn tell_assignees(state: &State, effects: &Effects, events: &mut Vec<EventKind>) {
    let mut assignees = effects.reassigned.clone();
    for breakout in &effects.announced {
        let present = state.assigned_to(*breakout);
        assignees.extend(present.filter_map(|identity| state.identities.get(identity)));
    }
    for participant in assignees {
        let Some(one) = state.participants.get(&participant) else {
            continue;
        };
        let breakout = state.assignments.get(&one.identity);
        events.push(EventKind::Assigned {
            participant,
            breakout: breakout.and_then(|id| state.summary(*id)).map(Box::new),
        });
    }
}

/// To whoever is invited to a breakout that looks different now, and is not told of it in another way: as
/// a moderator, as its owner, as its assignee, or inside.
fn tell_invitees(state: &State, effects: &Effects, events: &mut Vec<EventKind>) {
    for (id, breakout) in &state.breakouts {
        if !effects.announced.contains(id) {
            continue;
        }
        let unassigned = breakout
            .invited
            .iter()
            .filter(|identity| state.assignments.get(*identity) != Some(id));
        for participant in unassigned.filter_map(|identity| state.identities.get(identity)) {
            let Some(one) = state.participants.get(participant) else {
                continue;
            };
            let inside = one.group == GroupId::Breakout(*id) || one.listening == Some(*id);
            let knows = inside || one.is_moderator() || breakout.owner == Some(*participant);
            if !knows && let Some(summary) = state.summary(*id) {
                events.push(EventKind::InvitationChanged {
                    participant: *participant,
                    breakout: Box::new(summary),
                });
            }
        }
    }
}
