//! The first calls of a newcomer: the error for each wrong one says what to do instead.

use serde_json::Value;
use sideroom_rpc::{METHODS, RpcConfig};

use crate::harness::Server;

async fn get(server: &Server, path: &str) -> (u16, Option<String>, Value) {
    let answer = server.http().get(server.url(path)).send().await.unwrap();
    let allow = answer.headers().get("allow");
    let allow = allow.map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, allow, json)
}

#[tokio::test]
async fn a_get_on_any_method_says_to_post() {
    let server = Server::start().await;
    for method in METHODS.iter().copied().chain(["EventService/Watch"]) {
        let (status, allow, body) = get(&server, &format!("sideroom.v1.{method}")).await;
        assert_eq!((status, allow.as_deref()), (405, Some("POST")), "{method}");
        let message = body["error"]["message"].as_str().unwrap();
        for word in ["POST", "Bearer TOKEN", method] {
            assert!(message.contains(word), "{word} is not in {message}");
        }
    }
}

#[tokio::test]
async fn a_method_or_service_that_does_not_exist_is_named() {
    let server = Server::start().await;
    for path in [
        "RoomService/MakeRoom",
        "RoomsService/CreateRoom",
        "EventService/Listen",
    ] {
        let (status, _, body) = get(&server, &format!("sideroom.v1.{path}")).await;
        assert_eq!(status, 404, "{path} {body}");
        assert_eq!(body["error"]["reason"], "NoSuchMethod", "{path}");
        assert!(body.to_string().contains(path), "{path} {body}");
    }
}

#[tokio::test]
async fn a_development_server_gives_bare_tokens_to_a_shell() {
    let config = RpcConfig {
        dev: true,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let token = |body: Value| body.as_str().unwrap().trim().to_owned();
    let (status, _, body) = get(&server, "dev/operator?plain").await;
    assert_eq!(status, 200, "{body}");
    let (status, answer) = server
        .call(Some(&token(body)), "RoomService/ListRooms", "{}")
        .await;
    assert_eq!(status, 200, "{answer}");

    let (_, _, body) = get(&server, "dev/token?room=math&name=Ada&plain").await;
    let ada = server.join_with(token(body)).await;
    assert_eq!(ada.joined["room"]["name"], "math");

    let (status, _, body) = get(&server, "dev/token").await;
    assert_eq!(status, 400);
    assert!(body.to_string().contains("/dev/token?room="), "{body}");
    let (status, _, _) = get(&server, "dev/operator?plian").await;
    assert_eq!(status, 400);
}
