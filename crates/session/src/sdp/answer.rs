//! The text of an answer.

use std::fmt::Write as _;
use std::net::SocketAddr;

use sideroom_route::Media;

use super::agreed::NegotiatedSlot;
use super::media::MediaSection;
use super::negotiate::{Negotiated, SectionAnswer};
use super::offer::Offer;
use crate::{Candidate, IceCredentials, Proto};

/// Parts of an answer that negotiation does not decide.
#[derive(Clone, Copy)]
pub(crate) struct AnswerParts<'a> {
    pub offer: &'a Offer,
    pub negotiated: &'a Negotiated,
    pub sections: &'a [SectionAnswer],
    pub credentials: &'a IceCredentials,
    pub candidates: &'a [Candidate],
    /// `sha-256 AB:CD:…`, of the server's certificate.
    pub fingerprint: &'a str,
    /// The server is the DTLS client, because the client offered to be passive.
    pub active: bool,
    pub cname: &'a str,
    /// Number of the SDP session, and how many answers there were before.
    pub origin: (u64, u64),
}

pub(crate) fn write_answer(parts: &AnswerParts<'_>) -> String {
    let mut text = String::with_capacity(512 + 512 * parts.sections.len());
    write_session(&mut text, parts);
    for (section, answer) in parts.offer.media.iter().zip(parts.sections) {
        if answer.is_refusal() {
            write_refusal(&mut text, section);
        } else {
            write_section(&mut text, parts, section, answer);
            // In every section: aiortc reads those of the last section that shares the transport.
            write_candidates(&mut text, parts.candidates);
        }
    }
    text
}

/// Appends one line. Writing into a string cannot fail.
macro_rules! line {
    ($text:expr, $($format:tt)+) => {{
        let _ = write!($text, $($format)+);
        $text.push_str("\r\n");
    }};
}

fn write_session(text: &mut String, parts: &AnswerParts<'_>) {
    let (number, version) = parts.origin;
    line!(text, "v=0");
    // A session number is a positive number of 63 bits (RFC 9429 section 5.2.1).
    line!(text, "o=- {} {version} IN IP4 127.0.0.1", number >> 1);
    line!(text, "s=-");
    line!(text, "t=0 0");
    let sections = parts.offer.media.iter().zip(parts.sections);
    let mids: Vec<_> = sections
        .filter(|(_, answer)| !answer.is_refusal())
        .filter_map(|(section, _)| section.mid.as_deref())
        .collect();
    if parts.offer.bundled {
        line!(text, "a=group:BUNDLE {}", mids.join(" "));
    }
    line!(text, "a=ice-lite");
    if parts.offer.extmap_allow_mixed {
        line!(text, "a=extmap-allow-mixed");
    }
    line!(text, "a=msid-semantic:WMS *");
}

fn write_refusal(text: &mut String, section: &MediaSection) {
    line!(
        text,
        "m={} 0 {} {}",
        section.name,
        section.protocol,
        section.formats.join(" ")
    );
    line!(text, "c=IN IP4 0.0.0.0");
    if let Some(mid) = &section.mid {
        line!(text, "a=mid:{mid}");
    }
    line!(text, "a=inactive");
}

fn write_section(
    text: &mut String,
    parts: &AnswerParts<'_>,
    section: &MediaSection,
    answer: &SectionAnswer,
) {
    let formats: Vec<String> = answer
        .chosen
        .iter()
        .flat_map(|chosen| [Some(chosen.codec.payload_type), chosen.codec.rtx])
        .flatten()
        .map(|payload_type| payload_type.to_string())
        .collect();
    let udp = parts
        .candidates
        .iter()
        .find(|candidate| candidate.proto == Proto::Udp);
    let address = udp.map_or(SocketAddr::from(([0, 0, 0, 0], 9)), |candidate| {
        candidate.addr
    });
    line!(
        text,
        "m={} {} {} {}",
        section.name,
        address.port(),
        section.protocol,
        formats.join(" ")
    );
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    line!(text, "c=IN {family} {}", address.ip());
    if let Some(mid) = &section.mid {
        line!(text, "a=mid:{mid}");
    }
    write_transport(text, parts);
    line!(text, "a={}", answer.direction.name());
    line!(text, "a=rtcp-mux");
    if section.rtcp_rsize {
        line!(text, "a=rtcp-rsize");
    }
    write_formats(text, answer);
    write_extensions(text, answer);
    write_simulcast(text, answer);
    let slots = &parts.negotiated.slots;
    if let Some((place, slot)) = answer.slot.and_then(|at| Some((at, slots.get(at)?))) {
        // The name stays when the number changes.
        let before = slots.iter().take(place);
        let before = before.filter(|other| other.slot.media == slot.slot.media);
        write_slot(text, (slot, before.count()), parts.cname);
    }
}

