//! Every method that changes state keeps two promises: a repeated request id gets the first answer, or is
//! refused with another body, and a stale epoch stops it. Exceptions are named here, with the reason.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sideroom_rpc::{METHODS, auth::RoleClaim};

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

/// One method: the preparation, an accepted body, and another one. `$ann` and the like stand for ids.
struct Case {
    method: &'static str,
    before: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// Empty: everything that could differ is the room itself.
    other: &'static str,
}

const fn case(method: &'static str, body: &'static str, other: &'static str) -> Case {
    after(&[], method, body, other)
}

const fn after(
    before: &'static [(&'static str, &'static str)],
    method: &'static str,
    body: &'static str,
    other: &'static str,
) -> Case {
    Case {
        method,
        before,
        body,
        other,
    }
}

const BANNED: (&str, &str) = ("ParticipantService/Ban", r#"{"identity":"gil"}"#);
const BANNED_TOO: (&str, &str) = ("ParticipantService/Ban", r#"{"identity":"hal"}"#);
const PUBLISH: (&str, &str) = (
    "ParticipantService/Publish",
    r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
);
const INVITE: (&str, &str) = (
    "BreakoutService/Invite",
    r#"{"breakoutId":"b1","participantIds":["$ann"]}"#,
);
const AWAY: (&str, &str) = (
    "BreakoutService/MoveParticipants",
    r#"{"moves":[{"participantId":"$ann","toGroupId":"b1"},{"participantId":"$bob","toGroupId":"b2"}]}"#,
);
const ADDRESS: (&str, &str) = (
    "BreakoutService/StartAddressAll",
    r#"{"participantId":"$mo","kinds":["TRACK_KIND_AUDIO"]}"#,
);
const LISTEN: (&str, &str) = (
    "BreakoutService/StartListening",
    r#"{"participantId":"$mo","groupId":"b1"}"#,
);
const INTERCOM: (&str, &str) = (
    "BreakoutService/StartIntercom",
    r#"{"participantId":"$mo","all":true,"allowReply":true}"#,
);
const REPLY: (&str, &str) = (
    "BreakoutService/StartReply",
    r#"{"participantId":"$ann","speakerId":"$mo"}"#,
);
const DOOR: (&str, &str) = (
    "BreakoutService/UpdateBreakout",
    r#"{"breakoutId":"b1","door":"DOOR_KNOCKING"}"#,
);
const KNOCK: (&str, &str) = (
    "BreakoutService/Knock",
    r#"{"participantId":"$ann","breakoutId":"b1"}"#,
);
const LATER: (&str, &str) = (
    "BreakoutService/OpenBreakouts",
    r#"{"atMs":"1790086400000"}"#,
);
const ROTATE: (&str, &str) = (
    "BreakoutService/StartRotation",
    r#"{"rounds":3,"roundMs":60000}"#,
);
const KEPT: (&str, &str) = (
    "BreakoutService/SaveArrangement",
    r#"{"name":"kept","list":"Breakout 1,ann"}"#,
);
const HELP: (&str, &str) = (
    "BreakoutService/RaiseHelp",
    r#"{"participantId":"$ann","text":"stuck"}"#,
);
const MUTED: (&str, &str) = (
    "ParticipantService/Mute",
    r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
);

const ROOMS: [Case; 5] = [
    case(
        "RoomService/CreateRoom",
        r#"{"room":"new","settings":{"maxBreakouts":3}}"#,
        r#"{"room":"new","settings":{"maxBreakouts":4}}"#,
    ),
    case(
        "RoomService/UpdateRoom",
        r#"{"settings":{"maxBreakouts":3}}"#,
        r#"{"settings":{"maxBreakouts":4}}"#,
    ),
    case(
        "RoomService/SetDraining",
        r#"{"draining":true}"#,
        r#"{"draining":false}"#,
    ),
    case(
        "RoomService/SendMessage",
        r#"{"text":"one","groupId":"parent"}"#,
        r#"{"text":"two","groupId":"parent"}"#,
    ),
    case("RoomService/DeleteRoom", "{}", ""),
];

const PEOPLE: [Case; 16] = [
    case(
        "ParticipantService/Join",
        r#"{"clientToken":"$token","offer":"$offer"}"#,
        r#"{"clientToken":"$token","offer":"$offerm=audio 9\r\na=recvonly\r\n"}"#,
    ),
    case(
        "ParticipantService/Reoffer",
        r#"{"participantId":"$ann","offer":"$offer"}"#,
        r#"{"participantId":"$ann","offer":"$offerm=audio 9\r\na=recvonly\r\n"}"#,
    ),
    case(
        "ParticipantService/Leave",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "ParticipantService/Remove",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "ParticipantService/Ban",
        r#"{"identity":"eve"}"#,
        r#"{"identity":"fay"}"#,
    ),
    after(
        &[BANNED, BANNED_TOO],
        "ParticipantService/Unban",
        r#"{"identity":"gil"}"#,
        r#"{"identity":"hal"}"#,
    ),
    case(
        "ParticipantService/SetRole",
        r#"{"participantId":"$ann","role":"ROLE_MODERATOR"}"#,
        r#"{"participantId":"$bob","role":"ROLE_MODERATOR"}"#,
    ),
    case(
        "ParticipantService/SetGrants",
        r#"{"participantId":"$ann","grants":{"moveOthers":true}}"#,
        r#"{"participantId":"$ann","grants":{"listenIn":true}}"#,
    ),
    case(
        "ParticipantService/Publish",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_SCREEN"]}"#,
    ),
    after(
        &[PUBLISH],
        "ParticipantService/Unpublish",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_SCREEN"]}"#,
    ),
    after(
        &[PUBLISH],
        "ParticipantService/Mute",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$bob","kinds":["TRACK_KIND_AUDIO"]}"#,
    ),
    after(
        &[PUBLISH, MUTED],
        "ParticipantService/Unmute",
        r#"{"participantId":"$ann","kinds":["TRACK_KIND_AUDIO"]}"#,
        r#"{"participantId":"$bob","kinds":["TRACK_KIND_AUDIO"]}"#,
    ),
    after(
        &[PUBLISH, AWAY],
        "ParticipantService/SetStream",
        r#"{"participantId":"$ann","stream":{"audio":true}}"#,
        r#"{"participantId":"$ann","stream":{}}"#,
    ),
    after(
        &[AWAY],
        "ParticipantService/SetParentGate",
        r#"{"participantId":"$ann","audioMuted":true}"#,
        r#"{"participantId":"$ann","videoMuted":true}"#,
    ),
    case(
        "ParticipantService/SetRoomGate",
        r#"{"paused":true}"#,
        r#"{"audioMuted":true}"#,
    ),
    case(
        "ParticipantService/SetViews",
        r#"{"participantId":"$ann","onlyThese":true}"#,
        r#"{"participantId":"$ann"}"#,
    ),
];

const BREAKOUTS: [Case; 23] = [
    case(
        "BreakoutService/CreateBreakouts",
        r#"{"definition":{"maxRooms":1,"participants":"4"}}"#,
        r#"{"definition":{"maxRooms":2,"participants":"4"}}"#,
    ),
    case(
        "BreakoutService/CreateAndInvite",
        r#"{"definition":{"maxRooms":1,"participants":"4"},"seed":"1"}"#,
        r#"{"definition":{"maxRooms":1,"participants":"4"},"seed":"2"}"#,
    ),
    case(
        "BreakoutService/UpdateBreakout",
        r#"{"breakoutId":"b1","displayName":"Red"}"#,
        r#"{"breakoutId":"b1","displayName":"Blue"}"#,
    ),
    case(
        "BreakoutService/OpenBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        "{}",
    ),
    case(
        "BreakoutService/CloseBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        "{}",
    ),
    case(
        "BreakoutService/UpdateSettings",
        r#"{"settings":{"allowReturn":false}}"#,
        r#"{"settings":{"selfSelect":true}}"#,
    ),
    case(
        "BreakoutService/Invite",
        INVITE.1,
        r#"{"breakoutId":"b2","participantIds":["$ann"]}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/RejectInvite",
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
        r#"{"participantId":"$ann","breakoutId":"b2"}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/WithdrawInvites",
        INVITE.1,
        r#"{"breakoutId":"b2","participantIds":["$ann"]}"#,
    ),
    case(
        "BreakoutService/Assign",
        r#"{"breakoutId":"b1","identities":["ann"]}"#,
        r#"{"breakoutId":"b2","identities":["ann"]}"#,
    ),
    case(
        "BreakoutService/Unassign",
        r#"{"identities":["ann"]}"#,
        r#"{"identities":["bob"]}"#,
    ),
    after(
        &[INVITE],
        "BreakoutService/JoinBreakout",
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
        r#"{"participantId":"$ann","breakoutId":"b2"}"#,
    ),
    after(
        &[AWAY],
        "BreakoutService/LeaveBreakout",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    case(
        "BreakoutService/MoveParticipants",
        AWAY.1,
        r#"{"moves":[{"participantId":"$ann","toGroupId":"b2"}]}"#,
    ),
    case(
        "BreakoutService/Shuffle",
        r#"{"seed":"7"}"#,
        r#"{"seed":"8"}"#,
    ),
    after(
        &[AWAY],
        "BreakoutService/ClearBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        r#"{"breakoutIds":["b2"]}"#,
    ),
    case(
        "BreakoutService/DestroyBreakouts",
        r#"{"breakoutIds":["b1"]}"#,
        r#"{"breakoutIds":["b2"]}"#,
    ),
    case(
        "BreakoutService/StartAddressAll",
        ADDRESS.1,
        r#"{"participantId":"$mo","kinds":["TRACK_KIND_CAMERA"]}"#,
    ),
    after(
        &[ADDRESS],
        "BreakoutService/StopAddressAll",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    case(
        "BreakoutService/StartListening",
        LISTEN.1,
        r#"{"participantId":"$mo","groupId":"b2"}"#,
    ),
    after(
        &[LISTEN],
        "BreakoutService/StopListening",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    case(
        "BreakoutService/RaiseHelp",
        HELP.1,
        r#"{"participantId":"$ann","text":"other"}"#,
    ),
    after(
        &[HELP],
        "BreakoutService/AnswerHelp",
        r#"{"participantId":"$ann","text":"coming"}"#,
        r#"{"participantId":"$ann","text":"later"}"#,
    ),
];

const PRESENCE: [Case; 15] = [
    case(
        "BreakoutService/StartIntercom",
        INTERCOM.1,
        r#"{"participantId":"$mo","groupIds":["b2"]}"#,
    ),
    after(
        &[INTERCOM],
        "BreakoutService/StopIntercom",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$ann"}"#,
    ),
    after(
        &[INTERCOM],
        "BreakoutService/StartReply",
        REPLY.1,
        r#"{"participantId":"$bob","speakerId":"$mo"}"#,
    ),
    after(
        &[INTERCOM, REPLY],
        "BreakoutService/StopReply",
        r#"{"participantId":"$ann"}"#,
        r#"{"participantId":"$bob"}"#,
    ),
    after(
        &[DOOR],
        "BreakoutService/Knock",
        KNOCK.1,
        r#"{"participantId":"$bob","breakoutId":"b1"}"#,
    ),
    after(
        &[DOOR, KNOCK],
        "BreakoutService/StopKnocking",
        KNOCK.1,
        r#"{"participantId":"$bob","breakoutId":"b1"}"#,
    ),
    after(
        &[DOOR, KNOCK],
        "BreakoutService/AnswerKnock",
        r#"{"participantId":"$ann","breakoutId":"b1","admit":true}"#,
        r#"{"participantId":"$ann","breakoutId":"b1"}"#,
    ),
    case(
        "BreakoutService/CreateSideRoom",
        r#"{"participantId":"$mo"}"#,
        r#"{"participantId":"$mo","capacity":3}"#,
    ),
    after(
        &[LATER],
        "BreakoutService/ChangeSchedule",
        r#"{"scheduleId":1,"atMs":"1790086500000"}"#,
        r#"{"scheduleId":1,"atMs":"1790086600000"}"#,
    ),
    after(
        &[LATER],
        "BreakoutService/CancelSchedule",
        r#"{"scheduleId":1}"#,
        r#"{"scheduleId":2}"#,
    ),
    case(
        "BreakoutService/StartRotation",
        r#"{"rounds":3,"roundMs":60000}"#,
        r#"{"rounds":4,"roundMs":60000}"#,
    ),
    after(
        &[ROTATE],
        "BreakoutService/ChangeRotation",
        r#"{"step":"ROTATION_STEP_PAUSE"}"#,
        r#"{"step":"ROTATION_STEP_END"}"#,
    ),
    case(
        "BreakoutService/SaveArrangement",
        r#"{"name":"new","list":"Red,ann"}"#,
        r#"{"name":"new","list":"Red,bob"}"#,
    ),
    after(
        &[KEPT],
        "BreakoutService/RemoveArrangement",
        r#"{"name":"kept"}"#,
        r#"{"name":"other"}"#,
    ),
    after(
        &[KEPT],
        "BreakoutService/ApplyArrangement",
        r#"{"name":"kept"}"#,
        r#"{"name":"kept","open":true}"#,
    ),
];

fn cases() -> impl Iterator<Item = &'static Case> {
    let all = ROOMS.iter().chain(&PEOPLE).chain(&BREAKOUTS);
    all.chain(&PRESENCE)
}

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
