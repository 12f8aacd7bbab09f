//! Reports from a worker to the plane.

use sideroom_route::{GroupId, RoomId, TrackId};

/// Something that the plane merges over the workers, or acts on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The most active talkers of a group among the publishers of this worker, best first.
    Talkers {
        room: RoomId,
        group: GroupId,
        /// Tracks and scores, higher is more active.
        ranked: Vec<(TrackId, u16)>,
    },
    /// The layers of a track that this worker's subscribers receive, one bit each.
    LayersWanted {
        track: TrackId,
        /// Bit 0 is the smallest layer.
        layers: u8,
    },
    /// An update did not follow the table that this worker holds. It forwards nothing of the room until it
    /// gets the whole table.
    TableDiverged(RoomId),
}
