//! Periodic work: rates, silent layers, repeated keyframe requests, talkers; and requests to publishers.

use std::mem;
use std::time::Duration;

use sideroom_route::{DropReason, Media, MediaEvent, Time, TrackId};

use crate::config::LayerTarget;
use crate::event::ForwardEvent;
use crate::ingress::Ingress;
use crate::keyframe::Wish;
use crate::slab::Slab;
use crate::slot::{Flow, Slot, SlotSource};
use crate::talkers::Candidate;
use crate::{Forwarder, SubscriberId};

/// The publisher learns with this delay that fewer layers are wanted: a layer that was switched off takes a
/// while to come back.
const FEWER_AFTER: Duration = Duration::from_secs(3);

impl Forwarder {
    /// When [`handle_timeout`](Self::handle_timeout) or [`send_silence`](Self::send_silence) is due;
    /// [`Time::NEVER`] while nothing comes in and nothing ends.
    pub fn poll_timeout(&self) -> Time {
        let never_if = |nothing, at| if nothing { Time::NEVER } else { at };
        let tick = never_if(self.ingresses.is_empty(), self.next_tick);
        tick.min(never_if(self.ended.is_empty(), self.next_silence))
    }

    /// Time passed. Too early does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.observe(now);
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + self.config.tick;
        for key in 0..self.ingresses.bound() {
            self.tick_ingress(now, key);
        }
        self.rank(now);
    }

    fn tick_ingress(&mut self, now: Time, key: u32) {
        let Some(ingress) = self.ingresses.at_mut(key) else {
            return;
        };
        let layers = ingress.layers.len() as u8;
        let silenced = ingress.rates.tick(now, self.config.layer_silence);
        if silenced && ingress.is_simulcast() {
            self.settle_layers(now, key);
        }
        for layer in 0..layers {
            self.retry_keyframe(
                now,
                Flow {
                    ingress: key,
                    layer,
                },
            );
        }
        self.tell_wanted(now, key);
    }

    /// Notes the latest time passed in, for calls without a time.
    #[inline]
    pub(crate) fn observe(&mut self, now: Time) {
        self.latest = self.latest.max(now);
    }

    fn rank(&mut self, now: Time) {
        let mut candidates = mem::take(&mut self.candidates);
        for (_, ingress) in self.ingresses.iter_mut() {
            if let Some(route) = ingress.route
                && ingress.kind.media() == Media::Audio
                && !ingress.relayed
                && !ingress.is_muted()
            {
                candidates.push(Candidate {
                    room: ingress.track.room(),
                    group: route.group,
                    score: ingress.activity.score(now),
                    track: ingress.track,
                });
            }
        }
        let (rooms, events) = (&self.rooms, &mut self.events);
        let max_of = |room| {
            rooms
                .get(&room)
                .map_or(0, |plan| plan.max_active_talkers.into())
        };
        self.talkers.rank(now, &mut candidates, max_of, |ranking| {
            events.push(ForwardEvent::Media(MediaEvent::Talkers {
                room: ranking.room,
                group: ranking.group,
                ranked: ranking.ranked,
            }));
        });
        candidates.clear();
        self.candidates = candidates;
    }

    /// A subscriber cannot go on without a keyframe (PLI or FIR).
    pub fn handle_keyframe_request(&mut self, now: Time, subscriber: SubscriberId, ssrc: u32) {
        let bounds = self.config.subscriber_keyframes;
        let Some(held) = self.subscribers.at_mut(subscriber.0) else {
            return self.drops.add(DropReason::UnknownSsrc, 1);
        };
        let Some(key) = held.slot_of_ssrc(ssrc) else {
            return self.drops.add(DropReason::UnknownSsrc, 1);
        };
        if !held.keyframes.take(now, bounds) {
            return self.drops.add(DropReason::Throttled, 1);
        }
        let slot = self.slots.at(key);
        if let Some(flow) = slot.and_then(|slot| slot.wanted.or(slot.flow))
            && self.want_keyframe(now, flow) == Wish::Covered
        {
            self.drops.add(DropReason::Throttled, 1);
        }
    }

    /// Another worker, to which this one relays a track, needs a keyframe of it.
    pub fn handle_relayed_keyframe_request(&mut self, now: Time, track: TrackId, layer: u8) {
        if let Some(ingress) = self.tracks.get(&track).copied() {
            self.want_keyframe(now, Flow { ingress, layer });
        }
    }

    /// A slot needs a keyframe of this layer: the publisher gets one request for all.
    pub(crate) fn want_keyframe(&mut self, now: Time, of: Flow) -> Wish {
        let interval = self.config.keyframe_interval;
        let ingress = self.ingresses.at_mut(of.ingress);
        let ingress = ingress.filter(|ingress| ingress.kind.media() == Media::Video);
        let layer = ingress.and_then(|on| on.layers.get_mut(usize::from(of.layer)));
        let wish = layer.map_or(Wish::Covered, |layer| layer.keyframes.want(now, interval));
        if wish == Wish::Ask {
            self.ask_keyframe(of);
        }
        wish
    }

    fn retry_keyframe(&mut self, now: Time, of: Flow) {
        let (interval, retry) = (self.config.keyframe_interval, self.config.keyframe_retry);
        let slots = &self.slots;
        let ingress = self.ingresses.at_mut(of.ingress);
        let layer = ingress.and_then(|on| on.layers.get_mut(usize::from(of.layer)));
        let Some(layer) = layer else {
            return;
        };
        let listeners = &layer.listeners;
        let waits = |key: &u32| slots.at(*key).is_some_and(|slot| slot.awaits(of));
        let waited_for = || listeners.iter().any(waits);
        if layer.keyframes.tick(now, waited_for, interval, retry) == Wish::Ask {
            self.ask_keyframe(of);
        }
    }

    fn ask_keyframe(&mut self, of: Flow) {
        if let Some(ingress) = self.ingresses.at_mut(of.ingress) {
            ingress.counts.keyframe_requests += 1;
            self.events.push(ForwardEvent::KeyframeRequest {
                ingress: crate::IngressId(of.ingress),
                track: ingress.track,
                layer: of.layer,
                relayed: ingress.relayed,
            });
        }
    }

    /// Tells which layers somebody here wants: more at once, fewer after a while.
    fn tell_wanted(&mut self, now: Time, key: u32) {
        let Some(ingress) = self.ingresses.at_mut(key) else {
            return;
        };
        if ingress.kind.media() == Media::Audio || ingress.route.is_none() {
            return;
        }
        if mem::take(&mut ingress.wanted.stale) {
            ingress.wanted.layers = wanted_layers(ingress, &self.slots);
        }
        let wanted = &mut ingress.wanted;
        let told = wanted.told.unwrap_or_default();
        let tell = if wanted.told.is_none() || wanted.layers & !told != 0 {
            true
        } else if wanted.layers != told {
            let since = *wanted.fewer_since.get_or_insert(now);
            now.since(since) >= FEWER_AFTER
        } else {
            wanted.fewer_since = None;
            false
        };
        if tell {
            wanted.told = Some(wanted.layers);
            wanted.fewer_since = None;
            let (track, layers) = (ingress.track, wanted.layers);
            let event = MediaEvent::LayersWanted { track, layers };
            self.events.push(ForwardEvent::Media(event));
        }
    }
}

/// One bit for each layer that is some slot's target. A layer that flows only because the target is not live
/// counts too: a layer without demand would never come back.
fn wanted_layers(ingress: &Ingress, slots: &Slab<Slot>) -> u8 {
    let count = ingress.layers.len().max(ingress.rates.all().len());
    let top = (count - 1) as u8;
    let mut wanted = 0;
    for slot in ingress.attached.iter().filter_map(|key| slots.at(*key)) {
        let (SlotSource::Open { flow }, LayerTarget::Layer { encoding, .. }) =
            (slot.source, slot.target)
        else {
            continue;
        };
        let target = encoding.min(top);
        wanted |= 1 << target;
        if ingress.is_simulcast() {
            wanted |= 1 << slot.flow.unwrap_or(flow).layer.min(top);
        } else {
            // Spatial layers stand on those below them.
            wanted |= (1 << target) - 1;
        }
    }
    wanted
}
