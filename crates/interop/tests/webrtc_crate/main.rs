//! The `webrtc` crate's own PeerConnection joins the running server: media flow both ways, with every
//! protection profile and both kinds of certificate, and a move stops exactly the media that it should.
//!
//! The crate's SDP, ICE, SRTP and RTP are independent of ours; it shares DTLS 1.2 with the server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod disk;
mod media;
mod outage;
mod peer;
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use media::Kind;
use peer::{Options, Peer};
use server::{PARENT, Server};
use webrtc::peer_connection::{
    RTCCertificate, SettingEngineBuilder, SrtpProtectionProfile, crypto,
};

/// How long anything may take before a test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two packets of a track.
const PACE: Duration = Duration::from_millis(10);

/// All senders send until every listener has got `more` packets of each sender and kind.
async fn talk(senders: &[&Peer], listeners: &[&Peer], more: usize) {
    let heard = |listener: &Peer, sender: &Peer, kind| {
        listener.received.borrow().of(sender.name, kind).len()
    };
    let mut wanted = Vec::new();
    for listener in listeners {
        for sender in senders.iter().filter(|sender| sender.name != listener.name) {
            for kind in Kind::FIRST {
                wanted.push((
                    *listener,
                    *sender,
                    kind,
                    heard(listener, sender, kind) + more,
                ));
            }
        }
    }
    let talking = async {
        while wanted
            .iter()
            .any(|(listener, sender, kind, count)| heard(listener, sender, *kind) < *count)
        {
            for sender in senders {
                for kind in Kind::FIRST {
                    sender.send(kind).await;
                }
            }
            tokio::time::sleep(PACE).await;
        }
    };
    if tokio::time::timeout(PATIENCE, talking).await.is_err() {
        for (listener, sender, kind, count) in &wanted {
            let got = heard(listener, sender, *kind);
            println!(
                "{} of {} {kind:?}: {got} of {count}",
                listener.name, sender.name
            );
        }
        panic!("media do not flow");
    }
}

/// Every slot has sequence numbers without a gap and the packets of a sender in their order.
fn check_continuity(peer: &Peer) {
    for (ssrc, packets) in &peer.received.borrow().slots {
        for pair in packets.windows(2) {
            let [(before, _), (after, _)] = pair else {
                continue;
            };
            let name = peer.name;
            assert_eq!(before.wrapping_add(1), *after, "peer {name}, slot {ssrc}");
        }
        let mut last = std::collections::HashMap::new();
        for (_, packet) in packets {
            let before = last.insert((packet.from, packet.kind), packet.number);
            assert!(
                before.is_none_or(|before| before < packet.number),
                "{packet:?}"
            );
        }
    }
}

/// Checks the statistics that a client keeps of the transport and the streams.
async fn check_stats(peer: &Peer, srtp: &str) {
    let stats = peer.stats().await;
    let transport = stats.transport().unwrap();
    assert_eq!(transport.dtls_state.to_string(), "connected");
    assert_eq!(transport.srtp_cipher, srtp);
    let counted: u64 = stats
        .inbound_rtp_streams()
        .map(|inbound| inbound.received_rtp_stream_stats.packets_received)
        .sum();
    let lost: i64 = stats
        .inbound_rtp_streams()
        .map(|inbound| inbound.received_rtp_stream_stats.packets_lost)
        .sum();
    let seen = peer.received.borrow().count() as u64;
    assert!(counted >= seen && seen > 0, "{counted} and {seen}");
    assert_eq!(lost, 0);
    let sent: u64 = stats
        .outbound_rtp_streams()
        .map(|outbound| outbound.sent_rtp_stream_stats.packets_sent)
        .sum();
    let written: u32 = Kind::FIRST.iter().map(|kind| peer.next_number(*kind)).sum();
    assert_eq!(sent, u64::from(written));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_flow_both_ways_and_a_move_stops_exactly_what_it_should() {
    let server = Server::start().await;
    let alice = Peer::join(&server, 1, Options::default()).await;
    let bob = Peer::join(&server, 2, Options::default()).await;
    let carol = Peer::join(&server, 3, Options::default()).await;
    let all = [&alice, &bob, &carol];
    talk(&all, &all, 30).await;

    let breakout = server.create_breakout().await;
    server.move_to(&bob.id, &breakout).await;
    let first_away = all.map(|peer| Kind::FIRST.map(|kind| peer.next_number(kind)));
    // Alice and Carol hear each other, so packets of Bob from the same time would have arrived as well.
    let parent = [&alice, &carol];
    let (together, alone) = (talk(&parent, &parent, 30), async {
        for _ in 0..30 {
            bob.send(Kind::Audio).await;
            bob.send(Kind::Camera).await;
            tokio::time::sleep(PACE).await;
        }
    });
    tokio::join!(together, alone);
    check_separation(&all, &first_away, &bob);

    server.move_to(&carol.id, &breakout).await;
    talk(&[&bob, &carol], &[&bob, &carol], 30).await;
    server.move_to(&bob.id, PARENT).await;
    server.move_to(&carol.id, PARENT).await;
    talk(&all, &all, 30).await;
    for peer in all {
        check_continuity(peer);
        check_stats(peer, "SRTP_AEAD_AES_128_GCM").await;
        peer.pc.close().await.unwrap();
    }
}

/// No packet sent after `since` has crossed between `away` and the others.
fn check_separation(all: &[&Peer], since: &[[u32; 2]], away: &Peer) {
    for listener in all {
        for (sender, since) in all.iter().zip(since) {
            let crosses = (listener.name == away.name) != (sender.name == away.name);
            for (kind, since) in Kind::FIRST.iter().zip(since) {
                let heard = listener.received.borrow().of(sender.name, *kind);
                let late = heard.iter().filter(|number| *number >= since).count();
                let (listener, sender) = (listener.name, sender.name);
                assert!(
                    !crosses || late == 0,
                    "{listener} heard {late} of {sender}'s {kind:?}"
                );
            }
        }
    }
}

/// A client whose transport is lost joins again, as the SDK does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_back_with_sound_after_a_worker_has_panicked() {
    let server = Server::start().await;
    // The first and the third are served by the first worker.
    let alice = Peer::join(&server, 1, Options::default()).await;
    let bob = Peer::join(&server, 2, Options::default()).await;
    let carol = Peer::join(&server, 3, Options::default()).await;
    talk(&[&alice, &bob, &carol], &[&alice, &bob, &carol], 10).await;

    let begun = sideroom::clock::now();
    server.panic_worker(0);
    let lost = async {
        loop {
            let connections = server.connections().await;
            let of = |name: &str| connections.get(name).map(String::as_str);
            if of("peer-1") == Some("CONNECTION_LOST") && of("peer-3") == Some("CONNECTION_LOST") {
                return connections;
            }
            tokio::time::sleep(PACE).await;
        }
    };
    let connections = tokio::time::timeout(PATIENCE, lost).await;
    let connections = connections.expect("the participants of the worker are lost");
    assert_eq!(connections["peer-2"], "CONNECTION_CONNECTED");
    let noticed = begun.elapsed();
    let again = |name| Peer::join(&server, name, Options::default());
    let (alice, carol) = tokio::join!(again(1), again(3));
    talk(&[&alice, &bob, &carol], &[&alice, &bob, &carol], 10).await;
    println!(
        "noticed after {noticed:?}, all heard after {:?}",
        begun.elapsed()
    );
}

