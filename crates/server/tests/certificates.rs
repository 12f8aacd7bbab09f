//! Client certificates of signaling servers: each that is named is an actor of its own, with scopes and limits;
//! names, files, keys and revocations are read again at SIGHUP, all or nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod callers;
mod running;

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};

use callers::{Authority, Caller, Status, dns, uri};
use rustix::process::Signal;
use serde_json::json;
use sideroom_rpc::auth::{ApiClaims, ApiKey, Keyring, Scope};
use sideroom_rpc::proto::{CreateRoomRequest, CreateTokenRequest, ListRoomsRequest, WatchRequest};

use running::{Client, Refused, Server};

const LIST: &str = "RoomService/ListRooms";
const OK: &str = "0";
const PERMISSION_DENIED: &str = "7";
const RATE_LIMITED: &str = "8";
const UNAUTHENTICATED: &str = "16";

/// A server that asks its callers for certificates, and what it logs.
struct Asking {
    authority: Authority,
    server: Server,
    log: BufReader<ChildStderr>,
}

/// The certificates that `configuration` names.
const NAMED: &str = r#"
    { id = "scheduler", name = "Scheduler.example.org", scopes = ["rooms", "tokens"] },
    { id = "viewer", name = "spiffe://example.org/viewer", scopes = ["rooms", "watch"] },
    { id = "pinned", fingerprint = "PINNED" },
"#;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

impl Asking {
    fn start(env: &[(&str, &str)]) -> Self {
        let authority = Authority::new();
        authority.sign("server", &[dns("localhost")], 1);
        authority.sign("scheduler", &[dns("scheduler.example.org")], 2);
        authority.sign("viewer", &[uri("spiffe://example.org/viewer")], 3);
        authority.sign("pinned", &[], 4);
        authority.sign("stranger", &[dns("stranger.example.org")], 5);
        authority.revoke("revoked.pem", &[]);
        configure(&authority, NAMED, SECRET);
        let mut command = Command::new(running::binary());
        command
            .args(["serve", "--workers", "1", "--store", "memory", "--config"])
            .arg(authority.path("sideroom.toml"))
            .env_clear()
            .env("SIDEROOM_MEDIA_BIND", "127.0.0.1")
            .stderr(Stdio::piped());
        let mut server = Server::start_as(&mut command, env);
        let log = BufReader::new(server.child.stderr.take().unwrap());
        Self {
            authority,
            server,
            log,
        }
    }

