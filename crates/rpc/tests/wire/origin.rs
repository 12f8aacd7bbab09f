//! Pages of foreign origins are refused on sockets and calls; callers that are no browsers pass.

use serde_json::json;
use sideroom_rpc::{RpcConfig, auth::RoleClaim};
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest as _};

use crate::harness::{Server, api_token, client_token};

async fn post(server: &Server, origin: Option<&str>) -> u16 {
    let url = server.url("sideroom.v1.RoomService/ListRooms");
    let mut request = server.http().post(url).bearer_auth(api_token(None));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.body("{}").send().await.unwrap().status().as_u16()
}

async fn socket(server: &Server, origin: Option<&str>) -> u16 {
    let url = format!("ws://{}/v1/ws", server.http);
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_page_of_another_origin_neither_calls_nor_joins() {
    let config = RpcConfig {
        allowed_origins: vec!["https://app.example".to_owned()],
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let own = format!("http://{}", server.http);
    for origin in [None, Some(own.as_str()), Some("https://app.example")] {
        assert_eq!(post(&server, origin).await, 200, "{origin:?}");
        assert_eq!(socket(&server, origin).await, 101, "{origin:?}");
    }
    for origin in [
        Some("http://evil.example"),
        Some("null"),
        Some("http://127.0.0.1:1"),
    ] {
        assert_eq!(post(&server, origin).await, 403, "{origin:?}");
        assert_eq!(socket(&server, origin).await, 403, "{origin:?}");
    }
    let preflight = server
        .http()
        .request(reqwest::Method::OPTIONS, server.url("whip/math"))
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    assert_eq!(preflight.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_strangers_name_for_this_machine_gets_no_development_token() {
    let config = RpcConfig {
        dev: true,
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    let own = server.http.to_string();
    for (host, status) in [(own.as_str(), 200), ("evil.example:7900", 403)] {
        for path in ["dev/operator", "dev/token?room=math"] {
            // A browser that fetches from the host of its page sends no origin.
            let request = server.http().get(server.url(path)).header("host", host);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn a_token_that_allows_less_does_not_act_with_the_power_of_its_place() {
    use sideroom_rpc::auth::GrantClaims;

    let server = Server::with_room().await;
    server.join("mo", RoleClaim::Moderator).await;
    let weak = crate::harness::client_token_with(
        "math",
        "mo",
        RoleClaim::Moderator,
        Some(GrantClaims::default()),
    );
    let definition = json!({ "definition": { "maxRooms": 1, "participants": 3 } });
    let create = "BreakoutService/CreateBreakouts";
    let (status, answer) = server
        .call(Some(&weak), create, definition.to_string())
        .await;
    assert_eq!(
        (status, &answer["error"]["reason"]),
        (403, &json!("PermissionDenied"))
    );
    let same = client_token("math", "mo", RoleClaim::Moderator);
    let (status, answer) = server
        .call(Some(&same), create, definition.to_string())
        .await;
    assert_eq!(status, 200, "{answer}");
    // After a join with it, its bearer works as promised, over the socket and beside it.
    let mut second = server.join_with(weak.clone()).await;
    second
        .socket
        .fails(create, definition.clone(), "NotModerator")
        .await;
    let (status, answer) = server
        .call(Some(&weak), create, definition.to_string())
        .await;
    assert_eq!(
        (status, &answer["error"]["reason"]),
        (403, &json!("NotModerator"))
    );
    let (status, _) = server
        .call(Some(&same), create, definition.to_string())
        .await;
    assert_eq!(status, 403, "the place has the weaker rights now");
}
