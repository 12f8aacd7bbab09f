//! One room of the stand-in backend, its watchers, and a stand-in for negotiation.

use std::collections::BTreeMap;

use sideroom_control::{
    Actor, Applied, Command, Expected, RequestId, Room, RoomView, UnixMillis, Viewer,
};
use sideroom_route::{ParticipantId, SlotId, TrackKind};
use sideroom_rpc::{
    ApiError,
    backend::{
        Answer, Asked, CloseReason, CreateRoom, Negotiated, SessionId, SharedEvent, WatchItem,
    },
};
use tokio::sync::mpsc;

/// A room and who is connected to it.
pub(super) struct Hosted {
    pub(super) room: Room,
    pub(super) created: CreateRoom,
    pub(super) watchers: Vec<(Viewer, mpsc::Sender<WatchItem>)>,
    /// The sessions, with the requests that made them.
    pub(super) sessions: BTreeMap<ParticipantId, (SessionId, Asked)>,
}

impl Hosted {
    pub(super) fn apply(
        &mut self,
        now: UnixMillis,
        actor: Actor,
        id: &RequestId,
        command: Command,
    ) -> Result<Applied, ApiError> {
        self.apply_at(now, None, actor, (id, command))
    }

    pub(super) fn apply_at(
        &mut self,
        now: UnixMillis,
        expected: Option<Expected>,
        actor: Actor,
        (id, command): (&RequestId, Command),
    ) -> Result<Applied, ApiError> {
        let applied = match expected {
            Some(seen) => self.room.apply_at(seen, now, actor, (id, command))?,
            None => self.room.apply(now, actor, id, command)?,
        };
        self.publish(&applied);
        Ok(applied)
    }

    pub(super) fn publish(&mut self, applied: &Applied) {
        for event in &applied.events {
            let shared = SharedEvent::new(event.clone());
            let room = &self.room;
            self.watchers.retain(|(viewer, items)| {
                !room.may_see(*viewer, event)
                    || items.try_send(WatchItem::Event(shared.clone())).is_ok()
            });
        }
    }

    pub(super) fn close(&mut self, who: Option<ParticipantId>, reason: CloseReason) {
        self.watchers.retain(|(viewer, items)| {
            let ends = who.is_none_or(|who| *viewer == Viewer::Participant(who));
            if ends {
                let _ = items.try_send(WatchItem::Closed(reason));
            }
            !ends
        });
    }

    pub(super) fn view(&self, viewer: Viewer) -> Result<RoomView, ApiError> {
        self.room.view(viewer).ok_or(ApiError::ParticipantNotFound)
    }
}

pub(super) fn answer(applied: Applied) -> Answer {
    Answer {
        outcome: applied.outcome,
        epoch: applied.epoch,
        version: applied.version,
        seq: applied.seq,
        repeated: applied.repeated,
    }
}

/// A stand-in for negotiation: an offer's `m=` lines count, `a=sendonly` and `a=recvonly` after each.
pub(super) fn negotiate(
    offer: &str,
    hints: &[(String, TrackKind)],
) -> Result<Negotiated, ApiError> {
    if !offer.starts_with("v=0") {
        return Err(ApiError::BadOffer {
            sentence: "The offer does not begin with `v=0`.".into(),
            line: Some(1),
        });
    }
    let mut media = Negotiated {
        answer: "v=0\r\ns=answer\r\n".into(),
        ..Negotiated::default()
    };
    let (mut audio, mut video) = (0, 0);
    for (mid, section) in offer.split("m=").skip(1).enumerate() {
        let mid = mid.to_string();
        let is_audio = section.starts_with("audio");
        if section.contains("a=recvonly") {
            let next = if is_audio { &mut audio } else { &mut video };
            let slot = if is_audio {
                SlotId::audio(*next)
            } else {
                SlotId::video(*next)
            };
            *next += 1;
            media.slots.push((slot, mid));
        } else {
            let hint = hints.iter().find(|(hinted, _)| *hinted == mid);
            let plain = if is_audio {
                TrackKind::Audio
            } else {
                TrackKind::Camera
            };
            media.tracks.push((hint.map_or(plain, |hint| hint.1), mid));
        }
    }
    Ok(media)
}
