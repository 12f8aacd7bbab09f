//! Media in a world: the clients' packets, their way, and the oracle that checks every packet which reaches a
//! subscriber.

use std::rc::Rc;
use std::time::Duration;

use sideroom_forward::PacketKind;
use sideroom_route::{SlotId, Time, TrackKind};

use crate::model::Picture;
use crate::packet::{Draft, Tag};
use crate::plane::{Item, Plane, TransportId};
use crate::sink::{Delivery, Relay};
use crate::step::{Violation, ensure};
use crate::world::World;

/// Clients that send in one step.
const SENDERS: u64 = 3;

impl World {
    /// Some clients send, whether they may or not, until `until`.
    pub(crate) fn send_media(&mut self, until: Time) {
        let span = until.since(self.now).as_micros() as u64;
        let span = span.min(200_000);
        let ids: Vec<TransportId> = self.plane.transports.keys().copied().collect();
        for _ in 0..=self.chance.below(SENDERS) {
            let Some(id) = self.chance.pick(&ids).copied() else {
                return;
            };
            let sent = self.now + Duration::from_micros(self.chance.below(span + 1));
            let index = self.chance.below(4) as usize;
            for _ in 0..=self.chance.below(3) {
                let keyframe = self.chance.happens(0.7);
                let draft = self.plane.draft(id, index, keyframe);
                let Some(draft) = draft else {
                    break;
                };
                if self.chance.happens(0.05) {
                    continue;
                }
                let jitter = if self.chance.happens(0.15) {
                    40_000
                } else {
                    1_000
                };
                let copies = 1 + u64::from(self.chance.happens(0.03));
                for _ in 0..copies {
                    let at = sent + Duration::from_micros(self.chance.below(jitter));
                    self.plane.push(at, Item::Inbound(id, draft));
                }
            }
        }
    }

    /// A publisher's packet reaches its worker.
    pub(crate) fn come_in(&mut self, id: TransportId, draft: Draft) -> Result<(), Violation> {
        let Some((transport, ingress, track)) = self.plane.ingress(id, draft.kind) else {
            return Ok(());
        };
        let (publisher, index) = (transport.participant, transport.worker);
        let epoch = self.plane.epoch(index);
        let picture = self.history.at(epoch);
        let tag = Tag {
            publisher,
            kind: draft.kind,
            track,
            grouping: picture.map_or(0, |it| it.grouping(publisher, draft.kind)),
            epoch: epoch.0,
            serial: draft.serial,
        };
        let plane = &mut self.plane;
        draft.complete(&tag, &mut plane.writer, &mut plane.bytes);
        if let Some(worker) = plane.workers.get_mut(index) {
            let (bytes, sink) = (&plane.bytes, &mut plane.sink);
            worker
                .forwarder
                .handle_rtp(self.now, ingress, 0, bytes, sink);
        }
        self.look_at_output(index)
    }

    /// A packet comes from the other worker.
    pub(crate) fn come_over(&mut self, index: usize, relay: &Relay) -> Result<(), Violation> {
        let plane = &mut self.plane;
        if let Some(worker) = plane.workers.get_mut(index) {
            let (track, since) = (relay.track, relay.since);
            let sink = &mut plane.sink;
            let forwarder = &mut worker.forwarder;
            forwarder.handle_relay(self.now, track, since, relay.layer, &relay.bytes, sink);
        }
        self.look_at_output(index)
    }

    /// Sends relayed packets on their way, and looks at each packet that left for a subscriber.
    pub(crate) fn look_at_output(&mut self, index: usize) -> Result<(), Violation> {
        let relays = std::mem::take(&mut self.plane.sink.relays);
        for relay in relays {
            self.pass_on(relay);
        }
        let mut deliveries = std::mem::take(&mut self.plane.sink.deliveries);
        if !deliveries.is_empty() {
            let epoch = self.plane.epoch(index);
            let picture = self.history.at(epoch).cloned();
            let picture = picture.ok_or_else(|| {
                Violation::new("answered", format!("packets of epoch {epoch} leave"))
            })?;
            for delivery in &deliveries {
                self.check_delivery(index, &picture, delivery)?;
            }
        }
        deliveries.clear();
        self.plane.sink.deliveries = deliveries;
        Ok(())
    }

