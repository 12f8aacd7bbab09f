//! Two sides shake hands over a network that loses, repeats and swaps datagrams, agree on keys that work, and
//! refuse a peer without the announced certificate.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Duration;

use proptest::prelude::*;
use sideroom_route::{DropReason, Time};
use sideroom_session::dtls::{
    Dtls, DtlsConfig, DtlsError, DtlsEvent, DtlsVersion, DtlsVersions, MAX_DATAGRAM,
};
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};
use sideroom_session::{Certificate, Fingerprint, FingerprintHash};

const START: Time = Time::from_millis(50);

/// A fresh certificate costs milliseconds, so all tests share these.
fn server_certificate() -> Certificate {
    static MADE: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    MADE.get_or_init(|| Certificate::generate(&[1; 32]).unwrap())
        .clone()
}

fn client_certificate() -> Certificate {
    static MADE: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    MADE.get_or_init(|| Certificate::generate(&[2; 32]).unwrap())
        .clone()
}

fn rsa_certificate() -> Certificate {
    static MADE: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
    MADE.get_or_init(|| {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        Certificate::self_signed(pair.serialized_der()).unwrap()
    })
    .clone()
}

fn server_config(client: &Certificate) -> DtlsConfig {
    DtlsConfig::server(server_certificate(), vec![client.fingerprint().clone()])
}

fn client_config(certificate: Certificate, versions: DtlsVersions) -> DtlsConfig {
    let fingerprints = vec![server_certificate().fingerprint().clone()];
    DtlsConfig {
        versions,
        ..DtlsConfig::client(certificate, fingerprints)
    }
}

/// The fate of a datagram on the network: the number of copies that arrive, and whether they overtake the
/// datagram before.
type Fate = (usize, bool);
const DELIVERED: Fate = (1, false);

/// The outcome of one side.
#[derive(Debug)]
enum End {
    Connected(KeyMaterial, DtlsVersion),
    Failed(DtlsError),
}

fn sent_by(dtls: &mut Dtls) -> Vec<Vec<u8>> {
    let mut out = [0; MAX_DATAGRAM];
    std::iter::from_fn(|| dtls.poll_transmit(&mut out).map(|len| out[..len].to_vec())).collect()
}

fn end_of(dtls: &mut Dtls) -> Option<End> {
    match dtls.poll_event()? {
        DtlsEvent::Connected { keys, version } => Some(End::Connected(keys, version)),
        DtlsEvent::Failed(error) => Some(End::Failed(error)),
        DtlsEvent::Closed => panic!("closed without having been connected"),
    }
}

/// Lets both sides talk until both have come to an end, or for a minute.
fn shake(
    client: &mut Dtls,
    server: &mut Dtls,
    mut fate: impl FnMut() -> Fate,
) -> (Option<End>, Option<End>) {
    let mut now = START;
    let (mut client_end, mut server_end) = (None, None);
    let give_up = START + Duration::from_secs(60);
    while now < give_up && (client_end.is_none() || server_end.is_none()) {
        let to_server = travel(sent_by(client), &mut fate);
        let to_client = travel(sent_by(server), &mut fate);
        if to_server.is_empty() && to_client.is_empty() {
            now = client.poll_timeout().min(server.poll_timeout()).max(now);
            client.handle_timeout(now);
            server.handle_timeout(now);
        }
        now = now + Duration::from_millis(10);
        for datagram in to_server {
            let _ = server.handle_datagram(now, &datagram);
        }
        for datagram in to_client {
            let _ = client.handle_datagram(now, &datagram);
        }
        client_end = client_end.or_else(|| end_of(client));
        server_end = server_end.or_else(|| end_of(server));
    }
    (client_end, server_end)
}

fn travel(sent: Vec<Vec<u8>>, fate: &mut impl FnMut() -> Fate) -> Vec<Vec<u8>> {
    let mut arriving: Vec<Vec<u8>> = Vec::new();
    for datagram in sent {
        let (copies, swapped) = fate();
        for _ in 0..copies {
            let at = if swapped {
                arriving.len().saturating_sub(1)
            } else {
                arriving.len()
            };
            arriving.insert(at, datagram.clone());
        }
    }
    arriving
}

