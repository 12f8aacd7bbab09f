//! Header extensions: one- and two-byte forms (RFC 8285), and the map of negotiated ids.

/// The form of an extension block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// No block, or one of an unknown form.
    None,
    OneByte,
    TwoByte,
}

impl Profile {
    #[inline]
    pub(crate) const fn of(number: u16) -> Self {
        match number {
            0xbede => Self::OneByte,
            0x1000..=0x100f => Self::TwoByte,
            _ => Self::None,
        }
    }
}

/// Walks an extension block: `(id, data)`. Stops at the first element that does not fit.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    profile: Profile,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Extensions<'a> {
    #[inline]
    pub(crate) const fn new(profile: Profile, bytes: &'a [u8]) -> Self {
        Self {
            profile,
            bytes,
            at: 0,
        }
    }

    /// Walks the elements with the offset of each element's data in the block.
    pub(crate) fn with_offsets(mut self) -> impl Iterator<Item = (u8, usize, &'a [u8])> {
        std::iter::from_fn(move || {
            let (id, data) = self.next()?;
            Some((id, self.at - data.len(), data))
        })
    }

    /// Id, length of the element's own header, length of its data.
    #[inline]
    fn element(&self) -> Option<(u8, usize, usize)> {
        let first = *self.bytes.get(self.at)?;
        match self.profile {
            Profile::None => None,
            Profile::OneByte => Some((first >> 4, 1, usize::from(first & 0x0f) + 1)),
            Profile::TwoByte => Some((first, 2, usize::from(*self.bytes.get(self.at + 1)?))),
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // A zero byte is padding between elements, in both forms.
        while *self.bytes.get(self.at)? == 0 {
            self.at += 1;
        }
        let (id, header, len) = self.element()?;
        // RFC 8285 section 4.2: id 15 ends the walk; id 0 with a length is not an element.
        if self.profile == Profile::OneByte && (id == 15 || id == 0) {
            self.bytes = &[];
            return None;
        }
        let start = self.at + header;
        let data = self.bytes.get(start..start + len)?;
        self.at = start + len;
        Some((id, data))
    }
}

macro_rules! extension_kinds {
    ($($(#[$doc:meta])+ $kind:ident = $uri:literal,)+) => {
        /// A header extension that Sideroom reads, writes or passes through.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ExtensionKind { $($(#[$doc])+ $kind,)+ }

        impl ExtensionKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The URI by which `a=extmap` names it.
            pub const fn uri(self) -> &'static str {
                match self { $(Self::$kind => $uri,)+ }
            }

            /// The kind that a URI names.
            pub fn of_uri(uri: &str) -> Option<Self> {
                match uri { $($uri => Some(Self::$kind),)+ _ => None }
            }
        }
    };
}

extension_kinds! {
    /// The m-line that a packet belongs to (RFC 9143).
    Mid = "urn:ietf:params:rtp-hdrext:sdes:mid",
    /// The simulcast encoding that a packet belongs to (RFC 8852).
    Rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    /// The encoding that a retransmission repairs (RFC 8852).
    RepairedRid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    /// How loud the sender is (RFC 6464).
    AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    /// When the packet left, in 24 bits.
    AbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    /// A sequence number for the whole transport.
    TransportCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    /// AV1's (and others') dependency descriptor.
    DependencyDescriptor =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    /// How a picture has to be turned (3GPP TS 26.114).
    VideoOrientation = "urn:3gpp:video-orientation",
    /// Limits for the receiver's jitter buffer.
    PlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    /// Camera or screen content.
    VideoContentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    /// Colour space of a picture.
    ColorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    /// Transmission time offset (RFC 5450).
    TimeOffset = "urn:ietf:params:rtp-hdrext:toffset",
    /// The layers that a sender sends, with their rates.
    VideoLayersAllocation = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
}

/// The extension ids of one transport. Id 0 stands for "not negotiated".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ExtensionMap([u8; ExtensionKind::ALL.len()]);

impl ExtensionMap {
    /// A map without extensions.
    pub const fn new() -> Self {
        Self([0; ExtensionKind::ALL.len()])
    }

    /// Makes `id` mean `kind`. Ids 1 to 14 and 16 to 255 are usable (RFC 8285); false for the others.
    pub fn set(&mut self, kind: ExtensionKind, id: u8) -> bool {
        if id == 0 || id == 15 {
            return false;
        }
        if let Some(place) = self.0.get_mut(kind as usize) {
            *place = id;
        }
        true
    }

    /// The id of `kind`, if it was negotiated.
    #[inline]
    pub fn id(&self, kind: ExtensionKind) -> Option<u8> {
        self.0.get(kind as usize).copied().filter(|id| *id != 0)
    }

    /// The extension that `id` stands for.
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        ExtensionKind::ALL
            .iter()
            .copied()
            .find(|kind| id != 0 && self.id(*kind) == Some(id))
    }

    /// Everything that was negotiated.
    pub fn iter(&self) -> impl Iterator<Item = (ExtensionKind, u8)> + '_ {
        ExtensionKind::ALL
            .iter()
            .filter_map(|kind| Some((*kind, self.id(*kind)?)))
    }

    /// True if some id needs the two-byte form.
    pub fn needs_two_bytes(&self) -> bool {
        self.0.iter().any(|id| *id > 14)
    }
}

/// How loud a packet is (RFC 6464).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// The sender's encoder takes it for speech.
    pub voice: bool,
    /// From 0, the loudest, to 127, silence: -dBov.
    pub attenuation: u8,
}

impl AudioLevel {
    /// Reads the extension's data.
    #[inline]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let byte = *data.first()?;
        Some(Self {
            voice: byte & 0x80 != 0,
            attenuation: byte & 0x7f,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(profile: u16, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        Extensions::new(Profile::of(profile), bytes)
            .map(|(id, data)| (id, data.to_vec()))
            .collect()
    }

    #[test]
    fn walks_both_forms_and_stops_where_a_length_lies() {
        assert_eq!(
            walk(0xbede, &[0x10, 7, 0, 0, 0x21, 8, 9]),
            [(1, vec![7]), (2, vec![8, 9])]
        );
        assert_eq!(
            walk(0xbede, &[0x10, 7, 0xf0, 1, 0x10, 7]),
            [(1, vec![7])],
            "id 15 stops"
        );
        assert_eq!(
            walk(0xbede, &[0x10, 7, 0x2f, 8]),
            [(1, vec![7])],
            "past the end"
        );
        assert_eq!(
            walk(0x1000, &[1, 0, 0, 200, 2, 8, 9]),
            [(1, vec![]), (200, vec![8, 9])]
        );
        assert_eq!(walk(0x1000, &[1, 4, 0]), [], "past the end");
        assert_eq!(walk(0xabcd, &[0x10, 7]), [], "an unknown form");
    }

    #[test]
    fn a_map_finds_both_ways() {
        let mut map = ExtensionMap::new();
        assert!(map.set(ExtensionKind::Mid, 4));
        assert!(!map.set(ExtensionKind::Rid, 15) && !map.set(ExtensionKind::Rid, 0));
        assert_eq!(
            (map.id(ExtensionKind::Mid), map.kind(4)),
            (Some(4), Some(ExtensionKind::Mid))
        );
        assert_eq!((map.id(ExtensionKind::Rid), map.kind(0)), (None, None));
        assert_eq!(
            ExtensionKind::of_uri(ExtensionKind::Mid.uri()),
            Some(ExtensionKind::Mid)
        );
    }
}