    async fn connect(&self, file: &str) -> Caller {
        let connected = self.try_connect(file).await;
        connected.unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    async fn try_connect(&self, file: &str) -> Result<Caller, String> {
        let address = &self.server.grpc;
        self.authority.connect(address, Some(file)).await
    }

    /// Asks the server to read everything again; what it logs then.
    fn reload(&mut self) -> String {
        self.server.signal(Signal::HUP);
        let lines = self.log.by_ref().lines().map(Result::unwrap);
        let mut found = lines.filter(|line| line.contains("SIGHUP: "));
        found.next().expect("the server goes on")
    }
}

fn configure(authority: &Authority, certificates: &str, secret: &str) {
    let path = |name: &str| authority.path(name).display().to_string();
    let certificates = certificates.replace("PINNED", &authority.fingerprint("pinned"));
    let text = format!(
        "[tls]\ncertificate_file = {:?}\nkey_file = {:?}\nclient_authority_file = {:?}\n\
         client_revocation_file = {:?}\n[auth]\ncertificates = [{}]\nkeys = [{{ id = \"app\", secret = {secret:?} }}]\n",
        path("server.pem"),
        path("server.key"),
        path("authority.pem"),
        path("revoked.pem"),
        certificates.replace('\n', " "),
    );
    authority.write("sideroom.toml", &text);
}

fn room(name: &str) -> CreateRoomRequest {
    CreateRoomRequest {
        room: name.into(),
        ..Default::default()
    }
}

async fn list(caller: &mut Caller, token: Option<&str>) -> Status {
    let request = ListRoomsRequest::default();
    caller.call(LIST, &request, token).await.unwrap()
}

fn token(secret: &str, scopes: Option<Vec<String>>) -> String {
    let key = ApiKey {
        id: "app".into(),
        secret: secret.into(),
        scopes: Scope::ALL.to_vec(),
    };
    let exp = sideroom::clock::unix_ms() / 1_000 + 3_600;
    let claims = ApiClaims {
        scopes,
        ..ApiClaims::new(exp)
    };
    Keyring::new([key])
        .unwrap()
        .mint_api("app", &claims)
        .unwrap()
}

#[tokio::test]
async fn a_named_certificate_opens_its_scopes_and_another_one_nothing() {
    let asking = Asking::start(&[]);
    let mut scheduler = asking.connect("scheduler").await;
    let math = room("math");
    let made = scheduler.call("RoomService/CreateRoom", &math, None);
    assert_eq!(made.await.unwrap().code, OK);
    let watch = WatchRequest {
        room: "math".into(),
        ..Default::default()
    };
    let refused = scheduler.call("EventService/Watch", &watch, None).await;
    let refused = refused.unwrap();
    assert_eq!(refused.code, PERMISSION_DENIED, "{refused:?}");
    let mut viewer = asking.connect("viewer").await;
    let mut watching = viewer
        .begin("EventService/Watch", &watch, None)
        .await
        .unwrap();
    watching.first().await;
    assert_eq!(
        list(&mut asking.connect("pinned").await, None).await.code,
        OK
    );

    let mut stranger = asking.connect("stranger").await;
    let refused = list(&mut stranger, None).await;
    assert_eq!(refused.code, UNAUTHENTICATED);
    let fingerprint = asking.authority.fingerprint("stranger");
    for words in [
        "auth.certificates",
        &fingerprint.replace(':', "").to_lowercase(),
    ] {
        assert!(refused.message.contains(words), "{words}: {refused:?}");
    }
    let nobody = asking.authority.connect(&asking.server.grpc, None).await;
    if let Ok(mut nobody) = nobody {
        // Over TLS 1.3 the refusal reaches a client with the first call.
        let request = ListRoomsRequest::default();
        assert!(nobody.call(LIST, &request, None).await.is_err());
    }
}

/// A caller that brings a token is held to it, whatever its certificate opens.
#[tokio::test]
async fn a_token_beside_a_certificate_decides() {
    let asking = Asking::start(&[]);
    let mut stranger = asking.connect("stranger").await;
    let good = token(SECRET, None);
    assert_eq!(list(&mut stranger, Some(&good)).await.code, OK);
    let mut pinned = asking.connect("pinned").await;
    let narrow = token(SECRET, Some(vec!["watch".into()]));
    assert_eq!(
        list(&mut pinned, Some(&narrow)).await.code,
        PERMISSION_DENIED
    );
    assert_eq!(
        list(&mut pinned, Some("forged")).await.code,
        UNAUTHENTICATED
    );
}

#[tokio::test]
async fn a_certificate_has_a_rate_of_its_own() {
    let asking = Asking::start(&[("SIDEROOM_LIMITS_REQUESTS_PER_S_PER_KEY", "1")]);
    let mut scheduler = asking.connect("scheduler").await;
    let mut codes = Vec::new();
    while !codes.contains(&RATE_LIMITED.to_owned()) && codes.len() < 1_000 {
        codes.push(list(&mut scheduler, None).await.code);
    }
    assert!(codes.contains(&RATE_LIMITED.to_owned()), "{codes:?}");
    assert_eq!(
        list(&mut asking.connect("pinned").await, None).await.code,
        OK
    );
}

/// A certificate has no secret to sign with: a key of the server signs, within the certificate's scopes.
#[tokio::test]
async fn a_certificate_with_the_scope_makes_client_tokens() {
    let asking = Asking::start(&[]);
    let request = CreateTokenRequest {
        room: "math".into(),
        identity: "ada".into(),
        ..Default::default()
    };
    let method = "ParticipantService/CreateToken";
    let mut scheduler = asking.connect("scheduler").await;
    assert_eq!(
        scheduler.call(method, &request, None).await.unwrap().code,
        OK
    );
    let mut viewer = asking.connect("viewer").await;
    let refused = viewer.call(method, &request, None).await.unwrap();
    assert_eq!(refused.code, PERMISSION_DENIED);
}

#[tokio::test]
async fn sighup_takes_a_certificate_and_a_key_away_and_ends_what_they_watch() {
    let mut asking = Asking::start(&[]);
    let mut viewer = asking.connect("viewer").await;
    let math = room("math");
    viewer
        .call("RoomService/CreateRoom", &math, None)
        .await
        .unwrap();
    let watch = WatchRequest {
        room: "math".into(),
        ..Default::default()
    };
    let mut of_certificate = viewer
        .begin("EventService/Watch", &watch, None)
        .await
        .unwrap();
    of_certificate.first().await;
    let old = token(SECRET, None);
    let mut of_key = viewer
        .begin("EventService/Watch", &watch, Some(&old))
        .await
        .unwrap();
    of_key.first().await;

    let other = "another secret of at least 32 bytes!";
    let without = r#"{ id = "pinned", fingerprint = "PINNED" }"#;
    configure(&asking.authority, without, other);
    let line = asking.reload();
    assert!(
        line.contains("keys and certificates were read again"),
        "{line}"
    );
    for watching in [of_certificate, of_key] {
        let ended = watching.status().await.unwrap();
        assert_eq!(ended.code, UNAUTHENTICATED, "{ended:?}");
    }
    // The connection of before is not who it was either.
    assert_eq!(list(&mut viewer, None).await.code, UNAUTHENTICATED);
    assert_eq!(list(&mut viewer, Some(&old)).await.code, UNAUTHENTICATED);
    assert_eq!(list(&mut viewer, Some(&token(other, None))).await.code, OK);
    assert_eq!(
        list(&mut asking.connect("pinned").await, None).await.code,
        OK
    );
}

#[tokio::test]
async fn sighup_reads_certificates_and_revocations_again() {
    let mut asking = Asking::start(&[]);
    let mut scheduler = asking.connect("scheduler").await;
    let mut pinned = asking.connect("pinned").await;
    assert_eq!(list(&mut scheduler, None).await.code, OK);
    let before = pinned.server.clone();

    asking.authority.sign("server", &[dns("localhost")], 6);
    asking.authority.revoke("revoked.pem", &[2]);
    let line = asking.reload();
    assert!(
        line.contains("keys and certificates were read again"),
        "{line}"
    );
    scheduler.ended.await.unwrap();
    if let Ok(mut again) = asking.try_connect("scheduler").await {
        let request = ListRoomsRequest::default();
        assert!(again.call(LIST, &request, None).await.is_err());
    }
    assert_eq!(list(&mut pinned, None).await.code, OK);
    let after = asking.connect("pinned").await.server;
    assert_ne!(before, after, "new connections see the new certificate");
}

#[tokio::test]
async fn a_wrong_file_changes_nothing_and_is_named() {
    let mut asking = Asking::start(&[]);
    let mut viewer = asking.connect("viewer").await;
    let sound = std::fs::read_to_string(asking.authority.path("sideroom.toml")).unwrap();
    let other = "another secret of at least 32 bytes!";
    let broken_files = [
        ("server.key", "tls.key_file"),
        ("authority.pem", "tls.client_authority_file"),
        ("revoked.pem", "tls.client_revocation_file"),
    ];
    for (file, named) in broken_files {
        let path = asking.authority.path(file);
        let kept = std::fs::read_to_string(&path).unwrap();
        configure(
            &asking.authority,
            r#"{ id = "pinned", fingerprint = "PINNED" }"#,
            other,
        );
        asking.authority.write(file, "not PEM");
        let line = asking.reload();
        assert!(
            line.contains("nothing has changed") && line.contains(named),
            "{line}"
        );
        asking.authority.write(file, &kept);
    }
    for (from, to, named) in [
        (
            "fingerprint = \"",
            "fingerprint = \"00",
            "auth.certificates: the fingerprint",
        ),
        ("\"watch\"", "\"wach\"", "unknown scope `wach`"),
        ("id = \"viewer\"", "id = \"app\"", "auth.certificates.id"),
        ("[auth]", "[auht]", "did you mean"),
    ] {
        let broken = sound.replace(from, to).replace(SECRET, other);
        asking.authority.write("sideroom.toml", &broken);
        let line = asking.reload();
        assert!(
            line.contains("nothing has changed") && line.contains(named),
            "{line}"
        );
    }
    assert_eq!(list(&mut viewer, None).await.code, OK);
    assert_eq!(
        list(&mut asking.connect("viewer").await, None).await.code,
        OK
    );
    assert_eq!(list(&mut viewer, Some(&token(SECRET, None))).await.code, OK);
    let metrics = asking.server.metrics();
    let refused = "sideroom_config_reloads_total{outcome=\"refused\"} 7";
    assert!(metrics.contains(refused), "{metrics}");
}

/// Without certificates as well: keys of a plain server are rotated without a restart.
#[test]
fn sighup_rotates_keys_and_says_what_waits_for_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sideroom.toml");
    let write = |secret: &str, rooms: u32| {
        let text = format!(
            "[auth]\nkeys = [{{ id = \"app\", secret = {secret:?} }}]\n[limits]\nrooms = {rooms}\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    write(SECRET, 10);
    let mut command = Command::new(running::binary());
    command
        .args(["serve", "--workers", "1", "--store", "memory", "--config"])
        .arg(&path)
        .env_clear()
        .env("SIDEROOM_MEDIA_BIND", "127.0.0.1")
        .stderr(Stdio::piped());
    let mut server = Server::start_as(&mut command, &[]);
    let mut log = BufReader::new(server.child.stderr.take().unwrap()).lines();
    let mut client = Client::with_token(&server.http, token(SECRET, None));
    client.must("RoomService/CreateRoom", json!({ "room": "math" }));

    let other = "another secret of at least 32 bytes!";
    write(other, 20);
    server.signal(Signal::HUP);
    let mut said = || {
        log.find(|line| line.as_ref().unwrap().contains("SIGHUP"))
            .unwrap()
            .unwrap()
    };
    assert!(said().contains("keys and certificates were read again"));
    let waits = said();
    assert!(
        waits.contains("wait for a restart") && waits.contains("limits"),
        "{waits}"
    );
    let refused = client.ask("RoomService/GetRoom", &json!({ "room": "math" }));
    assert!(
        matches!(refused, Err(Refused::Status(401, _))),
        "{refused:?}"
    );
    let mut client = Client::with_token(&server.http, token(other, None));
    client.must("RoomService/GetRoom", json!({ "room": "math" }));
}
