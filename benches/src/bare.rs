//! The bare path: a forwarder with static keys and nothing else.
//!
//! The bare path receives in batches, opens each packet, seals it for every subscriber and sends, segmented where a
//! burst has one destination. It has no signaling, no ICE, no DTLS, no rooms, no routes, no rewriting, no
//! retransmission and no feedback: its cost under a load is the yardstick for a server that has these.
//!
//! A peer makes itself known by a [`Hello`], one JSON object in a datagram, and is answered with the same
//! words. Keys follow from the peer's number ([`keys_of`]). Every packet goes to every other peer that
//! receives. A hello of kind `stats` is answered with [`Counters`]; `reset` forgets all peers.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sideroom_net::demux::{self, Kind};
use sideroom_net::{
    Clock, Datagram, Destination, PeerAddr, Port, PortOptions, RecvBatch, SendBatch, WhenFull,
};
use sideroom_rtp::{RtpView, SeqUnwrapper};
use sideroom_session::srtp::{KeyMaterial, Role, SrtpIn, SrtpOut, SrtpProfile};

/// The first byte of a hello: neither STUN nor DTLS nor RTP begins with it.
const HELLO: u8 = b'{';
/// Messages taken from the socket at once.
const RECV_MESSAGES: usize = 32;
/// Packets and bytes that leave at once at most.
const SEND_PACKETS: usize = 8_192;
const SEND_BYTES: usize = 8 << 20;

/// A peer's message to the forwarder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hello", rename_all = "snake_case", deny_unknown_fields)]
pub enum Hello {
    /// Registers the sender of this datagram as a peer.
    Peer {
        /// The peer's number, from which the keys follow.
        id: u32,
        /// The SSRCs that it sends with, if it does.
        ssrcs: Vec<u32>,
        /// The peer receives the packets of all others.
        receives: bool,
    },
    /// Asks for the counters.
    Stats,
    /// Forgets all publishers and subscribers.
    Reset,
}

/// Counters since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Packets that were received and opened.
    pub received: u64,
    /// Packets that could not be opened, or came from a stranger.
    pub refused: u64,
    /// Packets that the kernel took.
    pub sent: u64,
    /// Messages that they went in.
    pub messages: u64,
    /// Packets that the socket had no room for.
    pub full: u64,
    /// Packets that the kernel refused.
    pub failed: u64,
    /// Packets that the kernel dropped before they were received.
    pub kernel_drops: u64,
}

/// The keys between the forwarder and peer number `id`, as the peer sees them.
pub fn keys_of(profile: SrtpProfile, id: u32) -> KeyMaterial {
    let seed = id.to_le_bytes().into_iter().cycle().zip(0u8..=255);
    let exported: Vec<u8> = seed
        .map(|(byte, at)| byte.wrapping_mul(31) ^ at.wrapping_mul(167))
        .take(profile.exported_len())
        .collect();
    KeyMaterial::from_exported(profile, &exported, Role::Client)
        .expect("invariant: as many bytes as the profile wants")
}

pub struct Bare {
    port: Port,
    recv: RecvBatch,
    out: Out,
    peers: Peers,
    clock: Clock,
}

/// Outgoing packets, and their counters.
struct Out {
    send: SendBatch,
    counters: Counters,
}

struct Peers {
    profile: SrtpProfile,
    publishers: HashMap<SocketAddr, Publisher>,
    subscribers: Vec<Subscriber>,
}

struct Publisher {
    srtp: SrtpIn,
    sequences: HashMap<u32, SeqUnwrapper>,
}

struct Subscriber {
    destination: Destination,
    srtp: SrtpOut,
}

/// An opened packet.
struct Opened {
    len: usize,
    header: usize,
    sequence: u64,
}

