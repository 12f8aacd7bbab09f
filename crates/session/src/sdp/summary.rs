//! Summary of an offer, before it is answered.

use sideroom_route::{Media, SlotId, TrackKind};

use sideroom_rtp::Codec;

use super::choose;
use super::line::OfferError;
use super::media::{Direction, MediaSection};
use super::negotiate::Negotiated;
use super::offer::Offer;
use crate::{RoomCodecs, TrackHint};

/// The tracks and slots of an offer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OfferSummary {
    /// The tracks that the client sends, or will.
    pub kinds: Vec<TrackKind>,
    /// The slots that it can be sent.
    pub slots: Vec<SlotId>,
}

/// Looks at a first offer as [`crate::Negotiation::begin`] would, and refuses the same ones.
pub fn summarize(
    offer: &Offer,
    codecs: &RoomCodecs,
    hints: &[TrackHint],
) -> Result<OfferSummary, OfferError> {
    let mut negotiated = Negotiated::new(0);
    negotiated.negotiate(offer, codecs, hints)?;
    Ok(OfferSummary {
        kinds: negotiated.ingress.iter().map(|track| track.kind).collect(),
        slots: negotiated.slots.iter().map(|slot| slot.slot).collect(),
    })
}

/// Refuses an offer if the answer would refuse one of its sections for want of a codec: for encoders and
/// players, which tell nobody that the picture is missing.
pub fn require_every_codec(offer: &Offer, codecs: &RoomCodecs) -> Result<(), OfferError> {
    let is_used = |section: &&MediaSection| section.direction != Direction::Inactive;
    let live = offer.media.iter().filter(|section| section.is_live());
    match live
        .filter(is_used)
        .find(|section| choose::codecs(section, codecs).is_empty())
    {
        Some(section) => Err(OfferError::new(
            section.line,
            missing_codec(section, codecs),
        )),
        None => Ok(()),
    }
}

fn missing_codec(section: &MediaSection, codecs: &RoomCodecs) -> String {
    let is_format = |name: &&str| !["rtx", "red", "ulpfec", "flexfec-03"].contains(name);
    let offered = section.codecs.iter().map(|codec| codec.name.as_str());
    let mut offered: Vec<_> = offered.filter(is_format).take(8).collect();
    offered.dedup();
    let offered = match offered.as_slice() {
        [] => "none that has a name".to_owned(),
        some => some.join(", ").to_ascii_uppercase(),
    };
    match section.media {
        Some(Media::Video) => format!(
            "the video codec of this room is {}, this section offers {offered}; use {0} there, or give the \
             room another codec (videoCodec, or codecs.video for every room)",
            codecs.video.name()
        ),
        _ => format!(
            "the audio codec is {}, this section offers {offered}; use {0} there",
            Codec::Opus.name()
        ),
    }
}
