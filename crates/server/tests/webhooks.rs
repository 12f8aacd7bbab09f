//! Events reach receivers outside whatever those do: none is lost, none of a room comes before an earlier one, and
//! rooms do not wait for them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

mod hooked;
mod running;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hooked::{Hooked, Manner, SECRET};
use running::{Client, KEYS, Server, binary};
use serde_json::{Value, json};

/// Rooms that make events at the same time.
const ROOMS: usize = 8;

fn env(receivers: &str) -> Vec<(&str, &str)> {
    vec![
        ("SIDEROOM_WEBHOOKS_RECEIVERS", receivers),
        ("SIDEROOM_WEBHOOKS_SECRET", SECRET),
        ("SIDEROOM_WEBHOOKS_RETRY_FIRST_MS", "20"),
        ("SIDEROOM_WEBHOOKS_RETRY_LONGEST_S", "1"),
        ("SIDEROOM_LOG_LEVEL", "error"),
    ]
}

/// A room whose breakout is renamed again and again.
struct Busy {
    name: String,
    breakout: Value,
    commands: u64,
    took_us: Vec<u64>,
}

impl Busy {
    fn begin(server: &Server, name: String) -> Self {
        let mut client = server.client();
        let made = json!({ "room": name, "requestId": "room" });
        client.must("RoomService/CreateRoom", made);
        let definition = json!({ "maxRooms": 1, "participants": 2, "media": { "audio": true } });
        let made = json!({ "room": name, "requestId": "breakout", "definition": definition });
        let made = client.must("BreakoutService/CreateBreakouts", made);
        Self {
            breakout: made["breakouts"][0]["id"].clone(),
            name,
            commands: 0,
            took_us: Vec::new(),
        }
    }

    /// One command; an event or more. False: the server is gone.
    fn command(&mut self, client: &mut Client) -> bool {
        let number = self.commands;
        let body = json!({
            "room": self.name, "requestId": format!("r{number}"), "breakoutId": self.breakout,
            "displayName": format!("name {number}"),
        });
        let begun = Instant::now();
        let answered = client.ask("BreakoutService/UpdateBreakout", &body);
        match answered {
            Ok(_) => {
                self.commands += 1;
                let took = begun.elapsed().as_micros();
                self.took_us.push(u64::try_from(took).unwrap());
                true
            }
            Err(running::Refused::Gone) => false,
            Err(refused) => panic!("{refused:?}"),
        }
    }
}

/// Commands in all rooms at once, until `events` were made by each, or the server is gone.
fn commands(server: &Server, rooms: &mut [Busy], events: u64) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for room in rooms {
            scope.spawn(|| {
                let mut client = server.client();
                let begun = room.commands;
                while room.commands < begun + events && !stop.load(Ordering::Relaxed) {
                    if !room.command(&mut client) {
                        return;
                    }
                }
            });
        }
    });
}

/// The last event of each room.
fn last_events(server: &Server, rooms: &[Busy]) -> Vec<(String, u64)> {
    let mut client = server.client();
    let last = rooms.iter().map(|room| {
        let view = client.room(&room.name).unwrap();
        (room.name.clone(), hooked::seq(&view))
    });
    last.collect()
}

fn percentile(took_us: &mut [u64], part: usize) -> u64 {
    took_us.sort_unstable();
    took_us[(took_us.len() - 1) * part / 100]
}

/// 20,000 events; `make nightly` sends a million.
fn wanted_events() -> u64 {
    let text = std::env::var("TEST_WEBHOOK_EVENTS");
    text.map_or(20_000, |text| text.parse().unwrap())
}

#[test]
fn nothing_is_lost_or_reordered_by_a_receiver_that_fails_hangs_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut hooked = Hooked::new(Manner::Nasty, 1);
    let receivers = format!("nasty:{}", hooked.url());
    let mut with = env(&receivers);
    with.push(("SIDEROOM_WEBHOOKS_TIMEOUT_MS", "1000"));
    let mut server = Server::start(&folder.path().join("with.redb"), &with);
    let plain = Server::start(
        &folder.path().join("without.redb"),
        &[("SIDEROOM_LOG_LEVEL", "error")],
    );
    let name = |index: usize| format!("room {index}/\"{index}\"");
    let mut rooms: Vec<_> = (0..ROOMS)
        .map(|index| Busy::begin(&server, name(index)))
        .collect();
    let mut others: Vec<_> = (0..ROOMS)
        .map(|index| Busy::begin(&plain, name(index)))
        .collect();
    let events: u64 = wanted_events();
    let total = |server: &Server, rooms: &[Busy]| -> u64 {
        last_events(server, rooms).iter().map(|(_, seq)| seq).sum()
    };
    let mut rounds = 0;
    while total(&server, &rooms) < events {
        rounds += 1;
        commands(&server, &mut rooms, 100);
        commands(&plain, &mut others, 100);
        match rounds % 4 {
            1 => hooked.stop(),
            2 => hooked.start(),
            3 => {
                server.kill();
                server = Server::start(&folder.path().join("with.redb"), &with);
            }
            _ => {}
        }
    }
    if rounds % 4 == 1 {
        hooked.start();
    }
    let last = last_events(&server, &rooms);
    let made: u64 = last.iter().map(|(_, seq)| seq).sum();
    hooked.wait_until("every event comes", |taken| {
        last.iter().all(|(room, seq)| {
            let came = taken.rooms.get(room);
            came.is_some_and(|came| came.seq >= *seq)
        })
    });
    let taken = hooked.taken();
    let doubles: u64 = taken.rooms.values().map(|came| came.doubles).sum();
    for (room, came) in &taken.rooms {
        assert_eq!(came.astray, [], "{room}: lost or out of order");
    }
    assert_eq!(taken.forged, 0, "a signature is wrong");
    let mut with_us: Vec<_> = rooms.iter().flat_map(|room| room.took_us.clone()).collect();
    let mut plain_us: Vec<_> = others
        .iter()
        .flat_map(|room| room.took_us.clone())
        .collect();
    println!(
        "{made} events in {} requests: lost 0, out of order 0, {doubles} came again ({rounds} rounds)",
        taken.requests
    );
    println!(
        "a command with webhooks: median {} us, p99 {} us; without: median {} us, p99 {} us",
        percentile(&mut with_us, 50),
        percentile(&mut with_us, 99),
        percentile(&mut plain_us, 50),
        percentile(&mut plain_us, 99),
    );
}

