//! Every native error reaches the wire with its stable name, its gRPC code and the codes of both dialects.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sideroom_control::Command;
use sideroom_route::{ParticipantId, RoomId};
use sideroom_rpc::auth::RoleClaim;

use crate::harness::{Client, OFFER, Server, api_token, client_token};

pub(crate) type Row = (&'static str, &'static str, u32, Option<(u32, u32)>);

/// Name, gRPC code, EnableX code, ACS code and subcode of every error that a call can meet. `Internal` is
/// ours alone and is tested where errors are mapped.
pub(crate) const ERRORS: [Row; 34] = [
    ("ParticipantCountInvalid", "INVALID_ARGUMENT", 1724, None),
    ("ParticipantCountTooLarge", "INVALID_ARGUMENT", 1725, None),
    ("ParticipantCountMissing", "INVALID_ARGUMENT", 1734, None),
    ("BreakoutLimitReached", "RESOURCE_EXHAUSTED", 1726, None),
    ("TokenFailed", "INTERNAL", 1729, None),
    ("CreateFailed", "INTERNAL", 1731, None),
    ("LectureMode", "FAILED_PRECONDITION", 5067, None),
    ("BreakoutsExist", "FAILED_PRECONDITION", 5067, None),
    ("NotSupported", "UNIMPLEMENTED", 5067, Some((400, 46250))),
    ("Disabled", "FAILED_PRECONDITION", 5067, Some((405, 46251))),
    (
        "JoinFailed",
        "FAILED_PRECONDITION",
        1731,
        Some((500, 46254)),
    ),
    (
        "HoldFailed",
        "FAILED_PRECONDITION",
        1138,
        Some((500, 46255)),
    ),
    (
        "BreakoutClosed",
        "FAILED_PRECONDITION",
        1731,
        Some((412, 46256)),
    ),
    (
        "ResumeFailed",
        "FAILED_PRECONDITION",
        1138,
        Some((412, 46257)),
    ),
    (
        "DetailsUnreadable",
        "INVALID_ARGUMENT",
        1731,
        Some((412, 46258)),
    ),
    (
        "LeaveFailed",
        "FAILED_PRECONDITION",
        1138,
        Some((500, 46259)),
    ),
    ("NotAssigned", "PERMISSION_DENIED", 1731, Some((412, 46260))),
    ("NotFound", "NOT_FOUND", 1731, None),
    ("NotModerator", "PERMISSION_DENIED", 1138, None),
    ("NotInParent", "FAILED_PRECONDITION", 1731, None),
    ("AlreadyInBreakout", "FAILED_PRECONDITION", 1731, None),
    ("BreakoutFull", "RESOURCE_EXHAUSTED", 1731, None),
    ("RoomFull", "RESOURCE_EXHAUSTED", 1731, None),
    ("ReturnNotAllowed", "PERMISSION_DENIED", 5067, None),
    ("VideoNotAllowed", "PERMISSION_DENIED", 1731, None),
    ("InvalidArgument", "INVALID_ARGUMENT", 1138, None),
    ("Unauthenticated", "UNAUTHENTICATED", 1138, None),
    ("Banned", "PERMISSION_DENIED", 1731, None),
    ("RateLimited", "RESOURCE_EXHAUSTED", 1138, None),
    ("Draining", "UNAVAILABLE", 1138, None),
    ("BreakoutLocked", "PERMISSION_DENIED", 1731, None),
    ("ScheduleFailed", "FAILED_PRECONDITION", 1138, None),
    ("VersionMismatch", "ABORTED", 1138, None),
    ("EpochMismatch", "ABORTED", 1138, None),
];

struct Scene {
    server: Server,
    met: BTreeSet<&'static str>,
}

impl Scene {
    /// The call fails with this error, in all its words.
    async fn meets(&mut self, name: &'static str, method: &str, body: Value) {
        self.meets_as(&api_token(None), name, method, body).await;
    }

    async fn meets_as(&mut self, token: &str, name: &'static str, method: &str, mut body: Value) {
        body["room"] = json!("math");
        let (_, answer) = self
            .server
            .call(Some(token), method, body.to_string())
            .await;
        let (_, code, enablex, acs) = ERRORS.into_iter().find(|row| row.0 == name).unwrap();
        let error = &answer["error"];
        assert_eq!(error["reason"], name, "{method} {body} {answer}");
        assert_eq!(error["code"], code, "{name}");
        assert_eq!(error["enablexCode"], enablex, "{name}");
        assert_eq!(
            error["acsCode"].as_u64(),
            acs.map(|acs| acs.0.into()),
            "{name}"
        );
        assert_eq!(
            error["acsSubcode"].as_u64(),
            acs.map(|acs| acs.1.into()),
            "{name}"
        );
        assert!(error["message"].as_str().unwrap().len() > 20, "{name}");
        self.met.insert(name);
    }

