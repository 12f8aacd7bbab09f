//! Ingresses, subscribers and slots come and go as transports are negotiated; the table may know of
//! them before or after.

use std::mem;

use sideroom_route::{MediaEvent, SlotId, Time, TrackId, WorkerId};

use crate::event::ForwardEvent;
use crate::ingress::Ingress;
use crate::slot::Slot;
use crate::subscriber::{MAX_SLOTS, SlotRef, Subscriber};
use crate::{Forwarder, IngressConfig, IngressId, SlotConfig, SubscriberConfig, SubscriberId};

/// Slots are looked through for the numbers of removed ingresses when there are so many of these: the cost for each
/// removed ingress does not grow with the slots of the worker.
const MIN_RETIRED: usize = 64;
const SLOTS_FOR_EACH_RETIRED: usize = 16;

impl Forwarder {
    /// Adds a track of a publisher on this worker. If the publisher came back before the old ingress was
    /// removed, the new one takes its place at once.
    pub fn add_ingress(&mut self, config: IngressConfig) -> IngressId {
        self.insert_ingress(&config, false)
    }

    /// A track that another worker relays to this one. Packets come by
    /// [`handle_relay`](Self::handle_relay).
    pub fn add_relayed_ingress(&mut self, config: IngressConfig) -> IngressId {
        self.insert_ingress(&config, true)
    }

    fn insert_ingress(&mut self, config: &IngressConfig, relayed: bool) -> IngressId {
        let track = config.track;
        let mut ingress = Ingress::new(config, &self.config, relayed);
        let plan = self.rooms.get(&track.room());
        ingress.route = plan.and_then(|plan| plan.tracks.get(&track)).copied();
        if let Some(workers) = self.relays.get(&track) {
            ingress.relays.clone_from(workers);
        }
        if self.ingresses.is_empty() {
            self.next_tick = self.latest + self.config.tick;
        }
        self.clocks.add(ingress.publisher);
        let key = self.ingresses.insert(ingress);
        let mut touched = mem::take(&mut self.touched);
        if let Some(old) = self.tracks.insert(track, key) {
            self.retire(old, &mut touched);
        }
        touched.extend(self.waiting.slots(track));
        self.update_slots(self.latest, touched);
        IngressId(key)
    }

    /// Ends an ingress: no slot may carry it, and its slots are to be updated.
    fn retire(&mut self, key: u32, touched: &mut Vec<u32>) {
        if let Some(old) = self.ingresses.at_mut(key) {
            old.route = None;
            old.relays.clear();
            touched.extend(&old.attached);
            touched.extend(old.layers.iter().flat_map(|layer| &layer.listeners));
        }
    }

    /// The track is gone, or its publisher's transport is.
    pub fn remove_ingress(&mut self, ingress: IngressId) {
        let Some(held) = self.ingresses.at(ingress.0) else {
            return;
        };
        let (track, publisher) = (held.track, held.publisher);
        if held.relayed && held.wanted.told.is_some_and(|layers| layers != 0) {
            // The publisher must not go on encoding layers for a worker that gets none of them.
            let event = MediaEvent::LayersWanted { track, layers: 0 };
            self.events.push(ForwardEvent::Media(event));
        }
        if self.tracks.get(&track) == Some(&ingress.0) {
            self.tracks.remove(&track);
        }
        let mut touched = mem::take(&mut self.touched);
        self.retire(ingress.0, &mut touched);
        self.update_slots(self.latest, touched);
        self.ingresses.retire(ingress.0);
        self.clocks.remove(publisher);
        if self.ingresses.retired() >= MIN_RETIRED.max(self.slots.len() / SLOTS_FOR_EACH_RETIRED) {
            self.release_retired();
        }
    }

    /// Numbers of removed ingresses may be used again: no slot must take the next ingress for an earlier one.
    fn release_retired(&mut self) {
        for (_, slot) in self.slots.iter_mut() {
            let remembers = slot.remembers;
            if remembers.is_some_and(|ingress| self.ingresses.at(ingress).is_none()) {
                slot.remembers = None;
                slot.rewriter.forget();
            }
        }
        self.ingresses.release();
    }

    /// Other workers with subscribers to a track. Kept for tracks that have no ingress yet.
    pub fn set_relays(&mut self, track: TrackId, workers: &[WorkerId]) {
        if workers.is_empty() {
            self.relays.remove(&track);
        } else {
            self.relays.insert(track, workers.to_vec());
        }
        let ingress = self.tracks.get(&track);
        if let Some(ingress) = ingress.and_then(|key| self.ingresses.at_mut(*key)) {
            ingress.relays = workers.to_vec();
        }
    }

