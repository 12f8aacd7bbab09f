//! One worker: one thread, one port, its own participants. It waits, receives, forwards and sends; between
//! two packets it carries out commands.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel};
use std::time::Duration;

use sideroom_forward::Forwarder;
use sideroom_net::demux::{self, Kind};
use sideroom_net::{Clock, Port, RecvBatch, SendBatch, ThreadCpu, Waker};
use sideroom_plane::{Follower, Notice};
use sideroom_route::{DropReason, Time, WorkerId};
use sideroom_session::{DatagramClass, DatagramOutcome, PeerAddr};

use super::bundles::Bundles;
use super::command::WorkerCommand;
use super::counts::{PublishedCounts, WorkerCounts};
use super::egress::{Sealer, SendPath, net_addr, session_addr};
use super::fence::Fence;
use super::gather::Gather;
use super::handshakes::HandshakeJob;
use super::lease::Lease;
use super::outbox::Outbox;
use super::pacer::PACE_EVERY;
use super::peers::{PeerKey, Peers};
use super::relay_ring::{RelayReader, RelayWriter};
use super::timers::Timers;

/// Messages that one receive call takes at most.
const RECV_MESSAGES: usize = 64;
/// Packets that wait in the send batch at most before it is flushed.
const BATCH_PACKETS: usize = 4_096;
/// Bytes of the send batch.
const BATCH_BYTES: usize = 1 << 20;
/// Orders that are carried out in one round at most, so that media never wait long.
const MAX_COMMANDS: u32 = 256;
/// How long orders may take in one round; the one that passes the bound is the last.
const MAX_ORDERS_TIME: Duration = Duration::from_micros(500);
/// Relayed packets that are taken from one ring at once.
const MAX_RELAYED: usize = 256;
/// The longest accepted media packet: an Ethernet frame's worth. A longer one came in fragments, and would
/// leave in fragments to every subscriber.
const MAX_MEDIA: usize = 1_472;
/// How long a worker sleeps at most.
const MAX_SLEEP: Duration = Duration::from_millis(500);

/// The parts of a worker.
pub(super) struct WorkerParts {
    pub id: WorkerId,
    /// The process's clock.
    pub clock: Clock,
    pub port: Port,
    /// The queue of its commands.
    pub commands: Receiver<WorkerCommand>,
    /// Rings to the other workers, `None` at its own place.
    pub relays_out: Vec<Option<RelayWriter>>,
    /// Rings from the other workers, `None` at its own place.
    pub relays_in: Vec<Option<RelayReader>>,
    /// Wakers of all workers.
    pub wakers: Vec<Waker>,
    /// The queue of its messages.
    pub outbox: Outbox,
    /// Where others read its counters.
    pub published: Arc<PublishedCounts>,
    /// Counts the worker's rounds, to tell a busy worker from a stuck one.
    pub heartbeat: Arc<AtomicU64>,
    /// Keeps the worker from sending.
    pub fence: Arc<Fence>,
    /// The thread for handshakes.
    pub handshakes: SyncSender<HandshakeJob>,
    /// Until when the node may send.
    pub lease: Arc<Lease>,
}

/// A worker, running.
pub(super) struct Worker {
    pub(super) id: WorkerId,
    clock: Clock,
    commands: Receiver<WorkerCommand>,
    pub(super) relays_in: Vec<Option<RelayReader>>,
    pub(super) wakers: Vec<Waker>,
    pub(super) outbox: Outbox,
    published: Arc<PublishedCounts>,
    heartbeat: Arc<AtomicU64>,
    pub(super) forwarder: Forwarder,
    pub(super) peers: Peers,
    pub(super) send_path: SendPath,
    pub(super) handshakes: SyncSender<HandshakeJob>,
    /// Handshakes on their way back.
    pub(super) handshakes_back: (Sender<HandshakeJob>, Receiver<HandshakeJob>),
    pub(super) timers: Timers,
    pub(super) counts: WorkerCounts,
    pub(super) scratch: Vec<u8>,
    pub(super) follower: Follower,
    /// Orders that may still be carried out in this round.
    pub(super) orders_left: u32,
    gather: Gather,
    /// How long orders may still take in this round.
    pub(super) orders_time: Duration,
    /// The local address that the datagram came to that is being handled, on a host with many.
    pub(super) asked_at: Option<IpAddr>,
    next_pace: Time,
    next_report: Time,
    last_report: Time,
    /// The thread's CPU clock when it began.
    begun: Option<ThreadCpu>,
    /// CPU time of the worker's earlier lives in microseconds.
    cpu_before_us: u64,
    /// Datagrams that the kernel dropped in its earlier lives.
    kernel_drops_before: u64,
}

