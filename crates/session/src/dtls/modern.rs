//! DTLS 1.3, and 1.2 where a peer turns out to have nothing newer: `dimpl`.

use std::sync::Arc;
use std::time::Duration;

use dimpl::crypto::aws_lc_rs;
use dimpl::{Config, DtlsCertificate, Error, SecurityError};
use sideroom_route::Time;
use zeroize::Zeroizing;

use super::clock;
use super::engine::{Engine, FinishedHandshake, Output};
use super::version::DtlsVersion;
use crate::srtp::{Role, SrtpProfile};

const MTU: usize = 1_150;
/// Media paths are short; a second of waiting is heard.
const FIRST_TIMEOUT: Duration = Duration::from_millis(300);
/// The distance doubles each time; the handshake as a whole ends before they are used up.
const RETRIES: usize = 7;
/// Longer than any output except a certificate chain, for which the engine reports the size.
const BUFFER: usize = 2_048;
const MAX_BUFFER: usize = 32 * 1_024;

/// Shared by all handshakes with one certificate.
pub(super) struct Prepared {
    config: Arc<Config>,
    certificate: DtlsCertificate,
}

impl Prepared {
    pub(super) fn new(certificate: &[u8], pkcs8: &[u8]) -> Option<Self> {
        let config = Config::builder()
            .with_crypto_provider(aws_lc_rs::default_provider())
            .mtu(MTU)
            .flight_start_rto(FIRST_TIMEOUT)
            .flight_retries(RETRIES)
            // ICE has validated the address already.
            .use_server_cookie(false)
            .build()
            .ok()?;
        let certificate = DtlsCertificate {
            certificate: certificate.to_vec(),
            private_key: pkcs8.to_vec(),
        };
        Some(Self {
            config: Arc::new(config),
            certificate,
        })
    }
}

struct Modern {
    dtls: dimpl::Dtls,
    timeout: Time,
    certificate: Option<Vec<u8>>,
    keys: Option<(dimpl::SrtpProfile, Zeroizing<Vec<u8>>)>,
    is_connected: bool,
    buffer: Vec<u8>,
}

pub(super) fn start(
    now: Time,
    prepared: &Prepared,
    role: Role,
    or_older: bool,
) -> Option<Box<dyn Engine>> {
    let config = prepared.config.clone();
    let certificate = prepared.certificate.clone();
    let begin = if or_older {
        dimpl::Dtls::new_auto
    } else {
        dimpl::Dtls::new_13
    };
    let mut dtls = begin(config, certificate, clock::to_instant(now));
    dtls.set_active(role == Role::Client);
    Some(Box::new(Modern {
        dtls,
        timeout: now,
        certificate: None,
        keys: None,
        is_connected: false,
        buffer: Vec::new(),
    }))
}

impl Modern {
    fn drain(&mut self, output: &mut Output) {
        self.buffer.resize(BUFFER, 0);
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                dimpl::Output::Packet(packet) => output.send(packet.to_vec()),
                dimpl::Output::BufferTooSmall { needed } if needed <= MAX_BUFFER => {
                    self.buffer.resize(needed, 0);
                }
                dimpl::Output::Timeout(at) => {
                    self.timeout = clock::to_time(at);
                    break;
                }
                dimpl::Output::Connected => self.is_connected = true,
                dimpl::Output::PeerCert(der) => self.certificate = Some(der.to_vec()),
                dimpl::Output::KeyingMaterial(keys, profile) => {
                    self.keys = Some((profile, Zeroizing::new(keys.to_vec())));
                }
                dimpl::Output::CloseNotify => output.closed = true,
                // There are no data channels.
                dimpl::Output::ApplicationData(_) => {}
                _ => break,
            }
        }
        // Connections wait for hours; the buffer is wanted for a second.
        self.buffer = Vec::new();
        if !self.is_connected {
            return;
        }
        if let Some(certificate) = self.certificate.take() {
            let (profile, exported) = self.keys.take().unzip();
            output.secured = Some(FinishedHandshake {
                version: match self.dtls.protocol_version() {
                    Some(dimpl::ProtocolVersion::DTLS1_2) => DtlsVersion::V12,
                    _ => DtlsVersion::V13,
                },
                profile: profile.and_then(profile_of),
                exported: exported.unwrap_or_default(),
                certificate,
            });
        }
    }

    fn take(&mut self, result: Result<(), Error>, output: &mut Output) -> Result<(), String> {
        self.drain(output);
        match result {
            Err(Error::SecurityError(SecurityError::FatalAlert { .. })) if self.is_connected => {
                output.closed = true;
                Ok(())
            }
            result => result.map_err(|error| error.to_string()),
        }
    }
}

const fn profile_of(profile: dimpl::SrtpProfile) -> Option<SrtpProfile> {
    match profile {
        dimpl::SrtpProfile::AEAD_AES_128_GCM => Some(SrtpProfile::AeadAes128Gcm),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => Some(SrtpProfile::AeadAes256Gcm),
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Some(SrtpProfile::AesCm128HmacSha1_80),
        _ => None,
    }
}

impl Engine for Modern {
    fn handle_datagram(
        &mut self,
        now: Time,
        datagram: &[u8],
        output: &mut Output,
    ) -> Result<(), String> {
        self.handle_timeout(now, output)?;
        let result = self.dtls.handle_packet(datagram);
        self.take(result, output)
    }

    fn handle_timeout(&mut self, now: Time, output: &mut Output) -> Result<(), String> {
        let result = self.dtls.handle_timeout(clock::to_instant(now));
        self.take(result, output)
    }

    fn poll_timeout(&self) -> Time {
        self.timeout
    }

    fn close(&mut self, _: Time, output: &mut Output) {
        if self.dtls.close().is_ok() {
            self.drain(output);
        }
    }
}
