//! One participant's WebRTC transport, sans-IO: [`Negotiation`] answers an offer once, then [`Session`] handles
//! ICE-lite, DTLS, SRTP and RTCP feedback.
//!
//! Opens no socket, reads no clock and draws no random number: addresses, time and seeds are passed in. Knows no
//! rooms and never decides who hears whom.
#![allow(unexpected_cfgs, reason = "`cargo fuzz` sets `fuzzing`")]

pub mod bandwidth;
pub mod client;
pub mod dtls;
pub mod ice;
pub mod srtp;

mod address;
mod arrivals;
mod bindings;
mod certificate;
mod config;
mod departures;
mod event;
mod events;
mod feedback;
mod handshake;
mod handshake_rtt;
mod missing;
mod negotiation;
mod reception;
mod repair;
mod reports;
pub mod sdp;
mod secure_media;
mod session;

pub use address::{DatagramClass, PeerAddr, Proto};
pub use certificate::{Certificate, CertificateError, Fingerprint, FingerprintHash, NoFingerprint};
pub use config::{Candidate, IceCredentials, RoomCodecs, SessionConfig, TrackHint};
pub use event::{
    Answer, DatagramOutcome, RtpParts, SentPacket, SessionCounts, SessionEvent, TransportFeedback,
};
pub use handshake::HandshakeWork;
pub use negotiation::Negotiation;
pub use session::{PrefetchStep, Session};
