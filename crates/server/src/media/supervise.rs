//! Supervision of the workers' threads: their ends and heartbeats go to the plane, and it says which to restart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sideroom_plane::{Ending, HEARTBEAT_EVERY, Incarnation};
use sideroom_route::WorkerId;
use tokio::time::MissedTickBehavior;

use super::command::{NewLink, WorkerCommand};
use super::plane::{MediaPlane, State};
use super::relay_ring::relay_ring;
use super::spawner::{Links, StartError, WorkerHandle, WorkerIncarnation};

/// Watches the workers until the node stops.
pub async fn supervise(media: Arc<MediaPlane>) {
    let mut every = tokio::time::interval(HEARTBEAT_EVERY);
    // Looks that were missed are not made up for: a worker had no time either.
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = media.spawner.endings.next() => media.note_endings(),
            _ = every.tick() => media.look_at_workers(),
        }
    }
}

impl MediaPlane {
    fn note_endings(&self) {
        let now = self.spawner.now();
        for (worker, life) in self.spawner.endings.take() {
            self.with(|state| {
                state.plane.handle_ended(now, worker, life, Ending::Ended);
            });
        }
    }

    fn look_at_workers(&self) {
        let now = self.spawner.now();
        self.with(|state| {
            for (handle, number) in state.handles.iter().zip(0_u16..) {
                let rounds = handle.heartbeat.load(Ordering::Relaxed);
                state.plane.handle_heartbeat(now, WorkerId(number), rounds);
                if let Some(load) = handle.counts.take_load() {
                    let permille = (load * 1e3) as u32;
                    state.plane.handle_load(WorkerId(number), permille);
                }
            }
            state.plane.handle_timeout(now);
        });
    }

    /// Starts a worker anew: another thread, with other sockets on the same port.
    pub(super) fn restart(&self, state: &mut State, worker: WorkerId, life: Incarnation) {
        if state.stopping {
            return;
        }
        let now = self.spawner.now();
        match self.replace(state, worker, life) {
            Ok(()) => {
                tracing::warn!(
                    worker = worker.0,
                    life = life.0,
                    "a media worker is restarted"
                );
                crate::metrics::worker_restarted();
                state.plane.handle_restarted(now, worker);
            }
            Err(error) => {
                // A thread that is stuck still has the port.
                tracing::error!(worker = worker.0, %error, "a media worker cannot be restarted now");
                state.plane.handle_restart_failed(now, worker);
            }
        }
        state.count_lost();
    }

    fn replace(
        &self,
        state: &mut State,
        worker: WorkerId,
        incarnation: Incarnation,
    ) -> Result<(), StartError> {
        let index = usize::from(worker.0);
        let Some(before) = state.handles.get(index) else {
            return Ok(());
        };
        let port = self.spawner.bind(before.address)?;
        let life = WorkerIncarnation {
            worker,
            incarnation,
            published: Arc::clone(&before.counts),
        };
        let mut wakers: Vec<_> = state.handles.iter().map(|it| it.waker.clone()).collect();
        if let Some(own) = wakers.get_mut(index) {
            *own = port.waker();
        }
        let (links, theirs) = new_links(worker, &state.handles, &port.waker());
        let handle = self.spawner.spawn(life, port, links, wakers)?;
        if let Some(place) = state.handles.get_mut(index) {
            *place = handle;
        }
        for (peer, link) in theirs {
            state.queue_command(peer, WorkerCommand::Link(Box::new(link)));
        }
        Ok(())
    }
}

/// Rings between a new worker and every other one: its own ends, and those of the others.
fn new_links(
    worker: WorkerId,
    handles: &[WorkerHandle],
    waker: &sideroom_net::Waker,
) -> (Links, Vec<(WorkerId, NewLink)>) {
    let (mut out, mut incoming, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for (_, number) in handles.iter().zip(0_u16..) {
        let peer = WorkerId(number);
        if peer == worker {
            out.push(None);
            incoming.push(None);
            continue;
        }
        let (to_peer, from_worker) = relay_ring();
        let (to_worker, from_peer) = relay_ring();
        out.push(Some(to_peer));
        incoming.push(Some(from_peer));
        let link = NewLink {
            peer: worker,
            writer: to_worker,
            reader: from_worker,
            waker: waker.clone(),
        };
        theirs.push((peer, link));
    }
    (Links { out, incoming }, theirs)
}
