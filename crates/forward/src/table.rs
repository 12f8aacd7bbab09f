//! Applies routing updates, whole, and derives the source of each slot.

use std::mem;
use std::ops::RangeInclusive;

use sideroom_route::{
    Gate, Media, MediaEvent, OutOfOrder, ParticipantId, RoomId, Route, RoutePlan, RouteUpdate,
    SlotId, SlotPause, Time, TrackChange, TrackId,
};

use crate::config::LayerTarget;
use crate::event::ForwardEvent;
use crate::slot::{Flow, Slot, SlotSource};
use crate::{Forwarder, SubscriberId};

/// Prefetch distance, in slots, for updates that change thousands at once.
pub(crate) const AHEAD: usize = 4;

impl Forwarder {
    /// Applies an update: whole, from the next packet on. One that does not follow changes nothing; ask
    /// for the full table then.
    pub fn apply(&mut self, now: Time, update: &RouteUpdate) -> Result<(), OutOfOrder> {
        self.observe(now);
        match self.rooms.get_mut(&update.room) {
            Some(plan) => plan.apply(update)?,
            None => {
                let mut plan = RoutePlan::empty(update.room);
                plan.apply(update)?;
                self.rooms.insert(update.room, plan);
            }
        }
        let mut touched = mem::take(&mut self.touched);
        let mut new_tracks = false;
        for change in &update.tracks {
            new_tracks |= self.reroute(change, &mut touched);
        }
        let mut last = None;
        for change in &update.routes {
            if last != Some(change.subscriber) {
                last = Some(change.subscriber);
                self.touch_lingering(change.subscriber, &mut touched);
            }
            touched.extend(self.slot_key(change.subscriber, change.slot));
        }
        if new_tracks {
            // Slots that were routed to a track before the track itself was.
            for change in &update.tracks {
                touched.extend(self.waiting.slots(change.track));
            }
        }
        self.update_slots(now, touched);
        Ok(())
    }

    /// Replaces the table of a room, whatever the epoch of the one that is held.
    pub fn apply_full(&mut self, now: Time, plan: &RoutePlan) {
        let empty = RoutePlan::empty(plan.room);
        let held = self.rooms.get(&plan.room).unwrap_or(&empty);
        let update = held.diff(plan);
        let applied = self.apply(now, &update);
        debug_assert!(
            applied.is_ok(),
            "invariant: a diff follows what it was made from"
        );
    }

    /// Forgets the table of a room: nothing of it is forwarded any more.
    pub fn remove_room(&mut self, room: RoomId) {
        if self.rooms.remove(&room).is_none() {
            return;
        }
        let mut touched = mem::take(&mut self.touched);
        for (_, ingress) in self.ingresses.iter_mut() {
            if ingress.track.room() == room {
                ingress.route = None;
                ingress.forget_packets();
                touched.extend(&ingress.attached);
                touched.extend(ingress.layers.iter().flat_map(|layer| &layer.listeners));
            }
        }
        self.update_slots(self.latest, touched);
    }

    /// Sets the layer that a slot should carry.
    pub fn set_layer_target(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        slot: SlotId,
        target: LayerTarget,
    ) {
        self.observe(now);
        let held = self.subscribers.at(subscriber.0);
        let key = held.and_then(|held| held.slot(slot));
        let Some((key, slot)) = key.and_then(|key| Some((key, self.slots.at_mut(key)?))) else {
            return;
        };
        if slot.target == target {
            return;
        }
        slot.target = target;
        let mut touched = mem::take(&mut self.touched);
        touched.push(key);
        self.update_slots(now, touched);
    }

