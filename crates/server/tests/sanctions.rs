//! Rule 18 against the real server: each sanction times each way of coming back, and the operator's bounds that no
//! room goes beyond.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod running;

use std::net::TcpStream;
use std::path::Path;

use running::{Client, Refused, Server, client_token_as, websocket};
use serde_json::{Value, json};
use sideroom_rpc::auth::RoleClaim;

const SENDING: &str = include_str!("../../session/tests/offers/chromium156-simulcast.sdp");
const WATCHING: &str = include_str!("../../session/tests/offers/chromium156-recvonly.sdp");
/// Long enough that a slow machine loses no place.
const LONG_GRACE: (&str, &str) = ("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600");

/// How somebody comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    LeaveAndJoin,
    SecondTab,
    /// Their socket is lost, and they take their seat again on a new one, or join there.
    Reconnect,
    Whip,
    Whep,
    /// The server is killed and starts again; they reconnect.
    Restart,
    /// They leave, and the server is killed before they come again.
    RestartAfterLeaving,
}

const WAYS: [Way; 7] = [
    Way::LeaveAndJoin,
    Way::SecondTab,
    Way::Reconnect,
    Way::Whip,
    Way::Whep,
    Way::Restart,
    Way::RestartAfterLeaving,
];

/// A server, and a room with `ann`, who is a moderator by her token, and an audience.
struct Scene {
    server: Server,
    client: Client,
    store: std::path::PathBuf,
    room: String,
    requests: u32,
    /// Ann's socket, with the token to resume.
    socket: Option<(TcpStream, Value)>,
}

impl Scene {
    fn call(&mut self, method: &str, mut body: Value) -> Result<Value, Refused> {
        self.requests += 1;
        body["room"] = json!(self.room);
        body["requestId"] = json!(format!("{}-{}", self.room, self.requests));
        self.client.ask(method, &body)
    }

    fn must(&mut self, method: &str, body: Value) -> Value {
        self.call(method, body.clone())
            .unwrap_or_else(|refused| panic!("{method} {body}: {refused:?}"))
    }

    fn join(&mut self, identity: &str, role: RoleClaim) -> Result<Value, Refused> {
        let token = client_token_as(&self.room, identity, role);
        self.call(
            "ParticipantService/Join",
            json!({ "clientToken": token, "offer": SENDING }),
        )
    }

    /// Ann joins on a socket; returns the answer.
    fn join_on_a_socket(&mut self) -> Value {
        let token = client_token_as(&self.room, "ann", RoleClaim::Moderator);
        let (socket, answer) = websocket::join_with(&self.server.http, &token, SENDING);
        self.socket = Some((socket, answer["resumeToken"].clone()));
        answer
    }

    fn reconnect(&mut self) -> u16 {
        if let Some((lost, token)) = self.socket.take() {
            drop(lost);
            let (socket, answer) = websocket::resume(&self.server.http, &token);
            if answer["type"] == "resumed" {
                self.socket = Some((socket, answer["resumeToken"].clone()));
                return 200;
            }
        }
        let answer = self.join_on_a_socket();
        match (answer["type"].as_str(), answer["reason"].as_str()) {
            (Some("joined"), _) => 200,
            (_, Some("Banned")) => 403,
            _ => panic!("{answer}"),
        }
    }

    fn people(&mut self) -> Vec<Value> {
        let room = self.client.room(&self.room).unwrap();
        room["participants"].as_array().cloned().unwrap_or_default()
    }

    /// The participants that are this person.
    fn ann(&mut self) -> Vec<Value> {
        let people = self.people().into_iter();
        people
            .filter(|one| {
                let identity = one["identity"].as_str().unwrap();
                identity == "ann" || identity.starts_with("ann/")
            })
            .collect()
    }

    fn leave(&mut self) {
        for one in self.ann() {
            self.must(
                "ParticipantService/Leave",
                json!({ "participantId": one["id"] }),
            );
        }
    }

    fn restart(&mut self) {
        self.server.kill();
        self.server = Server::start(&self.store, &[LONG_GRACE]);
        self.client = self.server.client();
    }

    /// Ann comes back; returns the status of her attempt.
    fn come_back(&mut self, way: Way) -> u16 {
        match way {
            Way::LeaveAndJoin => self.leave(),
            Way::Restart => self.restart(),
            Way::RestartAfterLeaving => {
                self.leave();
                self.restart();
            }
            Way::Reconnect => return self.reconnect(),
            Way::SecondTab | Way::Whip | Way::Whep => {}
        }
        let (path, offer) = match way {
            Way::Whip => ("whip", SENDING),
            Way::Whep => ("whep", WATCHING),
            _ => {
                return match self.join("ann", RoleClaim::Moderator) {
                    Ok(_) => 200,
                    Err(Refused::Status(status, _)) => status,
                    Err(Refused::Gone) => panic!("no answer"),
                };
            }
        };
        let token = client_token_as(&self.room, "ann", RoleClaim::Moderator);
        let path = format!("/{path}/{}", self.room);
        match self.client.offer(&path, &token, offer) {
            (201, _) => 200,
            (status, _) => status,
        }
    }
}

/// Runs a sanction against every way of coming back, each in a room of its own.
fn each_way(sanction: impl Fn(&mut Scene, &Value), holds: impl Fn(&mut Scene, Way, u16)) {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let server = Server::start(&store, &[LONG_GRACE]);
    let client = server.client();
    let mut scene = Scene {
        server,
        client,
        store,
        room: String::new(),
        requests: 0,
        socket: None,
    };
    for way in WAYS {
        scene.room = format!("{way:?}");
        scene.must("RoomService/CreateRoom", json!({}));
        scene.join("bob", RoleClaim::Participant).unwrap();
        let joined = match way {
            Way::Reconnect => scene.join_on_a_socket(),
            _ => scene.join("ann", RoleClaim::Moderator).unwrap(),
        };
        sanction(&mut scene, &joined["participantId"]);
        let status = scene.come_back(way);
        holds(&mut scene, way, status);
    }
}

