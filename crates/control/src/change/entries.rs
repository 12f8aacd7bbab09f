//! Changes of the entries of a map, from their values before and now.

use sideroom_route::{BreakoutId, ParticipantId};

use super::{BreakoutField, Change, ParticipantField};
use crate::diff_map::DiffMap;
use crate::state::{Breakout, Participant};

/// Entries with their value before and their value now.
pub(super) type Changed<'a, K, V> = Vec<(K, Option<V>, Option<&'a V>)>;

/// Returns the removals apart: they come after the moves of those who were inside.
pub(super) fn breakouts_changed(
    all: &mut Vec<Change>,
    changed: Changed<'_, BreakoutId, Breakout>,
) -> Vec<Change> {
    let mut gone = Vec::new();
    for (id, before, now) in changed {
        match (before, now) {
            (_, None) => gone.push(Change::BreakoutGone(id)),
            (None, Some(now)) => all.push(Change::BreakoutMade(id, Box::new(now.clone()))),
            (Some(before), Some(now)) => {
                let fields = BreakoutField::between(&before, now).into_iter();
                all.extend(fields.map(|field| Change::Breakout(id, field)));
            }
        }
    }
    gone
}

pub(super) fn participants_changed(
    all: &mut Vec<Change>,
    changed: Changed<'_, ParticipantId, Participant>,
) {
    for (id, before, now) in changed {
        match (before, now) {
            (_, None) => all.push(Change::Gone(id)),
            (None, Some(now)) => all.push(Change::Came(id, Box::new(now.clone()))),
            (Some(before), Some(now)) => between(all, id, &before, now),
        }
    }
}

pub(super) fn entries_changed<K, V: PartialEq + Clone>(
    all: &mut Vec<Change>,
    changed: Changed<'_, K, V>,
    change: impl Fn(K, Option<V>) -> Change,
) {
    for (key, before, now) in changed {
        if before.as_ref() != now {
            all.push(change(key, now.cloned()));
        }
    }
}

pub(super) fn between(
    all: &mut Vec<Change>,
    id: ParticipantId,
    before: &Participant,
    now: &Participant,
) {
    let fields = ParticipantField::between(before, now).into_iter();
    all.extend(fields.map(|field| Change::Participant(id, field)));
    let standing = now.standings.back();
    if before.standings.back() != standing {
        all.extend(standing.map(|standing| Change::Standing(id, *standing)));
    }
}

pub(super) fn change_entry<K: Ord + Clone, V: Clone>(
    map: &mut DiffMap<K, V>,
    key: &K,
    value: Option<V>,
) {
    match value {
        Some(value) => drop(map.insert(key.clone(), value)),
        None => drop(map.remove(key)),
    }
}