    async fn operator(&self, method: &str, mut body: Value) -> Value {
        body["room"] = json!("math");
        self.server.operator(method, body).await
    }

    async fn create(&self, definition: Value) -> Value {
        self.operator(
            "BreakoutService/CreateBreakouts",
            json!({ "definition": definition }),
        )
        .await
    }
}

#[tokio::test]
async fn every_error_keeps_its_names_and_codes_on_the_wire() {
    let mut scene = Scene {
        server: Server::with_room().await,
        met: BTreeSet::new(),
    };
    let ann = scene.server.join("ann", RoleClaim::Participant).await;
    creating(&mut scene).await;
    coming_in(&mut scene).await;
    joining(&mut scene, &ann).await;
    away(&mut scene, &ann).await;
    room_wide(&mut scene, &ann).await;
    let all: BTreeSet<_> = ERRORS.into_iter().map(|row| row.0).collect();
    assert_eq!(scene.met, all, "every error was met");
}

async fn creating(scene: &mut Scene) {
    let create = "BreakoutService/CreateBreakouts";
    let with = |definition: Value| json!({ "definition": definition });
    scene
        .meets(
            "ParticipantCountInvalid",
            create,
            with(json!({ "maxRooms": 1, "participants": 1 })),
        )
        .await;
    scene
        .meets(
            "ParticipantCountInvalid",
            create,
            with(json!({ "maxRooms": 1, "participants": -3 })),
        )
        .await;
    scene
        .meets(
            "ParticipantCountTooLarge",
            create,
            with(json!({ "maxRooms": 1, "participants": 500 })),
        )
        .await;
    scene
        .meets(
            "ParticipantCountMissing",
            create,
            with(json!({ "maxRooms": 1 })),
        )
        .await;
    scene
        .meets(
            "BreakoutLimitReached",
            create,
            with(json!({ "maxRooms": 11, "participants": 3 })),
        )
        .await;
    let twins = json!({ "maxRooms": 2, "participants": 3, "names": ["A", "A"] });
    scene.meets("CreateFailed", create, with(twins)).await;
    scene.meets("DetailsUnreadable", create, json!({})).await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    let fine = with(json!({ "maxRooms": 1, "participants": 3 }));
    scene.meets_as(&token, "NotModerator", create, fine).await;
    scene
        .meets(
            "InvalidArgument",
            "BreakoutService/Invite",
            json!({ "breakoutId": "nine" }),
        )
        .await;
}

/// A ban keeps a person with a good token out.
async fn coming_in(scene: &mut Scene) {
    let ban = json!({ "identity": "zed", "reason": "noise" });
    scene.operator("ParticipantService/Ban", ban).await;
    let token = client_token("math", "zed", RoleClaim::Moderator);
    let join = json!({ "clientToken": token, "offer": OFFER });
    scene.meets("Banned", "ParticipantService/Join", join).await;
}

