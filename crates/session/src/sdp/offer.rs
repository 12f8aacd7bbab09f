//! An offer as plain values: one bundled transport and its media sections.

use std::collections::BTreeSet;

use sideroom_route::Media;

use super::line::{OfferError, Section, Sections};
use super::media::{Direction, MediaSection};
use crate::certificate::{Fingerprint, NoFingerprint};

/// The most certificate fingerprints that a client may announce.
const MAX_FINGERPRINTS: usize = 8;
/// The hashes that are good enough.
const HASHES: [&str; 3] = ["sha-256", "sha-384", "sha-512"];

/// A client's offer. Everything in it is copied: the text can go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The one transport that everything is bundled on.
    pub transport: Transport,
    /// The client reads one- and two-byte extension headers side by side (RFC 8285).
    pub extmap_allow_mixed: bool,
    /// The offer has its sections in a BUNDLE group.
    pub bundled: bool,
    /// All media sections, in the order of the text.
    pub media: Vec<MediaSection>,
}

/// How to reach and recognise the client.
#[derive(Clone, PartialEq, Eq)]
pub struct Transport {
    /// ICE user name fragment.
    pub ufrag: String,
    /// The ICE password.
    pub password: String,
    /// Hashes of the client's certificate; one that matches is enough (RFC 8122).
    pub fingerprints: Vec<Fingerprint>,
    /// The client's DTLS role (RFC 5763).
    pub setup: Setup,
}

/// `a=setup`: the side that starts the DTLS handshake (RFC 5763).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setup {
    /// The client leaves the choice to the server.
    ActPass,
    /// The client begins.
    Active,
    /// The client waits for us to begin.
    Passive,
}

// The password is a secret: it stays out of logs.
impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport")
            .field("ufrag", &self.ufrag)
            .field("fingerprints", &self.fingerprints.len())
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}

impl Offer {
    /// The first line that is about the transport: that of the first section.
    pub(crate) fn line(&self) -> usize {
        self.media.first().map_or(1, |section| section.line)
    }

    /// Reads an offer. The error names the line and the problem.
    pub fn parse(text: &str) -> Result<Self, OfferError> {
        let sections = Sections::of(text)?;
        if sections.media.is_empty() {
            let sentence = "the offer ends without a media section; was it cut off?";
            return Err(OfferError::new(sections.last_line.max(1), sentence));
        }
        let inherited = Direction::of_section(&sections.session);
        let media: Vec<_> = sections
            .media
            .iter()
            .map(|section| MediaSection::read(section, inherited))
            .collect::<Result<_, _>>()?;
        let bundle = bundle_of(&sections.session);
        check_mids(&media)?;
        check_bundle(&media, bundle.as_deref())?;
        let transport = transport_of(&sections, &media, bundle.as_deref())?;
        let mixed = |section: &Section<'_>| section.has("extmap-allow-mixed");
        Ok(Self {
            transport,
            extmap_allow_mixed: mixed(&sections.session) || sections.media.iter().any(mixed),
            bundled: bundle.is_some(),
            media,
        })
    }
}

/// The mids of the first BUNDLE group.
fn bundle_of<'a>(session: &Section<'a>) -> Option<Vec<&'a str>> {
    session.attributes("group").find_map(|(_, value)| {
        let mut words = value.split_ascii_whitespace();
        (words.next() == Some("BUNDLE")).then(|| words.collect())
    })
}

fn check_mids(media: &[MediaSection]) -> Result<(), OfferError> {
    let mut mids: Vec<_> = media
        .iter()
        .filter_map(|section| Some((section.mid.as_deref()?, section.line)))
        .collect();
    mids.sort_unstable();
    for pair in mids.windows(2) {
        if let [(mid, _), (again, line)] = pair
            && mid == again
        {
            let sentence = format!("the mid \"{mid}\" names two media sections");
            return Err(OfferError::new(*line, sentence));
        }
    }
    Ok(())
}

/// All of the audio and video must share the one transport (RFC 9143), and RTCP with it (RFC 5761).
fn check_bundle(media: &[MediaSection], bundle: Option<&[&str]>) -> Result<(), OfferError> {
    let bundle: Option<BTreeSet<&str>> = bundle.map(|mids| mids.iter().copied().collect());
    let mut alone = None;
    for section in media.iter().filter(|section| section.is_live()) {
        let in_group = match (&bundle, section.mid.as_deref()) {
            (Some(mids), Some(mid)) => mids.contains(mid),
            (Some(_), None) => false,
            // Without a group a single section is a transport of its own.
            (None, _) => alone.replace(section.line).is_none(),
        };
        if !in_group {
            let sentence = "this media section is not in the BUNDLE group; everything must be \
                            bundled on one transport (a=group:BUNDLE with every mid)";
            return Err(OfferError::new(section.line, sentence));
        }
        if !section.rtcp_mux {
            let sentence = "this media section has no a=rtcp-mux; RTCP has no port of its own here";
            return Err(OfferError::new(section.line, sentence));
        }
    }
    Ok(())
}

