//! The forwarder, and the way of a packet through it.

use std::mem;

use sideroom_route::{
    DropReason, Epoch, ParticipantId, RoomId, RoutePlan, Time, TrackId, WorkerId,
};

use crate::counts::DropCounts;
use crate::emit::SourcePacket;
use crate::event::Events;
use crate::header::Composer;
use crate::ids::IdMap;
use crate::ingress::{Accepted, Ingress};
use crate::packet::{IncomingPacket, Start};
use crate::publisher_clocks::PublisherClocks;
use crate::slab::Slab;
use crate::slot::{Flow, Slot, Verdict};
use crate::subscriber::Subscriber;
use crate::talkers::{Candidate, Talkers};
use crate::waiting::WaitingSlots;
use crate::{Egress, ForwardConfig, IngressId};

/// Prefetch distances, in listeners: for a slot, and for the memory behind the slot. About as long as
/// memory takes to answer.
const AHEAD: [usize; 2] = [4, 2];

/// Forwards the packets of one worker: all its rooms.
///
/// Events are polled with [`poll_event`](Self::poll_event) after every call; the next call of
/// [`handle_timeout`](Self::handle_timeout) is due at [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Forwarder {
    pub(crate) config: ForwardConfig,
    pub(crate) ingresses: Slab<Ingress>,
    pub(crate) subscribers: Slab<Subscriber>,
    pub(crate) slots: Slab<Slot>,
    /// The ingress of each track. While a publisher reconnects a track may have two: this is the newest.
    pub(crate) tracks: IdMap<TrackId, u32>,
    /// The subscriber of each participant: the newest, likewise.
    pub(crate) participants: IdMap<ParticipantId, u32>,
    pub(crate) rooms: IdMap<RoomId, RoutePlan>,
    pub(crate) relays: IdMap<TrackId, Vec<WorkerId>>,
    /// Slots that are routed to tracks without a source here.
    pub(crate) waiting: WaitingSlots,
    pub(crate) clocks: PublisherClocks,
    pub(crate) talkers: Talkers,
    pub(crate) events: Events,
    pub(crate) drops: DropCounts,
    pub(crate) composer: Composer,
    pub(crate) next_tick: Time,
    /// The latest time passed in.
    pub(crate) latest: Time,
    /// Counts rounds of re-listing; see `listing`.
    pub(crate) stamp: u64,
    /// Kept from call to call, so that they need no allocation.
    pub(crate) touched: Vec<u32>,
    pub(crate) affected: Vec<u32>,
    /// Audio slots that lost their source, until `send_silence`, and when it may go on.
    pub(crate) ended: Vec<u32>,
    pub(crate) next_silence: Time,
    pub(crate) candidates: Vec<Candidate>,
}

impl Forwarder {
    /// A forwarder without tracks and subscribers.
    pub fn new(config: ForwardConfig) -> Self {
        Self {
            ingresses: Slab::default(),
            subscribers: Slab::default(),
            slots: Slab::default(),
            tracks: IdMap::default(),
            participants: IdMap::default(),
            rooms: IdMap::default(),
            relays: IdMap::default(),
            waiting: WaitingSlots::default(),
            clocks: PublisherClocks::default(),
            talkers: Talkers::new(config.talkers_interval),
            events: Events::new(config.max_events),
            drops: DropCounts::default(),
            composer: Composer::new(),
            next_tick: Time::ZERO,
            latest: Time::ZERO,
            stamp: 0,
            touched: Vec::new(),
            affected: Vec::new(),
            ended: Vec::new(),
            next_silence: Time::ZERO,
            candidates: Vec::new(),
            config,
        }
    }

    /// A decrypted packet of a publisher on this worker. Retransmissions come in the form of the packet
    /// that they repeat.
    #[expect(clippy::too_many_arguments, reason = "each is of another kind")]
    pub fn handle_rtp<E: Egress>(
        &mut self,
        now: Time,
        ingress: IngressId,
        layer: u8,
        packet: &[u8],
        out: &mut E,
    ) {
        self.observe(now);
        let Some(from) = self.ingresses.at_mut(ingress.0) else {
            return self.drops.add(DropReason::UnknownTrack, 1);
        };
        let Accepted { arrived, woke } = match from.accept(now, layer, packet) {
            Ok(accepted) => accepted,
            Err(reason) => return self.drops.add(reason, 1),
        };
        let Some(route) = from.route else {
            return self.drops.add(DropReason::NotRouted, 1);
        };
        for worker in &from.relays {
            from.counts.packets_relayed += 1;
            out.relay(*worker, from.track, route.since, layer, packet);
        }
        if woke {
            self.settle_layers(now, ingress.0);
        }
        let here = Flow {
            ingress: ingress.0,
            layer,
        };
        let missed = self.fan_out(now, here, &arrived, out);
        if arrived.peek.keyframe {
            self.pass_keyframe(now, here, missed);
        }
    }

    /// A keyframe went out. `missed`: there is a slot that could not begin with it.
    #[cold]
    fn pass_keyframe(&mut self, now: Time, here: Flow, missed: bool) {
        let from = self.ingresses.at_mut(here.ingress);
        if let Some(layer) = from.and_then(|from| from.layers.get_mut(usize::from(here.layer))) {
            layer.keyframes.passed();
        }
        if missed {
            self.want_keyframe(now, here);
        }
    }

