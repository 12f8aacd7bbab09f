//! What a worker has to tell, until it is taken. Telling never blocks the worker.

use std::collections::VecDeque;

use sideroom_route::{MediaEvent, TrackId, WorkerId};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::command::WorkerEvent;

/// Quality events beyond this are dropped while nobody takes any; those of a participant's life are kept,
/// which the number of participants bounds.
const MAX_WAITING: usize = 4_096;

/// What a worker says to the plane.
#[derive(Clone, Debug)]
pub enum Told {
    /// For control.
    Event(WorkerEvent),
    /// The worker that has this track must ask for a keyframe of this layer.
    KeyframeWanted(TrackId, u8),
}

/// Events on their way out.
pub(super) struct Outbox {
    worker: WorkerId,
    waiting: VecDeque<Told>,
    out: Sender<Told>,
    lost: u64,
}

impl Outbox {
    /// Sends to `out`.
    pub(super) fn new(worker: WorkerId, out: Sender<Told>) -> Self {
        Self {
            worker,
            waiting: VecDeque::new(),
            out,
            lost: 0,
        }
    }

    /// Tells an event.
    pub(super) fn push(&mut self, event: MediaEvent) {
        let told = WorkerEvent {
            worker: self.worker,
            transport: None,
            event,
        };
        self.queue(Told::Event(told), false);
    }

    /// Reports the fate of a transport.
    pub(super) fn push_vital(&mut self, transport: u64, event: MediaEvent) {
        let told = WorkerEvent {
            worker: self.worker,
            transport: Some(transport),
            event,
        };
        self.queue(Told::Event(told), true);
    }

    /// Asks the worker of a relayed track for a keyframe.
    pub(super) fn ask_keyframe(&mut self, track: TrackId, layer: u8) {
        self.queue(Told::KeyframeWanted(track, layer), false);
    }

    fn queue(&mut self, told: Told, vital: bool) {
        if vital || self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(told);
        } else {
            self.lost += 1;
        }
    }

    /// Hands over as many messages as the queue takes now.
    pub(super) fn flush(&mut self) {
        while let Some(told) = self.waiting.pop_front() {
            match self.out.try_send(told) {
                Ok(()) => {}
                Err(TrySendError::Full(told)) => {
                    self.waiting.push_front(told);
                    return;
                }
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }
}
