//! Assigns a track kind to each section that a client sends: microphone, camera, screen or canvas.

use sideroom_route::TrackKind;

use super::agreed::NegotiatedIngress;
use super::line::OfferError;
use super::media::MediaSection;
use super::offer::Offer;
use crate::TrackHint;

/// The kind of each section that the client sends: as before, as the client hints, or in order. A client
/// has one track of each kind; sections beyond get none.
pub(crate) fn of_sections(
    known: &[NegotiatedIngress],
    offer: &Offer,
    hints: &[TrackHint],
) -> Result<Vec<Option<TrackKind>>, OfferError> {
    check_hints(offer, hints)?;
    let mut taken: Vec<TrackKind> = known.iter().map(|track| track.kind).collect();
    let mut kinds = Vec::with_capacity(offer.media.len());
    for section in &offer.media {
        kinds.push(named(known, section, hints, &mut taken)?);
    }
    for (kind, section) in kinds.iter_mut().zip(&offer.media) {
        if kind.is_none() && sends(section) {
            let is_free =
                |kind: &&TrackKind| Some(kind.media()) == section.media && !taken.contains(kind);
            *kind = TrackKind::ALL.iter().find(is_free).copied();
            taken.extend(*kind);
        }
    }
    Ok(kinds)
}

fn sends(section: &MediaSection) -> bool {
    section.is_live() && section.direction.sends()
}

/// The kind that a section has already, or that a hint gives it.
fn named(
    known: &[NegotiatedIngress],
    section: &MediaSection,
    hints: &[TrackHint],
    taken: &mut Vec<TrackKind>,
) -> Result<Option<TrackKind>, OfferError> {
    if !sends(section) {
        return Ok(None);
    }
    let mid = section.mid.as_deref().unwrap_or_default();
    if let Some(track) = known.iter().find(|track| track.mid == mid) {
        return Ok(Some(track.kind));
    }
    let Some(hint) = hints.iter().find(|hint| hint.mid == mid) else {
        return Ok(None);
    };
    if taken.contains(&hint.kind) {
        let sentence = format!("this would be a second {} of one client", hint.kind);
        return Err(OfferError::new(section.line, sentence));
    }
    taken.push(hint.kind);
    Ok(Some(hint.kind))
}

/// A hint is about a section that exists and carries that kind of media.
fn check_hints(offer: &Offer, hints: &[TrackHint]) -> Result<(), OfferError> {
    for hint in hints {
        let named = |section: &&MediaSection| section.mid.as_ref() == Some(&hint.mid);
        let Some(section) = offer.media.iter().find(named) else {
            let line = offer.media.last().map_or(1, |section| section.line);
            let sentence = format!(
                "a track hint says that \"{}\" is the {}, the offer has no such section",
                hint.mid, hint.kind
            );
            return Err(OfferError::new(line, sentence));
        };
        if section.media != Some(hint.kind.media()) {
            let sentence = format!(
                "a track hint says that this section is the {}, it is {}",
                hint.kind, section.name
            );
            return Err(OfferError::new(section.line, sentence));
        }
    }
    Ok(())
}
