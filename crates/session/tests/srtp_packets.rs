//! Packets that are sealed come out of opening as they were, and nothing else comes out of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use sideroom_route::DropReason;
use sideroom_session::srtp::{KeyMaterial, MAX_SSRCS, Role, SrtpIn, SrtpOut, SrtpProfile};

const SSRC: u32 = 0xcafe_babe;

fn keys(profile: SrtpProfile) -> KeyMaterial {
    let exported: Vec<u8> = (0..profile.exported_len() as u8)
        .map(|n| n.wrapping_mul(3))
        .collect();
    KeyMaterial::from_exported(profile, &exported, Role::Server).unwrap()
}

fn pair(profile: SrtpProfile) -> (SrtpOut, SrtpIn) {
    let keys = keys(profile);
    let mut incoming = SrtpIn::new(&keys.mirrored());
    assert!(incoming.accept_ssrc(SSRC));
    (SrtpOut::new(&keys), incoming)
}

fn header(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut header = vec![0x80, 96, 0, 0, 0, 0, 0, 9];
    header[2..4].copy_from_slice(&sequence.to_be_bytes());
    header.extend(ssrc.to_be_bytes());
    header
}

fn seal_from(out: &SrtpOut, ssrc: u32, extended: u64) -> Vec<u8> {
    let mut packet = vec![0; 200];
    let len = out.seal(
        &header(ssrc, extended as u16),
        b"payload",
        extended,
        &mut packet,
    );
    packet.truncate(len);
    packet
}

fn seal(out: &SrtpOut, extended: u64) -> Vec<u8> {
    seal_from(out, SSRC, extended)
}

fn for_each_profile(test: impl Fn(SrtpProfile)) {
    SrtpProfile::PREFERRED.into_iter().for_each(test);
}

#[test]
fn a_packet_with_csrcs_extensions_and_padding_comes_out_as_it_went_in() {
    for_each_profile(|profile| {
        let (out, mut incoming) = pair(profile);
        let mut head = header(SSRC, 7);
        head[0] |= 0x32;
        head.extend([1; 8]);
        head.extend([0xbe, 0xde, 0, 2, 0x10, 5, 0x21, 6, 7, 0, 0, 0]);
        let payload = [9; 1000];
        let mut packet = vec![0; 1100];
        let len = out.seal(&head, &payload, 7, &mut packet);
        assert_eq!(len, head.len() + 1000 + profile.tag_len());
        assert_ne!(packet[head.len()..head.len() + 1000], payload);
        let plain = incoming.open(&mut packet[..len]).unwrap();
        assert_eq!(packet[..plain], [&head[..], &payload[..]].concat());
    });
}

#[test]
fn roll_overs_are_followed_in_both_directions_of_reordering() {
    for_each_profile(|profile| {
        let (out, mut incoming) = pair(profile);
        let order = [
            65_000, 65_534, 65_536, 65_535, 65_540, 98_000, 130_000, 131_072, 131_071,
        ];
        for extended in order {
            let mut packet = seal(&out, extended);
            assert!(incoming.open(&mut packet).is_ok(), "{profile:?} {extended}");
        }
    });
}

#[test]
fn a_packet_is_opened_once() {
    for_each_profile(|profile| {
        let (out, mut incoming) = pair(profile);
        let first = seal(&out, 1_000);
        assert!(incoming.open(&mut first.clone()).is_ok());
        assert!(incoming.open(&mut seal(&out, 1_400)).is_ok());
        assert_eq!(incoming.open(&mut first.clone()), Err(DropReason::Replayed));
        assert!(incoming.open(&mut seal(&out, 1_001)).is_ok());
        assert!(incoming.open(&mut seal(&out, 3_000)).is_ok());
        assert_eq!(
            incoming.open(&mut seal(&out, 1_002)),
            Err(DropReason::Replayed)
        );
    });
}

#[test]
fn a_changed_packet_is_not_authentic_and_leaves_no_trace() {
    for_each_profile(|profile| {
        let (out, mut incoming) = pair(profile);
        let sealed = seal(&out, 5);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x04;
            assert!(
                incoming.open(&mut changed).is_err(),
                "{profile:?} byte {at}"
            );
        }
        for len in 0..sealed.len() {
            assert!(incoming.open(&mut sealed[..len].to_vec()).is_err());
        }
        // A forged number far ahead has not moved the roll-over counter or the window.
        let mut ahead = seal(&out, 30_000);
        *ahead.last_mut().unwrap() ^= 1;
        assert_eq!(incoming.open(&mut ahead), Err(DropReason::NotAuthentic));
        assert!(incoming.open(&mut sealed.clone()).is_ok());
    });
}

