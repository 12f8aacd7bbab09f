//! Starts a server on a free port, and clients that call the server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sideroom_rpc::{
    Api, RpcConfig,
    auth::{ApiClaims, ApiKey, ClientClaims, GrantClaims, Keyring, RoleClaim, Scope},
};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, protocol::CloseFrame},
};

use crate::fake::Fake;

/// Two microphone and camera lines, three slots.
pub(crate) const OFFER: &str = "v=0\r\nm=audio 9\r\na=sendonly\r\nm=video 9\r\na=sendonly\r\n\
    m=video 9\r\na=sendonly\r\nm=audio 9\r\na=recvonly\r\nm=audio 9\r\na=recvonly\r\n\
    m=video 9\r\na=recvonly\r\n";

pub(crate) fn hints() -> Value {
    json!([
        { "mid": "0", "kind": "TRACK_KIND_AUDIO" },
        { "mid": "1", "kind": "TRACK_KIND_CAMERA" },
        { "mid": "2", "kind": "TRACK_KIND_SCREEN" },
    ])
}

pub(crate) struct Server {
    pub(crate) backend: Arc<Fake>,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) health: sideroom_rpc::Health,
    client: reqwest::Client,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub(crate) fn keys() -> Vec<ApiKey> {
    let key = |id: &str, scopes: &[Scope]| ApiKey {
        id: id.into(),
        secret: format!("{id:=<32}"),
        scopes: scopes.to_vec(),
    };
    vec![key("main", &Scope::ALL), key("next", &Scope::ALL)]
}

pub(crate) fn unix_s() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed();
    since.unwrap().as_secs()
}

pub(crate) fn api_token(scopes: Option<&[&str]>) -> String {
    let mut claims = ApiClaims::new(unix_s() + 600);
    claims.scopes = scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect());
    Keyring::new(keys())
        .unwrap()
        .mint_api("main", &claims)
        .unwrap()
}

pub(crate) fn client_token(room: &str, identity: &str, role: RoleClaim) -> String {
    client_token_with(room, identity, role, None)
}

pub(crate) fn client_token_with(
    room: &str,
    identity: &str,
    role: RoleClaim,
    grants: Option<GrantClaims>,
) -> String {
    let mut claims = ClientClaims::new(room, identity, role, unix_s() + 600);
    claims.grants = grants;
    Keyring::new(keys())
        .unwrap()
        .mint_client("main", &claims)
        .unwrap()
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(RpcConfig::default()).await
    }

    pub(crate) async fn with(config: RpcConfig) -> Self {
        let backend = Arc::new(Fake::new());
        let config = RpcConfig {
            keys: keys(),
            ..config
        };
        let api = Api::new(backend.clone(), config).unwrap();
        let (grpc, health) = sideroom_rpc::grpc(&api);
        let (http, serving) = serve(sideroom_rpc::router(api)).await;
        let (grpc, serving_too) = serve(grpc).await;
        Self {
            backend,
            http,
            grpc,
            health,
            client: reqwest::Client::new(),
            tasks: vec![serving, serving_too],
        }
    }

    /// Like [`Server::start`], with a room `math`.
    pub(crate) async fn with_room() -> Self {
        let server = Self::start().await;
        server
            .operator("RoomService/CreateRoom", json!({ "room": "math" }))
            .await;
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.http)
    }

    /// Calls a method; status and body.
    pub(crate) async fn call(
        &self,
        token: Option<&str>,
        method: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let mut request = self
            .client
            .post(self.url(&format!("sideroom.v1.{method}")))
            .body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Calls a method as the signaling server; it must succeed.
    pub(crate) async fn operator(&self, method: &str, body: Value) -> Value {
        let (status, answer) = self
            .call(Some(&api_token(None)), method, body.to_string())
            .await;
        assert_eq!(status, 200, "{method} {body} {answer}");
        answer
    }

    /// Calls a method as the signaling server; it must fail with this reason.
    pub(crate) async fn refused(&self, method: &str, body: Value) -> Value {
        let (status, answer) = self
            .call(Some(&api_token(None)), method, body.to_string())
            .await;
        assert_ne!(status, 200, "{method} {body} {answer}");
        answer["error"].clone()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) async fn socket(&self) -> Socket {
        let url = format!("ws://{}/v1/ws", self.http);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Socket {
            socket,
            set_aside: Vec::new(),
            requests: 0,
        }
    }

    /// A client that has joined `math` on a socket, publishing sound.
    pub(crate) async fn join(&self, identity: &str, role: RoleClaim) -> Client {
        self.join_with(client_token("math", identity, role)).await
    }

    pub(crate) async fn join_with(&self, token: String) -> Client {
        let mut socket = self.socket().await;
        let join = json!({ "type": "join", "requestId": token.len().to_string() + &token[token.len() - 20..],
            "token": token, "offer": OFFER, "tracks": hints() });
        socket.send(join).await;
        let joined = socket.expect("joined").await;
        Client {
            id: joined["participantId"].as_str().unwrap().to_owned(),
            socket,
            joined,
        }
    }
}

