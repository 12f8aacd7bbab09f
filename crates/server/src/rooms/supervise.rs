//! Keeps a room's task running: one that panics begins anew from the store, with its connections, its media
//! and its watchers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use sideroom_room::{Refusal, RoomMachine};

use super::directory::{Directory, Inbox, RoomHandle};
use super::task::RoomTask;
use crate::metrics;

/// Starts the task of a room.
pub(super) fn spawn(
    machine: RoomMachine,
    node: &Arc<Directory>,
    desk: &Arc<RoomHandle>,
    inbox: Inbox,
    made_by: Option<sideroom_rpc::backend::Asked>,
) {
    let mut task = RoomTask::new(machine, Arc::clone(node), Arc::clone(desk));
    task.made_by = made_by;
    tokio::spawn(supervise(task, inbox));
}

async fn supervise(mut task: RoomTask, mut inbox: Inbox) {
    loop {
        let run = AssertUnwindSafe(task.run(&mut inbox)).catch_unwind();
        if run.await.is_ok() {
            return task.leave();
        }
        metrics::room_restarted();
        let room = task.desk.id;
        tracing::error!(%room, "a room has made a mistake; it begins anew from the store");
        let recovered = std::panic::catch_unwind(AssertUnwindSafe(|| task.recover()));
        if recovered.is_err() {
            tracing::error!(%room, "a room cannot begin anew; restart the server to have it back");
            return task.leave();
        }
    }
}

impl RoomTask {
    /// Fails all waiting callers, and begins anew.
    fn recover(&mut self) {
        for token in self.callers.keys().copied().collect::<Vec<_>>() {
            self.refuse(token, Refusal::Internal);
        }
        self.storing = None;
        self.publishing = None;
        let now = self.node.now();
        self.machine.handle_panic(now);
    }

    /// Removes the room from the node's counts.
    fn leave(&mut self) {
        self.forget_counts();
        self.watchers.clear();
        self.stopping.clear();
    }
}
