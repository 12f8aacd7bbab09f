//! Killed at any moment and started again, the server has everything that it answered, and nothing by
//! halves. A disk that takes nothing turns commands into clear errors, and is found again when it does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod running;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use running::{Chance, Client, OFFER, Refused, Server, client_token};
use serde_json::{Value, json};

/// Rooms that are changed at the same time, each over its own connection.
const ROOMS: u64 = 4;
/// Number of people in each room.
const PEOPLE: u64 = 3;

/// One room, as its commander knows it.
struct Room {
    name: String,
    chance: Chance,
    next_request: u64,
    /// The room when everything was answered.
    answered: Option<Value>,
    /// The command that may or may not have happened.
    open: Option<(String, Value)>,
    commands: u64,
    refused: u64,
}

impl Room {
    fn new(index: u64, seed: u64) -> Self {
        Self {
            name: format!("room-{index}"),
            chance: Chance(seed ^ (index << 32)),
            next_request: 0,
            answered: None,
            open: None,
            commands: 0,
            refused: 0,
        }
    }

    /// Sends commands until the server is gone or `stop` is set.
    fn command(&mut self, client: &mut Client, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let (method, body) = self.next_command();
            self.open = Some((method.clone(), body.clone()));
            match client.ask(&method, &body) {
                Err(Refused::Gone) => return,
                // Refused by a rule: nothing has changed.
                Err(Refused::Status(status, why)) => {
                    assert!(!why.contains("The body is not"), "{method}: {why}");
                    self.refused += 1;
                    assert!((400..500).contains(&status), "{method}: {status} {why}");
                }
                Ok(_) => self.commands += 1,
            }
            self.open = None;
            let Ok(answer) = client.ask("RoomService/GetRoom", &json!({ "room": self.name }))
            else {
                // It was answered; its effect must be there, though nobody has seen it yet.
                self.open = Some((method, body));
                return;
            };
            self.answered = Some(what_lasts(&answer["room"]));
        }
    }

    fn next_command(&mut self) -> (String, Value) {
        self.next_request += 1;
        let breakouts = self.ids("breakouts");
        let people = self.ids("participants");
        let mut body = json!({ "room": self.name, "requestId": format!("q{}", self.next_request) });
        let mut with = |more: Value| {
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
        };
        if self.answered.is_none() {
            return ("RoomService/CreateRoom".into(), body);
        }
        if (people.len() as u64) < PEOPLE {
            let token = client_token(&self.name, &format!("person-{}", self.next_request));
            with(json!({ "clientToken": token, "offer": OFFER }));
            return ("ParticipantService/Join".into(), body);
        }
        let number = self.next_request;
        let method = match (self.chance.below(10), breakouts.as_slice()) {
            (_, []) => {
                let definition = json!({
                    "maxRooms": 1 + self.chance.below(3), "participants": "4",
                    "media": { "audio": true }, "selfSelect": true,
                });
                with(json!({ "definition": definition }));
                "CreateBreakouts"
            }
            (0, _) => "DestroyBreakouts",
            (1, _) => "ClearBreakouts",
            (2, ids) => {
                let identities = [format!("late-{number}"), "late".to_owned()];
                with(json!({ "breakoutId": self.chance.pick(ids), "identities": identities }));
                "Assign"
            }
            (3 | 4, ids) => {
                let name = format!("name {number}");
                with(json!({ "breakoutId": self.chance.pick(ids), "displayName": name }));
                "UpdateBreakout"
            }
            (5, ids) => {
                with(json!({ "breakoutIds": [self.chance.pick(ids)] }));
                if number.is_multiple_of(2) {
                    "OpenBreakouts"
                } else {
                    "CloseBreakouts"
                }
            }
            (_, ids) => {
                let group = match self.chance.below(3) {
                    0 => "parent".to_owned(),
                    _ => self.chance.pick(ids),
                };
                let who = self.chance.pick(&people);
                with(json!({ "moves": [{ "participantId": who, "toGroupId": group }] }));
                "MoveParticipants"
            }
        };
        (format!("BreakoutService/{method}"), body)
    }

    fn ids(&self, of: &str) -> Vec<String> {
        let list = self.answered.as_ref().and_then(|room| room[of].as_array());
        let ids = list
            .into_iter()
            .flatten()
            .map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// After a restart: every answered command is there, and an unanswered one happened whole or not.
    fn check(&mut self, client: &mut Client) {
        let found = client.room(&self.name).map(|room| what_lasts(&room));
        if let Some((method, body)) = self.open.take() {
            match client.ask(&method, &body) {
                Ok(answer) => {
                    let happened = match method.as_str() {
                        "RoomService/CreateRoom" => found.is_some(),
                        // Repeating is for sessions that live; after a restart it is a new one.
                        "ParticipantService/Join" => found != self.answered,
                        _ => answer["answer"]["replayed"] == true,
                    };
                    if !happened {
                        assert_eq!(found, self.answered, "{method} left something behind");
                    }
                }
                Err(refused) => {
                    assert!(
                        matches!(refused, Refused::Status(400..500, _)),
                        "{refused:?}"
                    );
                    assert_eq!(found, self.answered, "{method} was refused");
                }
            }
        } else {
            assert_eq!(
                found, self.answered,
                "{} is not as it was answered",
                self.name
            );
        }
        self.answered = client.room(&self.name).map(|room| what_lasts(&room));
    }
}

