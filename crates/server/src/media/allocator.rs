//! Divides a subscriber's bandwidth: audio first, then sources that address everybody, then those with text
//! (screens, canvases), then cameras, step by step.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use sideroom_forward::{LayerTarget, MAX_LAYERS};
use sideroom_route::{SlotId, Time, TrackId, TrackKind};

use super::ladder::{SlotDemand, Step, best, cost, ladder};
use super::layer_cost::LayerCost;

/// Rate reserved for each audio slot with a source.
const AUDIO_BPS: u64 = 48_000;
/// A layer is switched on only if this share of the estimate suffices for it, so that it stays on.
const CAUTION: f64 = 0.88;

/// Least time before a lost step comes back; twice as long if it was lost soon after it had come back, up to
/// the bound.
const BACK_AFTER: Duration = Duration::from_secs(2);
const BACK_AFTER_MOST: Duration = Duration::from_secs(16);
/// Flowing layers above this multiple of the estimate are cut off until a smaller layer comes.
const TOO_MUCH: f64 = 1.3;

/// The steps that a subscriber's slots carry, and their full cost.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// The source and step of each slot; 0 is paused.
    held: BTreeMap<SlotId, (TrackId, usize)>,
    /// The times when lost steps of slots may come back.
    falls: BTreeMap<SlotId, LastReduction>,
    /// The rate of each layer of a track when it was last sent. Publishers switch off layers without
    /// receivers.
    costs: BTreeMap<TrackId, [LayerCost; MAX_LAYERS]>,
}

/// The last time that a slot had to make do with less.
#[derive(Clone, Copy, Debug)]
struct LastReduction {
    at: Time,
    back_after: Duration,
    /// Some of it came back since.
    risen: bool,
}

impl LastReduction {
    /// Another one, after `last`.
    fn next(now: Time, last: Option<&Self>) -> Self {
        let soon = last.filter(|last| now.since(last.at) < BACK_AFTER_MOST);
        let back_after = match soon {
            None => BACK_AFTER,
            // Step by step is one fall.
            Some(last) if !last.risen => last.back_after,
            Some(last) => (last.back_after * 2).min(BACK_AFTER_MOST),
        };
        Self {
            at: now,
            back_after,
            risen: false,
        }
    }

    fn is_over(&self, now: Time) -> bool {
        now.since(self.at) >= self.back_after
    }
}

/// The estimate for a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    pub(super) bps: u64,
    /// The path has shown a limit. Until then nothing is paused: not to have tried is no reason.
    pub(super) limited: bool,
}

/// The result of an allocation.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The target of each slot.
    pub(super) targets: Vec<(SlotId, LayerTarget)>,
    /// The rate that the path must carry for everything to be switched on: a probe for less would end where
    /// caution keeps the last layer off.
    pub(super) wanted_bps: u64,
    /// The flowing layers are far above the estimate: they must stop until the smaller ones come.
    pub(super) cut: bool,
}

impl Shares {
    /// Shares out the estimate between `audio_slots` and `wants`.
    pub(super) fn share(
        &mut self,
        now: Time,
        Estimate {
            bps: estimate_bps,
            limited,
        }: Estimate,
        audio_slots: usize,
        mut wants: Vec<SlotDemand>,
    ) -> Shared {
        let audio = AUDIO_BPS * u64::try_from(audio_slots).unwrap_or(u64::MAX);
        wants.sort_by_key(|want| (want.placement, rank(want.kind), want.slot));
        self.remember(now, &wants);
        let ladders: Vec<Vec<Step>> = wants.iter().map(|want| self.ladder(want)).collect();
        let generous = climb(&ladders, estimate_bps.saturating_sub(audio), limited);
        let careful_bps = (estimate_bps as f64 * CAUTION) as u64;
        let careful = climb(&ladders, careful_bps.saturating_sub(audio), limited);
        let mut shared = Shared {
            targets: Vec::new(),
            wanted_bps: audio,
            cut: false,
        };
        let mut flowing_bps = audio;
        let mut held = BTreeMap::new();
        let levels = generous.iter().zip(&careful);
        for ((want, ladder), (generous, careful)) in wants.iter().zip(&ladders).zip(levels) {
            // A new slot begins at the step that fits.
            let before = self.level(want).unwrap_or(*generous);
            let settled = self.falls.get(&want.slot).is_none_or(|it| it.is_over(now));
            let wished = if settled {
                before.max(*careful)
            } else {
                before
            };
            let level = wished.min(*generous);
            self.note(now, want.slot, level.cmp(&before));
            flowing_bps += cost(ladder, before);
            held.insert(want.slot, (want.track, level));
            let below = level.checked_sub(1).and_then(|index| ladder.get(index));
            // At the top of the known layers: if the slot could use more, it asks for more. A request is what
            // wakes a layer that was never sent.
            let target = match below {
                None => LayerTarget::Paused,
                Some(_) if level == ladder.len() => best(want),
                Some(step) => step.target,
            };
            shared.targets.push((want.slot, target));
            shared.wanted_bps += ladder.last().map_or(0, |step| step.bps);
        }
        shared.wanted_bps = (shared.wanted_bps as f64 / CAUTION).ceil() as u64;
        self.falls.retain(|slot, _| held.contains_key(slot));
        self.held = held;
        shared.cut = flowing_bps as f64 > TOO_MUCH * estimate_bps as f64;
        shared
    }

