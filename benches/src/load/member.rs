//! One client of a swarm: the link to the server, the keys, the sources and the checks.

use std::net::IpAddr;
use std::time::Duration;

use sideroom_net::{Destination, PeerAddr, SendBatch};
use sideroom_route::Time;
use sideroom_rtp::RtpView;
use sideroom_rtp::rtcp::{Packet, packets};
use sideroom_session::dtls::{Dtls, DtlsConfig, DtlsEvent};
use sideroom_session::ice::{IceClient, IceClientEvent, MAX_MESSAGE};
use sideroom_session::srtp::{KeyMaterial, SrtpIn, SrtpOut};

use super::arrival::Arrival;
use super::counts::Counts;
use super::feedback::Feedback;
use super::media::Source;
use super::path::{Path, ReceivedPacket};
use super::tag::Tag;

/// Between hellos to a forwarder with static keys, until it answers.
const HELLO_RETRY: Duration = Duration::from_millis(200);
/// A client that is not connected by then has failed.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// Room for one RTCP datagram, and for one of a handshake.
const MAX_CONTROL: usize = 1_400;

/// How a client reaches the server.
pub enum LinkSetup {
    /// Keys that both sides know already, and the datagram by which the client registers.
    Static {
        /// The keys as the client sees them.
        keys: KeyMaterial,
        /// The datagram to send until it is answered.
        hello: Vec<u8>,
    },
    /// ICE and DTLS.
    Secure {
        /// Checks the server's candidates.
        ice: Box<IceClient>,
        /// Configuration of the handshake that follows.
        dtls: DtlsConfig,
    },
}

/// Configuration of a client.
pub struct MemberSetup {
    /// The client's number among all clients of the tool.
    pub client: u32,
    /// Where the server is.
    pub server: PeerAddr,
    /// How to get there.
    pub link: LinkSetup,
    /// The id of the transport number extension in received packets.
    pub transport_cc: Option<u8>,
    /// Streams of retransmissions that it may receive, each with the stream that it repeats.
    pub repairs: Vec<(u32, u32)>,
}

pub(super) enum Link {
    Static {
        hello: Vec<u8>,
        next: Time,
        keys: KeyMaterial,
    },
    Checking {
        ice: Box<IceClient>,
        dtls: DtlsConfig,
    },
    Handshake {
        ice: Box<IceClient>,
        dtls: Box<Dtls>,
    },
    Secure {
        ice: Box<IceClient>,
        dtls: Box<Dtls>,
    },
    Open,
    Failed,
}

/// An event of a link.
pub(super) enum LinkEvent {
    Connected,
    Failed(String),
}

/// A received media packet, classified by the receiving client.
pub(super) struct ClassifiedPacket {
    /// The packet repeats another one.
    pub(super) again: bool,
    /// Packets of its stream that are missing before it; -1 if it was missing itself.
    pub(super) missing: i64,
    /// The simulated path lost the packet: the client does not see the packet.
    pub(super) lost: bool,
}

/// A move that is being watched.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// When it was asked for.
    pub begun: Time,
    /// The group that the member leaves.
    pub from: u16,
    /// The group that the member goes to.
    pub to: u16,
    /// When it was answered.
    pub answered: Option<Time>,
    /// The first packet of somebody in the new group.
    pub first_new: Option<Time>,
    /// The last packet of the old group.
    pub last_old: Option<Time>,
}

pub(super) struct Member {
    pub(super) client: u32,
    pub(super) local: IpAddr,
    pub(super) server: PeerAddr,
    pub(super) link: Link,
    pub(super) begun: Time,
    pub(super) srtp_in: Option<SrtpIn>,
    pub(super) srtp_out: Option<SrtpOut>,
    pub(super) sources: Vec<Source>,
    pub(super) numbers: u16,
    pub(super) transport_cc: Option<u8>,
    pub(super) repairs: Vec<(u32, u32)>,
    pub(super) feedback: Feedback,
    /// The network between it and the server, if that is not the machine's own.
    pub(super) path: Option<Box<Path>>,
    pub(super) heard: bool,
    pub(super) last_heard: Option<Time>,
    pub(super) watch: Option<Watch>,
}

impl Member {
    pub(super) fn new(setup: MemberSetup, local: IpAddr, now: Time) -> Self {
        let link = match setup.link {
            LinkSetup::Static { keys, hello } => Link::Static {
                hello,
                next: now,
                keys,
            },
            LinkSetup::Secure { ice, dtls } => Link::Checking { ice, dtls },
        };
        Self {
            client: setup.client,
            local,
            server: setup.server,
            link,
            begun: now,
            srtp_in: None,
            srtp_out: None,
            sources: Vec::new(),
            numbers: 0,
            transport_cc: setup.transport_cc,
            repairs: setup.repairs,
            feedback: Feedback::default(),
            path: None,
            heard: false,
            last_heard: None,
            watch: None,
        }
    }