async fn joining(scene: &mut Scene, ann: &Client) {
    let mut bob = scene.server.join("bob", RoleClaim::Participant).await;
    let mut cleo = scene.server.join("cleo", RoleClaim::Participant).await;
    // b1 holds two, b2 is closed, both carry sound only.
    let small =
        json!({ "maxRooms": 1, "participants": 2, "media": { "audio": true }, "selfSelect": true });
    scene.create(small).await;
    let closed = json!({ "maxRooms": 1, "participants": 3, "state": "BREAKOUT_STATE_CLOSED", "selfSelect": true });
    scene.create(closed).await;
    scene
        .create(json!({ "maxRooms": 1, "participants": 3 }))
        .await;
    let join = "BreakoutService/JoinBreakout";
    let to =
        |who: &Client, breakout: &str| json!({ "participantId": who.id, "breakoutId": breakout });
    let as_ann = client_token("math", "ann", RoleClaim::Participant);
    scene
        .meets_as(&as_ann, "BreakoutClosed", join, to(ann, "b2"))
        .await;
    scene
        .meets_as(&as_ann, "NotAssigned", join, to(ann, "b3"))
        .await;
    scene
        .meets_as(&as_ann, "NotAssigned", join, json!({}))
        .await;
    scene
        .meets_as(&as_ann, "NotFound", join, to(ann, "b9"))
        .await;
    let past = json!({ "breakoutId": "b1", "atMs": "1" });
    scene.meets_as(&as_ann, "ScheduleFailed", join, past).await;
    let lock = |door: &str| json!({ "breakoutId": "b1", "door": door });
    let update = "BreakoutService/UpdateBreakout";
    scene.operator(update, lock("DOOR_LOCKED")).await;
    scene
        .meets_as(&as_ann, "BreakoutLocked", join, to(ann, "b1"))
        .await;
    scene.operator(update, lock("DOOR_OPEN")).await;
    let camera = json!({ "breakoutId": "b1", "streamInfo": { "camera": true } });
    scene
        .meets_as(&as_ann, "VideoNotAllowed", join, camera)
        .await;
    scene
        .meets_as(
            &as_ann,
            "LeaveFailed",
            "BreakoutService/LeaveBreakout",
            json!({}),
        )
        .await;
    bob.socket
        .command(join, json!({ "breakoutId": "b1" }))
        .await;
    cleo.socket
        .command(join, json!({ "breakoutId": "b1" }))
        .await;
    scene
        .meets_as(&as_ann, "BreakoutFull", join, to(ann, "b1"))
        .await;
    let as_bob = client_token("math", "bob", RoleClaim::Participant);
    scene
        .meets_as(&as_bob, "AlreadyInBreakout", join, to(&bob, "b3"))
        .await;
    inside(scene, ann, &bob).await;
}

async fn inside(scene: &mut Scene, ann: &Client, bob: &Client) {
    let as_bob = client_token("math", "bob", RoleClaim::Participant);
    let invite = json!({ "breakoutId": "b3", "participantIds": [ann.id] });
    let grants = json!({ "createBreakouts": true, "publish": ["TRACK_KIND_AUDIO"] });
    let able = json!({ "participantId": bob.id, "grants": grants });
    scene.operator("ParticipantService/SetGrants", able).await;
    let fine = json!({ "definition": { "maxRooms": 1, "participants": 3 } });
    scene
        .meets_as(
            &as_bob,
            "NotInParent",
            "BreakoutService/CreateBreakouts",
            fine,
        )
        .await;
    let no_return = json!({ "settings": { "allowReturn": false } });
    scene
        .operator("BreakoutService/UpdateSettings", no_return)
        .await;
    scene
        .meets_as(
            &as_bob,
            "ReturnNotAllowed",
            "BreakoutService/LeaveBreakout",
            json!({}),
        )
        .await;
    scene.operator("BreakoutService/Invite", invite).await;
    scene
        .operator("BreakoutService/ClearBreakouts", json!({}))
        .await;
}

async fn away(scene: &mut Scene, ann: &Client) {
    let as_ann = client_token("math", "ann", RoleClaim::Participant);
    let join = json!({ "participantId": ann.id, "breakoutId": "b3" });
    // A participant without any media cannot go anywhere.
    let deaf = client_token("math", "deaf", RoleClaim::Moderator);
    let mute = json!({ "clientToken": deaf, "offer": "v=0\r\n" });
    scene.operator("ParticipantService/Join", mute).await;
    let go = json!({ "breakoutId": "b3" });
    scene
        .meets_as(&deaf, "TokenFailed", "BreakoutService/JoinBreakout", go)
        .await;

    scene.operator("BreakoutService/JoinBreakout", join).await;
    let pause = json!({ "paused": true });
    scene
        .operator("ParticipantService/SetRoomGate", pause.clone())
        .await;
    let resume = json!({ "paused": false });
    scene
        .meets_as(
            &as_ann,
            "ResumeFailed",
            "ParticipantService/SetParentGate",
            resume,
        )
        .await;
    let help = "BreakoutService/RaiseHelp";
    scene
        .server
        .operator(help, json!({ "room": "math", "participantId": ann.id }))
        .await;
    let answer = json!({ "room": "math", "participantId": ann.id });
    scene
        .server
        .operator("BreakoutService/AnswerHelp", answer)
        .await;
    scene
        .meets_as(&as_ann, "RateLimited", help, json!({}))
        .await;

    let bob = scene.server.join("bob", RoleClaim::Participant).await;
    let serial: u32 = bob.id.rsplit('.').next().unwrap().parse().unwrap();
    let participant = ParticipantId::new(RoomId(1), serial);
    scene
        .server
        .backend
        .system("math", Command::Drop { participant });
    let body = json!({ "participantId": bob.id, "paused": true });
    scene
        .meets("HoldFailed", "ParticipantService/SetParentGate", body)
        .await;
    let body = json!({ "participantId": bob.id, "breakoutId": "b3" });
    scene
        .meets("JoinFailed", "BreakoutService/JoinBreakout", body)
        .await;
}

