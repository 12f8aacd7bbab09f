//! Parsing an offer, before the room changes.

use std::sync::Arc;

use sideroom_control::{SlotPool, VideoCodec};
use sideroom_route::{Media, TrackKind};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::Negotiated;
use sideroom_rtp::Codec;
use sideroom_session::sdp::{self, OfferError, OfferSummary};
use sideroom_session::{RoomCodecs, TrackHint};

use super::messages::Offer;
use crate::media::{ConnectError, Connected};

/// Offers from this length on are read by a thread that may block: they take milliseconds.
const LONG: usize = 32 * 1024;

/// Reads the text of an offer, or returns the error in it.
pub(super) async fn parse(text: String) -> Result<Arc<sdp::Offer>, ApiError> {
    let parsed = if text.len() < LONG {
        sdp::Offer::parse(&text)
    } else {
        let reading = tokio::task::spawn_blocking(move || sdp::Offer::parse(&text));
        reading.await.map_err(|_| ApiError::Internal)?
    };
    parsed.map(Arc::new).map_err(bad_offer)
}

/// Looks at an offer as the transport will, or returns the error in it. `whole`: a section that cannot be
/// answered is an error too.
pub(super) fn read(
    parsed: Arc<sdp::Offer>,
    hints: &[(String, TrackKind)],
    (video, dtx): (VideoCodec, bool),
    whole: bool,
) -> Result<Offer, ApiError> {
    let codecs = codecs_of(video, dtx);
    let hints: Vec<_> = hints
        .iter()
        .map(|(mid, kind)| TrackHint {
            mid: mid.clone(),
            kind: *kind,
        })
        .collect();
    if whole {
        sdp::require_every_codec(&parsed, &codecs).map_err(bad_offer)?;
    }
    let summary = sdp::summarize(&parsed, &codecs, &hints).map_err(bad_offer)?;
    Ok(Offer {
        parsed,
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
fn codecs_of(video: VideoCodec, dtx: bool) -> RoomCodecs {
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
        dtx,
    }
}

pub(super) fn negotiated(connected: Connected) -> Negotiated {
    Negotiated {
        answer: connected.answer,
        tracks: connected.tracks,
        slots: connected.slots,
    }
}

pub(super) fn bad_offer(error: OfferError) -> ApiError {
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
        ConnectError::Gone => ApiError::SessionGone,
    }
}
