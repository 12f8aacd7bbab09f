//! The server's own TURN relays to the media workers, over TLS and plain TCP on the HTTP port and on `turn.port`, and
//! to no other address. The TURN client is webrtc-rs's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod running;
mod turned;

use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use rtc_turn::client::Event;
use running::{Client, KEYS, Server, api_token, binary, client_token};
use serde_json::{Value, json};
use turned::{Member, Turned};

const ROOM: &str = "turned";

/// A server with a room, started with these settings, with TLS if there are files for it.
fn server(env: &[(&str, &str)], tls: Option<&turned::Files>) -> Server {
    let mut command = Command::new(binary());
    command
        .args(["serve", "--dev", "--workers", "2", "--store", "memory"])
        .env_clear()
        .env("SIDEROOM_AUTH_KEYS", KEYS)
        .env("SIDEROOM_LOG_LEVEL", "warn");
    if let Some(files) = tls {
        command
            .env("SIDEROOM_TLS_CERTIFICATE_FILE", files.path("server.pem"))
            .env("SIDEROOM_TLS_KEY_FILE", files.path("server.key"));
    }
    let server = Server::start_as(&mut command, env);
    let room = json!({ "room": ROOM, "requestId": "1" });
    match tls {
        None => server.client().must("RoomService/CreateRoom", room),
        Some(files) => files.post(&server.http, "RoomService/CreateRoom", &api_token(), &room),
    };
    server
}

/// Joins with a client's token at the HTTP port.
fn join(server: &Server, identity: &str, tls: Option<&turned::Files>) -> Value {
    let body = json!({ "offer": running::OFFER, "requestId": identity });
    let token = client_token(ROOM, identity);
    match tls {
        None => Client::with_token(&server.http, token).must("ParticipantService/Join", body),
        Some(files) => files.post(&server.http, "ParticipantService/Join", &token, &body),
    }
}

/// Relayed by `url` of the answer, a check of ICE reaches the worker and is answered.
fn check(server: &Server, joined: &Value, turned: &mut Turned) {
    let mut member = Member::of(joined);
    let relayed = turned.allocate();
    let worker = member.worker();
    let event = turned.permit(relayed, worker);
    assert!(
        matches!(event, Event::CreatePermissionResponse(..)),
        "{event:?}"
    );
    // In a Send indication first, then in the channel that webrtc-rs binds.
    for _ in 0..3 {
        let mapped = turned.check(relayed, &mut member);
        assert_eq!(mapped, relayed, "the worker sees the relayed address");
    }
    let metrics = server.metrics();
    assert!(
        metrics.contains("sideroom_turn_allocations 1\n"),
        "{metrics}"
    );
    assert!(!metrics.contains("sideroom_turn_packets_total{direction=\"to_workers\"} 0\n"));
}

/// Waits until no client is relayed any more.
fn await_none(server: &Server) {
    for _ in 0..1_000 {
        if server.metrics().contains("sideroom_turn_allocations 0\n") {
            return;
        }
        #[allow(
            clippy::disallowed_methods,
            reason = "asks another process until it is so"
        )]
        std::thread::sleep(Duration::from_millis(30));
    }
    panic!("a relayed address outlives its connection");
}

fn urls(joined: &Value) -> Vec<&str> {
    let urls = joined["iceServers"][0]["urls"].as_array().unwrap();
    urls.iter().map(|url| url.as_str().unwrap()).collect()
}

#[test]
fn turn_beside_http_on_one_port_reaches_the_worker() {
    let server = server(&[], None);
    let joined = join(&server, "ada", None);
    // The test's client writes `host: localhost`, which has the usual port.
    assert_eq!(urls(&joined), ["turn:localhost:80?transport=tcp"]);
    let mut turned = Turned::tcp(&server.http, &joined);
    check(&server, &joined, &mut turned);
    // HTTP goes on, on the same port.
    assert!(join(&server, "ben", None)["sdp"].is_string());
    drop(turned);
    await_none(&server);
}

#[test]
fn turn_beside_https_on_one_port_reaches_the_worker() {
    let files = turned::Files::new();
    let server = server(&[], Some(&files));
    for alpn in [None, Some("stun.turn")] {
        let joined = join(&server, alpn.unwrap_or("ada"), Some(&files));
        assert_eq!(urls(&joined), ["turns:localhost:443?transport=tcp"]);
        let mut turned = Turned::tls(&server.http, &joined, &files, alpn);
        check(&server, &joined, &mut turned);
        drop(turned);
        await_none(&server);
    }
}

#[test]
fn turn_on_a_port_of_its_own_reaches_the_worker_by_udp_and_tcp() {
    let port = turned::free_port();
    let number = port.to_string();
    let server = server(&[("SIDEROOM_TURN_PORT", &number)], None);
    let at = format!("127.0.0.1:{port}");
    for udp in [true, false] {
        let joined = join(&server, if udp { "ada" } else { "ben" }, None);
        let expected = [
            format!("turn:localhost:{port}?transport=udp"),
            "turn:localhost:80?transport=tcp".to_owned(),
            format!("turn:localhost:{port}?transport=tcp"),
        ];
        assert_eq!(urls(&joined), expected);
        let mut turned = if udp {
            Turned::udp(&at, &joined)
        } else {
            Turned::tcp(&at, &joined)
        };
        check(&server, &joined, &mut turned);
        turned.give_back();
        await_none(&server);
    }
}

