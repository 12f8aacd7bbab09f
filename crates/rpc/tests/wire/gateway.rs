//! The browser gateway, message by message, as `docs/gateway.md` has it.

use std::time::Duration;

use serde_json::json;
use sideroom_route::{DropReason, GroupId, ParticipantId, RoomId, SlotId, SlotPause, TrackKind};
use sideroom_rpc::{RpcConfig, auth::RoleClaim, backend::WatchItem};

use crate::harness::{OFFER, Server, client_token, hints};

#[tokio::test]
async fn a_join_answers_with_everything_that_the_client_needs() {
    let server = Server::with_room().await;
    let ann = server.join("ann", RoleClaim::Moderator).await;
    let joined = &ann.joined;
    assert!(joined["answer"].as_str().unwrap().starts_with("v=0"));
    assert_eq!(joined["resumed"], false);
    assert_eq!(
        joined["tracks"][2],
        json!({ "mid": "2", "kind": "TRACK_KIND_SCREEN" })
    );
    assert_eq!(
        joined["slots"][1],
        json!({ "mid": "4", "media": "audio", "index": 1 })
    );
    assert_eq!(joined["slots"][2], json!({ "mid": "5", "media": "video" }));
    assert_eq!(joined["seq"], joined["room"]["seq"]);
    assert_eq!(joined["room"]["participants"][0]["id"], ann.id.as_str());
    assert!(joined["resumeToken"].as_str().unwrap().len() >= 32);
}

#[tokio::test]
async fn commands_are_answered_and_events_told_to_those_who_may_see_them() {
    let server = Server::with_room().await;
    let mut mo = server.join("mo", RoleClaim::Moderator).await;
    let mut ann = server.join("ann", RoleClaim::Participant).await;
    assert_eq!(
        mo.socket.event("participantJoined").await["participant"]["identity"],
        "ann"
    );
    let definition = json!({ "maxRooms": 1, "participants": 3 });
    let made = mo
        .socket
        .command(
            "BreakoutService/CreateBreakouts",
            json!({ "definition": definition }),
        )
        .await;
    let created = mo.socket.whole_event("breakoutsCreated").await;
    assert_eq!(
        created["breakoutsCreated"]["breakouts"][0]["id"],
        made["breakouts"][0]["id"]
    );
    assert_eq!(created["causingRequestId"], "r1");
    assert_eq!(created["by"], mo.id.as_str());
    assert!(ann.socket.is_silent_about("breakoutsCreated").await);

    let invite = json!({ "breakoutId": "b1", "participantIds": [ann.id], "forceJoin": true });
    mo.socket.command("BreakoutService/Invite", invite).await;
    let invited = ann.socket.event("invitationReceived").await;
    assert_eq!(
        (&invited["forced"], &invited["requestor"]),
        (&json!(true), &json!(mo.id))
    );
    let moved = ann.socket.whole_event("participantMoved").await;
    assert_eq!(moved["participantMoved"]["toGroupId"], "b1");
    assert_eq!(moved["participantMoved"]["reason"], "MOVE_REASON_FORCED");
    assert!(
        moved.get("causingRequestId").is_none(),
        "that is mo's business: {moved}"
    );
}

#[tokio::test]
async fn volatile_messages_name_the_mline_of_their_slot() {
    let server = Server::with_room().await;
    let mut ann = server.join("ann", RoleClaim::Participant).await;
    let me = ParticipantId::new(RoomId(1), 1);
    let bob = ParticipantId::new(RoomId(1), 2);
    let tell = |item| server.backend.tell("math", me, item);
    let assigned = |shut| WatchItem::SlotAssigned {
        slot: SlotId::audio(1),
        source: Some((bob, TrackKind::Audio)),
        shut,
    };
    tell(assigned(None));
    let said = ann.socket.expect("slotAssigned").await;
    assert_eq!(
        (&said["mid"], &said["participantId"]),
        (&json!("4"), &json!("p1.2"))
    );
    assert_eq!(
        (&said["kind"], &said["open"]),
        (&json!("TRACK_KIND_AUDIO"), &json!(true))
    );
    tell(assigned(Some(DropReason::ParentPaused)));
    let said = ann.socket.expect("slotAssigned").await;
    assert_eq!(
        (said.get("open"), &said["reason"]),
        (None, &json!("parent_paused"))
    );
    tell(WatchItem::SlotAssigned {
        slot: SlotId::audio(1),
        source: None,
        shut: None,
    });
    let said = ann.socket.expect("slotAssigned").await;
    assert!(said.get("participantId").is_none() && said.get("open").is_none());
    tell(WatchItem::SlotPaused {
        slot: SlotId::video(0),
        reason: Some(SlotPause::Bandwidth),
    });
    let said = ann.socket.expect("slotPaused").await;
    assert_eq!(
        (&said["mid"], &said["paused"], &said["reason"]),
        (&json!("5"), &json!(true), &json!("bandwidth"))
    );
    tell(WatchItem::SlotPaused {
        slot: SlotId::video(0),
        reason: None,
    });
    assert!(
        ann.socket
            .expect("slotPaused")
            .await
            .get("paused")
            .is_none()
    );
    tell(WatchItem::Speakers {
        group: GroupId::Parent,
        ranked: vec![bob, me],
    });
    let said = ann.socket.expect("speakers").await;
    assert_eq!(said["participantIds"], json!(["p1.2", "p1.1"]));
    tell(WatchItem::LayersWanted {
        kind: TrackKind::Camera,
        layers: 0b101,
    });
    let said = ann.socket.expect("layersWanted").await;
    assert_eq!(
        (&said["kind"], &said["layers"]),
        (&json!("TRACK_KIND_CAMERA"), &json!(5))
    );
}