/// The values of an attribute, without repetitions.
fn values(sdp: &str, name: &str) -> BTreeSet<String> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix(name));
    lines.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_offers_add_a_section_and_restart_ice_on_the_same_transport() {
    let server = Server::start().await;
    let mut alice = Peer::join(&server, 1, Options::default()).await;
    let bob = Peer::join(&server, 2, Options::default()).await;
    talk(&[&alice, &bob], &[&alice, &bob], 20).await;
    let first = alice.answer().await;

    alice.offer_track(Kind::Screen).await;
    let second = alice.reoffer(&server).await;
    assert_eq!(
        values(&second, "a=ice-ufrag:"),
        values(&first, "a=ice-ufrag:")
    );
    assert_eq!(
        second.matches("\r\nm=").count(),
        first.matches("\r\nm=").count() + 1
    );
    assert_eq!(second.matches("\r\nm=video 0 ").count(), 0, "{second}");
    alice.publish(&server, Kind::Screen).await;
    let arrived = || bob.received.borrow().of(alice.name, Kind::Screen).len();
    let showing = async {
        while arrived() < 20 {
            alice.send(Kind::Screen).await;
            tokio::time::sleep(PACE).await;
        }
    };
    let shown = tokio::time::timeout(PATIENCE, showing).await.is_ok();
    assert!(shown, "{} of 20 packets of the later track", arrived());
    talk(&[&alice, &bob], &[&alice, &bob], 20).await;

    check_continuity(&alice);
    check_continuity(&bob);
    alice.pc.restart_ice().await.unwrap();
    let third = alice.reoffer(&server).await;
    assert_ne!(
        values(&third, "a=ice-ufrag:"),
        values(&first, "a=ice-ufrag:")
    );
    for name in ["a=fingerprint:", "a=setup:"] {
        assert_eq!(values(&third, name), values(&first, name), "{name}");
    }
    talk(&[&alice, &bob], &[&alice, &bob], 20).await;
    // While the crate has no path that it checked anew, it neither sends nor receives: so no claim here that
    // nothing was lost.
    let stats = alice.stats().await;
    let transport = stats.transport().unwrap();
    assert_eq!(transport.dtls_state.to_string(), "connected");
}

/// Two peers of which one is special connect, and media flow both ways.
async fn check_pair(options: Options, srtp: &str) {
    let server = Server::start().await;
    let special = Peer::join(&server, 1, options).await;
    let usual = Peer::join(&server, 2, Options::default()).await;
    let both = [&special, &usual];
    talk(&both, &both, 20).await;
    check_continuity(&special);
    check_continuity(&usual);
    check_stats(&special, srtp).await;
}

async fn check_profile(profile: SrtpProtectionProfile, srtp: &str) {
    let settings = SettingEngineBuilder::new()
        .with_srtp_protection_profiles(vec![profile])
        .build();
    let options = Options {
        settings,
        certificate: None,
    };
    check_pair(options, srtp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_128_gcm_connects() {
    let profile = SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm;
    check_profile(profile, "SRTP_AEAD_AES_128_GCM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_256_gcm_connects() {
    let profile = SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm;
    check_profile(profile, "SRTP_AEAD_AES_256_GCM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aes_128_counter_mode_connects() {
    let profile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;
    check_profile(profile, "SRTP_AES128_CM_HMAC_SHA1_80").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_an_rsa_certificate_connects() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let made = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    let provider = crypto::default_provider().unwrap();
    let certificate = RTCCertificate::from_pkcs8(
        provider.crypto(),
        crypto::SignatureScheme::RsaPkcs1Sha256,
        vec![made.der().clone()],
        &key.serialize_der(),
        std::time::UNIX_EPOCH + Duration::from_millis(sideroom::clock::unix_ms() + 86_400_000),
    );
    let options = Options {
        certificate: Some(certificate.unwrap()),
        ..Options::default()
    };
    check_pair(options, "SRTP_AEAD_AES_128_GCM").await;
}