    /// Like [`set_layer_target`](Self::set_layer_target), but a simulcast layer above the target goes no
    /// further: the path would drop most of it, and delay everything else. The picture stands still until
    /// the keyframe of the smaller one.
    pub fn cut_to_layer(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        slot: SlotId,
        target: LayerTarget,
    ) {
        let held = self.subscribers.at(subscriber.0);
        let key = held.and_then(|held| held.slot(slot));
        let Some(slot_held) = key.and_then(|key| self.slots.at_mut(key)) else {
            return;
        };
        let above = match (target, slot_held.flow) {
            (LayerTarget::Layer { encoding, .. }, Some(flow)) => flow.layer > encoding,
            _ => false,
        };
        if above {
            slot_held.flow = None;
            slot_held.target = LayerTarget::TOP;
        }
        self.set_layer_target(now, subscriber, slot, target);
    }

    /// Sets whether a subscriber gets redundant audio (RFC 2198). RED takes twice the rate, so only
    /// subscribers that lose packets should get RED; the others get the unpacked audio.
    pub fn set_redundancy(&mut self, subscriber: SubscriberId, redundancy: bool) {
        let Some(held) = self.subscribers.at(subscriber.0) else {
            return;
        };
        for held in &held.slots {
            if let Some(slot) = self.slots.at_mut(held.key) {
                slot.redundancy = redundancy;
            }
        }
    }

    /// A track's layers came or went.
    #[cold]
    pub(crate) fn settle_layers(&mut self, now: Time, ingress: u32) {
        let mut touched = mem::take(&mut self.touched);
        if let Some(ingress) = self.ingresses.at(ingress) {
            touched.extend(&ingress.attached);
        }
        self.update_slots(now, touched);
    }

    /// Makes of these slots what the table says, and gives the list of them back to the forwarder.
    pub(crate) fn update_slots(&mut self, now: Time, mut touched: Vec<u32>) {
        touched.sort_unstable();
        touched.dedup();
        for (at, key) in touched.iter().enumerate() {
            self.slots.prefetch(&touched, at + AHEAD);
            self.resolve(now, *key);
        }
        self.relist(&mut touched);
        touched.clear();
        self.touched = touched;
    }

    /// Where a track is routed from now on. True if it was absent before.
    fn reroute(&mut self, change: &TrackChange, touched: &mut Vec<u32>) -> bool {
        let ingress = self.tracks.get(&change.track);
        let Some(ingress) = ingress.and_then(|key| self.ingresses.at_mut(*key)) else {
            return change.route.is_some();
        };
        let old = mem::replace(&mut ingress.route, change.route);
        let audience = |route: Option<sideroom_route::TrackRoute>| {
            route.map(|route| (route.group, route.since))
        };
        if audience(old) == audience(change.route) {
            return false;
        }
        // Packets of one group are never retransmitted into another.
        ingress.forget_packets();
        touched.extend(&ingress.attached);
        touched.extend(ingress.layers.iter().flat_map(|layer| &layer.listeners));
        old.is_none()
    }

    /// An update of a slot also touches slots of the same participant in which a source lingers that the
    /// table allowed only because of that slot.
    fn touch_lingering(&self, participant: ParticipantId, touched: &mut Vec<u32>) {
        let subscriber = self.participants.get(&participant);
        let Some(subscriber) = subscriber.and_then(|key| self.subscribers.at(*key)) else {
            return;
        };
        let keys = subscriber.slots.iter().map(|held| held.key);
        touched.extend(keys.filter(|key| self.slots.at(*key).is_some_and(Slot::lingers)));
    }

    pub(crate) fn slot_key(&self, participant: ParticipantId, slot: SlotId) -> Option<u32> {
        let subscriber = self.participants.get(&participant)?;
        self.subscribers.at(*subscriber)?.slot(slot)
    }

    /// The route of a slot, by the table.
    fn route_of(&self, slot: &Slot) -> Option<&Route> {
        let newest = self.participants.get(&slot.participant)?;
        if *newest != slot.subscriber.0 {
            return None;
        }
        let plan = self.rooms.get(&slot.participant.room())?;
        plan.routes.get(&(slot.participant, slot.id))
    }

