//! DTLS-SRTP (RFC 5764): one handshake, which yields the keys of the media and proves that the peer has the
//! announced fingerprint.
//!
//! Two engines do the protocol, chosen by the first ClientHello: one speaks DTLS 1.3, the other DTLS 1.2
//! with ECDSA and RSA certificates. Both get their time from here; keys and nonces they draw from the
//! operating system. Application data is not accepted: there are no data channels.

mod classic;
mod clock;
mod engine;
mod hello;
mod modern;
mod prepared;
mod record;
mod version;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use sideroom_route::{DropReason, Time};
use thiserror::Error;

use crate::certificate::{Certificate, Fingerprint};
use crate::srtp::{KeyMaterial, Role, SrtpProfile};
pub use engine::MAX_DATAGRAM;
use engine::{Engine, FinishedHandshake, Output};
use hello::{ClientHello, Hellos};
pub(crate) use prepared::Prepared;
pub use version::{DtlsVersion, DtlsVersions};

/// How many bytes a peer may send before the handshake is done. A handshake with a long certificate
/// chain and every flight sent four times stays below.
const MAX_HANDSHAKE_BYTES: usize = 64 * 1024;
/// How long a handshake may take from the first message on.
const GIVE_UP: Duration = Duration::from_secs(30);
/// How many datagrams a peer may send afterwards: repeated last flights, alerts. Past that they are
/// dropped unread.
const MAX_LATE_DATAGRAMS: u32 = 256;

/// Configuration of a handshake.
#[derive(Clone, Debug)]
pub struct DtlsConfig {
    /// The server's certificate.
    pub certificate: Certificate,
    /// Server (passive) or client (active).
    pub role: Role,
    /// The versions to offer or accept.
    pub versions: DtlsVersions,
    /// The allowed protection profiles, the preferred first.
    pub profiles: Vec<SrtpProfile>,
    /// Accepted fingerprints of the peer's certificate.
    pub peer_fingerprints: Vec<Fingerprint>,
}

impl DtlsConfig {
    /// A server for a peer with these fingerprints, with every version and profile.
    pub fn server(certificate: Certificate, peer_fingerprints: Vec<Fingerprint>) -> Self {
        Self {
            certificate,
            role: Role::Server,
            versions: DtlsVersions::Auto,
            profiles: SrtpProfile::PREFERRED.to_vec(),
            peer_fingerprints,
        }
    }

