//! `EventService.Watch`, the one method that is a stream: every role and every set of grants, by JSON and gRPC.
//! On a WebSocket the events come without being asked for.

use serde_json::{Value, json};
use sideroom_rpc::{
    auth::RoleClaim,
    proto::{WatchRequest, event_service_client::EventServiceClient, watch_response::Item},
};
use tonic::{Request, transport::Channel};
use tonic_types::StatusExt as _;

use super::{Case, server, table::bearers};
use crate::{harness::client_token_with, watcher::Watcher};

const WATCH: &str = "EventService/Watch";

/// The requests for a watch of a room as it is now, and the reason why this bearer doesn't get it.
fn requests<'a>(case: &'a Case<'_>, elsewhere: &'a str) -> [(Value, Option<&'static str>); 3] {
    [
        (json!({ "room": case.room }), None),
        (json!({}), None),
        (json!({ "room": elsewhere }), Some("PermissionDenied")),
    ]
}

/// The people in the snapshot of a watch by gRPC, or the reason of the refusal.
async fn watch_by_grpc(channel: &Channel, body: &Value, token: &str) -> Result<usize, String> {
    let message: WatchRequest = serde_json::from_value(body.clone()).unwrap();
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let watching = EventServiceClient::new(channel.clone())
        .watch(request)
        .await;
    let mut items = watching
        .map_err(|status| status.get_details_error_info().unwrap().reason)?
        .into_inner();
    match items.message().await.unwrap().unwrap().item {
        Some(Item::Snapshot(room)) => Ok(room.participants.len()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everybody_watches_the_own_room_as_oneself_and_no_other() {
    let server = server().await;
    let address = format!("http://{}", server.grpc);
    let channel = Channel::from_shared(address).unwrap();
    let channel = channel.connect().await.unwrap();
    for (number, bearer) in bearers().iter().enumerate() {
        let case = Case::new(&server, number, bearer).await;
        let elsewhere = Case::new(&server, 1_000 + number, bearer).await;
        for (body, refusal) in requests(&case, &elsewhere.room) {
            let said = format!("{body} {bearer:?}");
            let typed = watch_by_grpc(&channel, &body, &case.token).await;
            match refusal {
                None => {
                    let mut watcher = Watcher::start(&server, &case.token, body).await;
                    let first = watcher.next().await.unwrap();
                    let people = first["snapshot"]["participants"].as_array().unwrap().len();
                    assert_eq!((people, typed), (3, Ok(3)), "{said}");
                }
                Some(reason) => {
                    // First: a watch that is not refused by JSON would never end.
                    assert_eq!(typed, Err(reason.to_owned()), "{said}");
                    let token = Some(case.token.as_str());
                    let (status, answer) = server.call(token, WATCH, body.to_string()).await;
                    assert_eq!((status, &answer["error"]["reason"]), (403, &json!(reason)));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_somebody_who_has_not_joined_watches_nothing() {
    let server = server().await;
    for (number, bearer) in bearers().iter().enumerate() {
        let case = Case::new(&server, number, bearer).await;
        let grants = bearer.grants.clone();
        let token = client_token_with(&case.room, "zoe", bearer.role, grants);
        let body = json!({ "room": case.room }).to_string();
        let (status, answer) = server.call(Some(&token), WATCH, body.clone()).await;
        let reason = &answer["error"]["reason"];
        assert_eq!((status, reason), (404, &json!("NotFound")));
        let (status, _) = server.call(None, WATCH, body).await;
        assert_eq!(status, 401);
    }
    let moderator = client_token_with("nowhere", "zoe", RoleClaim::Moderator, None);
    let body = json!({ "room": "nowhere" }).to_string();
    let (status, _) = server.call(Some(&moderator), WATCH, body).await;
    assert_eq!(status, 404);
}
