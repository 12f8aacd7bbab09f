//! Every method that changes state keeps two promises: a repeated request id gets the first answer, or is
//! refused with another body, and a stale epoch stops it. Exceptions are named here, with the reason.

mod cases;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sideroom_rpc::{METHODS, auth::RoleClaim};

use cases::{Case, cases};

use crate::harness::{OFFER, Server, api_token, client_token, hints};

/// These change nothing.
const READS: [&str; 7] = [
    "RoomService/ListAttendance",
    "BreakoutService/GetArrangement",
    "RoomService/GetRoom",
    "RoomService/ListRooms",
    "RoomService/ListMoves",
    "NodeService/GetStats",
    "ParticipantService/CreateToken",
];

/// These may be done any number of times with the same effect, and belong to no room's history.
const WITHOUT_ID: [&str; 2] = ["NodeService/Drain", "ParticipantService/Trickle"];

/// These depend on no routing table: there is none yet, or they do not change it by a command.
const WITHOUT_EPOCH: [&str; 4] = [
    "RoomService/CreateRoom",
    "ParticipantService/Join",
    "ParticipantService/Reoffer",
    "ParticipantService/SetViews",
];

/// A room with a moderator, two others, and two breakouts.
struct World {
    server: Server,
    people: [String; 3],
    token: String,
}

impl World {
    async fn new() -> Self {
        let server = Server::with_room().await;
        let definition = json!({ "maxRooms": 2, "participants": "4", "media": { "audio": true, "screen": true } });
        let mut world = Self {
            server,
            people: Default::default(),
            token: client_token("math", "new", RoleClaim::Participant),
        };
        for (index, identity) in ["mo", "ann", "bob"].into_iter().enumerate() {
            let role = if index == 0 {
                RoleClaim::Moderator
            } else {
                RoleClaim::Participant
            };
            let token = client_token("math", identity, role);
            let body =
                json!({ "clientToken": token, "offer": OFFER, "tracks": hints(), "room": "math" });
            let joined = world.server.operator("ParticipantService/Join", body).await;
            joined["participantId"]
                .as_str()
                .unwrap()
                .clone_into(&mut world.people[index]);
        }
        let create = json!({ "room": "math", "definition": definition });
        let create = world
            .server
            .operator("BreakoutService/CreateBreakouts", create);
        create.await;
        let speak = json!({ "room": "math", "participantId": world.people[0], "kinds": ["TRACK_KIND_AUDIO"] });
        let speak = world.server.operator("ParticipantService/Publish", speak);
        speak.await;
        world
    }

    fn body(&self, text: &str) -> Value {
        let offer = OFFER.replace("\r\n", r"\r\n");
        let filled = text
            .replace("$mo", &self.people[0])
            .replace("$ann", &self.people[1])
            .replace("$bob", &self.people[2])
            .replace("$token", &self.token)
            .replace("$offer", &offer);
        let mut body: Value = serde_json::from_str(&filled).unwrap();
        if body.get("room").is_none() {
            body["room"] = json!("math");
        }
        body
    }

    async fn prepare(&self, case: &Case) {
        for (method, body) in case.before {
            self.server.operator(method, self.body(body)).await;
        }
    }

    async fn epoch(&self) -> u64 {
        let room = json!({ "room": "math" });
        let answer = self.server.operator("RoomService/GetRoom", room).await;
        let epoch = answer["room"]["epoch"].as_str().unwrap_or("0");
        epoch.parse().unwrap()
    }

    async fn version(&self) -> u64 {
        let room = json!({ "room": "math" });
        let answer = self.server.operator("RoomService/GetRoom", room).await;
        let version = answer["room"]["version"].as_str().unwrap_or("0");
        version.parse().unwrap()
    }

    async fn ask(&self, method: &str, body: &Value) -> (u16, Value) {
        let token = api_token(None);
        self.server
            .call(Some(&token), method, body.to_string())
            .await
    }

    fn state(&self) -> [String; 2] {
        ["math", "new"].map(|room| self.server.backend.state(room))
    }
}

#[test]
fn every_method_is_accounted_for() {
    let mut named: Vec<&str> = cases().map(|case| case.method).collect();
    named.extend(READS.iter().chain(&WITHOUT_ID));
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(once.len(), named.len(), "each is named once");
    assert_eq!(once, METHODS.iter().copied().collect());
}

#[tokio::test]
async fn the_same_request_is_answered_as_at_first_and_its_id_takes_no_other_body() {
    for case in cases() {
        let (world, method) = (World::new().await, case.method);
        world.prepare(case).await;
        let mut body = world.body(case.body);
        body["requestId"] = json!("same");
        let (status, first) = world.ask(method, &body).await;
        assert_eq!(status, 200, "{method} {body} {first}");
        let state = world.state();
        let (status, mut again) = world.ask(method, &body).await;
        assert_eq!(status, 200, "{method} {again}");
        if let Some(answer) = again.get_mut("answer") {
            let replayed = answer.as_object_mut().unwrap().remove("replayed");
            assert_eq!(replayed, Some(json!(true)), "{method}");
        }
        assert_eq!(again, first, "{method}");
        assert_eq!(world.state(), state, "{method} was done twice");
        if case.other.is_empty() {
            continue;
        }
        let mut other = world.body(case.other);
        other["requestId"] = json!("same");
        let (status, refused) = world.ask(method, &other).await;
        let error = &refused["error"];
        assert_eq!(
            (status, &error["code"], &error["reason"]),
            (400, &json!("INVALID_ARGUMENT"), &json!("InvalidArgument")),
            "{method} {other} {refused}"
        );
        assert_eq!(world.state(), state, "{method} changed something");
    }
}

