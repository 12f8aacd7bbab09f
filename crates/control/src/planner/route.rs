//! Where tracks belong: the part of the plan that is state, since it says since when.

use std::collections::BTreeSet;

use sideroom_route::{Epoch, ParticipantId, TrackKind};

use crate::state::{Routed, State};

/// Routes the tracks of touched participants to the groups that they belong to now, from `epoch` on.
pub(crate) fn route_tracks(state: &mut State, touched: &BTreeSet<ParticipantId>, epoch: Epoch) {
    for id in touched {
        let Some(one) = state.participants.get(id) else {
            continue;
        };
        let audiences = TrackKind::ALL.map(|kind| (kind, state.audience_of(one, kind)));
        let changes = audiences.iter().any(|(kind, audience)| {
            let routed = one.track(*kind).map(|track| track.routed);
            routed.is_some_and(|routed| routed.map(|routed| routed.group) != *audience)
        });
        if !changes {
            continue;
        }
        let Some(one) = state.participants.get_mut(id) else {
            continue;
        };
        for (kind, audience) in audiences {
            let Some(track) = one.track_mut(kind) else {
                continue;
            };
            if track.routed.map(|routed| routed.group) != audience {
                track.routed = audience.map(|group| Routed {
                    group,
                    since: epoch,
                });
            }
        }
    }
}
