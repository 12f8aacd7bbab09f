//! News of a worker, until they are taken. Telling never blocks the worker.

use std::collections::VecDeque;

use sideroom_plane::{Incarnation, Report};
use sideroom_route::{MediaEvent, WorkerId};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::command::WorkerEvent;

/// Quality events beyond this are dropped while nobody takes any. Others are kept; the number of participants,
/// tracks and rooms bounds them.
const MAX_WAITING: usize = 4_096;

/// A message from a worker's thread to the node.
#[derive(Clone, Debug)]
pub enum WorkerNotice {
    /// An event for control.
    Event(WorkerEvent),
    /// A report for the plane, from this incarnation of the worker.
    Report(WorkerId, Incarnation, Report),
}

/// News on their way out.
pub(super) struct Outbox {
    worker: WorkerId,
    life: Incarnation,
    waiting: VecDeque<WorkerNotice>,
    out: Sender<WorkerNotice>,
    lost: u64,
}

impl Outbox {
    /// Sends to `out`.
    pub(super) fn new(worker: WorkerId, life: Incarnation, out: Sender<WorkerNotice>) -> Self {
        Self {
            worker,
            life,
            waiting: VecDeque::new(),
            out,
            lost: 0,
        }
    }

    /// Tells an event.
    pub(super) fn push(&mut self, event: MediaEvent) {
        let transport = None;
        self.queue(WorkerNotice::Event(WorkerEvent { transport, event }), false);
    }

    /// Reports the fate of a transport.
    pub(super) fn push_vital(&mut self, transport: u64, event: MediaEvent) {
        let transport = Some(transport);
        self.queue(WorkerNotice::Event(WorkerEvent { transport, event }), true);
    }

    /// Reports to the plane.
    pub(super) fn report(&mut self, report: Report) {
        // Layers that nobody wants any more are told once, and a table waits until it is replaced.
        let vital = !matches!(report, Report::Talkers { .. });
        self.queue(WorkerNotice::Report(self.worker, self.life, report), vital);
    }

    fn queue(&mut self, told: WorkerNotice, vital: bool) {
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
