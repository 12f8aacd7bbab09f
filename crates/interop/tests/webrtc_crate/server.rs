//! The real server on free ports of the loopback interface, and its JSON API.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sideroom::config::{ApiKey, Config};
use sideroom::health::Health;
use sideroom::listen::descriptors::Budget;
use sideroom::serve::ServerParts;
use sideroom::shutdown::{Phase, Shutdown};
use sideroom::store::{Journal, MemoryStore};
use sideroom_route::WorkerId;
use sideroom_rpc::auth::{ApiClaims, ClientClaims, Keyring, Keys, RoleClaim};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::PATIENCE;

pub(crate) const ROOM: &str = "meeting";
pub(crate) const PARENT: &str = "parent";
const KEY: &str = "app";

/// A running server with one room.
pub(crate) struct Server {
    url: String,
    keyring: Arc<Keyring>,
    bearer: String,
    shutdown: Shutdown,
    pub(crate) health: Health,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_on(Journal::new(Arc::new(MemoryStore::new()))).await
    }

    /// The same with a store of the caller's.
    pub(crate) async fn start_on(journal: Journal) -> Self {
        let mut config = Config::default();
        let loopback = "127.0.0.1".parse().unwrap();
        // Participants are served by two workers in turns, so media cross between them.
        config.node.workers = 2;
        config.node.spread_above = 1;
        config.media.bind = loopback;
        config.media.first_port = 0;
        config.auth.keys.push(ApiKey {
            id: KEY.to_owned(),
            secret: "0123456789abcdef0123456789abcdef".to_owned(),
            ..ApiKey::default()
        });
        let keys = Keys::new(config.keyring().unwrap());
        let keyring = keys.current();
        let http = TcpListener::bind((loopback, 0)).await.unwrap();
        let url = format!("http://{}", http.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let health = Health::new(shutdown.clone(), journal.clone());
        let launch = ServerParts {
            config: Arc::new(config),
            dev: false,
            keys,
            webhooks: None,
            desk: sideroom::webhooks::StartedWebhooks::default(),
            health: health.clone(),
            journal,
            shutdown: shutdown.clone(),
            budget: Budget::share(1_024, 1, 500),
            http,
            grpc: TcpListener::bind((loopback, 0)).await.unwrap(),
            tls: None,
            cluster: None,
        };
        let running = shutdown.reached(Phase::Running);
        tokio::spawn(async { sideroom::app::run(launch).await.unwrap() });
        running.await;
        let bearer = keyring
            .mint_api(KEY, &ApiClaims::new(in_an_hour()))
            .unwrap();
        let server = Self {
            url,
            keyring,
            bearer,
            shutdown,
            health,
        };
        server.call("RoomService/CreateRoom", json!({})).await;
        server
    }

    /// Calls a method about the room that must succeed.
    pub(crate) async fn call(&self, method: &'static str, body: Value) -> Value {
        let (status, answer) = self.ask(method, body).await;
        assert_eq!(status, 200, "{method}: {answer}");
        answer
    }

    /// Calls a method about the room: the status and the body of the answer.
    pub(crate) async fn ask(&self, method: &'static str, mut body: Value) -> (u16, Value) {
        body["room"] = ROOM.into();
        let url = format!("{}/sideroom.v1.{method}", self.url);
        let bearer = format!("Bearer {}", self.bearer);
        let calling = spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(PATIENCE))
                .build()
                .into();
            let request = agent
                .post(url)
                .header("authorization", bearer)
                .header("content-type", "application/json");
            let mut answer = request.send(body.to_string()).unwrap();
            let text = answer.body_mut().read_to_string().unwrap();
            let body = serde_json::from_str(&text).unwrap();
            (answer.status().as_u16(), body)
        });
        calling.await.unwrap()
    }

    /// Joins with an offer: the participant's id and the answer.
    pub(crate) async fn join(&self, identity: &str, offer: &str) -> (String, String) {
        let claims = ClientClaims::new(ROOM, identity, RoleClaim::Participant, in_an_hour());
        let token = self.keyring.mint_client(KEY, &claims).unwrap();
        let body = json!({ "clientToken": token, "offer": offer });
        let answer = self.call("ParticipantService/Join", body).await;
        (text(&answer["participantId"]), text(&answer["sdp"]))
    }

    /// A breakout that both media flow in.
    pub(crate) async fn create_breakout(&self) -> String {
        let definition = json!({ "maxRooms": 1, "participants": "4", "media": { "audio": true, "camera": true } });
        let body = json!({ "definition": definition });
        let made = self.call("BreakoutService/CreateBreakouts", body).await;
        text(&made["breakouts"][0]["id"])
    }

    /// Panics the thread of a worker.
    pub(crate) fn panic_worker(&self, worker: u16) {
        assert!(self.health.panic_worker(WorkerId(worker)));
    }

    /// The connection of every participant, by identity.
    pub(crate) async fn connections(&self) -> BTreeMap<String, String> {
        let room = self.call("RoomService/GetRoom", json!({})).await;
        let participants = room["room"]["participants"].as_array().expect("a list");
        let each = participants.iter();
        each.map(|one| (text(&one["identity"]), text(&one["connection"])))
            .collect()
    }

    /// Moves a participant; when this returns, the media plane has obeyed.
    pub(crate) async fn move_to(&self, participant: &str, group: &str) {
        let moves = json!([{ "participantId": participant, "toGroupId": group }]);
        self.call(
            "BreakoutService/MoveParticipants",
            json!({ "moves": moves }),
        )
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.advance(Phase::Draining);
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn in_an_hour() -> u64 {
    sideroom::clock::unix_ms() / 1_000 + 3_600
}
