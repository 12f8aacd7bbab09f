//! Sideroom as a target: clients join through the JSON API with real tokens, then ICE, DTLS and SRTP.

pub mod api;
mod sockets;
pub mod start;
mod workers;

use sideroom_route::TrackKind;

use self::api::Api;
use self::sockets::{Offer, Sockets};
use super::link::{Dialer, negotiated};
use super::{JoinPlan, Joined, Pacing, Target, WorkerCounts};
use crate::load::error::LoadError;
use crate::load::process::Process;
use crate::load::run_options::JoinBy;
use crate::load::sdp::Description;
use crate::load::server::Server;
use crate::profile::Profile;

/// A Sideroom server.
pub struct Sideroom {
    server: Server,
    api: Api,
    dialer: Dialer,
    /// Where its metrics are, if it was started here.
    admin: Option<String>,
    /// Clients join over a WebSocket.
    sockets: Option<Sockets>,
}

impl Sideroom {
    /// A server with its API at `api`.
    pub fn new(server: Server, api: Api, profile: Profile) -> Result<Self, LoadError> {
        Ok(Self {
            server,
            api,
            dialer: Dialer::new(profile)?,
            admin: None,
            sockets: None,
        })
    }

    /// Sets the address of the metrics.
    fn with_admin(self, admin: Option<String>) -> Self {
        Self { admin, ..self }
    }

    /// Sets the way in which clients join.
    fn joined_by(self, by: JoinBy) -> Self {
        let sockets = match by {
            JoinBy::Json => None,
            JoinBy::Websocket => Some(Sockets::new(self.api.url())),
        };
        Self { sockets, ..self }
    }

    /// The process and the way to its API, for other ways to join.
    pub fn into_parts(self) -> (Server, Api) {
        (self.server, self.api)
    }

    fn metrics(&self) -> Option<String> {
        let url = format!("http://{}/metrics", self.admin.as_deref()?);
        self.api.read(&url).ok()
    }

    /// The API, for features that only Sideroom has.
    pub fn api(&self) -> &Api {
        &self.api
    }
}

pub fn identity_of(client: u32) -> String {
    format!("client-{client}")
}

impl Target for Sideroom {
    fn name(&self) -> &str {
        "sideroom"
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError> {
        self.api.create_room(room, participants)
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let offer = self.dialer.offer(plan);
        let identity = identity_of(plan.client);
        let (participant, answer) = match &self.sockets {
            None => self.api.join(plan, &identity, &offer)?,
            Some(sockets) => sockets.join(&Offer {
                token: &self.api.client_token(plan, &identity)?,
                sdp: &offer,
                tracks: api::tracks_of(plan),
            })?,
        };
        let answer = Description::read(&answer)?;
        Ok(Joined {
            sends: negotiated(plan, &answer),
            setup: self.dialer.link(plan, answer)?,
            participant,
        })
    }

    fn publish(&self, room: &str, participant: &str, kinds: &[TrackKind]) -> Result<(), LoadError> {
        for kind in kinds {
            self.api.publish(room, participant, *kind)?;
        }
        Ok(())
    }

    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError> {
        self.api.leave(room, participant)?;
        if let Some(sockets) = &self.sockets {
            sockets.forget(participant);
        }
        Ok(())
    }

    fn workers(&self) -> Option<Vec<WorkerCounts>> {
        self.metrics().map(|page| workers::read(&page))
    }

    fn pacing(&self) -> Option<Pacing> {
        self.metrics().map(|page| workers::read_pacing(&page))
    }

    fn sideroom(&self) -> Option<&Api> {
        Some(&self.api)
    }
}
