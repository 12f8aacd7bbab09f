//! The signature of a request: proof of who sent it and when.

use std::fmt::Write as _;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};

/// The header with the signature.
pub(super) const HEADER: &str = "sideroom-signature";

/// A receiver's secret.
pub(super) struct Secret(Key);

impl Secret {
    pub(super) fn new(secret: &str) -> Self {
        Self(Key::new(HMAC_SHA256, secret.as_bytes()))
    }

    /// `t=<seconds>,v1=<hex>`: HMAC-SHA256 of the seconds, a dot and the body.
    pub(super) fn sign(&self, unix_s: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{unix_s}.").as_bytes());
        context.update(body);
        let mut text = format!("t={unix_s},v1=");
        for byte in context.sign().as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_openssl() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        assert_eq!(secret.sign(1_700_000_000, b"{}"), EXPECTED);
        assert_ne!(secret.sign(1_700_000_001, b"{}"), EXPECTED);
        assert!(!format!("{secret:?}").contains("0123"));
    }

    const EXPECTED: &str =
        "t=1700000000,v1=417adf36b901772f658597a76d329694e335e65fc0849d7715c3ca33406309b5";
}
