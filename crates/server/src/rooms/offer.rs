//! Parsing an offer, before the room changes.

use sideroom_control::{SlotPool, VideoCodec};
use sideroom_route::{Media, TrackKind};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::Negotiated;
use sideroom_rtp::Codec;
use sideroom_session::sdp::{OfferError, OfferSummary, summarize};
use sideroom_session::{RoomCodecs, TrackHint};

use super::ask::Offer;
use crate::media::{ConnectError, Connected};

/// Reads an offer, or returns the error in it.
pub(super) fn read(
    sdp: String,
    hints: &[(String, TrackKind)],
    video: VideoCodec,
) -> Result<Offer, ApiError> {
    let codecs = codecs_of(video);
    let hints: Vec<_> = hints
        .iter()
        .map(|(mid, kind)| TrackHint {
            mid: mid.clone(),
            kind: *kind,
        })
        .collect();
    let summary = summarize(&sdp, &codecs, &hints).map_err(bad_offer)?;
    Ok(Offer {
        sdp,
        hints,
        codecs,
        video,
        slots: pool_of(&summary),
        kinds: summary.kinds,
    })
}

/// The slots that an offer makes room for.
fn pool_of(summary: &OfferSummary) -> SlotPool {
    let count = |media| {
        let slots = summary.slots.iter().filter(|slot| slot.media == media);
        u8::try_from(slots.count()).unwrap_or(u8::MAX)
    };
    SlotPool {
        audio: count(Media::Audio),
        video: count(Media::Video),
    }
}

/// The codecs of a room in the words of the transports.
pub(super) fn codecs_of(video: VideoCodec) -> RoomCodecs {
    let video = match video {
        VideoCodec::Vp8 => Codec::Vp8,
        VideoCodec::H264 => Codec::H264,
        VideoCodec::Vp9 => Codec::Vp9,
        VideoCodec::Av1 => Codec::Av1,
    };
    RoomCodecs {
        video,
        // Only subscribers that lose packets get the redundancy: see `media/loss.rs`.
        red: true,
        ..RoomCodecs::default()
    }
}

pub(super) fn negotiated(connected: Connected) -> Negotiated {
    Negotiated {
        answer: connected.answer,
        tracks: connected.tracks,
        slots: connected.slots,
    }
}

fn bad_offer(error: OfferError) -> ApiError {
    let line = u32::try_from(error.line).ok().filter(|line| *line > 0);
    ApiError::BadOffer {
        sentence: error.sentence,
        line,
    }
}

pub(super) fn cannot_connect(error: ConnectError) -> ApiError {
    match error {
        ConnectError::Offer(error) => bad_offer(error),
        ConnectError::WorkerStuck => ApiError::Overloaded,
    }
}