fn audio() -> Value {
    json!(["TRACK_KIND_AUDIO"])
}

#[test]
fn a_mute_holds_whichever_way_its_bearer_comes_back() {
    each_way(
        |scene, ann| {
            let body = json!({ "participantId": ann, "kinds": audio() });
            scene.must("ParticipantService/Mute", body);
        },
        |scene, way, status| {
            assert_eq!(status, 200, "{way:?}");
            for one in scene.ann() {
                let body = json!({ "kinds": audio(), "participantId": one["id"] });
                // A watcher may not publish at all.
                let _ = scene.call("ParticipantService/Publish", body);
            }
            let mut heard = 0;
            for one in scene.ann() {
                for track in one["tracks"].as_array().into_iter().flatten() {
                    let sounds = track["kind"] == "TRACK_KIND_AUDIO";
                    let muted = track["mutedByModerator"] == true;
                    assert!(!sounds || muted, "{way:?} {one}");
                    heard += usize::from(sounds);
                }
            }
            assert!(heard > 0, "{way:?}: a track that is muted");
        },
    );
}

#[test]
fn a_role_and_grants_that_were_taken_are_gone_whichever_way_their_bearer_comes_back() {
    each_way(
        |scene, ann| {
            let role = json!({ "participantId": ann, "role": "ROLE_PARTICIPANT" });
            scene.must("ParticipantService/SetRole", role);
            let none = json!({ "participantId": ann, "grants": {} });
            scene.must("ParticipantService/SetGrants", none);
        },
        |scene, way, status| {
            assert_eq!(status, 200, "{way:?}");
            for one in scene.ann() {
                assert_eq!(one["role"], "ROLE_PARTICIPANT", "{way:?} {one}");
                for power in ["createBreakouts", "moveOthers", "listenIn", "addressAll"] {
                    assert_ne!(one["grants"][power], true, "{way:?} {power}");
                }
                assert!(one["tracks"].as_array().is_none_or(Vec::is_empty), "{one}");
            }
        },
    );
}

#[test]
fn a_ban_keeps_its_bearer_out_whichever_way_they_come() {
    each_way(
        |scene, ann| {
            let ban = json!({ "participantId": ann, "reason": "noise" });
            scene.must("ParticipantService/Ban", ban);
        },
        |scene, way, status| {
            assert_eq!(status, 403, "{way:?}");
            assert_eq!(scene.ann().len(), 0, "{way:?}");
            scene.must("ParticipantService/Unban", json!({ "identity": "ann" }));
            assert_eq!(scene.come_back(Way::SecondTab), 200, "{way:?}");
        },
    );
}

#[test]
fn nobody_walks_around_allow_return_whichever_way_they_come_back() {
    each_way(
        |scene, ann| {
            // Moderators always return.
            let role = json!({ "participantId": ann, "role": "ROLE_PARTICIPANT" });
            scene.must("ParticipantService/SetRole", role);
            let media = json!({ "audio": true });
            let definition = json!({ "maxRooms": 1, "participants": 5, "media": media });
            scene.must(
                "BreakoutService/CreateBreakouts",
                json!({ "definition": definition }),
            );
            let moves = json!([{ "participantId": ann, "toGroupId": "b1" }]);
            scene.must(
                "BreakoutService/MoveParticipants",
                json!({ "moves": moves }),
            );
            let settings = json!({ "allowReturn": false });
            scene.must(
                "BreakoutService/UpdateSettings",
                json!({ "settings": settings }),
            );
        },
        |scene, way, status| {
            assert_eq!(status, 200, "{way:?}");
            let here = scene.ann();
            assert!(!here.is_empty(), "{way:?}");
            for one in here {
                assert_eq!(one["groupId"], "b1", "{way:?} {one}");
            }
        },
    );
}

fn refusal(answer: Result<Value, Refused>) -> Value {
    match answer {
        Err(Refused::Status(_, body)) => serde_json::from_str(&body).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn with_limit(store: &Path, most: &str) -> Server {
    Server::start(
        store,
        &[LONG_GRACE, ("SIDEROOM_LIMITS_PARTICIPANTS_PER_ROOM", most)],
    )
}

#[test]
fn no_key_makes_a_room_larger_than_the_operator_allows() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let server = with_limit(&store, "3");
    let mut client = server.client();
    let sized = |most: u32| json!({ "room": "math", "settings": { "maxParticipants": most } });
    let refused = refusal(client.ask("RoomService/CreateRoom", &sized(4)));
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("limits.participants_per_room"), "{said}");
    assert!(client.room("math").is_none(), "nothing was made");
    client.must("RoomService/CreateRoom", sized(3));
    let refused = refusal(client.ask("RoomService/UpdateRoom", &sized(4)));
    assert_eq!(refused["error"]["reason"], "InvalidArgument");
    for (number, who) in ["ann", "bob", "cem"].into_iter().enumerate() {
        client.join("math", who, &format!("join-{number}"));
    }
    drop(server);
    // The operator has lowered the limit: newcomers are refused, but nobody who was inside.
    let server = with_limit(&store, "2");
    let mut client = server.client();
    client.join("math", "ann", "again");
    let token = running::client_token("math", "dee");
    let body = json!({ "room": "math", "clientToken": token, "offer": WATCHING });
    let refused = refusal(client.ask("ParticipantService/Join", &body));
    assert_eq!(refused["error"]["reason"], "RoomFull");
}
