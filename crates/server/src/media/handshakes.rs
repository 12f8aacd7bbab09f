//! Takes the steps of handshakes, on a thread of their own: a storm of joins delays no media.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};

use sideroom_net::{Clock, Waker};
use sideroom_route::{ParticipantId, Time};
use sideroom_session::HandshakeWork;

use super::peers::PeerKey;
use super::worker::Worker;

/// Steps that wait at most. Beyond that workers take them themselves.
const MAX_WAITING: usize = 256;

/// Steps of the handshake of one transport.
pub(super) struct HandshakeJob {
    participant: ParticipantId,
    transport: u64,
    work: HandshakeWork,
    /// Back to the worker.
    back: Sender<HandshakeJob>,
    waker: Waker,
}

/// Starts the thread. It ends when nobody can give it work any more.
pub(super) fn start(clock: Clock) -> io::Result<SyncSender<HandshakeJob>> {
    let (jobs, waiting) = sync_channel(MAX_WAITING);
    std::thread::Builder::new()
        .name("handshakes".to_owned())
        .spawn(move || run(clock, &waiting))?;
    Ok(jobs)
}

fn run(clock: Clock, waiting: &Receiver<HandshakeJob>) {
    while let Ok(mut job) = waiting.recv() {
        job.work.run(clock.now());
        let (back, waker) = (job.back.clone(), job.waker.clone());
        // The worker may be gone, and the transport with it.
        if back.send(job).is_ok() {
            waker.wake();
        }
    }
}

impl Worker {
    /// Gives the steps of a peer's handshake to the thread, or takes them here if it has too much to do.
    pub(super) fn pass_handshake_on(&mut self, now: Time, key: PeerKey) {
        let own = self.wakers.get(usize::from(self.id.0)).cloned();
        let Some((waker, peer)) = own.zip(self.peers.get_mut(key)) else {
            return;
        };
        while let Some(work) = peer.session.poll_work() {
            let job = HandshakeJob {
                participant: peer.participant,
                transport: peer.transport,
                work,
                back: self.handshakes_back.0.clone(),
                waker: waker.clone(),
            };
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            let Err(Full(job) | Disconnected(job)) = self.handshakes.try_send(job) else {
                return;
            };
            let mut work = job.work;
            work.run(now);
            peer.session.take_back(now, work);
        }
    }

    /// Takes back the handshakes whose steps were taken.
    pub(super) fn take_handshakes_back(&mut self, now: Time) {
        while let Ok(job) = self.handshakes_back.1.try_recv() {
            let Some(key) = self.peers.key_of(job.participant) else {
                continue;
            };
            if let Some(peer) = self.peers.get_mut(key)
                && peer.transport == job.transport
            {
                peer.session.take_back(now, job.work);
                self.drive_session(now, key);
            }
        }
    }
}
