//! Shared by the session tests: a configuration with fixed credentials and seed, and a client.
#![allow(dead_code, unreachable_pub)]

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use sideroom_route::{ParticipantId, RoomId, Time};
use sideroom_rtp::rtcp::{Packet, packets};
use sideroom_rtp::{Codec, Header, HeaderWriter};
use sideroom_session::dtls::{Dtls, DtlsConfig, DtlsEvent, DtlsVersions};
use sideroom_session::ice::IceClient;
use sideroom_session::sdp::OfferError;
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};
use sideroom_session::{
    Answer, Candidate, Certificate, DatagramClass, DatagramOutcome, IceCredentials, PeerAddr,
    Proto, RoomCodecs, Session, SessionConfig, SessionEvent,
};

pub fn server_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 3478))
}

/// A certificate costs milliseconds: all tests share one.
pub fn server_certificate() -> Certificate {
    static MADE: OnceLock<Certificate> = OnceLock::new();
    MADE.get_or_init(|| Certificate::generate(&[7; 32]).unwrap())
        .clone()
}

pub fn config(video: Codec) -> SessionConfig {
    SessionConfig {
        participant: ParticipantId::new(RoomId(1), 2),
        credentials: IceCredentials {
            ufrag: "serv".to_owned(),
            password: "a-password-of-the-server".to_owned(),
        },
        certificate: server_certificate(),
        dtls_versions: DtlsVersions::Auto,
        srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
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

/// Builds the offer of a client with Opus, VP8 and every feature that Sideroom supports.
#[derive(Clone)]
pub struct Builder {
    pub ufrag: String,
    pub fingerprint: String,
    pub setup: &'static str,
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
            setup: "actpass",
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
                 a=setup:{}\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
                 {formats}",
                self.ufrag, self.fingerprint, self.setup
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

/// A client at the other end of a session, on a network without delay or loss.
pub struct World {
    pub now: Time,
    pub session: Session,
    pub answer: Answer,
    pub address: PeerAddr,
    pub ice: IceClient,
    pub dtls: Dtls,
    pub sending: Option<SrtpOut>,
    pub receiving: Option<SrtpIn>,
    /// Packets that the client received, opened.
    pub rtp: Vec<Vec<u8>>,
    pub rtcp: Vec<Vec<u8>>,
    pub events: Vec<SessionEvent>,
    /// Delay of the network, in each direction.
    pub lag: Duration,
}

pub fn client_certificate() -> Certificate {
    static MADE: OnceLock<Certificate> = OnceLock::new();
    MADE.get_or_init(|| Certificate::generate(&[2; 32]).unwrap())
        .clone()
}

pub fn client_address() -> PeerAddr {
    PeerAddr::udp(SocketAddr::from(([198, 51, 100, 2], 50_000)))
}

impl World {
    /// Offer and answer, and nothing sent yet.
    pub fn begin(config: SessionConfig, offer: &mut Builder) -> Self {
        Self::begin_with(config, offer, |config| config)
    }

    pub fn begin_with(
        config: SessionConfig,
        offer: &mut Builder,
        change: impl FnOnce(DtlsConfig) -> DtlsConfig,
    ) -> Self {
        let now = Time::from_millis(1_000);
        offer.fingerprint = client_certificate().fingerprint().to_string();
        let server = config.certificate.fingerprint().clone();
        let credentials = config.credentials.clone();
        let (session, answer) = Session::accept(now, config, &offer.text()).unwrap();
        let candidates = vec![PeerAddr::udp(server_address())];
        let dtls = change(DtlsConfig::client(client_certificate(), vec![server]));
        Self {
            now,
            session,
            answer,
            address: client_address(),
            ice: IceClient::new(now, &offer.ufrag, credentials, candidates, 11),
            dtls: Dtls::new(now, dtls),
            sending: None,
            receiving: None,
            rtp: Vec::new(),
            rtcp: Vec::new(),
            events: Vec::new(),
            lag: Duration::ZERO,
        }
    }

    /// A client that is connected.
    pub fn connected(config: SessionConfig, offer: &mut Builder) -> Self {
        let mut world = Self::begin(config, offer);
        world.run(Duration::from_secs(1));
        assert!(world.session.is_connected(), "{:?}", world.events);
        assert!(world.sending.is_some());
        world.events.clear();
        world
    }

    /// Lets time pass in steps of 5 ms.
    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.exchange();
            self.now = self.now + Duration::from_millis(5);
        }
        self.exchange();
    }

    /// Delivers everything that both sides have to send now.
    pub fn exchange(&mut self) {
        let mut buffer = [0; 2_048];
        loop {
            let mut idle = true;
            self.ice.handle_timeout(self.now);
            while let Some((_, len)) = self.ice.poll_transmit(self.now, &mut buffer) {
                self.deliver(DatagramClass::Stun, &mut buffer[..len].to_vec());
                idle = false;
            }
            if self.ice.connected().is_some() {
                self.dtls.handle_timeout(self.now);
                while let Some(len) = self.dtls.poll_transmit(&mut buffer) {
                    self.deliver(DatagramClass::Dtls, &mut buffer[..len].to_vec());
                    idle = false;
                }
            }
            if self.session.poll_timeout() <= self.now {
                self.session.handle_timeout(self.now);
            }
            let mut out = Vec::new();
            while let Some(to) = self.session.poll_transmit(self.now, &mut out) {
                if to != self.address {
                    // The other side is gone.
                    continue;
                }
                assert!(out.len() <= 1_200, "{} bytes", out.len());
                self.take(&mut out);
                idle = false;
            }
            self.events
                .extend(std::iter::from_fn(|| self.session.poll_event()));
            if idle {
                return;
            }
            self.now = self.now + self.lag;
        }
    }

    pub fn deliver(&mut self, class: DatagramClass, datagram: &mut [u8]) -> DatagramOutcome {
        self.session
            .handle_datagram(self.now, self.address, class, datagram)
    }

    fn take(&mut self, datagram: &mut [u8]) {
        let from = PeerAddr::udp(server_address());
        match datagram[..2] {
            [0..=3, _] => {
                let _ = self.ice.handle_datagram(self.now, from, datagram);
            }
            [20..=63, _] => {
                let _ = self.dtls.handle_datagram(self.now, datagram);
                if let Some(DtlsEvent::Connected { keys, .. }) = self.dtls.poll_event() {
                    self.sending = Some(SrtpOut::new(&keys));
                    self.receiving = Some(SrtpIn::new(&keys));
                }
            }
            [_, 192..=223] => {
                let len = self
                    .receiving
                    .as_mut()
                    .unwrap()
                    .open_rtcp(datagram)
                    .unwrap();
                self.rtcp.push(datagram[..len].to_vec());
            }
            _ => {
                let len = self
                    .receiving
                    .as_mut()
                    .unwrap()
                    .open_unknown(datagram)
                    .unwrap();
                self.rtp.push(datagram[..len].to_vec());
            }
        }
    }

    /// The client sends a packet. Returns the session's result, and the opened packet.
    pub fn send(&mut self, packet: &Sent) -> (DatagramOutcome, Vec<u8>) {
        let mut sealed = self.sealed(packet);
        let received = self.deliver(DatagramClass::Rtp, &mut sealed);
        (received, sealed)
    }

    pub fn sealed(&self, packet: &Sent) -> Vec<u8> {
        let mut out = vec![0; 2_048];
        let sending = self.sending.as_ref().unwrap();
        let sequence = u64::from(packet.header.sequence);
        let len = sending.seal(&packet.header(), &packet.payload, sequence, &mut out);
        out.truncate(len);
        out
    }

    /// The client sends RTCP.
    pub fn send_rtcp(&mut self, plain: &[u8]) -> DatagramOutcome {
        let mut out = vec![0; 2_048];
        let len = self.sending.as_mut().unwrap().seal_rtcp(plain, &mut out);
        self.deliver(DatagramClass::Rtcp, &mut out[..len])
    }

    /// RTCP that the client has received since the last call, packet by packet.
    pub fn told<T>(&mut self, mut take: impl FnMut(Packet<'_>) -> Option<T>) -> Vec<T> {
        let datagrams = std::mem::take(&mut self.rtcp);
        let all = datagrams.iter().flat_map(|datagram| packets(datagram));
        all.filter_map(|packet| take(packet.unwrap())).collect()
    }
}

/// A packet of a client.
#[derive(Clone, Debug)]
pub struct Sent {
    pub header: Header,
    pub extensions: Vec<(u8, Vec<u8>)>,
    pub payload: Vec<u8>,
}

pub const TRANSPORT_CC: u8 = 3;
pub const MID: u8 = 4;
pub const RID: u8 = 10;
pub const REPAIRED_RID: u8 = 11;
pub const OPUS: u8 = 111;
pub const VP8: u8 = 96;
pub const RTX: u8 = 97;

impl Sent {
    pub fn new(payload_type: u8, ssrc: u32, sequence: u16) -> Self {
        Self {
            header: Header {
                marker: false,
                payload_type,
                sequence,
                timestamp: u32::from(sequence) * 3_000,
                ssrc,
            },
            extensions: Vec::new(),
            payload: vec![sequence as u8; 50],
        }
    }

    #[must_use]
    pub fn with(mut self, id: u8, data: impl AsRef<[u8]>) -> Self {
        self.extensions.push((id, data.as_ref().to_vec()));
        self
    }

    pub fn header(&self) -> Vec<u8> {
        let mut writer = HeaderWriter::new();
        writer.begin(&self.header, false);
        for (id, data) in &self.extensions {
            assert!(writer.extension(*id, data));
        }
        writer.finish();
        writer.bytes().to_vec()
    }

    pub fn plain(&self) -> Vec<u8> {
        [self.header(), self.payload.clone()].concat()
    }

    /// The packet as a retransmission.
    #[must_use]
    pub fn repeated(&self, ssrc: u32, sequence: u16) -> Self {
        let original = self.header.sequence.to_be_bytes();
        Self {
            header: Header {
                payload_type: RTX,
                ssrc,
                sequence,
                ..self.header
            },
            extensions: self.extensions.clone(),
            payload: [&original[..], &self.payload].concat(),
        }
    }
}

/// Keys that no handshake has made.
pub fn keys() -> KeyMaterial {
    let profile = SrtpProfile::AeadAes128Gcm;
    let exported: Vec<u8> = (0..profile.exported_len() as u8).collect();
    KeyMaterial::from_exported(profile, &exported, Role::Server).unwrap()
}
