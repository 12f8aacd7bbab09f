//! A room's line in lists.

use sideroom_rpc::backend::RoomSummary;

use super::directory::RoomHandle;

/// A room's line in a list; `None`: it was never in memory.
pub(super) fn summary(desk: &RoomHandle) -> Option<RoomSummary> {
    let totals = desk.totals()?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Some(RoomSummary {
        name: desk.name.clone(),
        participants: count(totals.participants),
        breakouts: count(totals.breakouts),
        created_at: totals.created_at,
        seq: totals.seq,
        epoch: totals.epoch,
        version: totals.version,
    })
}