/// Checks that both sides are connected with keys that open the other side's packets.
fn check_connected(ends: (Option<End>, Option<End>)) -> (SrtpProfile, DtlsVersion) {
    let (Some(End::Connected(client, version)), Some(End::Connected(server, same))) = ends else {
        panic!("not connected");
    };
    assert_eq!(version, same);
    for (from, to) in [(&client, &server), (&server, &client)] {
        let mut packet = [0; 100];
        let header = [0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let len = SrtpOut::new(from).seal(&header, b"hello", 1, &mut packet);
        let mut incoming = SrtpIn::new(to);
        assert!(incoming.open_unknown(&mut packet[..len]).is_ok());
    }
    (client.profile(), version)
}

fn connect(client: DtlsConfig, server: DtlsConfig) -> (SrtpProfile, DtlsVersion) {
    let mut client = Dtls::new(START, client);
    let mut server = Dtls::new(START, server);
    let ends = shake(&mut client, &mut server, || DELIVERED);
    assert!(client.is_connected() && server.is_connected());
    check_connected(ends)
}

#[test]
fn dtls_12_takes_the_profile_that_the_server_prefers() {
    use SrtpProfile::{AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80};
    let check = |offered: &[SrtpProfile], expected| {
        let client = DtlsConfig {
            profiles: offered.to_vec(),
            ..client_config(client_certificate(), DtlsVersions::Only12)
        };
        let agreed = connect(client, server_config(&client_certificate()));
        assert_eq!(agreed, (expected, DtlsVersion::V12));
    };
    check(
        &[AesCm128HmacSha1_80, AeadAes256Gcm, AeadAes128Gcm],
        AeadAes128Gcm,
    );
    check(&[AesCm128HmacSha1_80, AeadAes256Gcm], AeadAes256Gcm);
    check(&[AesCm128HmacSha1_80], AesCm128HmacSha1_80);
    check(&[AeadAes128Gcm], AeadAes128Gcm);
}

#[test]
fn dtls_13_is_spoken_with_those_who_offer_it() {
    for versions in [DtlsVersions::Auto, DtlsVersions::Only13] {
        let client = client_config(client_certificate(), versions);
        let (profile, version) = connect(client, server_config(&client_certificate()));
        assert_eq!(version, DtlsVersion::V13);
        assert_ne!(profile, SrtpProfile::AesCm128HmacSha1_80);
    }
}

/// Browsers offer 1.3 and name their cheapest profile last; a 1.3 server here would take the first.
#[test]
fn dtls_13_is_declined_where_it_would_cost_the_media_dear() {
    const HELLO_VERIFY_REQUEST: u8 = 3;
    const SERVER_HELLO: u8 = 2;
    let answer_to = |order: [u8; 6], profiles: &[SrtpProfile]| {
        let auto = client_config(client_certificate(), DtlsVersions::Auto);
        let mut hello = sent_by(&mut Dtls::new(START, auto)).remove(0);
        let ours = [0, 8, 0, 7, 0, 1];
        let at = hello.windows(6).position(|list| list == ours).unwrap();
        hello[at..at + 6].copy_from_slice(&order);
        let config = DtlsConfig {
            profiles: profiles.to_vec(),
            ..server_config(&client_certificate())
        };
        let mut server = Dtls::new(START, config);
        server.handle_datagram(START, &hello).unwrap();
        sent_by(&mut server).first().map(|answer| answer[13])
    };
    let all = SrtpProfile::PREFERRED;
    assert_eq!(answer_to([0, 8, 0, 7, 0, 1], &all), Some(SERVER_HELLO));
    assert_eq!(answer_to([0, 7, 0, 8, 0, 1], &all), Some(SERVER_HELLO));
    assert_eq!(
        answer_to([0, 1, 0, 8, 0, 7], &all),
        Some(HELLO_VERIFY_REQUEST)
    );
    // Only the weakest profile is allowed here, so 1.3 costs nothing.
    let only_cm = [SrtpProfile::AesCm128HmacSha1_80];
    assert_eq!(answer_to([0, 1, 0, 8, 0, 7], &only_cm), Some(SERVER_HELLO));
    // The first one is not allowed here, and 1.3 would take it.
    assert_eq!(
        answer_to([0, 8, 0, 7, 0, 1], &only_cm),
        Some(HELLO_VERIFY_REQUEST)
    );
}

#[test]
fn a_server_may_keep_to_one_version() {
    let only = |versions| DtlsConfig {
        versions,
        ..server_config(&client_certificate())
    };
    let client = client_config(client_certificate(), DtlsVersions::Auto);
    let (profile, version) = connect(client.clone(), only(DtlsVersions::Only12));
    assert_eq!(version, DtlsVersion::V12);
    assert_eq!(profile, SrtpProfile::AeadAes128Gcm);
    let (_, version) = connect(client, only(DtlsVersions::Only13));
    assert_eq!(version, DtlsVersion::V13);
}

#[test]
fn a_client_with_an_rsa_certificate_connects() {
    let client = client_config(rsa_certificate(), DtlsVersions::Only12);
    let (profile, version) = connect(client, server_config(&rsa_certificate()));
    assert_eq!(
        (profile, version),
        (SrtpProfile::AeadAes128Gcm, DtlsVersion::V12)
    );
}

#[test]
fn a_certificate_other_than_announced_is_refused_by_either_side() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&rsa_certificate()));
        let (_, end) = shake(&mut client, &mut server, || DELIVERED);
        assert!(
            matches!(end, Some(End::Failed(DtlsError::Fingerprint))),
            "{end:?}"
        );
        assert!(!server.is_connected());

        let config = DtlsConfig {
            peer_fingerprints: vec![rsa_certificate().fingerprint().clone()],
            ..client_config(client_certificate(), versions)
        };
        let mut client = Dtls::new(START, config);
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        let (end, _) = shake(&mut client, &mut server, || DELIVERED);
        assert!(
            matches!(end, Some(End::Failed(DtlsError::Fingerprint))),
            "{end:?}"
        );
    }
}