fn write_transport(text: &mut String, parts: &AnswerParts<'_>) {
    line!(text, "a=ice-ufrag:{}", parts.credentials.ufrag);
    line!(text, "a=ice-pwd:{}", parts.credentials.password);
    line!(text, "a=fingerprint:{}", parts.fingerprint);
    let setup = if parts.active { "active" } else { "passive" };
    line!(text, "a=setup:{setup}");
}

fn write_formats(text: &mut String, answer: &SectionAnswer) {
    for chosen in &answer.chosen {
        let payload_type = chosen.codec.payload_type;
        line!(text, "a=rtpmap:{payload_type} {}", chosen.rtpmap);
        for feedback in &chosen.feedback {
            line!(text, "a=rtcp-fb:{payload_type} {feedback}");
        }
        if let Some(fmtp) = &chosen.fmtp {
            line!(text, "a=fmtp:{payload_type} {fmtp}");
        }
        if let Some(rtx) = chosen.codec.rtx {
            line!(
                text,
                "a=rtpmap:{rtx} rtx/{}",
                chosen.codec.codec.clock_rate()
            );
            line!(text, "a=fmtp:{rtx} apt={payload_type}");
        }
    }
}

fn write_extensions(text: &mut String, answer: &SectionAnswer) {
    for extension in &answer.extensions {
        let uri = extension.kind.uri();
        if extension.direction == answer.direction {
            line!(text, "a=extmap:{} {uri}", extension.id);
        } else {
            let direction = extension.direction.name();
            line!(text, "a=extmap:{}/{direction} {uri}", extension.id);
        }
    }
}

fn write_simulcast(text: &mut String, answer: &SectionAnswer) {
    for rid in &answer.rids {
        line!(text, "a=rid:{rid} recv");
    }
    if answer.rids.len() > 1 {
        line!(text, "a=simulcast:recv {}", answer.rids.join(";"));
    }
}

/// Each slot is a stream of its own: its source changes without new SDP.
fn write_slot(text: &mut String, (slot, place): (&NegotiatedSlot, usize), cname: &str) {
    let name = format!("{}-{place}", media_name(slot));
    line!(text, "a=msid:slot-{name} {name}");
    if let Some(rtx) = slot.rtx_ssrc {
        line!(text, "a=ssrc-group:FID {} {rtx}", slot.ssrc);
    }
    line!(text, "a=ssrc:{} cname:{cname}", slot.ssrc);
    if let Some(rtx) = slot.rtx_ssrc {
        line!(text, "a=ssrc:{rtx} cname:{cname}");
    }
}

fn media_name(slot: &NegotiatedSlot) -> &'static str {
    match slot.slot.media {
        Media::Audio => "audio",
        Media::Video => "video",
    }
}

fn write_candidates(text: &mut String, candidates: &[Candidate]) {
    if candidates.is_empty() {
        return;
    }
    for (index, candidate) in candidates.iter().enumerate() {
        let (ip, port) = (candidate.addr.ip(), candidate.addr.port());
        let foundation = index + 1;
        // RFC 8445 section 5.1.2.1: host candidates, UDP before TCP, in the order given.
        let preference = 65_535_u32.saturating_sub(index as u32);
        match candidate.proto {
            Proto::Udp => {
                let priority = 126 << 24 | preference << 8 | 255;
                line!(
                    text,
                    "a=candidate:{foundation} 1 udp {priority} {ip} {port} typ host"
                );
            }
            Proto::Tcp => {
                let priority = 90 << 24 | preference << 8 | 255;
                line!(
                    text,
                    "a=candidate:{foundation} 1 tcp {priority} {ip} {port} typ host tcptype passive"
                );
            }
            Proto::Turn(_) => {}
        }
    }
    line!(text, "a=end-of-candidates");
}
