//! Matches an offer with the room's media: which sections are tracks, which are slots, and the promises made
//! to each of them. A later offer adds to it and never changes a promise.

use std::collections::BTreeSet;

use sideroom_route::{Media, SlotId, TrackKind};
use sideroom_rtp::{ExtensionKind, ExtensionMap};

use super::agreed::{NegotiatedIngress, NegotiatedSlot, Refusal, RefusedSection};
use super::choose::{self, Chosen, SectionProfile};
use super::kinds;
use super::line::OfferError;
use super::media::{Direction, MediaSection, OfferedExtension};
use super::offer::Offer;
use super::ssrcs::Ssrcs;
use super::streams;
use crate::{RoomCodecs, TrackHint};

/// The most slots of one media type that a participant gets; sections beyond are answered inactive.
pub const MAX_SLOTS_PER_MEDIA: usize = 128;

/// The media that client and server have agreed upon.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Negotiated {
    /// The tracks, in the order in which offers brought them. Their places never change.
    pub ingress: Vec<NegotiatedIngress>,
    /// The slots, likewise. Those in use have the lowest numbers of their media type.
    pub slots: Vec<NegotiatedSlot>,
    /// The sections of the last offer that were refused.
    pub refused: Vec<RefusedSection>,
    /// Header extensions of the whole transport.
    pub extensions: ExtensionMap,
    /// The client reports arrival times for the whole transport, and wants them reported.
    pub transport_cc: bool,
    /// The client adapts to REMB, and supports nothing better.
    pub remb: bool,
    /// The client understands RTCP packets that do not begin with a report (RFC 5506).
    pub rtcp_rsize: bool,
    /// The client reads header extension elements that are longer than 16 bytes.
    long_elements: bool,
    /// The tags of the sections of the last offer, in its order.
    mids: Vec<Option<String>>,
    ssrcs: Ssrcs,
}

/// How a section is answered.
#[derive(Clone, Debug)]
pub(crate) struct SectionAnswer {
    pub chosen: Vec<Chosen>,
    pub extensions: Vec<OfferedExtension>,
    /// The server's direction.
    pub direction: Direction,
    /// The RIDs that we take, in the client's order.
    pub rids: Vec<String>,
    /// Index in [`Negotiated::slots`].
    pub slot: Option<usize>,
}

impl SectionAnswer {
    /// True for a refused section, port 0.
    pub(crate) fn is_refusal(&self) -> bool {
        self.chosen.is_empty()
    }
}

