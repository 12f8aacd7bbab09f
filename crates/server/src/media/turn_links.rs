//! The links between the server's own TURN and its media workers.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use sideroom_net::{Inlet, Outlet, Outlets, PeerAddr, Port};
use sideroom_route::WorkerId;

/// The inlet of each worker and the outlet of each client. A restarted worker replaces its inlet.
#[derive(Debug)]
pub struct TurnLinks {
    outlets: Arc<Outlets>,
    inlets: Vec<RwLock<Option<Inlet>>>,
}

impl TurnLinks {
    /// Links to so many workers, which come later.
    pub fn new(workers: u16) -> Self {
        Self {
            outlets: Arc::new(Outlets::new()),
            inlets: (0..workers.max(1)).map(|_| RwLock::new(None)).collect(),
        }
    }

    /// A worker begins, on this port.
    pub(super) fn join(&self, worker: WorkerId, port: &mut Port) {
        let inlet = port.take_turn(Arc::clone(&self.outlets));
        if let Some(place) = self.inlets.get(usize::from(worker.0)) {
            *place.write().unwrap_or_else(PoisonError::into_inner) = Some(inlet);
        }
    }

    fn inlet(&self, worker: WorkerId) -> Option<Inlet> {
        let place = self.inlets.get(usize::from(worker.0))?;
        let inlet = place.read().unwrap_or_else(PoisonError::into_inner);
        inlet.clone()
    }

    /// Gives packets to a worker, and returns how many it had no room for.
    pub fn push<'a>(
        &self,
        worker: WorkerId,
        from: PeerAddr,
        packets: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> u64 {
        match self.inlet(worker) {
            Some(inlet) => inlet.push(from, packets),
            None => packets.len() as u64,
        }
    }

    /// Sends what workers have for a relayed address to `outlet` from now on.
    pub fn open(&self, relayed: SocketAddr, outlet: Arc<dyn Outlet>) {
        self.outlets.set(relayed.port(), Some(outlet));
    }

    /// Ends the way to a client. The workers in `talked_to` learn of it.
    pub fn close(&self, port: u16, talked_to: impl Iterator<Item = (WorkerId, PeerAddr)>) {
        self.outlets.set(port, None);
        for (worker, from) in talked_to {
            if let Some(inlet) = self.inlet(worker) {
                inlet.end(from);
            }
        }
    }
}
