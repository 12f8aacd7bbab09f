//! Who gets how much of a subscriber's bandwidth: audio first, then who addresses everybody, then what is
//! read (screens, canvases), then cameras, step by step.

use std::collections::BTreeMap;

use sideroom_forward::{LayerRate, LayerTarget};
use sideroom_route::{Placement, Route, SlotId, TrackKind};

/// What is set aside for each audio slot that carries something.
const AUDIO_BPS: u64 = 48_000;
/// A layer is switched on only if this share of the estimate suffices for it, so that it stays on.
const CAUTION: f64 = 0.88;
/// The height of a camera's largest layer; each smaller one has half of it.
const TOP_HEIGHT: u16 = 720;

/// A video slot with an open route, and what its source could send.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) slot: SlotId,
    pub(super) placement: Placement,
    pub(super) kind: TrackKind,
    pub(super) max_height: u16,
    /// The measured rates of its encodings or spatial layers.
    pub(super) rates: Vec<LayerRate>,
    /// Each encoding stands alone; else each layer needs those below it.
    pub(super) simulcast: bool,
}

/// One thing that a slot can carry, and what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Step {
    target: LayerTarget,
    bps: u64,
}

/// What a subscriber's slots carry, and what they would cost in full.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The step of each slot; 0 is paused.
    held: BTreeMap<SlotId, usize>,
}

/// What a path is believed to carry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) bps: u64,
    /// The path has shown a limit. Until then nothing is paused: not to have tried is no reason.
    pub(super) limited: bool,
}

/// What a sharing out led to.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The target of each slot.
    pub(super) targets: Vec<(SlotId, LayerTarget)>,
    /// What everything would cost.
    pub(super) wanted_bps: u64,
}

impl Shares {
    /// Shares out the estimate between `audio_slots` and `wants`.
    pub(super) fn share(
        &mut self,
        Estimate {
            bps: estimate_bps,
            limited,
        }: Estimate,
        audio_slots: usize,
        mut wants: Vec<Want>,
    ) -> Shared {
        let audio = AUDIO_BPS * u64::try_from(audio_slots).unwrap_or(u64::MAX);
        wants.sort_by_key(|want| (want.placement, rank(want.kind), want.slot));
        let ladders: Vec<Vec<Step>> = wants.iter().map(ladder).collect();
        let generous = climb(&ladders, estimate_bps.saturating_sub(audio), limited);
        let careful_bps = (estimate_bps as f64 * CAUTION) as u64;
        let careful = climb(&ladders, careful_bps.saturating_sub(audio), limited);
        let mut shared = Shared {
            targets: Vec::new(),
            wanted_bps: audio,
        };
        let mut held = BTreeMap::new();
        let levels = generous.iter().zip(&careful);
        for ((want, ladder), (generous, careful)) in wants.iter().zip(&ladders).zip(levels) {
            // What has not been seen before begins where it fits.
            let before = self.held.get(&want.slot).copied().unwrap_or(*generous);
            let level = before.max(*careful).min(*generous);
            held.insert(want.slot, level);
            let below = level.checked_sub(1).and_then(|index| ladder.get(index));
            // At the top of what there is now: whatever more comes is welcome too.
            let target = match below {
                None => LayerTarget::Paused,
                Some(_) if level == ladder.len() && want.max_height == Route::ANY_HEIGHT => {
                    LayerTarget::TOP
                }
                Some(step) => step.target,
            };
            shared.targets.push((want.slot, target));
            shared.wanted_bps += ladder.last().map_or(0, |step| step.bps);
        }
        self.held = held;
        shared
    }
}

/// Screens and canvases are read; a camera is looked at.
const fn rank(kind: TrackKind) -> u8 {
    match kind {
        TrackKind::Audio => 0,
        TrackKind::Screen => 1,
        TrackKind::Canvas => 2,
        TrackKind::Camera => 3,
    }
}

/// What a slot can carry, from the cheapest to the best.
fn ladder(want: &Want) -> Vec<Step> {
    let count = want.rates.len();
    let mut steps = Vec::new();
    let mut below = 0;
    for (index, rate) in want.rates.iter().enumerate() {
        if !rate.live {
            continue;
        }
        let encoding = u8::try_from(index).unwrap_or(u8::MAX);
        let full = rate.up_to(u8::MAX);
        if steps.is_empty() && rate.up_to(0) > 0 && rate.up_to(0) < full {
            let target = LayerTarget::Layer {
                encoding,
                temporal: 0,
            };
            steps.push(Step {
                target,
                bps: rate.up_to(0),
            });
        }
        let target = LayerTarget::Layer {
            encoding,
            temporal: u8::MAX,
        };
        steps.push(Step {
            target,
            bps: if want.simulcast { full } else { below + full },
        });
        below += full;
        if suffices(want, index, count) {
            break;
        }
    }
    if steps.is_empty() {
        // Nothing is known of the source yet.
        steps.push(Step {
            target: LayerTarget::TOP,
            bps: 0,
        });
    }
    steps
}

