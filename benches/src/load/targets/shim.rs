//! Any other server as a target, by a small program that stands before it and speaks five JSON requests:
//! `benches/README.md` describes them.

use std::time::Duration;

use serde_json::{Value, json};
use sideroom_route::TrackKind;

use super::http::Http;
use super::link::{Dialer, negotiated};
use super::{JoinPlan, Joined, Target};
use crate::load::error::LoadError;
use crate::load::process::Process;
use crate::load::run_options::Common;
use crate::load::sdp::Description;
use crate::load::server::Server;
use crate::profile::Profile;

/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server behind a shim.
pub struct Shim {
    server: Server,
    http: Http,
    dialer: Dialer,
    url: String,
}

impl Shim {
    /// The shim that the command line names; the cost is that of the server behind it.
    pub fn start(common: &Common) -> Result<Self, LoadError> {
        let missing = |what: &str| LoadError::Server(format!("a shim needs {what}"));
        let url = common.url.as_deref().ok_or_else(|| missing("--url"))?;
        let pid = common.server_pid.ok_or_else(|| missing("--server-pid"))?;
        Self::new(url, Server::attach(pid)?, common.profile)
    }

    /// A shim at `url` before `server`.
    pub fn new(url: &str, server: Server, profile: Profile) -> Result<Self, LoadError> {
        Ok(Self {
            server,
            http: Http::new(PATIENCE),
            dialer: Dialer::new(profile)?.answering_checks(),
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    fn post(&self, request: &str, body: &Value) -> Result<Value, LoadError> {
        let url = format!("{}/{request}", self.url);
        self.http.post_json(request, &url, body, None)
    }
}

impl Target for Shim {
    fn name(&self) -> &str {
        "shim"
    }

    fn process(&self) -> &Process {
        self.server.process()
    }

    fn open_room(&self, room: &str, participants: usize) -> Result<(), LoadError> {
        let body = json!({ "room": room, "participants": participants });
        self.post("open", &body).map(|_| ())
    }

    fn join(&self, plan: &JoinPlan) -> Result<Joined, LoadError> {
        let body = json!({
            "room": plan.room,
            "client": plan.client,
            "publish": names(&plan.sends),
            "receive": { "audio": plan.audio_slots, "video": plan.video_slots },
            "offer": self.dialer.offer(plan),
        });
        let joined = self.post("join", &body)?;
        let text = |name: &str| joined.get(name).and_then(Value::as_str);
        let participant = text("participant").unwrap_or_default().to_owned();
        let missing = || LoadError::Answer(format!("it has no answer and no offer: {joined}"));
        if let Some(answer) = text("answer") {
            let answer = Description::read(answer)?;
            return Ok(Joined {
                sends: negotiated(plan, &answer),
                setup: self.dialer.link(plan, answer)?,
                participant,
            });
        }
        let offer = Description::read(text("offer").ok_or_else(missing)?)?;
        let answer = self.dialer.answer(plan, &offer);
        let body = json!({ "room": plan.room, "participant": participant, "answer": answer });
        self.post("answer", &body)?;
        Ok(Joined {
            sends: Vec::new(),
            setup: self.dialer.link(plan, offer)?,
            participant,
        })
    }

    fn publish(&self, room: &str, participant: &str, kinds: &[TrackKind]) -> Result<(), LoadError> {
        let body = json!({ "room": room, "participant": participant, "publish": names(kinds) });
        self.post("publish", &body).map(|_| ())
    }

    fn leave(&self, room: &str, participant: &str) -> Result<(), LoadError> {
        let body = json!({ "room": room, "participant": participant });
        self.post("leave", &body).map(|_| ())
    }
}

fn names(kinds: &[TrackKind]) -> Vec<&'static str> {
    let names = kinds.iter().map(|kind| match kind {
        TrackKind::Audio => "audio",
        TrackKind::Camera => "camera",
        TrackKind::Screen => "screen",
        TrackKind::Canvas => "canvas",
    });
    names.collect()
}
