//! One participant's transport, put together.

use sideroom_route::{LostReason, Time};
use sideroom_rtp::rtcp::SenderInfo;

use crate::sdp::{AnswerParts, Negotiated, Offer, OfferError, write_answer};
use crate::{
    Answer, DatagramClass, PeerAddr, Received, RtpParts, SessionConfig, SessionCounts,
    SessionEvent, TrackHint,
};

/// One participant's transport: what the client offered, and everything that keeps it flowing.
///
/// Feed it datagrams and time, then drain [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event), and come back at [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    negotiated: Negotiated,
    answers: u64,
}

impl Session {
    /// Answers a participant's first offer. On an error there is no session.
    pub fn accept(
        now: Time,
        config: SessionConfig,
        offer: &str,
    ) -> Result<(Self, Answer), OfferError> {
        let _ = now;
        let mut session = Self {
            negotiated: Negotiated::new(config.seed),
            config,
            answers: 0,
        };
        let hints = std::mem::take(&mut session.config.hints);
        let answer = session.reoffer(now, offer, &hints)?;
        Ok((session, answer))
    }

    /// Answers a later offer on the same transport: more sections, or new ICE credentials. What was
    /// promised before stays. On an error nothing has changed.
    pub fn reoffer(
        &mut self,
        now: Time,
        offer: &str,
        hints: &[TrackHint],
    ) -> Result<Answer, OfferError> {
        let _ = now;
        let offer = Offer::parse(offer)?;
        let sections = self
            .negotiated
            .negotiate(&offer, &self.config.codecs, hints)?;
        let sdp = write_answer(&AnswerParts {
            offer: &offer,
            negotiated: &self.negotiated,
            sections: &sections,
            credentials: &self.config.credentials,
            candidates: &self.config.candidates,
            fingerprint: "",
            cname: &self.config.cname,
            origin: (self.config.seed, self.answers),
        });
        self.answers += 1;
        Ok(Answer {
            sdp,
            ingress: self.negotiated.ingress.clone(),
            slots: self.negotiated.slots.clone(),
            refused: self.negotiated.refused.clone(),
            extensions: self.negotiated.extensions,
            transport_cc: self.negotiated.transport_cc,
        })
    }

    /// Takes a datagram. Media are opened in place, in `datagram`.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        from: PeerAddr,
        class: DatagramClass,
        datagram: &mut [u8],
    ) -> Received {
        let _ = (now, from, class, datagram);
        Received::Handled
    }

    /// Seals an RTP packet to the front of `out` and says how long it is; 0 if the session is not
    /// connected or `out` is too short. Fills in the transport-wide sequence number and the sending
    /// time, where the header has room for them.
    pub fn seal_rtp(&mut self, now: Time, parts: &RtpParts<'_>, out: &mut [u8]) -> usize {
        let _ = (now, parts, out);
        0
    }

    /// Sends the slots' sender reports; those without packets are to be left out.
    pub fn send_reports(&mut self, now: Time, reports: impl IntoIterator<Item = SenderInfo>) {
        let _ = (now, reports.into_iter());
    }

    /// Asks the client for a keyframe of one encoding. False if it has not sent anything there, so
    /// that there is nobody to ask.
    pub fn request_keyframe(&mut self, now: Time, ingress: usize, layer: u8) -> bool {
        let _ = (now, ingress, layer);
        false
    }

    /// The next datagram to be sent: it replaces the content of `out`.
    pub fn poll_transmit(&mut self, now: Time, out: &mut Vec<u8>) -> Option<PeerAddr> {
        let _ = (now, out);
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        None
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Time {
        Time::NEVER
    }

    /// Time has come: drain [`poll_transmit`](Self::poll_transmit) and
    /// [`poll_event`](Self::poll_event) afterwards.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// Where media go; `None` until the client has nominated a path.
    pub fn selected_address(&self) -> Option<PeerAddr> {
        None
    }

    /// ICE and DTLS are up.
    pub fn is_connected(&self) -> bool {
        false
    }

    /// Why the session is over, if it is.
    pub fn lost(&self) -> Option<LostReason> {
        None
    }

    /// What the session counted.
    pub fn counts(&self) -> SessionCounts {
        SessionCounts::default()
    }

    /// Says good-bye to the client. What is to be sent comes out of
    /// [`poll_transmit`](Self::poll_transmit); then drop the session.
    pub fn close(&mut self, now: Time) {
        let _ = now;
    }
}
