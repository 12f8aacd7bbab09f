//! Lists the events of a turn, in order: arrivals, creations, the command's own events, moves, and the
//! updates for others that follow from them.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::{BreakoutId, GroupId, ParticipantId};

use crate::command_run::{Effects, GroupMove};
use crate::state::State;
use crate::{Actor, EventKind, MoveCause};

/// Everything that follows from `effects`, seen from the state that they led to.
pub(crate) fn events(state: &State, actor: Actor, effects: &Effects) -> Vec<EventKind> {
    let mut events = Vec::new();
    tell_arrival(state, effects, &mut events);
    if !effects.created.is_empty() {
        let views = effects.created.iter();
        let breakouts = views.filter_map(|id| state.breakout_view(*id)).collect();
        events.push(EventKind::BreakoutsCreated { breakouts });
    }
    events.extend(effects.events.iter().cloned());
    tell_placings(state, actor, &effects.placed, &mut events);
    // First for those inside, then in full: moderators who are inside get both.
    let announced = effects.announced.iter();
    let announced = announced.filter_map(|id| state.inside_view(*id));
    events.extend(announced.map(|view| EventKind::BreakoutDetailsChanged {
        breakout: Box::new(view),
    }));
    let changed = effects.changed.iter();
    let changed = changed
        .filter(|id| !effects.created.contains(id))
        .filter_map(|id| state.breakout_view(*id));
    events.extend(changed.map(|view| EventKind::BreakoutChanged {
        breakout: Box::new(view),
    }));
    tell_former_owners(state, effects, &mut events);
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

/// Announces a newcomer to everybody; moderators also see their grants.
fn tell_arrival(state: &State, effects: &Effects, events: &mut Vec<EventKind>) {
    let Some(participant) = effects.arrived else {
        return;
    };
    let view = state.public_view(participant);
    events.extend(view.map(|view| EventKind::ParticipantJoined {
        participant: Box::new(view),
    }));
    let one = state.participants.get(&participant);
    events.extend(one.map(|one| EventKind::GrantsChanged {
        participant,
        grants: one.grants,
    }));
}

/// Informs former owners, who do not see the breakout any longer unless for another reason.
fn tell_former_owners(state: &State, effects: &Effects, events: &mut Vec<EventKind>) {
    for (participant, id) in &effects.disowned {
        if let Some(summary) = state.summary(*id)
            && state.participants.contains_key(participant)
        {
            events.push(EventKind::OwnershipLost {
                participant: *participant,
                breakout: Box::new(summary),
            });
        }
    }
}

fn tell_placings(state: &State, actor: Actor, placed: &[GroupMove], events: &mut Vec<EventKind>) {
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
                breakout: to
                    .breakout()
                    .and_then(|id| state.inside_view(id))
                    .map(Box::new),
                gate: state
                    .participants
                    .get(&participant)
                    .map(crate::state::Participant::effective_gate)
                    .unwrap_or_default(),
            });
        }
    }
    let breakouts: BTreeSet<BreakoutId> = joined.keys().chain(left.keys()).copied().collect();
    for breakout in breakouts {
        let joined = joined.remove(&breakout).unwrap_or_default();
        let left = left.remove(&breakout).unwrap_or_default();
        events.push(members_changed(state, breakout, joined, left));
    }
    if !away.is_empty() || !back.is_empty() {
        let people = back.iter().filter_map(|id| state.neighbour_view(*id));
        events.push(EventKind::AwayChanged {
            people: people.collect(),
            away,
            back,
        });
    }
}

/// Newcomers learn who is inside and who listens in; the others learn of the newcomers.
fn members_changed(
    state: &State,
    breakout: BreakoutId,
    joined: Vec<ParticipantId>,
    left: Vec<ParticipantId>,
) -> EventKind {
    let (people, listeners) = if joined.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        (state.people_in(breakout), state.listeners_of(breakout))
    };
    EventKind::MembersChanged {
        breakout,
        joined,
        left,
        people,
        listeners,
    }
}

/// Informs people with a new assignment, or whose breakout looks different now.
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

/// Tells the invitees of a changed breakout. Moderators, the owner, assignees and those inside get other events,
/// and are left out.
fn tell_invitees(state: &State, effects: &Effects, events: &mut Vec<EventKind>) {
    for (id, breakout) in &state.breakouts {
        if !effects.announced.contains(id) {
            continue;
        }
        let unassigned = breakout
            .invited
            .keys()
            .filter(|identity| state.assignments.get(*identity) != Some(id));
        for participant in unassigned.filter_map(|identity| state.identities.get(identity)) {
            let Some(one) = state.participants.get(participant) else {
                continue;
            };
            let knows = one.is_near(GroupId::Breakout(*id))
                || one.is_moderator()
                || breakout.owner == Some(*participant);
            if !knows && let Some(summary) = state.summary(*id) {
                events.push(EventKind::InvitationChanged {
                    participant: *participant,
                    breakout: Box::new(summary),
                });
            }
        }
    }
}
