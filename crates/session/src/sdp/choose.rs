//! Chooses the codecs, header extensions and feedback messages that a section is answered with.

use sideroom_route::Media;
use sideroom_rtp::{Codec, ExtensionKind};

use super::agreed::NegotiatedCodec;
use super::media::{Direction, MediaSection, OfferedCodec, OfferedExtension};
use crate::RoomCodecs;

/// One codec of an answer: the client's payload type, and how we describe the format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chosen {
    pub codec: NegotiatedCodec,
    pub rtpmap: String,
    pub fmtp: Option<String>,
    pub feedback: Vec<&'static str>,
}

/// The codecs that the room uses and the section offers, the preferred one first; none if the section
/// has to be refused.
pub(crate) fn codecs(section: &MediaSection, room: &RoomCodecs) -> Vec<Chosen> {
    match section.media {
        Some(Media::Audio) => audio(section, room),
        Some(Media::Video) => video(section, room.video).into_iter().collect(),
        None => Vec::new(),
    }
}

fn audio(section: &MediaSection, room: &RoomCodecs) -> Vec<Chosen> {
    let Some(opus) = best(section, Codec::Opus) else {
        return Vec::new();
    };
    let mut fmtp = "minptime=10;useinbandfec=1".to_owned();
    if opus.parameter("stereo") == Some("1") {
        fmtp.push_str(";stereo=1");
    }
    // A client that takes it may ask for it, for what it sends itself.
    if room.dtx || opus.parameter("usedtx") == Some("1") {
        fmtp.push_str(";usedtx=1");
    }
    let plain = chosen(section, opus, Codec::Opus, Some(fmtp));
    let red = section
        .codecs
        .iter()
        .filter(|_| room.red)
        .filter(|codec| codec.is(Codec::Red) && carries(codec, opus.payload_type))
        .map(|red| chosen(section, red, Codec::Red, red.fmtp.clone()));
    red.take(1).chain([plain]).collect()
}

/// RED carries other formats: `111/111`.
fn carries(red: &OfferedCodec, inner: u8) -> bool {
    let formats = red.fmtp.as_deref().unwrap_or_default();
    formats
        .split('/')
        .all(|format| format.trim().parse() == Ok(inner))
}

fn video(section: &MediaSection, wanted: Codec) -> Option<Chosen> {
    let offered = best(section, wanted)?;
    Some(chosen(section, offered, wanted, offered.fmtp.clone()))
}

/// The best of several formats of one codec. Ties go to the one that the client names first.
fn best(section: &MediaSection, wanted: Codec) -> Option<&OfferedCodec> {
    let usable = section.codecs.iter().filter(|codec| codec.is(wanted));
    usable
        .enumerate()
        .min_by_key(|(place, codec)| (profile_rank(wanted, codec), *place))
        .filter(|(_, codec)| profile_rank(wanted, codec) != UNUSABLE)
        .map(|(_, codec)| codec)
}

const UNUSABLE: u8 = u8::MAX;

/// Every receiver must decode the stream of any sender: the profile that all browsers share ranks first.
fn profile_rank(wanted: Codec, offered: &OfferedCodec) -> u8 {
    match wanted {
        Codec::H264 => {
            // RFC 6184 section 8.1: absent means packetization mode 0 and baseline.
            let mode = offered.parameter("packetization-mode").unwrap_or("0");
            let profile = offered.parameter("profile-level-id").unwrap_or("42000a");
            let profile = profile.get(..4).unwrap_or_default().to_ascii_lowercase();
            let profile = match profile.as_str() {
                "42e0" => 0,
                "4200" => 1,
                "4d00" | "4d40" => 2,
                _ => 3,
            };
            match mode {
                "1" => profile,
                "0" => profile + 4,
                _ => UNUSABLE,
            }
        }
        // All decoders support 4:2:0 with 8 bits, which is profile 0 in both.
        Codec::Vp9 => match offered.parameter("profile-id") {
            None | Some("0") => 0,
            Some(_) => UNUSABLE,
        },
        Codec::Av1 => match offered.parameter("profile") {
            None | Some("0") => 0,
            Some(_) => UNUSABLE,
        },
        Codec::Opus | Codec::Red | Codec::Vp8 => 0,
    }
}

fn chosen(
    section: &MediaSection,
    offered: &OfferedCodec,
    codec: Codec,
    fmtp: Option<String>,
) -> Chosen {
    let rtx = section.codecs.iter().find(|other| {
        let apt = other.parameter("apt").and_then(|apt| apt.parse().ok());
        other.name == "rtx" && apt == Some(offered.payload_type)
    });
    Chosen {
        codec: NegotiatedCodec {
            codec,
            payload_type: offered.payload_type,
            rtx: rtx.map(|rtx| rtx.payload_type),
        },
        rtpmap: offered.rtpmap.clone(),
        fmtp,
        feedback: feedback(offered, rtx.is_some() || !section.direction.receives()),
    }
}

