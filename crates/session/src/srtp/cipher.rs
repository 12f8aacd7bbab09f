//! The two kinds of cipher behind one face: AES-GCM (RFC 7714), and AES in counter mode with HMAC-SHA1
//! (RFC 3711). Keys are expanded once; a packet costs no allocation.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{constant_time, hmac, iv};

use super::key::{Label, MAX_SALT, MasterKey, SrtpProfile};

pub(super) const AEAD_TAG: usize = 16;
pub(super) const HMAC_TAG: usize = 10;

/// The authentication tag does not match the packet.
pub(super) struct NotAuthentic;

/// The session keys of one direction, for RTP or for RTCP.
pub(super) enum Cipher {
    Aead(Aead),
    /// Boxed: two key schedules and an HMAC state are far larger than the rest.
    CounterMode(Box<CounterMode>),
}

impl Cipher {
    pub(super) fn for_rtp(profile: SrtpProfile, master: &MasterKey) -> Self {
        let labels = [Label::RtpKey, Label::RtpSalt, Label::RtpAuth];
        Self::derive(profile, master, labels)
    }

    pub(super) fn for_rtcp(profile: SrtpProfile, master: &MasterKey) -> Self {
        let labels = [Label::RtcpKey, Label::RtcpSalt, Label::RtcpAuth];
        Self::derive(profile, master, labels)
    }

    fn derive(profile: SrtpProfile, master: &MasterKey, labels: [Label; 3]) -> Self {
        let [key_label, salt_label, auth_label] = labels;
        match profile {
            SrtpProfile::AeadAes128Gcm => {
                let mut key = [0; 16];
                let mut salt = [0; 12];
                master.derive(profile, key_label, &mut key);
                master.derive(profile, salt_label, &mut salt);
                Self::Aead(Aead::new(&key, salt))
            }
            SrtpProfile::AeadAes256Gcm => {
                let mut key = [0; 32];
                let mut salt = [0; 12];
                master.derive(profile, key_label, &mut key);
                master.derive(profile, salt_label, &mut salt);
                Self::Aead(Aead::new(&key, salt))
            }
            SrtpProfile::AesCm128HmacSha1_80 => {
                let mut key = [0; 16];
                let mut salt = [0; MAX_SALT];
                let mut auth = [0; 20];
                master.derive(profile, key_label, &mut key);
                master.derive(profile, salt_label, &mut salt);
                master.derive(profile, auth_label, &mut auth);
                Self::CounterMode(Box::new(CounterMode::new(&key, salt, &auth)))
            }
        }
    }

    pub(super) const fn tag_len(&self) -> usize {
        match self {
            Self::Aead(_) => AEAD_TAG,
            Self::CounterMode(_) => HMAC_TAG,
        }
    }
}

/// AES-GCM.
pub(super) struct Aead {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Aead {
    fn new(key: &[u8], salt: [u8; 12]) -> Self {
        let algorithm = if key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        let key = UnboundKey::new(algorithm, key)
            .expect("invariant: AES-GCM takes a key of its own length");
        Self {
            key: LessSafeKey::new(key),
            salt,
        }
    }

    /// RFC 7714 section 8.1: two zeros, SSRC, ROC and sequence number, under the salt.
    #[inline]
    pub(super) fn rtp_nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let [.., i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        self.nonce(ssrc, [i0, i1, i2, i3, i4, i5])
    }

    /// RFC 7714 section 9.1: two zeros, SSRC, two zeros and the index, under the salt.
    #[inline]
    pub(super) fn rtcp_nonce(&self, ssrc: u32, index: u32) -> Nonce {
        self.rtp_nonce(ssrc, u64::from(index))
    }

    #[inline]
    fn nonce(&self, ssrc: u32, index: [u8; 6]) -> Nonce {
        let [s0, s1, s2, s3] = ssrc.to_be_bytes();
        let [i0, i1, i2, i3, i4, i5] = index;
        let mut bytes = [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5];
        for (byte, salt) in bytes.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(bytes)
    }

    #[inline]
    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        tag: &[u8],
        in_out: &mut [u8],
    ) -> Result<(), NotAuthentic> {
        self.key
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, in_out)
            .map(|_| ())
            .map_err(|_| NotAuthentic)
    }

    /// Seals `in_out` where it is, and writes `tag`.
    #[inline]
    pub(super) fn seal_in_place(
        &self,
        nonce: Nonce,
        aad: &[u8],
        in_out: &mut [u8],
        tag: &mut [u8],
    ) {
        let made = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)
            .expect("invariant: a packet is far shorter than what one nonce may seal");
        for (to, from) in tag.iter_mut().zip(made.as_ref()) {
            *to = *from;
        }
    }

    /// Seals `plain` into `sealed` (as long as `plain`) and `tag`.
    #[inline]
    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        plain: &[u8],
        (sealed, tag): (&mut [u8], &mut [u8]),
    ) {
        self.key
            .seal_out_of_place_scatter(nonce, Aad::from(aad), plain, sealed, &[], tag)
            .expect("invariant: a packet is far shorter than what one nonce may seal");
    }
}

/// AES in counter mode, authenticated by HMAC-SHA1.
pub(super) struct CounterMode {
    key: EncryptingKey,
    salt: [u8; MAX_SALT],
    auth: hmac::Key,
}

