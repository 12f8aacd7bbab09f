//! Reloading a room while its media go on: the volatile state moves over to the reloaded room.

use std::collections::BTreeSet;

use sideroom_route::{GroupId, ParticipantId};

use crate::UnixMillis;
use crate::room::Room;

impl Room {
    /// Takes over the volatile state of the room from before it was read again: talkers, views, and the
    /// sources of slots, so that slots keep their sources. Epochs go on from there.
    pub fn take_over(&mut self, before: &Self) {
        let state = &self.state;
        self.volatile = before.volatile.clone();
        let wishes = &mut self.volatile.wishes;
        wishes.retain(|participant, _| state.participants.contains_key(participant));
        let exists = |group: &sideroom_route::GroupId| {
            group
                .breakout()
                .is_none_or(|id| state.breakouts.contains_key(&id))
        };
        self.volatile.talkers.retain(|group, _| exists(group));
        self.planner = before.planner.clone();
        let everybody = before.state.participants.keys();
        let everybody: BTreeSet<ParticipantId> = everybody
            .chain(self.state.participants.keys())
            .copied()
            .collect();
        for participant in &everybody {
            let wishes = self.volatile.wishes.get(participant);
            let special = wishes.is_some_and(|wishes| wishes.special);
            self.planner.set_choosy(*participant, special);
        }
        self.planner
            .update(&self.state, &self.volatile, &everybody, true);
        self.epoch = self.epoch.max(before.epoch).next();
    }

    /// True for a participant in the room whose connection has not dropped.
    pub fn is_connected(&self, participant: ParticipantId) -> bool {
        let one = self.state.participants.get(&participant);
        one.is_some_and(|one| one.dropped.is_none())
    }

    /// The places that are kept for dropped participants, and until when.
    pub fn places_kept(&self) -> impl Iterator<Item = (ParticipantId, UnixMillis)> + '_ {
        let expiries = self.state.expiries.iter();
        expiries.map(|(until, participant)| (*participant, *until))
    }

    /// How many are in the room or keep their place.
    pub fn participant_count(&self) -> usize {
        self.state.participants.len()
    }

    /// Whether a participant is a moderator; `None`: not in the room.
    pub fn is_moderator(&self, participant: ParticipantId) -> Option<bool> {
        let one = self.state.participants.get(&participant)?;
        Some(one.is_moderator())
    }

    /// True if a participant learns at once of who talks in a group: they are inside, or listen in.
    pub fn is_near(&self, participant: ParticipantId, group: GroupId) -> bool {
        let one = self.state.participants.get(&participant);
        one.is_some_and(|one| {
            one.group == group
                || one
                    .listening
                    .is_some_and(|id| GroupId::Breakout(id) == group)
        })
    }

    /// True for a moderator who may listen in: they learn of who talks in every group (rule 20).
    pub fn sees_all_talkers(&self, participant: ParticipantId) -> bool {
        let moderates = self.is_moderator(participant) == Some(true);
        moderates && self.state.may_listen_in(participant)
    }
}
