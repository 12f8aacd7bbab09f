//! Every method, tried by those who may not: the right status, nothing changed, nothing leaked.

use serde_json::{Value, json};
use sideroom_rpc::{METHODS, auth::RoleClaim};

use crate::harness::{Server, api_token, client_token};

/// Methods that a client with any role may call for the participant of the token.
const FOR_EVERYBODY: [&str; 23] = [
    "RoomService/GetRoom",
    "RoomService/SendMessage",
    "ParticipantService/Join",
    "ParticipantService/Reoffer",
    "ParticipantService/Trickle",
    "ParticipantService/Leave",
    "ParticipantService/Publish",
    "ParticipantService/Unpublish",
    "ParticipantService/Mute",
    "ParticipantService/Unmute",
    "ParticipantService/SetStream",
    "ParticipantService/SetParentGate",
    "ParticipantService/SetViews",
    "BreakoutService/JoinBreakout",
    "BreakoutService/LeaveBreakout",
    "BreakoutService/RejectInvite",
    "BreakoutService/ClearBreakouts",
    "BreakoutService/RaiseHelp",
    "BreakoutService/StartReply",
    "BreakoutService/StopReply",
    "BreakoutService/Knock",
    "BreakoutService/StopKnocking",
    // A call for help is withdrawn by answering it oneself.
    "BreakoutService/AnswerHelp",
];

/// A body with which the method would do something, were it allowed.
fn body_of(method: &str, other: &str) -> Value {
    let kinds = json!(["TRACK_KIND_AUDIO"]);
    match method.split_once('/').unwrap().1 {
        "CreateBreakouts" => json!({ "definition": { "maxRooms": 1, "participants": 3 } }),
        "CreateAndInvite" => json!({ "definition": { "maxRooms": 1, "participants": 3 } }),
        "UpdateBreakout" => json!({ "breakoutId": "b1", "displayName": "mine" }),
        "UpdateSettings" => json!({ "settings": { "allowReturn": false } }),
        "UpdateRoom" => json!({ "settings": { "maxBreakouts": 2 } }),
        "Invite" | "WithdrawInvites" => json!({ "breakoutId": "b1", "participantIds": [other] }),
        "RejectInvite" => json!({ "breakoutId": "b1" }),
        "Assign" => json!({ "breakoutId": "b1", "identities": ["mo"] }),
        "Unassign" => json!({ "identities": ["mo"] }),
        "JoinBreakout" => json!({ "breakoutId": "b1" }),
        "MoveParticipants" => json!({ "moves": [{ "participantId": other, "toGroupId": "b1" }] }),
        "StartListening" => json!({ "groupId": "b1" }),
        "StartIntercom" => json!({ "all": true }),
        "StartReply" => json!({ "speakerId": other }),
        "Knock" | "StopKnocking" => json!({ "breakoutId": "b1" }),
        "AnswerKnock" => json!({ "breakoutId": "b1", "participantId": other }),
        "ChangeRotation" => json!({ "step": "ROTATION_STEP_SKIP" }),
        "SaveArrangement" => json!({ "name": "mine", "list": "Red,ann" }),
        "Publish" | "Unpublish" | "Mute" | "Unmute" => json!({ "kinds": kinds }),
        "Ban" => json!({ "participantId": other, "reason": "noise" }),
        "Unban" => json!({ "identity": "mo" }),
        "Remove" => json!({ "participantId": other }),
        "SetRole" => json!({ "role": "ROLE_MODERATOR" }),
        "SetGrants" => json!({ "grants": { "moveOthers": true } }),
        "SetRoomGate" | "SetParentGate" => json!({ "paused": true }),
        "SendMessage" => json!({ "text": "hello", "allGroups": true }),
        "SetDraining" => json!({ "draining": true }),
        _ => json!({}),
    }
}

struct Scene {
    server: Server,
    before: String,
    mo: String,
}

async fn scene() -> Scene {
    let server = Server::with_room().await;
    let mo = server.join("mo", RoleClaim::Moderator).await;
    server.join("ann", RoleClaim::Participant).await;
    let definition = json!({ "maxRooms": 1, "participants": 3 });
    let create = json!({ "room": "math", "definition": definition });
    server
        .operator("BreakoutService/CreateBreakouts", create)
        .await;
    let before = server.backend.state("math");
    let mo = mo.id.clone();
    Scene { server, before, mo }
}

impl Scene {
    /// Tries every method in this way, which must be refused with one of these statuses and change
    /// nothing.
    async fn refuses(&self, token: Option<&str>, statuses: &[u16], skip: &[&str]) {
        for method in METHODS.iter().filter(|method| !skip.contains(method)) {
            let mut body = body_of(method, &self.mo);
            if *method != "RoomService/ListRooms" && !method.starts_with("NodeService") {
                body["room"] = json!("math");
            }
            let (status, answer) = self.server.call(token, method, body.to_string()).await;
            assert!(statuses.contains(&status), "{method} {status} {answer}");
            self.is_unchanged_and_tells_nothing(method, &answer);
        }
    }

