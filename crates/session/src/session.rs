//! One participant's transport, put together: addresses are checked by ICE, keys come from DTLS, media
//! pass through SRTP, and RTCP tells each side about the other.

use std::sync::Arc;
use std::time::Duration;

use sideroom_prefetch::prefetch;
use sideroom_route::{DropReason, LostReason, Time};
use sideroom_rtp::rtcp::SenderInfo;

use crate::dtls::DtlsEvent;
use crate::events::Events;
use crate::handshake::{Handshake, HandshakeWork};
use crate::handshake_rtt::HandshakeRtt;
use crate::ice::{IceAgent, IceEvent};
use crate::negotiation::Negotiation;
use crate::sdp::{Offer, OfferError};
use crate::secure_media::SecureMedia;
#[cfg(fuzzing)]
use crate::srtp::KeyMaterial;
use crate::{
    Answer, DatagramClass, DatagramOutcome, IceCredentials, PeerAddr, RtpParts, SessionConfig,
    SessionCounts, SessionEvent, TrackHint,
};

/// A client that has not connected for so long will not.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// The longest datagram that a session sends of itself.
const MAX_DATAGRAM: usize = 1_400;

/// One participant's transport: the negotiated media, ICE, DTLS, SRTP and feedback.
///
/// Feed it datagrams and time, then drain [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event), and come back at [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct Session {
    negotiation: Arc<Negotiation>,
    ice: IceAgent,
    dtls: Handshake,
    /// From the end of the handshake on.
    secured: Option<Box<SecureMedia>>,
    events: Events,
    connect_by: Time,
    /// How fast the client answers in the handshake.
    handshake_rtt: HandshakeRtt,
    lost: Option<LostReason>,
}

/// Prefetch distance. Each step needs the memory that the step before it has fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrefetchStep {
    /// The session itself comes.
    Far,
    /// The first level of pointers.
    Near,
    /// The second level of pointers.
    Next,
}

impl Session {
    /// Answers a participant's first offer, here and now. On an error there is no session.
    pub fn accept(
        now: Time,
        config: SessionConfig,
        offer: &str,
    ) -> Result<(Self, Answer), OfferError> {
        let offer = Offer::parse(offer)?;
        let (negotiation, answer) = Negotiation::begin(config, &offer)?;
        Ok((Self::new(now, Arc::new(negotiation)), answer))
    }

    /// The transport of an offer that was answered.
    pub fn new(now: Time, negotiation: Arc<Negotiation>) -> Self {
        let dtls = Handshake::new(now, negotiation.security().clone());
        Self {
            ice: IceAgent::new(negotiation.credentials()),
            dtls,
            negotiation,
            secured: None,
            events: Events::default(),
            connect_by: now + CONNECT_WITHIN,
            handshake_rtt: HandshakeRtt::default(),
            lost: None,
        }
    }

    /// Answers a later offer, here and now, see [`Negotiation::go_on`]. On an error the session is unchanged.
    pub fn reoffer(
        &mut self,
        now: Time,
        offer: &str,
        hints: &[TrackHint],
        fresh: IceCredentials,
    ) -> Result<Answer, OfferError> {
        let offer = Offer::parse(offer)?;
        let (next, answer) = self.negotiation.go_on(&offer, hints, fresh)?;
        self.renegotiate(now, Arc::new(next));
        Ok(answer)
    }

    /// Takes in the answer to a later offer, which follows the negotiation that the session has.
    pub fn renegotiate(&mut self, now: Time, next: Arc<Negotiation>) {
        let restarts = next.credentials() != self.negotiation.credentials();
        self.negotiation = next;
        if restarts {
            self.ice.restart(self.negotiation.credentials());
        }
        if let Some(secured) = &mut self.secured {
            secured.announce(now, self.negotiation.agreed());
        }
    }

