//! The transport of a client, for load tools and tests: ICE, DTLS and SRTP towards a Sideroom server, cheap
//! enough for thousands of them in one process. It knows no SDP and no RTCP.

use std::collections::VecDeque;
use std::fmt;

use sideroom_route::{DropReason, Time};

use crate::dtls::{Dtls, DtlsConfig, DtlsError, DtlsEvent};
use crate::ice::{IceClient, IceClientEvent};
use crate::srtp::{SrtpIn, SrtpOut, SrtpProfile};
use crate::{DatagramClass, IceCredentials, PeerAddr};

/// Configuration of a client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The user name fragment in its offer.
    pub local_ufrag: String,
    /// The server's credentials, from the answer.
    pub server: IceCredentials,
    /// The server's addresses, from the answer.
    pub candidates: Vec<PeerAddr>,
    /// The client's certificate, the server's fingerprint, versions and profiles.
    pub dtls: DtlsConfig,
    /// Where transaction numbers come from. Must not repeat.
    pub seed: u64,
}

/// An event of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Media can flow.
    Connected(SrtpProfile),
    /// The server does not answer, or no longer. The last event.
    Unreachable,
    /// The handshake failed. The last event.
    Failed(DtlsError),
    /// The server closed the connection. The last event.
    Closed,
}

/// The content of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// RTP, decrypted in place: its length in bytes.
    Rtp(usize),
    /// RTCP, decrypted in place: its length in bytes.
    Rtcp(usize),
    /// STUN or DTLS, dealt with.
    Handled,
}

/// One client's connection to a server.
pub struct ClientTransport {
    ice: IceClient,
    dtls_config: DtlsConfig,
    /// Begins when ICE has found a path.
    dtls: Option<Dtls>,
    srtp: Option<(SrtpIn, SrtpOut)>,
    events: VecDeque<ClientEvent>,
}

impl fmt::Debug for ClientTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTransport")
            .field("ice", &self.ice)
            .field("dtls", &self.dtls)
            .finish_non_exhaustive()
    }
}

impl ClientTransport {
    /// A client that begins to connect at once.
    pub fn new(now: Time, config: ClientConfig) -> Self {
        let ClientConfig {
            local_ufrag,
            server,
            candidates,
            dtls,
            seed,
        } = config;
        Self {
            ice: IceClient::new(now, &local_ufrag, server, candidates, seed),
            dtls_config: dtls,
            dtls: None,
            srtp: None,
            events: VecDeque::new(),
        }
    }

    /// True while media can flow.
    pub const fn is_connected(&self) -> bool {
        self.srtp.is_some()
    }

    /// Where the server is reached.
    pub const fn server(&self) -> Option<PeerAddr> {
        self.ice.connected()
    }

    /// The ICE side, for restarts and changes of address.
    pub const fn ice_mut(&mut self) -> &mut IceClient {
        &mut self.ice
    }

    /// Handles a datagram; RTP and RTCP are decrypted in place.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        from: PeerAddr,
        class: DatagramClass,
        datagram: &mut [u8],
    ) -> Result<Opened, DropReason> {
        match class {
            DatagramClass::Stun => {
                self.ice.handle_datagram(now, from, datagram)?;
                self.take_ice_events(now);
                Ok(Opened::Handled)
            }
            DatagramClass::Dtls => {
                let dtls = self.dtls.as_mut().ok_or(DropReason::NotSecured)?;
                dtls.handle_datagram(now, datagram)?;
                self.take_dtls_events();
                Ok(Opened::Handled)
            }
            DatagramClass::Rtp => {
                let (incoming, _) = self.srtp.as_mut().ok_or(DropReason::NotSecured)?;
                incoming.open_unknown(datagram).map(Opened::Rtp)
            }
            DatagramClass::Rtcp => {
                let (incoming, _) = self.srtp.as_mut().ok_or(DropReason::NotSecured)?;
                incoming.open_rtcp(datagram).map(Opened::Rtcp)
            }
        }
    }

    /// Seals an RTP packet to the front of `out`, as [`SrtpOut::seal`] does; 0 while not connected.
    pub fn seal(
        &self,
        header: &[u8],
        payload: &[u8],
        extended_sequence: u64,
        out: &mut [u8],
    ) -> usize {
        let outgoing = self.srtp.as_ref().map(|(_, outgoing)| outgoing);
        outgoing.map_or(0, |outgoing| {
            outgoing.seal(header, payload, extended_sequence, out)
        })
    }

    /// Seals an RTCP packet to the front of `out`, as [`SrtpOut::seal_rtcp`] does; 0 while not connected.
    pub fn seal_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> usize {
        let outgoing = self.srtp.as_mut().map(|(_, outgoing)| outgoing);
        outgoing.map_or(0, |outgoing| outgoing.seal_rtcp(packet, out))
    }

    /// Writes the next check or handshake message to the front of `out`.
    pub fn poll_transmit(&mut self, now: Time, out: &mut [u8]) -> Option<(PeerAddr, usize)> {
        if let Some(sent) = self.ice.poll_transmit(now, out) {
            return Some(sent);
        }
        let server = self.ice.connected()?;
        let len = self.dtls.as_mut()?.poll_transmit(out)?;
        Some((server, len))
    }

    /// The next change.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`], and then [`Self::poll_transmit`], have something to do.
    pub fn poll_timeout(&self) -> Time {
        let dtls = self.dtls.as_ref().map_or(Time::NEVER, Dtls::poll_timeout);
        self.ice.poll_timeout().min(dtls)
    }

    /// Repeats unanswered messages, or gives up.
    pub fn handle_timeout(&mut self, now: Time) {
        self.ice.handle_timeout(now);
        self.take_ice_events(now);
        if let Some(dtls) = self.dtls.as_mut() {
            dtls.handle_timeout(now);
            self.take_dtls_events();
        }
    }

    /// Closes the connection; [`Self::poll_transmit`] returns the last datagrams.
    pub fn close(&mut self, now: Time) {
        if let Some(dtls) = self.dtls.as_mut() {
            dtls.close(now);
        }
        self.srtp = None;
    }

    fn take_ice_events(&mut self, now: Time) {
        while let Some(event) = self.ice.poll_event() {
            match event {
                IceClientEvent::Connected(_) => {
                    self.dtls = Some(Dtls::new(now, self.dtls_config.clone()));
                    self.take_dtls_events();
                }
                IceClientEvent::Failed => {
                    self.srtp = None;
                    self.events.push_back(ClientEvent::Unreachable);
                }
            }
        }
    }

    fn take_dtls_events(&mut self) {
        while let Some(event) = self.dtls.as_mut().and_then(Dtls::poll_event) {
            let event = match event {
                DtlsEvent::Connected { keys, .. } => {
                    self.srtp = Some((SrtpIn::new(&keys), SrtpOut::new(&keys)));
                    ClientEvent::Connected(keys.profile())
                }
                DtlsEvent::Failed(error) => ClientEvent::Failed(error),
                DtlsEvent::Closed => {
                    self.srtp = None;
                    ClientEvent::Closed
                }
            };
            self.events.push_back(event);
        }
    }
}
