//! Answers first offers, away from the threads of the workers.

use std::sync::Arc;

use sideroom_session::dtls::DtlsVersions;
use sideroom_session::sdp::OfferError;
use sideroom_session::srtp::SrtpProfile;
use sideroom_session::{Candidate, Certificate, Negotiation, SessionConfig};

use super::command::{AnsweredOffer, Connect};

/// Common to all transports of a worker.
#[derive(Clone, Debug)]
pub(super) struct Transports {
    /// Where clients can reach the worker, the best first.
    pub candidates: Vec<Candidate>,
    /// The certificate of the node.
    pub certificate: Certificate,
    /// Which versions of DTLS may be spoken.
    pub dtls_versions: DtlsVersions,
    /// How packets may be protected, the preferred way first.
    pub srtp_profiles: Vec<SrtpProfile>,
}

impl Transports {
    /// Answers a participant's first offer.
    pub(super) fn answer(&self, connect: Connect) -> Result<AnsweredOffer, OfferError> {
        let config = SessionConfig {
            participant: connect.participant,
            credentials: connect.credentials,
            candidates: self.candidates.clone(),
            certificate: self.certificate.clone(),
            dtls_versions: self.dtls_versions,
            srtp_profiles: self.srtp_profiles.clone(),
            codecs: connect.codecs,
            hints: connect.hints,
            cname: format!("sideroom-{:x}", connect.seed),
            seed: connect.seed,
        };
        let (negotiation, answer) = Negotiation::begin(config, &connect.offer)?;
        Ok(AnsweredOffer {
            participant: connect.participant,
            transport: connect.seed,
            negotiation: Arc::new(negotiation),
            answer,
            tracks: connect.tracks,
        })
    }
}

#[cfg(test)]
impl Transports {
    /// Without candidates.
    pub(super) fn of_tests() -> Self {
        Self {
            candidates: Vec::new(),
            certificate: Certificate::generate(&[7; 32]).expect("a certificate"),
            dtls_versions: DtlsVersions::Auto,
            srtp_profiles: SrtpProfile::PREFERRED.to_vec(),
        }
    }
}
