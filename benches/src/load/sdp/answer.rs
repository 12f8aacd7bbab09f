//! The answer of a client that only receives, to a server that makes the offers.

use sideroom_route::Media;
use sideroom_rtp::ExtensionKind;
use sideroom_session::IceCredentials;

use super::{AUDIO_LEVEL, Description, EXTENSIONS, Line};

/// Answers `offer`: every line with a codec that we have is received, all others are refused.
pub fn write_answer(
    offer: &Description,
    credentials: &IceCredentials,
    fingerprint: &str,
) -> String {
    let taken = |line: &&Line| chosen(line).is_some();
    let lines = offer.lines.iter().filter(taken);
    let mids: Vec<_> = lines.map(|line| line.mid.as_str()).collect();
    let mut text = vec![
        "v=0".to_owned(),
        "o=- 1 1 IN IP4 127.0.0.1".to_owned(),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=group:BUNDLE {}", mids.join(" ")),
        "a=extmap-allow-mixed".to_owned(),
    ];
    for line in &offer.lines {
        match chosen(line) {
            Some((payload_type, media)) => {
                let common = [
                    "c=IN IP4 0.0.0.0".to_owned(),
                    format!("a=ice-ufrag:{}", credentials.ufrag),
                    format!("a=ice-pwd:{}", credentials.password),
                    format!("a=fingerprint:{fingerprint}"),
                    "a=setup:active".to_owned(),
                    format!("a=mid:{}", line.mid),
                    "a=recvonly".to_owned(),
                    "a=rtcp-mux".to_owned(),
                    "a=rtcp-rsize".to_owned(),
                ];
                text.push(format!(
                    "m={} 9 UDP/TLS/RTP/SAVPF {payload_type}",
                    name_of(media)
                ));
                text.extend(common);
                text.extend(extensions(line));
                text.extend(codec(payload_type, media));
            }
            None => {
                text.push(format!("m={}", refused(&line.head)));
                text.push("c=IN IP4 0.0.0.0".to_owned());
                text.push(format!("a=mid:{}", line.mid));
                text.push("a=inactive".to_owned());
            }
        }
    }
    text.push(String::new());
    text.join("\r\n")
}

/// The payload type of the codec that we take on this line.
fn chosen(line: &Line) -> Option<(u8, Media)> {
    let media = line.media.filter(|_| line.accepted)?;
    let codec = match media {
        Media::Audio => "opus",
        Media::Video => "VP8",
    };
    Some((line.payload_type(codec)?, media))
}

const fn name_of(media: Media) -> &'static str {
    match media {
        Media::Audio => "audio",
        Media::Video => "video",
    }
}

/// The extensions of the offer that we understand, by the offer's numbers.
fn extensions(line: &Line) -> Vec<String> {
    let known = EXTENSIONS.iter().chain(std::iter::once(&AUDIO_LEVEL));
    let found = known.filter_map(|(kind, _): &(ExtensionKind, u8)| {
        let id = line.extensions.id(*kind)?;
        Some(format!("a=extmap:{id} {}", kind.uri()))
    });
    found.collect()
}

fn codec(payload_type: u8, media: Media) -> Vec<String> {
    match media {
        Media::Audio => vec![format!("a=rtpmap:{payload_type} opus/48000/2")],
        Media::Video => {
            let mut lines = vec![format!("a=rtpmap:{payload_type} VP8/90000")];
            let feedback = ["transport-cc", "ccm fir", "nack", "nack pli"];
            lines.extend(feedback.map(|name| format!("a=rtcp-fb:{payload_type} {name}")));
            lines
        }
    }
}

/// The words of an m-line with port 0.
fn refused(head: &str) -> String {
    let mut words: Vec<_> = head.split_whitespace().collect();
    if let Some(port) = words.get_mut(1) {
        *port = "0";
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Description {
        let digest = vec!["AB"; 32].join(":");
        let text = format!(
            "v=0\r\na=group:BUNDLE a v d\r\na=fingerprint:sha-256 {digest}\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n\
             a=sendonly\r\na=setup:actpass\r\na=rtpmap:111 OPUS/48000/2\r\n\
             a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:9 urn:unknown\r\n\
             a=candidate:1 1 udp 1 10.77.0.1 4000 typ host\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:v\r\na=rtpmap:102 H264/90000\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 102 98\r\na=mid:w\r\na=rtpmap:102 H264/90000\r\na=rtpmap:98 VP8/90000\r\n"
        );
        Description::read(&text).expect("an offer")
    }

    #[test]
    fn lines_that_we_can_decode_are_taken_and_the_others_refused_in_their_places() {
        let credentials = IceCredentials {
            ufrag: "mine".to_owned(),
            password: "secret".to_owned(),
        };
        let answer = write_answer(&offer(), &credentials, "sha-256 00");
        let heads: Vec<_> = answer
            .lines()
            .filter_map(|line| line.strip_prefix("m="))
            .collect();
        assert_eq!(
            heads,
            [
                "audio 9 UDP/TLS/RTP/SAVPF 111",
                "video 0 UDP/TLS/RTP/SAVPF 102",
                "application 0 UDP/DTLS/SCTP webrtc-datachannel",
                "video 9 UDP/TLS/RTP/SAVPF 98",
            ]
        );
        assert!(answer.contains("a=group:BUNDLE a w\r\n"), "{answer}");
        assert_eq!(answer.matches("a=setup:active").count(), 2);
        assert_eq!(answer.matches("a=recvonly").count(), 2);
        assert!(answer.contains("a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"));
        assert!(!answer.contains("unknown"));
    }
}
