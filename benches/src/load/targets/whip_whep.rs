//! Any server with WHIP (RFC 9725) and WHEP as a target: publishers post their offer to one address,
//! receivers to the other. Without addresses it drives Sideroom's own WHIP and WHEP.

use std::time::Duration;

use sideroom_route::TrackKind;

use super::http::{Http, resolve};
use super::link::{Dialer, negotiated};
use super::sideroom::{self, api::Api, identity_of};
use super::{JoinPlan, Joined, Target};
use crate::load::error::LoadError;
use crate::load::process::Process;
use crate::load::run_options::Common;
use crate::load::sdp::Description;
use crate::load::server::Server;

/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);
/// The placeholder for the room's name in an address.
const ROOM: &str = "{room}";

/// A server with both.
pub struct WhipWhep {
    server: Server,
    http: Http,
    dialer: Dialer,
    publish: String,
    watch: String,
    keys: Keys,
}

/// The proof that a client may join.
enum Keys {
    /// A token of its own.
    Sideroom(Box<Api>),
    /// One token for all clients, or none.
    Fixed(Option<String>),
}

impl WhipWhep {
    /// The server that the command line asks for.
    pub fn start(common: &Common) -> Result<Self, LoadError> {
        let http = Http::new(PATIENCE);
        let dialer = Dialer::new(common.profile)?;
        match (&common.whip_url, &common.whep_url) {
            (Some(publish), Some(watch)) => {
                let missing =
                    || LoadError::Server("with --whip-url, --server-pid is needed too".to_owned());
                Ok(Self {
                    server: Server::attach(common.server_pid.ok_or_else(missing)?)?,
                    http,
                    dialer: dialer.answering_checks(),
                    publish: publish.clone(),
                    watch: watch.clone(),
                    keys: Keys::Fixed(common.bearer.clone()),
                })
            }
            (None, None) => {
                let (server, api) = sideroom::start::start(common)?.into_parts();
                Ok(Self {
                    server,
                    http,
                    dialer,
                    publish: format!("{}/whip/{ROOM}", api.url()),
                    watch: format!("{}/whep/{ROOM}", api.url()),
                    keys: Keys::Sideroom(Box::new(api)),
                })
            }
            _ => Err(LoadError::Server(
                "--whip-url and --whep-url are needed both, or neither".to_owned(),
            )),
        }
    }

    fn bearer(&self, plan: &JoinPlan) -> Result<Option<String>, LoadError> {
        match &self.keys {
            Keys::Sideroom(api) => api.client_token(plan, &identity_of(plan.client)).map(Some),
            Keys::Fixed(bearer) => Ok(bearer.clone()),
        }
    }
}

impl Target for WhipWhep {
    fn name(&self) -> &str {
        match self.keys {
            Keys::Sideroom(_) => "sideroom over WHIP and WHEP",
            Keys::Fixed(_) => "whip-whep",
        }
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError> {
        match &self.keys {
            Keys::Sideroom(api) => api.create_room(room, participants),
            Keys::Fixed(_) => Ok(()),
        }
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let receives = plan.audio_slots + plan.video_slots > 0;
        let address = match (plan.sends.is_empty(), receives) {
            (false, true) => {
                return Err(LoadError::NotSupported {
                    target: self.name().to_owned(),
                    what: "clients that send and receive in one connection",
                });
            }
            (false, false) => &self.publish,
            (true, _) => &self.watch,
        };
        let url = address.replace(ROOM, &plan.room);
        let offer = self.dialer.offer(plan);
        let bearer = self.bearer(plan)?;
        let created = self.http.post_sdp(&url, &offer, bearer.as_deref())?;
        let answer = Description::read(&created.body)?;
        let location = created.location.unwrap_or_default();
        Ok(Joined {
            sends: negotiated(plan, &answer),
            setup: self.dialer.link(plan, answer)?,
            participant: resolve(&url, &location),
        })
    }

    fn publish(&self, _: &str, _: &str, _: &[TrackKind]) -> Result<(), LoadError> {
        Ok(())
    }

    fn leave(&self, _: &str, participant: &str) -> Result<(), LoadError> {
        let bearer = match &self.keys {
            Keys::Sideroom(_) => None,
            Keys::Fixed(bearer) => bearer.as_deref(),
        };
        self.http.delete(participant, bearer)
    }
}
