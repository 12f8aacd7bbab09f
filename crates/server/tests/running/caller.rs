//! A client that calls over WHIP or WHEP and then sends or receives sound, with one socket to one candidate.
#![allow(clippy::disallowed_methods, reason = "real sockets take real time")]

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use sideroom_net::Clock;
use sideroom_net::demux::{Kind, classify};
use sideroom_session::client::{ClientConfig, ClientTransport, Opened};
use sideroom_session::dtls::DtlsConfig;
use sideroom_session::{Certificate, DatagramClass, IceCredentials, PeerAddr};

use super::{Client, client_token};

/// Candidates, credentials and fingerprint of an answer.
pub(crate) struct Called {
    sdp: String,
    certificate: Certificate,
    ufrag: String,
    ssrc: u32,
}

/// One connection, from a socket that takes in nothing but what its candidate sends.
pub(crate) struct Caller {
    clock: Clock,
    transport: ClientTransport,
    server: PeerAddr,
    socket: UdpSocket,
    ssrc: u32,
    sent: u16,
    /// RTP packets that have come.
    pub(crate) heard: usize,
}

impl Called {
    /// Calls: `way` is `whip` to speak, `whep` to listen.
    pub(crate) fn new(client: &mut Client, way: &str, room: &str, number: u8) -> Self {
        let certificate = Certificate::generate(&[number; 32]).unwrap();
        let (ufrag, ssrc) = (format!("call{number}"), 1_000 + u32::from(number));
        let direction = if way == "whip" {
            "sendonly"
        } else {
            "recvonly"
        };
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\n\
             a=ice-pwd:a-password-of-the-client\r\na=fingerprint:{}\r\na=setup:active\r\na=mid:0\r\n\
             a={direction}\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:{ssrc} cname:c\r\n",
            certificate.fingerprint()
        );
        let token = client_token(room, &format!("caller{number}"));
        let (status, sdp) = client.offer(&format!("/{way}/{room}"), &token, &offer);
        assert_eq!(status, 201, "{sdp}");
        Self {
            sdp,
            certificate,
            ufrag,
            ssrc,
        }
    }

    fn value(&self, name: &str) -> &str {
        let mut lines = self.sdp.lines();
        lines.find_map(|line| line.strip_prefix(name)).unwrap()
    }

    /// The UDP candidates of the answer.
    pub(crate) fn candidates(&self) -> Vec<SocketAddr> {
        let lines = self.sdp.lines();
        let candidates = lines.filter_map(|line| {
            let words: Vec<_> = line.strip_prefix("a=candidate:")?.split(' ').collect();
            let [_, _, "udp", _, ip, port, ..] = words[..] else {
                return None;
            };
            Some(SocketAddr::new(ip.parse().ok()?, port.parse().ok()?))
        });
        candidates.collect()
    }

    /// Connects to one of the candidates.
    pub(crate) fn connect(&self, candidate: SocketAddr) -> Caller {
        let any = if candidate.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(any).unwrap();
        // From here on the kernel passes on nothing that comes from another address.
        socket.connect(candidate).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(5)))
            .unwrap();
        let (clock, server) = (Clock::new(), PeerAddr::udp(candidate));
        let fingerprint = self.value("a=fingerprint:").parse().unwrap();
        let config = ClientConfig {
            local_ufrag: self.ufrag.clone(),
            server: IceCredentials {
                ufrag: self.value("a=ice-ufrag:").to_owned(),
                password: self.value("a=ice-pwd:").to_owned(),
            },
            candidates: vec![server],
            dtls: DtlsConfig::client(self.certificate.clone(), vec![fingerprint]),
            seed: u64::from(self.ssrc),
        };
        Caller {
            transport: ClientTransport::new(clock.now(), config),
            clock,
            server,
            socket,
            ssrc: self.ssrc,
            sent: 0,
            heard: 0,
        }
    }
}

impl Caller {
    pub(crate) fn is_connected(&self) -> bool {
        self.transport.is_connected()
    }

    /// Sends packets that are due, and handles those that have arrived.
    pub(crate) fn step(&mut self) {
        let (now, mut out) = (self.clock.now(), [0; 1_500]);
        self.transport.handle_timeout(now);
        while let Some((_, len)) = self.transport.poll_transmit(now, &mut out) {
            self.send(&out[..len]);
        }
        loop {
            let len = match self.socket.recv(&mut out) {
                Ok(len) => len,
                Err(error) if is_pause(error.kind()) => return,
                Err(error) => panic!("{error}"),
            };
            let class = match classify(&out[..len]) {
                Some(Kind::Stun) => DatagramClass::Stun,
                Some(Kind::Dtls) => DatagramClass::Dtls,
                Some(Kind::Rtp) => DatagramClass::Rtp,
                Some(Kind::Rtcp) => DatagramClass::Rtcp,
                None => panic!("a datagram of no protocol"),
            };
            let now = self.clock.now();
            let opened = self
                .transport
                .handle_datagram(now, self.server, class, &mut out[..len]);
            self.heard += usize::from(matches!(opened, Ok(Opened::Rtp(_))));
        }
    }

    /// Says 20 ms of sound, once connected.
    pub(crate) fn speak(&mut self) {
        let mut header = [0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[2..4].copy_from_slice(&self.sent.to_be_bytes());
        header[4..8].copy_from_slice(&(u32::from(self.sent) * 960).to_be_bytes());
        header[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        let mut out = [0; 200];
        let number = u64::from(self.sent);
        let len = self.transport.seal(&header, &[0x78; 80], number, &mut out);
        if len > 0 {
            self.sent += 1;
            self.send(&out[..len]);
        }
    }

    fn send(&self, packet: &[u8]) {
        // The server may not listen yet, or no longer: the tests are about that.
        let _ = self.socket.send(packet);
    }
}

fn is_pause(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused
    )
}

/// Lets one speak to the other until 20 packets were heard; false if that takes longer than `patience`.
pub(crate) fn converse(speaker: &mut Caller, listener: &mut Caller, patience: Duration) -> bool {
    let begun = Instant::now();
    let mut next = begun;
    while begun.elapsed() < patience {
        speaker.step();
        listener.step();
        if speaker.is_connected() && listener.is_connected() && Instant::now() >= next {
            speaker.speak();
            next = Instant::now() + Duration::from_millis(20);
        }
        if listener.heard >= 20 {
            return true;
        }
    }
    false
}
