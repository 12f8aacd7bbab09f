//! A client that stays silent holds no connection for long, a flood of connections makes way for others, and
//! signaling servers, health and newcomers get through meanwhile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod running;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use running::{Client, Refused, Server, websocket};
use serde_json::json;
use sideroom::listen::descriptors::Budget;
use sideroom::listen::{self, IdleLimits, OpenConnections, PortConfig};
use sideroom_rpc::proxies::Proxies;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Anything that takes longer never comes.
const NEVER: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(200);
const PATIENT: IdleLimits = IdleLimits {
    headers: LONG,
    idle: LONG,
    stalled: LONG,
};
/// More than the kernel buffers.
const LARGE: usize = 64 << 20;

/// A port with a few pages.
async fn open(patience: IdleLimits, connections: usize) -> SocketAddr {
    open_behind(Proxies::default(), patience, (connections, 1_000)).await
}

/// The same behind proxies, with bounds on all connections and on those of one address.
async fn open_behind(
    proxies: Proxies,
    patience: IdleLimits,
    (connections, each): (usize, usize),
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let budget = Budget {
        connections,
        kept_back: 0,
        media_of_worker: 0,
    };
    let large = Bytes::from(vec![0; LARGE]);
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/large", get(async move || large));
    let door = PortConfig {
        name: "test",
        guests: OpenConnections::new(budget, each, proxies),
        patience,
        tls: None,
        turn: None,
    };
    listen::open(door, listener, router, None);
    address
}

fn connect(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(NEVER)).unwrap();
    stream
}

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn send(to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = connect(HERE, to);
    stream.write_all(bytes).unwrap();
    stream
}

/// Reads until the server ends the connection; how much came.
fn read_to_the_end(mut stream: TcpStream) -> usize {
    let (mut all, mut bytes) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return all,
            Ok(length) => all += length,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
            Err(error) => panic!("the connection is still open: {error}"),
        }
    }
}

fn is_answered(stream: &mut TcpStream) -> bool {
    drop(stream.write_all(GET));
    let mut status = [0; 12];
    stream.read_exact(&mut status).is_ok() && &status == b"HTTP/1.1 200"
}