    /// Remembers that a slot has less than before, or more.
    fn note(&mut self, now: Time, slot: SlotId, change: Ordering) {
        match change {
            Ordering::Less => {
                let fall = LastReduction::next(now, self.falls.get(&slot));
                self.falls.insert(slot, fall);
            }
            Ordering::Equal => {}
            Ordering::Greater => {
                if let Some(fall) = self.falls.get_mut(&slot) {
                    fall.risen = true;
                }
            }
        }
    }

    /// The step that a slot holds of this track.
    fn level(&self, want: &SlotDemand) -> Option<usize> {
        let held = self.held.get(&want.slot);
        let same = held.filter(|(track, _)| *track == want.track);
        same.map(|(_, level)| *level)
    }

    fn ladder(&self, want: &SlotDemand) -> Vec<Step> {
        let costs = self.costs.get(&want.track).copied().unwrap_or_default();
        let known = costs.map(|layer| layer.bps());
        ladder(want, &known, self.level(want).unwrap_or_default())
    }

    fn remember(&mut self, now: Time, wants: &[SlotDemand]) {
        self.costs
            .retain(|track, _| wants.iter().any(|want| want.track == *track));
        for want in wants {
            let layers = self.costs.entry(want.track).or_default();
            for (layer, rate) in layers.iter_mut().zip(&want.rates) {
                layer.observe(now, rate);
            }
        }
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

/// The step of each slot: everybody gets the first step, in order; then screens and canvases go to their top,
/// and the others climb together.
fn climb(ladders: &[Vec<Step>], budget_bps: u64, limited: bool) -> Vec<usize> {
    let mut left = budget_bps;
    let mut levels = vec![0; ladders.len()];
    if !limited {
        let firsts = ladders.iter().filter_map(|ladder| ladder.first());
        left = left.saturating_sub(firsts.map(|step| step.bps).sum());
        levels.fill(1);
    }
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
    use sideroom_forward::LayerRate;
    use sideroom_route::{RoomId, Route, RouteReason};

    use super::*;

    fn rate(bps: u64) -> LayerRate {
        LayerRate {
            bps: [bps, 0, 0, 0],
            live: true,
        }
    }

    fn want(slot: u8, kind: TrackKind, rates: &[u64]) -> SlotDemand {
        SlotDemand {
            track: TrackId::new(RoomId(1), u32::from(slot)),
            slot: SlotId::video(slot),
            placement: RouteReason::OwnGroup,
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
            let shared = Shares::default().share(Time::ZERO, limited(estimate), 1, camera());
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
        let shared = Shares::default().share(Time::ZERO, untried, 1, wants);
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
        let shared = Shares::default().share(Time::ZERO, limited(450_000), 1, wants);
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
        let mut now = Time::ZERO;
        let mut at = |estimate| {
            now = now + BACK_AFTER_MOST;
            let shared = shares.share(
                now,
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
    fn a_layer_that_was_never_sent_is_supposed_to_be_between_its_neighbours() {
        let mut camera = want(0, TrackKind::Camera, &CAMERA);
        camera.rates[1] = LayerRate::default();
        // The root of 150,000 times 1,500,000 is 474,000.
        for (estimate, encoding) in [(500_000, 0), (560_000, 1), (1_400_000, 1)] {
            let mut shares = Shares::default();
            shares.share(Time::ZERO, limited(200_000), 0, vec![camera.clone()]);
            let shared = shares.share(Time::ZERO, limited(estimate), 0, vec![camera.clone()]);
            assert_eq!(encodings(&shared), [Some(encoding)], "at {estimate}");
        }
    }

    #[test]
    fn a_layer_that_is_off_takes_more_than_while_it_began() {
        let mut shares = Shares::default();
        let beginning = want(0, TrackKind::Camera, &[60_000, 200_000, 1_800_000]);
        shares.share(Time::ZERO, limited(3_000_000), 0, vec![beginning.clone()]);
        let mut settled = beginning;
        settled.rates[0] = LayerRate::default();
        settled.rates[1] = LayerRate::default();
        let shared = shares.share(Time::ZERO, limited(500_000), 0, vec![settled.clone()]);
        assert_eq!(encodings(&shared), [Some(0)], "540,000 do not fit");
        let later = Time::ZERO + BACK_AFTER_MOST;
        let shared = shares.share(later, limited(640_000), 0, vec![settled]);
        assert_eq!(encodings(&shared), [Some(1)]);
    }

    #[test]
    fn a_layer_that_fades_before_it_is_off_is_not_asked_for() {
        let mut shares = Shares::default();
        let mut now = Time::ZERO;
        let mut at = |middle: Option<u64>| {
            now = now + Duration::from_millis(200);
            let mut camera = want(0, TrackKind::Camera, &CAMERA);
            camera.rates[1] = middle.map(rate).unwrap_or_default();
            encodings(&shares.share(now, limited(350_000), 0, vec![camera]))
        };
        for _ in 0..10 {
            assert_eq!(at(Some(500_000)), [Some(0)]);
        }
        // It fades, is off, and is switched on again for somebody else.
        for middle in [300_000, 150_000, 50_000, 0, 0, 40_000, 90_000, 200_000] {
            assert_eq!(at((middle > 0).then_some(middle)), [Some(0)], "{middle}");
        }
        for _ in 0..60 {
            at(Some(200_000));
        }
        assert_eq!(at(Some(200_000)), [Some(1)], "it takes no more than that");
    }

    #[test]
    fn what_goes_often_comes_back_later_each_time() {
        let mut shares = Shares::default();
        let mut at = |ms, estimate| {
            let camera = vec![want(0, TrackKind::Camera, &CAMERA)];
            encodings(&shares.share(Time::from_millis(ms), limited(estimate), 0, camera))
        };
        assert_eq!(at(0, 600_000), [Some(1)]);
        assert_eq!(at(1_000, 400_000), [Some(0)]);
        assert_eq!(at(2_900, 600_000), [Some(0)]);
        assert_eq!(at(3_000, 600_000), [Some(1)], "after two seconds");
        assert_eq!(at(4_000, 400_000), [Some(0)]);
        assert_eq!(at(7_900, 600_000), [Some(0)]);
        assert_eq!(at(8_000, 600_000), [Some(1)], "after four");
        assert_eq!(at(60_000, 400_000), [Some(0)]);
        assert_eq!(at(62_000, 600_000), [Some(1)], "after two again");
    }

    #[test]
    fn what_is_far_too_much_is_cut_off() {
        let camera = || vec![want(0, TrackKind::Camera, &CAMERA)];
        for (estimate, cut) in [(1_400_000, false), (1_000_000, true)] {
            let mut shares = Shares::default();
            assert!(
                !shares
                    .share(Time::ZERO, limited(2_000_000), 0, camera())
                    .cut
            );
            assert_eq!(
                shares.share(Time::ZERO, limited(estimate), 0, camera()).cut,
                cut
            );
            assert!(
                !shares.share(Time::ZERO, limited(estimate), 0, camera()).cut,
                "once"
            );
        }
    }

    #[test]
    fn a_layer_that_was_switched_off_is_asked_for_only_where_it_fits() {
        let mut shares = Shares::default();
        let mut now = Time::ZERO;
        let mut at = |estimate, live: [bool; 3]| {
            now = now + BACK_AFTER_MOST;
            let mut camera = want(0, TrackKind::Camera, &CAMERA);
            for (rate, live) in camera.rates.iter_mut().zip(live) {
                if !live {
                    *rate = LayerRate::default();
                }
            }
            let shared = shares.share(now, limited(estimate), 0, vec![camera]);
            (encodings(&shared), shared.wanted_bps)
        };
        let all = [true; 3];
        let small = [true, false, false];
        assert_eq!(at(300_000, all).0, [Some(0)]);
        let (held, wanted) = at(300_000, small);
        assert_eq!(held, [Some(0)], "what is off is not wanted back");
        assert!(
            wanted as f64 * CAUTION >= 1_500_000.0,
            "the path is probed for all there was, with room to spare: {wanted}"
        );
        assert_eq!(at(1_000_000, small).0, [Some(1)], "it fits again");
        assert_eq!(at(5_000_000, small).0, [Some(u8::MAX)]);
    }

    #[test]
    fn a_layer_that_was_never_sent_is_asked_for_by_whoever_has_use_for_it() {
        for (height, encoding) in [(180, 0), (360, 1), (720, 2), (Route::ANY_HEIGHT, u8::MAX)] {
            let mut camera = want(0, TrackKind::Camera, &CAMERA);
            camera.max_height = height;
            for rate in camera.rates.iter_mut().skip(1) {
                *rate = LayerRate::default();
            }
            let shared = Shares::default().share(Time::ZERO, limited(5_000_000), 0, vec![camera]);
            assert_eq!(encodings(&shared), [Some(encoding)], "at {height} lines");
        }
    }

    #[test]
    fn a_small_picture_needs_no_large_layer() {
        let mut small = want(0, TrackKind::Camera, &CAMERA);
        small.max_height = 180;
        let shared = Shares::default().share(Time::ZERO, limited(5_000_000), 0, vec![small]);
        assert_eq!(encodings(&shared), [Some(0)]);
        assert!(shared.wanted_bps < CAMERA[1], "{}", shared.wanted_bps);
    }
}
