//! Sideroom as a target: clients join through the JSON API with real tokens, then ICE, DTLS and SRTP.

pub mod api;
pub mod start;

use sideroom_net::PeerAddr;
use sideroom_route::TrackKind;
use sideroom_rtp::ExtensionKind;
use sideroom_session::dtls::DtlsConfig;
use sideroom_session::ice::IceClient;
use sideroom_session::{Certificate, IceCredentials};

use self::api::Api;
use super::{JoinPlan, Joined, Negotiated, Target};
use crate::load::error::LoadError;
use crate::load::member::{LinkSetup, MemberSetup};
use crate::load::process::Process;
use crate::load::sdp::{self, OfferPlan};
use crate::load::server::Server;
use crate::profile::Profile;

/// A Sideroom server.
pub struct Sideroom {
    server: Server,
    api: Api,
    profile: Profile,
    certificate: Certificate,
}

impl Sideroom {
    /// A server whose API is reached by `api`.
    pub fn new(server: Server, api: Api, profile: Profile) -> Result<Self, LoadError> {
        // One certificate for all clients: the server cannot tell, and making thousands takes long.
        let certificate = Certificate::generate(&[0x5a; 32])
            .map_err(|error| LoadError::Answer(error.to_string()))?;
        Ok(Self {
            server,
            api,
            profile,
            certificate,
        })
    }

    /// The API, for what only Sideroom can do.
    pub fn api(&self) -> &Api {
        &self.api
    }

    fn credentials(&self, client: u32) -> IceCredentials {
        IceCredentials {
            ufrag: format!("load{client}"),
            password: format!("a-password-that-is-no-secret-{client}"),
        }
    }
}

/// The identity of a client.
pub fn identity_of(client: u32) -> String {
    format!("client-{client}")
}

impl Target for Sideroom {
    fn name(&self) -> &str {
        "sideroom"
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError> {
        self.api.create_room(room, participants)
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let credentials = self.credentials(plan.client);
        let fingerprint = self.certificate.fingerprint().to_string();
        let ssrcs = (plan.client + 1) * 16..;
        let sends: Vec<_> = plan.sends.iter().copied().zip(ssrcs).collect();
        let offer = sdp::write_offer(&OfferPlan {
            sends: &sends,
            audio_slots: plan.audio_slots,
            video_slots: plan.video_slots,
            credentials: &credentials,
            fingerprint: &fingerprint,
        });
        let identity = identity_of(plan.client);
        let (participant, answer) = self.api.join(plan, &identity, &offer)?;
        let answer = sdp::read_answer(&answer)?;
        let server = answer.candidates.first().copied();
        let server = server.ok_or_else(|| LoadError::Answer("no address".to_owned()))?;
        let sends = sends.iter().zip(&answer.extensions).enumerate();
        let sends = sends.map(|(at, ((kind, ssrc), extensions))| Negotiated {
            kind: *kind,
            ssrc: *ssrc,
            payload_type: sdp::payload_type_of(kind.media()),
            mid: sdp::mid_of(at),
            extensions: *extensions,
        });
        let sends = sends.collect();
        let transport_cc = answer.extensions.last();
        let transport_cc = transport_cc.and_then(|map| map.id(ExtensionKind::TransportCc));
        let candidates = answer
            .candidates
            .iter()
            .copied()
            .map(session_addr)
            .collect();
        let (ufrag, remote) = (&credentials.ufrag, answer.credentials);
        let seed = u64::from(plan.client) << 32 | 1;
        let ice = IceClient::new(plan.now, ufrag, remote, candidates, seed);
        let mut dtls = DtlsConfig::client(self.certificate.clone(), answer.fingerprints);
        dtls.profiles = vec![self.profile.into()];
        Ok(Joined {
            setup: MemberSetup {
                client: plan.client,
                server,
                link: LinkSetup::Secure {
                    ice: Box::new(ice),
                    dtls,
                },
                transport_cc,
            },
            participant,
            sends,
        })
    }

    fn publish(&self, room: &str, participant: &str, kinds: &[TrackKind]) -> Result<(), LoadError> {
        for kind in kinds {
            self.api.publish(room, participant, *kind)?;
        }
        Ok(())
    }

    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError> {
        self.api.leave(room, participant)
    }

    fn sideroom(&self) -> Option<&Api> {
        Some(&self.api)
    }
}

/// The name of a kind of track in the API.
pub fn kind_name(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Audio => "TRACK_KIND_AUDIO",
        TrackKind::Camera => "TRACK_KIND_CAMERA",
        TrackKind::Screen => "TRACK_KIND_SCREEN",
        TrackKind::Canvas => "TRACK_KIND_CANVAS",
    }
}

/// The session's own name for an address.
fn session_addr(peer: PeerAddr) -> sideroom_session::PeerAddr {
    sideroom_session::PeerAddr::udp(peer.addr)
}
