//! What is read of rooms, and what their participants are told of their slots.

use std::collections::BTreeMap;
use std::sync::Arc;

use sideroom_control::{BreakoutError, Role, RoomView, Stay, UnixMillis, Viewer};
use sideroom_route::{
    DropReason, Gate, ParticipantId, RoomId, Route, RouteUpdate, SlotId, SlotPause, TrackId,
};
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{
    MovesRequest, RoomSummary, SharedEvent, Stats, Watch, WatchItem, WorkerStats,
};

use super::ask::MediaOf;
use super::control_loop::ControlLoop;
use super::host::Host;

impl ControlLoop {
    pub(super) fn host(&self, name: &str) -> Result<&Host, ApiError> {
        let id = self.names.get(name).ok_or(ApiError::RoomNotFound)?;
        self.hosts.get(id).ok_or(ApiError::RoomNotFound)
    }

    pub(super) fn view(&self, name: &str, viewer: Viewer) -> Result<RoomView, ApiError> {
        self.host(name)?
            .room
            .view(viewer)
            .ok_or(ApiError::ParticipantNotFound)
    }

    pub(super) fn view_of(&self, room: RoomId, viewer: Viewer) -> Option<RoomView> {
        self.hosts.get(&room)?.room.view(viewer)
    }

    pub(super) fn list(&self, after: &str, limit: usize) -> Vec<RoomSummary> {
        let rest = self
            .names
            .range::<str, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        let hosts = rest.filter_map(|(name, id)| Some((name, self.hosts.get(id)?)));
        let summaries = hosts.take(limit).filter_map(|(name, host)| {
            let view = host.room.view(Viewer::Operator)?;
            Some(RoomSummary {
                name: name.clone(),
                participants: u32::try_from(view.participants.len()).unwrap_or(u32::MAX),
                breakouts: u32::try_from(view.breakouts.len()).unwrap_or(u32::MAX),
                created_at: host.created_at,
                seq: view.seq,
                epoch: view.epoch,
            })
        });
        summaries.collect()
    }

    pub(super) fn media(&self, participant: ParticipantId) -> Result<MediaOf, ApiError> {
        let host = self
            .hosts
            .get(&participant.room())
            .ok_or(ApiError::RoomNotFound)?;
        let (slots, offers) = host
            .room
            .media_of(participant)
            .ok_or(ApiError::ParticipantNotFound)?;
        Ok(MediaOf {
            codecs: host.codecs,
            slots,
            offers,
        })
    }

    pub(super) fn watch(
        &mut self,
        name: &str,
        viewer: Viewer,
        after: Option<u64>,
    ) -> Result<Watch, ApiError> {
        let id = *self.names.get(name).ok_or(ApiError::RoomNotFound)?;
        let max = self.options.max_watchers;
        let routes = match viewer {
            Viewer::Operator => Vec::new(),
            Viewer::Participant(participant) => self.media.routes_of(participant),
        };
        let slots = routes
            .into_iter()
            .map(|(slot, route)| self.slot_item(slot, Some(&route)));
        let slots: Vec<_> = slots.collect();
        let host = self.hosts.get_mut(&id).ok_or(ApiError::RoomNotFound)?;
        let view = host
            .room
            .view(viewer)
            .ok_or(ApiError::ParticipantNotFound)?;
        if host.watchers.len() >= max {
            let sentence = "The room has as many watchers as it may. Close some first.";
            return Err(ApiError::LimitReached(sentence.into()));
        }
        let missed = match after {
            None => Vec::new(),
            Some(after) => host
                .room
                .events_after(viewer, after)
                .map_err(|_| ApiError::OutOfRange)?,
        };
        let missed = missed
            .into_iter()
            .map(|event| WatchItem::Event(SharedEvent::new(event)));
        let first = missed.chain(slots).collect();
        let items = host.watchers.add(viewer, first);
        let snapshot = after.is_none().then(|| Box::new(view));
        Ok(Watch { snapshot, items })
    }

