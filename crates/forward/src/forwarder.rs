//! The forwarder (signatures; the bodies follow).

use sideroom_route::{
    Epoch, OutOfOrder, RoomId, RoutePlan, RouteUpdate, SlotId, Time, TrackId, WorkerId,
};

use crate::counts::{DropCounts, SlotCounts, TrackCounts};
use crate::event::{Events, ForwardEvent};
use crate::{
    Egress, ForwardConfig, IngressConfig, IngressId, LayerTarget, SlotConfig, SubscriberConfig,
    SubscriberId,
};

/// Simulcast encodings, or spatial layers inside one stream, at most.
pub const MAX_LAYERS: usize = 4;
/// Temporal layers at most.
pub const MAX_TEMPORAL: usize = 4;

/// What a sender report for a slot says (RFC 3550 section 6.4.1).
pub type SenderReport = sideroom_rtp::rtcp::SenderInfo;

/// The measured rate of one encoding (or spatial layer).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LayerRate {
    /// Bits a second of each temporal layer alone: sum them up to what a target includes.
    pub bps: [u64; MAX_TEMPORAL],
    /// Packets of it came in recently.
    pub live: bool,
}

/// Forwards the packets of one worker: all its rooms.
#[derive(Debug)]
pub struct Forwarder {
    events: Events,
    drops: DropCounts,
}

#[allow(unused_variables, missing_docs, clippy::too_many_arguments)]
impl Forwarder {
    pub fn new(config: ForwardConfig) -> Self {
        Self {
            events: Events::new(config.max_events),
            drops: DropCounts::default(),
        }
    }
    pub fn add_ingress(&mut self, config: IngressConfig) -> IngressId {
        IngressId(0)
    }
    pub fn add_relayed_ingress(&mut self, config: IngressConfig) -> IngressId {
        IngressId(0)
    }
    pub fn remove_ingress(&mut self, ingress: IngressId) {}
    pub fn ingress_of(&self, track: TrackId) -> Option<IngressId> {
        None
    }
    pub fn add_subscriber(&mut self, config: SubscriberConfig) -> SubscriberId {
        SubscriberId(0)
    }
    /// False if there is no such subscriber.
    pub fn add_slot(&mut self, now: Time, subscriber: SubscriberId, config: SlotConfig) -> bool {
        false
    }
    pub fn remove_subscriber(&mut self, subscriber: SubscriberId) {}
    pub fn set_relays(&mut self, track: TrackId, workers: &[WorkerId]) {}
    pub fn apply(&mut self, now: Time, update: &RouteUpdate) -> Result<(), OutOfOrder> {
        Ok(())
    }
    pub fn apply_full(&mut self, now: Time, plan: &RoutePlan) {}
    pub fn remove_room(&mut self, room: RoomId) {}
    pub fn plan(&self, room: RoomId) -> Option<&RoutePlan> {
        None
    }
    pub fn handle_rtp<E: Egress>(
        &mut self,
        now: Time,
        ingress: IngressId,
        layer: u8,
        packet: &[u8],
        out: &mut E,
    ) {
    }
    pub fn handle_relay<E: Egress>(
        &mut self,
        now: Time,
        track: TrackId,
        since: Epoch,
        layer: u8,
        packet: &[u8],
        out: &mut E,
    ) {
    }
    pub fn handle_nack<E: Egress>(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        ssrc: u32,
        lost: impl Iterator<Item = u16>,
        out: &mut E,
    ) {
    }
    /// Sends padding for about so many bytes on some slot's RTX stream; the bytes that were sent.
    pub fn send_padding<E: Egress>(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        bytes: usize,
        out: &mut E,
    ) -> usize {
        0
    }
    pub fn handle_keyframe_request(&mut self, now: Time, subscriber: SubscriberId, ssrc: u32) {}
    pub fn handle_relayed_keyframe_request(&mut self, now: Time, track: TrackId, layer: u8) {}
    pub fn handle_sender_report(
        &mut self,
        now: Time,
        ingress: IngressId,
        layer: u8,
        ntp: u64,
        rtp: u32,
    ) {
    }
    pub fn sender_report(
        &self,
        now: Time,
        subscriber: SubscriberId,
        slot: SlotId,
    ) -> Option<SenderReport> {
        None
    }
    pub fn set_layer_target(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        slot: SlotId,
        target: LayerTarget,
    ) {
    }
    pub fn layer_rates(&self, track: TrackId) -> &[LayerRate] {
        &[]
    }
    pub fn poll_event(&mut self) -> Option<ForwardEvent> {
        self.events.poll()
    }
    pub fn poll_timeout(&self) -> Time {
        Time::NEVER
    }
    pub fn handle_timeout(&mut self, now: Time) {}
    pub fn drops(&self) -> &DropCounts {
        &self.drops
    }
    pub fn lost_events(&self) -> u64 {
        self.events.lost()
    }
    pub fn track_counts(&self, track: TrackId) -> Option<TrackCounts> {
        None
    }
    pub fn slot_counts(&self, subscriber: SubscriberId, slot: SlotId) -> Option<SlotCounts> {
        None
    }
}