#[test]
fn turn_relays_to_no_address_but_the_workers() {
    let server = server(&[], None);
    let joined = join(&server, "ada", None);
    let mut member = Member::of(&joined);
    let mut turned = Turned::tcp(&server.http, &joined);
    let relayed = turned.allocate();
    for other in [
        "192.0.2.1:7910",
        "10.0.0.1:22",
        "127.0.0.2:7910",
        "169.254.169.254:80",
        "0.0.0.0:7910",
    ] {
        let event = turned.permit(relayed, other.parse().unwrap());
        let Event::CreatePermissionError(_, error) = event else {
            panic!("{other}: {event:?}")
        };
        assert!(error.to_string().contains("403"), "{other}: {error}");
    }
    // A permission is for an IP address; the workers' own address has other ports.
    let secret = UdpSocket::bind("127.0.0.1:0").unwrap();
    secret.set_nonblocking(true).unwrap();
    let elsewhere = secret.local_addr().unwrap();
    turned.permit(relayed, elsewhere);
    for _ in 0..3 {
        turned.send(relayed, elsewhere, b"let me in");
    }
    // Messages are handled in order: once this check is answered, the packets above have been dropped.
    turned.permit(relayed, member.worker());
    turned.check(relayed, &mut member);
    let mut buffer = [0; 100];
    let got = secret.recv_from(&mut buffer).map_err(|error| error.kind());
    assert_eq!(got, Err(std::io::ErrorKind::WouldBlock));
    assert!(
        server
            .metrics()
            .contains("sideroom_turn_dropped_total{reason=\"not_permitted\"}")
    );
}

#[test]
fn turn_takes_nobody_without_credentials_of_a_join() {
    let server = server(&[], None);
    let mut joined = join(&server, "ada", None);
    joined["iceServers"][0]["credential"] = "guessed".into();
    let refused = Turned::tcp(&server.http, &joined).try_allocate();
    let Event::AllocateError(_, error) = refused else {
        panic!("{refused:?}")
    };
    assert!(error.to_string().contains("401"), "{error}");
    joined["iceServers"][0]["username"] = "9999999999:somebody".into();
    let refused = Turned::tcp(&server.http, &joined).try_allocate();
    assert!(matches!(refused, Event::AllocateError(..)), "{refused:?}");
    assert!(server.metrics().contains("sideroom_turn_allocations 0\n"));
}

#[test]
fn turn_can_be_switched_off_and_its_urls_be_told_by_the_operator() {
    let server_off = server(&[("SIDEROOM_TURN_ENABLED", "false")], None);
    assert_eq!(join(&server_off, "ada", None).get("iceServers"), None);
    drop(server_off);
    let told = "turns:relay.example:443?transport=tcp";
    let server = server(&[("SIDEROOM_TURN_URLS", told)], None);
    assert_eq!(urls(&join(&server, "ada", None)), [told]);
    // Also when the signaling server joins for a client.
    let mut operator = server.client();
    assert_eq!(urls(&operator.join(ROOM, "ben", "1")), [told]);
}

/// Microseconds of CPU that the server has taken.
fn cpu_us(server: &Server) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 10_000
}

/// One round trip to the worker, in one of the ways that are compared.
type RoundTrip<'a> = Box<dyn FnMut() + 'a>;

/// Prints what the relay adds to a round trip to the worker and back, and what it costs the server: ways in turns, in
/// one run.
#[test]
#[ignore = "measures"]
fn turn_measures_the_relay_beside_udp() {
    const ROUNDS: usize = 20;
    const EACH: usize = 500;
    let files = turned::Files::new();
    let server = server(&[], Some(&files));
    let joined = join(&server, "direct", Some(&files));
    let mut direct = Member::of(&joined);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(direct.worker()).unwrap();
    let joined = join(&server, "relayed", Some(&files));
    let mut member = Member::of(&joined);
    let mut turned = Turned::tls(&server.http, &joined, &files, None);
    let relayed = turned.allocate();
    turned.permit(relayed, member.worker());
    let mut ways: [(&str, RoundTrip<'_>, Vec<u64>, u64); 2] = [
        (
            "udp",
            Box::new(|| direct.check_over(&socket)),
            Vec::new(),
            0,
        ),
        (
            "relay over TLS",
            Box::new(|| {
                turned.check(relayed, &mut member);
            }),
            Vec::new(),
            0,
        ),
    ];
    for _ in 0..ROUNDS {
        for (_, round_trip, took_us, cpu) in &mut ways {
            let before = cpu_us(&server);
            for _ in 0..EACH {
                let begun = now();
                round_trip();
                took_us.push(u64::try_from(begun.elapsed().as_micros()).unwrap());
            }
            *cpu += cpu_us(&server) - before;
        }
    }
    for (name, _, took_us, cpu) in &mut ways {
        took_us.sort_unstable();
        let at = |part: usize| took_us[took_us.len() * part / 100];
        let each = *cpu as f64 / (ROUNDS * EACH) as f64;
        println!(
            "{name}: median {} us, p95 {} us, CPU of the server {each:.1} us",
            at(50),
            at(95)
        );
    }
}

#[allow(clippy::disallowed_methods, reason = "measures")]
fn now() -> Instant {
    Instant::now()
}