impl Chance {
    fn pick(&mut self, among: &[String]) -> String {
        among[self.below(among.len() as u64) as usize].clone()
    }
}

/// A room without the parts that a restart may change: connections and their consequences.
fn what_lasts(room: &Value) -> Value {
    let people = room["participants"].as_array().cloned().unwrap_or_default();
    let people = people.iter().map(|one| {
        let fields = [
            "id",
            "identity",
            "displayName",
            "role",
            "groupId",
            "joinedAtMs",
        ];
        fields
            .iter()
            .map(|field| ((*field).to_owned(), one[*field].clone()))
            .collect::<Value>()
    });
    json!({
        "name": room["name"],
        "settings": room["settings"],
        "breakouts": room["breakouts"],
        "participants": people.collect::<Vec<_>>(),
    })
}

fn cycles(count: u64, seed: u64) {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("rooms.redb");
    let mut rooms: Vec<Room> = (0..ROOMS).map(|index| Room::new(index, seed)).collect();
    let mut chance = Chance(seed);
    for cycle in 0..count {
        let mut server = Server::start(&store, &[("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600")]);
        for room in &mut rooms {
            room.check(&mut server.client());
        }
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for room in &mut rooms {
                let mut client = server.client();
                let stop = &stop;
                scope.spawn(move || room.command(&mut client, stop));
            }
            // The moment of the kill is chance; nothing is awaited by it.
            std::thread::sleep(Duration::from_millis(20 + chance.below(200)));
            server.kill();
            stop.store(true, Ordering::Relaxed);
        });
        if cycle % 10 == 9 {
            verify(&store);
        }
    }
    let mut server = Server::start(&store, &[("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600")]);
    for room in &mut rooms {
        room.check(&mut server.client());
    }
    server.kill();
    verify(&store);
    let commands: u64 = rooms.iter().map(|room| room.commands).sum();
    println!("{count} kills, {commands} commands answered, none lost (seed {seed})");
    let refused: u64 = rooms.iter().map(|room| room.refused).sum();
    assert!(
        commands > count && commands > refused,
        "{commands} done, {refused} refused"
    );
}

fn verify(store: &Path) {
    let output = Command::new(running::binary())
        .args(["journal", "verify", "--store"])
        .arg(store)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn nothing_that_was_answered_is_lost_by_two_hundred_kills() {
    cycles(200, 2);
}

/// The system takes no byte more: commands fail with the store's name, reading and the process go on;
/// then it takes them again, and so does the server, without a restart.
#[test]
fn a_full_disk_fails_commands_and_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("rooms.redb"), &[]);
    let mut client = server.client();
    let create = |name: &str| json!({ "room": name, "requestId": "1" });
    client
        .ask("RoomService/CreateRoom", &create("kept"))
        .unwrap();
    let update = json!({
        "room": "kept", "requestId": "2",
        "definition": { "maxRooms": 2, "participants": "3", "media": { "audio": true } },
    });

    limit_file_size(&server, Some(4_096));
    for (method, body) in [
        ("RoomService/CreateRoom", create("refused")),
        ("BreakoutService/CreateBreakouts", update.clone()),
    ] {
        let refused = client.ask(method, &body).unwrap_err();
        let Refused::Status(503, why) = &refused else {
            panic!("{refused:?}")
        };
        assert!(why.contains("StoreFailed"), "{why}");
    }
    assert_eq!(
        client.room("kept").unwrap()["breakouts"]
            .as_array()
            .map_or(0, Vec::len),
        0
    );
    assert!(
        client.room("refused").is_none(),
        "what was refused is not there"
    );
    assert!(server.metrics().contains("sideroom_store_failed_total"));

    limit_file_size(&server, None);
    client
        .ask("BreakoutService/CreateBreakouts", &update)
        .unwrap();
    client
        .ask("RoomService/CreateRoom", &create("refused"))
        .unwrap();
    assert_eq!(
        client.room("kept").unwrap()["breakouts"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

fn limit_file_size(server: &Server, bytes: Option<u64>) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let pid = Pid::from_child(&server.child);
    prlimit(
        Some(pid),
        Resource::Fsize,
        Rlimit {
            current: bytes,
            maximum: None,
        },
    )
    .unwrap();
}

/// SIGTERM without participants ends the process, soon and properly.
#[test]
fn a_drain_of_an_empty_server_ends_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(&directory.path().join("rooms.redb"), &[]);
    server
        .client()
        .ask(
            "RoomService/CreateRoom",
            &json!({ "room": "r", "requestId": "1" }),
        )
        .unwrap();
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    verify(&directory.path().join("rooms.redb"));
}
