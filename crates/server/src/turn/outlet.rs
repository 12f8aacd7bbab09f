//! The send queue of one client of TURN: answers, and packets of workers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sideroom_net::{Clock, Outlet, Queued};
use sideroom_turn::{Bucket, MAX_PACKET, Path, frame};
use tokio::sync::Notify;

/// Bytes that wait for one client at most: media that wait longer are late.
const WAITING_BYTES: usize = 256 * 1_024;
/// The longest framing of one packet.
const FRAMING: usize = 64;

/// The send queue of a client. Workers fill the queue, the client's task empties it.
pub(super) struct ClientOutlet {
    peers: Arc<[SocketAddr]>,
    stream: bool,
    bytes_per_s: u64,
    clock: Clock,
    waiting: Mutex<Waiting>,
    ready: Notify,
}

#[derive(Default)]
struct Waiting {
    /// The path from each peer, by index.
    paths: Vec<Path>,
    messages: Messages,
    rate: Bucket,
    counted: Counted,
}

/// Messages one after the other, and where each ends.
#[derive(Default)]
pub(super) struct Messages {
    pub(super) bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Packets of workers since the queue was last taken.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) packets: u64,
    pub(super) dropped: u64,
}

impl Messages {
    fn close(&mut self) {
        self.ends.push(self.bytes.len());
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = begins.zip(self.ends.iter().copied());
        spans.filter_map(|(begin, end)| self.bytes.get(begin..end))
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

impl ClientOutlet {
    pub(super) fn new(
        peers: Arc<[SocketAddr]>,
        stream: bool,
        (bytes_per_s, clock): (u64, Clock),
    ) -> Arc<Self> {
        Arc::new(Self {
            peers,
            stream,
            bytes_per_s,
            clock,
            waiting: Mutex::default(),
            ready: Notify::new(),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the paths, after a request that may have changed them.
    pub(super) fn set_paths(&self, paths: Vec<Path>) {
        self.waiting().paths = paths;
    }

    /// Queues answers of the server, if there is room.
    pub(super) fn answer(&self, bytes: &[u8]) {
        let mut waiting = self.waiting();
        let messages = &mut waiting.messages;
        if messages.bytes.len() + bytes.len() <= WAITING_BYTES {
            messages.bytes.extend_from_slice(bytes);
            messages.close();
            drop(waiting);
            self.ready.notify_one();
        }
    }

    /// Waits for messages and swaps them for `empty`.
    pub(super) async fn take(&self, empty: &mut Messages) -> Counted {
        loop {
            let ready = self.ready.notified();
            {
                let mut waiting = self.waiting();
                if !waiting.messages.bytes.is_empty() {
                    std::mem::swap(&mut waiting.messages, empty);
                    return std::mem::take(&mut waiting.counted);
                }
            }
            ready.await;
        }
    }
}

impl Outlet for ClientOutlet {
    fn queue(&self, peer: u16, packet: &[u8]) -> Queued {
        let now = self.clock.now();
        let Some(address) = self.peers.get(usize::from(peer)) else {
            return Queued::Gone;
        };
        let mut guard = self.waiting();
        let waiting = &mut *guard;
        let path = waiting.paths.get(usize::from(peer)).copied();
        let Some(path) = path.filter(|path| path.is_open(now)) else {
            return Queued::Gone;
        };
        let was_empty = waiting.messages.bytes.is_empty();
        let fits = waiting.messages.bytes.len() + packet.len() + FRAMING <= WAITING_BYTES
            && packet.len() <= MAX_PACKET;
        if !fits
            || !waiting
                .rate
                .take(now, packet.len() as u64, self.bytes_per_s)
        {
            waiting.counted.dropped += 1;
            return Queued::Full;
        }
        // Indications are matched to nothing: any transaction will do.
        let transaction = [0; 12];
        let framing = (transaction, self.stream);
        frame(path, *address, packet, framing, &mut waiting.messages.bytes);
        waiting.messages.close();
        waiting.counted.packets += 1;
        drop(guard);
        if was_empty {
            self.ready.notify_one();
        }
        Queued::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sideroom_route::Time;

    fn outlet(bytes_per_s: u64) -> Arc<ClientOutlet> {
        let peers: Arc<[SocketAddr]> = Arc::new([([192, 0, 2, 1], 7910).into()]);
        ClientOutlet::new(peers, true, (bytes_per_s, Clock::new()))
    }

    fn open(outlet: &ClientOutlet) {
        outlet.set_paths(vec![Path {
            channel: Some(0x4000),
            until: Time::NEVER,
        }]);
    }

    #[tokio::test]
    async fn packets_wait_in_order_behind_answers_and_are_counted() {
        let outlet = outlet(1 << 30);
        assert_eq!(outlet.queue(0, b"early"), Queued::Gone, "no permission");
        open(&outlet);
        outlet.answer(b"answ");
        assert_eq!(outlet.queue(0, b"one"), Queued::Yes);
        assert_eq!(outlet.queue(1, b"one"), Queued::Gone, "there is one peer");
        let mut messages = Messages::default();
        let counted = outlet.take(&mut messages).await;
        assert_eq!((counted.packets, counted.dropped), (1, 0));
        let each: Vec<_> = messages.each().collect();
        assert_eq!(each, [&b"answ"[..], b"\x40\x00\x00\x03one\x00"]);
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_holds_so_much_and_no_more() {
        let outlet = outlet(1 << 30);
        open(&outlet);
        let taken = (0..1_000).filter(|_| outlet.queue(0, &[7; 1_000]) == Queued::Yes);
        let taken = taken.count();
        assert!((240..=262).contains(&taken), "{taken}");
        let mut messages = Messages::default();
        let counted = outlet.take(&mut messages).await;
        assert_eq!(counted.packets + counted.dropped, 1_000);
        assert!(messages.bytes.len() <= WAITING_BYTES);
        assert_eq!(outlet.queue(0, &[7; 1_000]), Queued::Yes);
    }

    #[tokio::test]
    async fn a_client_is_sent_so_many_bytes_a_second() {
        let outlet = outlet(10_000);
        open(&outlet);
        let taken = (0..100).filter(|_| outlet.queue(0, &[7; 1_000]) == Queued::Yes);
        assert!((10..=12).contains(&taken.count()));
    }
}