/// The feedback messages that both sides understand. REMB only where transport-cc is not to be had.
/// A client that receives may send NACKs only if retransmissions have a stream of their own
/// (RFC 4588): without one they are not answered, as the same packet sealed twice would reuse a nonce.
fn feedback(offered: &OfferedCodec, answers_nacks: bool) -> Vec<&'static str> {
    let has = |wanted: &str| {
        let mut said = offered.feedback.iter();
        said.any(|value| value.eq_ignore_ascii_case(wanted))
    };
    let mut agreed = Vec::new();
    if has("transport-cc") {
        agreed.push("transport-cc");
    } else if has("goog-remb") {
        agreed.push("goog-remb");
    }
    if has("ccm fir") {
        agreed.push("ccm fir");
    }
    if answers_nacks && has("nack") {
        agreed.push("nack");
    }
    if has("nack pli") {
        agreed.push("nack pli");
    }
    agreed
}

/// The properties of a section that decide its header extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SectionProfile {
    /// The direction of media, seen from the server.
    pub direction: Direction,
    /// The section's first codec.
    pub codec: Option<Codec>,
    /// Number of simulcast encodings.
    pub layers: usize,
    /// The client reads elements that are longer than 16 bytes (RFC 8285).
    pub long_elements: bool,
}

/// The header extensions of the answer, with the direction in which they are used, seen from us.
pub(crate) fn extensions(section: &MediaSection, wanted: SectionProfile) -> Vec<OfferedExtension> {
    let has = |kind| {
        section
            .extensions
            .iter()
            .any(|offered| offered.kind == kind)
    };
    let mut agreed: Vec<OfferedExtension> = Vec::new();
    for offered in &section.extensions {
        let by_us = offered.direction.reversed();
        let both = wanted.direction;
        let receives = by_us.receives() && both.receives() && reads(offered.kind, &wanted);
        let sends = by_us.sends() && both.sends() && writes(offered.kind, &wanted);
        // One of the two ways to measure delay is enough, and transport-cc is the better one.
        let second_clock =
            offered.kind == ExtensionKind::AbsSendTime && has(ExtensionKind::TransportCc);
        let known = agreed.iter().any(|other| other.kind == offered.kind);
        if (receives || sends) && !second_clock && !known {
            agreed.push(OfferedExtension {
                direction: Direction::of(sends, receives),
                ..*offered
            });
        }
    }
    agreed
}

/// True for extensions of use on packets from the client.
fn reads(kind: ExtensionKind, wanted: &SectionProfile) -> bool {
    match kind {
        ExtensionKind::Rid | ExtensionKind::RepairedRid => wanted.layers > 1,
        // No receiver needs the offset, and the server would have to recompute its value for each of them.
        ExtensionKind::TimeOffset => false,
        // The rates of layers are measured where they arrive.
        ExtensionKind::VideoLayersAllocation => false,
        // The other codecs carry frame properties in their payload.
        ExtensionKind::DependencyDescriptor => wanted.codec == Some(Codec::Av1),
        ExtensionKind::Mid
        | ExtensionKind::AudioLevel
        | ExtensionKind::AbsSendTime
        | ExtensionKind::TransportCc
        | ExtensionKind::VideoOrientation
        | ExtensionKind::PlayoutDelay
        | ExtensionKind::VideoContentType
        | ExtensionKind::ColorSpace => true,
    }
}

/// True for extensions that are written to, or passed through on, packets to the client. A slot is one
/// stream: it has no RIDs, and hides the layers of its source.
fn writes(kind: ExtensionKind, wanted: &SectionProfile) -> bool {
    match kind {
        ExtensionKind::Rid
        | ExtensionKind::RepairedRid
        | ExtensionKind::TimeOffset
        | ExtensionKind::VideoLayersAllocation => false,
        // A descriptor with a keyframe is longer than the one-byte form allows, and useless if it is missing
        // there.
        ExtensionKind::DependencyDescriptor => {
            wanted.codec == Some(Codec::Av1) && wanted.long_elements
        }
        ExtensionKind::Mid
        | ExtensionKind::AudioLevel
        | ExtensionKind::AbsSendTime
        | ExtensionKind::TransportCc
        | ExtensionKind::VideoOrientation
        | ExtensionKind::PlayoutDelay
        | ExtensionKind::VideoContentType
        | ExtensionKind::ColorSpace => true,
    }
}
