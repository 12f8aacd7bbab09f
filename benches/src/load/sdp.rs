//! The offer that a client makes, and what it reads from the answer: as much SDP as a browser needs for
//! the same meeting, and no more.

use std::net::SocketAddr;

use sideroom_net::PeerAddr;
use sideroom_route::{Media, TrackKind};
use sideroom_rtp::{ExtensionKind, ExtensionMap};
use sideroom_session::{Fingerprint, IceCredentials};

use super::error::LoadError;

const OPUS: u8 = 111;
const VP8: u8 = 96;
const VP8_RTX: u8 = 97;

/// Extensions by the numbers that browsers give them.
const EXTENSIONS: [(ExtensionKind, u8); 3] = [
    (ExtensionKind::AbsSendTime, 2),
    (ExtensionKind::TransportCc, 3),
    (ExtensionKind::Mid, 4),
];
const AUDIO_LEVEL: (ExtensionKind, u8) = (ExtensionKind::AudioLevel, 1);

/// What a client offers.
#[derive(Clone, Debug)]
pub struct OfferPlan<'a> {
    /// The tracks that it sends, with their SSRCs.
    pub sends: &'a [(TrackKind, u32)],
    /// How many audio streams it can receive.
    pub audio_slots: usize,
    /// How many video streams.
    pub video_slots: usize,
    /// Its credentials.
    pub credentials: &'a IceCredentials,
    /// Its certificate.
    pub fingerprint: &'a str,
}

/// What the answer says of the transport.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The server's credentials.
    pub credentials: IceCredentials,
    /// Its certificate's fingerprints.
    pub fingerprints: Vec<Fingerprint>,
    /// Where it is.
    pub candidates: Vec<PeerAddr>,
    /// The extension numbers of each m-line, in the order of the offer.
    pub extensions: Vec<ExtensionMap>,
}

/// The m-line that a track is offered on: lines for sending come first, in their order.
pub fn mid_of(index: usize) -> String {
    index.to_string()
}

/// The payload type of a kind of media.
pub fn payload_type_of(media: Media) -> u8 {
    match media {
        Media::Audio => OPUS,
        Media::Video => VP8,
    }
}

/// Writes the offer.
pub fn write_offer(plan: &OfferPlan<'_>) -> String {
    let sends = plan
        .sends
        .iter()
        .map(|(kind, ssrc)| (kind.media(), Some(*ssrc)));
    let audio = (0..plan.audio_slots).map(|_| (Media::Audio, None));
    let video = (0..plan.video_slots).map(|_| (Media::Video, None));
    let lines: Vec<_> = sends.chain(audio).chain(video).collect();
    let mids: Vec<_> = (0..lines.len()).map(mid_of).collect();
    let mut text = vec![
        "v=0".to_owned(),
        "o=- 1 1 IN IP4 127.0.0.1".to_owned(),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=group:BUNDLE {}", mids.join(" ")),
        "a=extmap-allow-mixed".to_owned(),
        "a=msid-semantic: WMS".to_owned(),
    ];
    for ((media, ssrc), mid) in lines.into_iter().zip(&mids) {
        write_line(&mut text, plan, (media, ssrc), mid);
    }
    text.push(String::new());
    text.join("\r\n")
}

fn write_line(
    text: &mut Vec<String>,
    plan: &OfferPlan<'_>,
    (media, ssrc): (Media, Option<u32>),
    mid: &str,
) {
    let mut line = |line: String| text.push(line);
    match media {
        Media::Audio => line(format!("m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}")),
        Media::Video => line(format!("m=video 9 UDP/TLS/RTP/SAVPF {VP8} {VP8_RTX}")),
    }
    line("c=IN IP4 0.0.0.0".to_owned());
    line(format!("a=ice-ufrag:{}", plan.credentials.ufrag));
    line(format!("a=ice-pwd:{}", plan.credentials.password));
    line(format!("a=fingerprint:{}", plan.fingerprint));
    line("a=setup:active".to_owned());
    line(format!("a=mid:{mid}"));
    let level = (media == Media::Audio).then_some(AUDIO_LEVEL);
    for (kind, id) in level.into_iter().chain(EXTENSIONS) {
        line(format!("a=extmap:{id} {}", kind.uri()));
    }
    line(
        if ssrc.is_some() {
            "a=sendonly"
        } else {
            "a=recvonly"
        }
        .to_owned(),
    );
    line("a=rtcp-mux".to_owned());
    line("a=rtcp-rsize".to_owned());
    match media {
        Media::Audio => {
            line(format!("a=rtpmap:{OPUS} opus/48000/2"));
            line(format!("a=rtcp-fb:{OPUS} transport-cc"));
            line(format!("a=fmtp:{OPUS} minptime=10;useinbandfec=1"));
        }
        Media::Video => {
            line(format!("a=rtpmap:{VP8} VP8/90000"));
            for feedback in ["transport-cc", "ccm fir", "nack", "nack pli"] {
                line(format!("a=rtcp-fb:{VP8} {feedback}"));
            }
            line(format!("a=rtpmap:{VP8_RTX} rtx/90000"));
            line(format!("a=fmtp:{VP8_RTX} apt={VP8}"));
        }
    }
    if let Some(ssrc) = ssrc {
        line(format!("a=msid:load track{mid}"));
        line(format!("a=ssrc:{ssrc} cname:load"));
    }
}