    pub(super) fn moves(&self, request: &MovesRequest) -> Result<Vec<Stay>, ApiError> {
        let host = self.host(&request.room)?;
        if let Viewer::Participant(asker) = request.viewer {
            let view = host
                .room
                .view(request.viewer)
                .ok_or(ApiError::ParticipantNotFound)?;
            let own = view
                .participants
                .iter()
                .find(|one| one.participant == asker);
            if own.is_none_or(|own| own.role != Role::Moderator) {
                return Err(BreakoutError::NotModerator.into());
            }
        }
        let until = request.until.unwrap_or(UnixMillis(u64::MAX));
        let within = host.room.move_log().stays().filter(|stay| {
            let wanted = request
                .participant
                .is_none_or(|one| one == stay.participant);
            let ended_before = stay.end.as_ref().is_some_and(|end| end.at < request.since);
            wanted && stay.from <= until && !ended_before
        });
        Ok(within.cloned().collect())
    }

    pub(super) fn stats(&self) -> Stats {
        let counts = self.media.counts();
        let mut drops = BTreeMap::new();
        for reason in DropReason::ALL {
            let dropped: u64 = counts.iter().map(|worker| worker.dropped(*reason)).sum();
            if dropped > 0 {
                drops.insert(*reason, dropped);
            }
        }
        let workers = counts
            .iter()
            .enumerate()
            .map(|(index, worker)| WorkerStats {
                worker: u16::try_from(index).unwrap_or(u16::MAX),
                participants: u32::try_from(worker.peers).unwrap_or(u32::MAX),
                packets_in: worker.packets_received,
                packets_out: worker.packets_sent,
                bytes_in: worker.bytes_received,
                bytes_out: worker.bytes_sent,
                load: worker.load,
            });
        let breakouts = self
            .hosts
            .values()
            .map(|host| host.room.breakout_count())
            .sum::<usize>();
        Stats {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime: crate::clock::now() - self.started,
            draining: self.draining,
            rooms: u32::try_from(self.hosts.len()).unwrap_or(u32::MAX),
            participants: u32::try_from(self.participants()).unwrap_or(u32::MAX),
            breakouts: u32::try_from(breakouts).unwrap_or(u32::MAX),
            workers: workers.collect(),
            drops,
        }
    }

    /// Tells those whose slots an update changes.
    pub(super) fn tell_slots(&mut self, update: &Arc<RouteUpdate>) {
        let Some(host) = self.hosts.get(&update.room) else {
            return;
        };
        let watched: Vec<_> = update
            .routes
            .iter()
            .filter(|change| host.watchers.has(change.subscriber))
            .map(|change| {
                (
                    change.subscriber,
                    self.slot_item(change.slot, change.route.as_ref()),
                )
            })
            .collect();
        let Some(host) = self.hosts.get_mut(&update.room) else {
            return;
        };
        for (subscriber, item) in watched {
            host.watchers.tell_participant(subscriber, &item);
        }
    }

    fn slot_item(&self, slot: SlotId, route: Option<&Route>) -> WatchItem {
        let source = route.and_then(|route| {
            let track = self.media.track(route.track)?;
            Some((track.publisher, track.kind))
        });
        let shut = route.and_then(|route| match route.gate {
            Gate::Open => None,
            Gate::Shut(reason) => Some(reason),
        });
        WatchItem::SlotAssigned { slot, source, shut }
    }

    pub(super) fn tell_paused(
        &mut self,
        subscriber: ParticipantId,
        slot: SlotId,
        reason: Option<SlotPause>,
    ) {
        if let Some(host) = self.hosts.get_mut(&subscriber.room()) {
            host.watchers
                .tell_participant(subscriber, &WatchItem::SlotPaused { slot, reason });
        }
    }

    pub(super) fn tell_layers(&mut self, track: TrackId, layers: u8) {
        let Some(route) = self.media.track(track) else {
            return;
        };
        if let Some(host) = self.hosts.get_mut(&track.room()) {
            let item = WatchItem::LayersWanted {
                kind: route.kind,
                layers,
            };
            host.watchers.tell_participant(route.publisher, &item);
        }
    }
}