impl Worker {
    /// Puts a worker together; it does nothing before [`Worker::run`].
    pub(super) fn new(parts: WorkerParts, forwarder: Forwarder) -> Self {
        let counts = parts.published.read().of_a_new_life();
        Self {
            id: parts.id,
            clock: parts.clock,
            commands: parts.commands,
            relays_in: parts.relays_in,
            wakers: parts.wakers,
            outbox: parts.outbox,
            published: parts.published,
            heartbeat: parts.heartbeat,
            forwarder,
            peers: Peers::default(),
            send_path: SendPath {
                port: parts.port,
                clock: parts.clock,
                bundles: Bundles::default(),
                batch: SendBatch::new(BATCH_PACKETS, BATCH_BYTES),
                relays: parts.relays_out,
                to_wake: 0,
                paced: Vec::new(),
                fence: parts.fence,
                lease: parts.lease,
            },
            handshakes: parts.handshakes,
            handshakes_back: channel(),
            timers: Timers::default(),
            cpu_before_us: counts.cpu_us,
            kernel_drops_before: counts.kernel_drops,
            counts,
            scratch: Vec::with_capacity(2_048),
            follower: Follower::default(),
            orders_left: 0,
            gather: Gather::default(),
            orders_time: Duration::ZERO,
            asked_at: None,
            next_pace: Time::ZERO,
            next_report: Time::ZERO,
            last_report: Time::ZERO,
            begun: None,
        }
    }

    /// Runs until it is stopped.
    pub(super) fn run(mut self) {
        self.begun = Some(ThreadCpu::now());
        let mut batch = self.send_path.port.udp().recv_batch_for(RECV_MESSAGES);
        loop {
            if let Err(error) = self.wait() {
                tracing::error!(worker = self.id.0, %error, "waiting for the sockets failed");
            }
            let mut now = self.clock.now();
            self.gather.begin(now);
            if !self.begin_round(&mut now) {
                return;
            }
            self.take_handshakes_back(now);
            self.take_relayed(now);
            if !self.receive(now, &mut batch) {
                return;
            }
            self.handle_due(self.clock.now());
            self.tell();
        }
    }

    /// Waits until there is something to do.
    fn wait(&mut self) -> io::Result<()> {
        let mut now = self.clock.now();
        let wake_at = self
            .timers
            .next()
            .min(self.forwarder.poll_timeout())
            .min(self.pace_at())
            .min(self.next_report);
        let rest = self.gather.rest(now).min(wake_at.since(now));
        if !rest.is_zero() {
            self.send_path.port.rest(rest)?;
            now = self.clock.now();
        }
        let sleep = wake_at.since(now).min(MAX_SLEEP);
        self.send_path.port.wait(Some(sleep)).map(drop)
    }

    /// Begins every round: carries out commands. False if one of them was to stop.
    pub(super) fn begin_round(&mut self, now: &mut Time) -> bool {
        self.orders_left = MAX_COMMANDS;
        self.orders_time = MAX_ORDERS_TIME;
        self.heartbeat.fetch_add(1, Ordering::Relaxed);
        if self.send_path.fence.is_lost() {
            // It was replaced.
            return false;
        }
        let fence = self.send_path.fence.state();
        let goes_on = self.run_commands(now);
        if self.orders_left > 0 {
            // Every order that was given before the fence was looked at is carried out.
            self.send_path.fence.lift(fence);
        }
        goes_on
    }

