//! Offer and answer (RFC 8866, RFC 9429): parses the offer into plain values, matches them with the room's codecs,
//! and answers once for the whole meeting.
//!
//! This module opens no sockets, sends nothing and does not decide who hears whom. An offer that cannot be
//! answered is refused as a whole, with the line and a sentence for a person.

mod agreed;
mod answer;
mod choose;
mod kinds;
mod line;
mod media;
mod negotiate;
mod offer;
mod ssrcs;
mod streams;
mod summary;

pub use agreed::{
    MAX_LAYERS, NegotiatedCodec, NegotiatedIngress, NegotiatedLayer, NegotiatedSlot, Refusal,
    RefusedSection,
};
pub use line::{MAX_MEDIA_SECTIONS, MAX_OFFER_BYTES, OfferError};
pub use media::{Direction, MediaSection, OfferedCodec, OfferedExtension, SsrcGroup};
pub use negotiate::{MAX_SLOTS_PER_MEDIA, Negotiated};
pub use offer::{Offer, Setup, Transport};
pub use summary::{OfferSummary, require_every_codec, summarize};

pub(crate) use answer::{AnswerParts, write_answer};
pub(crate) use negotiate::SectionAnswer;