    /// A client of a server with these fingerprints, with every profile, that speaks DTLS 1.2: the
    /// cheaper one for thousands of clients.
    pub fn client(certificate: Certificate, peer_fingerprints: Vec<Fingerprint>) -> Self {
        Self {
            role: Role::Client,
            versions: DtlsVersions::Only12,
            ..Self::server(certificate, peer_fingerprints)
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DtlsError {
    /// The peer's certificate is not the one that was announced.
    #[error("the peer's certificate has another fingerprint than announced: refuse the peer")]
    Fingerprint,
    /// The peer allows no protection profile that we do.
    #[error("no common SRTP protection profile: allow one that the client offers")]
    Profile,
    /// The peer sent too much and is still not done.
    #[error("the peer sent more than any handshake needs: refuse the peer")]
    TooMuch,
    /// The handshake took longer than half a minute.
    #[error("the handshake did not come to an end: check the path to the client")]
    Silent,
    /// The protocol failed: an alert, or a signature that is wrong.
    #[error("the handshake failed: {0}")]
    Protocol(String),
}

/// An event of the handshake.
#[derive(Debug)]
pub enum DtlsEvent {
    /// The handshake is done, and the peer has the announced certificate.
    Connected {
        /// Keys for the media.
        keys: KeyMaterial,
        /// The negotiated version.
        version: DtlsVersion,
    },
    /// The handshake or the connection failed. The last event.
    Failed(DtlsError),
    /// The peer closed the connection. The last event.
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Handshake,
    Connected,
    /// Failed or closed, by either side.
    Over,
}

/// One handshake, and the connection that it makes.
pub struct Dtls {
    config: DtlsConfig,
    /// A server has none until the first ClientHello says which.
    engine: Option<Box<dyn Engine>>,
    hellos: Hellos,
    output: Output,
    phase: Phase,
    events: VecDeque<DtlsEvent>,
    received: usize,
    late: u32,
    give_up_at: Time,
}

impl fmt::Debug for Dtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtls")
            .field("role", &self.config.role)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Dtls {
    /// Starts a handshake. A server waits for the first ClientHello; a client queues a ClientHello.
    pub fn new(now: Time, config: DtlsConfig) -> Self {
        let mut dtls = Self {
            engine: None,
            hellos: Hellos::default(),
            output: Output::default(),
            phase: Phase::Handshake,
            events: VecDeque::new(),
            received: 0,
            late: 0,
            give_up_at: Time::NEVER,
            config,
        };
        if dtls.config.role == Role::Client {
            let engine = start_client(now, &dtls.config);
            dtls.start(now, engine);
        }
        dtls
    }

    fn start(&mut self, now: Time, engine: Option<Box<dyn Engine>>) {
        match engine {
            Some(engine) => {
                self.engine = Some(engine);
                self.give_up_at = now + GIVE_UP;
                self.run(|engine, output| engine.handle_timeout(now, output));
            }
            None => self.fail(DtlsError::Profile),
        }
    }

    /// True once the handshake is done and until the connection is over.
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    /// True until the handshake is done or has failed.
    pub fn is_handshaking(&self) -> bool {
        self.phase == Phase::Handshake
    }

    /// Handles a datagram. Drops anything but whole DTLS records, and records before the first ClientHello or
    /// after the end.
    pub fn handle_datagram(&mut self, now: Time, datagram: &[u8]) -> Result<(), DropReason> {
        if !record::is_whole(datagram) {
            return Err(DropReason::Malformed);
        }
        match self.phase {
            Phase::Over => return Err(DropReason::NotSecured),
            Phase::Handshake => {
                self.received += datagram.len();
                if self.received > MAX_HANDSHAKE_BYTES {
                    self.fail(DtlsError::TooMuch);
                    return Err(DropReason::Throttled);
                }
            }
            Phase::Connected => {
                self.late += 1;
                if self.late > MAX_LATE_DATAGRAMS {
                    return Err(DropReason::Throttled);
                }
            }
        }
        if self.engine.is_none() && self.phase == Phase::Handshake {
            let taken = self.hellos.take(datagram).ok_or(DropReason::NotSecured)?;
            if let Some(hello) = taken {
                let engine = start_server(now, &self.config, &hello);
                self.start(now, engine);
                for datagram in std::mem::take(&mut self.hellos).into_datagrams() {
                    self.run(|engine, output| engine.handle_datagram(now, &datagram, output));
                }
            }
            return Ok(());
        }
        self.run(|engine, output| engine.handle_datagram(now, datagram, output));
        Ok(())
    }

    /// Writes the next datagram to the front of `out` and returns its length. A datagram that does not fit is
    /// lost, as on any network.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<usize> {
        while let Some(packet) = self.output.packets.pop_front() {
            if let Some(room) = out.get_mut(..packet.len()) {
                room.copy_from_slice(&packet);
                return Some(packet.len());
            }
        }
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<DtlsEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Time {
        let engine = self.engine.as_ref();
        let next = engine.map_or(Time::NEVER, |engine| engine.poll_timeout());
        match self.phase {
            Phase::Handshake => next.min(self.give_up_at),
            Phase::Connected => next,
            Phase::Over => Time::NEVER,
        }
    }

    /// Repeats unanswered messages, or gives up.
    pub fn handle_timeout(&mut self, now: Time) {
        if self.phase == Phase::Handshake && self.give_up_at <= now {
            self.fail(DtlsError::Silent);
        } else if self.poll_timeout() <= now {
            self.run(|engine, output| engine.handle_timeout(now, output));
        }
    }

    /// Sends the peer a close_notify. No event follows a close of our own.
    pub fn close(&mut self, now: Time) {
        if self.phase != Phase::Over {
            self.run(|engine, output| {
                engine.close(now, output);
                Ok(())
            });
            self.phase = Phase::Over;
            self.engine = None;
        }
    }

    /// Runs one step of the engine and handles its output.
    fn run(&mut self, step: impl FnOnce(&mut dyn Engine, &mut Output) -> Result<(), String>) {
        let Some(engine) = self.engine.as_mut() else {
            return;
        };
        // The engines are third-party parsers of bytes from outside. Should one of them panic, one
        // participant is lost and not the whole worker.
        let output = &mut self.output;
        let step = AssertUnwindSafe(|| step(engine.as_mut(), output));
        let result = catch_unwind(step).unwrap_or_else(|_| {
            self.engine = None;
            Err("the engine broke down".to_owned())
        });
        if let Some(secured) = self.output.secured.take() {
            self.connect(secured);
        }
        match (result, self.phase) {
            (Err(error), Phase::Handshake) => self.fail(DtlsError::Protocol(error)),
            // An error after the handshake, caused by a stranger's datagram, changes nothing: the keys are
            // agreed on.
            (Err(_), Phase::Connected) if !self.output.closed => self.engine = None,
            _ => {}
        }
        if self.output.closed && self.phase != Phase::Over {
            self.phase = Phase::Over;
            self.engine = None;
            self.events.push_back(DtlsEvent::Closed);
        }
    }

    fn connect(&mut self, secured: FinishedHandshake) {
        if self.phase != Phase::Handshake {
            return;
        }
        let is_announced = |fingerprint: &Fingerprint| fingerprint.matches(&secured.certificate);
        if !self.config.peer_fingerprints.iter().any(is_announced) {
            return self.fail(DtlsError::Fingerprint);
        }
        let keys = secured
            .profile
            .filter(|profile| self.config.profiles.contains(profile))
            .and_then(|profile| {
                KeyMaterial::from_exported(profile, &secured.exported, self.config.role)
            });
        match keys {
            Some(keys) => {
                self.phase = Phase::Connected;
                self.events.push_back(DtlsEvent::Connected {
                    keys,
                    version: secured.version,
                });
            }
            None => self.fail(DtlsError::Profile),
        }
    }

    fn fail(&mut self, error: DtlsError) {
        self.phase = Phase::Over;
        self.engine = None;
        self.events.push_back(DtlsEvent::Failed(error));
    }
}

fn start_client(now: Time, config: &DtlsConfig) -> Option<Box<dyn Engine>> {
    let prepared = config.certificate.prepared();
    match config.versions {
        DtlsVersions::Only12 => classic::client(now, &prepared.classic, &config.profiles),
        DtlsVersions::Auto => modern::start(now, &prepared.modern, Role::Client, true),
        DtlsVersions::Only13 => modern::start(now, &prepared.modern, Role::Client, false),
    }
}

fn start_server(now: Time, config: &DtlsConfig, hello: &ClientHello) -> Option<Box<dyn Engine>> {
    let prepared = config.certificate.prepared();
    let modern = |or_older| modern::start(now, &prepared.modern, Role::Server, or_older);
    let ClientHello {
        offers_13,
        profiles,
    } = hello;
    let ours = config
        .profiles
        .iter()
        .find(|ours| profiles.contains(ours))?;
    let theirs = profiles.first();
    let costs_aead = *ours != SrtpProfile::AesCm128HmacSha1_80
        && theirs == Some(&SrtpProfile::AesCm128HmacSha1_80);
    let is_allowed = theirs.is_some_and(|theirs| config.profiles.contains(theirs));
    match config.versions {
        DtlsVersions::Only13 => modern(false),
        DtlsVersions::Auto if *offers_13 && !costs_aead && is_allowed => modern(true),
        DtlsVersions::Auto | DtlsVersions::Only12 => classic::server(&prepared.classic, *ours),
    }
}
