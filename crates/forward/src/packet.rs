//! One packet that came in, read once for all its subscribers.

use std::ops::Range;

use sideroom_route::DropReason;
use sideroom_rtp::codec::{Peek, av1, opus, peek, vp8, vp9};
use sideroom_rtp::{AudioLevel, Codec, ExtensionKind, ExtensionMap, RtpView};

use crate::IngressConfig;

/// Extensions that pass from the publisher to the subscriber, under the subscriber's ids.
pub(crate) const PASSED: [ExtensionKind; 6] = [
    ExtensionKind::AudioLevel,
    ExtensionKind::DependencyDescriptor,
    ExtensionKind::VideoOrientation,
    ExtensionKind::PlayoutDelay,
    ExtensionKind::VideoContentType,
    ExtensionKind::ColorSpace,
];

/// An extension that passes: which of [`PASSED`], and where its data lies in the packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CopiedExtension {
    pub(crate) which: u8,
    start: u16,
    len: u8,
}

impl CopiedExtension {
    #[inline]
    pub(crate) fn data<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        let start = usize::from(self.start);
        packet
            .get(start..start + usize::from(self.len))
            .unwrap_or_default()
    }
}

/// The part of a payload's beginning to patch.
#[derive(Clone, Debug)]
pub(crate) enum Descriptor {
    /// The payload passes unpatched.
    Plain,
    /// Picture id and TL0PICIDX.
    Vp8(vp8::Descriptor),
    /// No patch, but the end of a layer's frame decides about the marker.
    Vp9 { end: bool },
    /// The frame number, in the extension; and the end of a layer's frame.
    Dependency { frame_number: u16, end: bool },
    /// Block headers of redundant audio, and where the primary encoding lies in the payload.
    Red {
        blocks: usize,
        primary: Range<usize>,
    },
    /// Redundant audio that is encrypted end to end: the block headers cannot be read.
    OpaqueRed,
}

/// The form of a publisher's redundant audio. A client that encrypts end to end encrypts the block headers
/// too; such a payload passes as it is, as RED, or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum RedForm {
    /// No packet with a redundant block came yet.
    #[default]
    Unknown,
    /// The block headers can be read.
    Readable,
    /// A payload was no RED. This stays so for the transport's life.
    Opaque,
}

impl RedForm {
    /// Learns from a packet as it was read.
    #[inline]
    pub(crate) fn learn(&mut self, descriptor: &Descriptor) {
        match (&*self, descriptor) {
            (Self::Unknown, Descriptor::Red { blocks, .. }) if *blocks > 1 => {
                *self = Self::Readable
            }
            (_, Descriptor::OpaqueRed) => *self = Self::Opaque,
            _ => {}
        }
    }
}

/// Whether a slot may begin with a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// The packet is the newest of the layer.
    Here,
    /// The packet is late, but the ring has all packets that overtook it, up to this number.
    CatchUp { to: u64 },
    /// The packet is late, and later packets were not kept: a slot that began here would have a gap.
    Never,
}

/// A packet and the fields read from it, independent of subscribers.
#[derive(Debug)]
pub(crate) struct IncomingPacket<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    /// The extended number in its layer; the ingress fills it in.
    pub(crate) number: u64,
    /// Whether a slot may begin with it, and whether packets that overtook it have to follow then; the
    /// ingress fills it in.
    pub(crate) start: Start,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) codec: Codec,
    pub(crate) peek: Peek,
    pub(crate) descriptor: Descriptor,
    pub(crate) level: Option<AudioLevel>,
    /// The publisher's payload type of Opus, which blocks in RED carry (RFC 2198 section 3).
    pub(crate) opus: Option<u8>,
    /// The form of the publisher's RED, filled in by the ingress.
    pub(crate) red: RedForm,
    passing: [CopiedExtension; PASSED.len()],
    passing_len: u8,
}

impl IncomingPacket<'_> {
    #[inline]
    pub(crate) fn passing(&self) -> &[CopiedExtension] {
        self.passing
            .get(..usize::from(self.passing_len))
            .unwrap_or_default()
    }

    /// The packet ends a frame of its spatial layer.
    #[inline]
    pub(crate) const fn ends_layer_frame(&self) -> bool {
        match self.descriptor {
            Descriptor::Vp9 { end } | Descriptor::Dependency { end, .. } => end,
            _ => self.marker,
        }
    }

    /// Data of the dependency descriptor, if the packet has one.
    pub(crate) fn dependency(&self) -> Option<&[u8]> {
        let found = self
            .passing()
            .iter()
            .find(|passing| kind_of(passing.which) == Some(ExtensionKind::DependencyDescriptor));
        found.map(|passing| passing.data(self.bytes))
    }
}

#[inline]
pub(crate) fn kind_of(which: u8) -> Option<ExtensionKind> {
    PASSED.get(usize::from(which)).copied()
}

/// How to read the packets of one publisher's transport.
#[derive(Debug)]
pub(crate) struct HeaderReader {
    codecs: [Option<Codec>; 128],
    opus: Option<u8>,
    /// The extension of each id of the one-byte form: an index into [`PASSED`], or `NOT_PASSED`.
    passed: [u8; 16],
    extensions: ExtensionMap,
}

