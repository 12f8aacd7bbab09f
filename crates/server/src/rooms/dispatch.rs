//! Passes worker events to their rooms, and observes the node once a second.

use std::sync::Arc;
use std::time::Duration;

use sideroom_plane::PlaneEvent;
use sideroom_route::MediaEvent;
use tokio::sync::mpsc;

use super::directory::Directory;
use super::messages::RoomEvent;
use crate::media::{MediaPlane, WorkerEvent, WorkerNotice};
use crate::metrics::NodeTotals;

/// Events that are taken at once at most.
const MAX_TOLD: usize = 1_024;
/// How often the node looks after itself.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);
/// A calendar that departs by more than this from the clock that does not jump has jumped.
const JUMP_MS: u64 = 100;

/// Brings the news of workers and plane to the rooms, until the workers are gone. It never waits for a room.
pub async fn dispatch(
    node: Arc<Directory>,
    media: Arc<MediaPlane>,
    mut told: mpsc::Receiver<WorkerNotice>,
) {
    let mut seen = Vec::with_capacity(MAX_TOLD);
    loop {
        tokio::select! {
            () = media.has_news() => {}
            count = told.recv_many(&mut seen, MAX_TOLD) => if count == 0 {
                return;
            }
        }
        for one in seen.drain(..) {
            match one {
                WorkerNotice::Report(worker, life, report) => {
                    media.handle_report(worker, life, report)
                }
                WorkerNotice::Event(event) => bring(&node, event),
            }
        }
        while let Some(event) = media.take_news() {
            bring_news(&node, event);
        }
    }
}

fn bring_news(node: &Directory, event: PlaneEvent) {
    let (room, event, vital) = match event {
        PlaneEvent::Lost(participant) => {
            let event = RoomEvent::WorkerLost(participant);
            (participant.room(), event, true)
        }
        PlaneEvent::Talkers {
            room,
            group,
            ranked,
        } => (room, RoomEvent::Talkers(group, ranked), false),
        PlaneEvent::LayersWanted {
            track,
            route,
            layers,
        } => (track.room(), RoomEvent::LayersWanted(route, layers), false),
        // The media plane acts on these itself.
        PlaneEvent::WorkerEnded(..) | PlaneEvent::Restart(..) => return,
    };
    let Some(desk) = node.numbered(room) else {
        return;
    };
    if vital {
        desk.tell(event);
    } else {
        desk.tell_quality(event);
    }
}

fn bring(node: &Directory, event: WorkerEvent) {
    let (room, vital) = match &event.event {
        MediaEvent::Applied { .. }
        | MediaEvent::Talkers { .. }
        | MediaEvent::LayersWanted { .. } => return,
        MediaEvent::SlotPaused { subscriber, .. } => (subscriber.room(), false),
        MediaEvent::Connected { participant } | MediaEvent::Lost { participant, .. } => {
            (participant.room(), true)
        }
    };
    let Some(desk) = node.numbered(room) else {
        return;
    };
    let event = RoomEvent::Media(event.transport, event.event);
    if vital {
        desk.tell(event);
    } else {
        desk.tell_quality(event);
    }
}

/// Publishes the node's totals, and tells rooms of a calendar that has jumped.
pub async fn observe(node: Arc<Directory>) {
    let mut every = tokio::time::interval(OBSERVE_EVERY);
    let mut last = node.now();
    loop {
        every.tick().await;
        let now = node.now();
        let passed = u64::try_from(now.at.since(last.at).as_millis()).unwrap_or(u64::MAX);
        let shown = now.wall.0.saturating_sub(last.wall.0);
        let back = last.wall.0.saturating_sub(now.wall.0);
        if shown.abs_diff(passed) > JUMP_MS || back > 0 {
            tracing::warn!(
                passed_ms = passed,
                shown_ms = shown,
                back_ms = back,
                "the calendar has jumped"
            );
            for desk in node.all() {
                desk.tell(RoomEvent::ClockJumped);
            }
        }
        last = now;
        totals(&node).publish();
    }
}

fn totals(node: &Directory) -> NodeTotals {
    let health = node.health();
    let mut totals = NodeTotals {
        suspended: health.suspended,
        set_aside: health.set_aside,
        ..NodeTotals::default()
    };
    for desk in node.all() {
        totals.rooms += 1;
        let waiting = desk.asks.max_capacity() - desk.asks.capacity();
        totals.queued_commands += waiting;
        let Some(room) = desk.totals() else { continue };
        totals.breakouts += room.breakouts;
        totals.watchers += room.watchers;
        totals.connected += room.up;
        totals.connecting += room.connections.saturating_sub(room.up);
        totals.dropped += room.participants.saturating_sub(room.connections);
    }
    totals
}