/// The transport of the bundle: from the section that the group names first, else the session part, else the
/// first live section that has it (a bundle-only section need not).
fn transport_of(
    sections: &Sections<'_>,
    media: &[MediaSection],
    bundle: Option<&[&str]>,
) -> Result<Transport, OfferError> {
    let tag = bundle.and_then(|mids| mids.first().copied());
    let tagged = media
        .iter()
        .position(|section| section.is_live() && tag.is_some() && section.mid.as_deref() == tag);
    let first = media.iter().position(MediaSection::is_live);
    let Some(first) = first else {
        let line = media.first().map_or(1, |section| section.line);
        let sentence = "no audio or video section of the offer is alive (all have port 0)";
        return Err(OfferError::new(line, sentence));
    };
    let live = sections
        .media
        .iter()
        .zip(media)
        .filter(|(_, model)| model.is_live() && model.media.is_some());
    let places: Vec<&Section<'_>> = tagged
        .and_then(|index| sections.media.get(index))
        .into_iter()
        .chain([&sections.session])
        .chain(live.map(|(section, _)| section))
        .collect();
    let line = media
        .get(tagged.unwrap_or(first))
        .map_or(1, |section| section.line);
    if let Some((line, _)) = sections.session.attribute("ice-lite") {
        let sentence = "the client is ICE-lite and so is this server: nobody would begin";
        return Err(OfferError::new(line, sentence));
    }
    let (ufrag, password) = credentials(&places, line)?;
    Ok(Transport {
        ufrag,
        password,
        fingerprints: fingerprints(&places, line)?,
        setup: setup(&places)?,
    })
}

fn credentials(places: &[&Section<'_>], line: usize) -> Result<(String, String), OfferError> {
    let found = places.iter().find_map(|section| {
        Some((
            section.attribute("ice-ufrag")?,
            section.attribute("ice-pwd")?,
        ))
    });
    let Some(((ufrag_line, ufrag), (password_line, password))) = found else {
        let sentence = "there are no ICE credentials for this media section \
                        (a=ice-ufrag and a=ice-pwd)";
        return Err(OfferError::new(line, sentence));
    };
    let ice_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    // RFC 8839 section 5.4. Some stacks use base64url or a trailing '='.
    let usable = |byte: u8| ice_char(byte) || matches!(byte, b'-' | b'_' | b'=');
    if !(4..=256).contains(&ufrag.len()) || !ufrag.bytes().all(usable) {
        let sentence = "an ICE user name fragment has 4 to 256 letters, digits, '+' or '/'";
        return Err(OfferError::new(ufrag_line, sentence));
    }
    if !(22..=256).contains(&password.len()) || !password.bytes().all(usable) {
        let sentence = "an ICE password has 22 to 256 letters, digits, '+' or '/'";
        return Err(OfferError::new(password_line, sentence));
    }
    Ok((ufrag.to_owned(), password.to_owned()))
}

fn fingerprints(places: &[&Section<'_>], line: usize) -> Result<Vec<Fingerprint>, OfferError> {
    let Some(section) = places.iter().find(|section| section.has("fingerprint")) else {
        let sentence = "there is no certificate fingerprint for this media section \
                        (a=fingerprint); unencrypted media is not accepted";
        return Err(OfferError::new(line, sentence));
    };
    let mut known = Vec::new();
    let mut last = line;
    for (number, value) in section.attributes("fingerprint").take(MAX_FINGERPRINTS) {
        last = number;
        // RFC 8122 section 5: hashes that we do not know are passed over.
        let hash = value.split(' ').next().unwrap_or_default();
        if HASHES.iter().any(|known| known.eq_ignore_ascii_case(hash)) {
            let fingerprint = value
                .parse()
                .map_err(|error: NoFingerprint| OfferError::new(number, error.to_string()))?;
            known.push(fingerprint);
        }
    }
    if known.is_empty() {
        let sentence = "none of the fingerprints is sha-256, sha-384 or sha-512";
        return Err(OfferError::new(last, sentence));
    }
    Ok(known)
}

fn setup(places: &[&Section<'_>]) -> Result<Setup, OfferError> {
    let mut chosen: Option<Setup> = None;
    for (line, value) in places
        .iter()
        .filter_map(|section| section.attribute("setup"))
    {
        let setup = match value {
            "actpass" => Setup::ActPass,
            "active" => Setup::Active,
            "passive" => Setup::Passive,
            _ => {
                let sentence = format!("a=setup:{value} cannot be answered; offer actpass");
                return Err(OfferError::new(line, sentence));
            }
        };
        if chosen.is_some_and(|chosen| chosen != setup) {
            let sentence = "sections of one transport want different DTLS roles (a=setup)";
            return Err(OfferError::new(line, sentence));
        }
        chosen = Some(setup);
    }
    // RFC 5763 asks an offerer for actpass, and leaves nothing else to assume.
    Ok(chosen.unwrap_or(Setup::ActPass))
}

impl MediaSection {
    /// Audio or video that the client has not switched off.
    pub fn is_live(&self) -> bool {
        self.alive && matches!(self.media, Some(Media::Audio | Media::Video))
    }
}
