//! The packets of model clients: real RTP, with a tag at the end of the payload that names their publisher
//! and the grouping of their track under which they came in.

use sideroom_route::{ParticipantId, TrackId, TrackKind};
use sideroom_rtp::{Header, HeaderWriter};

use crate::model::ROOM;

/// The payload type of audio on every transport.
pub(crate) const OPUS: u8 = 111;
/// The payload type of video.
pub(crate) const VP8: u8 = 96;

const MAGIC: u32 = 0x5ea1_ed00;
/// Bytes of a tag.
const LEN: usize = 29;

/// The tag of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) publisher: ParticipantId,
    pub(crate) kind: TrackKind,
    pub(crate) track: TrackId,
    /// The grouping of the track, as the worker knew it when the packet came in; 0: none.
    pub(crate) grouping: u32,
    /// The epoch of that worker.
    pub(crate) epoch: u64,
    pub(crate) serial: u32,
}

impl Tag {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(MAGIC.to_be_bytes());
        to.extend(self.publisher.serial().to_be_bytes());
        to.push(self.kind as u8);
        to.extend(self.track.serial().to_be_bytes());
        to.extend(self.grouping.to_be_bytes());
        to.extend(self.epoch.to_be_bytes());
        to.extend(self.serial.to_be_bytes());
    }

    /// From the end of a payload.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let tag = payload.get(payload.len().checked_sub(LEN)?..)?;
        let word = |at: usize| Some(u32::from_be_bytes(tag.get(at..at + 4)?.try_into().ok()?));
        let kind = *TrackKind::ALL.get(usize::from(*tag.get(8)?))?;
        if word(0)? != MAGIC {
            return None;
        }
        Some(Self {
            publisher: ParticipantId::new(ROOM, word(4)?),
            kind,
            track: TrackId::new(ROOM, word(9)?),
            grouping: word(13)?,
            epoch: u64::from_be_bytes(tag.get(17..25)?.try_into().ok()?),
            serial: word(25)?,
        })
    }
}

/// A packet between a publisher and a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: TrackKind,
    pub(crate) ssrc: u32,
    pub(crate) serial: u32,
    pub(crate) keyframe: bool,
    /// How far the payload type is from the usual one.
    pub(crate) shift: u8,
}

impl Draft {
    /// The whole packet.
    pub(crate) fn complete(&self, tag: &Tag, writer: &mut HeaderWriter, bytes: &mut Vec<u8>) {
        let audio = self.kind == TrackKind::Audio;
        let header = Header {
            marker: !audio,
            payload_type: if audio { OPUS } else { VP8 } - self.shift,
            sequence: self.serial as u16,
            timestamp: self.serial.wrapping_mul(if audio { 960 } else { 3_000 }),
            ssrc: self.ssrc,
        };
        writer.begin(&header, false);
        writer.finish();
        bytes.clear();
        bytes.extend_from_slice(writer.bytes());
        if audio {
            bytes.push(0x78);
        } else {
            // A descriptor that begins a partition, and the first bytes of a frame (RFC 7741).
            let frame = [
                0x10,
                u8::from(!self.keyframe),
                0x02,
                0,
                0x9d,
                1,
                0x2a,
                64,
                1,
                240,
                0,
            ];
            bytes.extend_from_slice(&frame);
        }
        tag.write(bytes);
    }
}
