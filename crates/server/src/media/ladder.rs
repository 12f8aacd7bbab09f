//! The steps that a slot can carry of its source, from the cheapest to the best, with their costs.

use sideroom_forward::{LayerRate, LayerTarget, MAX_LAYERS};
use sideroom_route::{RouteReason, SlotId, TrackId, TrackKind};

/// The height of a camera's largest layer; each smaller one has half of it.
const TOP_HEIGHT: u16 = 720;

/// The least rate of an encoding of half the height, as a share of the one above it.
const LEAST_PART: f64 = 0.3;

/// A video slot with an open route, and the rates of its source's layers.
#[derive(Clone, Debug)]
pub(super) struct SlotDemand {
    pub(super) track: TrackId,
    pub(super) slot: SlotId,
    pub(super) placement: RouteReason,
    pub(super) kind: TrackKind,
    pub(super) max_height: u16,
    /// The measured rates of its encodings or spatial layers.
    pub(super) rates: Vec<LayerRate>,
    /// Each encoding stands alone; else each layer needs those below it.
    pub(super) simulcast: bool,
}

/// One step that a slot can carry, with its cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) target: LayerTarget,
    pub(super) bps: u64,
}

/// The steps of a slot, from the cheapest to the best. A layer that is switched off at the publisher is a
/// step too: it comes back if it is wanted, and is not wanted where it is `known` not to fit. The steps up to
/// `held`, the slot's present one, cost their measured rate, and those above the most of their known rates:
/// the measured rate of a layer without receivers falls before it is off.
pub(super) fn ladder(want: &SlotDemand, known: &[u64; MAX_LAYERS], held: usize) -> Vec<Step> {
    let count = want.rates.len();
    let known = supposed(want, *known);
    let mut steps = Vec::new();
    let mut below = 0;
    for (index, (rate, known)) in want.rates.iter().zip(&known).enumerate() {
        let measured = rate.up_to(u8::MAX);
        let halved = steps.is_empty() && rate.up_to(0) > 0 && rate.up_to(0) < measured;
        let full = match (rate.live, *known) {
            (true, _) if steps.len() + usize::from(halved) < held => measured,
            (true, known) => measured.max(known),
            (false, 0) => continue,
            (false, known) => known,
        };
        let encoding = u8::try_from(index).unwrap_or(u8::MAX);
        if halved {
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
        // The source has no known layers yet.
        steps.push(Step {
            target: LayerTarget::TOP,
            bps: 0,
        });
    }
    steps
}

/// The assumed rate of each layer. An encoding that was never sent, between two that were, gets a rate
/// between theirs: each has about the same factor more than the one below. A rate that was measured while its
/// encoder began, and is off now, is too small: it becomes [`LEAST_PART`] of the one above.
fn supposed(want: &SlotDemand, mut known: [u64; MAX_LAYERS]) -> [u64; MAX_LAYERS] {
    let count = want.rates.len().min(MAX_LAYERS);
    for index in 1..count.saturating_sub(1) {
        let live = want.rates.get(index).is_some_and(|rate| rate.live);
        let below = known.get(index - 1).copied().unwrap_or_default();
        let above = known.get(index + 1).copied().unwrap_or_default();
        if let Some(known) = known.get_mut(index)
            && want.simulcast
            && !live
            && below > 0
            && above > below
        {
            if *known == 0 {
                *known = (below as f64 * above as f64).sqrt() as u64;
            }
            *known = (*known).max((above as f64 * LEAST_PART) as u64);
        }
    }
    known
}

/// The layer that the client has use for, live or not: the forwarder takes the next one that is.
pub(super) fn best(want: &SlotDemand) -> LayerTarget {
    let count = want.rates.len();
    let enough = (0..count).find(|index| suffices(want, *index, count));
    enough.map_or(LayerTarget::TOP, |index| LayerTarget::Layer {
        encoding: u8::try_from(index).unwrap_or(u8::MAX),
        temporal: u8::MAX,
    })
}

/// True if the client has no use for more lines than this layer has.
fn suffices(want: &SlotDemand, index: usize, count: usize) -> bool {
    let halvings = u32::try_from(count.saturating_sub(index + 1)).unwrap_or(0);
    let height = TOP_HEIGHT.checked_shr(halvings).unwrap_or(0);
    height >= want.max_height
}

/// The cost of a level of a ladder.
pub(super) fn cost(ladder: &[Step], level: usize) -> u64 {
    let step = level.checked_sub(1).and_then(|index| ladder.get(index));
    step.map_or(0, |step| step.bps)
}

#[cfg(test)]
mod tests {
    use sideroom_route::{RoomId, Route};

    use super::*;

    /// A screen of two temporal layers that took 900 kb/s and takes 300 while nothing moves on it.
    #[test]
    fn who_holds_half_a_layer_pays_for_the_whole_what_it_took() {
        let screen = SlotDemand {
            track: TrackId::new(RoomId(1), 1),
            slot: SlotId::video(0),
            placement: RouteReason::OwnGroup,
            kind: TrackKind::Screen,
            max_height: Route::ANY_HEIGHT,
            rates: vec![LayerRate {
                bps: [200_000, 100_000, 0, 0],
                live: true,
            }],
            simulcast: false,
        };
        let mut known = [0; MAX_LAYERS];
        known[0] = 900_000;
        let costs = |held| -> Vec<_> {
            let steps = ladder(&screen, &known, held);
            steps.iter().map(|step| step.bps).collect()
        };
        assert_eq!(costs(0), [200_000, 900_000]);
        assert_eq!(costs(1), [200_000, 900_000]);
        assert_eq!(costs(2), [200_000, 300_000]);
    }
}
