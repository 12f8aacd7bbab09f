//! Janus as a target: the VideoRoom plugin over its HTTP API. Publishers offer; for receivers, Janus makes
//! the offer. A client is one or the other, as Janus has a connection for each.

mod api;
mod start;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use sideroom_route::TrackKind;

pub use self::start::start;

use self::api::{Api, Handle};
use super::link::{Dialer, negotiated};
use super::{JoinPlan, Joined, Target};
use crate::load::error::LoadError;
use crate::load::process::Process;
use crate::load::sdp::Description;
use crate::load::server::Server;
use crate::profile::Profile;

/// More publishers than any scenario has.
const MAX_PUBLISHERS: u32 = 10_000;

/// A Janus server.
pub struct Janus {
    name: String,
    server: Server,
    api: Api,
    dialer: Dialer,
    rooms: Mutex<HashMap<u64, Vec<Feed>>>,
}

/// A publisher in the words of Janus.
#[derive(Clone)]
struct Feed {
    handle: String,
    id: u64,
}

impl Janus {
    fn new(name: String, server: Server, api: Api, profile: Profile) -> Result<Self, LoadError> {
        Ok(Self {
            name,
            server,
            api,
            // libnice checks back even where it is configured as lite.
            dialer: Dialer::new(profile)?.answering_checks(),
            rooms: Mutex::default(),
        })
    }

    fn with_feeds<T>(&self, room: u64, each: impl FnOnce(&mut Vec<Feed>) -> T) -> T {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        each(rooms.entry(room).or_default())
    }

    fn join_to_publish(&self, handle: &Handle, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let room = room_number(&plan.room);
        let body = json!({
            "request": "joinandconfigure",
            "ptype": "publisher",
            "room": room,
            "display": format!("client-{}", plan.client),
        });
        let offer = self.dialer.offer(plan);
        let event = self.api.negotiate(handle, body, Some(("offer", &offer)))?;
        let answer = Description::read(event.sdp()?)?;
        let id = event.number("id")?;
        let feed = Feed {
            handle: handle.to_string(),
            id,
        };
        self.with_feeds(room, |feeds| feeds.push(feed));
        Ok(Joined {
            sends: negotiated(plan, &answer),
            setup: self.dialer.link(plan, answer)?,
            participant: handle.to_string(),
        })
    }

    fn join_to_receive(&self, handle: &Handle, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let room = room_number(&plan.room);
        let feeds = self.with_feeds(room, |feeds| feeds.clone());
        let streams: Vec<_> = feeds
            .iter()
            .map(|feed| json!({ "feed": feed.id }))
            .collect();
        let body = json!({
            "request": "join",
            "ptype": "subscriber",
            "room": room,
            "streams": streams,
        });
        let event = self.api.subscribe(handle, &body)?;
        let offer = Description::read(event.sdp()?)?;
        let answer = self.dialer.answer(plan, &offer);
        let body = json!({ "request": "start" });
        self.api
            .negotiate(handle, body, Some(("answer", &answer)))?;
        Ok(Joined {
            setup: self.dialer.link(plan, offer)?,
            participant: handle.to_string(),
            sends: Vec::new(),
        })
    }

    fn not_supported(&self, what: &'static str) -> LoadError {
        LoadError::NotSupported {
            target: self.name.clone(),
            what,
        }
    }
}

/// Rooms have numbers here: a hash (FNV-1a) in the range that JSON numbers hold exactly.
fn room_number(room: &str) -> u64 {
    let hash = room.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 11).max(1)
}

impl Target for Janus {
    fn name(&self) -> &str {
        &self.name
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, room: &str, _participants: usize) -> Result<(), LoadError> {
        let number = room_number(room);
        let handle = self.api.attach()?;
        let destroy = json!({ "request": "destroy", "room": number });
        let _ = self.api.ask(&handle, &destroy);
        let create = json!({
            "request": "create",
            "room": number,
            "publishers": MAX_PUBLISHERS,
            "bitrate": 0,
            "audiocodec": "opus",
            "videocodec": "vp8",
            "notify_joining": false,
        });
        self.api.ask(&handle, &create)?;
        self.with_feeds(number, Vec::clear);
        self.api.destroy(&handle.to_string())
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let receives = plan.audio_slots + plan.video_slots > 0;
        if receives && !plan.sends.is_empty() {
            return Err(self.not_supported("clients that send and receive in one connection"));
        }
        let handle = self.api.attach()?;
        if receives {
            self.join_to_receive(&handle, plan)
        } else {
            self.join_to_publish(&handle, plan)
        }
    }

    fn publish(&self, _: &str, _: &str, _: &[TrackKind]) -> Result<(), LoadError> {
        Ok(())
    }

    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError> {
        self.with_feeds(room_number(room), |feeds| {
            feeds.retain(|feed| feed.handle != participant);
        });
        self.api.destroy(participant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_have_numbers_that_json_can_hold() {
        let (one, other) = (room_number("load-fanout"), room_number("load-join"));
        assert_ne!(one, other);
        assert!(one < 1 << 53 && other < 1 << 53);
        assert_eq!(one, room_number("load-fanout"));
    }
}
