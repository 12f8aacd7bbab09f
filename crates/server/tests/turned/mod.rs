//! A TURN client over a real socket, and the ICE checks of a participant.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rtc_shared::{TransportContext, TransportMessage, TransportProtocol};
use rtc_turn::client::{Client, ClientConfig, Event};
use sansio::Protocol as _;
use serde_json::Value;
use sideroom_route::Time;
use sideroom_session::ice::IceClient;
use sideroom_session::{IceCredentials, PeerAddr};
use sideroom_turn::Messages;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig as TlsConfig, ClientConnection, RootCertStore, StreamOwned,
};

/// How long anything may take before a test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// An authority, and a server's certificate.
pub(crate) struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let key = KeyPair::generate().unwrap();
        let authority =
            CertifiedIssuer::self_signed(CertificateParams::new(vec![]).unwrap(), key).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(files.path("authority.pem"), authority.pem()).unwrap();
        std::fs::write(files.path("server.pem"), certificate.pem()).unwrap();
        std::fs::write(files.path("server.key"), key.serialize_pem()).unwrap();
        files
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn connect(&self, to: &str, alpn: Option<&str>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.path("authority.pem")).unwrap();
        roots.add(authority).unwrap();
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let mut config = TlsConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(connection, connect(to))
    }

    /// Calls a method of the JSON API over TLS; the answer must be 200.
    pub(crate) fn post(&self, to: &str, method: &str, token: &str, body: &Value) -> Value {
        let mut stream = self.connect(to, Some("http/1.1"));
        let body = body.to_string();
        let request = format!(
            "POST /sideroom.v1.{method} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // The end may come without a farewell of TLS.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

fn connect(to: &str) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A port that is free for UDP and TCP, below those that the system hands out by itself.
pub(crate) fn free_port() -> u16 {
    let start = 20_000 + (std::process::id() % 10_000) as u16;
    let free = |port: &u16| {
        UdpSocket::bind(("127.0.0.1", *port)).is_ok()
            && TcpListener::bind(("127.0.0.1", *port)).is_ok()
    };
    (start..32_000).find(free).unwrap()
}

enum Wire {
    Udp(UdpSocket),
    Stream(Box<dyn ReadWrite>, Messages),
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

impl Wire {
    fn send(&mut self, message: &[u8]) {
        match self {
            Self::Udp(socket) => drop(socket.send(message).unwrap()),
            Self::Stream(stream, _) => {
                // webrtc-rs does not pad channel data, which a stream wants (RFC 8656 section 12.5).
                let padding = message.len().next_multiple_of(4) - message.len();
                stream.write_all(message).unwrap();
                stream.write_all(&[0; 3][..padding]).unwrap();
                stream.flush().unwrap();
            }
        }
    }

    fn recv(&mut self) -> Vec<u8> {
        match self {
            Self::Udp(socket) => {
                let mut buffer = vec![0; 4_096];
                let count = socket.recv(&mut buffer).unwrap();
                buffer.truncate(count);
                buffer
            }
            Self::Stream(stream, messages) => loop {
                if let Some(message) = messages.next_message().unwrap() {
                    return message.to_vec();
                }
                let mut buffer = [0; 4_096];
                let count = stream.read(&mut buffer).unwrap();
                assert_ne!(count, 0, "the server has closed the connection");
                messages.read(&buffer[..count]);
            },
        }
    }
}

/// A client of TURN with a connection.
pub(crate) struct Turned {
    wire: Wire,
    client: Client,
    relayed: Option<SocketAddr>,
}

#[allow(
    clippy::disallowed_methods,
    reason = "the client wants the system's clock"
)]
fn now() -> Instant {
    Instant::now()
}

const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 443);

impl Turned {
    pub(crate) fn tcp(to: &str, joined: &Value) -> Self {
        Self::over(
            Wire::Stream(Box::new(connect(to)), Messages::default()),
            joined,
        )
    }

    pub(crate) fn tls(to: &str, joined: &Value, files: &Files, alpn: Option<&str>) -> Self {
        let stream = files.connect(to, alpn);
        Self::over(Wire::Stream(Box::new(stream), Messages::default()), joined)
    }

