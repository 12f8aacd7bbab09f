//! A client connects, and media flow both ways; the track of a packet comes from the offer or from an
//! authentic header, and never from a guess.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use common::{Builder, MID, OPUS, REPAIRED_RID, RID, RTX, Sent, TRANSPORT_CC, VP8, World, config};
use sideroom_route::{DropReason, LostReason};
use sideroom_rtp::{Codec, RtpView};
use sideroom_session::dtls::{DtlsConfig, DtlsVersions};
use sideroom_session::srtp::{Role, SrtpProfile};
use sideroom_session::{DatagramClass, DatagramOutcome, PeerAddr, RtpParts, SessionEvent};

/// A microphone with an announced SSRC, a camera without, a simulcast screen, and two slots.
fn offer() -> Builder {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    offer.section("video", "sendonly");
    offer.section("video", "sendonly");
    offer.section("audio", "recvonly");
    offer.section("video", "recvonly");
    offer.line(0, "a=ssrc:1000 cname:c");
    for rid in ["q", "h", "f"] {
        offer.line(2, &format!("a=rid:{rid} send"));
    }
    offer.line(2, "a=simulcast:send q;h;f");
    offer
}

const AUDIO: usize = 0;
const CAMERA: usize = 1;
const SCREEN: usize = 2;

fn world() -> World {
    World::connected(config(Codec::Vp8), &mut offer())
}

/// The packet arrives whole, in this place.
fn check(world: &mut World, packet: &Sent, ingress: usize, layer: u8) {
    let (received, buffer) = world.send(packet);
    let plain = packet.plain();
    let range = 0..plain.len();
    let expected = DatagramOutcome::Rtp {
        ingress,
        layer,
        range: range.clone(),
        recovered: false,
    };
    assert_eq!(received, expected);
    assert_eq!(buffer[range], plain);
}

fn check_dropped(world: &mut World, packet: &Sent, reason: DropReason) {
    assert_eq!(
        world.send(packet).0,
        DatagramOutcome::Dropped(reason),
        "{packet:?}"
    );
}

#[test]
fn every_version_and_profile_connects() {
    let [gcm_128, gcm_256, cm_80] = SrtpProfile::PREFERRED.map(|profile| vec![profile]);
    let cases = [
        (DtlsVersions::Only12, gcm_128),
        (DtlsVersions::Only12, gcm_256),
        (DtlsVersions::Only12, cm_80),
        // A 1.3 server here accepts the client's preference.
        (DtlsVersions::Only13, SrtpProfile::PREFERRED.to_vec()),
    ];
    for (versions, profiles) in cases {
        let mut config = config(Codec::Vp8);
        config.srtp_profiles.clone_from(&profiles);
        let mut world = World::begin_with(config, &mut offer(), |dtls| DtlsConfig {
            versions,
            profiles: profiles.clone(),
            ..dtls
        });
        world.run(Duration::from_secs(1));
        let name = (versions, &profiles);
        assert_eq!(
            world.events.last(),
            Some(&SessionEvent::Connected),
            "{name:?}"
        );
        assert!(profiles.contains(&world.sending.as_ref().unwrap().profile()));
        check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    }
}

#[test]
fn a_client_that_waits_for_the_handshake_is_begun_with() {
    let mut offer = offer();
    offer.setup = "passive";
    let mut world = World::begin_with(config(Codec::Vp8), &mut offer, |dtls| DtlsConfig {
        role: Role::Server,
        ..dtls
    });
    assert!(
        world.answer.sdp.contains("a=setup:active\r\n"),
        "{}",
        world.answer.sdp
    );
    world.run(Duration::from_secs(1));
    assert_eq!(world.events.last(), Some(&SessionEvent::Connected));
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
}

#[test]
fn one_address_over_two_protocols_is_two_paths() {
    let mut world = world();
    let udp = world.address;
    world.address = PeerAddr::tcp(udp.addr);
    let packet = Sent::new(OPUS, 1000, 1);
    check_dropped(&mut world, &packet, DropReason::UnvalidatedAddress);
    world.address = udp;
    check(&mut world, &packet, AUDIO, 0);
}

