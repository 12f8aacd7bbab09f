//! Protection profiles, the master keys that a handshake yields, and the session keys derived from them.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroize;

/// How packets are protected (the DTLS-SRTP registry, RFC 5764 section 4.1.2 and RFC 7714 section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SrtpProfile {
    /// AES-128-GCM with a tag of 16 bytes: the cheapest by far.
    AeadAes128Gcm,
    /// AES-256-GCM with a tag of 16 bytes.
    AeadAes256Gcm,
    /// AES-128 in counter mode with HMAC-SHA1 cut to 10 bytes, which every client supports.
    AesCm128HmacSha1_80,
}

impl SrtpProfile {
    /// All of them, the preferred one first.
    pub const PREFERRED: [Self; 3] = [
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
        Self::AesCm128HmacSha1_80,
    ];

    /// The number in the `use_srtp` extension.
    pub const fn dtls_id(self) -> u16 {
        match self {
            Self::AesCm128HmacSha1_80 => 0x0001,
            Self::AeadAes128Gcm => 0x0007,
            Self::AeadAes256Gcm => 0x0008,
        }
    }

    /// The profile with this number in the `use_srtp` extension.
    pub const fn from_dtls_id(id: u16) -> Option<Self> {
        match id {
            0x0001 => Some(Self::AesCm128HmacSha1_80),
            0x0007 => Some(Self::AeadAes128Gcm),
            0x0008 => Some(Self::AeadAes256Gcm),
            _ => None,
        }
    }

    /// The name in the IANA registry, for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        }
    }

    /// Length of the master key and of the session key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            Self::AeadAes128Gcm | Self::AesCm128HmacSha1_80 => 16,
        }
    }

    /// Length of the salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }

    /// How many bytes to export from the handshake: two keys and two salts.
    pub const fn exported_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// Length of the authentication tag.
    pub const fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::AesCm128HmacSha1_80 => 10,
        }
    }
}

/// Our side of the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// The active side, which sends the first flight.
    Client,
    /// The passive side.
    Server,
}

const MAX_KEY: usize = 32;
pub(super) const MAX_SALT: usize = 14;

/// One direction's master key and salt; bytes beyond the profile's lengths are zero.
#[derive(Clone)]
pub(super) struct MasterKey {
    key: [u8; MAX_KEY],
    salt: [u8; MAX_SALT],
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.key.zeroize();
        self.salt.zeroize();
    }
}

/// The master keys of both directions.
#[derive(Clone)]
pub struct KeyMaterial {
    profile: SrtpProfile,
    pub(super) local: MasterKey,
    pub(super) remote: MasterKey,
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyMaterial")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl KeyMaterial {
    /// Cuts the keys from the material exported under `EXTRACTOR-dtls_srtp` (RFC 5764 section 4.2): client
    /// key, server key, client salt, server salt. `None` if there are fewer bytes than the profile needs.
    pub fn from_exported(profile: SrtpProfile, exported: &[u8], role: Role) -> Option<Self> {
        let (key_len, salt_len) = (profile.key_len(), profile.salt_len());
        let (client_key, rest) = exported.split_at_checked(key_len)?;
        let (server_key, rest) = rest.split_at_checked(key_len)?;
        let (client_salt, rest) = rest.split_at_checked(salt_len)?;
        let server_salt = rest.get(..salt_len)?;
        let client = MasterKey::new(client_key, client_salt);
        let server = MasterKey::new(server_key, server_salt);
        let (local, remote) = match role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        Some(Self {
            profile,
            local,
            remote,
        })
    }

    /// The profile that both sides agreed on.
    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// The keys as the other side sees them.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self {
            profile: self.profile,
            local: self.remote.clone(),
            remote: self.local.clone(),
        }
    }
}

/// The purpose of a session key: the labels of RFC 3711 section 4.3.1.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Label {
    RtpKey = 0,
    RtpAuth = 1,
    RtpSalt = 2,
    RtcpKey = 3,
    RtcpAuth = 4,
    RtcpSalt = 5,
}

impl MasterKey {
    /// The slices are at most as long as the arrays; a profile's lengths always are.
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Self {
        let mut master = Self {
            key: [0; MAX_KEY],
            salt: [0; MAX_SALT],
        };
        copy_prefix(&mut master.key, key);
        copy_prefix(&mut master.salt, salt);
        master
    }

    /// Fills `out` with session key bytes: AES in counter mode over zeros (RFC 3711 section 4.3.3, with
    /// AES-256 as in RFC 6188). The key derivation rate is zero, so each label is derived once.
    pub(super) fn derive(&self, profile: SrtpProfile, label: Label, out: &mut [u8]) {
        let algorithm = match profile.key_len() {
            32 => &AES_256,
            _ => &AES_128,
        };
        // A salt of 12 bytes counts as 14 with two zeros behind (RFC 7714 section 11).
        let mut iv = [0; 16];
        copy_prefix(&mut iv, &self.salt);
        iv[7] ^= label as u8;
        out.fill(0);
        let key = self.key.get(..profile.key_len()).unwrap_or_default();
        UnboundCipherKey::new(algorithm, key)
            .and_then(EncryptingKey::ctr)
            .and_then(|key| {
                key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(iv)))
            })
            .expect("invariant: AES takes a key of its own length");
    }
}

fn copy_prefix(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
            .collect()
    }

    #[test]
    fn keys_are_derived_as_in_rfc_3711_appendix_b3() {
        let master = MasterKey::new(
            &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            &hex("0EC675AD498AFEEBB6960B3AABE6"),
        );
        let check = |label, expected: &str| {
            let expected = hex(expected);
            let mut out = vec![0; expected.len()];
            master.derive(SrtpProfile::AesCm128HmacSha1_80, label, &mut out);
            assert_eq!(out, expected);
        };
        check(Label::RtpKey, "C61E7A93744F39EE10734AFE3FF7A087");
        check(Label::RtpSalt, "30CBBC08863D8C85D49DB34A9AE1");
        check(
            Label::RtpAuth,
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
             E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
             6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2DC68",
        );
    }

    #[test]
    fn the_exported_block_is_cut_in_the_order_of_rfc_5764() {
        let block: Vec<u8> = (0..56).collect();
        let profile = SrtpProfile::AeadAes128Gcm;
        assert_eq!(profile.exported_len(), 56);
        let client = KeyMaterial::from_exported(profile, &block, Role::Client).expect("enough");
        assert_eq!(client.local.key[..16], block[..16]);
        assert_eq!(client.remote.key[..16], block[16..32]);
        assert_eq!(client.local.salt[..12], block[32..44]);
        assert_eq!(client.remote.salt[..12], block[44..56]);
        let server = KeyMaterial::from_exported(profile, &block, Role::Server).expect("enough");
        assert_eq!(server.mirrored().local.key, client.local.key);
        assert!(KeyMaterial::from_exported(profile, &block[..55], Role::Server).is_none());
    }

    #[test]
    fn keys_are_never_printed() {
        let block = [7; 56];
        let keys = KeyMaterial::from_exported(SrtpProfile::AeadAes128Gcm, &block, Role::Client);
        assert_eq!(
            format!("{keys:?}"),
            "Some(KeyMaterial { profile: AeadAes128Gcm, .. })"
        );
    }
}
