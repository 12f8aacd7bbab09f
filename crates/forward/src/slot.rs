//! One receive stream of a subscriber: the source, the layer and the rewriter.

use sideroom_route::{DropReason, Media, ParticipantId, SlotId, Time, TrackId};
use sideroom_rtp::{Codec, ExtensionKind, ExtensionMap};

use crate::allowance::Allowance;
use crate::config::{LayerTarget, PayloadTypes, SlotConfig, SubscriberConfig, SubscriberId};
use crate::counts::SlotCounts;
use crate::header::HeaderTemplate;
use crate::history::Shift;
use crate::packet::{IncomingPacket, RedForm, Start};
use crate::rewrite::{NumberVerdict, Rewriter};
use crate::{ForwardConfig, ids};

/// A layer of an ingress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flow {
    pub(crate) ingress: u32,
    pub(crate) layer: u8,
}

/// The source of a slot, by the table and the layer target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotSource {
    /// No route, the track is absent, or no publisher is connected here.
    Empty,
    /// A route that lets nothing through.
    Shut { ingress: u32, reason: DropReason },
    /// A route that lets packets through.
    Open { flow: Flow },
}

impl SlotSource {
    pub(crate) const fn ingress(self) -> Option<u32> {
        match self {
            Self::Empty => None,
            Self::Shut { ingress, .. } => Some(ingress),
            Self::Open { flow } => Some(flow.ingress),
        }
    }
}

/// Where the lists of the ingresses hold a slot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) attached: Option<u32>,
    pub(crate) shut: Option<DropReason>,
    pub(crate) flows: [Option<Flow>; 2],
}

/// Spatial and temporal layers inside one stream: the layers that pass now, and the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) target_spatial: u8,
    pub(crate) target_temporal: u8,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) subscriber: SubscriberId,
    pub(crate) ssrc: u32,
    /// The source that flows now.
    pub(crate) flow: Option<Flow>,
    /// The source that will flow as soon as its keyframe (or, for audio, any packet) comes.
    pub(crate) wanted: Option<Flow>,
    pub(crate) selection: Selection,
    pub(crate) types: PayloadTypes,
    /// Redundancy is of use; else Opus leaves without it.
    pub(crate) redundancy: bool,
    pub(crate) rewriter: Rewriter,
    pub(crate) template: HeaderTemplate,
    pub(crate) counts: SlotCounts,
    pub(crate) id: SlotId,
    pub(crate) rtx_ssrc: Option<u32>,
    pub(crate) next_rtx: u64,
    pub(crate) participant: ParticipantId,
    pub(crate) source: SlotSource,
    pub(crate) target: LayerTarget,
    pub(crate) listed: Listing,
    /// The round of re-listing in which it was touched last.
    pub(crate) stamp: u64,
    /// The track that it is routed to and that has no source here yet.
    pub(crate) waits_for: Option<TrackId>,
    /// The ingress that the rewriter's memory is about.
    pub(crate) remembers: Option<u32>,
    /// Retransmissions that it may still ask for.
    pub(crate) resends: Allowance,
    /// The source that was reported to control as paused.
    pub(crate) told_paused: Option<TrackId>,
}

/// The decision on a packet in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The packet is sent.
    Send {
        number: u64,
        shift: Shift,
        marker: bool,
        /// True for the first packet of a source or layer.
        switched: bool,
    },
    /// The packet is dropped, and padding fills the sequence number.
    Fill { number: u64 },
    /// The packet is dropped.
    Drop(DropReason),
}

impl Selection {
    const ALL: Self = Self {
        spatial: u8::MAX,
        temporal: u8::MAX,
        target_spatial: u8::MAX,
        target_temporal: u8::MAX,
    };

    /// Whether the packet's layer passes. The choice changes only where a frame begins: down at once, up
    /// where the source says that one can.
    #[inline]
    fn passes(&mut self, arrived: &IncomingPacket<'_>, ahead: bool) -> bool {
        let peek = &arrived.peek;
        if ahead && peek.frame_start {
            if peek.keyframe {
                self.spatial = self.target_spatial;
                self.temporal = self.target_temporal;
            } else {
                if peek.spatial == 0 {
                    self.spatial = self.spatial.min(self.target_spatial);
                }
                self.temporal = self.temporal.min(self.target_temporal);
                let up = self.temporal < peek.temporal && peek.temporal <= self.target_temporal;
                if up && peek.switch_up {
                    self.temporal = peek.temporal;
                }
            }
        }
        peek.spatial <= self.spatial && peek.temporal <= self.temporal
    }

