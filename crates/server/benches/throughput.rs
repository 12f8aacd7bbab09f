//! How many commands a second, how long each takes, and how long a move takes in a room of a thousand.
//! `cargo bench -p sideroom --bench throughput`. A measurement: it prints figures and judges none.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "../tests/running/mod.rs"]
mod running;

use std::path::Path;
use std::time::{Duration, Instant};

use running::{Client, Server, client_token};
use serde_json::{Value, json};

const OFFER: &str = include_str!("../../session/tests/offers/chromium156-simulcast.sdp");
const MANY: &[(&str, &str)] = &[
    ("SIDEROOM_ROOMS_MAX_ACTIVE_TALKERS", "255"),
    ("SIDEROOM_ROOMS_RECONNECT_GRACE_S", "3600"),
];

fn create_rooms(server: &Server, rooms: usize, size: &str) {
    let mut client = server.client();
    for index in 0..rooms {
        let room = format!("room-{index}");
        client
            .ask(
                "RoomService/CreateRoom",
                &json!({ "room": room, "requestId": "c" }),
            )
            .unwrap();
        let definition = json!({ "maxRooms": 2, "participants": size, "media": { "audio": true } });
        let body = json!({ "room": room, "requestId": "b", "definition": definition });
        client
            .ask("BreakoutService/CreateBreakouts", &body)
            .unwrap();
    }
}

fn rename(room: usize, number: usize) -> Value {
    json!({
        "room": format!("room-{room}"), "requestId": format!("q{number}"),
        "breakoutId": "b1", "displayName": format!("name {number}"),
    })
}

/// Each of `clients` asks again as soon as it was answered, or at its share of `rate` a second.
fn load(server: &Server, clients: usize, rate: Option<f64>, length: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut took = Vec::new();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..clients)
            .map(|room| {
                let mut client = server.client();
                scope.spawn(move || {
                    let mut took = Vec::new();
                    for number in 0.. {
                        let mut asked = Instant::now();
                        if let Some(rate) = rate {
                            let share = clients as f64 / rate;
                            let offset = share * room as f64 / clients as f64;
                            let due =
                                begun + Duration::from_secs_f64(offset + share * f64::from(number));
                            std::thread::sleep(due.saturating_duration_since(asked));
                            // Measured from when it was due: a late answer delays those after it.
                            asked = due;
                        }
                        if begun.elapsed() > length {
                            break;
                        }
                        let body = rename(room, number as usize);
                        client.ask("BreakoutService/UpdateBreakout", &body).unwrap();
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        for task in tasks {
            took.extend(task.join().unwrap());
        }
    });
    took
}

/// CPU seconds of the process so far.
fn cpu_s(server: &Server) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn report(what: &str, mut took: Vec<Duration>, length: Duration, cpu: f64) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:<34} {:>7.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms  max {:>6.2} ms  {:>6.0}/s per CPU",
        took.len() as f64 / length.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        took.len() as f64 / cpu,
    );
}

fn measure(store: &Path, name: &str) {
    let server = Server::start(store, &[]);
    create_rooms(&server, 64, "4");
    let length = Duration::from_secs(5);
    for (what, clients, rate) in [
        ("closed loop, 64 clients", 64, None),
        ("1000 a second", 16, Some(1_000.0)),
    ] {
        let before = cpu_s(&server);
        let took = load(&server, clients, rate, length);
        report(
            &format!("{name}, {what}"),
            took,
            length,
            cpu_s(&server) - before,
        );
    }
}

fn commands() {
    let directory = tempfile::tempdir_in(".").unwrap();
    measure(&directory.path().join("rooms.redb"), "journal on disk");
    measure(Path::new("memory"), "in memory");
}

fn moves_in_a_room_of_a_thousand() {
    let directory = tempfile::tempdir_in(".").unwrap();
    for (store, name) in [
        (directory.path().join("rooms.redb"), "move, on disk"),
        ("memory".into(), "move, in memory"),
    ] {
        let server = Server::start(&store, MANY);
        create_rooms(&server, 1, "100");
        let people = join(&server, 1_000);
        let mut client: Client = server.client();
        let mut took = Vec::new();
        let (begun, before) = (Instant::now(), cpu_s(&server));
        for (number, who) in people.iter().cycle().take(2_000).enumerate() {
            let group = if (number / 50).is_multiple_of(2) {
                "b1"
            } else {
                "parent"
            };
            let who = if group == "parent" {
                &people[(number - 50) % people.len()]
            } else {
                who
            };
            let moves = [json!({ "participantId": who, "toGroupId": group })];
            let body =
                json!({ "room": "room-0", "requestId": format!("m{number}"), "moves": moves });
            let asked = Instant::now();
            client
                .ask("BreakoutService/MoveParticipants", &body)
                .unwrap();
            took.push(asked.elapsed());
        }
        report(name, took, begun.elapsed(), cpu_s(&server) - before);
        for line in server.metrics().lines() {
            if line.starts_with("sideroom_move_seconds")
                || line.starts_with("sideroom_apply_seconds")
            {
                println!("  {line}");
            }
        }
    }
}

fn join(server: &Server, count: usize) -> Vec<String> {
    let mut client = server.client();
    let begun = Instant::now();
    let people = (0..count).map(|index| {
        let token = client_token("room-0", &format!("person-{index}"));
        let body = json!({
            "room": "room-0", "requestId": format!("j{index}"), "clientToken": token, "offer": OFFER,
        });
        let answer = client.ask("ParticipantService/Join", &body).unwrap();
        let id = answer["participantId"].as_str().unwrap().to_owned();
        let body = json!({
            "room": "room-0", "requestId": format!("p{index}"), "participantId": id,
            "kinds": ["TRACK_KIND_AUDIO"],
        });
        client.ask("ParticipantService/Publish", &body).unwrap();
        id
    });
    let people = people.collect();
    println!("{count} joins in {:.2} s", begun.elapsed().as_secs_f64());
    people
}

fn main() {
    commands();
    moves_in_a_room_of_a_thousand();
}
