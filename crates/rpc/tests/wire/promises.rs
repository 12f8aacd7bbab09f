//! Promises to every caller: repeating is safe, an epoch can be required, a watch resumes, and a watcher that
//! does not read is cut off.

use serde_json::{Value, json};
use sideroom_rpc::auth::RoleClaim;

use crate::{
    harness::{Server, api_token},
    watcher::Watcher,
};

#[tokio::test]
async fn a_request_id_makes_a_call_safe_to_repeat() {
    let server = Server::with_room().await;
    let settings = json!({ "room": "math", "requestId": "a", "settings": { "maxBreakouts": 3 } });
    let first = server
        .operator("RoomService/UpdateRoom", settings.clone())
        .await;
    let again = server.operator("RoomService/UpdateRoom", settings).await;
    assert!(first["answer"].get("replayed").is_none());
    assert_eq!(again["answer"]["replayed"], true);
    assert_eq!(first["answer"]["seq"], again["answer"]["seq"]);
    let other = json!({ "room": "math", "requestId": "a", "settings": { "maxBreakouts": 4 } });
    let error = server.refused("RoomService/UpdateRoom", other).await;
    assert_eq!(
        (&error["reason"], &error["code"]),
        (&json!("InvalidArgument"), &json!("INVALID_ARGUMENT"))
    );
}

#[tokio::test]
async fn an_expected_epoch_that_has_passed_aborts_and_tells_the_current_one() {
    let server = Server::with_room().await;
    let ann = server.join("ann", RoleClaim::Participant).await;
    let room = server
        .operator("RoomService/GetRoom", json!({ "room": "math" }))
        .await;
    let epoch: u64 = room["room"]["epoch"]
        .as_str()
        .unwrap_or("0")
        .parse()
        .unwrap();
    let body = |epoch: u64| {
        json!({ "room": "math", "participantId": ann.id, "kinds": ["TRACK_KIND_AUDIO"],
            "asParticipantId": ann.id, "expectedEpoch": epoch.to_string() })
    };
    let before = server.backend.state("math");
    let error = server
        .refused("ParticipantService/Publish", body(epoch + 7))
        .await;
    assert_eq!(error["code"], "ABORTED");
    assert_eq!(error["currentEpoch"], epoch.to_string());
    assert_eq!(server.backend.state("math"), before);
    server
        .operator("ParticipantService/Publish", body(epoch))
        .await;
}

#[tokio::test]
async fn a_watcher_resumes_after_its_last_number_or_is_told_that_it_cannot() {
    let server = Server::with_room().await;
    let token = api_token(None);
    let room = json!({ "room": "math" });
    let mut first = Watcher::start(&server, &token, room).await;
    let seq = first.next().await.unwrap()["snapshot"]["seq"].clone();
    let change = |most: u32| json!({ "room": "math", "settings": { "maxBreakouts": most } });
    server.operator("RoomService/UpdateRoom", change(5)).await;
    server.operator("RoomService/UpdateRoom", change(6)).await;
    let number = |value: &Value| {
        value["event"]["seq"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let one = number(&first.next().await.unwrap());
    drop(first);
    let after = json!({ "room": "math", "afterSeq": one.to_string() });
    let mut second = Watcher::start(&server, &token, after).await;
    let missed = second.next().await.unwrap();
    assert_eq!(number(&missed), one + 1);
    assert_eq!(
        missed["event"]["roomUpdated"]["settings"]["maxBreakouts"],
        6
    );
    assert!(seq.is_null() || seq.as_str().is_some());
    let ahead = json!({ "room": "math", "afterSeq": 99999 });
    let (status, body) = server
        .call(Some(&token), "EventService/Watch", ahead.to_string())
        .await;
    assert_eq!(
        (status, &body["error"]["reason"]),
        (400, &json!("OutOfRange"))
    );
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_cut_off_with_a_reason() {
    let server = Server::with_room().await;
    server
        .backend
        .queue
        .store(4, std::sync::atomic::Ordering::Relaxed);
    let url = server.url("sideroom.v1.EventService/Watch");
    let watch = server
        .http()
        .post(url)
        .bearer_auth(api_token(None))
        .body(r#"{"room":"math"}"#);
    let response = watch.send().await.unwrap();
    // The client does not read: in the end the sockets' buffers are full.
    let text = "x".repeat(4000);
    while server.backend.watchers("math") > 0 {
        let body = json!({ "room": "math", "text": text, "groupId": "parent" });
        server.operator("RoomService/SendMessage", body).await;
    }
    let body = response.text().await.unwrap();
    let last: Value = serde_json::from_str(body.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["reason"], "TooSlow");
    assert_eq!(last["error"]["code"], "RESOURCE_EXHAUSTED");
}
