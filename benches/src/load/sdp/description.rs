//! Reads a server's description, an answer or an offer, for the client.

use std::net::SocketAddr;

use sideroom_net::PeerAddr;
use sideroom_route::Media;
use sideroom_rtp::{ExtensionKind, ExtensionMap};
use sideroom_session::{Fingerprint, IceCredentials};

use crate::load::error::LoadError;

/// The server's transport and each m-line.
#[derive(Clone, Debug)]
pub struct Description {
    /// The server's credentials.
    pub credentials: IceCredentials,
    /// The certificate's fingerprints.
    pub fingerprints: Vec<Fingerprint>,
    /// Where it is, each address once.
    pub candidates: Vec<PeerAddr>,
    /// The m-lines in their order.
    pub lines: Vec<Line>,
    /// Streams of retransmissions, each with the stream that it repeats.
    pub repairs: Vec<(u32, u32)>,
}

/// One m-line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Audio or video; `None` for other media.
    pub media: Option<Media>,
    /// The identification tag (RFC 5888).
    pub mid: String,
    /// The first words: kind, port, protocol, formats.
    pub head: String,
    /// False if its port is 0.
    pub accepted: bool,
    /// Payload types by the names of their codecs, in the order of the description.
    pub codecs: Vec<(u8, String)>,
    /// The numbers of the header extensions that we know.
    pub extensions: ExtensionMap,
}

impl Description {
    /// Reads a description; one without a transport is refused.
    pub fn read(text: &str) -> Result<Self, LoadError> {
        let mut description = Self {
            credentials: IceCredentials {
                ufrag: String::new(),
                password: String::new(),
            },
            fingerprints: Vec::new(),
            candidates: Vec::new(),
            lines: Vec::new(),
            repairs: Vec::new(),
        };
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("m=") {
                description.lines.push(Line::begin(head));
            } else if let Some((name, value)) = attribute(line) {
                description.take(name, value);
            }
        }
        let missing = [
            ("ICE credentials", description.credentials.ufrag.is_empty()),
            ("fingerprint", description.fingerprints.is_empty()),
            ("UDP candidate", description.candidates.is_empty()),
        ];
        match missing.iter().find(|(_, missing)| *missing) {
            Some((what, _)) => Err(LoadError::Answer(format!("it has no {what}"))),
            None => Ok(description),
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "ice-ufrag" => value.clone_into(&mut self.credentials.ufrag),
            "ice-pwd" => value.clone_into(&mut self.credentials.password),
            "fingerprint" => self.fingerprints.extend(value.parse::<Fingerprint>()),
            "ssrc-group" => self.repairs.extend(repair(value)),
            "candidate" => {
                let found = candidate(value).filter(|found| !self.candidates.contains(found));
                self.candidates.extend(found);
            }
            _ => {
                if let Some(line) = self.lines.last_mut() {
                    line.take(name, value);
                }
            }
        }
    }

    /// The number that the server gave an extension on any of its lines, the last ones first.
    pub fn extension(&self, kind: ExtensionKind) -> Option<u8> {
        let mut lines = self.lines.iter().rev();
        lines.find_map(|line| line.extensions.id(kind))
    }
}

impl Line {
    fn begin(head: &str) -> Self {
        let mut words = head.split_whitespace();
        Self {
            media: match words.next() {
                Some("audio") => Some(Media::Audio),
                Some("video") => Some(Media::Video),
                _ => None,
            },
            accepted: words.next().is_some_and(|port| port != "0"),
            head: head.to_owned(),
            ..Self::default()
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "mid" => value.clone_into(&mut self.mid),
            "rtpmap" => self.codecs.extend(codec(value)),
            "extmap" => {
                if let Some((kind, id)) = extension(value) {
                    self.extensions.set(kind, id);
                }
            }
            _ => {}
        }
    }

    /// The payload type of a codec, whatever case its name is written in.
    pub fn payload_type(&self, codec: &str) -> Option<u8> {
        let mut codecs = self.codecs.iter();
        let found = codecs.find(|(_, name)| name.eq_ignore_ascii_case(codec));
        found.map(|(payload_type, _)| *payload_type)
    }
}

fn attribute(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("a=")?.split_once(':')
}

fn repair(value: &str) -> Option<(u32, u32)> {
    let mut ssrcs = value.strip_prefix("FID ")?.split_whitespace();
    let media = ssrcs.next()?.parse().ok()?;
    Some((ssrcs.next()?.parse().ok()?, media))
}

fn codec(value: &str) -> Option<(u8, String)> {
    let (payload_type, encoding) = value.split_once(' ')?;
    let name = encoding.split('/').next()?;
    Some((payload_type.parse().ok()?, name.trim().to_owned()))
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
    fn an_answer_is_read_and_one_without_a_transport_refused() {
        let text = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n\
            a=fingerprint:sha-256 AB:CD\r\na=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
            a=candidate:1 1 tcp 1 192.0.2.9 7 typ host tcptype passive\r\n\
            a=candidate:1 1 udp 1 127.0.0.1 7910 typ host\r\n\
            m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=ssrc-group:FID 7 8\r\na=candidate:1 1 udp 1 127.0.0.1 7910 typ host\r\n";
        let no_fingerprint = Description::read(text).map(|_| ());
        assert!(no_fingerprint.is_err(), "two bytes are no SHA-256");
        let digest = vec!["AB"; 32].join(":");
        let answer = Description::read(&text.replace("AB:CD", &digest)).expect("whole");
        assert_eq!(
            answer.candidates,
            [PeerAddr::udp(([127, 0, 0, 1], 7910).into())]
        );
        assert_eq!(answer.extension(ExtensionKind::AudioLevel), Some(1));
        let accepted: Vec<_> = answer.lines.iter().map(|line| line.accepted).collect();
        assert_eq!(accepted, [true, false]);
        assert_eq!(answer.repairs, [(8, 7)]);
    }
}