    /// Higher layers of the picture are left out, so the marker has to be where this one ends.
    #[inline]
    fn ends_picture(&self, arrived: &IncomingPacket<'_>) -> bool {
        self.spatial != u8::MAX
            && arrived.peek.spatial == self.spatial
            && arrived.ends_layer_frame()
    }
}

impl Slot {
    pub(crate) fn new(
        bounds: &ForwardConfig,
        to: SubscriberId,
        subscriber: &SubscriberConfig,
        config: &SlotConfig,
    ) -> Self {
        let (clock_rate, history) = match config.slot.media {
            Media::Audio => (Codec::Opus.clock_rate(), bounds.audio_history),
            Media::Video => (Codec::Vp8.clock_rate(), bounds.video_history),
        };
        let rtx = ids::draw(
            bounds.seed,
            u64::from(config.rtx_ssrc.unwrap_or_default()) << 32,
        );
        Self {
            subscriber: to,
            ssrc: config.ssrc,
            flow: None,
            wanted: None,
            selection: Selection::ALL,
            types: config.payload_types,
            redundancy: true,
            rewriter: Rewriter::new(bounds.seed, config.ssrc, clock_rate, history),
            template: HeaderTemplate::new(config.mid, sent_extensions(subscriber, config)),
            counts: SlotCounts::default(),
            id: config.slot,
            rtx_ssrc: config.rtx_ssrc,
            next_rtx: (rtx & 0x7fff) + 1,
            participant: subscriber.participant,
            source: SlotSource::Empty,
            target: LayerTarget::TOP,
            listed: Listing::default(),
            stamp: 0,
            waits_for: None,
            remembers: None,
            resends: Allowance::full(bounds.slot_resends),
            told_paused: None,
        }
    }

    /// Applies the parameters of a later answer. The stream goes on with the same numbers, time stamps and source.
    pub(crate) fn renegotiate(&mut self, subscriber: &SubscriberConfig, config: &SlotConfig) {
        self.id = config.slot;
        self.types = config.payload_types;
        self.template = HeaderTemplate::new(config.mid, sent_extensions(subscriber, config));
    }

    /// Under which payload type, and as what, a packet leaves. A subscriber without RED, or without a use
    /// for it, gets the Opus inside, if it can be read.
    #[inline]
    pub(crate) fn payload_type(&self, arrived: &IncomingPacket<'_>) -> Option<(u8, Codec)> {
        let codec = arrived.codec;
        let payload_type = self.types.of(codec);
        if codec != Codec::Red {
            return Some((payload_type?, codec));
        }
        match (arrived.red, payload_type) {
            (RedForm::Opaque, _) => Some((payload_type?, Codec::Red)),
            (RedForm::Readable, Some(_)) if !self.redundancy => {
                Some((self.types.of(Codec::Opus)?, Codec::Opus))
            }
            (_, Some(payload_type)) => Some((payload_type, Codec::Red)),
            (_, None) => Some((self.types.of(Codec::Opus)?, Codec::Opus)),
        }
    }

    /// Decides about a packet of `here`.
    #[inline]
    pub(crate) fn admit(&mut self, now: Time, here: Flow, arrived: &IncomingPacket<'_>) -> Verdict {
        if self.flow != Some(here) {
            return self.admit_new(now, here, arrived);
        }
        let empty = arrived.payload.is_empty();
        let ahead = self.rewriter.is_ahead(arrived.number);
        let passes = self.selection.passes(arrived, ahead);
        let known = self.payload_type(arrived).is_some();
        let marker = arrived.marker || self.selection.ends_picture(arrived);
        let wanted = passes && known && !empty;
        match self.rewriter.place(now, arrived, wanted, marker) {
            NumberVerdict::Send { number, shift } => Verdict::Send {
                number,
                shift,
                marker,
                switched: false,
            },
            NumberVerdict::Fill { number } => Verdict::Fill { number },
            NumberVerdict::TooOld => Verdict::Drop(DropReason::TooOld),
            NumberVerdict::Jumped if wanted => self.begin(now, here, arrived, false),
            NumberVerdict::Jumped | NumberVerdict::Skipped => Verdict::Drop(if empty {
                DropReason::PaddingOnly
            } else if known {
                DropReason::LayerNotSelected
            } else {
                DropReason::UnknownPayloadType
            }),
        }
    }