#[test]
fn nothing_is_taken_before_address_and_handshake_are_checked() {
    let mut world = World::begin(config(Codec::Vp8), &mut offer());
    let mut garbage = vec![0x80; 100];
    for class in [DatagramClass::Dtls, DatagramClass::Rtp, DatagramClass::Rtcp] {
        let dropped = world.deliver(class, &mut garbage);
        assert_eq!(
            dropped,
            DatagramOutcome::Dropped(DropReason::UnvalidatedAddress)
        );
    }
    let mut buffer = [0; 500];
    let (_, len) = world.ice.poll_transmit(world.now, &mut buffer).unwrap();
    assert_eq!(
        world.deliver(DatagramClass::Stun, &mut buffer[..len]),
        DatagramOutcome::Handled
    );
    for (class, reason) in [
        (DatagramClass::Rtp, DropReason::NotSecured),
        (DatagramClass::Rtcp, DropReason::NotSecured),
        (DatagramClass::Dtls, DropReason::Malformed),
    ] {
        assert_eq!(
            world.deliver(class, &mut garbage),
            DatagramOutcome::Dropped(reason)
        );
    }
    world.run(Duration::from_secs(1));
    assert!(world.session.is_connected(), "garbage has changed nothing");
    let packet = Sent::new(OPUS, 1000, 1);
    let mut sealed = world.sealed(&packet);
    let stranger = PeerAddr::udp("203.0.113.9:9".parse().unwrap());
    let dropped =
        world
            .session
            .handle_datagram(world.now, stranger, DatagramClass::Rtp, &mut sealed);
    assert_eq!(
        dropped,
        DatagramOutcome::Dropped(DropReason::UnvalidatedAddress)
    );
    check(&mut world, &packet, AUDIO, 0);
}

#[test]
fn another_certificate_than_the_announced_is_refused() {
    let mut world = World::begin_with(config(Codec::Vp8), &mut offer(), |mut dtls| {
        dtls.certificate = sideroom_session::Certificate::generate(&[9; 32]).unwrap();
        dtls
    });
    world.run(Duration::from_secs(1));
    assert!(!world.session.is_connected());
    assert_eq!(world.session.lost(), Some(LostReason::HandshakeFailed));
    assert_eq!(
        world.events.last(),
        Some(&SessionEvent::Lost(LostReason::HandshakeFailed))
    );
}

#[test]
fn a_client_that_never_connects_or_falls_silent_is_given_up() {
    let mut world = World::begin(config(Codec::Vp8), &mut offer());
    world.now = world.now + Duration::from_secs(30);
    assert!(world.session.poll_timeout() <= world.now);
    world.session.handle_timeout(world.now);
    assert_eq!(
        world.session.poll_event(),
        Some(SessionEvent::Lost(LostReason::NeverConnected))
    );

    let mut world = self::world();
    let silent_from = world.now;
    while world.session.lost().is_none() {
        world.now = world.session.poll_timeout();
        world.session.handle_timeout(world.now);
    }
    assert_eq!(world.session.lost(), Some(LostReason::ConsentExpired));
    assert!(world.now.since(silent_from) <= Duration::from_secs(30));
}

#[test]
fn announced_ssrcs_need_no_extension_and_others_need_a_mid() {
    let mut world = world();
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    check_dropped(
        &mut world,
        &Sent::new(VP8, 2000, 1),
        DropReason::UnknownSsrc,
    );
    check_dropped(
        &mut world,
        &Sent::new(VP8, 2000, 2).with(MID, "9"),
        DropReason::UnknownSsrc,
    );
    // A slot is no track.
    check_dropped(
        &mut world,
        &Sent::new(VP8, 2000, 3).with(MID, "4"),
        DropReason::UnknownSsrc,
    );
    check(
        &mut world,
        &Sent::new(VP8, 2000, 4).with(MID, "1"),
        CAMERA,
        0,
    );
    check(&mut world, &Sent::new(VP8, 2000, 5), CAMERA, 0);
}

#[test]
fn a_header_is_not_believed_before_the_packet_is_authentic() {
    let mut world = world();
    let packet = Sent::new(VP8, 2000, 1).with(MID, "1");
    let mut forged = world.sealed(&packet);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let dropped = world.deliver(DatagramClass::Rtp, &mut forged);
    assert_eq!(dropped, DatagramOutcome::Dropped(DropReason::NotAuthentic));
    check_dropped(
        &mut world,
        &Sent::new(VP8, 2000, 2),
        DropReason::UnknownSsrc,
    );
    check(&mut world, &packet, CAMERA, 0);
}

