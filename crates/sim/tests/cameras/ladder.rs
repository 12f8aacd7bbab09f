//! The subscriber's layer of the camera, chosen like the server's allocator does for one camera.

use std::time::Duration;

use sideroom_route::Time;

/// Rate reserved for the voice.
pub(crate) const AUDIO_BPS: u64 = 48_000;
/// Rate of each step; the first is the smallest picture at half its frame rate.
pub(crate) const STEPS: [u64; 4] = [90_000, 160_000, 600_000, 1_800_000];
/// From the wish for a layer until the publisher's keyframe is there.
const KEYFRAME_AFTER: Duration = Duration::from_millis(80);
/// Least time before a lost step comes back, twice as long if it was lost soon after it had come back.
const BACK_AFTER: Duration = Duration::from_secs(2);
const BACK_AFTER_MOST: Duration = Duration::from_secs(16);
/// A layer is switched on if this share of the estimate suffices.
pub(crate) const CAUTION: f64 = 0.88;

/// The steps of the camera: a step needs room to spare, is dropped at once, and comes back later each time.
pub(crate) struct Ladder {
    pub(crate) level: usize,
    /// The step that flows until the keyframe of `level` is there.
    pub(crate) flowing: usize,
    pub(crate) keyframe_at: Option<Time>,
    fell: Option<Fall>,
    pub(crate) switches: usize,
}

/// The last time that there was room for less.
#[derive(Clone, Copy)]
struct Fall {
    at: Time,
    back_after: Duration,
    risen: bool,
}

impl Ladder {
    pub(crate) fn new() -> Self {
        Self {
            level: 1,
            flowing: 1,
            keyframe_at: None,
            fell: None,
            switches: 0,
        }
    }

    fn fits(bps: f64) -> usize {
        let fits = |step: &&u64| **step + AUDIO_BPS <= bps as u64;
        STEPS.iter().take_while(fits).count()
    }

    /// True if the flowing layer is cut off, or flows on thinner.
    pub(crate) fn share(&mut self, now: Time, estimate: u64, limited: bool) -> bool {
        let least = usize::from(!limited);
        let generous = Self::fits(estimate as f64).max(least);
        let careful = Self::fits(estimate as f64 * CAUTION).max(least);
        let back = self
            .fell
            .is_none_or(|fall| now.since(fall.at) >= fall.back_after);
        let wished = if back {
            self.level.max(careful)
        } else {
            self.level
        };
        let level = wished.min(generous);
        if level == self.level {
            return false;
        }
        let flowing = self.flowing;
        if level < self.level {
            let last = self.fell.filter(|it| now.since(it.at) < BACK_AFTER_MOST);
            let back_after = match last {
                None => BACK_AFTER,
                Some(last) if last.risen => (last.back_after * 2).min(BACK_AFTER_MOST),
                Some(last) => last.back_after,
            };
            self.fell = Some(Fall {
                at: now,
                back_after,
                risen: false,
            });
            let flows = STEPS[self.flowing.max(1) - 1] + AUDIO_BPS;
            if flows as f64 > 1.3 * estimate as f64 || level == 0 {
                self.flowing = 0;
            }
        } else if let Some(fell) = &mut self.fell {
            fell.risen = true;
        }
        // Half the frame rate is the same encoding.
        if level <= 2 && self.flowing <= 2 && self.flowing > 0 {
            self.flowing = level;
        } else {
            self.keyframe_at = (level > 0).then_some(now + KEYFRAME_AFTER);
        }
        self.level = level;
        self.switches += 1;
        self.flowing < flowing
    }
}