    /// A packet that another worker relayed, sent there under the grouping of its track that began at
    /// `since`. Under any other grouping it is dropped.
    #[expect(clippy::too_many_arguments, reason = "each is of another kind")]
    pub fn handle_relay<E: Egress>(
        &mut self,
        now: Time,
        track: TrackId,
        since: Epoch,
        layer: u8,
        packet: &[u8],
        out: &mut E,
    ) {
        let ingress = self.tracks.get(&track).copied();
        let Some((key, from)) = ingress.and_then(|key| Some((key, self.ingresses.at(key)?))) else {
            return self.drops.add(DropReason::UnknownTrack, 1);
        };
        match from.route {
            Some(route) if route.since == since => {
                self.handle_rtp(now, IngressId(key), layer, packet, out);
            }
            Some(_) => self.drops.add(DropReason::StaleEpoch, 1),
            None => self.drops.add(DropReason::NotRouted, 1),
        }
    }

    /// Sends a packet to every listener of the layer. Other slots cost nothing: those behind a shut gate, and
    /// those that carry another layer, are counted as sums. True if a slot could not begin.
    #[inline]
    fn fan_out<E: Egress>(
        &mut self,
        now: Time,
        here: Flow,
        arrived: &IncomingPacket<'_>,
        out: &mut E,
    ) -> bool {
        let Some(from) = self.ingresses.at_mut(here.ingress) else {
            return false;
        };
        let mut held = 0;
        for (reason, slots) in &from.shut {
            held += slots;
            self.drops.add(*reason, u64::from(*slots));
        }
        from.counts.packets_gated += u64::from(held);
        let open = from.attached.len().saturating_sub(held as usize);
        let Some(layer) = from.layers.get_mut(usize::from(here.layer)) else {
            return false;
        };
        let elsewhere = open.saturating_sub(layer.listeners.len());
        self.drops
            .add(DropReason::LayerNotSelected, elsewhere as u64);
        if layer.listeners.is_empty() {
            return false;
        }
        layer.ring.keep(now, arrived.number, arrived.bytes);
        let track = from.track;
        let mut sent = 0;
        let (mut switched, mut missed) = (false, false);
        for (at, key) in layer.listeners.iter().enumerate() {
            prefetch(&self.slots, &layer.listeners, at);
            let Some(slot) = self.slots.at_mut(*key) else {
                continue;
            };
            match slot.admit(now, here, arrived) {
                Verdict::Send {
                    number,
                    shift,
                    marker,
                    switched: new,
                } => {
                    let leaving = SourcePacket {
                        track,
                        arrived,
                        number,
                        shift,
                        marker,
                    };
                    self.composer.send(slot, &leaving, out);
                    sent += 1;
                    if new {
                        switched = true;
                        self.touched.push(*key);
                    }
                }
                Verdict::Fill { number } => self.composer.fill(slot, arrived, number, out),
                Verdict::Drop(reason) => {
                    missed |= reason == DropReason::AwaitingKeyframe;
                    self.drops.add(reason, 1);
                }
            }
        }
        from.counts.packets_out += sent;
        if switched {
            self.finish_switches(now, here, arrived, out);
        }
        missed
    }

    /// Slots that began with this packet get the packets that overtook it, and leave the list of their former
    /// layer.
    #[cold]
    fn finish_switches<E: Egress>(
        &mut self,
        now: Time,
        here: Flow,
        arrived: &IncomingPacket<'_>,
        out: &mut E,
    ) {
        let mut touched = mem::take(&mut self.touched);
        if let Start::CatchUp { to } = arrived.start {
            for number in arrived.number + 1..=to {
                self.catch_up(now, here, number, &touched, out);
            }
        }
        self.relist(&mut touched);
        touched.clear();
        self.touched = touched;
    }

    /// Sends a packet of the ring to slots that have just begun.
    #[expect(clippy::too_many_arguments, reason = "each is of another kind")]
    fn catch_up<E: Egress>(
        &mut self,
        now: Time,
        here: Flow,
        number: u64,
        slots: &[u32],
        out: &mut E,
    ) {
        let Some(from) = self.ingresses.at(here.ingress) else {
            return;
        };
        let layer = from.layers.get(usize::from(here.layer));
        let packet = layer.and_then(|layer| layer.ring.fetch(now, number));
        let Some(arrived) = packet.and_then(|packet| from.reread(packet, number)) else {
            return;
        };
        let mut sent = 0;
        for key in slots {
            let Some(slot) = self.slots.at_mut(*key) else {
                continue;
            };
            match slot.admit(now, here, &arrived) {
                Verdict::Send {
                    number,
                    shift,
                    marker,
                    switched: _,
                } => {
                    let leaving = SourcePacket {
                        track: from.track,
                        arrived: &arrived,
                        number,
                        shift,
                        marker,
                    };
                    self.composer.send(slot, &leaving, out);
                    sent += 1;
                }
                Verdict::Fill { .. } => {}
                Verdict::Drop(reason) => self.drops.add(reason, 1),
            }
        }
        if let Some(from) = self.ingresses.at_mut(here.ingress) {
            from.counts.packets_out += sent;
        }
    }
}

/// Asks for the slots of the listeners that come after number `at`.
#[inline]
fn prefetch(slots: &Slab<Slot>, listeners: &[u32], at: usize) {
    let [first, then] = AHEAD;
    slots.prefetch(listeners, at + first);
    if let Some(slot) = listeners.get(at + then).and_then(|soon| slots.at(*soon)) {
        slot.rewriter.prefetch();
    }
}