#[test]
fn one_of_several_announced_fingerprints_is_enough_and_none_is_not() {
    let client = client_certificate();
    let others = [
        rsa_certificate().fingerprint().clone(),
        Fingerprint::of(FingerprintHash::Sha512, client.der()),
    ];
    let config = DtlsConfig {
        peer_fingerprints: others.to_vec(),
        ..server_config(&client)
    };
    connect(client_config(client.clone(), DtlsVersions::Only12), config);
    let config = DtlsConfig {
        peer_fingerprints: vec![],
        ..server_config(&client)
    };
    let mut server = Dtls::new(START, config);
    let mut client = Dtls::new(START, client_config(client, DtlsVersions::Only12));
    let (_, end) = shake(&mut client, &mut server, || DELIVERED);
    assert!(matches!(end, Some(End::Failed(DtlsError::Fingerprint))));
}

#[test]
fn no_common_profile_is_said_so() {
    let client = DtlsConfig {
        profiles: vec![SrtpProfile::AesCm128HmacSha1_80],
        ..client_config(client_certificate(), DtlsVersions::Only12)
    };
    let server = DtlsConfig {
        profiles: vec![SrtpProfile::AeadAes128Gcm],
        ..server_config(&client_certificate())
    };
    let mut client = Dtls::new(START, client);
    let mut server = Dtls::new(START, server);
    let (_, end) = shake(&mut client, &mut server, || DELIVERED);
    assert!(
        matches!(end, Some(End::Failed(DtlsError::Profile))),
        "{end:?}"
    );
}

#[test]
fn goodbye_is_heard_once() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        shake(&mut client, &mut server, || DELIVERED);
        let now = START + Duration::from_secs(5);
        sent_by(&mut client);
        client.close(now);
        let goodbye = sent_by(&mut client);
        assert!(!goodbye.is_empty(), "{versions:?}");
        for datagram in goodbye.iter().chain(&goodbye) {
            let _ = server.handle_datagram(now, datagram);
        }
        let events: Vec<_> = std::iter::from_fn(|| server.poll_event()).collect();
        assert!(
            matches!(events[..], [DtlsEvent::Closed]),
            "{versions:?}: {events:?}"
        );
        assert_eq!(server.poll_timeout(), Time::NEVER);
        let late = server.handle_datagram(now, &goodbye[0]);
        assert_eq!(late, Err(DropReason::NotSecured));
    }
}