const NOT_PASSED: u8 = 0xff;

impl HeaderReader {
    pub(crate) fn new(config: &IngressConfig) -> Self {
        let mut codecs = [None; 128];
        for (payload_type, codec) in &config.codecs {
            if let Some(place) = codecs.get_mut(usize::from(*payload_type)) {
                *place = Some(*codec);
            }
        }
        let opus = config
            .codecs
            .iter()
            .find(|(_, codec)| *codec == Codec::Opus);
        let mut passed = [NOT_PASSED; 16];
        for (which, kind) in PASSED.iter().enumerate() {
            let id = config.extensions.id(*kind).unwrap_or_default();
            if let Some(place) = passed.get_mut(usize::from(id)) {
                *place = which as u8;
            }
        }
        // Id 0 stands for "not negotiated" above.
        if let Some(place) = passed.first_mut() {
            *place = NOT_PASSED;
        }
        Self {
            codecs,
            opus: opus.map(|(payload_type, _)| *payload_type),
            passed,
            extensions: config.extensions,
        }
    }

    /// Reads a packet as far as it says everything about itself.
    #[inline]
    pub(crate) fn read<'a>(&self, bytes: &'a [u8]) -> Result<IncomingPacket<'a>, DropReason> {
        let view = RtpView::parse(bytes).map_err(|_| DropReason::Malformed)?;
        let codec = self.codecs.get(usize::from(view.payload_type()));
        let codec = codec.copied().flatten();
        let codec = codec.ok_or(DropReason::UnknownPayloadType)?;
        let payload = view.payload();
        let mut arrived = IncomingPacket {
            bytes,
            payload,
            ssrc: view.ssrc(),
            sequence: view.sequence(),
            number: 0,
            start: Start::Here,
            timestamp: view.timestamp(),
            marker: view.marker(),
            codec,
            peek: peek(codec, payload),
            descriptor: Descriptor::Plain,
            level: None,
            opus: self.opus,
            red: RedForm::Unknown,
            passing: [CopiedExtension::default(); PASSED.len()],
            passing_len: 0,
        };
        self.read_extensions(&view, &mut arrived);
        arrived.descriptor = read_descriptor(&arrived)?;
        Ok(arrived)
    }

    #[inline]
    fn read_extensions(&self, view: &RtpView<'_>, arrived: &mut IncomingPacket<'_>) {
        let origin = view.bytes().as_ptr().addr();
        for (id, data) in view.extensions() {
            let which = self.which(id);
            if which == NOT_PASSED {
                continue;
            }
            if which == 0 {
                arrived.level = AudioLevel::parse(data);
            }
            let place = arrived.passing.get_mut(usize::from(arrived.passing_len));
            if let (Some(place), Ok(len)) = (place, u8::try_from(data.len())) {
                *place = CopiedExtension {
                    which,
                    start: (data.as_ptr().addr() - origin) as u16,
                    len,
                };
                arrived.passing_len += 1;
            }
        }
    }

    #[inline]
    fn which(&self, id: u8) -> u8 {
        if let Some(which) = self.passed.get(usize::from(id)) {
            return *which;
        }
        let kind = self.extensions.kind(id);
        let which = PASSED.iter().position(|passed| Some(*passed) == kind);
        which.map_or(NOT_PASSED, |which| which as u8)
    }
}

#[inline]
fn read_descriptor(arrived: &IncomingPacket<'_>) -> Result<Descriptor, DropReason> {
    if arrived.payload.is_empty() {
        return Ok(Descriptor::Plain);
    }
    Ok(match arrived.codec {
        Codec::Vp8 => {
            let descriptor = vp8::parse(arrived.payload).ok_or(DropReason::Malformed)?;
            if descriptor.picture_id.is_none() && descriptor.tl0.is_none() {
                return Ok(Descriptor::Plain);
            }
            Descriptor::Vp8(descriptor)
        }
        Codec::Vp9 => {
            let descriptor = vp9::parse(arrived.payload).ok_or(DropReason::Malformed)?;
            Descriptor::Vp9 {
                end: descriptor.end,
            }
        }
        Codec::Av1 => match arrived.dependency() {
            Some(&[flags, high, low, ..]) => Descriptor::Dependency {
                frame_number: u16::from_be_bytes([high, low]),
                end: flags & 0x40 != 0,
            },
            _ => Descriptor::Plain,
        },
        Codec::Red => match opus::read_red(arrived.payload, arrived.opus) {
            Some(red) => Descriptor::Red {
                blocks: red.headers,
                primary: red.primary,
            },
            None => Descriptor::OpaqueRed,
        },
        Codec::Opus | Codec::H264 => Descriptor::Plain,
    })
}

/// Replaces fields from AV1's own header by those of the dependency descriptor.
#[inline]
pub(crate) fn refine(arrived: &mut IncomingPacket<'_>, reader: &mut av1::DependencyReader) {
    if arrived.codec != Codec::Av1 {
        return;
    }
    let Some(dependency) = arrived.dependency().and_then(|data| reader.read(data)) else {
        return;
    };
    arrived.peek = dependency.into();
}
