//! Grants × commands × roles × ways in, written from the rules on rights in `docs/rpc.md`: JSON, gRPC and the
//! WebSocket carry every command, WHIP and WHEP only publishing and watching.

mod table;
mod typed;
mod watching;

use serde_json::{Value, json};
use sideroom_rpc::{
    METHODS, RpcConfig,
    auth::RoleClaim,
    limit::{Rate, Rates},
};
use tonic::transport::Channel;

use crate::harness::{Client, OFFER, Server, client_token_with, hints};
use table::{Bearer, COMMANDS, Grant::PublishAudio, Need, WITHOUT_A_ROW, bearers};
use typed::call_typed;

async fn server() -> Server {
    let often = Rate::new(1e6, 1e6);
    let rates = Rates {
        key: often,
        client: often,
        address: often,
    };
    Server::with(RpcConfig {
        rates,
        ..RpcConfig::default()
    })
    .await
}

/// A room of its own for one case: `me` with the token, `other` inside `b1`, `asked` invited there and before the
/// door of `b2`.
struct Case<'a> {
    server: &'a Server,
    room: String,
    token: String,
    me: String,
    other: String,
    asked: String,
}

impl<'a> Case<'a> {
    async fn new(server: &'a Server, number: usize, bearer: &Bearer) -> Self {
        let room = format!("room-{number}");
        let in_room = |mut body: Value| {
            body["room"] = json!(room);
            body
        };
        server
            .operator("RoomService/CreateRoom", in_room(json!({})))
            .await;
        let other = client_token_with(&room, "other", RoleClaim::Participant, None);
        let other = join(server, &room, &other).await;
        let definition = json!({ "maxRooms": 1, "participants": 3,
            "media": { "audio": true, "camera": true } });
        server
            .operator(
                "BreakoutService/CreateBreakouts",
                in_room(json!({ "definition": definition })),
            )
            .await;
        let moves = json!({ "moves": [{ "participantId": other, "toGroupId": "b1" }] });
        server
            .operator("BreakoutService/MoveParticipants", in_room(moves))
            .await;
        server
            .operator(
                "BreakoutService/RaiseHelp",
                in_room(json!({ "participantId": other })),
            )
            .await;
        let asked = client_token_with(&room, "asked", RoleClaim::Participant, None);
        let asked = join(server, &room, &asked).await;
        let invite = json!({ "breakoutId": "b1", "participantIds": [asked] });
        server
            .operator("BreakoutService/Invite", in_room(invite))
            .await;
        let door = json!({ "maxRooms": 1, "participants": 3, "door": "DOOR_KNOCKING" });
        server
            .operator(
                "BreakoutService/CreateBreakouts",
                in_room(json!({ "definition": door })),
            )
            .await;
        let knock = json!({ "participantId": asked, "breakoutId": "b2" });
        server
            .operator("BreakoutService/Knock", in_room(knock))
            .await;
        let later = json!({ "breakoutIds": ["b1"], "atMs": "1790086400000" });
        server
            .operator("BreakoutService/OpenBreakouts", in_room(later))
            .await;
        let ban = json!({ "identity": "zed", "reason": "noise" });
        server
            .operator("ParticipantService/Ban", in_room(ban))
            .await;
        let assign = json!({ "breakoutId": "b1", "identities": ["late"] });
        server
            .operator("BreakoutService/Assign", in_room(assign))
            .await;
        let token = client_token_with(&room, "me", bearer.role, bearer.grants.clone());
        let me = join(server, &room, &token).await;
        Self {
            server,
            room,
            token,
            me,
            other,
            asked,
        }
    }

    /// A rotation runs, or an arrangement is kept, if the command is about one.
    async fn prepare(&self, method: &str) {
        let room = &self.room;
        let (before, body) = match method.split_once('/') {
            Some((_, "ChangeRotation")) => (
                "BreakoutService/StartRotation",
                json!({ "room": room, "rounds": 2, "roundMs": 60_000 }),
            ),
            Some((_, name)) if name.ends_with("Arrangement") => (
                "BreakoutService/SaveArrangement",
                json!({ "room": room, "name": "kept", "list": "Breakout 1,late" }),
            ),
            _ => return,
        };
        self.server.operator(before, body).await;
    }

    fn body(&self, text: &str) -> Value {
        let text = text
            .replace("{me}", &self.me)
            .replace("{other}", &self.other)
            .replace("{asked}", &self.asked);
        serde_json::from_str(&text).unwrap()
    }

    /// The command by JSON; `None`: it was carried out, otherwise the reason why not.
    async fn by_json(&self, method: &str, body: Value) -> Option<String> {
        let (status, answer) = self
            .server
            .call(Some(&self.token), method, body.to_string())
            .await;
        let reason = answer["error"]["reason"].as_str().map(str::to_owned);
        assert_eq!(status == 200, reason.is_none(), "{method} {answer}");
        reason
    }
}

async fn join(server: &Server, room: &str, token: &str) -> String {
    let body = json!({ "room": room, "clientToken": token, "offer": OFFER, "tracks": hints() });
    let joined = server.operator("ParticipantService/Join", body).await;
    joined["participantId"].as_str().unwrap().to_owned()
}

/// The reasons that say that somebody lacks the right, and not that it makes no sense now.
fn is_about_rights(reason: &str) -> bool {
    matches!(reason, "NotModerator" | "NotAssigned" | "PermissionDenied")
}