/// How many of these the server has ended.
fn ended(streams: &mut [TcpStream]) -> usize {
    let is_over = |stream: &mut TcpStream| {
        stream.set_nonblocking(true).unwrap();
        match stream.read(&mut [0; 64]) {
            Ok(length) => length == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    };
    streams
        .iter_mut()
        .filter_map(|it| is_over(it).then_some(()))
        .count()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_ends_is_closed() {
    let patience = IdleLimits {
        headers: SHORT,
        ..PATIENT
    };
    let address = open(patience, 100).await;
    blocking(move || {
        for begun in [
            &b""[..],
            b"G",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET / HTTP/1.1\r\nhost",
        ] {
            let stream = send(address, begun);
            // HTTP/2 says its settings and goodbye.
            assert!(read_to_the_end(stream) < 200, "{}", begun.escape_ascii());
        }
        // The same after a request that was answered.
        let mut stream = send(address, b"");
        assert!(is_answered(&mut stream));
        stream.write_all(b"G").unwrap();
        read_to_the_end(stream);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_between_requests_is_closed_in_the_end() {
    let patience = IdleLimits {
        idle: SHORT,
        headers: SHORT,
        ..PATIENT
    };
    let address = open(patience, 100).await;
    blocking(move || {
        let mut stream = send(address, b"");
        assert!(is_answered(&mut stream));
        read_to_the_end(stream);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_off() {
    let patience = IdleLimits {
        headers: SHORT,
        stalled: SHORT,
        ..PATIENT
    };
    let address = open(patience, 100).await;
    blocking(move || {
        let mut held = send(address, b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n");
        held.read_exact(&mut [0]).unwrap();
        wait_until_gone(&mut held);
    })
    .await;
}

/// Waits until the server has given the connection up, without reading its data.
fn wait_until_gone(stream: &mut TcpStream) {
    // A write to a connection that is gone fails, sooner or later.
    while stream.write_all(b" ").is_ok() {
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_push_make_way_for_others() {
    let address = open(PATIENT, 40).await;
    blocking(move || {
        let mut pushed: Vec<_> = (0..200)
            .map(|_| {
                let mut stream = connect(Ipv4Addr::new(127, 66, 0, 1), address);
                drop(stream.write_all(b"G"));
                stream
            })
            .collect();
        for host in 1..=10 {
            let mut other = connect(Ipv4Addr::new(127, 0, 7, host), address);
            assert!(is_answered(&mut other), "127.0.7.{host}");
        }
        // At most the free places are left to the flood.
        while ended(&mut pushed) < 160 {
            std::thread::yield_now();
        }
    })
    .await;
}

/// Two addresses take all the connections that a server with few places gives them.
#[test]
fn calls_and_health_go_on_while_one_address_pushes() {
    let limits = [
        ("SIDEROOM_LIMITS_CONNECTIONS", "60"),
        ("SIDEROOM_LIMITS_CONNECTIONS_PER_ADDRESS", "40"),
    ];
    let server = Server::start(Path::new("memory"), &limits);
    let to: SocketAddr = server.http.parse().unwrap();
    let admin: SocketAddr = server.admin.parse().unwrap();
    let mut api = server.client();
    api.must("RoomService/CreateRoom", json!({ "room": "math" }));
    let mut pushed = Vec::new();
    for round in 0..400_u32 {
        let from = Ipv4Addr::new(127, 66, 0, (round % 2) as u8 + 1);
        for port in [to, admin] {
            let mut stream = connect(from, port);
            drop(stream.write_all(b"G"));
            pushed.push(stream);
        }
        if round % 40 == 0 {
            // On a connection that is kept, on a new one, and on the admin port.
            assert!(api.room("math").is_some());
            assert!(server.client().room("math").is_some());
            assert_eq!(server.ready().0, 200);
        }
    }
    let metrics = server.metrics();
    let gauge = |standing: &str| {
        let name = format!("sideroom_connections{{standing=\"{standing}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0.0, |value| value.parse::<f64>().unwrap())
    };
    // Forty of each flooding address, and newcomers who are about to show their token.
    assert!(gauge("stranger") <= 90.0, "{metrics}");
    assert!(metrics.contains("sideroom_connections_cut_total{reason=\"make_way\"}"));
}

#[test]
fn a_client_is_counted_while_it_asks_and_a_stranger_again_afterwards() {
    let limits = [("SIDEROOM_LIMITS_CONNECTIONS_PER_ADDRESS", "4")];
    let server = Server::start(Path::new("memory"), &limits);
    let mut api = server.client();
    api.must("RoomService/CreateRoom", json!({ "room": "math" }));
    let token = running::client_token("math", "ann");
    let joined = api.join("math", "ann", "1");
    assert!(joined["participantId"].is_string());
    // Connections of one client beyond the limit of an address are ended, the oldest first.
    let mut held: Vec<_> = (0..12)
        .map(|_| {
            let mut client = Client::with_token(&server.http, token.clone());
            assert!(client.room("math").is_some());
            client
        })
        .collect();
    let ended = held
        .iter_mut()
        .filter_map(|client| {
            client
                .ask("RoomService/GetRoom", &json!({ "room": "math" }))
                .err()
        })
        .count();
    assert!(ended >= 6, "{ended} of 12 were ended");
    // The signaling server's own, older than all of them, is not.
    assert!(api.room("math").is_some());
}

/// A request that a proxy, or somebody who says so, passes on for `client`.
fn passed_on(from: Ipv4Addr, to: SocketAddr, client: &str) -> TcpStream {
    let mut stream = connect(from, to);
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_behind_a_proxy_are_counted_by_the_address_that_it_names() {
    let proxies = Proxies::named(["127.0.0.1"]).unwrap();
    let address = open_behind(proxies, PATIENT, (1_000, 3)).await;
    blocking(move || {
        let mut pushed: Vec<_> = (0..10)
            .map(|_| passed_on(HERE, address, "203.0.113.7"))
            .collect();
        while ended(&mut pushed) < 7 {
            std::thread::yield_now();
        }
        // Others have the same proxy.
        let mut others: Vec<_> = (0..10)
            .map(|host| passed_on(HERE, address, &format!("198.51.100.{host}")))
            .collect();
        for other in &mut others {
            let mut status = [0; 12];
            other.read_exact(&mut status).unwrap();
            assert_eq!(&status, b"HTTP/1.1 200");
        }
        assert_eq!(ended(&mut others), 0);
        // Peers that are no proxies have one address, whatever they say.
        let liar = Ipv4Addr::new(127, 66, 0, 1);
        let mut forged: Vec<_> = (0..10)
            .map(|host| passed_on(liar, address, &format!("192.0.2.{host}")))
            .collect();
        while ended(&mut forged) < 7 {
            std::thread::yield_now();
        }
    })
    .await;
}

/// A client beyond the bound on all clients is told when to come again, and signaling servers are served.
#[test]
fn clients_beyond_the_bound_are_told_to_come_again() {
    let server = Server::start(Path::new("memory"), &[("SIDEROOM_LIMITS_CONNECTIONS", "2")]);
    let mut api = server.client();
    api.must("RoomService/CreateRoom", json!({ "room": "math" }));
    let joined = ["ann", "bob"].map(|who| websocket::join(&server.http, "math", who, "1"));
    for (_, answer) in &joined {
        assert_eq!(answer["type"], "joined", "{answer}");
    }
    let (_, refused) = websocket::join(&server.http, "math", "cem", "1");
    let [reason, wait] = [&refused["reason"], &refused["retryAfterMs"]];
    assert_eq!(
        (reason, wait.is_u64()),
        (&json!("Overloaded"), true),
        "{refused}"
    );
    let mut client = Client::with_token(&server.http, running::client_token("math", "ann"));
    let asked = client.ask("RoomService/GetRoom", &json!({ "room": "math" }));
    let Err(Refused::Status(503, body)) = asked else {
        panic!("{asked:?}");
    };
    assert!(body.contains("retryAfterMs"), "{body}");
    assert!(api.room("math").is_some());
    drop(joined);
    while websocket::join(&server.http, "math", "cem", "2").1["type"] != "joined" {
        std::thread::yield_now();
    }
}
