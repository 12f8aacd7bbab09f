//! Newtypes for every id that crosses between the planes.
//!
//! Ids are handed out by the control plane in the order of its commands, so a replayed journal hands out
//! the same ones. Participant and track ids carry their room in the upper half: they are unique on a
//! node, and one look tells where they belong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Media;

/// A room on this node. Its public name is a string that only control and rpc know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct RoomId(pub u32);

/// A breakout inside one room. Never used again after the breakout is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BreakoutId(pub u32);

/// A participant, unique on the node: room in the upper 32 bits, serial number in the lower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParticipantId(pub u64);

/// A published track, unique on the node: room in the upper 32 bits, serial number in the lower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrackId(pub u64);

/// A receive stream negotiated beforehand: the n-th `recvonly` m-line of a media type in a participant's offer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlotId {
    /// Audio or video.
    pub media: Media,
    /// Counted from 0 in the order of the client's offer, for each media type apart.
    pub index: u8,
}

/// A media worker of this node: one OS thread with one UDP port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct WorkerId(pub u16);

/// The version of a room's routing table. Each change of the table is exactly one step.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default, Debug,
)]
pub struct Epoch(pub u64);

/// An audience: the parent, or one breakout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GroupId {
    /// The room itself.
    Parent,
    /// One breakout of the room.
    Breakout(BreakoutId),
}

impl ParticipantId {
    /// The `serial`-th participant of `room`.
    pub const fn new(room: RoomId, serial: u32) -> Self {
        Self(((room.0 as u64) << 32) | serial as u64)
    }

    /// The room that this participant is in.
    pub const fn room(self) -> RoomId {
        RoomId((self.0 >> 32) as u32)
    }

    /// The participant's number inside the room.
    pub const fn serial(self) -> u32 {
        self.0 as u32
    }
}

impl TrackId {
    /// The `serial`-th track of `room`.
    pub const fn new(room: RoomId, serial: u32) -> Self {
        Self(((room.0 as u64) << 32) | serial as u64)
    }

    /// The room that this track is published in.
    pub const fn room(self) -> RoomId {
        RoomId((self.0 >> 32) as u32)
    }

    /// The track's number inside the room.
    pub const fn serial(self) -> u32 {
        self.0 as u32
    }
}

impl SlotId {
    /// The `index`-th audio slot.
    pub const fn audio(index: u8) -> Self {
        Self {
            media: Media::Audio,
            index,
        }
    }

    /// The `index`-th video slot.
    pub const fn video(index: u8) -> Self {
        Self {
            media: Media::Video,
            index,
        }
    }
}

impl Epoch {
    /// The epoch that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl GroupId {
    /// The breakout, if this is one.
    pub const fn breakout(self) -> Option<BreakoutId> {
        match self {
            Self::Parent => None,
            Self::Breakout(id) => Some(id),
        }
    }
}

macro_rules! shown_as {
    ($($id:ty: $value:ident => $format:literal, $($arg:expr),+;)+) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                write!(f, $format, $($arg),+)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

shown_as! {
    RoomId: id => "r{}", id.0;
    BreakoutId: id => "b{}", id.0;
    ParticipantId: id => "p{}.{}", id.room().0, id.serial();
    TrackId: id => "t{}.{}", id.room().0, id.serial();
    WorkerId: id => "w{}", id.0;
    SlotId: id => "{}{}", if id.media == Media::Audio { "a" } else { "v" }, id.index;
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent => f.write_str("parent"),
            Self::Breakout(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_room_and_serial() {
        let id = ParticipantId::new(RoomId(u32::MAX), 7);
        assert_eq!((id.room(), id.serial()), (RoomId(u32::MAX), 7));
        assert_eq!(
            TrackId::new(RoomId(3), u32::MAX).to_string(),
            "t3.4294967295"
        );
    }
}
