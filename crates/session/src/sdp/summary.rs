//! Summary of an offer, before it is answered.

use sideroom_route::{SlotId, TrackKind};

use super::line::OfferError;
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

/// Looks at a first offer as [`crate::Session::accept`] would, and refuses the same ones.
pub fn summarize(
    offer: &str,
    codecs: &RoomCodecs,
    hints: &[TrackHint],
) -> Result<OfferSummary, OfferError> {
    let mut negotiated = Negotiated::new(0);
    negotiated.negotiate(&Offer::parse(offer)?, codecs, hints)?;
    Ok(OfferSummary {
        kinds: negotiated.ingress.iter().map(|track| track.kind).collect(),
        slots: negotiated.slots.iter().map(|slot| slot.slot).collect(),
    })
}
