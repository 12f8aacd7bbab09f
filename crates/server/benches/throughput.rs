//! How many commands a second, how long each takes, and how long a move takes in a room of a thousand.
//!
//! `cargo bench -p sideroom --bench throughput [-- commands|rooms|moves]`; `benches/throughput.sh COMMIT`
//! measures against the server of another commit, in turns. Everything runs on this machine, the
//! clients too. It prints p50, p99 and the longest time, beside the time that the disk alone takes to
//! sync, and ends with an error if a bound is broken.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs
)]

#[path = "../tests/running/mod.rs"]
mod running;

use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::ExitCode;
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

fn rename(room: usize, number: usize, part: &str) -> Value {
    json!({
        "room": format!("room-{room}"), "requestId": format!("{part} {number}"),
        "breakoutId": "b1", "displayName": format!("name {number}"),
    })
}

/// Clients that command rooms in turn; no two share a room.
#[derive(Clone, Copy)]
struct Crowd {
    clients: usize,
    rooms_each: usize,
}

/// Each client sends the next request after an answer, or at an equal part of `rate` a second.
fn load(
    server: &Server,
    crowd: Crowd,
    rate: Option<f64>,
    length: Duration,
    part: &str,
) -> Vec<Duration> {
    let begun = Instant::now();
    let Crowd {
        clients,
        rooms_each,
    } = crowd;
    let mut took = Vec::new();
    std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..clients)
            .map(|one| {
                let mut client = server.client();
                scope.spawn(move || {
                    let mut took = Vec::new();
                    for number in 0.. {
                        let mut asked = Instant::now();
                        if let Some(rate) = rate {
                            let share = clients as f64 / rate;
                            let offset = share * one as f64 / clients as f64;
                            let due =
                                begun + Duration::from_secs_f64(offset + share * f64::from(number));
                            std::thread::sleep(due.saturating_duration_since(asked));
                            // Measured from when it was due: a late answer delays those after it.
                            asked = due;
                        }
                        if begun.elapsed() > length {
                            break;
                        }
                        let number = number as usize;
                        let room = one + clients * (number % rooms_each);
                        let body = rename(room, number, part);
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

/// A promised bound on a measurement.
#[derive(Clone, Copy, Default)]
struct Bound {
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    per_cpu_s: Option<f64>,
}

/// Sorted times, and their total.
struct Figures {
    took: Vec<Duration>,
    length: Duration,
    cpu: f64,
}

impl Figures {
    fn new(mut took: Vec<Duration>, length: Duration, cpu: f64) -> Self {
        took.sort_unstable();
        Self { took, length, cpu }
    }

    fn at_ms(&self, share: f64) -> f64 {
        let last = self.took.len() - 1;
        self.took[(last as f64 * share) as usize].as_secs_f64() * 1e3
    }

    /// Prints a line; true if every bound is kept.
    fn report(&self, what: &str, bound: Bound) -> bool {
        let (p50, p99, count) = (self.at_ms(0.5), self.at_ms(0.99), self.took.len() as f64);
        let per_cpu_s = count / self.cpu.max(1e-9);
        let checks = [
            (
                bound.p50_ms,
                "p50",
                "ms at most",
                bound.p50_ms.is_none_or(|most| p50 <= most),
            ),
            (
                bound.p99_ms,
                "p99",
                "ms at most",
                bound.p99_ms.is_none_or(|most| p99 <= most),
            ),
            (
                bound.per_cpu_s,
                "rate",
                "a second and CPU at least",
                bound.per_cpu_s.is_none_or(|least| per_cpu_s >= least),
            ),
        ];
        let mut verdict = String::new();
        for (value, name, unit, kept) in checks {
            if let Some(value) = value {
                let word = if kept { "kept" } else { "BROKEN" };
                verdict += &format!("  [{name} {value} {unit}: {word}]");
            }
        }
        println!(
            "{what:<40} {:>7.0}/s  p50 {p50:>6.2} ms  p99 {p99:>6.2} ms  max {:>6.2} ms  \
             {per_cpu_s:>6.0}/s per CPU{verdict}",
            count / self.length.as_secs_f64(),
            self.at_ms(1.0),
        );
        checks.iter().all(|(_, _, _, kept)| *kept)
    }
}

/// The time that the disk alone takes for a commit's sync.
fn disk(directory: &Path) {
    let path = directory.join("probe");
    let file = std::fs::File::create(&path).unwrap();
    let mut took = Vec::new();
    let begun = Instant::now();
    for at in 0..300 {
        file.write_all_at(&[7; 4_096], at % 64 * 4_096).unwrap();
        let asked = Instant::now();
        file.sync_data().unwrap();
        took.push(asked.elapsed());
    }
    std::fs::remove_file(path).unwrap();
    let length = begun.elapsed();
    Figures::new(took, length, 0.0).report("the disk alone, 4 KiB and a sync", Bound::default());
}

/// At full load, then at the rate whose times are promised.
fn measure(store: &Path, name: &str, durable: bool) -> bool {
    let server = Server::start(store, &[]);
    create_rooms(&server, 64, "4");
    // Warms up: loads and allocates once.
    let few = Crowd {
        clients: 16,
        rooms_each: 1,
    };
    load(&server, few, Some(1_000.0), Duration::from_secs(1), "warm");
    let busy = Bound {
        per_cpu_s: durable.then_some(5_000.0),
        ..Bound::default()
    };
    let steady = Bound {
        p99_ms: Some(10.0),
        ..Bound::default()
    };
    let mut kept = true;
    let many = Crowd { clients: 64, ..few };
    for (what, crowd, rate, bound, length) in [
        ("64 clients, each asks again", many, None, busy, 5),
        ("1,000 a second", few, Some(1_000.0), steady, 10),
    ] {
        let (length, before) = (Duration::from_secs(length), cpu_s(&server));
        let took = load(&server, crowd, rate, length, what);
        let figures = Figures::new(took, length, cpu_s(&server) - before);
        kept &= figures.report(&format!("{name}, {what}"), bound);
    }
    println!(
        "  the server says: {}",
        said(&server, "sideroom_store_commit_seconds")
    );
    kept
}

/// The server's own metric, in one line.
fn said(server: &Server, metric: &str) -> String {
    let all = server.metrics();
    let lines = all.lines().filter(|line| {
        line.starts_with(metric) && !line.contains("_bucket") && !line.starts_with('#')
    });
    lines.collect::<Vec<_>>().join("  ")
}

fn commands() -> bool {
    let directory = tempfile::tempdir_in(".").unwrap();
    disk(directory.path());
    let on_disk = measure(&directory.path().join("rooms.redb"), "on disk", true);
    let in_memory = measure(Path::new("memory"), "in memory", false);
    disk(directory.path());
    on_disk && in_memory
}

/// 1,000 rooms that are all commanded, by as many clients as one address may have connections.
fn a_thousand_rooms() -> bool {
    let directory = tempfile::tempdir_in(".").unwrap();
    let crowd = Crowd {
        clients: 500,
        rooms_each: 2,
    };
    for (store, name) in [
        (directory.path().join("rooms.redb"), "on disk"),
        ("memory".into(), "in memory"),
    ] {
        let server = Server::start(&store, &[]);
        create_rooms(&server, crowd.clients * crowd.rooms_each, "4");
        for (what, rate, length) in [
            ("all ask again", None, 5),
            ("1,000 a second", Some(1_000.0), 10),
        ] {
            let (length, before) = (Duration::from_secs(length), cpu_s(&server));
            let took = load(&server, crowd, rate, length, what);
            let figures = Figures::new(took, length, cpu_s(&server) - before);
            figures.report(&format!("1,000 rooms {name}, {what}"), Bound::default());
        }
    }
    true
}

/// The bound is on the server's own time; the disk's comes on top and is printed.
fn moves_in_a_room_of_a_thousand() -> bool {
    let directory = tempfile::tempdir_in(".").unwrap();
    let promised = Bound {
        p50_ms: Some(1.0),
        p99_ms: Some(5.0),
        ..Bound::default()
    };
    let mut kept = true;
    for (store, name, bound) in [
        (
            directory.path().join("rooms.redb"),
            "a move among 1,000, on disk",
            Bound::default(),
        ),
        ("memory".into(), "a move among 1,000, in memory", promised),
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
        let figures = Figures::new(took, begun.elapsed(), cpu_s(&server) - before);
        kept &= figures.report(name, bound);
        for metric in ["sideroom_move_seconds", "sideroom_apply_seconds"] {
            println!("  the server says: {}", said(&server, metric));
        }
    }
    kept
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

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let wants = |part: &str| wanted.as_deref().is_none_or(|wanted| wanted == part);
    let commands = !wants("commands") || commands();
    let rooms = !wants("rooms") || a_thousand_rooms();
    let moves = !wants("moves") || moves_in_a_room_of_a_thousand();
    ExitCode::from(u8::from(!(commands && rooms && moves)))
}
