//! Sender reports, carried over from the publishers' clocks to the slots' time lines.

use sideroom_route::{SlotId, Time, TrackId, WorkerId};

use crate::ingress::SourceReport;
use crate::{Forwarder, IngressId, SubscriberId};

/// The sender information of a slot's report (RFC 3550 section 6.4.1).
pub type SenderReport = sideroom_rtp::rtcp::SenderInfo;

impl Forwarder {
    /// Handles a publisher's sender report for a layer.
    #[expect(clippy::too_many_arguments, reason = "the fields of a report")]
    pub fn handle_sender_report(
        &mut self,
        now: Time,
        ingress: IngressId,
        layer: u8,
        ntp: u64,
        rtp_timestamp: u32,
    ) {
        let Some(from) = self.ingresses.at_mut(ingress.0) else {
            return;
        };
        let Some(on) = from.layers.get_mut(usize::from(layer)) else {
            return;
        };
        let sent_us = micros_of(ntp);
        on.report = Some(SourceReport {
            sent_us,
            timestamp: rtp_timestamp,
        });
        self.clocks
            .learn(from.publisher, now.as_micros() as i64 - sent_us);
    }

    /// A sender report that another worker relays. All workers of a process have one clock.
    #[expect(clippy::too_many_arguments, reason = "the fields of a report")]
    pub fn handle_relayed_sender_report(
        &mut self,
        now: Time,
        track: TrackId,
        layer: u8,
        ntp: u64,
        rtp_timestamp: u32,
    ) {
        if let Some(key) = self.tracks.get(&track).copied() {
            self.handle_sender_report(now, IngressId(key), layer, ntp, rtp_timestamp);
        }
    }

    /// The track of an ingress, and the workers that it is relayed to.
    pub fn relays_of(&self, ingress: IngressId) -> Option<(TrackId, &[WorkerId])> {
        let from = self.ingresses.at(ingress.0)?;
        Some((from.track, &from.relays))
    }

    /// The report for a slot: our clock's time, and the slot's time stamp for it. `None` while nothing
    /// flows, or nothing is known of the source's clock.
    pub fn sender_report(
        &self,
        now: Time,
        subscriber: SubscriberId,
        slot: SlotId,
    ) -> Option<SenderReport> {
        let key = self.subscribers.at(subscriber.0)?.slot(slot)?;
        let slot = self.slots.at(key)?;
        let flow = slot.flow?;
        let from = self.ingresses.at(flow.ingress)?;
        let report = from.layers.get(usize::from(flow.layer))?.report?;
        let behind_us = self.clocks.behind_us(from.publisher)?;
        let elapsed_us = now.as_micros() as i64 - behind_us - report.sent_us;
        let ticks = elapsed_us.saturating_mul(i64::from(slot.rewriter.clock_rate())) / 1_000_000;
        let source = report.timestamp.wrapping_add(ticks as u32);
        Some(SenderReport {
            ssrc: slot.ssrc,
            ntp: ntp_of(now),
            rtp: source.wrapping_add(slot.rewriter.shift().timestamp),
            packets: slot.counts.packets as u32,
            octets: slot.counts.octets as u32,
        })
    }
}

/// Seconds in the upper half, fractions of a second in the lower.
const fn micros_of(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) * 1_000_000;
    let fraction = ((ntp & 0xffff_ffff) * 1_000_000) >> 32;
    (seconds + fraction) as i64
}

const fn ntp_of(now: Time) -> u64 {
    let (seconds, rest) = (now.as_micros() / 1_000_000, now.as_micros() % 1_000_000);
    (seconds << 32) | ((rest << 32) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_goes_there_and_back() {
        for micros in [0, 1, 999_999, 1_000_000, 1_763_000_000_123_456] {
            let back = micros_of(ntp_of(Time::from_micros(micros)));
            assert!((micros as i64 - back).abs() <= 1, "{micros} became {back}");
        }
    }
}