    /// Handles a datagram. Media are decrypted in place, in `datagram`.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        from: PeerAddr,
        class: DatagramClass,
        datagram: &mut [u8],
    ) -> DatagramOutcome {
        if class == DatagramClass::Stun {
            let handled = self.ice.handle_datagram(now, from, datagram);
            self.collect_ice_events(now);
            return received(handled);
        }
        if !self.ice.is_validated(from) {
            return DatagramOutcome::Dropped(DropReason::UnvalidatedAddress);
        }
        if class == DatagramClass::Dtls {
            self.handshake_rtt.heard(now);
            let handled = self.dtls.handle_datagram(now, datagram);
            self.collect_dtls_events(now);
            return received(handled);
        }
        let agreed = self.negotiation.agreed();
        let received = match (&mut self.secured, class) {
            (None, _) => return DatagramOutcome::Dropped(DropReason::NotSecured),
            (Some(secured), DatagramClass::Rtp) => secured.handle_rtp(now, agreed, datagram),
            (Some(secured), _) => secured.handle_rtcp(now, agreed, datagram, &mut self.events),
        };
        if self.ice.selected() != Some(from) && !matches!(received, DatagramOutcome::Dropped(_)) {
            self.ice.prove(from);
            self.collect_ice_events(now);
        }
        received
    }

    fn collect_ice_events(&mut self, now: Time) {
        while let Some(event) = self.ice.poll_event() {
            match event {
                IceEvent::Selected(address) => {
                    self.begin_handshake(now);
                    if let Some(secured) = &mut self.secured {
                        // Another path takes another time.
                        secured.round_trip = None;
                    }
                    self.events.push(SessionEvent::AddressSelected(address));
                }
                IceEvent::ConsentExpired => self.lose(LostReason::ConsentExpired),
            }
        }
    }

    /// Now there is somebody to hear our first flight, if it is for us to send it.
    fn begin_handshake(&mut self, now: Time) {
        self.dtls.begin(now);
        self.collect_dtls_events(now);
    }

    fn collect_dtls_events(&mut self, now: Time) {
        while let Some(event) = self.dtls.poll_event() {
            match event {
                DtlsEvent::Connected { keys, .. } => {
                    let mut secured = SecureMedia::new(now, &keys, self.negotiation.agreed());
                    secured.round_trip = self.handshake_rtt.round_trip();
                    self.ice.require_proof();
                    self.secured = Some(Box::new(secured));
                    self.events.push(SessionEvent::Connected);
                }
                DtlsEvent::Failed(_) => self.lose(LostReason::HandshakeFailed),
                DtlsEvent::Closed => self.lose(LostReason::Closed),
            }
        }
    }

    /// From now on the steps of the handshake are handed out by [`poll_work`](Self::poll_work).
    pub fn shake_hands_apart(&mut self) {
        self.dtls.take_apart();
    }

    /// Steps of the handshake that wait to be taken, after a datagram or a timeout. Until they are
    /// [taken back](Self::take_back) the handshake stands still.
    pub fn poll_work(&mut self) -> Option<HandshakeWork> {
        self.dtls.poll_work()
    }

    /// Takes a handshake back whose steps were taken.
    pub fn take_back(&mut self, now: Time, work: HandshakeWork) {
        self.dtls.take_back(work);
        self.collect_dtls_events(now);
    }

    /// Connects without a handshake, with given keys. Only for fuzz targets, which would never get past the
    /// handshake.
    #[cfg(fuzzing)]
    pub fn connect_with(&mut self, now: Time, keys: &KeyMaterial) {
        let secured = SecureMedia::new(now, keys, self.negotiation.agreed());
        self.secured = Some(Box::new(secured));
        self.events.push(SessionEvent::Connected);
    }

    fn lose(&mut self, reason: LostReason) {
        if self.lost.is_none() {
            self.lost = Some(reason);
            self.events.push(SessionEvent::Lost(reason));
        }
    }

    /// Seals an RTP packet to the front of `out` and says how long it is; 0 if the session is not
    /// connected or `out` is too short. Fills in the transport-wide sequence number and the sending
    /// time, where the header has room for them.
    #[inline]
    pub fn seal_rtp(&mut self, now: Time, parts: &RtpParts<'_>, out: &mut [u8]) -> usize {
        match &mut self.secured {
            Some(secured) => secured.seal_rtp(now, parts, out),
            None => 0,
        }
    }

    /// Prefetches the memory that sealing the next packet needs.
    #[inline]
    pub fn prefetch(&self, step: PrefetchStep) {
        match (step, &self.secured) {
            (PrefetchStep::Far, secured) => prefetch(secured),
            (PrefetchStep::Near, Some(secured)) => {
                prefetch(&secured.outgoing);
                prefetch(&secured.departures);
                prefetch(&secured.slots_report_at);
            }
            (PrefetchStep::Next, Some(secured)) => secured.departures.prefetch(),
            (PrefetchStep::Near | PrefetchStep::Next, None) => {}
        }
    }

    /// Sends the slots' sender reports; those without packets are to be left out.
    pub fn send_reports(&mut self, now: Time, reports: impl IntoIterator<Item = SenderInfo>) {
        if let Some(secured) = &mut self.secured {
            secured.send_reports(now, self.negotiation.cname(), reports);
        }
    }

    /// Asks the client for a keyframe of one encoding. False if the client has sent nothing there yet.
    pub fn request_keyframe(&mut self, ingress: usize, layer: u8) -> bool {
        let secured = self.secured.as_mut();
        let stream = secured.and_then(|secured| secured.stream(ingress, layer));
        stream.map(|stream| stream.wants_keyframe = true).is_some()
    }

    /// The next datagram to be sent: it replaces the content of `out`.
    pub fn poll_transmit(&mut self, now: Time, out: &mut Vec<u8>) -> Option<PeerAddr> {
        out.resize(MAX_DATAGRAM, 0);
        if let Some((to, len)) = self.ice.poll_transmit(out) {
            out.truncate(len);
            return Some(to);
        }
        let to = self.ice.selected()?;
        if let Some(len) = self.dtls.poll_transmit(out) {
            out.truncate(len);
            self.handshake_rtt.sent(now);
            return Some(to);
        }
        let secured = self.secured.as_mut()?;
        let speaker = self.negotiation.speaker();
        if !secured.write_rtcp(now, self.negotiation.agreed(), speaker, out) {
            return None;
        }
        let mut sealed = [0; MAX_DATAGRAM];
        let len = secured.outgoing.seal_rtcp(out, &mut sealed);
        out.clear();
        out.extend_from_slice(sealed.get(..len).unwrap_or_default());
        (len > 0).then_some(to)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.events.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called; a moment that has passed means
    /// at once.
    pub fn poll_timeout(&self) -> Time {
        if self.lost.is_some() {
            return Time::NEVER;
        }
        let media = match &self.secured {
            Some(secured) => secured.due(),
            None => self.connect_by,
        };
        media
            .min(self.dtls.poll_timeout())
            .min(self.ice.poll_timeout())
    }

    /// Time has come: drain [`poll_transmit`](Self::poll_transmit) and
    /// [`poll_event`](Self::poll_event) afterwards.
    pub fn handle_timeout(&mut self, now: Time) {
        self.ice.handle_timeout(now);
        self.collect_ice_events(now);
        self.dtls.handle_timeout(now);
        self.collect_dtls_events(now);
        match &mut self.secured {
            None if now >= self.connect_by => self.lose(LostReason::NeverConnected),
            None => {}
            Some(secured) => {
                let due = secured.slot_reports_are_due(now);
                self.events
                    .extend(due.then_some(SessionEvent::SlotReportsDue));
            }
        }
    }

    /// The transport-wide number that the next packet will have, with roll-overs.
    pub fn next_transport_sequence(&self) -> u64 {
        self.secured
            .as_ref()
            .map_or(0, |secured| secured.departures.next())
    }

    /// True if an ICE check from this address was authentic.
    pub fn is_validated(&self, from: PeerAddr) -> bool {
        self.ice.is_validated(from)
    }

    /// True if the client reports arrival times, and not only losses.
    pub fn reports_arrivals(&self) -> bool {
        self.negotiation.agreed().transport_cc
    }

    /// Time of the last check from this address; `None` if no ICE pair has the address.
    pub fn checked_at(&self, from: PeerAddr) -> Option<Time> {
        self.ice.checked_at(from)
    }

    /// Where media go; `None` until the client has nominated a path.
    #[inline]
    pub fn selected_address(&self) -> Option<PeerAddr> {
        self.ice.selected()
    }

    /// ICE and DTLS are up.
    pub fn is_connected(&self) -> bool {
        self.secured.is_some() && self.lost.is_none()
    }

    /// Why the session is over, if it is.
    pub const fn lost(&self) -> Option<LostReason> {
        self.lost
    }

    /// The session's counters.
    pub fn counts(&self) -> SessionCounts {
        let counts = self.secured.as_ref().map(|secured| secured.counts);
        SessionCounts {
            events_lost: self.events.lost,
            ..counts.unwrap_or_default()
        }
    }

    /// A TCP connection of the client is gone.
    pub fn remove_path(&mut self, now: Time, address: PeerAddr) {
        self.ice.remove_path(now, address);
        self.collect_ice_events(now);
    }

    /// Closes the connection. [`poll_transmit`](Self::poll_transmit) returns the last datagrams; then drop
    /// the session.
    pub fn close(&mut self, now: Time) {
        if let Some(secured) = &mut self.secured {
            secured.send_bye(self.negotiation.agreed(), self.negotiation.speaker());
        }
        self.dtls.close(now);
        self.lose(LostReason::Closed);
    }
}

fn received(handled: Result<(), DropReason>) -> DatagramOutcome {
    match handled {
        Ok(()) => DatagramOutcome::Handled,
        Err(reason) => DatagramOutcome::Dropped(reason),
    }
}
