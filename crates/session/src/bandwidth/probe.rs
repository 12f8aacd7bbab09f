//! Probes: a short burst of padding at a higher rate than the estimate. If it comes through as fast as it
//! was sent, the path carries that much.

use std::time::Duration;

use sideroom_route::Time;

use super::trend::Usage;

/// How long a burst lasts at the rate that it tries.
const BURST: Duration = Duration::from_millis(20);
/// A burst has at least this many packets, else its rate cannot be measured.
const MIN_PACKETS: u64 = 6;
/// Payload of a padding packet, in bytes.
const PACKET_BYTES: u64 = 240;
/// Rate of a probe, as a multiple of the estimate.
const FACTOR: f64 = 2.0;
/// Between two probes that succeed, and after one that fails.
const NEXT: Duration = Duration::from_millis(600);
const RETRY: Duration = Duration::from_millis(2_500);
/// After a decrease the path is probed again soon.
const RETRY_AFTER_FALL: Duration = Duration::from_millis(1_500);
/// A result that has not come by then is none.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How much of a measured rate is believed.
const BELIEVED: f64 = 0.85;

/// A burst of padding to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// How many bytes.
    pub bytes: u64,
    /// At which rate they try the path.
    pub rate_bps: u64,
}

#[derive(Debug)]
struct Burst {
    first: u64,
    last: u64,
    sent: Time,
    rate_bps: u64,
    bytes: u64,
    packets: u64,
    first_arrived: Option<(i64, u16)>,
    last_arrived: i64,
}

/// Decides when to probe, and evaluates probes.
#[derive(Debug)]
pub(super) struct Prober {
    next: Time,
    asked: Option<u64>,
    burst: Option<Burst>,
    quiet: bool,
}

impl Prober {
    pub(super) fn new(now: Time) -> Self {
        Self {
            next: now + Duration::from_millis(200),
            asked: None,
            burst: None,
            quiet: true,
        }
    }

    pub(super) fn poll(&mut self, now: Time, estimate: u64, wanted: u64) -> Option<Probe> {
        let expired = self
            .burst
            .as_ref()
            .is_some_and(|burst| now.since(burst.sent) > TIMEOUT);
        if expired {
            self.burst = None;
            self.next = now + RETRY;
        }
        if now < self.next || self.burst.is_some() || !self.quiet || wanted <= estimate {
            return None;
        }
        let rate_bps = ((estimate as f64 * FACTOR) as u64).min(wanted + wanted / 4);
        let burst_us = BURST.as_micros() as u64;
        let bytes = (rate_bps * burst_us / 8_000_000).max(MIN_PACKETS * PACKET_BYTES);
        self.asked = Some(rate_bps);
        self.next = now + NEXT;
        Some(Probe { bytes, rate_bps })
    }

    pub(super) fn sent(&mut self, now: Time, first: u64, last: u64) {
        let Some(rate_bps) = self.asked.take() else {
            return;
        };
        self.burst = Some(Burst {
            first,
            last,
            sent: now,
            rate_bps,
            bytes: 0,
            packets: 0,
            first_arrived: None,
            last_arrived: 0,
        });
    }

    pub(super) fn arrived(&mut self, sequence: u64, at: i64, size: u16) {
        let Some(burst) = &mut self.burst else { return };
        if (burst.first..=burst.last).contains(&sequence) {
            burst.first_arrived.get_or_insert((at, size));
            burst.last_arrived = burst.last_arrived.max(at);
            burst.bytes += u64::from(size);
            burst.packets += 1;
        }
    }

    /// The rate that the last probe measured, once most of its packets are accounted for.
    pub(super) fn result(&mut self, now: Time) -> Option<u64> {
        let burst = self.burst.as_ref()?;
        let expected = burst.last - burst.first + 1;
        if burst.packets * 10 < expected * 6 {
            return None;
        }
        let (first, first_size) = burst.first_arrived?;
        let span_us = u64::try_from(burst.last_arrived - first).ok()?.max(1);
        // The first packet's bytes were before the span.
        let measured = (burst.bytes - u64::from(first_size)) * 8_000_000 / span_us;
        let tried = burst.rate_bps;
        self.burst = None;
        let seen = measured.min(tried) as f64;
        let succeeded = seen >= 0.7 * tried as f64;
        self.next = now + if succeeded { NEXT } else { RETRY };
        Some((seen * if succeeded { 1.0 } else { BELIEVED }) as u64)
    }

    pub(super) fn observe(&mut self, now: Time, usage: Usage, just_decreased: bool) {
        self.quiet = usage != Usage::Over;
        if usage == Usage::Over {
            self.next = self.next.max(now + Duration::from_secs(1));
        } else if just_decreased {
            self.next = self.next.min(now + RETRY_AFTER_FALL);
        }
    }
}
