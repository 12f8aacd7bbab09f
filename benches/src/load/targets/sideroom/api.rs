//! The JSON API of Sideroom, as far as the scenarios need it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use sideroom_route::TrackKind;

use crate::load::error::LoadError;
use crate::load::targets::http::Http;
use crate::load::targets::plan::JoinPlan;

/// How long tokens are good for.
const TOKEN_LIFE_S: u64 = 3_600;
/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the JSON API with an API key.
pub struct Api {
    http: Http,
    url: String,
    key_id: String,
    secret: String,
    bearer: String,
    requests: Arc<AtomicU64>,
    /// Where health is asked for, if it is known.
    admin: Option<String>,
    /// Makes request ids unique among runs against the same server.
    run: u64,
}

#[derive(Serialize)]
struct ApiClaims<'a> {
    aud: &'a str,
    exp: u64,
}

#[derive(Serialize)]
struct ClientClaims<'a> {
    aud: &'a str,
    room: &'a str,
    sub: &'a str,
    name: &'a str,
    role: &'a str,
    exp: u64,
}

impl Api {
    /// Calls `url` with tokens signed by this key.
    pub fn new(url: &str, key_id: &str, secret: &str) -> Result<Self, LoadError> {
        let mut api = Self {
            http: Http::new(PATIENCE),
            url: url.trim_end_matches('/').to_owned(),
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
            bearer: String::new(),
            requests: Arc::default(),
            admin: None,
            run: unix_time().as_micros() as u64,
        };
        let aud = "sideroom-api";
        let exp = unix_time().as_secs() + TOKEN_LIFE_S;
        api.bearer = api.sign(aud, &ApiClaims { aud, exp })?;
        Ok(api)
    }

    /// Health is asked for at this address.
    pub fn with_admin(self, admin: Option<String>) -> Self {
        Self { admin, ..self }
    }

    /// Opens another connection to the same API.
    pub fn reconnected(&self) -> Self {
        Self {
            http: Http::new(PATIENCE),
            url: self.url.clone(),
            key_id: self.key_id.clone(),
            secret: self.secret.clone(),
            bearer: self.bearer.clone(),
            requests: Arc::clone(&self.requests),
            admin: self.admin.clone(),
            run: self.run,
        }
    }

    /// Asks whether the server lives.
    pub fn check_health(&self) -> Result<(), LoadError> {
        match &self.admin {
            Some(admin) => self.http.read(&format!("http://{admin}/healthz")).map(drop),
            None => Ok(()),
        }
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, LoadError> {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.key_id.clone());
        header.typ = Some(kind.to_owned());
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        jsonwebtoken::encode(&header, claims, &key)
            .map_err(|error| LoadError::Answer(format!("no token could be signed: {error}")))
    }