#[test]
fn padding_does_not_hide_a_mid() {
    let mut world = world();
    let packet = Sent::new(VP8, 2000, 1).with(MID, "1");
    let mut header = packet.header();
    header[0] |= 0x20;
    let payload = [&[7; 40][..], &[0, 0, 0, 4]].concat();
    let mut out = vec![0; 500];
    let len = world
        .sending
        .as_ref()
        .unwrap()
        .seal(&header, &payload, 1, &mut out);
    let received = world.deliver(DatagramClass::Rtp, &mut out[..len]);
    let DatagramOutcome::Rtp { range, .. } = received else {
        panic!("{received:?}");
    };
    assert_eq!(RtpView::parse(&out[range]).unwrap().padding_len(), 4);
}

#[test]
fn simulcast_layers_are_told_apart_by_rid() {
    let mut world = world();
    let first = |ssrc, rid: &str| Sent::new(VP8, ssrc, 1).with(MID, "2").with(RID, rid);
    check(&mut world, &first(31, "f"), SCREEN, 2);
    check(&mut world, &first(11, "q"), SCREEN, 0);
    check(&mut world, &first(21, "h"), SCREEN, 1);
    check_dropped(&mut world, &first(41, "x"), DropReason::UnknownSsrc);
    // Which of three layers a packet without RID belongs to can only be guessed.
    check_dropped(
        &mut world,
        &Sent::new(VP8, 51, 1).with(MID, "2"),
        DropReason::UnknownSsrc,
    );
    check(&mut world, &Sent::new(VP8, 21, 2), SCREEN, 1);
}

/// Sends a retransmission of `packet` and expects it to be restored.
fn check_recovered(world: &mut World, packet: &Sent, repeated: &Sent, place: (usize, u8)) {
    let (received, buffer) = world.send(repeated);
    let DatagramOutcome::Rtp {
        ingress,
        layer,
        range,
        recovered: true,
    } = received
    else {
        panic!("{received:?}");
    };
    assert_eq!((ingress, layer), place);
    let restored = RtpView::parse(&buffer[range]).unwrap();
    let plain = packet.plain();
    let original = RtpView::parse(&plain).unwrap();
    assert_eq!(restored.payload(), original.payload());
    let header = |view: &RtpView<'_>| {
        (
            view.marker(),
            view.payload_type(),
            view.sequence(),
            view.timestamp(),
            view.ssrc(),
        )
    };
    assert_eq!(header(&restored), header(&original));
}

#[test]
fn retransmissions_are_restored_to_what_they_repeat() {
    let mut world = world();
    let lost = Sent::new(VP8, 2000, 2);
    let of_screen = Sent::new(VP8, 21, 2);
    let repeated = lost.repeated(2001, 1).with(MID, "1");
    check_dropped(&mut world, &repeated, DropReason::UnknownSsrc);
    check(
        &mut world,
        &Sent::new(VP8, 2000, 1).with(MID, "1"),
        CAMERA,
        0,
    );
    check(
        &mut world,
        &Sent::new(VP8, 21, 1).with(MID, "2").with(RID, "h"),
        SCREEN,
        1,
    );
    check_recovered(&mut world, &lost, &lost.repeated(2001, 2), (CAMERA, 0));
    let repeated = of_screen
        .repeated(22, 1)
        .with(MID, "2")
        .with(REPAIRED_RID, "h");
    check_recovered(&mut world, &of_screen, &repeated, (SCREEN, 1));
    let mut padding = Sent::new(RTX, 22, 2);
    padding.payload = vec![];
    assert_eq!(world.send(&padding).0, DatagramOutcome::Handled);
    assert_eq!(world.session.counts().recovered, 2);
    assert_eq!(world.session.counts().padding, 1);
}

#[test]
fn a_payload_type_must_have_been_negotiated_for_its_stream() {
    let mut world = world();
    check_dropped(
        &mut world,
        &Sent::new(VP8, 1000, 1),
        DropReason::UnknownPayloadType,
    );
    check(
        &mut world,
        &Sent::new(VP8, 2000, 1).with(MID, "1"),
        CAMERA,
        0,
    );
    check_dropped(
        &mut world,
        &Sent::new(RTX, 2000, 2),
        DropReason::UnknownPayloadType,
    );
}