    fn is_unchanged_and_tells_nothing(&self, method: &str, answer: &Value) {
        assert_eq!(
            self.server.backend.state("math"),
            self.before,
            "{method} {answer}"
        );
        let error = answer["error"].as_object().unwrap();
        assert!(
            error.contains_key("reason") && error.contains_key("message"),
            "{answer}"
        );
        let text = answer.to_string();
        for secret in ["=====", "main", "ann", "panick", "sideroom_", ".rs"] {
            assert!(!text.contains(secret), "{method} leaks {secret}: {text}");
        }
    }
}

#[tokio::test]
async fn nobody_calls_anything_without_a_token() {
    let scene = scene().await;
    scene.refuses(None, &[401], &[]).await;
}

#[tokio::test]
async fn nobody_calls_anything_with_a_token_that_is_no_good() {
    let scene = scene().await;
    let good = api_token(None);
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    scene.refuses(Some(&forged), &[401], &[]).await;
}

#[tokio::test]
async fn a_token_of_another_room_opens_nothing_here() {
    let scene = scene().await;
    let body = json!({ "room": "other" });
    scene.server.operator("RoomService/CreateRoom", body).await;
    let token = client_token("other", "mo", RoleClaim::Moderator);
    scene.refuses(Some(&token), &[403], &[]).await;
}

#[tokio::test]
async fn a_key_needs_the_scope() {
    let scene = scene().await;
    let token = api_token(Some(&[]));
    scene.refuses(Some(&token), &[403], &[]).await;
}

#[tokio::test]
async fn a_plain_participant_runs_nothing() {
    let scene = scene().await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    // To address everybody takes more than to write to one's own group.
    let own = FOR_EVERYBODY
        .into_iter()
        .filter(|method| *method != "RoomService/SendMessage");
    // A stop without a start is not forbidden, only pointless.
    let pointless = [
        "BreakoutService/StopAddressAll",
        "BreakoutService/StopIntercom",
        "BreakoutService/StopListening",
    ];
    let skip: Vec<&str> = own.chain(pointless).collect();
    scene.refuses(Some(&token), &[403], &skip).await;
}

#[tokio::test]
async fn a_participant_does_nothing_in_the_name_of_another() {
    let scene = scene().await;
    let token = client_token("math", "ann", RoleClaim::Participant);
    for method in FOR_EVERYBODY {
        let mut body = body_of(method, &scene.mo);
        body["participantId"] = json!(scene.mo);
        let (status, answer) = scene
            .server
            .call(Some(&token), method, body.to_string())
            .await;
        assert_ne!(status, 200, "{method} {answer}");
        assert_eq!(scene.server.backend.state("math"), scene.before, "{method}");
        let mut body = body_of(method, &scene.mo);
        body["asParticipantId"] = json!(scene.mo);
        let (status, answer) = scene
            .server
            .call(Some(&token), method, body.to_string())
            .await;
        assert_ne!(status, 200, "{method} {answer}");
        assert_eq!(scene.server.backend.state("math"), scene.before, "{method}");
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused_everywhere() {
    let scene = scene().await;
    let token = api_token(None);
    let body = format!(r#"{{"room":"{}"}}"#, "x".repeat(600 * 1024));
    for method in METHODS {
        let (status, answer) = scene.server.call(Some(&token), method, body.clone()).await;
        assert_eq!(status, 413, "{method} {answer}");
        scene.is_unchanged_and_tells_nothing(method, &answer);
    }
}

#[tokio::test]
async fn a_malformed_body_is_refused_everywhere() {
    let scene = scene().await;
    let token = api_token(None);
    for method in METHODS {
        for body in [
            "{",
            "[]",
            "7",
            r#"{"room":7}"#,
            r#"{"nonsense":true}"#,
            "\u{0}",
        ] {
            let (status, answer) = scene.server.call(Some(&token), method, body).await;
            assert_eq!(status, 400, "{method} {body} {answer}");
            assert_eq!(answer["error"]["reason"], "InvalidArgument");
            scene.is_unchanged_and_tells_nothing(method, &answer);
        }
    }
}

#[tokio::test]
async fn grants_of_the_token_hold_for_commands() {
    use sideroom_rpc::auth::GrantClaims;

    let server = Server::with_room().await;
    let grants = GrantClaims {
        create_breakouts: true,
        ..GrantClaims::default()
    };
    let token =
        |grants| crate::harness::client_token_with("math", "ann", RoleClaim::Participant, grants);
    let mut ann = server.join_with(token(Some(grants))).await;
    let definition = json!({ "definition": { "maxRooms": 1, "participants": 3 } });
    ann.socket
        .command("BreakoutService/CreateBreakouts", definition.clone())
        .await;
    let kinds = json!({ "kinds": ["TRACK_KIND_AUDIO"] });
    let refused = ann.socket.ask("ParticipantService/Publish", kinds).await;
    assert_eq!(
        refused["type"], "error",
        "publishing was not granted: {refused}"
    );
    let mut bob = server.join("bob", RoleClaim::Participant).await;
    bob.socket
        .fails(
            "BreakoutService/CreateBreakouts",
            definition,
            "NotModerator",
        )
        .await;
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_said_so() {
    let server = Server::with_room().await;
    for method in ["RoomService/Nothing", "BreakoutService/create_breakouts"] {
        let error = server.refused(method, json!({})).await;
        assert_eq!(error["reason"], "NoSuchMethod");
    }
}
