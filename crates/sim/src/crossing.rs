//! Oracles of everything but media that crosses between workers: wanted layers, sender reports, wishes for
//! keyframes.

use std::time::Duration;

use sideroom_forward::SubscriberId;
use sideroom_plane::Follower;
use sideroom_route::{Media, SlotId, TrackId};

use crate::plane::{Outgoing, TransportId};
use crate::quiet::Heard;
use crate::step::{Violation, ensure};
use crate::world::World;

/// A slot that carries a track of another worker.
struct Crossing {
    worker: usize,
    subscriber: SubscriberId,
    slot: SlotId,
    ssrc: u32,
    track: TrackId,
}

impl World {
    /// A publisher is told that layers are wanted while somebody receives the track, and only then.
    pub(crate) fn look_at_layers(&self) -> Result<(), Violation> {
        let shipped = &self.plane.shipped;
        for transport in self.plane.transports.values() {
            for source in &transport.sources {
                let track = source.track;
                if source.kind.media() == Media::Audio || shipped.track(track).is_none() {
                    continue;
                }
                let mut others = self.plane.homes.keys();
                let wanted = others.any(|(_, participant)| {
                    let mut routes = shipped.routes_of(*participant);
                    routes.any(|(_, route)| route.track == track && route.gate.is_open())
                });
                let told = self.plane.told_layers.get(&track).copied();
                ensure((told.unwrap_or(0) != 0) == wanted, "wanted layers", || {
                    format!("{track}: wanted is {wanted}, told is {told:?}")
                })?;
            }
        }
        Ok(())
    }

    /// Sender reports reach every slot that carries another worker's track, and a subscriber's wish for a
    /// keyframe reaches the publisher.
    pub(crate) fn look_across(&mut self, heard: &Heard) -> Result<(), Violation> {
        let crossings = self.crossings(heard);
        let epoch = self.room.epoch();
        let ids: Vec<TransportId> = self.plane.transports.keys().copied().collect();
        for id in ids {
            self.send_reports(id);
        }
        let soon = self.now + Duration::from_millis(20);
        self.run_until(soon)?;
        if self.room.epoch() != epoch {
            // Other talkers: slots carry something else now.
            return Ok(());
        }
        for one in &crossings {
            let worker = self.plane.workers.get(one.worker);
            let forwarder = worker.map(|worker| &worker.forwarder);
            let report =
                forwarder.and_then(|it| it.sender_report(self.now, one.subscriber, one.slot));
            ensure(report.is_some(), "sender reports", || {
                format!(
                    "{} at w{} has no report of {}",
                    one.slot, one.worker, one.track
                )
            })?;
        }
        self.wish_keyframes(heard)
    }

    fn crossings(&self, heard: &Heard) -> Vec<Crossing> {
        let plane = &self.plane;
        let mut crossings = Vec::new();
        for transport in plane.transports.values() {
            for (slot, route) in plane.shipped.routes_of(transport.participant) {
                let Some(track) = plane.shipped.track(route.track) else {
                    continue;
                };
                let home = plane.shipped.home_of(track.publisher);
                let crosses = home.is_some_and(|home| usize::from(home.0) != transport.worker);
                if crosses
                    && route.gate.is_open()
                    && heard.contains(&(transport.participant, track.publisher, track.kind))
                {
                    crossings.push(Crossing {
                        worker: transport.worker,
                        subscriber: transport.subscriber,
                        slot,
                        ssrc: transport.ssrc(slot),
                        track: route.track,
                    });
                }
            }
        }
        crossings
    }

    fn send_reports(&mut self, id: TransportId) {
        let mut outgoing = Outgoing::default();
        let now = self.now;
        let Some(transport) = self.plane.transports.get(&id) else {
            return;
        };
        let index = transport.worker;
        let Some(worker) = self.plane.workers.get_mut(index) else {
            return;
        };
        for source in &transport.sources {
            let clocks = (now.as_millis() << 22, source.serial.wrapping_mul(960));
            let to = (&mut worker.forwarder, &mut outgoing);
            Follower::handle_sender_report(now, (source.ingress, 0), clocks, to);
        }
        self.carry(index, outgoing);
    }

    fn wish_keyframes(&mut self, heard: &Heard) -> Result<(), Violation> {
        self.plane.asked.clear();
        // Waits until no request for a keyframe is recent.
        let later = self.now + Duration::from_millis(1_100);
        self.run_until(later)?;
        let epoch = self.room.epoch();
        let crossings = self.crossings(heard);
        let video = || crossings.iter().filter(|it| it.slot.media == Media::Video);
        for one in video() {
            if let Some(worker) = self.plane.workers.get_mut(one.worker) {
                let forwarder = &mut worker.forwarder;
                forwarder.handle_keyframe_request(self.now, one.subscriber, one.ssrc);
            }
            self.take_notices(one.worker);
        }
        let soon = self.now + Duration::from_millis(20);
        self.run_until(soon)?;
        if self.room.epoch() != epoch {
            return Ok(());
        }
        for one in video() {
            ensure(
                self.plane.asked.contains(&one.track),
                "keyframe wishes",
                || {
                    format!(
                        "{} is not asked for a keyframe that w{} wants",
                        one.track, one.worker
                    )
                },
            )?;
        }
        Ok(())
    }
}
