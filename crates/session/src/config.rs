//! Configuration of a participant's transport.

use std::net::SocketAddr;

use sideroom_route::{ParticipantId, TrackKind};
use sideroom_rtp::Codec;

use crate::Proto;
use crate::certificate::Certificate;
use crate::dtls::DtlsVersions;
use crate::srtp::SrtpProfile;

/// The codecs of a room: one for each kind of media, the same for everybody in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoomCodecs {
    /// The room's one video codec.
    pub video: Codec,
    /// Clients that can shall send Opus with redundancy (RFC 2198).
    pub red: bool,
    /// Clients shall stop sending audio during silence (Opus DTX).
    pub dtx: bool,
}

impl Default for RoomCodecs {
    fn default() -> Self {
        Self {
            video: Codec::Vp8,
            red: false,
            dtx: false,
        }
    }
}

/// A client's hint on the track that a media section of the offer carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackHint {
    /// The section's identification tag.
    pub mid: String,
    /// The kind of track that the client will send in the section.
    pub kind: TrackKind,
}

/// An address at which clients reach the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// UDP, or TCP that waits for connections.
    pub proto: Proto,
    /// Address and port.
    pub addr: SocketAddr,
}

/// An ICE user name fragment with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// The server's ICE user name fragment, unique on a worker: checks that a client sends carry this fragment.
    pub ufrag: String,
    /// The secret that proves the sender of a check.
    pub password: String,
}

// The password is a secret: it stays out of logs.
impl std::fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// Configuration of a session.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    pub participant: ParticipantId,
    /// The server's half of the ICE credentials.
    pub credentials: IceCredentials,
    /// The server's certificate.
    pub certificate: Certificate,
    /// The allowed versions of DTLS.
    pub dtls_versions: DtlsVersions,
    /// How packets may be protected, the preferred way first.
    pub srtp_profiles: Vec<SrtpProfile>,
    /// Where the client can reach the server, the best first.
    pub candidates: Vec<Candidate>,
    /// The room's codecs.
    pub codecs: RoomCodecs,
    /// Hints on media sections of the offer; sections without one get kinds in order.
    pub hints: Vec<TrackHint>,
    /// The canonical name in RTCP.
    pub cname: String,
    /// Where SSRCs and the number of the SDP session come from. Must not repeat.
    pub seed: u64,
}