impl CounterMode {
    fn new(key: &[u8; 16], salt: [u8; MAX_SALT], auth: &[u8]) -> Self {
        let key = UnboundCipherKey::new(&AES_128, key)
            .and_then(EncryptingKey::ctr)
            .expect("invariant: AES-128 takes a key of 16 bytes");
        let auth = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth);
        Self { key, salt, auth }
    }

    /// Encrypts, or decrypts: it is the same (RFC 3711 section 4.1.1). `index` is the packet index of
    /// RTP or the SRTCP index.
    #[inline]
    pub(super) fn apply(&self, ssrc: u32, index: u64, in_out: &mut [u8]) {
        let [s0, s1, s2, s3] = ssrc.to_be_bytes();
        let [.., i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        let mut iv = [0, 0, 0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, 0, 0];
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        let context = EncryptionContext::Iv128(iv::FixedLength::from(iv));
        self.key
            .less_safe_encrypt(in_out, context)
            .expect("invariant: counter mode takes any length");
    }

    /// The tag over `bytes` and, for RTP, the roll-over counter behind them.
    #[inline]
    pub(super) fn tag(&self, bytes: &[u8], roc: Option<u32>) -> [u8; HMAC_TAG] {
        let mut context = hmac::Context::with_key(&self.auth);
        context.update(bytes);
        if let Some(roc) = roc {
            context.update(&roc.to_be_bytes());
        }
        let full = context.sign();
        *full
            .as_ref()
            .first_chunk()
            .expect("invariant: SHA-1 gives 20 bytes")
    }

    #[inline]
    pub(super) fn verify(
        &self,
        bytes: &[u8],
        roc: Option<u32>,
        tag: &[u8],
    ) -> Result<(), NotAuthentic> {
        constant_time::verify_slices_are_equal(&self.tag(bytes, roc), tag).map_err(|_| NotAuthentic)
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
    fn counter_mode_is_that_of_rfc_3711_appendix_b2() {
        let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
        let cipher = CounterMode::new(
            key.first_chunk().expect("16"),
            *salt.first_chunk().expect("14"),
            &[0; 20],
        );
        let mut stream = vec![0; 0xff02 * 16];
        cipher.apply(0, 0, &mut stream);
        let check = |block: usize, expected: &str| {
            assert_eq!(stream[block * 16..(block + 1) * 16], hex(expected)[..]);
        };
        check(0, "E03EAD0935C95E80E166B16DD92B4EB4");
        check(1, "D23513162B02D0F72A43A2FE4A5F97AB");
        check(2, "41E95B3BB0A2E8DD477901E4FCA894C0");
        check(0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4");
        check(0xff00, "362B7C3C6773516318A077D7FC5073AE");
        check(0xff01, "6A2CC3787889374FBEB4C81B17BA6C44");
    }

    const QUID_PRO_QUO: &str = "517569642070726f2071756f";

    fn aead(key_len: u8) -> Aead {
        let key: Vec<u8> = (0..key_len).collect();
        Aead::new(&key, *hex(QUID_PRO_QUO).first_chunk().expect("12"))
    }

    fn check_rtp(key_len: u8, expected: &str) {
        let header = hex("8040f17b8041f8d35501a0b2");
        let plain = b"Gallia est omnis divisa in partes tres";
        let cipher = aead(key_len);
        let mut sealed = [0; 38];
        let mut tag = [0; 16];
        let nonce = cipher.rtp_nonce(0x5501_a0b2, 0xf17b);
        cipher.seal(nonce, &header, plain, (&mut sealed, &mut tag));
        assert_eq!([&sealed[..], &tag[..]].concat(), hex(expected));
        let nonce = cipher.rtp_nonce(0x5501_a0b2, 0xf17b);
        assert!(cipher.open(nonce, &header, &tag, &mut sealed).is_ok());
        assert_eq!(&sealed, plain);
    }

    #[test]
    fn rtp_is_sealed_as_in_rfc_7714_section_16() {
        check_rtp(
            16,
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b\
             36de3adf8833899d7f27beb16a9152cf765ee4390cce",
        );
        check_rtp(
            32,
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f\
             1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
        );
    }

    const SENDER_REPORT: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                                 deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const SSRC: u32 = 0x4d61_7273;
    const INDEX: u32 = 0x5d4;

    #[test]
    fn rtcp_is_sealed_as_in_rfc_7714_section_17() {
        let plain = hex(SENDER_REPORT);
        let cipher = aead(16);
        let aad = [&plain[..8], &hex("800005d4")].concat();
        let mut sealed = [0; 44];
        let mut tag = [0; 16];
        let nonce = cipher.rtcp_nonce(SSRC, INDEX);
        cipher.seal(nonce, &aad, &plain[8..], (&mut sealed, &mut tag));
        let expected = hex(
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda\
             4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade",
        );
        assert_eq!([&sealed[..], &tag[..]].concat(), expected);
    }

    #[test]
    fn rtcp_that_is_only_authenticated_is_so_as_in_rfc_7714_section_17() {
        let plain = hex(SENDER_REPORT);
        let cipher = aead(16);
        let aad = [&plain[..], &hex("000005d4")].concat();
        let mut tag = [0; 16];
        let nonce = cipher.rtcp_nonce(SSRC, INDEX);
        cipher.seal(nonce, &aad, &[], (&mut [], &mut tag));
        assert_eq!(tag[..], hex("841dd9683dd78ec92ae58790125f62b3")[..]);
    }
}
