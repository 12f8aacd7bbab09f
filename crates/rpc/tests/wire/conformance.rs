//! Every method answers over real HTTP, and every type of event reaches a watcher, in one story of a room
//! from its making to its end.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sideroom_control::Command;
use sideroom_rpc::{METHODS, auth::RoleClaim};

use crate::{
    harness::{OFFER, Server, api_token, client_token, hints},
    watcher::Watcher,
};

/// Every payload that the protocol names.
pub(crate) const EVENTS: [&str; 41] = [
    "roomUpdated",
    "roomClosed",
    "participantJoined",
    "participantLeft",
    "participantRenamed",
    "banChanged",
    "connectionChanged",
    "roleChanged",
    "grantsChanged",
    "trackPublished",
    "trackUnpublished",
    "muteChanged",
    "streamChanged",
    "parentGateChanged",
    "roomGateChanged",
    "messageSent",
    "drainingChanged",
    "breakoutsCreated",
    "breakoutUpdated",
    "breakoutsDestroyed",
    "selectableBreakouts",
    "settingsChanged",
    "invitationReceived",
    "invitationRejected",
    "invitationEnded",
    "assignmentChanged",
    "participantMoved",
    "membersChanged",
    "awayChanged",
    "timerTicked",
    "addressAllChanged",
    "listeningChanged",
    "helpChanged",
    "intercomChanged",
    "intercomStopped",
    "knockChanged",
    "scheduleChanged",
    "scheduleFailed",
    "rotationChanged",
    "rotationPlanned",
    "arrangementChanged",
];

struct Story {
    server: Server,
    token: String,
    called: BTreeSet<String>,
    requests: u32,
}

impl Story {
    /// Calls as the signaling server.
    async fn ask(&mut self, method: &str, body: Value) -> Value {
        let token = self.token.clone();
        self.ask_as(&token, method, body).await
    }

    async fn ask_as(&mut self, token: &str, method: &str, mut body: Value) -> Value {
        self.requests += 1;
        body["room"] = json!("story");
        let has_id = ![
            "GetRoom",
            "GetArrangement",
            "ListMoves",
            "ListAttendance",
            "SetViews",
            "Trickle",
            "CreateToken",
        ]
        .iter()
        .any(|name| method.ends_with(name));
        if has_id {
            body["requestId"] = json!(format!("request-{}", self.requests));
        }
        self.bare(token, method, body).await
    }

    async fn bare(&mut self, token: &str, method: &str, body: Value) -> Value {
        self.called.insert(method.to_owned());
        let (status, answer) = self
            .server
            .call(Some(token), method, body.to_string())
            .await;
        assert_eq!(status, 200, "{method} {body} {answer}");
        answer
    }

    async fn join(&mut self, identity: &str, role: &str) -> (String, String) {
        self.join_as(identity, identity, role).await
    }