impl Negotiated {
    /// The state before the first offer; SSRCs are drawn from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            ssrcs: Ssrcs(seed),
            ..Self::default()
        }
    }

    /// Matches an offer with the agreed media. On an error the state is unchanged.
    pub(crate) fn negotiate(
        &mut self,
        offer: &Offer,
        room: &RoomCodecs,
        hints: &[TrackHint],
    ) -> Result<Vec<SectionAnswer>, OfferError> {
        self.check_follows(offer)?;
        let mut next = self.clone();
        let answers = next.extend(offer, room, hints)?;
        *self = next;
        Ok(answers)
    }

    /// Draws another unused SSRC.
    pub(crate) fn draw_ssrc(&mut self, offer: &Offer) -> u32 {
        self.ssrcs.next(&self.slots, &streams::named_in(offer), 0)
    }

    /// Sections keep their places (RFC 9429 section 5.2.2); only a refused one may be used anew.
    fn check_follows(&self, offer: &Offer) -> Result<(), OfferError> {
        if offer.media.len() < self.mids.len() {
            let line = offer.media.last().map_or(1, |section| section.line);
            let sentence = format!(
                "the offer ends with its section {}, the one before had {}; switch a section off \
                 instead of leaving it out",
                offer.media.len(),
                self.mids.len()
            );
            return Err(OfferError::new(line, sentence));
        }
        for (section, before) in offer.media.iter().zip(&self.mids) {
            let in_use = |mid: &String| {
                let refused = self.refused.iter().any(|refused| refused.mid == *mid);
                !refused && section.mid.as_ref() != Some(mid)
            };
            if let Some(mid) = before.as_ref().filter(|mid| in_use(mid)) {
                let sentence =
                    format!("the section \"{mid}\" of the offer before was in this place");
                return Err(OfferError::new(section.line, sentence));
            }
        }
        Ok(())
    }

    fn extend(
        &mut self,
        offer: &Offer,
        room: &RoomCodecs,
        hints: &[TrackHint],
    ) -> Result<Vec<SectionAnswer>, OfferError> {
        let chosen: Vec<_> = offer
            .media
            .iter()
            .map(|section| choose(section, room))
            .collect();
        check_something_is_left(offer, &chosen)?;
        let kinds = kinds::of_sections(&self.ingress, offer, hints)?;
        let taken = streams::named_in(offer);
        self.switch_off();
        self.refused.clear();
        self.long_elements = offer.extmap_allow_mixed;
        let mut live = offer.media.iter().filter(|section| section.is_live());
        self.rtcp_rsize = live.all(|section| section.rtcp_rsize);
        let mut answers = Vec::with_capacity(offer.media.len());
        for ((section, chosen), kind) in offer.media.iter().zip(chosen).zip(kinds) {
            if chosen.is_empty() {
                self.refuse(section);
            }
            let kind = kind.filter(|_| !chosen.is_empty());
            answers.push(self.answer(section, chosen, kind, &taken)?);
        }
        self.number_slots();
        let mids = offer.media.iter().map(|section| section.mid.clone());
        self.mids = mids.collect();
        // They are kept for hours, and rarely become more.
        self.slots.shrink_to_fit();
        Ok(answers)
    }

    /// Every track and slot keeps its place; the sections that still use it switch it on again.
    fn switch_off(&mut self) {
        self.ingress
            .iter_mut()
            .for_each(|track| track.active = false);
        self.slots.iter_mut().for_each(|slot| slot.active = false);
    }

    fn answer(
        &mut self,
        section: &MediaSection,
        chosen: Vec<Chosen>,
        kind: Option<TrackKind>,
        taken: &BTreeSet<u32>,
    ) -> Result<SectionAnswer, OfferError> {
        let layers = match kind {
            Some(_) => streams::layers(section),
            None => Vec::new(),
        };
        let wants_slot = section.direction.receives() && !chosen.is_empty();
        let slot = if wants_slot {
            self.slot(section, &chosen, taken)
        } else {
            None
        };
        let direction = Direction::of(slot.is_some(), kind.is_some());
        let wanted = SectionProfile {
            direction,
            codec: chosen.first().map(|chosen| chosen.codec.codec),
            layers: layers.len(),
            long_elements: self.long_elements,
        };
        let extensions = choose::extensions(section, wanted);
        let map = self.add_extensions(section, &extensions)?;
        self.transport_cc |= map.id(ExtensionKind::TransportCc).is_some();
        let rids = streams::accepted_rids(section, &layers);
        if let Some(slot) = slot.and_then(|slot| self.slots.get_mut(slot)) {
            slot.extensions = map;
        }
        let feedback = |name| chosen.iter().any(|chosen| chosen.feedback.contains(&name));
        self.remb |= kind.is_some() && feedback("goog-remb");
        if let Some(kind) = kind {
            self.put_ingress(NegotiatedIngress {
                mid: section.mid.clone().unwrap_or_default(),
                kind,
                codecs: chosen.iter().map(|chosen| chosen.codec).collect(),
                unplaced: streams::unplaced(section, &layers),
                layers,
                extensions: map,
                nack: feedback("nack"),
                fir: feedback("ccm fir") && !feedback("nack pli"),
                active: true,
            });
        }
        Ok(SectionAnswer {
            chosen,
            extensions,
            direction,
            rids,
            slot,
        })
    }

    /// The slot of a section: the one it has, or a new one.
    fn slot(
        &mut self,
        section: &MediaSection,
        chosen: &[Chosen],
        taken: &BTreeSet<u32>,
    ) -> Option<usize> {
        let mid = section.mid.clone().unwrap_or_default();
        let codecs: Vec<_> = chosen.iter().map(|chosen| chosen.codec).collect();
        let known = self.slots.iter().position(|slot| slot.mid == mid);
        if let Some(slot) = known.and_then(|index| self.slots.get_mut(index)) {
            slot.codecs = codecs;
            slot.active = true;
            return known;
        }
        let media = section.media?;
        let count = self
            .slots
            .iter()
            .filter(|slot| slot.slot.media == media)
            .count();
        let index = u8::try_from(count)
            .ok()
            .filter(|_| count < MAX_SLOTS_PER_MEDIA)?;
        let ssrc = self.ssrcs.next(&self.slots, taken, 0);
        let rtx = codecs.iter().any(|codec| codec.rtx.is_some());
        let rtx_ssrc = rtx.then(|| self.ssrcs.next(&self.slots, taken, ssrc));
        self.slots.push(NegotiatedSlot {
            slot: SlotId { media, index },
            mid,
            ssrc,
            rtx_ssrc,
            codecs,
            extensions: ExtensionMap::new(),
            active: true,
        });
        Some(self.slots.len() - 1)
    }

    /// Gives the slots in use the lowest numbers: the room knows how many there are, and not which. A number
    /// changes only where a switched-off slot has one that is needed.
    fn number_slots(&mut self) {
        for media in [Media::Audio, Media::Video] {
            let of_media = |slot: &&NegotiatedSlot| slot.slot.media == media;
            let active = self
                .slots
                .iter()
                .filter(of_media)
                .filter(|slot| slot.active);
            let count = active.count();
            let place = |slots: &[NegotiatedSlot], active: bool| {
                slots.iter().position(|slot| {
                    let is_low = usize::from(slot.slot.index) < count;
                    slot.slot.media == media && slot.active == active && is_low != active
                })
            };
            while let (Some(free), Some(beyond)) =
                (place(&self.slots, false), place(&self.slots, true))
                && let Ok([free, beyond]) = self.slots.get_disjoint_mut([free, beyond])
            {
                std::mem::swap(&mut free.slot, &mut beyond.slot);
            }
        }
    }

    fn put_ingress(&mut self, ingress: NegotiatedIngress) {
        let known = self
            .ingress
            .iter_mut()
            .find(|known| known.mid == ingress.mid);
        match known {
            Some(known) => *known = ingress,
            None => self.ingress.push(ingress),
        }
    }

    fn add_extensions(
        &mut self,
        section: &MediaSection,
        agreed: &[OfferedExtension],
    ) -> Result<ExtensionMap, OfferError> {
        let mut map = ExtensionMap::new();
        for extension in agreed {
            // RFC 9143 section 9.2: these ids identify a packet before its section is known.
            let other = self.extensions.kind(extension.id);
            if let Some(other) = other.filter(|other| *other != extension.kind) {
                let sentence = format!(
                    "the header extension id {} means {} in this section and {} in another one",
                    extension.id,
                    extension.kind.uri(),
                    other.uri()
                );
                return Err(OfferError::new(section.line, sentence));
            }
            map.set(extension.kind, extension.id);
            if self.extensions.id(extension.kind).is_none() {
                self.extensions.set(extension.kind, extension.id);
            }
        }
        Ok(map)
    }

    fn refuse(&mut self, section: &MediaSection) {
        let why = match section.media {
            _ if !section.alive => Refusal::SwitchedOff,
            None => Refusal::NotMedia,
            Some(_) => Refusal::NoCodecOfTheRoom,
        };
        self.refused.push(RefusedSection {
            mid: section.mid.clone().unwrap_or_default(),
            line: section.line,
            why,
        });
    }
}

fn choose(section: &MediaSection, room: &RoomCodecs) -> Vec<Chosen> {
    if section.is_live() {
        choose::codecs(section, room)
    } else {
        Vec::new()
    }
}

fn check_something_is_left(offer: &Offer, chosen: &[Vec<Chosen>]) -> Result<(), OfferError> {
    if chosen.iter().any(|chosen| !chosen.is_empty()) {
        return Ok(());
    }
    let section = offer.media.iter().find(|section| section.is_live());
    let line = section.map_or(1, |section| section.line);
    let wanted = match section.and_then(|section| section.media) {
        Some(Media::Audio) => "Opus",
        _ => "the room's video codec",
    };
    let sentence =
        format!("no section of the offer has a codec of this room; here {wanted} is missing");
    Err(OfferError::new(line, sentence))
}