    pub(super) fn destination(&self) -> Destination {
        Destination {
            key: self.client,
            to: self.server,
            from: Some(self.local),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.srtp_out.is_some()
    }

    fn secure(&mut self, keys: &KeyMaterial) {
        self.srtp_in = Some(SrtpIn::new(keys));
        self.srtp_out = Some(SrtpOut::new(keys));
    }

    /// The answer of a forwarder with static keys.
    pub(super) fn handle_hello(&mut self) -> Option<LinkEvent> {
        let Link::Static { keys, .. } = &self.link else {
            return None;
        };
        let keys = keys.clone();
        self.secure(&keys);
        self.link = Link::Open;
        Some(LinkEvent::Connected)
    }

    pub(super) fn handle_stun(&mut self, now: Time, from: PeerAddr, bytes: &[u8]) {
        match &mut self.link {
            Link::Checking { ice, .. } | Link::Handshake { ice, .. } | Link::Secure { ice, .. } => {
                let _ = ice.handle_datagram(now, session_addr(from), bytes);
            }
            Link::Static { .. } | Link::Open | Link::Failed => {}
        }
    }

    pub(super) fn handle_dtls(&mut self, now: Time, bytes: &[u8]) {
        if let Link::Handshake { dtls, .. } | Link::Secure { dtls, .. } = &mut self.link {
            let _ = dtls.handle_datagram(now, bytes);
        }
    }

    /// Handles RTCP: requests for keyframes and NACKs.
    pub(super) fn handle_rtcp(&mut self, now: Time, bytes: &mut [u8], counts: &mut Counts) {
        let opened = self.srtp_in.as_mut().map(|srtp| srtp.open_rtcp(bytes));
        let Some(Ok(len)) = opened else {
            return;
        };
        let mut want = |ssrc: u32| {
            for source in &mut self.sources {
                if source.spec().ssrc == ssrc {
                    source.want_keyframe(now);
                }
            }
        };
        for packet in packets(bytes.get(..len).unwrap_or_default()).flatten() {
            match packet {
                Packet::Pli { media, .. } => want(media),
                Packet::Fir(entries) => entries.for_each(|(ssrc, _)| want(ssrc)),
                Packet::Nack { media, lost, .. } => {
                    if let Some(up) = self.path.as_mut().and_then(|path| path.up.as_mut()) {
                        lost.sequences()
                            .for_each(|number| up.resend(now, media, number, &mut counts.path));
                    }
                }
                _ => {}
            }
        }
    }

    /// Drives the link: sends due datagrams, and returns an event.
    pub(super) fn poll_link(&mut self, now: Time, send: &mut SendBatch) -> Option<LinkEvent> {
        let mut destination = Destination::alone(self.server);
        destination.from = Some(self.local);
        let connected = self.is_connected();
        if !connected && now.since(self.begun) > CONNECT_WITHIN {
            return self.fail("nobody answered in time".to_owned());
        }
        match &mut self.link {
            Link::Static { hello, next, .. } => {
                if now >= *next {
                    *next = now + HELLO_RETRY;
                    send.push(&destination, hello);
                }
                None
            }
            Link::Checking { ice, .. } => {
                poll_ice(ice, now, &destination, send);
                match ice.poll_event() {
                    Some(IceClientEvent::Connected(_)) => self.begin_handshake(now, send),
                    Some(IceClientEvent::Failed) => self.fail("no ICE check was answered".into()),
                    None => None,
                }
            }
            Link::Handshake { ice, dtls } | Link::Secure { ice, dtls } => {
                poll_ice(ice, now, &destination, send);
                dtls.handle_timeout(now);
                poll_dtls(dtls, &destination, send);
                let lost = matches!(ice.poll_event(), Some(IceClientEvent::Failed));
                let event = dtls.poll_event();
                self.handle_dtls_event(event, lost)
            }
            Link::Open | Link::Failed => None,
        }
    }

    fn begin_handshake(&mut self, now: Time, send: &mut SendBatch) -> Option<LinkEvent> {
        let link = std::mem::replace(&mut self.link, Link::Failed);
        if let Link::Checking { ice, dtls } = link {
            let mut dtls = Box::new(Dtls::new(now, dtls));
            let mut destination = Destination::alone(self.server);
            destination.from = Some(self.local);
            poll_dtls(&mut dtls, &destination, send);
            self.link = Link::Handshake { ice, dtls };
        }
        None
    }

    fn handle_dtls_event(&mut self, event: Option<DtlsEvent>, lost: bool) -> Option<LinkEvent> {
        match event {
            Some(DtlsEvent::Connected { keys, .. }) => {
                self.secure(&keys);
                let link = std::mem::replace(&mut self.link, Link::Failed);
                if let Link::Handshake { ice, dtls } = link {
                    self.link = Link::Secure { ice, dtls };
                }
                Some(LinkEvent::Connected)
            }
            Some(DtlsEvent::Failed(error)) => self.fail(error.to_string()),
            Some(DtlsEvent::Closed) => self.fail("the server closed the connection".into()),
            None if lost => self.fail("the server no longer answers".into()),
            None => None,
        }
    }

    fn fail(&mut self, why: String) -> Option<LinkEvent> {
        if matches!(self.link, Link::Failed) {
            return None;
        }
        self.link = Link::Failed;
        self.srtp_out = None;
        self.sources.clear();
        Some(LinkEvent::Failed(why))
    }

    /// Counts a media packet of `bytes` bytes, or passes it to the client's simulated path.
    pub(super) fn take(
        &mut self,
        view: &RtpView<'_>,
        tag: Option<&Tag>,
        feedback: bool,
        (arrival, bytes): (Arrival, usize),
    ) -> ClassifiedPacket {
        let (ssrc, sequence) = (view.ssrc(), view.sequence());
        let number = self.transport_cc.filter(|_| feedback);
        let number = number.and_then(|id| view.extension(id)?.first_chunk());
        let number = number.map(|number| u16::from_be_bytes(*number));
        let repairs = &self.repairs;
        let repeated = repairs.iter().find(|(again, _)| *again == ssrc);
        let again = repeated.is_some();
        let Some(path) = &mut self.path else {
            if let Some(number) = number {
                self.feedback.arrived(number, arrival.now);
            }
            let missing = self.feedback.note(ssrc, sequence);
            let lost = false;
            return ClassifiedPacket {
                again,
                missing,
                lost,
            };
        };
        let original = view.payload().first_chunk();
        let heard = ReceivedPacket {
            ssrc,
            sequence,
            number,
            repeats: repeated
                .zip(original)
                .map(|((_, media), number)| (*media, u16::from_be_bytes(*number))),
            run: tag.map(|tag| tag.run),
            repairable: repairs.iter().any(|(_, media)| *media == ssrc),
        };
        ClassifiedPacket {
            again,
            missing: path.door.note(ssrc, sequence),
            lost: path.carry(arrival.left(), bytes, heard),
        }
    }

    /// Delivers the packets that have passed their path by `now`, here and at the server.
    pub(super) fn poll_path(&mut self, now: Time, runs: &mut [Counts], send: &mut SendBatch) {
        while let Some(path) = &mut self.path
            && let Some(mut bytes) = path.arrive(now, &mut self.feedback, runs)
        {
            if let Some(counts) = runs.last_mut() {
                self.handle_rtcp(now, &mut bytes, counts);
            }
        }
        let destination = self.destination();
        if let Some(up) = self.path.as_mut().and_then(|path| path.up.as_mut()) {
            up.poll(now, &destination, send);
        }
    }

    /// Sends the RTCP that is due.
    pub(super) fn poll_feedback(
        &mut self,
        now: Time,
        counts: &mut Counts,
        scratch: &mut Vec<u8>,
        send: &mut SendBatch,
    ) {
        let destination = self.destination();
        let Some(srtp) = &mut self.srtp_out else {
            return;
        };
        scratch.clear();
        let own = self
            .sources
            .first()
            .map_or(self.client, |source| source.spec().ssrc);
        self.feedback.poll(now, own, &self.sources, scratch);
        if let Some(path) = &mut self.path {
            path.poll(now, own, &mut counts.path, scratch);
        }
        if scratch.is_empty() {
            return;
        }
        if let Some(up) = self.path.as_mut().and_then(|path| path.up.as_mut()) {
            let mut sealed = vec![0; scratch.len() + MAX_CONTROL - 1_300];
            let len = srtp.seal_rtcp(scratch, &mut sealed);
            up.send_control(now, sealed.get(..len).unwrap_or_default());
        } else if let Some(slot) = send.reserve(scratch.len() + MAX_CONTROL - 1_300) {
            let len = srtp.seal_rtcp(scratch, slot);
            if len > 0 {
                send.commit(&destination, len);
            }
        }
    }
}

fn poll_ice(ice: &mut IceClient, now: Time, to: &Destination, send: &mut SendBatch) {
    ice.handle_timeout(now);
    while let Some(slot) = send.reserve(MAX_MESSAGE) {
        match ice.poll_transmit(now, slot) {
            Some((_, len)) => send.commit(to, len),
            None => break,
        }
    }
}

fn poll_dtls(dtls: &mut Dtls, to: &Destination, send: &mut SendBatch) {
    while let Some(slot) = send.reserve(MAX_CONTROL) {
        match dtls.poll_transmit(slot) {
            Some(len) => send.commit(to, len),
            None => break,
        }
    }
}

/// The session's own name for an address.
fn session_addr(peer: PeerAddr) -> sideroom_session::PeerAddr {
    sideroom_session::PeerAddr::udp(peer.addr)
}