    /// Carries out the orders that wait, which takes time; false if it is to stop.
    pub(super) fn run_commands(&mut self, now: &mut Time) -> bool {
        while self.orders_left > 0 {
            let command = match self.commands.try_recv() {
                Ok(WorkerCommand::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
                Ok(command) => command,
            };
            // Flush packets admitted under the old table before applying the new one.
            self.send_path
                .flush(*now, &mut self.peers, &mut self.counts);
            self.wake_others();
            let begun = self.clock.now();
            self.handle_command(*now, command);
            *now = self.clock.now();
            self.orders_time = self.orders_time.saturating_sub(now.since(begun));
            self.orders_left = match self.orders_time.is_zero() {
                true => 0,
                false => self.orders_left - 1,
            };
            if self.orders_left == 0
                && let Some(own) = self.wakers.get(usize::from(self.id.0))
            {
                // More may wait: don't sleep.
                own.wake();
            }
        }
        true
    }

    fn take_relayed(&mut self, now: Time) {
        let mut rings = std::mem::take(&mut self.relays_in);
        for ring in rings.iter_mut().flatten() {
            let taken = ring.drain(MAX_RELAYED, |track, layer, message| {
                let mut egress = Sealer {
                    now,
                    peers: &mut self.peers,
                    send_path: &mut self.send_path,
                    counts: &mut self.counts,
                };
                let to = (&mut self.forwarder, &mut egress);
                let is_packet = Follower::handle_message(now, (track, layer), message, to);
                self.counts.relayed_in += u64::from(is_packet);
            });
            if taken == MAX_RELAYED
                && let Some(own) = self.wakers.get(usize::from(self.id.0))
            {
                own.wake();
            }
        }
        self.relays_in = rings;
        self.send_path.flush(now, &mut self.peers, &mut self.counts);
    }

    /// Handles a batch. Commands don't wait for its end: the work of a full socket takes milliseconds. False
    /// if one of them was to stop.
    fn receive(&mut self, mut now: Time, batch: &mut RecvBatch) -> bool {
        if let Err(error) = self.send_path.port.recv_batch(batch, now) {
            tracing::warn!(worker = self.id.0, %error, "receiving failed");
        }
        while let Some(datagram) = batch.pop() {
            self.counts.packets_received += 1;
            self.counts.bytes_received += datagram.bytes.len() as u64;
            let from = session_addr(datagram.from);
            self.asked_at = datagram.local.map(|local| local.to_canonical());
            self.handle_datagram(now, from, datagram.bytes);
            self.asked_at = None;
            if !self.run_commands(&mut now) {
                return false;
            }
        }
        while let Some(gone) = self.send_path.port.poll_ended() {
            self.remove_path(now, session_addr(gone));
        }
        self.send_path.flush(now, &mut self.peers, &mut self.counts);
        self.wake_others();
        true
    }

    /// A TCP connection ended: its participant goes on by another path, or has some time to find one.
    fn remove_path(&mut self, now: Time, gone: PeerAddr) {
        let Some(key) = self.peers.at(gone) else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.session.remove_path(now, gone);
            peer.address = peer.session.selected_address();
            peer.answer_from(None);
        }
        self.peers.unfile(key, gone);
        self.drive_session(now, key);
    }

    pub(super) fn handle_datagram(&mut self, now: Time, from: PeerAddr, datagram: &mut [u8]) {
        let class = match demux::classify(datagram) {
            Some(Kind::Rtp) => DatagramClass::Rtp,
            Some(Kind::Rtcp) => DatagramClass::Rtcp,
            Some(Kind::Stun) => DatagramClass::Stun,
            Some(Kind::Dtls) => DatagramClass::Dtls,
            None => return self.counts.drop_many(DropReason::NotDemuxed, 1),
        };
        if class == DatagramClass::Rtp && datagram.len() > MAX_MEDIA {
            return self.counts.drop_many(DropReason::TooLong, 1);
        }
        let found = match class {
            DatagramClass::Stun => {
                sideroom_session::ice::ufrag_of(datagram).and_then(|name| self.peers.named(name))
            }
            _ => self.peers.at(from),
        };
        let Some((key, peer)) = found.and_then(|key| Some((key, self.peers.get_mut(key)?))) else {
            return self.counts.drop_many(DropReason::UnvalidatedAddress, 1);
        };
        let handled = peer.session.handle_datagram(now, from, class, datagram);
        if self.asked_at.is_some()
            && self.asked_at != peer.asked_at
            && class != DatagramClass::Stun
            && peer.address == Some(from)
            && !matches!(handled, DatagramOutcome::Dropped(_))
        {
            peer.answer_from(self.asked_at);
        }
        match handled {
            DatagramOutcome::Rtp {
                ingress,
                layer,
                range,
                ..
            } => {
                self.gather.note_media(key);
                let id = peer.ingress.get(ingress).copied().flatten();
                let Some((id, packet)) = id.zip(datagram.get(range)) else {
                    return self.counts.drop_many(DropReason::UnknownTrack, 1);
                };
                let mut egress = Sealer {
                    now,
                    peers: &mut self.peers,
                    send_path: &mut self.send_path,
                    counts: &mut self.counts,
                };
                self.forwarder
                    .handle_rtp(now, id, layer, packet, &mut egress);
                self.note_timeout(now, key);
            }
            DatagramOutcome::Handled => {
                self.gather.note_other();
                // Filed only once the check was authentic: a stranger cannot take another client's address.
                if class == DatagramClass::Stun
                    && peer.session.is_validated(from)
                    && self.peers.file(now, key, from)
                {
                    self.send_path.port.validate(net_addr(from));
                }
                self.drive_session(now, key);
            }
            DatagramOutcome::Dropped(reason) => self.counts.drop_many(reason, 1),
        }
    }

