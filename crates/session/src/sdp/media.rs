//! One media section of an offer.

use std::collections::{BTreeMap, BTreeSet};

use sideroom_route::Media;
use sideroom_rtp::ExtensionKind;

use super::line::{OfferError, Section, attribute};

/// The most SSRCs, groups, rids or extensions that one section may name.
const MAX_PER_SECTION: usize = 256;
/// RTP has 128 payload types (RFC 3550 section 5.1).
const PAYLOAD_TYPES: usize = 128;
/// The most `a=rtcp-fb` lines of one format that are read.
const MAX_FEEDBACK: usize = 16;

/// A media section of the client's offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MediaSection {
    /// The number of its `m=` line.
    pub line: usize,
    /// Audio or video; `None` for sections that the answer refuses (data channels, text).
    pub media: Option<Media>,
    /// The first word of the `m=` line.
    pub name: String,
    /// The transport protocol of the `m=` line.
    pub protocol: String,
    /// The formats of the `m=` line; for media, payload types.
    pub formats: Vec<String>,
    /// False if the client has switched the section off (port 0 without `a=bundle-only`).
    pub alive: bool,
    /// The identification tag.
    pub mid: Option<String>,
    /// The direction that the client offers.
    pub direction: Direction,
    /// The codecs, in the client's order of preference, retransmission formats among them.
    pub codecs: Vec<OfferedCodec>,
    /// The header extensions that we know.
    pub extensions: Vec<OfferedExtension>,
    /// The simulcast encodings that the client wants to send, in the client's order.
    pub rids: Vec<String>,
    /// SSRCs that `a=ssrc` lines name, without repetition.
    pub ssrcs: Vec<u32>,
    /// `a=ssrc-group` lines.
    pub groups: Vec<SsrcGroup>,
    /// RTP and RTCP on one port.
    pub rtcp_mux: bool,
    /// RTCP packets of reduced size are understood.
    pub rtcp_rsize: bool,
}

/// The direction of media, seen from the side that sends the SDP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    SendRecv,
    /// From the speaker.
    SendOnly,
    /// To the speaker.
    RecvOnly,
    /// Not at all.
    Inactive,
}

/// One format with everything that is said about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedCodec {
    pub payload_type: u8,
    /// The encoding's name in lower case.
    pub name: String,
    pub clock_rate: u32,
    /// The client's spelling of the encoding, with clock rate and channels.
    pub rtpmap: String,
    pub fmtp: Option<String>,
    /// `a=rtcp-fb` values.
    pub feedback: Vec<String>,
}

/// A header extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfferedExtension {
    /// The extension's id on this transport.
    pub id: u8,
    pub kind: ExtensionKind,
    /// The direction in which the client uses the extension.
    pub direction: Direction,
}

/// SSRCs that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SsrcGroup {
    /// `FID`: a stream and its retransmissions. `SIM`: simulcast encodings.
    pub semantics: String,
    /// The members, in order.
    pub ssrcs: Vec<u32>,
}

impl Direction {
    /// The client sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// The client receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The direction that does so.
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The direction as the other end sees it.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    const ALL: [Self; 4] = [
        Self::SendRecv,
        Self::SendOnly,
        Self::RecvOnly,
        Self::Inactive,
    ];

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.name() == name)
    }

    /// The direction that a section, or the session part, states.
    pub(crate) fn of_section(section: &Section<'_>) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| section.has(direction.name()))
    }
}

impl OfferedCodec {
    /// True if the encoding's name is this codec's; some clients write OPUS.
    pub(crate) fn is(&self, codec: sideroom_rtp::Codec) -> bool {
        self.name.eq_ignore_ascii_case(codec.name()) && self.clock_rate == codec.clock_rate()
    }

    /// A parameter of the `a=fmtp` line, by its name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.fmtp.as_deref()?.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then_some(value.trim())
        })
    }
}

impl MediaSection {
    /// Reads a section; `inherited` is the direction that the session part states for all of them.
    pub(crate) fn read(
        section: &Section<'_>,
        inherited: Option<Direction>,
    ) -> Result<Self, OfferError> {
        let mut model = Self::read_m_line(section)?;
        model.alive |= section.has("bundle-only");
        if let Some((line, mid)) = section.attribute("mid") {
            model.mid = Some(token(line, mid, "mid")?);
        }
        model.direction = Direction::of_section(section)
            .or(inherited)
            .unwrap_or(Direction::SendRecv);
        model.rtcp_mux = section.has("rtcp-mux");
        model.rtcp_rsize = section.has("rtcp-rsize");
        if model.is_live() {
            model.codecs = codecs(section, &model.formats)?;
            model.extensions = extensions(section)?;
            model.rids = rids(section)?;
            (model.ssrcs, model.groups) = ssrcs(section)?;
        }
        Ok(model)
    }