    /// Calls a method with a fresh request id.
    pub fn call(&self, method: &str, mut body: Value) -> Result<Value, LoadError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        if let Value::Object(fields) = &mut body {
            let id = format!("load-{}-{number}", self.run);
            fields.insert("requestId".to_owned(), id.into());
        }
        self.ask(method, &body)
    }

    /// Calls a method that takes no request id.
    pub fn ask(&self, method: &str, body: &Value) -> Result<Value, LoadError> {
        let url = format!("{}/sideroom.v1.{method}", self.url);
        self.http.post_json(method, &url, body, Some(&self.bearer))
    }

    /// Reads a page that needs no key.
    pub fn read(&self, url: &str) -> Result<String, LoadError> {
        self.http.read(url)
    }

    /// Begins to watch a room: a connection that carries events as lines, over HTTP/1.0 so that there is no
    /// framing between them.
    pub fn watch(&self, room: &str) -> Result<TcpStream, LoadError> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        let body = json!({ "room": room }).to_string();
        let head = format!(
            "POST /sideroom.v1.EventService/Watch HTTP/1.0\r\nhost: {address}\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            self.bearer,
            body.len()
        );
        stream.write_all((head + &body).as_bytes())?;
        // The first byte of the answer comes when the watch has begun.
        stream.peek(&mut [0])?;
        Ok(stream)
    }

    /// The number of the last event of a room.
    pub fn seq(&self, room: &str) -> Result<u64, LoadError> {
        let answer = self.ask("RoomService/GetRoom", &json!({ "room": room }))?;
        let seq = answer.pointer("/room/seq").and_then(Value::as_str);
        Ok(seq.and_then(|seq| seq.parse().ok()).unwrap_or(0))
    }

    /// Makes a room, or begins anew with one of that name.
    pub fn create_room(&self, room: &str, participants: usize) -> Result<(), LoadError> {
        let _ = self.call("RoomService/DeleteRoom", json!({ "room": room }));
        // A node allows 1000 in a room unless its operator raises `limits.participants_per_room`.
        let most = (participants + 8).min(participants.max(1_000));
        let settings = json!({
            "maxParticipants": most,
            "maxActiveTalkers": 100,
            "maxBreakouts": 10,
        });
        let body = json!({ "room": room, "settings": settings });
        self.call("RoomService/CreateRoom", body).map(|_| ())
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn client_token(&self, plan: &JoinPlan, identity: &str) -> Result<String, LoadError> {
        let aud = "sideroom-client";
        let role = if plan.moderator {
            "moderator"
        } else {
            "participant"
        };
        self.sign(
            aud,
            &ClientClaims {
                aud,
                room: &plan.room,
                sub: identity,
                name: identity,
                role,
                exp: unix_time().as_secs() + TOKEN_LIFE_S,
            },
        )
    }

    /// Joins with a client token: the participant's id and the answer's SDP.
    pub fn join(
        &self,
        plan: &JoinPlan,
        identity: &str,
        offer: &str,
    ) -> Result<(String, String), LoadError> {
        let token = self.client_token(plan, identity)?;
        let body = json!({ "clientToken": token, "offer": offer, "tracks": tracks_of(plan) });
        let answer = self.call("ParticipantService/Join", body)?;
        Ok((text(&answer, "/participantId")?, text(&answer, "/sdp")?))
    }

    /// Publishes a track that the participant offered.
    pub fn publish(&self, room: &str, who: &str, kind: TrackKind) -> Result<(), LoadError> {
        let kinds = [kind_name(kind)];
        let body = json!({ "room": room, "participantId": who, "kinds": kinds });
        self.call("ParticipantService/Publish", body).map(|_| ())
    }

    /// A participant goes.
    pub fn leave(&self, room: &str, who: &str) -> Result<(), LoadError> {
        let body = json!({ "room": room, "participantId": who });
        self.call("ParticipantService/Leave", body).map(|_| ())
    }

    /// Makes breakouts that hold `places` people each, with audio and video, and gives their ids.
    pub fn create_breakouts(
        &self,
        room: &str,
        count: usize,
        places: usize,
    ) -> Result<Vec<String>, LoadError> {
        let definition = json!({ "maxRooms": count, "participants": places.to_string(),
            "media": { "audio": true, "screen": true, "canvas": true }, "selfSelect": true });
        let body = json!({ "room": room, "definition": definition });
        let answer = self.call("BreakoutService/CreateBreakouts", body)?;
        let made = answer.pointer("/breakouts").and_then(Value::as_array);
        let ids = made
            .into_iter()
            .flatten()
            .map(|breakout| text(breakout, "/id"));
        ids.collect()
    }

    /// Moves people, all in one epoch; `parent` is a group too.
    pub fn move_all(&self, room: &str, moves: &[(&str, &str)]) -> Result<(), LoadError> {
        let moves: Vec<_> = moves
            .iter()
            .map(|(who, to)| json!({ "participantId": who, "toGroupId": to }))
            .collect();
        let body = json!({ "room": room, "moves": moves });
        self.call("BreakoutService/MoveParticipants", body)
            .map(|_| ())
    }

    /// Sets the gate between everybody who is away and the parent.
    pub fn set_room_gate(&self, room: &str, change: (&str, bool)) -> Result<(), LoadError> {
        let mut body = BTreeMap::from([("room", json!(room))]);
        body.insert(change.0, json!(change.1));
        self.call("ParticipantService/SetRoomGate", json!(body))
            .map(|_| ())
    }

    /// Sets the parent's gate for those who join a breakout from now on.
    pub fn set_parent_while_away(&self, room: &str, live: bool) -> Result<(), LoadError> {
        let value = if live { "LIVE" } else { "PAUSED" };
        let settings = json!({ "parentWhileAway": format!("PARENT_WHILE_AWAY_{value}") });
        let body = json!({ "room": room, "settings": settings });
        self.call("BreakoutService/UpdateSettings", body)
            .map(|_| ())
    }
}

/// Track hints for each sending line of the offer.
pub fn tracks_of(plan: &JoinPlan) -> Value {
    let tracks = (0..).zip(&plan.sends).map(|(at, kind)| {
        let mid = crate::load::sdp::mid_of(at);
        json!({ "mid": mid, "kind": kind_name(*kind) })
    });
    tracks.collect()
}

fn text(answer: &Value, pointer: &str) -> Result<String, LoadError> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| LoadError::Answer(format!("it has no {pointer}: {answer}")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens end at a time of the calendar"
)]
fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// The name of a kind of track in the API.
pub fn kind_name(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Audio => "TRACK_KIND_AUDIO",
        TrackKind::Camera => "TRACK_KIND_CAMERA",
        TrackKind::Screen => "TRACK_KIND_SCREEN",
        TrackKind::Canvas => "TRACK_KIND_CANVAS",
    }
}