#[test]
fn a_track_may_go_on_with_another_ssrc_and_stragglers_do_not_undo_that() {
    let mut world = world();
    check(
        &mut world,
        &Sent::new(VP8, 2000, 1).with(MID, "1"),
        CAMERA,
        0,
    );
    check(
        &mut world,
        &Sent::new(VP8, 3000, 1).with(MID, "1"),
        CAMERA,
        0,
    );
    check_dropped(
        &mut world,
        &Sent::new(VP8, 2000, 2).with(MID, "1"),
        DropReason::UnknownSsrc,
    );
    check(&mut world, &Sent::new(VP8, 3000, 2), CAMERA, 0);
    world.run(Duration::from_secs(3));
    check(
        &mut world,
        &Sent::new(VP8, 2000, 3).with(MID, "1"),
        CAMERA,
        0,
    );
}

#[test]
fn a_replayed_packet_is_dropped() {
    let mut world = world();
    let sealed = world.sealed(&Sent::new(OPUS, 1000, 1));
    assert!(matches!(
        world.deliver(DatagramClass::Rtp, &mut sealed.clone()),
        DatagramOutcome::Rtp { .. }
    ));
    let again = world.deliver(DatagramClass::Rtp, &mut sealed.clone());
    assert_eq!(again, DatagramOutcome::Dropped(DropReason::Replayed));
}

#[test]
fn a_slot_is_sealed_with_number_and_time_for_the_whole_transport() {
    for prefix in [&[][..], &[1, 2, 3]] {
        let mut world = world();
        let ssrc = world.answer.slots[1].ssrc;
        for sequence in 0..3_u16 {
            let packet = Sent::new(VP8, ssrc, sequence).with(TRANSPORT_CC, [0, 0]);
            let header = packet.header();
            let parts = RtpParts {
                header: &header,
                prefix,
                payload: &packet.payload,
                extended_sequence: sequence.into(),
                transport_cc_at: Some(17),
                abs_send_time_at: None,
            };
            let mut out = [0; 1_500];
            let len = world.session.seal_rtp(world.now, &parts, &mut out);
            let receiving = world.receiving.as_mut().unwrap();
            let len = receiving.open_unknown(&mut out[..len]).unwrap();
            let view = RtpView::parse(&out[..len]).unwrap();
            assert_eq!(
                view.extension(TRANSPORT_CC),
                Some(&sequence.to_be_bytes()[..])
            );
            assert_eq!(view.payload(), [prefix, &packet.payload].concat());
        }
    }
}

#[test]
fn the_time_of_sending_has_24_bits_of_which_18_are_below_the_second() {
    let mut world = world();
    let ssrc = world.answer.slots[1].ssrc;
    let header = Sent::new(VP8, ssrc, 0).with(5, [0, 0, 0]).header();
    let parts = RtpParts {
        header: &header,
        prefix: &[],
        payload: &[1],
        extended_sequence: 0,
        transport_cc_at: None,
        abs_send_time_at: Some(17),
    };
    let mut out = [0; 100];
    let now = sideroom_route::Time::from_millis(64_000 + 1_500);
    assert_ne!(world.session.seal_rtp(now, &parts, &mut out), 0);
    assert_eq!(out[17..20], [6, 0, 0], "1.5 s in 1/2^18 s");
    assert_eq!(
        world.session.seal_rtp(now, &parts, &mut out[..20]),
        0,
        "it does not fit"
    );
}

#[test]
fn a_phone_that_changes_networks_keeps_its_session() {
    let mut world = world();
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    world.address = PeerAddr::udp("198.51.100.77:4000".parse().unwrap());
    let packet = Sent::new(OPUS, 1000, 2);
    check_dropped(&mut world, &packet, DropReason::UnvalidatedAddress);
    world.now = world.now + Duration::from_secs(6);
    world.ice.check_now(world.now);
    world.run(Duration::from_millis(10));
    let home = common::client_address();
    assert_eq!(
        world.session.selected_address(),
        Some(home),
        "not proven yet"
    );
    // Authentic RTP from there, and the downlink follows.
    check(&mut world, &packet, AUDIO, 0);
    world.exchange();
    assert_eq!(world.session.selected_address(), Some(world.address));
    assert_eq!(world.events, [SessionEvent::AddressSelected(world.address)]);
}

