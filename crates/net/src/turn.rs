//! Packets of clients that use the server's own TURN. They are passed inside the process, without a socket of the
//! worker.
//!
//! A port has an [`Inlet`], into which any thread puts packets. Packets for a client go to the [`Outlet`] of the
//! client's relayed address. Both are bounded.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::addr::PeerAddr;
use crate::poll::Waker;
use crate::recv::{Frame, RecvBatch};

/// Bytes that wait for a worker at most. The caller drops and counts packets beyond it.
const WAITING_BYTES: usize = 1 << 20;
/// The first port of relayed addresses: each is a name in the range of dynamic ports, nothing is bound.
const FIRST_PORT: u16 = 49_152;

/// The outcome of queueing a packet for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queued {
    Yes,
    /// The client does not read fast enough.
    Full,
    /// No client has this address, or the client has given no permission.
    Gone,
}

/// Takes the packets for one client.
pub trait Outlet: Send + Sync {
    /// Takes a packet that the `peer`th of the relay's peers sends. Never waits.
    fn queue(&self, peer: u16, packet: &[u8]) -> Queued;
}

/// The place of one relayed address.
type Place = RwLock<Option<Arc<dyn Outlet>>>;

/// The outlets of all clients, by the port of their relayed address.
pub struct Outlets(Box<[Place]>);

impl Outlets {
    #[allow(
        clippy::new_without_default,
        reason = "half a megabyte is not made by the way"
    )]
    pub fn new() -> Self {
        Self((FIRST_PORT..=u16::MAX).map(|_| RwLock::new(None)).collect())
    }

    fn at(&self, port: u16) -> Option<&Place> {
        self.0.get(usize::from(port.checked_sub(FIRST_PORT)?))
    }

    /// Begins to send what is for this port to `outlet`, or to nobody.
    pub fn set(&self, port: u16, outlet: Option<Arc<dyn Outlet>>) {
        if let Some(place) = self.at(port) {
            *place.write().unwrap_or_else(PoisonError::into_inner) = outlet;
        }
    }

    fn queue(&self, port: u16, peer: u16, packet: &[u8]) -> Queued {
        let Some(place) = self.at(port) else {
            return Queued::Gone;
        };
        let outlet = place.read().unwrap_or_else(PoisonError::into_inner);
        outlet
            .as_ref()
            .map_or(Queued::Gone, |outlet| outlet.queue(peer, packet))
    }
}

impl fmt::Debug for Outlets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outlets")
    }
}

/// Packets that wait for a port.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    ended: Vec<PeerAddr>,
}

/// Puts packets into a port from inside the process.
#[derive(Clone)]
pub struct Inlet {
    waiting: Arc<Mutex<Waiting>>,
    waker: Waker,
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inlet {
    /// Puts in packets, all of which come from `from`, and returns how many did not fit.
    pub fn push<'a>(&self, from: PeerAddr, packets: impl IntoIterator<Item = &'a [u8]>) -> u64 {
        let mut refused = 0;
        let mut waiting = lock(&self.waiting);
        for packet in packets {
            let start = waiting.bytes.len();
            if start + packet.len() > WAITING_BYTES {
                refused += 1;
                continue;
            }
            waiting.bytes.extend_from_slice(packet);
            waiting.frames.push(Frame {
                from,
                start,
                len: packet.len(),
            });
        }
        drop(waiting);
        self.waker.wake();
        refused
    }

    /// The client is gone; [`crate::Port::poll_ended`] tells. Bounded by the number of allocations.
    pub fn end(&self, from: PeerAddr) {
        lock(&self.waiting).ended.push(from);
        self.waker.wake();
    }
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inlet")
    }
}

/// A port's side.
pub(crate) struct TurnSide {
    waiting: Arc<Mutex<Waiting>>,
    outlets: Arc<Outlets>,
    ended: Vec<PeerAddr>,
}

impl TurnSide {
    pub(crate) fn new(outlets: Arc<Outlets>, waker: Waker) -> (Self, Inlet) {
        let waiting = Arc::<Mutex<Waiting>>::default();
        let inlet = Inlet {
            waiting: Arc::clone(&waiting),
            waker,
        };
        let side = Self {
            waiting,
            outlets,
            ended: Vec::new(),
        };
        (side, inlet)
    }

    /// Moves what waits into a batch that has no frames yet.
    pub(crate) fn recv(&mut self, batch: &mut RecvBatch) {
        let mut waiting = lock(&self.waiting);
        let Waiting {
            bytes,
            frames,
            ended,
        } = &mut *waiting;
        batch.swap_frames(frames, bytes);
        self.ended.append(ended);
    }

    pub(crate) fn queue(&self, port: u16, peer: u16, packet: &[u8]) -> Queued {
        self.outlets.queue(port, peer, packet)
    }

    pub(crate) fn poll_ended(&mut self) -> Option<PeerAddr> {
        self.ended.pop()
    }
}