/// Reads an answer.
pub fn read_answer(text: &str) -> Result<Answer, LoadError> {
    let mut answer = Answer {
        credentials: IceCredentials {
            ufrag: String::new(),
            password: String::new(),
        },
        fingerprints: Vec::new(),
        candidates: Vec::new(),
        extensions: Vec::new(),
    };
    for line in text.lines() {
        if line.starts_with("m=") {
            answer.extensions.push(ExtensionMap::new());
        }
        let Some((name, value)) = line
            .strip_prefix("a=")
            .and_then(|line| line.split_once(':'))
        else {
            continue;
        };
        match name {
            "ice-ufrag" => value.clone_into(&mut answer.credentials.ufrag),
            "ice-pwd" => value.clone_into(&mut answer.credentials.password),
            "fingerprint" => answer.fingerprints.extend(value.parse::<Fingerprint>()),
            "candidate" => answer.candidates.extend(candidate(value)),
            "extmap" => {
                if let (Some(map), Some((kind, id))) =
                    (answer.extensions.last_mut(), extension(value))
                {
                    map.set(kind, id);
                }
            }
            _ => {}
        }
    }
    let missing = [
        ("ICE credentials", answer.credentials.ufrag.is_empty()),
        ("a fingerprint", answer.fingerprints.is_empty()),
        ("a UDP candidate", answer.candidates.is_empty()),
    ];
    match missing.iter().find(|(_, missing)| *missing) {
        Some((what, _)) => Err(LoadError::Answer(format!("it has no {what}"))),
        None => Ok(answer),
    }
}

fn candidate(value: &str) -> Option<PeerAddr> {
    let words: Vec<_> = value.split_whitespace().collect();
    let &[_, _, proto, _, ip, port, ..] = words.as_slice() else {
        return None;
    };
    let addr = SocketAddr::new(ip.parse().ok()?, port.parse().ok()?);
    proto
        .eq_ignore_ascii_case("udp")
        .then_some(PeerAddr::udp(addr))
}

fn extension(value: &str) -> Option<(ExtensionKind, u8)> {
    let (id, uri) = value.split_once(' ')?;
    let id = id.split('/').next()?.parse().ok()?;
    Some((ExtensionKind::of_uri(uri.trim())?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_has_a_line_for_each_track_and_slot() {
        let credentials = IceCredentials {
            ufrag: "abcd".to_owned(),
            password: "secret".to_owned(),
        };
        let offer = write_offer(&OfferPlan {
            sends: &[(TrackKind::Audio, 7), (TrackKind::Camera, 8)],
            audio_slots: 2,
            video_slots: 1,
            credentials: &credentials,
            fingerprint: "sha-256 AA",
        });
        assert_eq!(offer.matches("m=audio").count(), 3);
        assert_eq!(offer.matches("m=video").count(), 2);
        assert_eq!(offer.matches("a=recvonly").count(), 3);
        assert!(offer.contains("a=group:BUNDLE 0 1 2 3 4\r\n"));
        assert!(offer.contains("a=ssrc:8 cname:load\r\n"));
        assert!(offer.ends_with("\r\n"));
    }

    #[test]
    fn an_answer_is_read_and_one_without_a_transport_refused() {
        let text = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n\
            a=fingerprint:sha-256 AB:CD\r\na=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
            a=candidate:1 1 tcp 1 192.0.2.9 7 typ host tcptype passive\r\n\
            a=candidate:1 1 udp 1 127.0.0.1 7910 typ host\r\n";
        let no_fingerprint = read_answer(text).map(|_| ());
        assert!(no_fingerprint.is_err(), "two bytes are no SHA-256");
        let digest = vec!["AB"; 32].join(":");
        let answer = read_answer(&text.replace("AB:CD", &digest)).expect("whole");
        assert_eq!(
            answer.candidates,
            [PeerAddr::udp(([127, 0, 0, 1], 7910).into())]
        );
        assert_eq!(answer.extensions[0].id(ExtensionKind::AudioLevel), Some(1));
    }
}