#[test]
fn a_recorded_check_does_not_take_the_downlink() {
    let mut world = world();
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    let mut recorded = vec![0; 512];
    world.now = world.now + Duration::from_secs(6);
    world.ice.check_now(world.now);
    let (_, len) = world.ice.poll_transmit(world.now, &mut recorded).unwrap();
    recorded.truncate(len);
    let replayed = world.sealed(&Sent::new(OPUS, 1000, 1));
    let thief = PeerAddr::udp("203.0.113.66:6000".parse().unwrap());
    let (now, session) = (world.now, &mut world.session);
    session.handle_datagram(now, thief, DatagramClass::Stun, &mut recorded);
    let answer = session.handle_datagram(now, thief, DatagramClass::Rtp, &mut replayed.clone());
    assert_eq!(answer, DatagramOutcome::Dropped(DropReason::Replayed));
    assert_eq!(session.selected_address(), Some(common::client_address()));
}

#[test]
fn an_ice_restart_leaves_the_media_alone() {
    let mut offer = offer();
    let mut world = World::connected(config(Codec::Vp8), &mut offer);
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    offer.ufrag = "again".to_owned();
    let fresh = common::fresh();
    let answer = world
        .session
        .reoffer(world.now, &offer.text(), &[], fresh.clone())
        .unwrap();
    assert_eq!(answer.ufrag, fresh.ufrag);
    check(&mut world, &Sent::new(OPUS, 1000, 2), AUDIO, 0);
    world.address = PeerAddr::udp("198.51.100.78:4001".parse().unwrap());
    world.now = world.now + Duration::from_secs(6);
    world.ice.restart(world.now, "again", fresh);
    world.run(Duration::from_millis(20));
    check(&mut world, &Sent::new(OPUS, 1000, 3), AUDIO, 0);
    assert_eq!(world.session.selected_address(), Some(world.address));
    assert!(world.session.is_connected());
}

#[test]
fn a_later_offer_adds_a_track_to_the_running_transport() {
    let mut offer = offer();
    let mut world = World::connected(config(Codec::Vp8), &mut offer);
    check(&mut world, &Sent::new(OPUS, 1000, 1), AUDIO, 0);
    check(
        &mut world,
        &Sent::new(VP8, 2000, 1).with(MID, "1"),
        CAMERA,
        0,
    );
    offer.section("video", "sendonly");
    offer.line(5, "a=ssrc:5000 cname:c");
    check_dropped(
        &mut world,
        &Sent::new(VP8, 5000, 1),
        DropReason::UnknownSsrc,
    );
    let answer = world
        .session
        .reoffer(world.now, &offer.text(), &[], common::fresh())
        .unwrap();
    assert_eq!(answer.ingress.len(), 4);
    check(&mut world, &Sent::new(VP8, 5000, 2), 3, 0);
    check(&mut world, &Sent::new(VP8, 2000, 2), CAMERA, 0);
    check(&mut world, &Sent::new(OPUS, 1000, 2), AUDIO, 0);
}

#[test]
fn whoever_leaves_says_so() {
    let mut world = world();
    world.session.close(world.now);
    world.exchange();
    let told = world.told(|packet| match packet {
        sideroom_rtp::rtcp::Packet::Bye(ssrcs) => Some(ssrcs.count()),
        _ => None,
    });
    assert_eq!(told, [3], "two slots and the session itself");
    assert_eq!(
        world.events.last(),
        Some(&SessionEvent::Lost(LostReason::Closed))
    );
    assert_eq!(world.session.poll_timeout(), sideroom_route::Time::NEVER);

    let mut world = self::world();
    world.dtls.close(world.now);
    world.exchange();
    assert_eq!(
        world.events.last(),
        Some(&SessionEvent::Lost(LostReason::Closed))
    );
}

/// Its worker forwards media meanwhile.
#[test]
fn a_handshake_whose_steps_are_taken_elsewhere_connects() {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    let mut world = World::begin(config(Codec::Vp8), &mut offer);
    world.session.shake_hands_apart();
    world.run(Duration::from_millis(300));
    assert!(!world.session.is_connected(), "nobody takes the steps");
    for _ in 0..50 {
        while let Some(mut work) = world.session.poll_work() {
            world.run(Duration::from_millis(5));
            assert!(world.session.poll_work().is_none(), "it is away");
            work.run(world.now);
            world.session.take_back(world.now, work);
        }
        world.run(Duration::from_millis(50));
    }
    assert!(world.session.is_connected() && world.sending.is_some());
}