    /// Adds a participant's transport that is ready to receive. If they came back before the old subscriber
    /// was removed, the new one takes its place at once.
    pub fn add_subscriber(&mut self, config: SubscriberConfig) -> SubscriberId {
        let participant = config.participant;
        let key = self
            .subscribers
            .insert(Subscriber::new(config, &self.config));
        let old = self.participants.insert(participant, key);
        if let Some(old) = old.and_then(|old| self.subscribers.at(old)) {
            let touched = old.slots.iter().map(|held| held.key).collect();
            self.update_slots(self.latest, touched);
        }
        SubscriberId(key)
    }

    /// A later answer of a subscriber's transport. `slots`: the receive streams that were there before, as
    /// they are agreed on now, by their SSRCs; their packets go on without a gap. A stream with another number
    /// than before carries the source of that slot from now on.
    pub fn renegotiate(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        transport_cc: bool,
        slots: impl IntoIterator<Item = SlotConfig>,
    ) {
        let Some(to) = self.subscribers.at_mut(subscriber.0) else {
            return;
        };
        to.config.transport_cc = transport_cc;
        let mut touched = mem::take(&mut self.touched);
        for config in slots {
            let (media, ssrc) = (config.slot.media, config.ssrc);
            let mut held = to.slots.iter_mut();
            let held = held.find(|held| held.ssrc == ssrc && held.slot.media == media);
            let Some(held) = held else {
                continue;
            };
            if let Some(slot) = self.slots.at_mut(held.key) {
                slot.renegotiate(&to.config, &config);
            }
            if held.slot != config.slot {
                held.slot = config.slot;
                touched.push(held.key);
            }
        }
        self.observe(now);
        self.update_slots(now, touched);
    }

    /// Adds or replaces a receive stream of a subscriber. False if there is no such subscriber, or one with
    /// too many streams.
    pub fn add_slot(&mut self, now: Time, subscriber: SubscriberId, config: SlotConfig) -> bool {
        self.observe(now);
        let Some(to) = self.subscribers.at(subscriber.0) else {
            return false;
        };
        if let Some(old) = to.slot(config.slot) {
            self.remove_slots(&[old]);
        }
        let Some(to) = self.subscribers.at_mut(subscriber.0) else {
            return false;
        };
        to.slots.retain(|held| held.slot != config.slot);
        if to.slots.len() >= MAX_SLOTS {
            return false;
        }
        let slot = Slot::new(&self.config, subscriber, &to.config, &config);
        let key = self.slots.insert(slot);
        to.slots.push(SlotRef {
            slot: config.slot,
            ssrc: config.ssrc,
            key,
        });
        let mut touched = mem::take(&mut self.touched);
        touched.push(key);
        self.update_slots(now, touched);
        true
    }

    /// A receive stream is gone.
    pub fn remove_slot(&mut self, subscriber: SubscriberId, slot: SlotId) {
        let Some(from) = self.subscribers.at_mut(subscriber.0) else {
            return;
        };
        let key = from.slot(slot);
        from.slots.retain(|held| held.slot != slot);
        if let Some(key) = key {
            self.remove_slots(&[key]);
        }
    }

    /// Removes a subscriber and all slots of that subscriber.
    pub fn remove_subscriber(&mut self, subscriber: SubscriberId) {
        let Some(gone) = self.subscribers.remove(subscriber.0) else {
            return;
        };
        let participant = gone.config.participant;
        if self.participants.get(&participant) == Some(&subscriber.0) {
            self.participants.remove(&participant);
        }
        let keys: Vec<_> = gone.slots.iter().map(|held| held.key).collect();
        self.remove_slots(&keys);
    }

    fn remove_slots(&mut self, keys: &[u32]) {
        let mut touched = mem::take(&mut self.touched);
        for key in keys {
            if let Some(slot) = self.slots.at_mut(*key) {
                slot.empty();
                touched.push(*key);
            }
        }
        self.relist(&mut touched);
        touched.clear();
        self.touched = touched;
        for key in keys {
            if let Some(slot) = self.slots.remove(*key) {
                self.waiting.remove(slot.waits_for, *key);
            }
        }
    }
}