impl Bare {
    pub fn bind(at: SocketAddr, options: &PortOptions, profile: SrtpProfile) -> io::Result<Self> {
        let port = Port::bind(at, options)?;
        Ok(Self {
            recv: port.udp().recv_batch_for(RECV_MESSAGES),
            port,
            out: Out {
                send: SendBatch::new(SEND_PACKETS, SEND_BYTES),
                counters: Counters::default(),
            },
            peers: Peers {
                profile,
                publishers: HashMap::new(),
                subscribers: Vec::new(),
            },
            clock: Clock::new(),
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.port.local_addr()
    }

    /// Waits for packets, at most `timeout`, and forwards one batch.
    pub fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.port.wait(timeout)?.readable {
            return Ok(());
        }
        self.port.recv_batch(&mut self.recv, self.clock.now())?;
        while let Some(Datagram { from, bytes, .. }) = self.recv.pop() {
            match demux::classify(bytes) {
                Some(Kind::Rtp) => match self.peers.open(from.addr, bytes) {
                    Some(opened) => {
                        self.out.counters.received += 1;
                        let packet = (bytes.get(..opened.len).unwrap_or_default(), &opened);
                        let subscribers = &self.peers.subscribers;
                        self.out.forward(&mut self.port, subscribers, from, packet);
                    }
                    None => self.out.counters.refused += 1,
                },
                Some(Kind::Rtcp) => {}
                _ if bytes.first() == Some(&HELLO) => {
                    let dropped = self.port.udp().kernel_drops()?;
                    self.out.counters.kernel_drops = dropped.into();
                    let answer = self.peers.greet(from, bytes, &self.out.counters);
                    let known = answer.is_some_and(|answer| {
                        self.out
                            .send
                            .push(&Destination::alone(from), answer.as_bytes())
                    });
                    self.out.counters.refused += u64::from(!known);
                }
                _ => self.out.counters.refused += 1,
            }
        }
        self.out.flush(&mut self.port);
        Ok(())
    }
}

impl Out {
    fn forward(
        &mut self,
        port: &mut Port,
        subscribers: &[Subscriber],
        from: PeerAddr,
        (packet, opened): (&[u8], &Opened),
    ) {
        let Some((header, payload)) = packet.split_at_checked(opened.header) else {
            return;
        };
        for subscriber in subscribers {
            if subscriber.destination.to == from {
                continue;
            }
            let sealed = opened.len + subscriber.srtp.rtp_overhead();
            if self.send.reserve(sealed).is_none() {
                self.flush(port);
            }
            if let Some(slot) = self.send.reserve(sealed) {
                subscriber.srtp.seal(header, payload, opened.sequence, slot);
                self.send.commit(&subscriber.destination, sealed);
            }
        }
    }

    fn flush(&mut self, port: &mut Port) {
        let flushed = port.flush(&mut self.send, WhenFull::Drop);
        self.counters.sent += flushed.sent;
        self.counters.messages += flushed.messages;
        self.counters.full += flushed.full;
        self.counters.failed += flushed.failed;
    }
}

impl Peers {
    fn open(&mut self, from: SocketAddr, packet: &mut [u8]) -> Option<Opened> {
        let publisher = self.publishers.get_mut(&from)?;
        let len = publisher.srtp.open(packet).ok()?;
        let view = RtpView::parse(packet.get(..len)?).ok()?;
        let sequences = publisher.sequences.entry(view.ssrc()).or_default();
        // The unwrapper begins in the second cycle, a receiver of SRTP in the first.
        let sequence = sequences.extend(view.sequence()).checked_sub(1 << 16)?;
        Some(Opened {
            len,
            header: view.header_len(),
            sequence,
        })
    }

    /// Does as `hello` says, and gives the answer.
    fn greet(&mut self, from: PeerAddr, hello: &[u8], counters: &Counters) -> Option<String> {
        let hello: Hello = serde_json::from_slice(hello).ok()?;
        match &hello {
            Hello::Peer {
                id,
                ssrcs,
                receives,
            } => {
                let keys = keys_of(self.profile, *id).mirrored();
                if !ssrcs.is_empty() {
                    let mut srtp = SrtpIn::new(&keys);
                    if !ssrcs.iter().all(|ssrc| srtp.accept_ssrc(*ssrc)) {
                        return None;
                    }
                    let sequences = HashMap::new();
                    let publisher = Publisher { srtp, sequences };
                    self.publishers.entry(from.addr).or_insert(publisher);
                }
                let known = |known: &Subscriber| known.destination.to == from;
                if *receives && !self.subscribers.iter().any(known) {
                    let key = self.subscribers.len() as u32;
                    self.subscribers.push(Subscriber {
                        destination: Destination::keyed(key, from),
                        srtp: SrtpOut::new(&keys),
                    });
                }
            }
            Hello::Stats => return serde_json::to_string(counters).ok(),
            Hello::Reset => {
                self.publishers.clear();
                self.subscribers.clear();
            }
        }
        serde_json::to_string(&hello).ok()
    }
}