    fn read_m_line(section: &Section<'_>) -> Result<Self, OfferError> {
        let line = section.number();
        let value = section.lines.first().map_or("", |line| line.value);
        let mut words = value.split_ascii_whitespace();
        let (Some(name), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
        else {
            let sentence = "an m= line has a media type, a port, a protocol and formats";
            return Err(OfferError::new(line, sentence));
        };
        let port: u16 = port
            .split('/')
            .next()
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| {
                OfferError::new(line, format!("\"{port}\" is not a port (0 to 65535)"))
            })?;
        let formats: Vec<String> = words.take(PAYLOAD_TYPES).map(str::to_owned).collect();
        if formats.is_empty() {
            return Err(OfferError::new(line, "this m= line has no formats"));
        }
        let media = match name {
            "audio" => Some(Media::Audio),
            "video" => Some(Media::Video),
            _ => None,
        };
        if media.is_some() && port != 0 && !protocol.contains("SAVP") {
            let sentence =
                format!("the protocol {protocol} is not secured; offer UDP/TLS/RTP/SAVPF");
            return Err(OfferError::new(line, sentence));
        }
        Ok(Self {
            line,
            media,
            name: name.to_owned(),
            protocol: protocol.to_owned(),
            formats,
            alive: port != 0,
            mid: None,
            direction: Direction::SendRecv,
            codecs: Vec::new(),
            extensions: Vec::new(),
            rids: Vec::new(),
            ssrcs: Vec::new(),
            groups: Vec::new(),
            rtcp_mux: false,
            rtcp_rsize: false,
        })
    }
}

/// A short word that can be repeated in an answer and in an RTP header.
fn token(line: usize, value: &str, what: &str) -> Result<String, OfferError> {
    let usable = |byte: u8| byte.is_ascii_graphic() && byte != b':' && byte != b'/';
    if value.is_empty() || value.len() > 32 || !value.bytes().all(usable) {
        let sentence = format!("a {what} is one word of 1 to 32 letters and digits");
        return Err(OfferError::new(line, sentence));
    }
    Ok(value.to_owned())
}

fn codecs(section: &Section<'_>, formats: &[String]) -> Result<Vec<OfferedCodec>, OfferError> {
    let attributes = FormatAttributes::of(section);
    let mut codecs = Vec::new();
    for format in formats {
        let payload_type: u8 = format.parse().ok().filter(|pt| *pt < 128).ok_or_else(|| {
            let sentence = format!("\"{format}\" is not a payload type (0 to 127)");
            OfferError::new(section.number(), sentence)
        })?;
        // Static payload types without a=rtpmap are formats that clients don't need from us.
        if let Some(codec) = attributes.codec(payload_type)? {
            codecs.push(codec);
        }
    }
    Ok(codecs)
}

/// The lines on each payload type of a section, gathered in one pass: a section has up to 128 formats and
/// thousands of lines.
#[derive(Default)]
struct FormatAttributes<'a> {
    rtpmaps: BTreeMap<u8, (usize, &'a str)>,
    fmtps: BTreeMap<u8, &'a str>,
    feedback: BTreeMap<u8, Vec<&'a str>>,
    /// `a=rtcp-fb:*`.
    feedback_of_all: Vec<&'a str>,
}

impl<'a> FormatAttributes<'a> {
    fn of(section: &Section<'a>) -> Self {
        let mut found = Self::default();
        for line in &section.lines {
            let Some((name, value)) = attribute(line) else {
                continue;
            };
            let Some((format, rest)) = value.split_once(' ') else {
                continue;
            };
            let (payload_type, rest) = (format.parse::<u8>().ok(), rest.trim());
            match (name, payload_type) {
                ("rtpmap", Some(payload_type)) => {
                    let first = found.rtpmaps.entry(payload_type);
                    first.or_insert((line.number, rest));
                }
                ("fmtp", Some(payload_type)) => {
                    found.fmtps.entry(payload_type).or_insert(rest);
                }
                ("rtcp-fb", Some(payload_type)) => {
                    let said = found.feedback.entry(payload_type).or_default();
                    push_bounded(said, rest);
                }
                ("rtcp-fb", None) if format == "*" => {
                    push_bounded(&mut found.feedback_of_all, rest);
                }
                _ => {}
            }
        }
        found
    }