/// True if the client has no use for more lines than this layer has.
fn suffices(want: &Want, index: usize, count: usize) -> bool {
    let halvings = u32::try_from(count.saturating_sub(index + 1)).unwrap_or(0);
    let height = TOP_HEIGHT.checked_shr(halvings).unwrap_or(0);
    height >= want.max_height
}

/// How far each gets: everybody the first step, in order; then what is read goes to its top, and the
/// others climb together.
fn climb(ladders: &[Vec<Step>], budget_bps: u64, limited: bool) -> Vec<usize> {
    let mut left = budget_bps;
    let mut levels = vec![0; ladders.len()];
    if !limited {
        let firsts = ladders.iter().filter_map(|ladder| ladder.first());
        left = left.saturating_sub(firsts.map(|step| step.bps).sum());
        levels.fill(1);
    }
    let cost = |ladder: &Vec<Step>, level: usize| {
        level
            .checked_sub(1)
            .and_then(|index| ladder.get(index))
            .map_or(0, |step| step.bps)
    };
    loop {
        let mut climbed = false;
        for (ladder, level) in ladders.iter().zip(&mut levels) {
            if *level >= ladder.len() {
                continue;
            }
            let more = cost(ladder, *level + 1).saturating_sub(cost(ladder, *level));
            if more <= left {
                left -= more;
                *level += 1;
                climbed = true;
            }
        }
        if !climbed {
            return levels;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(bps: u64) -> LayerRate {
        LayerRate {
            bps: [bps, 0, 0, 0],
            live: true,
        }
    }

    fn want(slot: u8, kind: TrackKind, rates: &[u64]) -> Want {
        Want {
            slot: SlotId::video(slot),
            placement: Placement::OwnGroup,
            kind,
            max_height: Route::ANY_HEIGHT,
            rates: rates.iter().copied().map(rate).collect(),
            simulcast: true,
        }
    }

    fn encodings(shared: &Shared) -> Vec<Option<u8>> {
        let encoding = |target: &LayerTarget| match target {
            LayerTarget::Paused => None,
            LayerTarget::Layer { encoding, .. } => Some(*encoding),
        };
        shared
            .targets
            .iter()
            .map(|(_, target)| encoding(target))
            .collect()
    }

    fn limited(bps: u64) -> Estimate {
        Estimate { bps, limited: true }
    }

    const CAMERA: [u64; 3] = [150_000, 500_000, 1_500_000];

    #[test]
    fn each_gets_what_fits_and_everything_if_everything_does() {
        let camera = || vec![want(0, TrackKind::Camera, &CAMERA)];
        for (estimate, encoding) in [
            (100_000, None),
            (300_000, Some(0)),
            (1_000_000, Some(1)),
            (5_000_000, Some(u8::MAX)),
        ] {
            let shared = Shares::default().share(limited(estimate), 1, camera());
            assert_eq!(encodings(&shared), [encoding], "at {estimate}");
        }
    }

    #[test]
    fn nothing_is_paused_before_the_path_has_shown_a_limit() {
        let untried = Estimate {
            bps: 100_000,
            limited: false,
        };
        let wants = vec![
            want(0, TrackKind::Camera, &CAMERA),
            want(1, TrackKind::Screen, &[2_000_000]),
        ];
        let shared = Shares::default().share(untried, 1, wants);
        assert!(
            shared
                .targets
                .iter()
                .all(|(_, target)| *target != LayerTarget::Paused)
        );
    }

    #[test]
    fn what_is_read_goes_before_what_is_looked_at() {
        let wants = vec![
            want(0, TrackKind::Camera, &CAMERA),
            want(1, TrackKind::Screen, &[400_000]),
        ];
        let shared = Shares::default().share(limited(450_000), 1, wants);
        let of = |slot| {
            shared
                .targets
                .iter()
                .find(|(held, _)| *held == SlotId::video(slot))
        };
        assert_eq!(of(1).map(|(_, target)| *target), Some(LayerTarget::TOP));
        assert_eq!(of(0).map(|(_, target)| *target), Some(LayerTarget::Paused));
    }

    #[test]
    fn a_layer_goes_at_once_and_comes_back_only_with_room_to_spare() {
        let mut shares = Shares::default();
        let mut at = |estimate| {
            let shared = shares.share(
                limited(estimate),
                0,
                vec![want(0, TrackKind::Camera, &CAMERA)],
            );
            encodings(&shared)
        };
        assert_eq!(at(600_000), [Some(1)]);
        assert_eq!(at(510_000), [Some(1)], "what is on stays on while it fits");
        assert_eq!(at(490_000), [Some(0)]);
        assert_eq!(
            at(510_000),
            [Some(0)],
            "just enough is not enough to switch on"
        );
        assert_eq!(at(600_000), [Some(1)]);
    }

    #[test]
    fn a_small_picture_needs_no_large_layer() {
        let mut small = want(0, TrackKind::Camera, &CAMERA);
        small.max_height = 180;
        let shared = Shares::default().share(limited(5_000_000), 0, vec![small]);
        assert_eq!(encodings(&shared), [Some(0)]);
        assert_eq!(shared.wanted_bps, CAMERA[0]);
    }
}
