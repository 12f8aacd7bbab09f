//! The client's transport finds a server made of the agent and a passive handshake, exchanges media with
//! it, and notices when it goes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use sideroom_route::{DropReason, Time};
use sideroom_session::client::{ClientConfig, ClientEvent, ClientTransport, Opened};
use sideroom_session::dtls::{Dtls, DtlsConfig, DtlsEvent};
use sideroom_session::ice::{CONSENT, IceAgent};
use sideroom_session::srtp::{SrtpIn, SrtpOut, SrtpProfile};
use sideroom_session::{Certificate, DatagramClass, IceCredentials, PeerAddr};

const HEADER: [u8; 12] = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];

struct World {
    now: Time,
    client: ClientTransport,
    agent: IceAgent,
    dtls: Dtls,
    srtp: Option<(SrtpIn, SrtpOut)>,
}

fn client_address() -> PeerAddr {
    PeerAddr::udp("198.51.100.7:5000".parse().unwrap())
}

fn server_address() -> PeerAddr {
    PeerAddr::udp("192.0.2.1:4000".parse().unwrap())
}

fn world() -> World {
    let ours = Certificate::generate(&[1; 32]).unwrap();
    let theirs = Certificate::generate(&[2; 32]).unwrap();
    let credentials = IceCredentials {
        ufrag: "srvr".to_owned(),
        password: "a-password-of-the-server".to_owned(),
    };
    let now = Time::from_millis(5);
    let nowhere = PeerAddr::udp("192.0.2.99:9".parse().unwrap());
    let config = ClientConfig {
        local_ufrag: "clnt".to_owned(),
        server: credentials.clone(),
        candidates: vec![nowhere, server_address()],
        dtls: DtlsConfig::client(theirs.clone(), vec![ours.fingerprint().clone()]),
        seed: 1,
    };
    let server = DtlsConfig::server(ours, vec![theirs.fingerprint().clone()]);
    World {
        now,
        client: ClientTransport::new(now, config),
        agent: IceAgent::new(&credentials),
        dtls: Dtls::new(now, server),
        srtp: None,
    }
}

impl World {
    /// Ten milliseconds in which everything that is sent arrives.
    fn step(&mut self) {
        self.now = self.now + Duration::from_millis(10);
        let (now, mut out) = (self.now, [0; 1_500]);
        self.client.handle_timeout(now);
        while let Some((to, len)) = self.client.poll_transmit(now, &mut out) {
            if to == server_address() {
                self.receive(&out[..len]);
            }
        }
        while let Some((_, len)) = self.agent.poll_transmit(&mut out) {
            let answer = &mut out[..len];
            self.client
                .handle_datagram(now, server_address(), DatagramClass::Stun, answer)
                .unwrap();
        }
        while let Some(len) = self.dtls.poll_transmit(&mut out) {
            let flight = &mut out[..len];
            // The goodbye to a goodbye comes when the client is gone.
            let _ = self
                .client
                .handle_datagram(now, server_address(), DatagramClass::Dtls, flight);
        }
    }

    fn receive(&mut self, datagram: &[u8]) {
        let from = client_address();
        if datagram[0] < 4 {
            self.agent
                .handle_datagram(self.now, from, datagram)
                .unwrap();
        } else {
            assert!(self.agent.is_validated(from));
            let _ = self.dtls.handle_datagram(self.now, datagram);
            match self.dtls.poll_event() {
                Some(DtlsEvent::Connected { keys, .. }) => {
                    self.srtp = Some((SrtpIn::new(&keys), SrtpOut::new(&keys)));
                }
                Some(DtlsEvent::Closed) => self.srtp = None,
                Some(DtlsEvent::Failed(error)) => panic!("{error}"),
                None => {}
            }
        }
    }

    fn connect(&mut self) {
        for _ in 0..50 {
            self.step();
        }
        assert_eq!(
            self.client.poll_event(),
            Some(ClientEvent::Connected(SrtpProfile::AeadAes128Gcm))
        );
    }
}

#[test]
fn a_client_connects_past_a_dead_candidate_and_exchanges_media() {
    let mut world = world();
    let mut packet = [0; 200];
    assert_eq!(world.client.seal(&HEADER, b"early", 1, &mut packet), 0);
    let from = server_address();
    let early = world
        .client
        .handle_datagram(world.now, from, DatagramClass::Rtp, &mut packet);
    assert_eq!(early, Err(DropReason::NotSecured));
    world.connect();
    let now = world.now;
    let (incoming, outgoing) = world.srtp.as_mut().unwrap();

    let len = world.client.seal(&HEADER, b"hello", 1, &mut packet);
    assert!(incoming.open_unknown(&mut packet[..len]).is_ok());

    let len = outgoing.seal(&HEADER, b"hello", 1, &mut packet);
    let opened = world
        .client
        .handle_datagram(now, from, DatagramClass::Rtp, &mut packet[..len]);
    assert_eq!(opened, Ok(Opened::Rtp(17)));
    assert_eq!(&packet[12..17], b"hello");

    let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
    let len = outgoing.seal_rtcp(&report, &mut packet);
    let opened = world
        .client
        .handle_datagram(now, from, DatagramClass::Rtcp, &mut packet[..len]);
    assert_eq!(opened, Ok(Opened::Rtcp(8)));
    let len = world.client.seal_rtcp(&report, &mut packet);
    assert!(incoming.open_rtcp(&mut packet[..len]).is_ok());
}

#[test]
fn a_client_keeps_its_consent_while_idle() {
    let mut world = world();
    world.connect();
    for _ in 0..10_000 {
        world.step();
        world.agent.handle_timeout(world.now);
    }
    assert!(world.client.is_connected());
    assert_eq!(world.agent.selected(), Some(client_address()));
    assert_eq!(world.client.poll_event(), None);
}

#[test]
fn either_side_notices_that_the_other_left() {
    let mut left = world();
    left.connect();
    left.client.close(left.now);
    left.step();
    assert!(left.srtp.is_none());

    let mut dismissed = world();
    dismissed.connect();
    dismissed.dtls.close(dismissed.now);
    dismissed.step();
    assert_eq!(dismissed.client.poll_event(), Some(ClientEvent::Closed));
    assert!(!dismissed.client.is_connected());

    let mut silent = world();
    silent.connect();
    silent.client.handle_timeout(silent.now + CONSENT);
    assert_eq!(silent.client.poll_event(), Some(ClientEvent::Unreachable));
}
