//! Invariants of every room, written without the planner's code.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_control::*;
use sideroom_route::*;

/// A source that is still wanted keeps its slot.
pub(crate) fn check_slots_stay(before: &RoutePlan, after: &RoutePlan) {
    let slot_of: BTreeMap<(ParticipantId, TrackId), SlotId> = after
        .routes
        .iter()
        .map(|((subscriber, slot), route)| ((*subscriber, route.track), *slot))
        .collect();
    assert_eq!(slot_of.len(), after.routes.len(), "a track has two slots");
    for ((subscriber, slot), route) in &before.routes {
        if let Some(now) = slot_of.get(&(*subscriber, route.track)) {
            // A pool that became smaller may have lost the slot.
            let lost = !after.routes.contains_key(&(*subscriber, *slot)) && now.index < slot.index;
            assert!(
                now == slot || lost,
                "{subscriber} had {} in {slot}",
                route.track
            );
        }
    }
}

/// Checks the invariants of every room, without the planner's code.
pub(crate) fn check_room(room: &Room) {
    let view = room.view(Viewer::Operator).unwrap();
    let people: BTreeMap<_, _> = view
        .participants
        .iter()
        .map(|one| (one.participant, one))
        .collect();
    let mut placed = BTreeSet::new();
    assert!(view.breakouts.len() <= usize::from(view.settings.max_breakouts));
    for breakout in &view.breakouts {
        let id = breakout.summary.breakout;
        assert!(breakout.members.len() <= usize::from(breakout.summary.capacity));
        assert!(breakout.summary.capacity >= 2);
        assert!(breakout.summary.capacity <= view.settings.largest_capacity());
        for member in &breakout.members {
            assert!(placed.insert(*member), "{member} is in two breakouts");
            assert_eq!(people[member].group, GroupId::Breakout(id));
        }
    }
    let away = view.participants.iter().filter(|one| one.away);
    assert_eq!(away.count(), placed.len());
    let table = room.table();
    for ((subscriber, slot), route) in &table.routes {
        let track = table.tracks.get(&route.track).expect("a routed track");
        assert_ne!(track.publisher, *subscriber);
        assert_eq!(slot.media, track.kind.media());
        let (to, from) = (people[subscriber], people[&track.publisher]);
        assert!(!to.dropped && !from.dropped);
        assert_eq!(track.group, from.group);
        if route.gate.is_open() {
            check_may_hear(room, &view, to, (from, track));
        }
    }
    check_five_lines(room, &view, &table);
}

/// Isolation: each listener has one of the four reasons to hear a source.
fn check_may_hear(
    room: &Room,
    view: &RoomView,
    to: &ParticipantView,
    (from, track): (&ParticipantView, &TrackRoute),
) {
    let addressed = view.addressing.iter();
    let addressed = addressed
        .filter(|(speaker, kinds)| *speaker == from.participant && kinds.contains(track.kind))
        .count();
    let addressed = addressed + spoken_to(view, to, (from, track));
    let own = room.view(Viewer::Participant(to.participant)).unwrap();
    let gate = own.gate.unwrap();
    let shut = |gate: ParentGate| gate.paused || gate.mutes(track.kind.media());
    let parent = from.group == GroupId::Parent && !shut(gate) && !shut(view.room_gate);
    let powerful = to.role == Role::Moderator || own_grants(&own, to).listen_in;
    let visible = own.breakouts.iter().any(|one| {
        // The view shows plain participants only breakouts that they are in, own, or listen in on.
        GroupId::Breakout(one.summary.breakout) == from.group
    });
    let listening = powerful && visible;
    assert!(
        to.group == from.group || addressed > 0 || parent || listening,
        "{} in {} hears {} in {}",
        to.participant,
        to.group,
        from.participant,
        from.group
    );
    let view = from
        .tracks
        .iter()
        .find(|one| one.kind == track.kind)
        .unwrap();
    assert!(!view.muted_by_self && !view.muted_by_moderator);
}

/// How many intercoms take this track to the listener.
fn spoken_to(
    view: &RoomView,
    to: &ParticipantView,
    (from, track): (&ParticipantView, &TrackRoute),
) -> usize {
    let reaches = |one: &&IntercomView| {
        let set = one.to.includes(to.participant, to.group);
        let speaks = one.participant == from.participant && set;
        let answers = one.replying.contains(&from.participant)
            && one.to.includes(from.participant, from.group)
            && (set || one.participant == to.participant);
        one.kinds.contains(track.kind) && (speaks || answers)
    };
    view.intercoms.iter().filter(reaches).count()
}

fn own_grants(view: &RoomView, who: &ParticipantView) -> Grants {
    let mut all = view.participants.iter();
    let own = all.find(|one| one.participant == who.participant).unwrap();
    own.grants.unwrap()
}

fn check_five_lines(room: &Room, view: &RoomView, table: &RoutePlan) {
    let open: BTreeSet<(ParticipantId, TrackId)> = table
        .routes
        .iter()
        .filter(|(_, route)| route.gate.is_open())
        .map(|((subscriber, _), route)| (*subscriber, route.track))
        .collect();
    for one in &view.participants {
        for track in view.participants.iter().flat_map(|one| &one.tracks) {
            let pair = (one.participant, track.track);
            assert_eq!(
                hears(room, pair.0, pair.1),
                open.contains(&pair),
                "{pair:?}"
            );
        }
    }
}