    /// After a media packet a session has nothing to say but when it wants to be asked.
    fn note_timeout(&mut self, _now: Time, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            self.timers.bring_forward(key, peer.session.poll_timeout());
        }
    }

    fn handle_due(&mut self, now: Time) {
        while let Some(key) = self.timers.pop(now) {
            if let Some(peer) = self.peers.get_mut(key) {
                peer.session.handle_timeout(now);
                self.refresh(now, key);
                self.drive_session(now, key);
            }
        }
        if self.forwarder.poll_timeout() <= now {
            self.forwarder.handle_timeout(now);
        }
        let mut egress = Sealer {
            now,
            peers: &mut self.peers,
            send_path: &mut self.send_path,
            counts: &mut self.counts,
        };
        self.forwarder.send_silence(now, &mut egress);
        self.drain_forwarder(now);
        if now >= self.pace_at() {
            self.next_pace = now + PACE_EVERY;
            self.send_path
                .release(now, &mut self.peers, &mut self.counts);
        }
        if now >= self.next_report {
            self.next_report = now + Duration::from_secs(1);
            self.publish_counts(now);
        }
        self.counts.rounds += 1;
        self.send_path.flush(now, &mut self.peers, &mut self.counts);
        self.wake_others();
    }

    /// When the pacers are asked next.
    fn pace_at(&self) -> Time {
        if self.send_path.paced.is_empty() {
            return Time::NEVER;
        }
        self.next_pace
    }

    fn drain_forwarder(&mut self, now: Time) {
        while let Some(notice) = self
            .follower
            .poll_notice(&mut self.forwarder, &mut self.send_path)
        {
            match notice {
                Notice::AskKeyframe {
                    ingress,
                    track,
                    layer,
                } => self.request_keyframe(now, (ingress, track), layer),
                Notice::Report(report) => self.outbox.report(report),
                Notice::Media(event) => self.outbox.push(event),
            }
        }
    }

    fn publish_counts(&mut self, now: Time) {
        self.counts.peers = self.peers.len() as u64;
        if let Some(begun) = self.begun {
            let cpu = ThreadCpu::now().since(begun);
            let cpu_us = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
            let cpu_us = self.cpu_before_us.saturating_add(cpu_us);
            let elapsed = now.since(self.last_report).as_secs_f64();
            if elapsed > 0.0 {
                let used = cpu_us.saturating_sub(self.counts.cpu_us) as f64 / 1e6;
                self.counts.load = used / elapsed;
            }
            self.counts.cpu_us = cpu_us;
            self.last_report = now;
        }
        if let Ok(drops) = self.send_path.port.udp().kernel_drops() {
            self.counts.kernel_drops = self.kernel_drops_before + u64::from(drops);
        }
        for (reason, count) in self.forwarder.drops().iter() {
            if let Some(place) = self.counts.forward_drops.get_mut(reason as usize) {
                *place = count;
            }
        }
        self.published.publish(&self.counts);
    }

    fn wake_others(&mut self) {
        let mut bits = std::mem::take(&mut self.send_path.to_wake);
        while bits != 0 {
            let index = bits.trailing_zeros();
            bits &= bits - 1;
            if let Some(waker) = self.wakers.get(index as usize) {
                waker.wake();
            }
        }
    }

    fn tell(&mut self) {
        self.outbox.flush();
    }
}