async fn room_wide(scene: &mut Scene, ann: &Client) {
    let lecture = json!({ "settings": { "mode": "ROOM_MODE_LECTURE" } });
    scene
        .meets("BreakoutsExist", "RoomService/UpdateRoom", lecture.clone())
        .await;
    scene
        .operator("BreakoutService/DestroyBreakouts", json!({}))
        .await;
    let create = "BreakoutService/CreateBreakouts";
    let fine = json!({ "definition": { "maxRooms": 1, "participants": 3 } });
    for (availability, name) in [
        ("AVAILABILITY_NOT_SUPPORTED", "NotSupported"),
        ("AVAILABILITY_DISABLED", "Disabled"),
    ] {
        let settings = json!({ "settings": { "availability": availability } });
        scene
            .operator("BreakoutService/UpdateSettings", settings)
            .await;
        scene.meets(name, create, fine.clone()).await;
    }
    let settings = json!({ "settings": { "availability": "AVAILABILITY_AVAILABLE" } });
    scene
        .operator("BreakoutService/UpdateSettings", settings)
        .await;
    scene.operator("RoomService/UpdateRoom", lecture).await;
    scene.meets("LectureMode", create, fine).await;

    let ghost = json!({ "asParticipantId": "p1.4711", "participantId": ann.id });
    scene
        .meets("Unauthenticated", "ParticipantService/Remove", ghost)
        .await;
    let stale = json!({ "participantId": ann.id, "expectedVersion": "4711" });
    scene
        .meets("VersionMismatch", "ParticipantService/Remove", stale)
        .await;
    let stale = json!({ "participantId": ann.id, "expectedEpoch": "4711" });
    scene
        .meets("EpochMismatch", "ParticipantService/Remove", stale)
        .await;
    let few = json!({ "settings": { "maxParticipants": 1 } });
    scene.operator("RoomService/UpdateRoom", few).await;
    let late = client_token("math", "late", RoleClaim::Participant);
    let join = json!({ "clientToken": late, "offer": OFFER });
    scene
        .meets("RoomFull", "ParticipantService/Join", join.clone())
        .await;
    scene
        .operator("RoomService/SetDraining", json!({ "draining": true }))
        .await;
    scene
        .meets("Draining", "ParticipantService/Join", join)
        .await;
}

#[tokio::test]
async fn a_bad_offer_names_its_line_and_a_full_disk_is_said_so() {
    let server = Server::with_room().await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    let join = json!({ "offer": "what?" }).to_string();
    let (status, answer) = server
        .call(Some(&token), "ParticipantService/Join", join)
        .await;
    assert_eq!((status, &answer["error"]["line"]), (400, &json!(1)));
    assert_eq!(answer["error"]["reason"], "BadOffer");
    let long = json!({ "offer": "v=0".repeat(100_000) }).to_string();
    let (_, answer) = server
        .call(Some(&token), "ParticipantService/Join", long)
        .await;
    assert_eq!(answer["error"]["reason"], "BadOffer");

    server
        .backend
        .store_is_full
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let settings = json!({ "room": "math", "settings": { "maxBreakouts": 2 } });
    let error = server.refused("RoomService/UpdateRoom", settings).await;
    assert_eq!(
        (&error["reason"], &error["code"]),
        (&json!("StoreFailed"), &json!("UNAVAILABLE"))
    );
    server
        .operator("RoomService/GetRoom", json!({ "room": "math" }))
        .await;
}

#[tokio::test]
async fn rooms_that_are_not_there_or_there_already() {
    let server = Server::with_room().await;
    let error = server
        .refused("RoomService/GetRoom", json!({ "room": "none" }))
        .await;
    assert_eq!(
        (&error["reason"], &error["code"]),
        (&json!("NotFound"), &json!("NOT_FOUND"))
    );
    let error = server
        .refused("RoomService/CreateRoom", json!({ "room": "math" }))
        .await;
    assert_eq!(
        (&error["reason"], &error["code"]),
        (&json!("RoomExists"), &json!("ALREADY_EXISTS"))
    );
    let error = server
        .refused("RoomService/CreateRoom", json!({ "room": "" }))
        .await;
    assert_eq!(error["reason"], "InvalidArgument");
    let error = server
        .refused("RoomService/CreateRoom", json!({ "room": "x".repeat(200) }))
        .await;
    assert_eq!(error["reason"], "InvalidArgument");
}