#[test]
fn garbage_before_the_handshake_is_dropped_and_does_not_stop_it() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        let not_dtls: [&[u8]; 4] = [&[], &[22], &[0x80; 40], &[0xfe; 1_400]];
        for garbage in not_dtls {
            assert_eq!(
                server.handle_datagram(START, garbage),
                Err(DropReason::Malformed)
            );
        }
        let application_data = [23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7];
        let early = server.handle_datagram(START, &application_data);
        assert_eq!(early, Err(DropReason::NotSecured));
        assert!(sent_by(&mut server).is_empty());
        check_connected(shake(&mut client, &mut server, || DELIVERED));
    }
}

#[test]
fn garbage_after_the_handshake_changes_nothing() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        shake(&mut client, &mut server, || DELIVERED);
        let now = START + Duration::from_secs(2);
        for content in 20..=26 {
            for epoch in 0..4 {
                let record = [
                    content, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 9, content, 0, 14, 2, 40, 1, 2, 3,
                    4, 5, 6, 7, 8, 9, 10, 11, 12,
                ];
                server.handle_datagram(now, &record).unwrap();
            }
        }
        assert!(server.is_connected(), "{versions:?}");
        assert!(server.poll_event().is_none());
    }
}

#[test]
fn a_peer_that_never_comes_to_an_end_is_refused() {
    let mut server = Dtls::new(START, server_config(&client_certificate()));
    let mut client = Dtls::new(
        START,
        client_config(client_certificate(), DtlsVersions::Only12),
    );
    let hello = sent_by(&mut client).remove(0);
    let mut dropped = None;
    for _ in 0..10_000 {
        dropped = server.handle_datagram(START, &hello).err();
        sent_by(&mut server);
        if dropped.is_some() {
            break;
        }
    }
    assert_eq!(dropped, Some(DropReason::Throttled));
    let end = end_of(&mut server);
    assert!(
        matches!(end, Some(End::Failed(DtlsError::TooMuch))),
        "{end:?}"
    );
}

#[test]
fn a_server_that_is_alone_gives_up() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        let mut sent = 0;
        let lose_all_but_the_first = || {
            sent += 1;
            (usize::from(sent <= 1), false)
        };
        let (client_end, _) = shake(&mut client, &mut server, lose_all_but_the_first);
        assert!(
            matches!(client_end, Some(End::Failed(DtlsError::Silent))),
            "{client_end:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_bad_network_does_not_prevent_it(
        seed in any::<u64>(),
        versions in prop::sample::select(vec![DtlsVersions::Only12, DtlsVersions::Auto]),
        loss in 0_u64..25,
    ) {
        let mut random = seed;
        let fate = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = random >> 33;
            let copies = if draw % 100 < loss { 0 } else { 1 + usize::from(draw % 7 == 0) };
            (copies, draw % 5 == 0)
        };
        let mut client = Dtls::new(START, client_config(client_certificate(), versions));
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        let (client_end, server_end) = shake(&mut client, &mut server, fate);
        prop_assert!(matches!(client_end, Some(End::Connected(..))), "client {:?}", client_end);
        prop_assert!(matches!(server_end, Some(End::Connected(..))), "server {:?}", server_end);
        check_connected((client_end, server_end));
    }

    #[test]
    fn bytes_from_anybody_do_no_harm(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        content in 20_u8..27,
    ) {
        let mut server = Dtls::new(START, server_config(&client_certificate()));
        for body in datagrams {
            let _ = server.handle_datagram(START, &body);
            let mut framed = vec![content, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1];
            framed.extend((body.len() as u16).to_be_bytes());
            framed.extend(body);
            let _ = server.handle_datagram(START, &framed);
        }
        prop_assert!(!server.is_connected());
    }
}

#[test]
fn the_roles_are_told_apart() {
    let mut server = Dtls::new(START, server_config(&client_certificate()));
    assert!(sent_by(&mut server).is_empty(), "a server waits");
    let mut client = Dtls::new(
        START,
        client_config(client_certificate(), DtlsVersions::Auto),
    );
    assert!(!sent_by(&mut client).is_empty(), "a client begins");
    assert_eq!(server_config(&client_certificate()).role, Role::Server);
}