#[test]
fn a_receiver_that_takes_everything_gets_each_event_once_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("rooms.redb");
    let hooked = Hooked::new(Manner::Good, 2);
    let receivers = format!("good:{}", hooked.url());
    let mut server = Server::start(&store, &env(&receivers));
    let mut rooms = vec![Busy::begin(&server, "math".into())];
    for _ in 0..2 {
        commands(&server, &mut rooms, 50);
        server.terminate();
        server.child.wait().unwrap();
        server = Server::start(&store, &env(&receivers));
    }
    commands(&server, &mut rooms, 50);
    let (_, last) = last_events(&server, &rooms).pop().unwrap();
    hooked.wait_until("every event comes", |taken| {
        taken.rooms.get("math").is_some_and(|came| came.seq >= last)
    });
    let taken = hooked.taken();
    let came = &taken.rooms["math"];
    assert_eq!((came.doubles, came.astray.len()), (0, 0), "{taken:?}");
}

/// Runs `sideroom webhooks …` against the server.
fn cli(server: &Server, args: &[&str]) -> (bool, String) {
    let admin = format!("http://{}", server.admin);
    let output = Command::new(binary())
        .arg("webhooks")
        .args(args)
        .args(["--admin-url", &admin])
        .env_clear()
        .env("SIDEROOM_AUTH_KEYS", KEYS)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Asks until the answer is so.
fn cli_until(server: &Server, args: &[&str], holds: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let (good, text) = cli(server, args);
        if good && holds(&text) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_event_that_is_refused_becomes_a_dead_letter_and_is_sent_again_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let hooked = Hooked::new(Manner::Refusing, 3);
    let receivers = format!("crm:{}", hooked.url());
    let store = folder.path().join("rooms.redb");
    let mut server = Server::start(&store, &env(&receivers));
    let mut rooms = vec![Busy::begin(&server, "math".into())];
    server.client().join("math", "ada", "join");
    commands(&server, &mut rooms, 20);
    let (_, last) = last_events(&server, &rooms).pop().unwrap();
    // Events after the refused one are sent on.
    hooked.wait_until("the others come", |taken| {
        taken.rooms.get("math").is_some_and(|came| came.seq >= last)
    });
    let is_listed = |text: &str| text.contains("participantJoined");
    let listed = cli_until(&server, &["list", "--dead", "crm"], is_listed);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(
        listed.contains("math") && listed.contains("422"),
        "{listed}"
    );
    // It is there after a restart too.
    server.kill();
    server = Server::start(&store, &env(&receivers));
    cli_until(&server, &["list", "--dead", "crm"], is_listed);
    hooked.behave(Manner::Good);
    let (good, text) = cli(&server, &["replay", "crm"]);
    assert!(good, "{text}");
    hooked.wait_until("the dead letter comes", |taken| !taken.replayed.is_empty());
    assert_eq!(hooked.taken().replayed[0].1, "participantJoined");
    cli_until(&server, &["list", "--dead", "crm"], str::is_empty);
    cli_until(&server, &["list"], |text| {
        text.contains("0 dead letters, works")
    });
    // Also what was delivered, as far as it is kept.
    let before = hooked.taken().replayed.len();
    let (good, text) = cli(&server, &["replay", "crm", "--from", "1", "--to", "5"]);
    assert!(good, "{text}");
    hooked.wait_until("five come again", |taken| {
        taken.replayed.len() == before + 5
    });
    let numbers: Vec<_> = hooked.taken().replayed[before..]
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let (good, text) = cli(&server, &["replay", "nobody"]);
    assert!(!good && text.contains("no receiver"), "{text}");
}

#[test]
fn receivers_are_for_callers_with_the_scope_of_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let hooked = Hooked::new(Manner::Good, 4);
    let receivers = format!("crm:{}", hooked.url());
    let server = Server::start(&folder.path().join("rooms.redb"), &env(&receivers));
    let exchange = |line: &str, token: &str| {
        let request =
            format!("{line} HTTP/1.1\r\nhost: localhost\r\n{token}content-length: 0\r\n\r\n");
        Client::new(&server.admin).exchange(&request).unwrap().0
    };
    assert_eq!(exchange("GET /webhooks", ""), 401);
    assert_eq!(exchange("POST /webhooks/crm/replay", ""), 401);
    let client = running::client_token("math", "ada");
    let client = format!("authorization: Bearer {client}\r\n");
    assert_eq!(exchange("GET /webhooks/crm/dead-letters", &client), 401);
    let good = format!("authorization: Bearer {}\r\n", running::api_token());
    assert_eq!(exchange("GET /webhooks", &good), 200);
}