fn check(bearer: &Bearer, (method, text, need): (&str, &str, Need), refusal: Option<&str>) {
    let said = format!("{method} {text} needs {need:?}, {bearer:?}: {refusal:?}");
    // A participant in the parent has nowhere to return from: that error is not about rights.
    match refusal.filter(|reason| *reason != "LeaveFailed") {
        None => assert!(bearer.may(need), "{said}"),
        Some(reason) => {
            assert!(!bearer.may(need), "{said}");
            assert!(is_about_rights(reason), "{said}");
        }
    }
}

/// A new method has to get its row.
#[test]
fn every_method_is_in_the_table() {
    let has_row = |method: &&&str| COMMANDS.iter().any(|(name, ..)| name == *method);
    let without: Vec<_> = METHODS.iter().filter(|method| !has_row(method)).collect();
    assert_eq!(without, WITHOUT_A_ROW.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn json_holds_every_grant_and_role_to_every_command() {
    let server = server().await;
    let mut number = 0;
    for bearer in bearers() {
        for command in COMMANDS {
            number += 1;
            let case = Case::new(&server, number, &bearer).await;
            case.prepare(command.0).await;
            let before = server.backend.state(&case.room);
            let refusal = case.by_json(command.0, case.body(command.1)).await;
            check(&bearer, command, refusal.as_deref());
            if refusal.is_some() {
                assert_eq!(server.backend.state(&case.room), before, "{command:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_socket_holds_every_grant_and_role_to_every_command() {
    let server = server().await;
    let mut number = 0;
    for bearer in bearers() {
        for command in COMMANDS {
            number += 1;
            let case = Case::new(&server, number, &bearer).await;
            case.prepare(command.0).await;
            let Client { mut socket, .. } = server.join_with(case.token.clone()).await;
            let before = server.backend.state(&case.room);
            let answer = socket.ask(command.0, case.body(command.1)).await;
            let refusal = answer["reason"]
                .as_str()
                .filter(|_| answer["type"] == "error");
            assert!(refusal.is_some() || answer["type"] == "result", "{answer}");
            // On a socket leaving is a message of its own.
            let there = command.0 != "ParticipantService/Leave";
            if refusal == Some("NoSuchMethod") {
                assert!(!there || !bearer.may(command.2), "{command:?} is missing");
                continue;
            }
            check(&bearer, command, refusal);
            if refusal.is_some() {
                assert_eq!(server.backend.state(&case.room), before, "{command:?}");
            }
        }
    }
}

#[tokio::test]
async fn grpc_holds_every_grant_and_role_to_every_command() {
    let server = server().await;
    let address = format!("http://{}", server.grpc);
    let channel = Channel::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut number = 0;
    for bearer in bearers() {
        for command in COMMANDS {
            number += 1;
            let case = Case::new(&server, number, &bearer).await;
            case.prepare(command.0).await;
            let before = server.backend.state(&case.room);
            let body = case.body(command.1);
            let refusal = call_typed(&channel, command.0, body, &case.token).await;
            check(&bearer, command, refusal.as_deref());
            if refusal.is_some() {
                assert_eq!(server.backend.state(&case.room), before, "{command:?}");
            }
        }
    }
}

/// Begins a WHIP or WHEP session as `obs`; returns its status and the room's view of the streams.
async fn stream(
    server: &Server,
    way: &str,
    room: &str,
    (bearer, group): (&Bearer, &str),
) -> (u16, Vec<Value>) {
    let token = client_token_with(room, "obs", bearer.role, bearer.grants.clone());
    let url = server.url(&format!("{way}/{room}{group}"));
    let request = server.http().post(url).bearer_auth(token);
    let made = request
        .header("content-type", "application/sdp")
        .body(OFFER)
        .send()
        .await
        .unwrap();
    let body = json!({ "room": room });
    let room = server.operator("RoomService/GetRoom", body).await;
    let people = room["room"]["participants"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let streams = people
        .into_iter()
        .filter(|one| one["identity"].as_str().unwrap().starts_with("obs/"));
    (made.status().as_u16(), streams.collect())
}

#[tokio::test]
async fn whip_publishes_what_is_granted_and_whep_nothing() {
    let server = server().await;
    for (number, bearer) in bearers().iter().enumerate() {
        let case = Case::new(&server, number, bearer).await;
        for way in ["whip", "whep"] {
            let (status, streams) = stream(&server, way, &case.room, (bearer, "")).await;
            assert_eq!(status, 201, "{way} {bearer:?}");
            let told = streams.last().unwrap()["tracks"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let audio = told.iter().any(|track| track["kind"] == "TRACK_KIND_AUDIO");
            assert_eq!(
                audio,
                way == "whip" && bearer.has(PublishAudio),
                "{way} {bearer:?} {told:?}"
            );
            let body = json!({ "room": case.room, "participantId": streams.last().unwrap()["id"] });
            server.operator("ParticipantService/Remove", body).await;
        }
    }
}

#[tokio::test]
async fn streams_go_into_a_breakout_with_the_rights_of_their_token() {
    let server = server().await;
    for (number, bearer) in bearers().iter().enumerate() {
        let case = Case::new(&server, number, bearer).await;
        for way in ["whip", "whep"] {
            let (status, streams) = stream(&server, way, &case.room, (bearer, "?group=b1")).await;
            if bearer.role == RoleClaim::Moderator {
                assert_eq!(status, 201, "{way} {bearer:?}");
                assert!(streams.iter().all(|one| one["groupId"] == "b1"), "{way}");
            } else {
                assert_eq!((status, streams.len()), (403, 0), "{way} {bearer:?}");
            }
        }
    }
}
