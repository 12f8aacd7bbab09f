//! Common to all targets with ICE and DTLS: the clients' certificate and credentials, their offers and
//! answers, and the link that follows from the server's description.

use sideroom_net::PeerAddr;
use sideroom_route::{Media, TrackKind};
use sideroom_rtp::ExtensionKind;
use sideroom_session::dtls::DtlsConfig;
use sideroom_session::ice::IceClient;
use sideroom_session::{Certificate, IceCredentials};

use super::{JoinPlan, Negotiated};
use crate::load::error::LoadError;
use crate::load::member::{LinkSetup, MemberSetup};
use crate::load::sdp::{self, Description, OfferPlan};
use crate::profile::Profile;

/// SSRCs of one client.
const SSRCS: u32 = 16;

/// Makes the links of clients.
pub struct Dialer {
    profile: Profile,
    certificate: Certificate,
    answers_checks: bool,
}

impl Dialer {
    /// All clients protect their media like this.
    pub fn new(profile: Profile) -> Result<Self, LoadError> {
        // One certificate for all clients: the server cannot tell, and making thousands takes long.
        let certificate = Certificate::generate(&[0x5a; 32])
            .map_err(|error| LoadError::Answer(error.to_string()))?;
        Ok(Self {
            profile,
            certificate,
            answers_checks: false,
        })
    }

    /// Clients answer the server's own ICE checks too: the server is not lite.
    pub fn answering_checks(self) -> Self {
        Self {
            answers_checks: true,
            ..self
        }
    }

    /// The offer of a client.
    pub fn offer(&self, plan: &JoinPlan) -> String {
        sdp::write_offer(&OfferPlan {
            sends: &tracks_of(plan),
            video_layers: plan.video_layers,
            audio_slots: plan.audio_slots,
            video_slots: plan.video_slots,
            credentials: &credentials_of(plan.client),
            fingerprint: &self.certificate.fingerprint().to_string(),
        })
    }

    /// The answer of a client to a server that makes the offer.
    pub fn answer(&self, plan: &JoinPlan, offer: &Description) -> String {
        let fingerprint = self.certificate.fingerprint().to_string();
        sdp::write_answer(offer, &credentials_of(plan.client), &fingerprint)
    }

    /// The way to the server that described itself so.
    pub fn link(&self, plan: &JoinPlan, server: Description) -> Result<MemberSetup, LoadError> {
        let transport_cc = server.extension(ExtensionKind::TransportCc);
        let candidates = server.candidates.iter().copied().map(session_addr);
        let address = server.candidates.first().copied();
        let address = address.ok_or_else(|| LoadError::Answer("no address".to_owned()))?;
        let own = credentials_of(plan.client);
        let seed = u64::from(plan.client) << 32 | 1;
        let candidates = candidates.collect();
        let mut ice = IceClient::new(plan.now, &own.ufrag, server.credentials, candidates, seed);
        if self.answers_checks {
            ice.answer_checks(&own.password);
        }
        let mut dtls = DtlsConfig::client(self.certificate.clone(), server.fingerprints);
        dtls.profiles = vec![self.profile.into()];
        Ok(MemberSetup {
            client: plan.client,
            server: address,
            link: LinkSetup::Secure {
                ice: Box::new(ice),
                dtls,
            },
            transport_cc,
            repairs: server.repairs,
        })
    }
}

/// Parameters for sending the offered sources, by the server's answer.
pub fn negotiated(plan: &JoinPlan, answer: &Description) -> Vec<Negotiated> {
    let tracks = tracks_of(plan);
    let sends = tracks.iter().zip(&answer.lines).enumerate();
    let sends = sends.map(|(at, ((kind, ssrc), line))| Negotiated {
        kind: *kind,
        ssrc: *ssrc,
        payload_type: sdp::payload_type_of(kind.media()),
        mid: sdp::mid_of(at),
        extensions: line.extensions,
        rids: match kind.media() {
            Media::Video => sdp::rids(plan.video_layers),
            Media::Audio => Vec::new(),
        },
    });
    sends.collect()
}

fn tracks_of(plan: &JoinPlan) -> Vec<(TrackKind, u32)> {
    let ssrcs = (plan.client + 1) * SSRCS..;
    plan.sends.iter().copied().zip(ssrcs).collect()
}

fn credentials_of(client: u32) -> IceCredentials {
    IceCredentials {
        ufrag: format!("load{client}"),
        password: format!("a-password-that-is-no-secret-{client}"),
    }
}

/// The session's own name for an address.
fn session_addr(peer: PeerAddr) -> sideroom_session::PeerAddr {
    sideroom_session::PeerAddr::udp(peer.addr)
}
