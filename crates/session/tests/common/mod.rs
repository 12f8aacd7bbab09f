//! What the session tests share: a configuration with fixed credentials and seed.
#![allow(dead_code)]

use std::net::SocketAddr;

use sideroom_route::{ParticipantId, RoomId, Time};
use sideroom_rtp::Codec;
use sideroom_session::sdp::OfferError;
use sideroom_session::{
    Answer, Candidate, IceCredentials, Proto, RoomCodecs, Session, SessionConfig,
};

pub fn server_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 3478))
}

pub fn config(video: Codec) -> SessionConfig {
    SessionConfig {
        participant: ParticipantId::new(RoomId(1), 2),
        credentials: IceCredentials {
            ufrag: "serv".to_owned(),
            password: "a-password-of-the-server".to_owned(),
        },
        candidates: vec![
            Candidate {
                proto: Proto::Udp,
                addr: server_address(),
            },
            Candidate {
                proto: Proto::Tcp,
                addr: server_address(),
            },
        ],
        codecs: RoomCodecs {
            video,
            ..RoomCodecs::default()
        },
        hints: Vec::new(),
        cname: "p1.2".to_owned(),
        seed: 7,
    }
}

pub fn session(config: SessionConfig, offer: &str) -> Result<(Session, Answer), OfferError> {
    Session::accept(Time::ZERO, config, offer)
}

pub fn fresh() -> IceCredentials {
    IceCredentials {
        ufrag: "fresh".to_owned(),
        password: "another-password-of-the-server".to_owned(),
    }
}

/// The offer of a client with Opus, VP8 and everything that Sideroom wants of it.
#[derive(Clone)]
pub struct Builder {
    pub ufrag: String,
    pub fingerprint: String,
    /// Media and direction.
    pub sections: Vec<(&'static str, &'static str)>,
    /// Lines for one section more.
    pub extra: Vec<(usize, String)>,
}

impl Builder {
    pub fn new() -> Self {
        Self {
            ufrag: "clnt".to_owned(),
            fingerprint: "sha-256 82:47:BD:24:94:48:65:B3:7D:F2:2C:E6:A6:5D:66:EB:5B:78:3F:14:CF:\
                          C8:0E:56:7C:03:5B:BB:69:27:00:C9"
                .to_owned(),
            sections: Vec::new(),
            extra: Vec::new(),
        }
    }

    pub fn section(&mut self, media: &'static str, direction: &'static str) {
        self.sections.push((media, direction));
    }

    pub fn line(&mut self, section: usize, line: &str) {
        self.extra.push((section, format!("{line}\r\n")));
    }

    pub fn text(&self) -> String {
        let mids: Vec<_> = (0..self.sections.len())
            .map(|mid| mid.to_string())
            .collect();
        let mut text = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n",
            mids.join(" ")
        );
        for (mid, (media, direction)) in self.sections.iter().enumerate() {
            let formats = if *media == "audio" { AUDIO } else { VIDEO };
            let payload_types = if *media == "audio" { "111" } else { "96 97" };
            text.push_str(&format!(
                "m={media} 9 UDP/TLS/RTP/SAVPF {payload_types}\r\nc=IN IP4 0.0.0.0\r\n\
                 a=ice-ufrag:{}\r\na=ice-pwd:a-password-of-the-client\r\na=fingerprint:{}\r\n\
                 a=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
                 {formats}",
                self.ufrag, self.fingerprint
            ));
            let extra = self.extra.iter().filter(|(section, _)| *section == mid);
            extra.for_each(|(_, line)| text.push_str(line));
        }
        text
    }
}

const AUDIO: &str = "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
const VIDEO: &str = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
    a=rtcp-fb:96 transport-cc\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
    a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
    a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n";
