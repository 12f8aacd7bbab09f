//! The part of one worker: it carries out the plane's orders on the worker's forwarder, and speaks with the
//! other workers.

use std::collections::{HashMap, HashSet};

use sideroom_forward::{Egress, ForwardEvent, Forwarder, IngressConfig, IngressId};
use sideroom_route::{Epoch, MediaEvent, OutOfOrder, RoomId, Time, TrackId, WorkerId};

use crate::link::{Link, Message};
use crate::order::Order;
use crate::report::Report;

/// Something that the worker has to do or to pass on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Ask a publisher of this worker for a keyframe of a layer.
    AskKeyframe {
        ingress: IngressId,
        track: TrackId,
        layer: u8,
    },
    /// Pass a report to the plane.
    Report(Report),
    /// Pass an event to control.
    Media(MediaEvent),
}

/// See the module. It holds nothing of a packet's way.
#[derive(Debug, Default)]
pub struct Follower {
    /// Tracks that other workers relay to this one.
    relayed: HashMap<TrackId, Relayed>,
    /// Tracks whose encodings stand alone.
    simulcast: HashSet<TrackId>,
    /// Keyframe wishes and reports that links had no room for are not kept; tables that diverged are.
    diverged: Vec<RoomId>,
}

#[derive(Clone, Copy, Debug)]
struct Relayed {
    ingress: IngressId,
    home: WorkerId,
}

impl Follower {
    /// Carries out an order, and acknowledges it: the epoch of the table that it leads to, if it is about one.
    /// [`Order::Disconnect`] is the caller's own to carry out.
    pub fn handle_order(
        &mut self,
        now: Time,
        order: &Order,
        forwarder: &mut Forwarder,
    ) -> Result<Option<Epoch>, OutOfOrder> {
        match order {
            Order::Apply(update) => {
                if let Err(error) = forwarder.apply(now, update) {
                    // A table that may be wrong forwards nothing.
                    forwarder.remove_room(update.room);
                    self.diverged.push(update.room);
                    return Err(error);
                }
                return Ok(Some(update.epoch));
            }
            Order::ApplyWhole(plan) => {
                forwarder.apply_full(now, plan);
                return Ok(Some(plan.epoch));
            }
            Order::RemoveRoom(room) => forwarder.remove_room(*room),
            Order::SetRelays(track, workers) => forwarder.set_relays(*track, workers),
            Order::AddRelayed { home, config } => self.add_relayed(*home, config, forwarder),
            Order::RemoveRelayed(track) => self.remove_relayed(*track, forwarder),
            Order::Disconnect(_) => {}
        }
        Ok(None)
    }

    fn add_relayed(&mut self, home: WorkerId, config: &IngressConfig, forwarder: &mut Forwarder) {
        let track = config.track;
        if !self.relayed.contains_key(&track) && forwarder.ingress_of(track).is_some() {
            // The publisher has moved here meanwhile.
            return;
        }
        self.note_layers(config);
        let ingress = forwarder.add_relayed_ingress(config.clone());
        let before = self.relayed.insert(track, Relayed { ingress, home });
        if let Some(before) = before {
            forwarder.remove_ingress(before.ingress);
        }
    }

    fn remove_relayed(&mut self, track: TrackId, forwarder: &mut Forwarder) {
        // Only an ingress that was relayed: the publisher may have moved here meanwhile.
        if let Some(held) = self.relayed.remove(&track) {
            forwarder.remove_ingress(held.ingress);
            self.simulcast.remove(&track);
        }
    }

    /// Handles a message of another worker; true if it was a packet.
    #[inline]
    pub fn handle_message<E: Egress>(
        now: Time,
        (track, layer): (TrackId, u8),
        message: Message<'_>,
        (forwarder, egress): (&mut Forwarder, &mut E),
    ) -> bool {
        match message {
            Message::Packet { since, bytes } => {
                forwarder.handle_relay(now, track, since, layer, bytes, egress);
                return true;
            }
            Message::SenderReport { ntp, rtp } => {
                forwarder.handle_relayed_sender_report(now, track, layer, ntp, rtp);
            }
            Message::KeyframeWish => forwarder.handle_relayed_keyframe_request(now, track, layer),
        }
        false
    }

    /// Applies a publisher's sender report, and relays the report to other workers with subscribers of the track,
    /// which need it for lip sync (RFC 3550 section 6.4.1). Returns how many links were full.
    pub fn handle_sender_report(
        now: Time,
        (ingress, layer): (IngressId, u8),
        (ntp, rtp): (u64, u32),
        (forwarder, link): (&mut Forwarder, &mut impl Link),
    ) -> u64 {
        forwarder.handle_sender_report(now, ingress, layer, ntp, rtp);
        let Some((track, workers)) = forwarder.relays_of(ingress) else {
            return 0;
        };
        let report = Message::SenderReport { ntp, rtp };
        let refused = workers
            .iter()
            .filter(|worker| !link.send(**worker, track, layer, report));
        refused.count() as u64
    }

    /// The next notice. A wish for a keyframe of a relayed track goes to the worker of its publisher; the
    /// forwarder repeats it until a keyframe comes.
    pub fn poll_notice(
        &mut self,
        forwarder: &mut Forwarder,
        link: &mut impl Link,
    ) -> Option<Notice> {
        if let Some(room) = self.diverged.pop() {
            return Some(Notice::Report(Report::TableDiverged(room)));
        }
        loop {
            match forwarder.poll_event()? {
                ForwardEvent::KeyframeRequest {
                    track,
                    layer,
                    relayed: true,
                    ..
                } => {
                    if let Some(held) = self.relayed.get(&track) {
                        link.send(held.home, track, layer, Message::KeyframeWish);
                    }
                }
                ForwardEvent::KeyframeRequest {
                    ingress,
                    track,
                    layer,
                    ..
                } => {
                    return Some(Notice::AskKeyframe {
                        ingress,
                        track,
                        layer,
                    });
                }
                ForwardEvent::Media(MediaEvent::Talkers {
                    room,
                    group,
                    ranked,
                }) => {
                    return Some(Notice::Report(Report::Talkers {
                        room,
                        group,
                        ranked,
                    }));
                }
                ForwardEvent::Media(MediaEvent::LayersWanted { track, layers }) => {
                    return Some(Notice::Report(Report::LayersWanted { track, layers }));
                }
                ForwardEvent::Media(event) => return Some(Notice::Media(event)),
            }
        }
    }

    /// Notes whether each encoding of a track stands alone, for sharing out bandwidth.
    pub fn note_layers(&mut self, config: &IngressConfig) {
        if config.layers > 1 {
            self.simulcast.insert(config.track);
        } else {
            self.simulcast.remove(&config.track);
        }
    }

    /// Forgets tracks whose publisher is gone.
    pub fn forget_layers(&mut self, gone: &[TrackId]) {
        self.simulcast.retain(|track| !gone.contains(track));
    }

    /// True if each encoding of the track stands alone.
    pub fn is_simulcast(&self, track: TrackId) -> bool {
        self.simulcast.contains(&track)
    }
}
