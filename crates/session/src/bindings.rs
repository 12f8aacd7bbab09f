//! Maps an SSRC to an encoding of a track (RFC 9143 section 9.2, RFC 8852).
//!
//! An SSRC is bound by the offer or by the header of an authentic packet, and never by a guess.

use std::time::Duration;

use sideroom_route::Time;
use sideroom_rtp::{Codec, ExtensionKind, RtpView};

use crate::reception::Reception;
use crate::sdp::{Negotiated, NegotiatedCodec, NegotiatedIngress};

/// A replaced SSRC does not get its place back at once: packets that were underway when it was replaced must
/// not undo the change.
const RETIREMENT: Duration = Duration::from_secs(2);
/// How many of them are remembered.
const MAX_RETIRED: usize = 32;

/// A place that an SSRC can be bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// Index in [`Negotiated::ingress`].
    pub ingress: u16,
    /// Index in the track's layers.
    pub layer: u8,
    /// True for a stream of retransmissions.
    pub repair: bool,
}

/// An SSRC in its place.
#[derive(Debug)]
pub(crate) struct Binding {
    pub ssrc: u32,
    pub place: Place,
    /// Begun by the first packet; streams of retransmissions have none.
    pub reception: Option<Box<Reception>>,
    /// A keyframe has to be asked for.
    pub wants_keyframe: bool,
}

impl Binding {
    /// The stream of this SSRC, begun by the packet that asks for it.
    #[inline]
    pub(crate) fn reception(&mut self, track: &NegotiatedIngress) -> &mut Reception {
        let ssrc = self.ssrc;
        self.reception.get_or_insert_with(|| {
            let codec = track.codecs.first().map_or(Codec::Vp8, |codec| codec.codec);
            Box::new(Reception::new(ssrc, codec.clock_rate(), track.nack))
        })
    }
}

/// All SSRCs of one client. Each place has one SSRC at most, so negotiation bounds the table.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    /// In ascending order of SSRCs.
    bound: Vec<Binding>,
    retired: Vec<(u32, Time)>,
}

impl Bindings {
    /// Binds the SSRCs that an offer announces. Bindings learned from packets stay.
    pub(crate) fn announce(&mut self, now: Time, negotiated: &Negotiated) {
        for (index, track) in negotiated.ingress.iter().enumerate() {
            for (layer, named) in track.layers.iter().enumerate() {
                let place = |repair| Place {
                    ingress: index as u16,
                    layer: layer as u8,
                    repair,
                };
                if let Some(ssrc) = named.ssrc {
                    self.bind(now, ssrc, place(false));
                }
                if let Some(ssrc) = named.rtx_ssrc {
                    self.bind(now, ssrc, place(true));
                }
            }
        }
    }

    /// The SSRCs that are bound.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> + '_ {
        self.bound.iter().map(|binding| binding.ssrc)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Binding> {
        self.bound.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bound.iter()
    }

    #[inline]
    pub(crate) fn find(&mut self, ssrc: u32) -> Option<&mut Binding> {
        let index = self.position(ssrc).ok()?;
        self.bound.get_mut(index)
    }

    pub(crate) fn at(&mut self, place: Place) -> Option<&mut Binding> {
        self.bound.iter_mut().find(|binding| binding.place == place)
    }

    #[inline]
    fn position(&self, ssrc: u32) -> Result<usize, usize> {
        self.bound
            .binary_search_by_key(&ssrc, |binding| binding.ssrc)
    }

    /// Where a packet of an unbound SSRC says that it belongs. It is not to be believed before the
    /// packet is found to be authentic.
    pub(crate) fn claim(
        &self,
        now: Time,
        negotiated: &Negotiated,
        packet: &RtpView<'_>,
    ) -> Option<Place> {
        let ssrc = packet.ssrc();
        let young = |(retired, at): &(u32, Time)| *retired == ssrc && now.since(*at) < RETIREMENT;
        if self.retired.iter().any(young) {
            return None;
        }
        let text = |kind| {
            let id = negotiated.extensions.id(kind)?;
            std::str::from_utf8(packet.extension(id)?).ok()
        };
        let announced = |track: &NegotiatedIngress| {
            let mut named = track.unplaced.iter();
            named.any(|(media, repair)| *media == ssrc || *repair == Some(ssrc))
        };
        let mut tracks = negotiated.ingress.iter();
        let index = match text(ExtensionKind::Mid) {
            Some(mid) => tracks.position(|track| track.active && track.mid == mid)?,
            None => tracks.position(|track| track.active && announced(track))?,
        };
        let track = negotiated.ingress.get(index)?;
        let of_rid = |rid: &str| {
            let mut layers = track.layers.iter();
            layers.position(|layer| layer.rid.as_deref() == Some(rid))
        };
        let repair = is_repair(&track.codecs, packet.payload_type());
        let kind = if repair {
            ExtensionKind::RepairedRid
        } else {
            ExtensionKind::Rid
        };
        let layer = match text(kind) {
            Some(rid) => of_rid(rid)?,
            None if track.layers.len() == 1 => 0,
            None => usize::from(self.repaired_layer(track, index, ssrc)?),
        };
        Some(Place {
            ingress: u16::try_from(index).ok()?,
            layer: layer as u8,
            repair,
        })
    }

    /// The layer of a retransmission stream whose media stream has been placed.
    fn repaired_layer(&self, track: &NegotiatedIngress, index: usize, ssrc: u32) -> Option<u8> {
        let mut named = track.unplaced.iter();
        let (media, _) = named.find(|(_, repair)| *repair == Some(ssrc))?;
        let binding = self.bound.get(self.position(*media).ok()?)?;
        (usize::from(binding.place.ingress) == index).then_some(binding.place.layer)
    }

    /// Binds an SSRC to a place; the former SSRC leaves it.
    pub(crate) fn bind(&mut self, now: Time, ssrc: u32, place: Place) {
        if let Some(binding) = self.find(ssrc) {
            if binding.place == place {
                return;
            }
            self.bound.retain(|binding| binding.ssrc != ssrc);
        }
        // Retransmissions of the media stream that leaves would be taken for the new one's.
        let repair = Place {
            repair: true,
            ..place
        };
        let replaces = self.bound.iter().any(|binding| binding.place == place);
        let leaves =
            |binding: &Binding| replaces && (binding.place == place || binding.place == repair);
        let leaving = self.bound.iter().filter(|binding| leaves(binding));
        let leaving: Vec<_> = leaving.map(|binding| (binding.ssrc, now)).collect();
        if !leaving.is_empty() {
            self.bound.retain(|binding| !leaves(binding));
            self.retired.extend(leaving);
            let excess = self.retired.len().saturating_sub(MAX_RETIRED);
            self.retired.drain(..excess);
        }
        self.retired.retain(|(retired, _)| *retired != ssrc);
        if let Err(index) = self.position(ssrc) {
            self.bound.insert(
                index,
                Binding {
                    ssrc,
                    place,
                    reception: None,
                    wants_keyframe: false,
                },
            );
        }
    }
}

/// The payload type is one of retransmissions.
pub(crate) fn is_repair(codecs: &[NegotiatedCodec], payload_type: u8) -> bool {
    codecs.iter().any(|codec| codec.rtx == Some(payload_type))
}

/// The codec of a payload type, or that which its retransmissions repeat.
pub(crate) fn codec_of(codecs: &[NegotiatedCodec], payload_type: u8) -> Option<NegotiatedCodec> {
    let mut codecs = codecs.iter();
    let known = |codec: &&NegotiatedCodec| {
        codec.payload_type == payload_type || codec.rtx == Some(payload_type)
    };
    codecs.find(known).copied()
}
