//! A session and a DTLS 1.3 client that names one protection profile: each of them connects, and media
//! flow both ways.
//!
//! The client's DTLS engine always offers all profiles in one order. So the test changes the list on the way out
//! and mends the transcript hash to match: the result is a client with one profile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Builder, OPUS, Sent, client_address, config, server_address};
use dimpl::crypto::{Buf, HashAlgorithm, HashContext, HashProvider, aws_lc_rs};
use sideroom_route::Time;
use sideroom_rtp::{Codec, RtpView};
use sideroom_session::ice::IceClient;
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};
use sideroom_session::{
    DatagramClass, DatagramOutcome, Fingerprint, FingerprintHash, PeerAddr, RtpParts, Session,
    SessionEvent,
};

/// The extension `use_srtp` with all profiles, as the engine writes it.
const ALL: [u8; 13] = [0, 14, 0, 9, 0, 6, 0, 8, 0, 7, 0, 1, 0];

/// The extension with one profile, in as many bytes as with all.
fn only(id: u8) -> [u8; 13] {
    [0, 14, 0, 9, 0, 6, 0, id, 0, id, 0, id, 0]
}

/// Puts the one in the place of the other; true if it was there.
fn narrow(bytes: &mut [u8], id: u8) -> bool {
    let at = bytes.windows(ALL.len()).position(|window| window == ALL);
    if let Some(at) = at {
        bytes[at..at + ALL.len()].copy_from_slice(&only(id));
    }
    at.is_some()
}

/// Hashes the messages as the server has seen them instead of as they were written.
#[derive(Debug)]
struct AsSent<const ID: u8>;

#[derive(Debug)]
struct Context<const ID: u8>(Box<dyn HashContext>);

impl<const ID: u8> HashProvider for AsSent<ID> {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let hashes = aws_lc_rs::default_provider().hash_provider;
        Box::new(Context::<ID>(hashes.create_hash(algorithm)))
    }
}

impl<const ID: u8> HashContext for Context<ID> {
    fn update(&mut self, data: &[u8]) {
        let mut data = data.to_vec();
        narrow(&mut data, ID);
        self.0.update(&data);
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        self.0.clone_and_finalize(out);
    }
}

/// The client: an engine of DTLS 1.3 only.
struct Client {
    dtls: dimpl::Dtls,
    id: u8,
    /// Hellos that were changed.
    narrowed: usize,
    keys: Option<(SrtpProfile, KeyMaterial)>,
    der: Vec<u8>,
}

impl Client {
    fn new<const ID: u8>(hashes: &'static AsSent<ID>) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::default().self_signed(&key);
        let der = made.unwrap().der().to_vec();
        let mut provider = aws_lc_rs::default_provider();
        provider.hash_provider = hashes;
        let config = dimpl::Config::builder()
            .with_crypto_provider(provider)
            .build();
        let certificate = dimpl::DtlsCertificate {
            certificate: der.clone(),
            private_key: key.serialize_der(),
        };
        let config = Arc::new(config.unwrap());
        let mut dtls = dimpl::Dtls::new_13(config, certificate, origin());
        dtls.set_active(true);
        Self {
            dtls,
            id: ID,
            narrowed: 0,
            keys: None,
            der,
        }
    }

    /// Datagrams to send now.
    fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = vec![0; 4_096];
        let mut sent = Vec::new();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(packet) => {
                    let mut packet = packet.to_vec();
                    self.narrowed += usize::from(narrow(&mut packet, self.id));
                    sent.push(packet);
                }
                dimpl::Output::KeyingMaterial(keys, profile) => {
                    let profile = match profile {
                        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::AeadAes128Gcm,
                        dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::AeadAes256Gcm,
                        _ => SrtpProfile::AesCm128HmacSha1_80,
                    };
                    let keys = KeyMaterial::from_exported(profile, &keys, Role::Client);
                    self.keys = Some((profile, keys.unwrap()));
                }
                dimpl::Output::Timeout(_) => return sent,
                _ => {}
            }
        }
    }
}