    /// The source that a slot has by its route.
    fn source_of(&self, slot: &Slot, route: &Route) -> Option<SlotSource> {
        let plan = self.rooms.get(&slot.participant.room())?;
        plan.tracks.get(&route.track)?;
        let ingress = *self.tracks.get(&route.track)?;
        let from = self.ingresses.at(ingress)?;
        if from.kind.media() != slot.id.media {
            return None;
        }
        Some(match (route.gate, slot.target) {
            (Gate::Shut(reason), _) => SlotSource::Shut { ingress, reason },
            (Gate::Open, LayerTarget::Paused) => SlotSource::Shut {
                ingress,
                reason: sideroom_route::DropReason::Bandwidth,
            },
            (Gate::Open, LayerTarget::Layer { encoding, .. }) => {
                let layer = from.layer_for(encoding);
                SlotSource::Open {
                    flow: Flow { ingress, layer },
                }
            }
        })
    }

    /// Whether a slot's old source may go on while its new one has not come: only if the table routes it,
    /// open, to another slot of the same participant. In every other case the old source ends at once, and
    /// the picture stands still until the keyframe.
    fn may_linger(&self, participant: ParticipantId, ingress: u32) -> bool {
        let Some(from) = self.ingresses.at(ingress) else {
            return false;
        };
        if self.tracks.get(&from.track) != Some(&ingress) || from.route.is_none() {
            return false;
        }
        let plan = self.rooms.get(&participant.room());
        plan.is_some_and(|plan| {
            let mut routes = plan.routes.range(slots_of(participant));
            routes.any(|(_, route)| route.track == from.track && route.gate.is_open())
        })
    }

    fn resolve(&mut self, now: Time, key: u32) {
        let Some(slot) = self.slots.at(key) else {
            return;
        };
        let route = self.route_of(slot);
        let source = route.and_then(|route| self.source_of(slot, route));
        let waits_for = route.filter(|_| source.is_none()).map(|route| route.track);
        let source = source.unwrap_or(SlotSource::Empty);
        let lingers = match (source, slot.flow) {
            (SlotSource::Open { flow }, Some(old)) if old.ingress != flow.ingress => {
                slot.id.media == Media::Video && self.may_linger(slot.participant, old.ingress)
            }
            (SlotSource::Open { .. }, Some(_)) => true,
            _ => false,
        };
        let from = source.ingress().and_then(|key| self.ingresses.at(key));
        // Layers inside one stream are chosen by the slot; a simulcast layer is a stream of its own.
        let layered = from.is_some_and(|from| !from.is_simulcast() && from.rates.all().len() > 1);
        let track = from.map(|from| from.track);
        let Some(slot) = self.slots.at_mut(key) else {
            return;
        };
        slot.set_source(source, lingers, layered);
        let waited_for = mem::replace(&mut slot.waits_for, waits_for);
        if waited_for != waits_for {
            self.waiting.remove(waited_for, key);
            self.waiting.insert(waits_for, key);
        }
        if let SlotSource::Open { flow } = source
            && slot.awaits(flow)
        {
            self.want_keyframe(now, flow);
        }
        self.tell_pause(key, track);
    }

    /// Tells control when a slot is paused for want of bandwidth, and when it goes on.
    fn tell_pause(&mut self, key: u32, track: Option<TrackId>) {
        let Some(slot) = self.slots.at_mut(key) else {
            return;
        };
        let paused = track.filter(|_| slot.is_paused());
        let told = mem::replace(&mut slot.told_paused, paused);
        if told == paused {
            return;
        }
        let event = |track, reason| {
            ForwardEvent::Media(MediaEvent::SlotPaused {
                subscriber: slot.participant,
                slot: slot.id,
                track,
                reason,
            })
        };
        if let Some(told) = told.filter(|told| Some(*told) == track) {
            self.events.push(event(told, None));
        }
        if let Some(paused) = paused {
            self.events.push(event(paused, Some(SlotPause::Bandwidth)));
        }
    }
}

/// All keys that a table can have for a participant.
fn slots_of(participant: ParticipantId) -> RangeInclusive<(ParticipantId, SlotId)> {
    (participant, SlotId::audio(0))..=(participant, SlotId::video(u8::MAX))
}
