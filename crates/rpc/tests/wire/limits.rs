//! Rates and bounds, and features for development only.

use serde_json::{Value, json};
use sideroom_rpc::{
    RpcConfig,
    auth::RoleClaim,
    limit::{Rate, Rates},
    proto::{GetRoomRequest, room_service_client::RoomServiceClient},
    proxies::Proxies,
};
use tonic::{Code, Request, transport::Channel};

use tokio_tungstenite::tungstenite::Error;

use crate::harness::{Server, api_token, client_token};

async fn slow_server(rates: impl FnOnce(&mut Rates)) -> Server {
    let mut config = RpcConfig::default();
    rates(&mut config.rates);
    Server::with(config).await
}

#[tokio::test]
async fn a_key_that_calls_too_often_has_to_wait() {
    let server = slow_server(|rates| rates.key = Rate::new(0.001, 3.0)).await;
    for _ in 0..3 {
        server.operator("RoomService/ListRooms", json!({})).await;
    }
    let error = server.refused("RoomService/ListRooms", json!({})).await;
    assert_eq!(error["reason"], "RateLimited");
    assert!(error["retryAfterMs"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_down_and_others_are_not() {
    let server = slow_server(|rates| rates.address = Rate::new(0.001, 5.0)).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(
            server
                .call(Some("guess"), "RoomService/ListRooms", "{}")
                .await
                .0,
        );
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    server.operator("RoomService/ListRooms", json!({})).await;
}

#[tokio::test]
async fn a_socket_that_sends_too_much_is_told_then_closed() {
    let server = slow_server(|rates| rates.client = Rate::new(0.001, 5.0)).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    let mut ann = server.join("ann", RoleClaim::Participant).await;
    let text = json!({ "text": "hi" });
    for _ in 0..5 {
        ann.socket
            .command("RoomService/SendMessage", text.clone())
            .await;
    }
    ann.socket
        .fails("RoomService/SendMessage", text, "RateLimited")
        .await;
    for _ in 0..210 {
        ann.socket.send(json!({ "type": "ping" })).await;
    }
    let (last, code) = ann.socket.end().await;
    assert_eq!(
        (&last.unwrap()["reason"], code),
        (&json!("RateLimited"), Some(4008))
    );
}

#[tokio::test]
async fn sockets_and_watches_are_bounded() {
    let config = RpcConfig {
        max_sockets: 1,
        max_watches: 1,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    let _held = server.join("ann", RoleClaim::Participant).await;
    let url = format!("ws://{}/v1/ws", server.http);
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
    let watch = json!({ "room": "math" });
    let mut held = crate::watcher::Watcher::start(&server, &api_token(None), watch.clone()).await;
    held.next().await;
    let (status, answer) = server
        .call(
            Some(&api_token(None)),
            "EventService/Watch",
            watch.to_string(),
        )
        .await;
    assert_eq!(
        (status, &answer["error"]["reason"]),
        (429, &json!("LimitReached"))
    );
}

#[tokio::test]
async fn waiting_sockets_are_counted_by_address_before_the_upgrade() {
    let config = RpcConfig {
        max_waiting_sockets_per_address: 2,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    let url = format!("ws://{}/v1/ws", server.http);
    // Those who have joined wait no longer.
    let _joined = [
        server.join("ann", RoleClaim::Participant).await,
        server.join("bob", RoleClaim::Participant).await,
        server.join("eve", RoleClaim::Participant).await,
    ];
    let waiting = [server.socket().await, server.socket().await];
    let refused = tokio_tungstenite::connect_async(&url).await;
    let Err(Error::Http(response)) = refused else {
        panic!("a third one was taken");
    };
    assert_eq!(response.status(), 429);
    assert!(response.headers().contains_key("retry-after"));
    // One that is gone makes room.
    let [first, _second] = waiting;
    drop(first);
    while tokio_tungstenite::connect_async(&url).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn when_too_many_wait_the_oldest_makes_way() {
    let config = RpcConfig {
        max_waiting_sockets: 2,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let first = server.socket().await;
    let _others = [server.socket().await, server.socket().await];
    assert_eq!(first.end().await, (None, None));
}

#[tokio::test]
async fn a_socket_that_nobody_joins_on_is_closed() {
    let config = RpcConfig {
        join_within: std::time::Duration::from_millis(100),
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let (last, code) = server.socket().await.end().await;
    let last = last.unwrap();
    // Their network may be slow, so they are told to try again.
    assert_eq!(
        (&last["reason"], &last["reconnect"]),
        (&json!("JoinTimeout"), &json!(true)),
        "{last}"
    );
    assert_eq!(code, Some(4006));
}

#[tokio::test]
async fn a_participant_has_only_so_many_watches_and_the_signaling_server_its_own() {
    let config = RpcConfig {
        max_watches: 3,
        max_watches_per_room: 3,
        max_watches_per_viewer: 2,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    let watch = json!({ "room": "math" });
    let mut held = Vec::new();
    let mut joined = Vec::new();
    for (identity, taken) in [("ann", 2), ("bob", 1)] {
        joined.push(server.join(identity, RoleClaim::Participant).await);
        let token = client_token("math", identity, RoleClaim::Participant);
        for _ in 0..taken {
            let mut one = crate::watcher::Watcher::start(&server, &token, watch.clone()).await;
            one.next().await;
            held.push(one);
        }
        let refused = server.call(Some(&token), "EventService/Watch", watch.to_string());
        let (status, answer) = refused.await;
        let reason = &answer["error"]["reason"];
        assert_eq!(
            (status, reason),
            (429, &json!("LimitReached")),
            "{identity}"
        );
    }
    // Neither the signaling server nor those who join are kept out by clients' watches.
    let operator = api_token(None);
    let mut watcher = crate::watcher::Watcher::start(&server, &operator, watch).await;
    watcher.next().await;
    joined.push(server.join("eve", RoleClaim::Participant).await);
}

#[tokio::test]
async fn tokens_are_minted_for_whoever_asks_in_development_only() {
    let server = Server::start().await;
    let asked = server
        .http()
        .post(server.url("dev/token"))
        .body(r#"{"room":"x"}"#);
    assert_eq!(asked.send().await.unwrap().status(), 404);

    let config = RpcConfig {
        dev: true,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let url = server.url("dev/token?room=demo&name=Ada&role=moderator");
    let got = server
        .http()
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let minted: Value = serde_json::from_slice(&got).unwrap();
    assert!(minted["identity"].as_str().unwrap().starts_with("Ada-"));
    let token = minted["token"].as_str().unwrap().to_owned();
    let ada = server.join_with(token).await;
    assert_eq!(ada.joined["room"]["participants"][0]["displayName"], "Ada");
    assert_eq!(
        ada.joined["room"]["participants"][0]["role"],
        "ROLE_MODERATOR"
    );
    let posted = server
        .http()
        .post(server.url("dev/token"))
        .header("content-type", "application/json")
        .body(r#"{"room":"demo","name":"Bob","identity":"bob"}"#);
    let got = posted.send().await.unwrap().bytes().await.unwrap();
    let minted: Value = serde_json::from_slice(&got).unwrap();
    assert_eq!(minted["identity"], "bob");
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call_and_others_may_not() {
    let config = RpcConfig {
        allowed_origins: vec!["https://app.example".into()],
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    for (origin, allowed) in [
        ("https://app.example", true),
        ("https://evil.example", false),
    ] {
        let preflight = server
            .http()
            .request(reqwest::Method::OPTIONS, server.url("whip/math"))
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let response = preflight.send().await.unwrap();
        let header = response.headers().get("access-control-allow-origin");
        assert_eq!(
            header.is_some_and(|value| value == origin),
            allowed,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_rotated_in_is_valid_beside_the_old_one() {
    use sideroom_rpc::auth::{ApiClaims, Keyring};

    let server = Server::start().await;
    let ring = Keyring::new(crate::harness::keys()).unwrap();
    for id in ["main", "next"] {
        let in_a_minute = crate::harness::unix_s() + 60;
        let token = ring.mint_api(id, &ApiClaims::new(in_a_minute)).unwrap();
        let (status, _) = server
            .call(Some(&token), "RoomService/ListRooms", "{}")
            .await;
        assert_eq!(status, 200, "{id}");
    }
    let client = client_token("math", "ann", RoleClaim::Participant);
    let (status, _) = server
        .call(Some(&client), "RoomService/ListRooms", "{}")
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn whoever_guesses_client_tokens_is_refused_at_the_door() {
    let server = slow_server(|rates| rates.address = Rate::new(0.001, 2.0)).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    for _ in 0..2 {
        // Those who join in good order are never counted.
        server.join("ann", RoleClaim::Participant).await;
        let mut socket = server.socket().await;
        socket
            .send(json!({ "type": "join", "requestId": "1", "token": "guess" }))
            .await;
        assert_eq!(socket.expect("error").await["reason"], "Unauthenticated");
    }
    let url = format!("ws://{}/v1/ws", server.http);
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
}

/// The status of a call with a wrong token that a proxy, or somebody who says so, passes on for `client`.
async fn guess_over_http(server: &Server, client: &str) -> u16 {
    let call = server
        .http()
        .post(server.url("sideroom.v1.RoomService/ListRooms"))
        .bearer_auth("guess")
        .header("x-forwarded-for", client)
        .body("{}");
    call.send().await.unwrap().status().as_u16()
}

async fn guess_over_grpc(channel: &Channel, client: &str) -> Code {
    let mut call = Request::new(GetRoomRequest::default());
    let metadata = call.metadata_mut();
    metadata.insert("authorization", "Bearer guess".parse().unwrap());
    metadata.insert("x-forwarded-for", client.parse().unwrap());
    let answer = RoomServiceClient::new(channel.clone()).get_room(call).await;
    answer.unwrap_err().code()
}

async fn behind(proxies: Proxies) -> (Server, Channel) {
    let mut config = RpcConfig {
        proxies,
        ..RpcConfig::default()
    };
    config.rates.address = Rate::new(0.001, 2.0);
    let server = Server::with(config).await;
    let grpc = Channel::from_shared(format!("http://{}", server.grpc)).unwrap();
    let grpc = grpc.connect().await.unwrap();
    (server, grpc)
}

#[tokio::test]
async fn refused_calls_are_counted_by_the_address_that_the_proxy_names() {
    let (server, grpc) = behind(Proxies::named(["127.0.0.1"]).unwrap()).await;
    for (who, forged) in [("198.51.100.1", ""), ("198.51.100.2", "198.51.100.3, ")] {
        let who = format!("{forged}{who}");
        assert_eq!(guess_over_http(&server, &who).await, 401, "{who}");
        assert_eq!(guess_over_grpc(&grpc, &who).await, Code::Unauthenticated);
        // Both ports count together.
        assert_eq!(guess_over_http(&server, &who).await, 429, "{who}");
        assert_eq!(guess_over_grpc(&grpc, &who).await, Code::ResourceExhausted);
    }
    assert_eq!(guess_over_http(&server, "198.51.100.3").await, 401);

    let (server, grpc) = behind(Proxies::named(["10.0.0.0/8"]).unwrap()).await;
    assert_eq!(guess_over_http(&server, "198.51.100.1").await, 401);
    assert_eq!(
        guess_over_grpc(&grpc, "198.51.100.2").await,
        Code::Unauthenticated
    );
    assert_eq!(guess_over_http(&server, "198.51.100.3").await, 429);
    assert_eq!(
        guess_over_grpc(&grpc, "198.51.100.4").await,
        Code::ResourceExhausted
    );
}
