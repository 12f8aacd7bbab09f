//! The answer to a join, kept for as long as the connection so that the same request can be answered again.
//! An answer with twenty sections has 16 KiB of text that says the same thing twenty times: deflated it takes
//! a tenth.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sideroom_route::{SlotId, TrackKind};
use sideroom_rpc::backend::Negotiated;

/// A [`Negotiated`] in little room.
#[derive(Debug)]
pub(super) struct CachedAnswer {
    tracks: Box<[TrackKind]>,
    slots: Box<[SlotId]>,
    /// The m-lines of the tracks and the slots, a line each, and after them the answer.
    deflated: Box<[u8]>,
}

impl CachedAnswer {
    pub(super) fn pack(media: &Negotiated) -> Self {
        let mut deflating = DeflateEncoder::new(Vec::new(), Compression::fast());
        let tracks = media.tracks.iter().map(|(_, mid)| mid);
        let slots = media.slots.iter().map(|(_, mid)| mid);
        let mut write = |text: &str| deflating.write_all(text.as_bytes());
        let written = tracks
            .chain(slots)
            .try_for_each(|mid| write(mid).and_then(|()| write("\n")))
            .and_then(|()| write(&media.answer))
            .and_then(|()| deflating.finish());
        Self {
            tracks: media.tracks.iter().map(|(kind, _)| *kind).collect(),
            slots: media.slots.iter().map(|(slot, _)| *slot).collect(),
            deflated: written
                .expect("invariant: writing to memory does not fail")
                .into_boxed_slice(),
        }
    }

    /// Unpacks the answer.
    pub(super) fn unpack(&self) -> Negotiated {
        let mut text = String::new();
        DeflateDecoder::new(&*self.deflated)
            .read_to_string(&mut text)
            .expect("invariant: we have packed it ourselves");
        let mut rest = text.as_str();
        let mut mid = || {
            let (mid, after) = rest.split_once('\n').unwrap_or_default();
            rest = after;
            mid.to_owned()
        };
        let tracks = self.tracks.iter().map(|kind| (*kind, mid())).collect();
        let slots = self.slots.iter().map(|slot| (*slot, mid())).collect();
        Negotiated {
            answer: rest.to_owned(),
            tracks,
            slots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_again_and_was_small() {
        let section = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=mid:7\r\n";
        let full = Negotiated {
            answer: format!("v=0\r\n{}", section.repeat(200)),
            tracks: vec![
                (TrackKind::Audio, "0".into()),
                (TrackKind::Camera, "1".into()),
            ],
            slots: (0..18)
                .map(|number| (SlotId::video(number), format!("mid-{number}")))
                .collect(),
        };
        let unnamed = Negotiated {
            answer: "v=0\r\n".into(),
            tracks: vec![(TrackKind::Audio, String::new())],
            slots: Vec::new(),
        };
        for media in [full.clone(), unnamed, Negotiated::default()] {
            assert_eq!(CachedAnswer::pack(&media).unpack(), media);
        }
        let packed = CachedAnswer::pack(&full).deflated.len();
        assert!(packed * 8 < full.answer.len(), "{packed} bytes");
    }
}
