//! WHIP and WHEP: one request in, one address out, and deleting it leaves.

use reqwest::{Method, Response};
use serde_json::json;
use sideroom_rpc::auth::RoleClaim;

use crate::harness::{OFFER, Server, api_token, client_token};

async fn send(
    server: &Server,
    method: Method,
    path: &str,
    token: Option<&str>,
    sdp: Option<&'static str>,
) -> Response {
    let mut request = server
        .http()
        .request(method, server.url(path.trim_start_matches('/')));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(sdp) = sdp {
        request = request.header("content-type", "application/sdp").body(sdp);
    }
    request.send().await.unwrap()
}

fn identities(room: &serde_json::Value) -> Vec<String> {
    let people = room["room"]["participants"].as_array().unwrap().iter();
    people
        .map(|one| one["identity"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_encoder_publishes_and_leaves() {
    let server = Server::with_room().await;
    let token = client_token("math", "obs", RoleClaim::Participant);
    let made = send(
        &server,
        Method::POST,
        "whip/math",
        Some(&token),
        Some(OFFER),
    )
    .await;
    assert_eq!(made.status(), 201);
    assert_eq!(made.headers()["content-type"], "application/sdp");
    assert!(
        made.headers().contains_key("content-length"),
        "ffmpeg wants one"
    );
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/whip/math/"));
    assert!(made.text().await.unwrap().starts_with("v=0"));

    let get = || server.operator("RoomService/GetRoom", json!({ "room": "math" }));
    let room = get().await;
    assert_eq!(identities(&room), ["obs/whip"]);
    let tracks = room["room"]["participants"][0]["tracks"]
        .as_array()
        .unwrap()
        .len();
    assert!(tracks >= 2, "it publishes what it offers");

    // An encoder that comes back has its place again.
    let again = send(
        &server,
        Method::POST,
        "whip/math",
        Some(&token),
        Some(OFFER),
    )
    .await;
    assert_eq!(again.status(), 201);
    assert_eq!(identities(&get().await), ["obs/whip"]);

    let gone = send(&server, Method::DELETE, &location, Some(&token), None).await;
    assert_eq!(gone.status(), 200);
    assert!(get().await["room"].get("participants").is_none());
    let twice = send(&server, Method::DELETE, &location, Some(&token), None).await;
    assert_eq!(twice.status(), 404);
}

#[tokio::test]
async fn many_watch_with_one_token_and_publish_nothing() {
    let server = Server::with_room().await;
    let token = client_token("math", "wall", RoleClaim::Participant);
    for _ in 0..2 {
        let made = send(
            &server,
            Method::POST,
            "whep/math",
            Some(&token),
            Some(OFFER),
        )
        .await;
        assert_eq!(made.status(), 201);
        assert!(
            made.headers()["location"]
                .to_str()
                .unwrap()
                .starts_with("/whep/math/")
        );
    }
    let room = server
        .operator("RoomService/GetRoom", json!({ "room": "math" }))
        .await;
    let names = identities(&room);
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| name.starts_with("wall/whep-")));
    let first = &room["room"]["participants"][0];
    assert!(first.get("tracks").is_none() && first["grants"].get("publish").is_none());
}

#[tokio::test]
async fn a_breakout_is_published_into_with_the_rights_of_the_token() {
    let server = Server::with_room().await;
    let definition = json!({ "maxRooms": 1, "participants": 3, "media": { "audio": true, "screen": true, "camera": true } });
    let create = json!({ "room": "math", "definition": definition });
    server
        .operator("BreakoutService/CreateBreakouts", create)
        .await;
    let stranger = client_token("math", "cam", RoleClaim::Participant);
    let before = server.backend.state("math");
    let refused = send(
        &server,
        Method::POST,
        "whip/math?group=b1",
        Some(&stranger),
        Some(OFFER),
    )
    .await;
    assert_eq!(refused.status(), 403);
    let room = server
        .operator("RoomService/GetRoom", json!({ "room": "math" }))
        .await;
    assert!(
        room["room"].get("participants").is_none(),
        "the join was taken back"
    );
    assert_ne!(server.backend.state("math"), before);
    let trusted = client_token("math", "cam", RoleClaim::Moderator);
    let made = send(
        &server,
        Method::POST,
        "whip/math?group=b1",
        Some(&trusted),
        Some(OFFER),
    )
    .await;
    assert_eq!(made.status(), 201);
    let room = server
        .operator("RoomService/GetRoom", json!({ "room": "math" }))
        .await;
    assert_eq!(room["room"]["participants"][0]["groupId"], "b1");
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_and_changes_nothing() {
    let server = Server::with_room().await;
    let token = client_token("math", "obs", RoleClaim::Participant);
    let other = client_token("other", "obs", RoleClaim::Moderator);
    let api = api_token(None);
    let before = server.backend.state("math");
    for way in ["whip/math", "whep/math"] {
        for (token, sdp, status) in [
            (None, Some(OFFER), 401),
            (Some("nonsense"), Some(OFFER), 401),
            (Some(other.as_str()), Some(OFFER), 403),
            (Some(api.as_str()), Some(OFFER), 403),
            (Some(token.as_str()), Some("what?"), 400),
            (Some(token.as_str()), None, 415),
        ] {
            let answer = send(&server, Method::POST, way, token, sdp).await;
            assert_eq!(answer.status(), status, "{way}");
        }
        let answer = send(&server, Method::GET, way, Some(&token), None).await;
        assert_eq!(answer.status(), 405);
    }
    let unknown = send(
        &server,
        Method::DELETE,
        "whip/math/guess",
        Some(&token),
        None,
    )
    .await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(server.backend.state("math"), before);
}

#[tokio::test]
async fn candidates_are_taken_and_restarts_are_not() {
    let server = Server::with_room().await;
    let token = client_token("math", "obs", RoleClaim::Participant);
    let made = send(
        &server,
        Method::POST,
        "whip/math",
        Some(&token),
        Some(OFFER),
    )
    .await;
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let patch = |body: &'static str| {
        let url = server.url(location.trim_start_matches('/'));
        let request = server.http().patch(url).bearer_auth(&token);
        request
            .header("content-type", "application/trickle-ice-sdpfrag")
            .body(body)
            .send()
    };
    let candidate = patch("a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n").await;
    assert_eq!(candidate.unwrap().status(), 204);
    let restart = patch("a=ice-ufrag:new\r\na=ice-pwd:secret\r\n").await;
    assert_eq!(restart.unwrap().status(), 501);
}

#[tokio::test]
async fn a_session_is_deleted_by_its_owner_only() {
    let server = Server::with_room().await;
    let [ann, bob] = ["ann", "bob"].map(|who| client_token("math", who, RoleClaim::Moderator));
    for way in ["whip/math", "whep/math"] {
        let made = send(&server, Method::POST, way, Some(&ann), Some(OFFER)).await;
        let location = made.headers()["location"].to_str().unwrap().to_owned();
        for (token, status) in [(None, 401), (Some(bob.as_str()), 403)] {
            for method in [Method::DELETE, Method::PATCH] {
                let refused = send(&server, method, &location, token, None).await;
                assert_eq!(refused.status(), status, "{way}");
            }
        }
        let room = json!({ "room": "math" });
        let room = server.operator("RoomService/GetRoom", room).await;
        assert_eq!(identities(&room).len(), 1, "{way}");
        let gone = send(&server, Method::DELETE, &location, Some(&ann), None).await;
        assert_eq!(gone.status(), 200, "{way}");
    }
}