    fn pass_on(&mut self, relay: Relay) {
        if self.quiet.is_some() {
            let item = Item::Relayed(usize::from(relay.to.0), Rc::new(relay));
            return self.plane.push(self.now, item);
        }
        if self.chance.happens(0.03) {
            return;
        }
        let slow = if self.chance.happens(0.1) {
            50_000
        } else {
            2_000
        };
        let copies = 1 + u64::from(self.chance.happens(0.02));
        let relay = Rc::new(relay);
        for _ in 0..copies {
            let at = self.now + Duration::from_micros(self.chance.below(slow));
            let to = usize::from(relay.to.0);
            self.plane.push(at, Item::Relayed(to, Rc::clone(&relay)));
        }
    }

    /// The oracle: every packet that reaches a subscriber is allowed to, by its worker's table.
    fn check_delivery(
        &mut self,
        index: usize,
        picture: &Picture,
        delivery: &Delivery,
    ) -> Result<(), Violation> {
        let known = self.plane.subscribers.get(&(index, delivery.to));
        let to = known.and_then(|id| self.plane.transports.get_mut(id));
        let Some(to) = to else {
            return Err(Violation::new("subscriber gone", format!("{delivery:?}")));
        };
        let Some(tag) = delivery.tag else {
            let ours = matches!(delivery.kind, PacketKind::Padding | PacketKind::Silence);
            return ensure(ours, "payload", || format!("{delivery:?}"));
        };
        let subscriber = to.participant;
        let told = |why: &str| format!("{subscriber} at w{index} got {delivery:?}: {why}");
        ensure(delivery.track == Some(tag.track), "payload", || {
            told("another track")
        })?;
        if let Err(refusal) = picture.allows(subscriber, tag.publisher, tag.kind) {
            return Err(Violation::new(oracle_of(refusal), told(refusal)));
        }
        let grouping = picture.grouping(tag.publisher, tag.kind);
        ensure(tag.grouping == grouping, "earlier grouping", || {
            told(&format!("the grouping is {grouping}"))
        })?;
        let media = tag.kind.media();
        let slots = picture
            .person(subscriber)
            .map_or(0, |it| it.slots_of(media));
        let SlotId { media: of, index } = delivery.slot;
        ensure(of == media && usize::from(index) < slots, "slots", || {
            told("no such slot")
        })?;
        to.hear(delivery);
        self.coverage.delivered += 1;
        self.coverage.resent += u64::from(delivery.kind == PacketKind::Rtx);
        if let Some(heard) = &mut self.quiet {
            heard.insert((subscriber, tag.publisher, tag.kind));
        }
        Ok(())
    }

    /// A client asks for packets that it has seen before, old ones too.
    pub(crate) fn ask_again_for_packets(&mut self) -> Result<(), Violation> {
        let ids: Vec<TransportId> = self.plane.transports.keys().copied().collect();
        for _ in 0..4 {
            let Some(id) = self.chance.pick(&ids) else {
                return Ok(());
            };
            let Some(transport) = self.plane.transports.get(id) else {
                return Ok(());
            };
            let (index, subscriber) = (transport.worker, transport.subscriber);
            let heard: Vec<_> = transport.heard.iter().copied().collect();
            let Some((ssrc, number)) = self.chance.pick(&heard).copied() else {
                continue;
            };
            let lost = (0..4).map(|more| number.wrapping_add(more));
            if let Some(worker) = self.plane.workers.get_mut(index) {
                let (now, sink) = (self.now, &mut self.plane.sink);
                worker
                    .forwarder
                    .handle_nack(now, subscriber, ssrc, lost, sink);
            }
            self.look_at_output(index)?;
        }
        Ok(())
    }
}

impl Plane {
    /// The next packet of a client's `index`-th source.
    pub(crate) fn draft(&mut self, id: TransportId, index: usize, keyframe: bool) -> Option<Draft> {
        let transport = self.transports.get_mut(&id)?;
        let count = transport.sources.len();
        let source = transport.sources.get_mut(index % count.max(1))?;
        source.serial += 1;
        Some(Draft {
            kind: source.kind,
            ssrc: source.ssrc,
            serial: source.serial,
            keyframe: keyframe && source.kind != TrackKind::Audio,
        })
    }
}

/// The name of the oracle that refuses so.
fn oracle_of(refusal: &str) -> &'static str {
    match refusal {
        "another group" => "isolation",
        "the parent gate is shut" => "gate",
        "the track is muted" => "mute",
        "the kind is not carried there" => "media flags",
        "the publisher is not among the talkers" => "talkers",
        _ => "presence",
    }
}