async fn serve(router: axum::Router) -> (SocketAddr, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (address, task)
}

/// One browser's socket.
pub(crate) struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    set_aside: Vec<Value>,
    requests: u32,
}

/// A socket that has joined.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) socket: Socket,
    pub(crate) joined: Value,
}

/// Every step is quick; a test fails if it waits longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

impl Socket {
    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    async fn read(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.socket.next())
            .await
            .expect("nothing came")
            .and_then(Result::ok)
    }

    /// The next message that `wanted` picks; others are kept for later.
    pub(crate) async fn find(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.set_aside.iter().position(&wanted) {
            return self.set_aside.remove(at);
        }
        loop {
            let Some(message) = self.read().await else {
                panic!("the socket ended before {what}, after {:?}", self.set_aside);
            };
            let Message::Text(text) = message else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            if wanted(&message) {
                return message;
            }
            self.set_aside.push(message);
        }
    }

    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        self.find(kind, |message| message["type"] == kind).await
    }

    /// The payload of the next event of this type.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let message = self
            .find(kind, |message| {
                message["type"] == "event" && message["event"]["type"] == kind
            })
            .await;
        message["event"][kind].clone()
    }

    /// The whole next event of this type.
    pub(crate) async fn whole_event(&mut self, kind: &str) -> Value {
        let message = self
            .find(kind, |message| {
                message["type"] == "event" && message["event"]["type"] == kind
            })
            .await;
        message["event"].clone()
    }

    /// Sends a command, and returns the answer or the error.
    pub(crate) async fn ask(&mut self, method: &str, body: Value) -> Value {
        self.requests += 1;
        let id = format!("r{}", self.requests);
        self.send(json!({ "type": "command", "requestId": id, "method": method, "body": body }))
            .await;
        self.find(method, |message| message["requestId"] == id.as_str())
            .await
    }

    /// Sends a command that must succeed.
    pub(crate) async fn command(&mut self, method: &str, body: Value) -> Value {
        let answer = self.ask(method, body.clone()).await;
        assert_eq!(answer["type"], "result", "{method} {body} {answer}");
        answer["body"].clone()
    }

    /// Sends a command that must fail with this reason.
    pub(crate) async fn fails(&mut self, method: &str, body: Value, reason: &str) -> Value {
        let answer = self.ask(method, body.clone()).await;
        assert_eq!(answer["reason"], reason, "{method} {body} {answer}");
        answer
    }

    /// Reads to the end; the last message and the close code.
    pub(crate) async fn end(mut self) -> (Option<Value>, Option<u16>) {
        let mut last = self.set_aside.pop();
        while let Some(message) = self.read().await {
            match message {
                Message::Text(text) => last = Some(serde_json::from_str(&text).unwrap()),
                Message::Close(Some(CloseFrame { code, .. })) => return (last, Some(code.into())),
                Message::Close(None) => break,
                _ => {}
            }
        }
        (last, None)
    }

    /// True if nothing is heard while the server answers something else.
    pub(crate) async fn is_silent_about(&mut self, kind: &str) -> bool {
        self.send(json!({ "type": "ping", "id": "silence" })).await;
        self.find("pong", |message| message["id"] == "silence")
            .await;
        !self
            .set_aside
            .iter()
            .any(|message| message["type"] == kind || message["event"]["type"] == kind)
    }
}