fn check<const ID: u8>(hashes: &'static AsSent<ID>, profile: SrtpProfile) {
    let mut client = Client::new(hashes);
    let mut offer = Builder::new();
    offer.fingerprint = Fingerprint::of(FingerprintHash::Sha256, &client.der).to_string();
    offer.section("audio", "sendonly");
    offer.section("audio", "recvonly");
    offer.line(0, "a=ssrc:1000 cname:c");
    let mut config = config(Codec::Vp8);
    config.srtp_profiles = vec![profile];
    let credentials = config.credentials.clone();
    let mut now = Time::from_millis(1_000);
    let (mut session, answer) = Session::accept(now, config, &offer.text()).unwrap();
    let servers = vec![PeerAddr::udp(server_address())];
    let mut ice = IceClient::new(now, &offer.ufrag, credentials, servers, 11);
    let mut buffer = [0; 2_048];
    let (_, len) = ice.poll_transmit(now, &mut buffer).unwrap();
    session.handle_datagram(
        now,
        client_address(),
        DatagramClass::Stun,
        &mut buffer[..len],
    );
    let mut out = Vec::new();
    for _ in 0..20 {
        client.dtls.handle_timeout(origin()).ok();
        for mut packet in client.sent() {
            session.handle_datagram(now, client_address(), DatagramClass::Dtls, &mut packet);
        }
        while session.poll_transmit(now, &mut out).is_some() {
            if (20..64).contains(&out[0]) {
                client.dtls.handle_packet(&out).unwrap();
            }
        }
        now = now + Duration::from_millis(1);
    }
    assert_eq!(client.narrowed, 1, "the hello is not as it was thought");
    let events: Vec<_> = std::iter::from_fn(|| session.poll_event()).collect();
    assert!(events.contains(&SessionEvent::Connected), "{events:?}");
    let (agreed, keys) = client.keys.as_ref().expect("the client is connected");
    assert_eq!(*agreed, profile);

    let packet = Sent::new(OPUS, 1000, 1);
    let len = SrtpOut::new(keys).seal(&packet.header(), &packet.payload, 1, &mut buffer);
    let class = DatagramClass::Rtp;
    let received = session.handle_datagram(now, client_address(), class, &mut buffer[..len]);
    let DatagramOutcome::Rtp { range, .. } = received else {
        panic!("{received:?}");
    };
    assert_eq!(buffer[range], packet.plain());

    let packet = Sent::new(OPUS, answer.slots[0].ssrc, 7);
    let parts = RtpParts {
        header: &packet.header(),
        prefix: &[],
        payload: &packet.payload,
        extended_sequence: 7,
        transport_cc_at: None,
        abs_send_time_at: None,
    };
    let len = session.seal_rtp(now, &parts, &mut buffer);
    let len = SrtpIn::new(keys).open_unknown(&mut buffer[..len]).unwrap();
    let view = RtpView::parse(&buffer[..len]).unwrap();
    assert_eq!(
        (view.ssrc(), view.payload()),
        (answer.slots[0].ssrc, &packet.payload[..])
    );
}

/// The client's clock stands still: nothing is lost here.
#[allow(clippy::disallowed_methods, reason = "an origin; no time passes")]
fn origin() -> Instant {
    static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *BEGUN.get_or_init(Instant::now)
}

#[test]
fn aes_128_gcm_connects_over_dtls_13() {
    check(&AsSent::<7>, SrtpProfile::AeadAes128Gcm);
}

#[test]
fn aes_256_gcm_connects_over_dtls_13() {
    check(&AsSent::<8>, SrtpProfile::AeadAes256Gcm);
}

#[test]
fn aes_128_counter_mode_connects_over_dtls_13() {
    check(&AsSent::<1>, SrtpProfile::AesCm128HmacSha1_80);
}
