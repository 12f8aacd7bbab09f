//! Messages between two workers, and the link that carries them.

use sideroom_route::{Epoch, TrackId, WorkerId};

/// A message about one layer of a track, from one worker to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// A packet, to a worker with subscribers of the track.
    Packet {
        /// The `since` of the track's route, in the sender's table when the packet was read.
        since: Epoch,
        /// The RTP packet.
        bytes: &'a [u8],
    },
    /// The publisher's last sender report, to a worker with subscribers of the track.
    SenderReport {
        /// The publisher's clock.
        ntp: u64,
        /// The track's time stamp at that moment.
        rtp: u32,
    },
    /// A subscriber needs a keyframe: to the worker of the track's publisher.
    KeyframeWish,
}

/// The links of one worker to the others. Messages to one worker arrive in order. A link may lose a message
/// when it is full; nothing that is sent waits.
pub trait Link {
    /// Sends a message about a layer of a track; false if the link has no room.
    fn send(&mut self, to: WorkerId, track: TrackId, layer: u8, message: Message<'_>) -> bool;
}