#[tokio::test]
async fn more_slots_are_negotiated_on_the_same_socket() {
    let server = Server::with_room().await;
    let mut ann = server.join("ann", RoleClaim::Participant).await;
    let offer = format!("{OFFER}m=video 9\r\na=recvonly\r\n");
    let reoffer =
        json!({ "type": "reoffer", "requestId": "more", "offer": offer, "tracks": hints() });
    ann.socket.send(reoffer).await;
    let answered = ann.socket.expect("reoffered").await;
    assert_eq!(answered["requestId"], "more");
    assert_eq!(
        answered["slots"][3],
        json!({ "mid": "6", "media": "video", "index": 1 })
    );
    let me = ParticipantId::new(RoomId(1), 1);
    let slot = SlotId::video(1);
    server
        .backend
        .tell("math", me, WatchItem::SlotPaused { slot, reason: None });
    assert_eq!(ann.socket.expect("slotPaused").await["mid"], "6");
    ann.socket
        .send(json!({ "type": "reoffer", "requestId": "bad", "offer": "what?" }))
        .await;
    let error = ann.socket.expect("error").await;
    assert_eq!(
        (&error["requestId"], &error["reason"]),
        (&json!("bad"), &json!("BadOffer"))
    );
}

#[tokio::test]
async fn a_dropped_socket_resumes_with_the_events_that_it_missed() {
    let server = Server::with_room().await;
    let ann = server.join("ann", RoleClaim::Participant).await;
    let (token, seq) = (ann.joined["resumeToken"].clone(), ann.joined["seq"].clone());
    drop(ann.socket);
    let bob = server.join("bob", RoleClaim::Participant).await;
    let mut again = server.socket().await;
    again
        .send(json!({ "type": "resume", "resumeToken": token, "afterSeq": seq }))
        .await;
    let resumed = again.expect("resumed").await;
    assert_eq!(resumed["participantId"], ann.id.as_str());
    assert!(resumed.get("room").is_none());
    assert_eq!(
        again.event("participantJoined").await["participant"]["id"],
        bob.id.as_str()
    );
    let room = again.command("RoomService/GetRoom", json!({})).await;
    assert_eq!(room["room"]["participants"].as_array().unwrap().len(), 2);
    assert!(server.backend.disconnected.lock().unwrap().is_empty());

    // The token was used up; the new one is good, also when its socket still seems to be there.
    let mut third = server.socket().await;
    third
        .send(json!({ "type": "resume", "resumeToken": token, "afterSeq": seq }))
        .await;
    assert_eq!(third.expect("error").await["reason"], "SessionGone");
    let next = json!({ "type": "resume", "resumeToken": resumed["resumeToken"], "afterSeq": 999 });
    third.send(next).await;
    let resumed = third.expect("resumed").await;
    assert_eq!(
        resumed["room"]["name"], "math",
        "the number is from the future: a fresh room"
    );
    assert_eq!(again.end().await.1, Some(1000));
}