#[tokio::test]
async fn a_version_that_has_passed_stops_every_command() {
    for case in cases().filter(|case| !WITHOUT_EPOCH.contains(&case.method)) {
        let (world, method) = (World::new().await, case.method);
        world.prepare(case).await;
        let (state, version) = (world.state(), world.version().await);
        let mut body = world.body(case.body);
        body["requestId"] = json!("passed");
        body["expectedVersion"] = json!((version - 1).to_string());
        let (status, refused) = world.ask(method, &body).await;
        let error = &refused["error"];
        assert_eq!(
            (status, &error["code"], &error["reason"]),
            (409, &json!("ABORTED"), &json!("VersionMismatch")),
            "{method} {refused}"
        );
        assert_eq!(error["currentVersion"], version.to_string(), "{method}");
        assert_eq!(world.state(), state, "{method} changed something");

        body["expectedEpoch"] = json!("1");
        let (status, refused) = world.ask(method, &body).await;
        assert_eq!(status, 400, "{method} takes both: {refused}");
        assert_eq!(world.state(), state, "{method} changed something");

        body.as_object_mut().unwrap().remove("expectedEpoch");
        body["expectedVersion"] = json!(version.to_string());
        let (status, done) = world.ask(method, &body).await;
        assert_eq!(status, 200, "{method} {done}");
    }
}

/// The first answer comes again wherever the asker is by then: the room looks the id up before it looks where
/// somebody may go, or where they are.
#[tokio::test]
async fn what_a_request_leaves_out_is_looked_up_once() {
    let world = World::new().await;
    let ann = &world.people[1];
    let operator = async |method: &str, body: Value| world.server.operator(method, body).await;
    let create = json!({ "room": "math", "definition": { "maxRooms": 2, "participants": "4" } });
    let made = operator("BreakoutService/CreateBreakouts", create).await;
    let first = made["breakouts"][0]["id"].clone();
    let second = made["breakouts"][1]["id"].clone();
    let invite = |to: &Value| json!({ "room": "math", "breakoutId": to, "participantIds": [ann] });
    operator("BreakoutService/Invite", invite(&first)).await;

    let join =
        json!({ "room": "math", "requestId": "go", "participantId": ann, "asParticipantId": ann });
    let joined = operator("BreakoutService/JoinBreakout", join.clone()).await;
    assert_eq!(joined["groupId"], first);
    let say =
        json!({ "room": "math", "requestId": "say", "text": "hello", "asParticipantId": ann });
    operator("RoomService/SendMessage", say.clone()).await;
    // The invitation is gone, and two more are there; the asker is elsewhere.
    operator(
        "BreakoutService/LeaveBreakout",
        json!({ "room": "math", "participantId": ann }),
    )
    .await;
    for to in [&first, &second] {
        operator("BreakoutService/Invite", invite(to)).await;
    }
    let state = world.state();
    let again = operator("BreakoutService/JoinBreakout", join).await;
    assert_eq!(
        (&again["groupId"], &again["answer"]["replayed"]),
        (&first, &json!(true))
    );
    let again = operator("RoomService/SendMessage", say).await;
    assert_eq!(again["answer"]["replayed"], true);
    assert_eq!(world.state(), state, "nothing happened twice");
    // With another body it is another request.
    let other = json!({ "room": "math", "requestId": "go", "participantId": ann, "asParticipantId": ann,
        "breakoutId": first });
    let (status, refused) = world.ask("BreakoutService/JoinBreakout", &other).await;
    assert_eq!(status, 400, "{refused}");
    // A new request goes where the first invitation has assigned them to, and not to the second.
    let fresh = json!({ "room": "math", "requestId": "anew", "participantId": ann, "asParticipantId": ann });
    let joined = operator("BreakoutService/JoinBreakout", fresh).await;
    assert_eq!(joined["groupId"], first);
}

#[tokio::test]
async fn an_epoch_that_has_passed_stops_every_command() {
    for case in cases().filter(|case| !WITHOUT_EPOCH.contains(&case.method)) {
        let (world, method) = (World::new().await, case.method);
        world.prepare(case).await;
        let (state, epoch) = (world.state(), world.epoch().await);
        assert!(epoch > 0, "a room with people in it has an epoch");
        let mut body = world.body(case.body);
        body["requestId"] = json!("passed");
        body["expectedEpoch"] = json!((epoch - 1).to_string());
        let (status, refused) = world.ask(method, &body).await;
        let error = &refused["error"];
        assert_eq!(
            (status, &error["code"], &error["reason"]),
            (409, &json!("ABORTED"), &json!("EpochMismatch")),
            "{method} {refused}"
        );
        assert_eq!(error["currentEpoch"], epoch.to_string(), "{method}");
        assert_eq!(world.state(), state, "{method} changed something");

        body["expectedEpoch"] = json!(epoch.to_string());
        let (status, done) = world.ask(method, &body).await;
        assert_eq!(status, 200, "{method} {done}");
        // Asked again it is answered, though the epoch has passed by now.
        let (status, again) = world.ask(method, &body).await;
        assert_eq!(status, 200, "{method} {again}");
    }
}
