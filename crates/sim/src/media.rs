//! Media in a world: the clients' packets, their way, and the oracle that checks every packet which reaches a
//! subscriber.

use std::time::Duration;

use sideroom_forward::PacketKind;
use sideroom_route::{SlotId, Time, TrackKind};

use crate::model::Picture;
use crate::packet::{Draft, Tag};
use crate::plane::{Item, Outgoing, Plane, TransportId, Worker};
use crate::sink::Delivery;
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

    /// Delivers a publisher's packet to the worker.
    pub(crate) fn come_in(&mut self, id: TransportId, draft: Draft) -> Result<(), Violation> {
        let Some((transport, ingress, track)) = self.plane.ingress(id, draft.kind) else {
            return Ok(());
        };
        let (publisher, index) = (transport.participant, transport.worker);
        if let Some(worker) = self.plane.workers.get_mut(index) {
            if let Some(backlog) = &mut worker.backlog {
                backlog.push_back(Item::Inbound(id, draft));
                return Ok(());
            }
            if worker.is_dead {
                return Ok(());
            }
        }
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

    /// Sends a worker's messages on their way, and looks at each packet that left for a subscriber.
    pub(crate) fn look_at_output(&mut self, index: usize) -> Result<(), Violation> {
        let relays = std::mem::take(&mut self.plane.sink.relays);
        self.carry(index, Outgoing(relays));
        self.take_notices(index);
        let mut deliveries = std::mem::take(&mut self.plane.sink.deliveries);
        let worker = self.plane.workers.get(index);
        if worker.is_some_and(|worker| worker.is_fenced) {
            self.coverage.fenced += deliveries.len() as u64;
            deliveries.clear();
        }
        // Silence of the server's own is nobody's.
        if deliveries.iter().any(|delivery| delivery.tag.is_some()) {
            let epoch = self.plane.epoch(index);
            let answered = self.plane.answered;
            let picture = self.history.at(epoch).cloned();
            let picture = picture.filter(|_| epoch >= answered).ok_or_else(|| {
                let told = format!("packets of epoch {epoch} leave w{index} after {answered}");
                Violation::new("answered", told)
            })?;
            for delivery in &deliveries {
                self.check_delivery(index, &picture, delivery)?;
            }
        }
        deliveries.clear();
        self.plane.sink.deliveries = deliveries;
        Ok(())
    }

    /// The oracle: the worker's table allows every packet that reaches a subscriber.
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

    /// Clients send NACKs for packets that they have seen before, old ones included.
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
            let goes = |worker: &Worker| !worker.is_dead && worker.backlog.is_none();
            if !self.plane.workers.get(index).is_some_and(goes) {
                continue;
            }
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
            shift: source.shift,
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
