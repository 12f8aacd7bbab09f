//! State of a session that lasts from one offer to the next.

use crate::certificate::Fingerprint;
use crate::dtls::DtlsConfig;
use crate::reports::Speaker;
use crate::sdp::{AnswerParts, Negotiated, Offer, OfferError, SectionAnswer, Setup, write_answer};
use crate::srtp::Role;
use crate::{Answer, Candidate, IceCredentials, RoomCodecs, SessionConfig, TrackHint};

/// One participant's negotiation: the agreement with the client, which a later offer replaces by another one.
///
/// Offers are long and clients are free to send many. So they are answered here, on any thread, and the
/// [`Session`](crate::Session) is given the result.
#[derive(Clone, Debug)]
pub struct Negotiation {
    agreed: Negotiated,
    codecs: RoomCodecs,
    credentials: IceCredentials,
    candidates: Vec<Candidate>,
    cname: String,
    /// The SSRC of the sender in RTCP packets that concern no slot.
    ssrc: u32,
    /// Number of the SDP session, and of answers so far.
    origin: (u64, u64),
    fingerprint: String,
    security: DtlsConfig,
    client: Client,
}

/// Parameters of the client that must stay the same, or show an ICE restart if they change.
#[derive(Clone, Debug)]
struct Client {
    ufrag: String,
    fingerprints: Vec<Fingerprint>,
    setup: Setup,
}

impl Negotiation {
    /// Answers a participant's first offer.
    pub fn begin(config: SessionConfig, offer: &Offer) -> Result<(Self, Answer), OfferError> {
        let mut agreed = Negotiated::new(config.seed);
        let sections = agreed.negotiate(offer, &config.codecs, &config.hints)?;
        let transport = &offer.transport;
        let role = match transport.setup {
            // The client waits for the server to begin the handshake.
            Setup::Passive => Role::Client,
            Setup::Active | Setup::ActPass => Role::Server,
        };
        let mut negotiation = Self {
            ssrc: agreed.draw_ssrc(offer),
            agreed,
            codecs: config.codecs,
            credentials: config.credentials,
            candidates: config.candidates,
            cname: config.cname,
            origin: (config.seed, 0),
            fingerprint: config.certificate.fingerprint().to_string(),
            security: DtlsConfig {
                certificate: config.certificate,
                role,
                versions: config.dtls_versions,
                profiles: config.srtp_profiles,
                peer_fingerprints: transport.fingerprints.clone(),
            },
            client: Client {
                ufrag: transport.ufrag.clone(),
                fingerprints: transport.fingerprints.clone(),
                setup: transport.setup,
            },
        };
        let answer = negotiation.answer(offer, &sections);
        Ok((negotiation, answer))
    }

    /// Answers a later offer on the same transport: more sections, or new ICE credentials, which `fresh`
    /// answers. Earlier promises stay.
    pub fn go_on(
        &self,
        offer: &Offer,
        hints: &[TrackHint],
        fresh: IceCredentials,
    ) -> Result<(Self, Answer), OfferError> {
        let transport = &offer.transport;
        if transport.fingerprints != self.client.fingerprints {
            let sentence = "the certificate is another one than in the offer before; join again";
            return Err(OfferError::new(offer.line(), sentence));
        }
        if transport.setup != self.client.setup && transport.setup == Setup::Passive {
            let sentence = "the DTLS roles are settled; offer actpass or what was offered before";
            return Err(OfferError::new(offer.line(), sentence));
        }
        let mut next = self.clone();
        let sections = next.agreed.negotiate(offer, &self.codecs, hints)?;
        if transport.ufrag != self.client.ufrag {
            next.client.ufrag.clone_from(&transport.ufrag);
            next.credentials = fresh;
        }
        let answer = next.answer(offer, &sections);
        Ok((next, answer))
    }

    fn answer(&mut self, offer: &Offer, sections: &[SectionAnswer]) -> Answer {
        let sdp = write_answer(&AnswerParts {
            offer,
            negotiated: &self.agreed,
            sections,
            credentials: &self.credentials,
            candidates: &self.candidates,
            fingerprint: &self.fingerprint,
            active: self.client.setup == Setup::Passive,
            cname: &self.cname,
            origin: self.origin,
        });
        self.origin.1 += 1;
        Answer {
            sdp,
            ufrag: self.credentials.ufrag.clone(),
            ingress: self.agreed.ingress.clone(),
            slots: self.agreed.slots.clone(),
            refused: self.agreed.refused.clone(),
            extensions: self.agreed.extensions,
            transport_cc: self.agreed.transport_cc,
        }
    }

    /// The agreed media.
    pub(crate) const fn agreed(&self) -> &Negotiated {
        &self.agreed
    }

    /// The server's half of the ICE credentials.
    pub(crate) const fn credentials(&self) -> &IceCredentials {
        &self.credentials
    }

    /// The parameters of the handshake.
    pub(crate) const fn security(&self) -> &DtlsConfig {
        &self.security
    }

    pub(crate) fn cname(&self) -> &str {
        &self.cname
    }

    pub(crate) fn speaker(&self) -> Speaker<'_> {
        Speaker {
            ssrc: self.ssrc,
            cname: &self.cname,
        }
    }
}
