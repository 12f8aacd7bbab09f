//! DTLS 1.2 with ECDSA and RSA certificates: `rtc-dtls`.
//!
//! Retransmission is done here. The crate stops its timer when a handshake message comes that does not
//! complete a flight, a repeated ClientHello for one, so a lost flight would never be sent again; and it
//! gives up after seven repetitions at a fixed distance. A repetition gets new record numbers, or the other
//! side would take it for a replay; so plaintext records are numbered here as well.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use rcgen::KeyPair;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::{Certificate, CryptoPrivateKey};
use rtc_dtls::crypto_provider::{RTCCryptoProvider, default_provider};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use sideroom_route::Time;
use zeroize::Zeroizing;

use super::engine::{Engine, FinishedHandshake, MAX_DATAGRAM, Output};
use super::version::DtlsVersion;
use super::{clock, record};
use crate::srtp::SrtpProfile;

/// Media paths are short; a second of waiting is heard.
const FIRST_TIMEOUT: Duration = Duration::from_millis(300);
const LAST_TIMEOUT: Duration = Duration::from_secs(5);
/// The endpoint could tell many peers apart. Here each has its own, so any name will do.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
const EXPORT_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// Shared by all handshakes with one certificate.
pub(super) struct Prepared {
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    /// A server's configuration for each profile that was chosen.
    servers: [OnceLock<Option<Arc<HandshakeConfig>>>; 3],
    /// A client's for each profile that is offered alone, as load tools do.
    clients: [OnceLock<Option<Arc<HandshakeConfig>>>; 3],
}

impl Prepared {
    pub(super) fn new(certificate: &[u8], pkcs8: &[u8]) -> Option<Self> {
        let provider = default_provider().ok()?;
        let pair = KeyPair::try_from(pkcs8).ok()?;
        let key = CryptoPrivateKey::from_key_pair(&pair, provider.crypto()).ok()?;
        Some(Self {
            certificate: Certificate {
                certificate: vec![certificate.to_vec().into()],
                private_key: key,
            },
            provider,
            servers: Default::default(),
            clients: Default::default(),
        })
    }

    fn build(&self, is_client: bool, profiles: &[SrtpProfile]) -> Option<Arc<HandshakeConfig>> {
        ConfigBuilder::default()
            .with_crypto_provider(self.provider.clone())
            .with_certificates(vec![self.certificate.clone()])
            .with_srtp_protection_profiles(profiles.iter().map(|p| name_of(*p)).collect())
            // The fingerprint identifies the certificate, not a chain.
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(FIRST_TIMEOUT)
            .with_mtu(MAX_DATAGRAM)
            .build(is_client, Some(PEER))
            .ok()
            .map(Arc::new)
    }
}

const fn name_of(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::AeadAes256Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        SrtpProfile::AesCm128HmacSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}

struct Classic {
    endpoint: Endpoint,
    /// Our last flight, until the handshake is done.
    flight: Vec<Vec<u8>>,
    /// When to say it again, and how long to wait after that.
    repeat_at: Time,
    wait: Duration,
    is_done: bool,
    /// The number of the next plaintext record. Nothing is made of these numbers, neither the
    /// transcript nor a cipher.
    next_record: u64,
}

/// A server that takes `profile`, which the client has offered.
pub(super) fn server(prepared: &Prepared, profile: SrtpProfile) -> Option<Box<dyn Engine>> {
    let config = cached(&prepared.servers, profile, || {
        prepared.build(false, &[profile])
    })?;
    let endpoint = Endpoint::new(PEER, Default::default(), Some(config));
    Some(Box::new(Classic::new(endpoint)))
}

/// A client that offers `profiles`.
pub(super) fn client(
    now: Time,
    prepared: &Prepared,
    profiles: &[SrtpProfile],
) -> Option<Box<dyn Engine>> {
    let build = || prepared.build(true, profiles);
    let config = match profiles {
        [profile] => cached(&prepared.clients, *profile, build)?,
        _ => build()?,
    };
    let mut endpoint = Endpoint::new(PEER, Default::default(), None);
    endpoint
        .connect(clock::to_instant(now), PEER, config, None)
        .ok()?;
    Some(Box::new(Classic::new(endpoint)))
}

fn cached(
    cache: &[OnceLock<Option<Arc<HandshakeConfig>>>; 3],
    profile: SrtpProfile,
    build: impl FnOnce() -> Option<Arc<HandshakeConfig>>,
) -> Option<Arc<HandshakeConfig>> {
    let at = SrtpProfile::PREFERRED.iter().position(|p| *p == profile)?;
    cache.get(at)?.get_or_init(build).clone()
}

impl Classic {
    fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            flight: Vec::new(),
            repeat_at: Time::NEVER,
            wait: FIRST_TIMEOUT,
            is_done: false,
            next_record: 0,
        }
    }

    fn drain(&mut self, now: Time, output: &mut Output) {
        let mut flight = Vec::new();
        while let Some(message) = self.endpoint.poll_transmit() {
            flight.push(message.message.to_vec());
        }
        for packet in &flight {
            output.send(record::renumber(packet, &mut self.next_record));
        }
        if self.is_done {
            self.flight = Vec::new();
            self.repeat_at = Time::NEVER;
        } else if !flight.is_empty() {
            self.flight = flight;
            self.wait = FIRST_TIMEOUT;
            self.repeat_at = now + self.wait;
        }
    }

    fn secured(&self) -> Option<FinishedHandshake> {
        let state = self.endpoint.get_connection_state(PEER)?;
        let wire = state.srtp_protection_profile() as u16;
        let profile = SrtpProfile::from_dtls_id(wire)
            .filter(|profile| state.srtp_protection_profile() == name_of(*profile));
        let len = profile.map_or(0, SrtpProfile::exported_len);
        let exported = state.export_keying_material(EXPORT_LABEL, &[], len).ok()?;
        Some(FinishedHandshake {
            version: DtlsVersion::V12,
            profile,
            exported: Zeroizing::new(exported.as_ref().to_vec()),
            certificate: state.peer_certificates.first()?.clone(),
        })
    }
}

impl Engine for Classic {
    fn handle_datagram(
        &mut self,
        now: Time,
        datagram: &[u8],
        output: &mut Output,
    ) -> Result<(), String> {
        let datagram = BytesMut::from(datagram);
        let result = self
            .endpoint
            .read(clock::to_instant(now), PEER, None, datagram);
        if let Ok(events) = &result {
            let is_complete = |event| matches!(event, &EndpointEvent::HandshakeComplete);
            self.is_done |= events.iter().any(is_complete);
        }
        self.drain(now, output);
        for event in result.map_err(|error| error.to_string())? {
            match event {
                EndpointEvent::HandshakeComplete => {
                    output.secured = Some(self.secured().ok_or("the peer showed no certificate")?);
                }
                EndpointEvent::PeerClosed => output.closed = true,
                // There are no data channels.
                EndpointEvent::ApplicationData(_) => {}
                _ => {}
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Time, output: &mut Output) -> Result<(), String> {
        // A client's first flight waits in the endpoint.
        self.drain(now, output);
        if now >= self.repeat_at {
            for packet in &self.flight {
                output.send(record::renumber(packet, &mut self.next_record));
            }
            self.wait = (self.wait * 2).min(LAST_TIMEOUT);
            self.repeat_at = now + self.wait;
        }
        Ok(())
    }

    fn poll_timeout(&self) -> Time {
        self.repeat_at
    }

    fn close(&mut self, now: Time, output: &mut Output) {
        self.endpoint.stop(clock::to_instant(now), PEER);
        self.drain(now, output);
    }
}
