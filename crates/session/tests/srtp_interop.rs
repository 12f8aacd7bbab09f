//! Another implementation opens the packets that we seal, and the other way round: random packets, every
//! profile, across roll-overs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use proptest::prelude::*;
use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::protection_profile::ProtectionProfile;
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};

/// Keys that both implementations are given, as the handshake would export them.
fn exported(profile: SrtpProfile) -> Vec<u8> {
    (0..profile.exported_len() as u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn ours(profile: SrtpProfile) -> KeyMaterial {
    KeyMaterial::from_exported(profile, &exported(profile), Role::Server).unwrap()
}

fn theirs(profile: SrtpProfile, role: Role) -> Context {
    let exported = exported(profile);
    let (keys, salts) = exported.split_at(2 * profile.key_len());
    let (client_key, server_key) = keys.split_at(profile.key_len());
    let (client_salt, server_salt) = salts.split_at(profile.salt_len());
    let (key, salt) = match role {
        Role::Client => (client_key, client_salt),
        Role::Server => (server_key, server_salt),
    };
    let name = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let provider = default_provider().unwrap();
    Context::new(key, salt, name, None, None, provider.crypto()).unwrap()
}

/// A header with `csrcs` CSRCs and a one-byte extension block of `extension_words` words.
fn header(sequence: u16, ssrc: u32, csrcs: u8, extension_words: u8) -> Vec<u8> {
    let mut header = vec![0x80 | csrcs, 96];
    header.extend(sequence.to_be_bytes());
    header.extend([0, 1, 2, 3]);
    header.extend(ssrc.to_be_bytes());
    header.extend(0..csrcs * 4);
    if extension_words > 0 {
        header[0] |= 0x10;
        header.extend([0xbe, 0xde, 0, extension_words]);
        for _ in 0..extension_words {
            header.extend([0x32, 1, 2, 3]);
        }
    }
    header
}

prop_compose! {
    fn any_profile()(at in 0_usize..3) -> SrtpProfile {
        SrtpProfile::PREFERRED[at]
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rtp_passes_both_ways(
        profile in any_profile(),
        ssrc in any::<u32>(),
        start in 0_u64..65_536,
        steps in prop::collection::vec(1_u64..20_000, 1..20),
        shape in (0_u8..4, 0_u8..4),
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let keys = ours(profile);
        let (out, mut incoming) = (SrtpOut::new(&keys), SrtpIn::new(&keys));
        let mut opener = theirs(profile, Role::Server);
        let mut sealer = theirs(profile, Role::Client);
        prop_assert!(incoming.accept_ssrc(ssrc));
        let mut extended = start;
        for step in steps {
            let header = header(extended as u16, ssrc, shape.0, shape.1);
            let plain = [&header[..], &payload[..]].concat();

            let mut sealed = vec![0; plain.len() + 16];
            let len = out.seal(&header, &payload, extended, &mut sealed);
            let opened = opener.decrypt_rtp(&sealed[..len]).unwrap();
            prop_assert_eq!(&opened[..], &plain[..]);

            let mut sealed = sealer.encrypt_rtp(&plain).unwrap().to_vec();
            let len = incoming.open(&mut sealed).unwrap();
            prop_assert_eq!(&sealed[..len], &plain[..]);
            extended += step;
        }
    }

    #[test]
    fn rtcp_passes_both_ways(
        profile in any_profile(),
        ssrc in any::<u32>(),
        words in 0_u16..60,
        count in 1_usize..20,
    ) {
        let keys = ours(profile);
        let (mut out, mut incoming) = (SrtpOut::new(&keys), SrtpIn::new(&keys));
        let mut opener = theirs(profile, Role::Server);
        let mut sealer = theirs(profile, Role::Client);
        let mut plain = vec![0x80, 204];
        plain.extend((words + 1).to_be_bytes());
        plain.extend(ssrc.to_be_bytes());
        plain.extend((0..words * 4).map(|n| n as u8));
        for _ in 0..count {
            let mut sealed = vec![0; plain.len() + 20];
            let len = out.seal_rtcp(&plain, &mut sealed);
            let opened = opener.decrypt_rtcp(&sealed[..len]).unwrap();
            prop_assert_eq!(&opened[..], &plain[..]);

            let mut sealed = sealer.encrypt_rtcp(&plain).unwrap().to_vec();
            let len = incoming.open_rtcp(&mut sealed).unwrap();
            prop_assert_eq!(&sealed[..len], &plain[..]);
        }
    }

    #[test]
    fn bytes_from_anybody_do_no_harm(
        profile in any_profile(),
        mut packet in prop::collection::vec(any::<u8>(), 0..120),
        first in any::<u8>(),
    ) {
        if let Some(byte) = packet.first_mut() {
            *byte = 0x80 | first & 0x3f;
        }
        let mut incoming = SrtpIn::new(&ours(profile));
        prop_assert!(incoming.open(&mut packet.clone()).is_err());
        prop_assert!(incoming.open_unknown(&mut packet.clone()).is_err());
        prop_assert!(incoming.open_rtcp(&mut packet).is_err());
    }
}
