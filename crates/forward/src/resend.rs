//! Answers NACKs out of the rings as far as that is of use, and sends padding to probe with.

use sideroom_route::{DropReason, Media, Time};

use crate::emit::SourcePacket;
use crate::history::Fate;
use crate::slot::SlotSource;
use crate::{Egress, Forwarder, SubscriberId};

impl Forwarder {
    /// Answers a subscriber's NACK (RFC 4585 section 6.2.1) for a slot's stream: packets that are still in
    /// the ring go out again on the slot's RTX stream. After a move, earlier packets are not available.
    #[expect(clippy::too_many_arguments, reason = "each is of another kind")]
    pub fn handle_nack<E: Egress>(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        ssrc: u32,
        lost: impl Iterator<Item = u16>,
        out: &mut E,
    ) {
        let held = self.subscribers.at(subscriber.0);
        let Some(key) = held.and_then(|held| held.slot_of_ssrc(ssrc)) else {
            return self.drops.add(DropReason::UnknownSsrc, 1);
        };
        for sequence in lost {
            if let Err(reason) = self.resend(now, (subscriber, key), sequence, out) {
                self.drops.add(reason, 1);
            }
        }
    }

    fn resend<E: Egress>(
        &mut self,
        now: Time,
        (subscriber, key): (SubscriberId, u32),
        sequence: u16,
        out: &mut E,
    ) -> Result<(), DropReason> {
        const GONE: DropReason = DropReason::NotInRing;
        let slot = self.slots.at_mut(key).ok_or(GONE)?;
        let Some(flow) = slot.flow else {
            return Err(match slot.source {
                SlotSource::Shut { reason, .. } => reason,
                SlotSource::Empty | SlotSource::Open { .. } => GONE,
            });
        };
        if slot.rtx_ssrc.is_none() {
            return Err(GONE);
        }
        let (number, entry) = slot.rewriter.recall(sequence).ok_or(GONE)?;
        if entry.fate == Fate::Filled {
            return Err(GONE);
        }
        let too_soon =
            u128::from(entry.since_resent_ms(now)) < self.config.resend_after.as_millis();
        if entry.resends >= self.config.max_resends || entry.resends > 0 && too_soon {
            return Err(DropReason::Throttled);
        }
        let entry = *entry;
        if entry.layer != flow.layer {
            // The picture went on with another layer's keyframe, so earlier packets are useless.
            return Err(GONE);
        }
        let source = slot.rewriter.source_of(entry.source);
        let from = self.ingresses.at(flow.ingress).ok_or(GONE)?;
        let layer = from.layers.get(usize::from(entry.layer)).ok_or(GONE)?;
        let packet = layer.ring.fetch(now, source).ok_or(GONE)?;
        let arrived = from.reread(packet, source).ok_or(GONE)?;
        let marker = match entry.fate {
            Fate::Sent { marker } => marker,
            // The ring has it although it was never sent: it overtook the keyframe's first packet.
            Fate::Awaited | Fate::Filled => arrived.marker,
        };
        if arrived.payload.is_empty() {
            return Err(GONE);
        }
        let to = self.subscribers.at_mut(subscriber.0).ok_or(GONE)?;
        if !slot.resends.take(now, self.config.slot_resends)
            || !to.resends.take(now, self.config.subscriber_resends)
        {
            return Err(DropReason::Throttled);
        }
        let leaving = SourcePacket {
            track: from.track,
            arrived: &arrived,
            number,
            shift: entry.shift,
            marker,
        };
        if !self.composer.resend(slot, &leaving, out) {
            return Err(GONE);
        }
        if let Some((_, entry)) = slot.rewriter.recall(sequence) {
            entry.fate = Fate::Sent { marker };
            entry.resend(now);
        }
        Ok(())
    }

    /// Starts a subscriber anew after a long outage: asks for keyframes, and sends no earlier packets
    /// again.
    #[cold]
    pub fn restart_subscriber(&mut self, now: Time, subscriber: SubscriberId) {
        let Some(to) = self.subscribers.at(subscriber.0) else {
            return;
        };
        let keys: Vec<u32> = to.slots.iter().map(|held| held.key).collect();
        for key in keys {
            let slot = self.slots.at_mut(key);
            let Some(slot) = slot.filter(|slot| slot.id.media == Media::Video) else {
                continue;
            };
            slot.rewriter.forget();
            if let Some(flow) = slot.wanted.or(slot.flow) {
                self.want_keyframe(now, flow);
            }
        }
    }

    /// Sends about `bytes` of padding on the RTX stream of one of the subscriber's slots, as a probe for
    /// bandwidth. Returns the bytes sent: 0 if no slot has sent anything yet, or none has an RTX stream.
    pub fn send_padding<E: Egress>(
        &mut self,
        now: Time,
        subscriber: SubscriberId,
        bytes: usize,
        out: &mut E,
    ) -> usize {
        let Some(to) = self.subscribers.at(subscriber.0) else {
            return 0;
        };
        let usable = |key: u32, media: Option<Media>| {
            self.slots.at(key).is_some_and(|slot| {
                slot.rtx_ssrc.is_some()
                    && slot.counts.packets > 0
                    && media.is_none_or(|media| slot.id.media == media)
            })
        };
        let find = |media| to.slots.iter().find(|held| usable(held.key, media));
        let Some(held) = find(Some(Media::Video)).or_else(|| find(None)) else {
            return 0;
        };
        let Some(slot) = self.slots.at_mut(held.key) else {
            return 0;
        };
        let timestamp = slot.rewriter.clock(now);
        let mut sent = 0;
        while sent < bytes {
            match self.composer.probe(slot, timestamp, out) {
                Some(len) => sent += len,
                None => break,
            }
        }
        sent
    }
}