    /// A packet of a source or layer that does not flow yet.
    #[cold]
    fn admit_new(&mut self, now: Time, here: Flow, arrived: &IncomingPacket<'_>) -> Verdict {
        if self.wanted != Some(here) {
            return Verdict::Drop(DropReason::LayerNotSelected);
        }
        if arrived.payload.is_empty() {
            return Verdict::Drop(DropReason::PaddingOnly);
        }
        if self.payload_type(arrived).is_none() {
            return Verdict::Drop(DropReason::UnknownPayloadType);
        }
        if self.id.media == Media::Video && !arrived.peek.keyframe {
            return Verdict::Drop(DropReason::AwaitingKeyframe);
        }
        if arrived.start == Start::Never {
            return Verdict::Drop(match self.id.media {
                Media::Audio => DropReason::TooOld,
                Media::Video => DropReason::AwaitingKeyframe,
            });
        }
        self.begin(now, here, arrived, true)
    }

    fn begin(
        &mut self,
        now: Time,
        here: Flow,
        arrived: &IncomingPacket<'_>,
        switched: bool,
    ) -> Verdict {
        if self.remembers != Some(here.ingress) {
            self.rewriter.forget();
            self.remembers = Some(here.ingress);
        }
        self.flow = Some(here);
        self.wanted = None;
        self.selection.spatial = self.selection.target_spatial;
        self.selection.temporal = self.selection.target_temporal;
        self.counts.switches += 1;
        self.rewriter.begin(now, here.layer, arrived);
        // For audio the marker marks the start of a talkspurt (RFC 3551 section 4.1). For video it marks the
        // end of a frame, and must not be set anywhere else.
        let marker = match self.id.media {
            Media::Audio => true,
            Media::Video => arrived.marker || self.selection.ends_picture(arrived),
        };
        match self.rewriter.place(now, arrived, true, marker) {
            NumberVerdict::Send { number, shift } => Verdict::Send {
                number,
                shift,
                marker,
                switched,
            },
            _ => Verdict::Drop(DropReason::TooOld),
        }
    }

    /// Applies the table's source. `lingers`: the old source may flow until the new one comes. `layered`: the
    /// source has layers inside its one stream.
    pub(crate) fn set_source(&mut self, source: SlotSource, lingers: bool, layered: bool) {
        self.source = source;
        let SlotSource::Open { flow } = source else {
            (self.flow, self.wanted) = (None, None);
            if source == SlotSource::Empty {
                self.rewriter.rest();
                self.remembers = None;
            }
            return;
        };
        if !lingers {
            self.flow = None;
        }
        self.wanted = (self.flow != Some(flow)).then_some(flow);
        let LayerTarget::Layer { encoding, temporal } = self.target else {
            return;
        };
        self.selection.target_temporal = temporal;
        self.selection.target_spatial = if layered { encoding } else { u8::MAX };
        if !layered {
            self.selection.spatial = u8::MAX;
        }
    }

    /// Empties the slot.
    pub(crate) fn empty(&mut self) {
        self.set_source(SlotSource::Empty, false, false);
    }

    /// Something flows, or is to flow.
    pub(crate) fn carries(&self) -> bool {
        self.flow.is_some() || self.wanted.is_some()
    }

    /// True if the flowing source is not the table's.
    pub(crate) fn lingers(&self) -> bool {
        self.flow
            .is_some_and(|flow| Some(flow.ingress) != self.source.ingress())
    }

    /// The route is open, but the layer target says that there is no bandwidth for it.
    pub(crate) fn is_paused(&self) -> bool {
        self.target == LayerTarget::Paused
            && matches!(
                self.source,
                SlotSource::Shut {
                    reason: DropReason::Bandwidth,
                    ..
                }
            )
    }

    /// The lists that should hold the slot.
    pub(crate) fn listing(&self) -> Listing {
        let shut = match self.source {
            SlotSource::Shut { reason, .. } => Some(reason),
            SlotSource::Empty | SlotSource::Open { .. } => None,
        };
        Listing {
            attached: self.source.ingress(),
            shut,
            flows: [self.flow, self.wanted],
        }
    }

    /// True if the slot cannot go on without a keyframe of this layer, or would show a broken picture.
    pub(crate) fn awaits(&self, here: Flow) -> bool {
        self.id.media == Media::Video
            && (self.wanted == Some(here)
                || self.flow == Some(here)
                    && self.selection.spatial < self.selection.target_spatial)
    }
}

/// Extensions of outgoing headers. Leaves transport-cc out for a subscriber that does not report arrivals.
fn sent_extensions(subscriber: &SubscriberConfig, config: &SlotConfig) -> ExtensionMap {
    let mut sent = ExtensionMap::new();
    for (kind, id) in config.extensions.iter() {
        if kind != ExtensionKind::TransportCc || subscriber.transport_cc {
            sent.set(kind, id);
        }
    }
    sent
}
