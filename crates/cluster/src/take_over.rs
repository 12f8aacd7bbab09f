//! The order in which living nodes take a room whose owner is gone: each candidate waits a little longer.

use std::time::Duration;

use sideroom_route::RoomId;

use crate::record::NodeId;

/// Between one candidate and the next.
const STEP: Duration = Duration::from_millis(200);
/// The longest wait of a candidate.
const LONGEST: Duration = Duration::from_secs(2);

/// How long this node leaves the room to better candidates: to living heirs before it, or to all of them
/// and to nodes before it in an order that differs from room to room.
pub(crate) fn wait(
    me: NodeId,
    room: RoomId,
    heirs: &[NodeId],
    living: impl IntoIterator<Item = NodeId>,
) -> Duration {
    let mut candidates: Vec<_> = living.into_iter().collect();
    let order = |node: &NodeId| {
        let place = heirs.iter().position(|heir| heir == node);
        (place.unwrap_or(usize::MAX), scattered(*node, room), *node)
    };
    candidates.sort_unstable_by_key(order);
    let place = candidates.iter().position(|node| *node == me);
    let steps = u32::try_from(place.unwrap_or(candidates.len())).unwrap_or(u32::MAX);
    STEP.saturating_mul(steps).min(LONGEST)
}

/// A number that spreads the rooms of a dead node over the others (the finalizer of SplitMix64).
const fn scattered(node: NodeId, room: RoomId) -> u64 {
    let mut z = (node.0 as u64) << 32 | room.0 as u64;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heirs_come_first_and_rooms_are_spread() {
        let living = [1, 2, 3].map(NodeId);
        let room = RoomId(9);
        assert_eq!(wait(NodeId(2), room, &[NodeId(2)], living), Duration::ZERO);
        assert!(wait(NodeId(1), room, &[NodeId(2)], living) >= STEP);
        let firsts = |node: u16| {
            let rooms = (0..300).map(RoomId);
            let first = rooms.filter(|room| wait(NodeId(node), *room, &[], living).is_zero());
            first.count()
        };
        for node in 1..=3 {
            assert!((60..140).contains(&firsts(node)), "{}", firsts(node));
        }
    }
}