    fn codec(&self, payload_type: u8) -> Result<Option<OfferedCodec>, OfferError> {
        let Some((line, rtpmap)) = self.rtpmaps.get(&payload_type) else {
            return Ok(None);
        };
        let mut parts = rtpmap.split('/');
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let clock_rate = parts.next().and_then(|rate| rate.parse().ok());
        let clock_rate = clock_rate.ok_or_else(|| {
            let sentence = "an a=rtpmap has a payload type, a name and a clock rate";
            OfferError::new(*line, sentence)
        })?;
        let said = self.feedback.get(&payload_type);
        let feedback = said.into_iter().flatten().chain(&self.feedback_of_all);
        Ok(Some(OfferedCodec {
            payload_type,
            name,
            clock_rate,
            rtpmap: (*rtpmap).to_owned(),
            fmtp: self.fmtps.get(&payload_type).map(|fmtp| (*fmtp).to_owned()),
            feedback: feedback
                .take(MAX_FEEDBACK)
                .map(|value| (*value).to_owned())
                .collect(),
        }))
    }
}

fn push_bounded<'a>(values: &mut Vec<&'a str>, value: &'a str) {
    if values.len() < MAX_FEEDBACK {
        values.push(value);
    }
}

fn extensions(section: &Section<'_>) -> Result<Vec<OfferedExtension>, OfferError> {
    let mut extensions = Vec::new();
    for (line, value) in section.attributes("extmap").take(MAX_PER_SECTION) {
        let (id, uri) = value.split_once(' ').unwrap_or((value, ""));
        let (id, direction) = match id.split_once('/') {
            Some((id, direction)) => (id, Direction::of_name(direction)),
            None => (id, Some(Direction::SendRecv)),
        };
        let id: u16 = id
            .parse()
            .map_err(|_| OfferError::new(line, "an a=extmap begins with an id from 1 to 255"))?;
        let uri = uri.split_ascii_whitespace().next().unwrap_or_default();
        // RFC 8285 section 5: ids from 4096 are offers of alternatives. Left out, like id 15.
        let id = u8::try_from(id).ok().filter(|id| !matches!(id, 0 | 15));
        if let (Some(id), Some(kind), Some(direction)) = (id, ExtensionKind::of_uri(uri), direction)
        {
            extensions.push(OfferedExtension {
                id,
                kind,
                direction,
            });
        }
    }
    Ok(extensions)
}

/// The encodings that the client sends: those of `a=simulcast:send`, the first of each alternative.
fn rids(section: &Section<'_>) -> Result<Vec<String>, OfferError> {
    let mut sent = Vec::new();
    for (line, value) in section.attributes("rid").take(MAX_PER_SECTION) {
        let mut words = value.split_ascii_whitespace();
        if let (Some(rid), Some("send")) = (words.next(), words.next()) {
            sent.push(token(line, rid, "rid")?);
        }
    }
    let Some((_, simulcast)) = section.attribute("simulcast") else {
        return Ok(sent);
    };
    let mut words = simulcast.split_ascii_whitespace();
    while let (Some(direction), Some(list)) = (words.next(), words.next()) {
        if direction == "send" {
            let first = |streams: &str| {
                let stream = streams.split(',').next().unwrap_or_default();
                stream.trim_start_matches('~').to_owned()
            };
            let listed: Vec<_> = list.split(';').take(MAX_PER_SECTION).map(first).collect();
            return Ok(listed
                .into_iter()
                .filter(|rid| sent.contains(rid))
                .collect());
        }
    }
    Ok(sent)
}

fn ssrcs(section: &Section<'_>) -> Result<(Vec<u32>, Vec<SsrcGroup>), OfferError> {
    let number = |line: usize, word: &str| {
        word.parse::<u32>()
            .map_err(|_| OfferError::new(line, format!("\"{word}\" is not an SSRC")))
    };
    let mut ssrcs = Vec::new();
    let mut named = BTreeSet::new();
    for (line, value) in section.attributes("ssrc") {
        let ssrc = number(line, value.split(' ').next().unwrap_or_default())?;
        if named.insert(ssrc) {
            ssrcs.push(ssrc);
        }
        if ssrcs.len() > MAX_PER_SECTION {
            let sentence = format!("a media section may name {MAX_PER_SECTION} SSRCs");
            return Err(OfferError::new(line, sentence));
        }
    }
    let mut groups = Vec::new();
    for (line, value) in section.attributes("ssrc-group").take(MAX_PER_SECTION) {
        let mut words = value.split_ascii_whitespace();
        let semantics = words.next().unwrap_or_default().to_owned();
        let ssrcs = words
            .take(MAX_PER_SECTION)
            .map(|word| number(line, word))
            .collect::<Result<_, _>>()?;
        groups.push(SsrcGroup { semantics, ssrcs });
    }
    Ok((ssrcs, groups))
}
