//! Read-only view of the forwarder: events, counters, rates, the table, flowing sources.

use sideroom_route::{Media, RoomId, RoutePlan, SlotId, TrackId};

use crate::counts::{DropCounts, SlotCounts, TrackCounts};
use crate::event::ForwardEvent;
use crate::rate::LayerRate;
use crate::{Forwarder, IngressId, SubscriberId};

impl Forwarder {
    /// The next event.
    pub fn poll_event(&mut self) -> Option<ForwardEvent> {
        self.events.poll()
    }

    /// Packets dropped since the beginning, by reason.
    pub fn drops(&self) -> &DropCounts {
        &self.drops
    }

    /// Events lost because the queue was full.
    pub fn lost_events(&self) -> u64 {
        self.events.lost()
    }

    /// The table of a room as it is applied.
    pub fn plan(&self, room: RoomId) -> Option<&RoutePlan> {
        self.rooms.get(&room)
    }

    pub fn ingress_of(&self, track: TrackId) -> Option<IngressId> {
        self.tracks.get(&track).copied().map(IngressId)
    }

    /// The measured rate of each layer of a track: simulcast encodings or, inside a single stream,
    /// spatial layers.
    pub fn layer_rates(&self, track: TrackId) -> &[LayerRate] {
        let ingress = self.tracks.get(&track);
        let ingress = ingress.and_then(|key| self.ingresses.at(*key));
        ingress.map_or(&[], |ingress| ingress.rates.all())
    }

    /// Packets and bytes in and out of a track.
    pub fn track_counts(&self, track: TrackId) -> Option<TrackCounts> {
        let ingress = self.ingresses.at(*self.tracks.get(&track)?)?;
        let mut counts = ingress.counts;
        let attached = ingress.attached.len() as u32;
        counts.routes_open = attached.saturating_sub(counts.routes_shut);
        Some(counts)
    }

    /// Packets and bytes that a slot sent.
    pub fn slot_counts(&self, subscriber: SubscriberId, slot: SlotId) -> Option<SlotCounts> {
        let key = self.subscribers.at(subscriber.0)?.slot(slot)?;
        Some(self.slots.at(key)?.counts)
    }

    /// The track that flows in a slot now, and its layer: the receiver's view, not the table's.
    pub fn flowing(&self, subscriber: SubscriberId, slot: SlotId) -> Option<(TrackId, u8)> {
        let key = self.subscribers.at(subscriber.0)?.slot(slot)?;
        let flow = self.slots.at(key)?.flow?;
        Some((self.ingresses.at(flow.ingress)?.track, flow.layer))
    }

    /// True if a packet of this layer would be of use: somebody listens, another worker wants it, or its
    /// audio level counts.
    pub fn wants(&self, ingress: IngressId, layer: u8) -> bool {
        self.ingresses.at(ingress.0).is_some_and(|from| {
            let on = from.layers.get(usize::from(layer));
            from.route.is_some()
                && (from.kind.media() == Media::Audio
                    || !from.relays.is_empty()
                    || on.is_some_and(|layer| !layer.listeners.is_empty()))
        })
    }
}