#[tokio::test]
async fn without_a_resume_in_time_the_connection_counts_as_lost() {
    let config = RpcConfig {
        socket_grace: Duration::from_millis(50),
        ..RpcConfig::default()
    };
    let server = Server::with(config).await;
    server
        .operator("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    let mut mo = server.join("mo", RoleClaim::Moderator).await;
    let ann = server.join("ann", RoleClaim::Participant).await;
    let token = ann.joined["resumeToken"].clone();
    drop(ann.socket);
    let lost = mo.socket.event("connectionChanged").await;
    assert_eq!(
        (&lost["participantId"], &lost["connection"]),
        (&json!(ann.id), &json!("CONNECTION_LOST"))
    );
    let mut again = server.socket().await;
    again
        .send(json!({ "type": "resume", "resumeToken": token }))
        .await;
    assert_eq!(again.expect("error").await["reason"], "SessionGone");
    // The same socket joins anew and has the old place.
    let token = client_token("math", "ann", RoleClaim::Participant);
    again
        .send(json!({ "type": "join", "requestId": "2", "token": token, "offer": OFFER }))
        .await;
    let joined = again.expect("joined").await;
    assert_eq!(
        (&joined["participantId"], &joined["resumed"]),
        (&json!(ann.id), &json!(true))
    );
}

#[tokio::test]
async fn whoever_joins_elsewhere_replaces_itself() {
    let server = Server::with_room().await;
    let first = server.join("ann", RoleClaim::Participant).await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    let mut second = server.socket().await;
    second
        .send(json!({ "type": "join", "requestId": "again", "token": token, "offer": OFFER }))
        .await;
    assert_eq!(
        second.expect("joined").await["participantId"],
        first.id.as_str()
    );
    let (last, code) = first.socket.end().await;
    let last = last.unwrap();
    assert_eq!(
        (&last["reason"], &last["reconnect"], code),
        (&json!("Replaced"), &json!(false), Some(4002))
    );
}

#[tokio::test]
async fn every_goodbye_has_its_reason() {
    let server = Server::with_room().await;
    let mut ann = server.join("ann", RoleClaim::Participant).await;
    ann.socket
        .send(json!({ "type": "leave", "requestId": "bye" }))
        .await;
    let (last, code) = ann.socket.end().await;
    assert_eq!(
        (&last.unwrap()["reason"], code),
        (&json!("Left"), Some(1000))
    );
    let bob = server.join("bob", RoleClaim::Participant).await;
    server
        .operator(
            "ParticipantService/Remove",
            json!({ "room": "math", "participantId": bob.id }),
        )
        .await;
    let (last, code) = bob.socket.end().await;
    assert_eq!(
        (&last.unwrap()["reason"], code),
        (&json!("Removed"), Some(4001))
    );
    let cleo = server.join("cleo", RoleClaim::Participant).await;
    server
        .operator("RoomService/DeleteRoom", json!({ "room": "math" }))
        .await;
    let (last, code) = cleo.socket.end().await;
    assert_eq!(
        (&last.unwrap()["reason"], code),
        (&json!("RoomClosed"), Some(4000))
    );
}

#[tokio::test]
async fn a_join_that_fails_says_why_and_ends() {
    let server = Server::with_room().await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    let other = client_token("other", "ann", RoleClaim::Participant);
    let api = crate::harness::api_token(None);
    for (token, offer, room, reason) in [
        ("", OFFER, "math", "Unauthenticated"),
        ("nonsense", OFFER, "math", "Unauthenticated"),
        (api.as_str(), OFFER, "math", "Unauthenticated"),
        (other.as_str(), OFFER, "math", "PermissionDenied"),
        (other.as_str(), OFFER, "", "NotFound"),
        (token.as_str(), "what?", "", "BadOffer"),
        (token.as_str(), "", "", "BadOffer"),
    ] {
        let mut socket = server.socket().await;
        let join = json!({ "type": "join", "requestId": "1", "token": token, "offer": offer, "room": room });
        socket.send(join).await;
        let error = socket.expect("error").await;
        assert_eq!(
            (&error["reason"], &error["requestId"]),
            (&json!(reason), &json!("1"))
        );
        let (last, code) = socket.end().await;
        assert_eq!(
            (&last.unwrap()["reason"], code),
            (&json!("JoinFailed"), Some(4009))
        );
    }
}

#[tokio::test]
async fn a_client_is_told_whether_trying_to_join_again_may_help() {
    let server = Server::with_room().await;
    let drain = json!({ "room": "math", "draining": true });
    for (reconnect, reason) in [(false, "BadOffer"), (true, "Draining")] {
        let mut socket = server.socket().await;
        let offer = if reconnect { OFFER } else { "what?" };
        let token = client_token("math", "ann", RoleClaim::Participant);
        let join = json!({ "type": "join", "requestId": "1", "token": token, "offer": offer });
        socket.send(join).await;
        assert_eq!(socket.expect("error").await["reason"], reason);
        assert_eq!(socket.end().await.0.unwrap()["reconnect"], reconnect);
        server
            .operator("RoomService/SetDraining", drain.clone())
            .await;
    }
}

#[tokio::test]
async fn messages_that_make_no_sense_are_answered_up_to_a_point() {
    let server = Server::with_room().await;
    let mut socket = server.socket().await;
    socket.send(json!({ "type": "ping", "id": "early" })).await;
    assert_eq!(socket.expect("pong").await["id"], "early");
    for nonsense in [
        "{",
        "[]",
        r#"{"type":7}"#,
        r#"{"no":"type"}"#,
        r#"{"type":"command","requestId":"1","method":"RoomService/GetRoom"}"#,
        r#"{"type":"join","surprise":1}"#,
        r#"{"type":"nonsense"}"#,
    ] {
        socket.send_text(nonsense.into()).await;
        assert_eq!(
            socket.expect("error").await["reason"],
            "InvalidArgument",
            "{nonsense}"
        );
    }
    socket.send_text("{".into()).await;
    let (last, code) = socket.end().await;
    assert_eq!(
        (&last.unwrap()["reason"], code),
        (&json!("BadMessage"), Some(4007))
    );
}

#[tokio::test]
async fn commands_that_are_not_for_sockets_are_refused_there() {
    let server = Server::with_room().await;
    let mut ann = server.join("ann", RoleClaim::Moderator).await;
    for method in [
        "ParticipantService/Join",
        "ParticipantService/Leave",
        "ParticipantService/CreateToken",
        "RoomService/CreateRoom",
        "RoomService/SetDraining",
        "NodeService/Drain",
        "Nothing/AtAll",
        "",
    ] {
        ann.socket.fails(method, json!({}), "NoSuchMethod").await;
    }
    let other = json!({ "room": "other" });
    ann.socket
        .fails("RoomService/GetRoom", other, "PermissionDenied")
        .await;
    ann.socket
        .fails(
            "RoomService/GetRoom",
            json!({ "surprise": 1 }),
            "InvalidArgument",
        )
        .await;
    let inside = json!({ "requestId": "own", "text": "hello" });
    ann.socket.command("RoomService/SendMessage", inside).await;
    assert_eq!(
        ann.socket.whole_event("messageSent").await["causingRequestId"],
        "r11"
    );
    ann.socket
        .send(json!({ "type": "command", "method": "RoomService/GetRoom" }))
        .await;
    let error = ann.socket.expect("error").await;
    assert!(error.get("requestId").is_none() && error["reason"] == "InvalidArgument");
}

#[tokio::test]
async fn a_request_sent_again_after_a_drop_is_not_done_twice() {
    let server = Server::with_room().await;
    let mut mo = server.join("mo", RoleClaim::Moderator).await;
    let definition = json!({ "definition": { "maxRooms": 1, "participants": 3 } });
    let create = json!({ "type": "command", "requestId": "once", "body": definition,
        "method": "BreakoutService/CreateBreakouts" });
    mo.socket.send(create.clone()).await;
    let first = mo.socket.expect("result").await;
    let resume = json!({ "type": "resume", "resumeToken": mo.joined["resumeToken"] });
    drop(mo.socket);
    let mut again = server.socket().await;
    again.send(resume).await;
    again.expect("resumed").await;
    again.send(create).await;
    let second = again.expect("result").await;
    assert_eq!(first["body"]["breakouts"], second["body"]["breakouts"]);
    assert_eq!(second["body"]["answer"]["replayed"], true);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_sent_away_and_may_resume() {
    let server = Server::with_room().await;
    server
        .backend
        .queue
        .store(8, std::sync::atomic::Ordering::Relaxed);
    let ann = server.join("ann", RoleClaim::Participant).await;
    server
        .backend
        .queue
        .store(0, std::sync::atomic::Ordering::Relaxed);
    let text = "x".repeat(4000);
    while server.backend.watchers("math") > 0 {
        let body = json!({ "room": "math", "text": text, "allGroups": true });
        server.operator("RoomService/SendMessage", body).await;
    }
    let token = ann.joined["resumeToken"].clone();
    let (last, code) = ann.socket.end().await;
    let last = last.unwrap();
    assert_eq!(
        (&last["reason"], &last["reconnect"], code),
        (&json!("TooSlow"), &json!(true), Some(4004))
    );
    let mut again = server.socket().await;
    again
        .send(json!({ "type": "resume", "resumeToken": token }))
        .await;
    assert_eq!(again.expect("resumed").await["room"]["name"], "math");
}