#[test]
fn an_unknown_ssrc_gets_state_only_when_it_is_authentic() {
    for_each_profile(|profile| {
        let (out, mut incoming) = pair(profile);
        let sealed = seal_from(&out, 77, 65_000);
        assert_eq!(
            incoming.open(&mut sealed.clone()),
            Err(DropReason::UnknownSsrc)
        );
        let mut forged = sealed.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(
            incoming.open_unknown(&mut forged),
            Err(DropReason::NotAuthentic)
        );
        assert!(!incoming.knows_ssrc(77));
        assert!(incoming.open_unknown(&mut sealed.clone()).is_ok());
        assert!(incoming.knows_ssrc(77));
        assert_eq!(
            incoming.open_unknown(&mut sealed.clone()),
            Err(DropReason::Replayed)
        );
        assert!(incoming.open(&mut seal_from(&out, 77, 65_537)).is_ok());
    });
}

#[test]
fn the_number_of_ssrcs_is_bounded() {
    let (out, mut incoming) = pair(SrtpProfile::AeadAes128Gcm);
    for ssrc in 1..MAX_SSRCS as u32 {
        assert!(incoming.open_unknown(&mut seal_from(&out, ssrc, 1)).is_ok());
    }
    assert!(!incoming.accept_ssrc(1_000_000));
    let mut another = seal_from(&out, 1_000_000, 1);
    assert_eq!(
        incoming.open_unknown(&mut another),
        Err(DropReason::UnknownSsrc)
    );
    incoming.forget_ssrc(1);
    assert!(incoming.open_unknown(&mut another).is_ok());
}

fn receiver_report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 201, 0, 7];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([3; 24]);
    packet
}

fn seal_rtcp(out: &mut SrtpOut, plain: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 200];
    let len = out.seal_rtcp(plain, &mut packet);
    packet.truncate(len);
    packet
}

#[test]
fn control_packets_are_opened_once_and_only_unchanged() {
    for_each_profile(|profile| {
        let (mut out, mut incoming) = pair(profile);
        let plain = receiver_report(1);
        let mut late = seal_rtcp(&mut out, &plain);
        let sealed = seal_rtcp(&mut out, &plain);
        assert_eq!(sealed.len(), plain.len() + profile.tag_len() + 4);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x20;
            assert!(
                incoming.open_rtcp(&mut changed).is_err(),
                "{profile:?} byte {at}"
            );
        }
        for len in 0..sealed.len() {
            assert!(incoming.open_rtcp(&mut sealed[..len].to_vec()).is_err());
        }
        let mut opened = sealed.clone();
        assert_eq!(incoming.open_rtcp(&mut opened), Ok(plain.len()));
        assert_eq!(opened[..plain.len()], plain);
        assert_eq!(
            incoming.open_rtcp(&mut sealed.clone()),
            Err(DropReason::Replayed)
        );
        assert!(incoming.open_rtcp(&mut late).is_ok());
    });
}

#[test]
fn a_buffer_that_is_too_short_is_not_written_to() {
    for_each_profile(|profile| {
        let (mut out, _) = pair(profile);
        let mut buffer = vec![0; 12 + 7 + profile.tag_len() - 1];
        assert_eq!(out.seal(&header(SSRC, 1), b"payload", 1, &mut buffer), 0);
        assert_eq!(out.seal(&[0x80; 11], b"payload", 1, &mut [0; 100]), 0);
        let report = receiver_report(1);
        let mut short = vec![0; report.len() + profile.tag_len() + 3];
        assert_eq!(out.seal_rtcp(&report, &mut short), 0);
        assert_eq!(out.seal_rtcp(&[0x80; 7], &mut [0; 100]), 0);
    });
}

/// The packet that libsrtp's own driver checks; the keys are those of RFC 3711 appendix B.3.
#[test]
fn a_whole_counter_mode_packet_is_as_others_seal_it() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    let key = hex("e1f97a0d3e018be0d64fa32c06de4139");
    let salt = hex("0ec675ad498afeebb6960b3aabe6");
    let exported = [&key[..], &key[..], &salt[..], &salt[..]].concat();
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let keys = KeyMaterial::from_exported(profile, &exported, Role::Client).unwrap();
    let mut sealed = [0; 38];
    let header = hex("800f1234decafbadcafebabe");
    let len = SrtpOut::new(&keys).seal(&header, &[0xab; 16], 0x1234, &mut sealed);
    let expected =
        hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    assert_eq!(sealed[..len], expected);
}
