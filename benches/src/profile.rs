//! SRTP profiles on the command line.

use clap::ValueEnum;
use serde::Serialize;
use sideroom_session::srtp::SrtpProfile;

/// How media are protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// AEAD_AES_128_GCM.
    #[value(name = "gcm128")]
    Gcm128,
    /// AEAD_AES_256_GCM.
    #[value(name = "gcm256")]
    Gcm256,
    /// AES_CM_128_HMAC_SHA1_80.
    #[value(name = "cm80")]
    Cm80,
}

impl Profile {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gcm128 => "gcm128",
            Self::Gcm256 => "gcm256",
            Self::Cm80 => "cm80",
        }
    }
}

impl From<Profile> for SrtpProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Gcm128 => Self::AeadAes128Gcm,
            Profile::Gcm256 => Self::AeadAes256Gcm,
            Profile::Cm80 => Self::AesCm128HmacSha1_80,
        }
    }
}
