//! Events of the forwarder.

use std::collections::VecDeque;

use sideroom_route::{MediaEvent, TrackId};

use crate::IngressId;

/// Something that the caller must pass on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForwardEvent {
    /// Ask the publisher for a keyframe (PLI) or, if the track is relayed, the worker that owns it
    /// ([`Forwarder::handle_relayed_keyframe_request`](crate::Forwarder::handle_relayed_keyframe_request)).
    KeyframeRequest {
        ingress: IngressId,
        track: TrackId,
        /// The simulcast layer.
        layer: u8,
        /// The ingress was made by `add_relayed_ingress`: its publisher is another worker's.
        relayed: bool,
    },
    /// An event for control.
    Media(MediaEvent),
}

/// Events that wait to be polled, bounded.
#[derive(Debug)]
pub(crate) struct Events {
    waiting: VecDeque<ForwardEvent>,
    max: usize,
    lost: u64,
}

impl Events {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            waiting: VecDeque::with_capacity(max.min(64)),
            max,
            lost: 0,
        }
    }

    pub(crate) fn push(&mut self, event: ForwardEvent) {
        if self.waiting.len() < self.max {
            self.waiting.push_back(event);
        } else {
            self.lost += 1;
        }
    }

    pub(crate) fn poll(&mut self) -> Option<ForwardEvent> {
        self.waiting.pop_front()
    }

    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }
}
