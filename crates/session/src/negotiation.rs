//! State of a session that lasts from one offer to the next.

use crate::certificate::Fingerprint;
use crate::reports::Speaker;
use crate::sdp::{AnswerParts, Negotiated, Offer, OfferError, SectionAnswer, Setup, write_answer};
use crate::{Answer, Candidate, IceCredentials, RoomCodecs, SessionConfig, TrackHint};

/// One participant's negotiation.
#[derive(Debug)]
pub(crate) struct Negotiation {
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
    client: Client,
}

/// Parameters of the client that must stay the same, or show an ICE restart if they change.
#[derive(Debug)]
struct Client {
    ufrag: String,
    fingerprints: Vec<Fingerprint>,
    setup: Setup,
}

impl Negotiation {
    /// Answers the first offer.
    pub(crate) fn begin(config: SessionConfig, offer: &str) -> Result<(Self, Answer), OfferError> {
        let offer = Offer::parse(offer)?;
        let mut agreed = Negotiated::new(config.seed);
        let sections = agreed.negotiate(&offer, &config.codecs, &config.hints)?;
        let transport = &offer.transport;
        let mut negotiation = Self {
            ssrc: agreed.draw_ssrc(&offer),
            agreed,
            codecs: config.codecs,
            credentials: config.credentials,
            candidates: config.candidates,
            cname: config.cname,
            origin: (config.seed, 0),
            fingerprint: config.certificate.fingerprint().to_string(),
            client: Client {
                ufrag: transport.ufrag.clone(),
                fingerprints: transport.fingerprints.clone(),
                setup: transport.setup,
            },
        };
        let answer = negotiation.answer(&offer, &sections);
        Ok((negotiation, answer))
    }

    /// Answers a later one, and says whether the client restarts ICE.
    pub(crate) fn go_on(
        &mut self,
        offer: &str,
        hints: &[TrackHint],
        fresh: IceCredentials,
    ) -> Result<(Answer, bool), OfferError> {
        let offer = Offer::parse(offer)?;
        let transport = &offer.transport;
        if transport.fingerprints != self.client.fingerprints {
            let sentence = "the certificate is another one than in the offer before; join again";
            return Err(OfferError::new(offer.line(), sentence));
        }
        if transport.setup != self.client.setup && transport.setup == Setup::Passive {
            let sentence = "the DTLS roles are settled; offer actpass or what was offered before";
            return Err(OfferError::new(offer.line(), sentence));
        }
        let sections = self.agreed.negotiate(&offer, &self.codecs, hints)?;
        let restarts = transport.ufrag != self.client.ufrag;
        if restarts {
            self.client.ufrag.clone_from(&transport.ufrag);
            self.credentials = fresh;
        }
        Ok((self.answer(&offer, &sections), restarts))
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

    /// The hashes of which the client's certificate must have one.
    pub(crate) fn fingerprints(&self) -> &[Fingerprint] {
        &self.client.fingerprints
    }

    /// The server begins the handshake.
    pub(crate) fn is_active(&self) -> bool {
        self.client.setup == Setup::Passive
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
