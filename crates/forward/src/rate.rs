//! How fast each layer of a track is, and which layers are live.

use std::time::Duration;

use sideroom_route::Time;

/// Simulcast encodings, or spatial layers inside one stream, at most.
pub const MAX_LAYERS: usize = 4;
/// Temporal layers at most.
pub const MAX_TEMPORAL: usize = 4;

/// The measured rate of one encoding (or spatial layer).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LayerRate {
    /// Bits a second of each temporal layer alone; a target includes the lower layers too.
    pub bps: [u64; MAX_TEMPORAL],
    /// Packets of it came in recently.
    pub live: bool,
}

impl LayerRate {
    /// Bits a second with all temporal layers up to and with `temporal`.
    pub fn up_to(&self, temporal: u8) -> u64 {
        let count = usize::from(temporal).saturating_add(1);
        self.bps.iter().take(count).sum()
    }
}

/// Counts bytes between ticks.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    rates: [LayerRate; MAX_LAYERS],
    bytes: [[u32; MAX_TEMPORAL]; MAX_LAYERS],
    last_packet: [Time; MAX_LAYERS],
    measured_at: Option<Time>,
    layers: usize,
}

/// A new measurement weighs this much, in 256ths, for each tick of 100 ms.
const WEIGHT: i64 = 48;

impl Rates {
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            layers: layers.clamp(1, MAX_LAYERS),
            ..Self::default()
        }
    }

    pub(crate) fn all(&self) -> &[LayerRate] {
        self.rates.get(..self.layers).unwrap_or_default()
    }

    pub(crate) fn is_live(&self, layer: usize) -> bool {
        self.rates.get(layer).is_some_and(|rate| rate.live)
    }

    /// Counts a packet. True if its layer was not live before.
    #[inline]
    pub(crate) fn count(&mut self, now: Time, layer: usize, temporal: usize, bytes: usize) -> bool {
        let layer = layer.min(MAX_LAYERS - 1);
        if let Some(last) = self.last_packet.get_mut(layer) {
            *last = now;
        }
        let place = self.bytes.get_mut(layer);
        let place = place.and_then(|all| all.get_mut(temporal.min(MAX_TEMPORAL - 1)));
        if let Some(place) = place {
            *place = place.saturating_add(bytes as u32);
        }
        match self.rates.get_mut(layer) {
            Some(rate) if !rate.live => {
                rate.live = true;
                self.layers = self.layers.max(layer + 1);
                true
            }
            _ => false,
        }
    }

    /// Measures. True if a layer went silent while another was not.
    pub(crate) fn tick(&mut self, now: Time, silence: Duration) -> bool {
        let elapsed = self.measured_at.map_or(0, |at| now.since(at).as_millis());
        self.measured_at = Some(now);
        let latest = self.last_packet.iter().max().copied().unwrap_or_default();
        let mut changed = false;
        for ((rate, bytes), last) in self
            .rates
            .iter_mut()
            .zip(&mut self.bytes)
            .zip(self.last_packet)
        {
            for (bps, bytes) in rate.bps.iter_mut().zip(bytes) {
                let Ok(elapsed) = i64::try_from(elapsed) else {
                    continue;
                };
                if elapsed > 0 {
                    let measured = i64::from(*bytes) * 8_000 / elapsed;
                    let smoothed = *bps as i64;
                    // The first measurement counts whole: a rate that creeps up from zero would let
                    // an allocator take a layer for cheap.
                    *bps = if smoothed == 0 {
                        measured
                    } else {
                        smoothed + (measured - smoothed) * WEIGHT / 256
                    } as u64;
                    *bytes = 0;
                }
            }
            if rate.live && latest.since(last) >= silence {
                *rate = LayerRate::default();
                changed = true;
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_each_temporal_layer_and_notices_silence() {
        let mut rates = Rates::new(3);
        let silence = Duration::from_millis(1_500);
        for ms in (0..4_000).step_by(10) {
            let now = Time::from_millis(ms);
            rates.count(now, 0, (ms / 10 % 2) as usize, 500);
            if ms < 1_000 {
                assert_eq!(rates.count(now, 1, 0, 1_000), ms == 0);
            }
            if ms % 100 == 0 {
                let changed = rates.tick(now, silence);
                assert_eq!(changed, ms == 2_500, "at {ms}");
            }
        }
        let [low, middle, high] = rates.all() else {
            panic!("three layers");
        };
        assert!((190_000..=210_000).contains(&low.bps[0]), "{low:?}");
        assert!((390_000..=410_000).contains(&low.up_to(1)), "{low:?}");
        assert!(!middle.live && !high.live && low.live);
    }
}