    pub(crate) fn udp(to: &str, joined: &Value) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(to).unwrap();
        Self::over(Wire::Udp(socket), joined)
    }

    fn over(wire: Wire, joined: &Value) -> Self {
        let server = &joined["iceServers"][0];
        let text = |key: &str| server[key].as_str().unwrap().to_owned();
        let config = ClientConfig {
            turn_serv_addr: SocketAddr::from(SERVER).to_string(),
            local_addr: LOCAL.into(),
            username: text("username"),
            password: text("credential"),
            ..ClientConfig::default()
        };
        let provider = rtc_crypto::default_provider().unwrap();
        Self {
            wire,
            client: Client::new(config, provider).unwrap(),
            relayed: None,
        }
    }

    fn write(&mut self) {
        while let Some(message) = self.client.poll_write() {
            self.wire.send(&message.message);
        }
    }

    fn event(&mut self) -> Event {
        loop {
            self.write();
            if let Some(event) = self.client.poll_event() {
                return event;
            }
            let message = self.wire.recv();
            let message = TransportMessage {
                now: now(),
                transport: TransportContext {
                    local_addr: LOCAL.into(),
                    peer_addr: SERVER.into(),
                    transport_protocol: TransportProtocol::UDP,
                    ecn: None,
                },
                message: BytesMut::from(&message[..]),
            };
            self.client.handle_read(message).unwrap();
        }
    }

    pub(crate) fn try_allocate(&mut self) -> Event {
        self.client.allocate(now()).unwrap();
        self.event()
    }

    pub(crate) fn allocate(&mut self) -> SocketAddr {
        match self.try_allocate() {
            Event::AllocateResponse(_, relayed) => {
                self.relayed = Some(relayed);
                relayed
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn permit(&mut self, relayed: SocketAddr, peer: SocketAddr) -> Event {
        let mut relay = self.client.relay(relayed).unwrap();
        relay.create_permission(now(), peer).unwrap();
        self.event()
    }

    pub(crate) fn send(&mut self, relayed: SocketAddr, peer: SocketAddr, packet: &[u8]) {
        let mut relay = self.client.relay(relayed).unwrap();
        relay.send_to(now(), packet, peer).unwrap();
        self.write();
    }

    /// Carries one check of ICE to the worker and its answer back: the address that the worker sees.
    pub(crate) fn check(&mut self, relayed: SocketAddr, member: &mut Member) -> SocketAddr {
        let worker = member.worker();
        let check = member.check();
        self.send(relayed, worker, &check);
        loop {
            if let Event::DataIndicationOrChannelData(_, from, packet) = self.event() {
                assert_eq!(from, worker);
                return member.answered(&packet);
            }
        }
    }

    /// Ends the allocation, as a client that leaves does.
    pub(crate) fn give_back(&mut self) {
        if let Some(relayed) = self.relayed.take() {
            self.client.relay(relayed).unwrap().close(now()).unwrap();
            self.write();
        }
    }
}

/// A participant's side of ICE.
pub(crate) struct Member {
    ice: IceClient,
    worker: SocketAddr,
    at: Time,
}

impl Member {
    /// From the answer to a join.
    pub(crate) fn of(joined: &Value) -> Self {
        let sdp = joined["sdp"].as_str().unwrap();
        let field = |name: &str| {
            let line = sdp.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {sdp}"))
                .to_owned()
        };
        let candidate = sdp
            .lines()
            .find(|line| line.starts_with("a=candidate:") && line.contains(" udp "))
            .unwrap();
        let words: Vec<_> = candidate.split(' ').collect();
        let worker = format!("{}:{}", words[4], words[5]).parse().unwrap();
        let offered = super::running::OFFER;
        let ufrag = offered
            .lines()
            .find_map(|line| line.strip_prefix("a=ice-ufrag:"));
        let server = IceCredentials {
            ufrag: field("a=ice-ufrag:"),
            password: field("a=ice-pwd:"),
        };
        let ice = IceClient::new(
            Time::ZERO,
            ufrag.unwrap(),
            server,
            vec![PeerAddr::udp(worker)],
            7,
        );
        Self {
            ice,
            worker,
            at: Time::ZERO,
        }
    }

    pub(crate) fn worker(&self) -> SocketAddr {
        self.worker
    }

    fn check(&mut self) -> Vec<u8> {
        self.at = self.at + Duration::from_millis(100);
        self.ice.check_now(self.at);
        let mut out = vec![0; 1_500];
        let (to, length) = self.ice.poll_transmit(self.at, &mut out).unwrap();
        assert_eq!(to.addr, self.worker);
        out.truncate(length);
        out
    }

    /// Carries a check to the worker and its answer back, without a relay.
    pub(crate) fn check_over(&mut self, socket: &UdpSocket) {
        let check = self.check();
        socket.send(&check).unwrap();
        let mut buffer = [0; 1_500];
        let count = socket.recv(&mut buffer).unwrap();
        self.answered(&buffer[..count]);
    }

    /// The mapped address in an answer, which must be authentic.
    fn answered(&mut self, packet: &[u8]) -> SocketAddr {
        let from = PeerAddr::udp(self.worker);
        self.ice.handle_datagram(self.at, from, packet).unwrap();
        // XOR-MAPPED-ADDRESS of IPv4 is the first attribute of an answer.
        let value = packet
            .windows(4)
            .position(|window| window == [0x00, 0x20, 0x00, 0x08]);
        let value = &packet[value.unwrap() + 4..][..8];
        let port = u16::from_be_bytes([value[2] ^ 0x21, value[3] ^ 0x12]);
        let cookie = [0x21, 0x12, 0xa4, 0x42];
        let ip: [u8; 4] = std::array::from_fn(|at| value[4 + at] ^ cookie[at]);
        (ip, port).into()
    }
}