    async fn join_as(&mut self, identity: &str, name: &str, role: &str) -> (String, String) {
        let wanted = json!({ "identity": identity, "displayName": name, "role": role });
        let minted = self.ask("ParticipantService/CreateToken", wanted).await;
        let token = minted["token"].as_str().unwrap().to_owned();
        let joined = self
            .ask(
                "ParticipantService/Join",
                json!({ "clientToken": token, "offer": OFFER, "tracks": hints() }),
            )
            .await;
        assert!(joined["sdp"].as_str().unwrap().starts_with("v=0"));
        (token, joined["participantId"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn every_method_answers_and_every_event_is_told() {
    let server = Server::start().await;
    let mut story = Story {
        server,
        token: api_token(None),
        called: BTreeSet::new(),
        requests: 0,
    };
    let settings = json!({ "maxActiveTalkers": 6, "videoCodec": "VIDEO_CODEC_VP9" });
    let made = story
        .ask("RoomService/CreateRoom", json!({ "settings": settings }))
        .await;
    assert_eq!(made["room"]["settings"]["maxActiveTalkers"], 6);
    let all = json!({ "room": "story", "includeVolatile": true });
    let mut watcher = Watcher::start(&story.server, &api_token(None), all).await;
    assert_eq!(watcher.next().await.unwrap()["snapshot"]["name"], "story");

    people(&mut story).await;
    breakouts(&mut story).await;
    across_groups(&mut story).await;
    presence(&mut story).await;
    rotation(&mut story).await;
    arrangements(&mut story).await;
    endings(&mut story).await;

    let mut types = BTreeSet::new();
    let mut seq = 0;
    while let Some(line) = watcher.next().await {
        let event = &line["event"];
        let kind = event["type"].as_str().unwrap();
        assert!(
            event.get(kind).is_some(),
            "the type names the payload: {event}"
        );
        let next: u64 = event["seq"].as_str().unwrap().parse().unwrap();
        assert!(next > seq, "numbers rise: {event}");
        seq = next;
        types.insert(kind.to_owned());
    }
    assert_eq!(
        types,
        EVENTS.map(str::to_owned).into(),
        "every event was told"
    );
    let all: BTreeSet<String> = METHODS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(story.called, all, "every method was called");
}

/// Two moderators, two participants: `p1` mo, `p2` ann, `p3` bob.
async fn people(story: &mut Story) {
    let (mo, mo_id) = story.join("mo", "ROLE_MODERATOR").await;
    let (ann, ann_id) = story.join("ann", "ROLE_PARTICIPANT").await;
    story.join("bob", "ROLE_PARTICIPANT").await;
    let (_, bob_id) = story.join_as("bob", "Bob", "ROLE_PARTICIPANT").await;
    let listed = story
        .bare(
            &api_token(None),
            "RoomService/ListRooms",
            json!({ "pageSize": 10 }),
        )
        .await;
    assert_eq!(listed["rooms"][0]["participants"], 3);
    for kind in ["TRACK_KIND_AUDIO", "TRACK_KIND_SCREEN"] {
        let kinds = json!({ "kinds": [kind] });
        story
            .ask_as(&ann, "ParticipantService/Publish", kinds.clone())
            .await;
        story.ask_as(&mo, "ParticipantService/Publish", kinds).await;
    }
    let kinds = json!({ "kinds": ["TRACK_KIND_SCREEN"] });
    story
        .ask_as(&ann, "ParticipantService/Unpublish", kinds)
        .await;
    let mute = json!({ "participantId": ann_id, "kinds": ["TRACK_KIND_AUDIO"] });
    story
        .ask_as(&mo, "ParticipantService/Mute", mute.clone())
        .await;
    let room = story.ask_as(&ann, "RoomService/GetRoom", json!({})).await;
    let people = room["room"]["participants"].as_array().unwrap().clone();
    let me = people
        .iter()
        .find(|one| one["id"] == ann_id.as_str())
        .unwrap();
    assert_eq!(me["tracks"][0]["mutedByModerator"], true);
    story.ask_as(&mo, "ParticipantService/Unmute", mute).await;
    rights(story, &mo_id, &bob_id).await;
}

async fn rights(story: &mut Story, mo_id: &str, bob_id: &str) {
    let ann = client_token("story", "ann", RoleClaim::Participant);
    let role = json!({ "participantId": bob_id, "role": "ROLE_MODERATOR" });
    story.ask("ParticipantService/SetRole", role).await;
    let role = json!({ "participantId": bob_id, "role": "ROLE_PARTICIPANT" });
    story.ask("ParticipantService/SetRole", role).await;
    let grants = json!({ "publish": ["TRACK_KIND_AUDIO"], "listenIn": true });
    let change = json!({ "participantId": bob_id, "grants": grants });
    story.ask("ParticipantService/SetGrants", change).await;
    let view = json!({ "participantId": mo_id, "kind": "TRACK_KIND_SCREEN", "pinned": true, "maxHeight": 720 });
    story
        .ask_as(
            &ann,
            "ParticipantService/SetViews",
            json!({ "views": [view] }),
        )
        .await;
    let candidate = "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host";
    story
        .ask_as(
            &ann,
            "ParticipantService/Trickle",
            json!({ "candidate": candidate, "mid": "0" }),
        )
        .await;
    assert_eq!(
        story.server.backend.candidates.lock().unwrap()[0],
        candidate
    );
    let reoffered = story
        .ask_as(
            &ann,
            "ParticipantService/Reoffer",
            json!({ "offer": OFFER, "tracks": hints() }),
        )
        .await;
    assert_eq!(reoffered["slots"].as_array().unwrap().len(), 3);
}

async fn breakouts(story: &mut Story) {
    let (ann, bob) = (id(story, "ann").await, id(story, "bob").await);
    let media = json!({ "audio": true, "screen": true });
    let definition =
        json!({ "maxRooms": 2, "participants": "4", "media": media, "names": ["Red", "Blue"] });
    let made = story
        .ask(
            "BreakoutService/CreateBreakouts",
            json!({ "definition": definition }),
        )
        .await;
    assert_eq!(made["breakouts"][0]["displayName"], "Red");
    assert_eq!(made["breakouts"][0]["capacity"], 4);
    let (red, blue) = (
        made["breakouts"][0]["id"].clone(),
        made["breakouts"][1]["id"].clone(),
    );
    let renamed = story
        .ask(
            "BreakoutService/UpdateBreakout",
            json!({ "breakoutId": blue, "displayName": "Navy", "capacity": 3, "selfSelect": true }),
        )
        .await;
    assert_eq!(renamed["breakout"]["displayName"], "Navy");
    let settings = json!({ "settings": { "parentWhileAway": "PARENT_WHILE_AWAY_LIVE" } });
    let changed = story.ask("BreakoutService/UpdateSettings", settings).await;
    assert_eq!(
        changed["settings"]["parentWhileAway"],
        "PARENT_WHILE_AWAY_LIVE"
    );
    let changed = story
        .ask(
            "RoomService/UpdateRoom",
            json!({ "settings": { "reconnectGraceMs": 20000 } }),
        )
        .await;
    assert_eq!(changed["settings"]["reconnectGraceMs"], 20000);
    inside(story, &red, &blue, &[ann, bob]).await;
}

async fn inside(story: &mut Story, red: &Value, blue: &Value, [ann, bob]: &[String; 2]) {
    let invite = json!({ "breakoutId": red, "participantIds": [ann] });
    let invited = story.ask("BreakoutService/Invite", invite.clone()).await;
    assert_eq!(invited["breakout"]["invitedIdentities"], json!(["ann"]));
    let token = client_token("story", "ann", RoleClaim::Participant);
    story
        .ask_as(
            &token,
            "BreakoutService/RejectInvite",
            json!({ "breakoutId": red }),
        )
        .await;
    story.ask("BreakoutService/Invite", invite.clone()).await;
    let withdraw = json!({ "breakoutId": red, "participantIds": [ann] });
    let withdrawn = story.ask("BreakoutService/WithdrawInvites", withdraw).await;
    assert!(withdrawn["breakout"].get("invitedIdentities").is_none());
    story.ask("BreakoutService/Invite", invite).await;
    let inside = story
        .ask_as(&token, "BreakoutService/JoinBreakout", json!({}))
        .await;
    assert_eq!(inside["groupId"], *red);
    let stream = json!({ "stream": { "audio": true } });
    story
        .ask_as(&token, "ParticipantService/SetStream", stream)
        .await;
    let gate = story
        .ask_as(
            &token,
            "ParticipantService/SetParentGate",
            json!({ "paused": true }),
        )
        .await;
    assert_eq!(gate["gate"]["paused"], true);
    let gate = json!({ "audioMuted": true, "videoMuted": true });
    story.ask("ParticipantService/SetRoomGate", gate).await;
    let assign = json!({ "breakoutId": blue, "identities": ["bob", "late"] });
    story.ask("BreakoutService/Assign", assign).await;
    story
        .ask(
            "BreakoutService/Unassign",
            json!({ "identities": ["late"] }),
        )
        .await;
    let moved = story
        .ask(
            "BreakoutService/MoveParticipants",
            json!({ "moves": [{ "participantId": bob, "toGroupId": blue }] }),
        )
        .await;
    assert_eq!(moved["moved"][0]["toGroupId"], *blue);
}

async fn across_groups(story: &mut Story) {
    let (mo, ann) = (id(story, "mo").await, id(story, "ann").await);
    let token = client_token("story", "ann", RoleClaim::Participant);
    story
        .ask_as(
            &token,
            "RoomService/SendMessage",
            json!({ "text": "hello" }),
        )
        .await;
    let all = json!({ "text": "two minutes", "allGroups": true });
    story.ask("RoomService/SendMessage", all).await;
    let speak = json!({ "participantId": mo, "kinds": ["TRACK_KIND_AUDIO"] });
    story.ask("BreakoutService/StartAddressAll", speak).await;
    story
        .ask(
            "BreakoutService/StopAddressAll",
            json!({ "participantId": mo }),
        )
        .await;
    let hear = json!({ "participantId": mo, "groupId": "b1" });
    story.ask("BreakoutService/StartListening", hear).await;
    story
        .ask(
            "BreakoutService/StopListening",
            json!({ "participantId": mo }),
        )
        .await;
    story
        .ask_as(
            &token,
            "BreakoutService/RaiseHelp",
            json!({ "text": "stuck" }),
        )
        .await;
    let answer = json!({ "participantId": ann, "text": "coming" });
    story.ask("BreakoutService/AnswerHelp", answer).await;
}

/// Intercoms, doors, side rooms, schedules and dry runs. Everything is as it was afterwards.
async fn presence(story: &mut Story) {
    let (mo, ann, bob) = (
        id(story, "mo").await,
        id(story, "ann").await,
        id(story, "bob").await,
    );
    let speak = json!({ "participantId": mo, "toParticipantIds": [ann], "allowReply": true });
    let spoken = story.ask("BreakoutService/StartIntercom", speak).await;
    assert_eq!(spoken["intercom"]["toParticipantIds"], json!([ann]));
    let reply = json!({ "participantId": ann, "speakerId": mo });
    story.ask("BreakoutService/StartReply", reply).await;
    let own = |who: &str| json!({ "participantId": who });
    story.ask("BreakoutService/StopReply", own(&ann)).await;
    story.ask("BreakoutService/StopIntercom", own(&mo)).await;

    let back = json!({ "moves": [{ "participantId": bob, "toGroupId": "parent" }] });
    let rehearsal = json!({ "moves": back["moves"], "dryRun": true });
    let rehearsed = story
        .ask("BreakoutService/MoveParticipants", rehearsal)
        .await;
    let run = &rehearsed["answer"]["dryRun"];
    assert!(
        run.is_object() && rehearsed["answer"].get("epoch").is_none(),
        "{run}"
    );
    let made = story.ask("BreakoutService/CreateSideRoom", own(&mo)).await;
    let side = made["breakouts"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["breakouts"][0]["side"], true);
    let door = json!({ "breakoutId": side, "door": "DOOR_KNOCKING" });
    story.ask("BreakoutService/UpdateBreakout", door).await;
    story.ask("BreakoutService/MoveParticipants", back).await;
    let knock = json!({ "participantId": bob, "breakoutId": side });
    story.ask("BreakoutService/Knock", knock.clone()).await;
    story
        .ask("BreakoutService/StopKnocking", knock.clone())
        .await;
    story.ask("BreakoutService/Knock", knock.clone()).await;
    story.ask("BreakoutService/AnswerKnock", knock).await;

    let at = |ms: u64| (1_790_000_000_000_u64 + ms).to_string();
    let later =
        json!({ "participantId": bob, "atMs": at(80_000_000), "ifLate": { "always": true } });
    let waits = story.ask("BreakoutService/LeaveBreakout", later).await;
    let schedule = waits["answer"]["schedule"]["scheduleId"].clone();
    let earlier = json!({ "scheduleId": schedule, "atMs": at(79_000_000) });
    let changed = story.ask("BreakoutService/ChangeSchedule", earlier).await;
    assert_eq!(changed["schedule"]["atMs"], at(79_000_000));
    let vain = json!({ "participantId": bob, "atMs": at(1_000) });
    story.ask("BreakoutService/LeaveBreakout", vain).await;
    story.server.backend.advance(2_000);
    let cancel = json!({ "scheduleId": schedule });
    story.ask("BreakoutService/CancelSchedule", cancel).await;
    story.ask("BreakoutService/LeaveBreakout", own(&mo)).await;
}

/// A rotation is planned, begun, paused and ended.
async fn rotation(story: &mut Story) {
    let mut start = json!({ "rounds": 3, "roundMs": 60000, "seed": "5", "dryRun": true });
    let rehearsed = story
        .ask("BreakoutService/StartRotation", start.clone())
        .await;
    assert_eq!(rehearsed["rotation"]["seed"], "5");
    start["dryRun"] = json!(false);
    let begun = story.ask("BreakoutService/StartRotation", start).await;
    assert_eq!(begun["rotation"]["ahead"], rehearsed["rotation"]["ahead"]);
    assert_eq!(begun["rotation"]["begun"], 1);
    assert_eq!(begun["placed"].as_array().unwrap().len(), 2);
    let step = |step: &str| json!({ "step": format!("ROTATION_STEP_{step}") });
    let paused = story
        .ask("BreakoutService/ChangeRotation", step("PAUSE"))
        .await;
    assert_eq!(paused["rotation"]["pausedMs"], 60000);
    let room = story.ask("RoomService/GetRoom", json!({})).await;
    assert_eq!(room["room"]["rotation"], paused["rotation"]);
    let ended = story
        .ask("BreakoutService/ChangeRotation", step("END"))
        .await;
    assert!(ended.get("rotation").is_none(), "{ended}");
}

/// An arrangement is kept from a list, applied, made from how things stand, and removed.
async fn arrangements(story: &mut Story) {
    let list = "Room,Identity\nRed,bob\nNavy,ann\nNavy,late\n";
    let kept = json!({ "name": "first", "list": list });
    let kept = story.ask("BreakoutService/SaveArrangement", kept).await;
    assert_eq!(
        kept["arrangement"],
        json!({ "name": "first", "rooms": 2, "identities": 3 })
    );
    let name = json!({ "name": "first" });
    let found = story
        .ask("BreakoutService/GetArrangement", name.clone())
        .await;
    assert_eq!(found["rooms"][1]["identities"], json!(["ann", "late"]));
    let open = json!({ "name": "first", "open": true });
    let applied = story.ask("BreakoutService/ApplyArrangement", open).await;
    assert_eq!(applied["breakoutIds"], json!(["b1", "b2"]));
    assert_eq!(applied["absentIdentities"], json!(["late"]));
    let stands = json!({ "name": "now", "asItStands": true });
    story.ask("BreakoutService/SaveArrangement", stands).await;
    let room = story.ask("RoomService/GetRoom", json!({})).await;
    assert_eq!(room["room"]["arrangements"].as_array().unwrap().len(), 2);
    story.ask("BreakoutService/RemoveArrangement", name).await;
    let late = json!({ "identities": ["late"] });
    story.ask("BreakoutService/Unassign", late).await;
    let all = story.ask("RoomService/ListAttendance", json!({})).await;
    let rows = all["rows"].as_array().unwrap();
    let arranged = |row: &&serde_json::Value| row["reason"] == "MOVE_REASON_ARRANGED";
    let who = rows.iter().find(arranged).map(|row| &row["identity"]);
    assert!(rows.len() > 3 && who.is_some(), "{all}");
}

async fn endings(story: &mut Story) {
    let (ann, bob) = (id(story, "ann").await, id(story, "bob").await);
    let token = client_token("story", "ann", RoleClaim::Participant);
    let back = story
        .ask_as(&token, "BreakoutService/LeaveBreakout", json!({}))
        .await;
    assert_eq!(
        (&back["participantId"], &back["groupId"]),
        (&json!(ann), &json!("parent"))
    );
    let shuffled = story
        .ask("BreakoutService/Shuffle", json!({ "seed": "7" }))
        .await;
    assert_eq!(shuffled["seed"], "7");
    let cleared = story.ask("BreakoutService/ClearBreakouts", json!({})).await;
    assert_eq!(cleared["breakoutIds"], json!(["b1", "b2"]));
    story.ask("BreakoutService/CloseBreakouts", json!({})).await;
    story
        .ask(
            "BreakoutService/OpenBreakouts",
            json!({ "breakoutIds": ["b1"] }),
        )
        .await;
    let ends_at = 1_790_000_000_000_u64 + 90_000;
    let timer =
        json!({ "settings": { "endsAtMs": ends_at, "endGraceMs": 1000, "countdownMs": [60000] } });
    story.ask("BreakoutService/UpdateSettings", timer).await;
    story.server.backend.advance(40_000);
    let silent = json!({ "settings": { "noCountdown": true } });
    let silent = story.ask("BreakoutService/UpdateSettings", silent).await;
    assert_eq!(silent["settings"].get("countdownMs"), None, "{silent}");
    let again = json!({ "settings": { "countdownMs": [30000] } });
    story.ask("BreakoutService/UpdateSettings", again).await;
    story.server.backend.advance(60_000);
    let gone = story
        .ask("BreakoutService/DestroyBreakouts", json!({}))
        .await;
    assert_eq!(gone["breakoutIds"], json!(["b1", "b2"]));
    let definition = json!({ "maxRooms": 1, "participants": 4 });
    let placed = story
        .ask(
            "BreakoutService/CreateAndInvite",
            json!({ "definition": definition, "forceJoin": true, "seed": 3 }),
        )
        .await;
    assert_eq!(placed["placed"].as_array().unwrap().len(), 2);
    assert_eq!(placed["seed"], "3");
    goodbyes(story, &token, &bob).await;
}

async fn goodbyes(story: &mut Story, token: &str, bob: &str) {
    let dropped = sideroom_route::ParticipantId::new(sideroom_route::RoomId(1), 3);
    assert_eq!(dropped.to_string(), bob);
    story.server.backend.system(
        "story",
        Command::Drop {
            participant: dropped,
        },
    );
    story
        .ask("RoomService/SetDraining", json!({ "draining": true }))
        .await;
    let ban = json!({ "identity": "eve", "reason": "noise", "untilMs": "99999999999999" });
    story.ask("ParticipantService/Ban", ban).await;
    let lift = json!({ "identity": "eve" });
    story.ask("ParticipantService/Unban", lift).await;
    story
        .ask("ParticipantService/Remove", json!({ "participantId": bob }))
        .await;
    story
        .ask_as(token, "ParticipantService/Leave", json!({}))
        .await;
    let moves = story.ask("RoomService/ListMoves", json!({})).await;
    let reasons: BTreeSet<_> = moves["moves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stay| stay["reason"].as_str().unwrap())
        .collect();
    assert!(reasons.contains("MOVE_REASON_MOVED") && reasons.contains("MOVE_REASON_SHUFFLED"));
    let page = story
        .ask("RoomService/ListMoves", json!({ "pageSize": 2 }))
        .await;
    assert_eq!(
        page["moves"],
        json!(moves["moves"].as_array().unwrap()[..2])
    );
    assert_eq!((&page["more"], &page["last"]), (&json!(true), &json!("2")));
    let rest = json!({ "after": "2" });
    let rest = story.ask("RoomService/ListMoves", rest).await;
    assert_eq!(
        rest["moves"],
        json!(moves["moves"].as_array().unwrap()[2..])
    );
    assert!(rest.get("more").is_none());
    let stats = story
        .bare(&api_token(None), "NodeService/GetStats", json!({}))
        .await;
    assert_eq!(
        (&stats["version"], &stats["rooms"]),
        (&json!("1.2.3"), &json!(1))
    );
    story
        .bare(
            &api_token(None),
            "NodeService/Drain",
            json!({ "deadlineMs": 500 }),
        )
        .await;
    let half_a_second = Some(std::time::Duration::from_millis(500));
    assert_eq!(
        *story.server.backend.drained.lock().unwrap(),
        [half_a_second]
    );
    story.ask("RoomService/DeleteRoom", json!({})).await;
}

async fn id(story: &mut Story, identity: &str) -> String {
    let room = story.ask("RoomService/GetRoom", json!({})).await;
    let people = room["room"]["participants"].as_array().unwrap().clone();
    let one = people
        .iter()
        .find(|one| one["identity"] == identity)
        .unwrap();
    one["id"].as_str().unwrap().to_owned()
}
