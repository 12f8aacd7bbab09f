//! Packets that name their sender, so that a receiver can tell whether it should get them.

use bytes::Bytes;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;

/// A VP8 payload: the first partition begins, and a keyframe of 16×16.
const KEYFRAME: [u8; 11] = [0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0];
const OPUS: [u8; 1] = [0xfc];

/// The kind of a test stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Audio,
    Camera,
    Screen,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Audio, Self::Camera, Self::Screen];
    /// The kinds that every peer sends from the beginning.
    pub(crate) const FIRST: [Self; 2] = [Self::Audio, Self::Camera];

    pub(crate) const fn media(self) -> RtpCodecKind {
        match self {
            Self::Audio => RtpCodecKind::Audio,
            Self::Camera | Self::Screen => RtpCodecKind::Video,
        }
    }

    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Audio => "audio/opus",
            Self::Camera | Self::Screen => "video/VP8",
        }
    }

    pub(crate) const fn clock_rate(self) -> u32 {
        match self {
            Self::Audio => 48_000,
            Self::Camera | Self::Screen => 90_000,
        }
    }

    /// The crate's payload type for the codec in every offer.
    pub(crate) const fn payload_type(self) -> u8 {
        match self {
            Self::Audio => 111,
            Self::Camera | Self::Screen => 96,
        }
    }

    /// As the API spells it.
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Audio => "TRACK_KIND_AUDIO",
            Self::Camera => "TRACK_KIND_CAMERA",
            Self::Screen => "TRACK_KIND_SCREEN",
        }
    }

    pub(crate) fn ssrc(self, sender: u8) -> u32 {
        1_000 * (u32::from(sender) + 1) + self as u32
    }

    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Audio => &OPUS,
            Self::Camera | Self::Screen => &KEYFRAME,
        }
    }
}

/// One packet: its sender, its track, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Packet {
    pub(crate) from: u8,
    pub(crate) kind: Kind,
    pub(crate) number: u32,
}

impl Packet {
    pub(crate) fn rtp(self) -> rtp::Packet {
        let body = [self.number as u8; 100];
        let name = [self.from, self.kind as u8];
        let number = self.number.to_be_bytes();
        let payload = [self.kind.prefix(), &name, &number, &body].concat();
        rtp::Packet {
            header: rtp::header::Header {
                version: 2,
                marker: true,
                payload_type: self.kind.payload_type(),
                sequence_number: (65_500 + self.number) as u16,
                timestamp: self.number * self.kind.clock_rate() / 50,
                ssrc: self.kind.ssrc(self.from),
                ..Default::default()
            },
            payload: Bytes::from(payload),
        }
    }

    /// The server's own closing silence: it has no sender, and its number rises.
    pub(crate) fn silence(payload: &[u8], number: usize) -> Option<Self> {
        let is_silence = [&[0xf8, 0xff, 0xfe], &[0xf8][..]].contains(&payload);
        is_silence.then_some(Self {
            from: 0,
            kind: Kind::Audio,
            number: u32::try_from(number).unwrap_or(u32::MAX),
        })
    }

    /// `None` if any byte is not as it was sent.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let strip = |kind: Kind| Some((kind, payload.strip_prefix(kind.prefix())?));
        let told = Kind::ALL.into_iter().filter_map(strip);
        let named = |(kind, rest): &(Kind, &[u8])| rest.get(1) == Some(&(*kind as u8));
        let (kind, rest) = told.into_iter().find(named)?;
        let ([from, _], rest) = rest.split_first_chunk()?;
        let (number, body) = rest.split_first_chunk()?;
        let number = u32::from_be_bytes(*number);
        let whole = body.len() == 100 && body.iter().all(|byte| *byte == number as u8);
        whole.then_some(Self {
            from: *from,
            kind,
            number,
        })
    }
}
