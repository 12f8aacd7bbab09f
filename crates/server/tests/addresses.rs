//! A host with many addresses, IPv6 and mapped ports: media reach every address that clients are told, and
//! answers leave from the one that was asked. In network namespaces; needs root and iproute2, and is skipped
//! without them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "real sockets take real time")]

mod running;

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use running::caller::{Called, converse};
use running::{Client, Server, binary};

const PATIENCE: Duration = Duration::from_secs(60);
/// Tells the test in the client's network where the server is, and what the answer must have.
const SERVER: &str = "ADDRESSES_SERVER";
const EXPECTED: &str = "ADDRESSES_EXPECTED";

/// Two networks with a cable between them, gone when this is dropped.
struct Networks {
    server: String,
    client: String,
}

fn ip(arguments: &str) -> bool {
    let words = arguments.split(' ');
    let done = Command::new("ip").args(words).output();
    done.is_ok_and(|output| output.status.success())
}

impl Networks {
    /// `None` if this process may not make any.
    fn new(name: &str) -> Option<Self> {
        let id = std::process::id();
        let [server, client] = ["s", "c"].map(|end| format!("sideroom-{name}-{end}{id}"));
        if !ip(&format!("netns add {server}")) {
            eprintln!("skipped: no network namespaces here (run as root, with iproute2)");
            return None;
        }
        let networks = Self { server, client };
        let (server, client) = (&networks.server, &networks.client);
        let both = [server, client];
        let mut steps = vec![
            format!("netns add {client}"),
            format!("link add cable netns {server} type veth peer name cable netns {client}"),
        ];
        for address in ["10.79.0.1/24", "10.79.0.2/24", "fd79::1/64", "fd79::2/64"] {
            steps.push(address_of(server, address));
        }
        for address in ["10.79.0.9/24", "fd79::9/64"] {
            steps.push(address_of(client, address));
        }
        for end in both {
            steps.push(format!("-n {end} link set lo up"));
            steps.push(format!("-n {end} link set cable up"));
        }
        for step in steps {
            assert!(ip(&step), "ip {step}");
        }
        Some(networks)
    }

    /// A server in its network, with this configuration.
    fn serve(&self, env: &[(&str, &str)]) -> Server {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.server]).arg(binary());
        command.args(["serve", "--dev", "--workers", "1", "--store", "memory"]);
        command
            .env("SIDEROOM_AUTH_KEYS", running::KEYS)
            .env("SIDEROOM_LOG_LEVEL", "warn");
        let here = [("SIDEROOM_HTTP_LISTEN", "10.79.0.1:0")];
        Server::start_as(&mut command, &[&here, env].concat())
    }

    /// Runs [`in_the_network_of_the_client`].
    fn visit(&self, server: &Server, expected: &str) {
        let this = std::env::current_exe().unwrap();
        let name = "in_the_network_of_the_client";
        let done = Command::new("ip")
            .args(["netns", "exec", &self.client])
            .arg(Path::new(&this))
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(SERVER, &server.http)
            .env(EXPECTED, expected)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && text.contains("1 passed"), "{text}");
    }
}

fn address_of(namespace: &str, address: &str) -> String {
    // Without the search for duplicates an address of IPv6 can be used at once.
    let nodad = if address.contains("::") { " nodad" } else { "" };
    format!("-n {namespace} address add {address} dev cable{nodad}")
}

impl Drop for Networks {
    fn drop(&mut self) {
        for end in [&self.server, &self.client] {
            ip(&format!("netns delete {end}"));
        }
    }
}

/// Speaks and listens over each candidate in turn. Another process runs it, in the client's network.
#[test]
#[ignore = "runs in a network of its own"]
fn in_the_network_of_the_client() {
    let mut client = Client::new(&std::env::var(SERVER).unwrap());
    let expected = std::env::var(EXPECTED).unwrap();
    let expected: Vec<SocketAddr> = expected
        .split(',')
        .filter_map(|address| address.parse().ok())
        .collect();
    client.must(
        "RoomService/CreateRoom",
        serde_json::json!({ "room": "yard" }),
    );
    let mut number = 1;
    let mut calls = |client: &mut Client| {
        number += 2;
        let speaker = Called::new(client, "whip", "yard", number);
        (speaker, Called::new(client, "whep", "yard", number + 1))
    };
    let (first, _) = calls(&mut client);
    let candidates = first.candidates();
    let told: Vec<_> = expected.iter().map(SocketAddr::ip).collect();
    let found: Vec<_> = candidates.iter().map(SocketAddr::ip).collect();
    assert_eq!(found, told);
    for (candidate, expected) in candidates.into_iter().zip(expected) {
        assert!(expected.port() == 0 || expected.port() == candidate.port());
        let _mapping = (expected.port() != 0).then(|| map_ports(candidate));
        let (speaker, listener) = calls(&mut client);
        let mut speaker = speaker.connect(candidate);
        let mut listener = listener.connect(candidate);
        assert!(
            converse(&mut speaker, &mut listener, PATIENCE),
            "{candidate}: connected {} and {}, heard {}",
            speaker.is_connected(),
            listener.is_connected(),
            listener.heard
        );
    }
}

/// Maps one public port as a NAT does: passes datagrams on to the server's own port, each client from a port
/// of its own.
fn map_ports(public: SocketAddr) -> std::thread::JoinHandle<()> {
    let outside = UdpSocket::bind(public).unwrap();
    std::thread::spawn(move || {
        let mut inside: Vec<(SocketAddr, UdpSocket)> = Vec::new();
        let mut packet = [0; 1_500];
        outside
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        loop {
            if let Ok((len, from)) = outside.recv_from(&mut packet) {
                let known = inside.iter().position(|(client, _)| *client == from);
                let index = known.unwrap_or_else(|| {
                    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
                    socket.connect(("10.79.0.1", BEHIND_NAT)).unwrap();
                    socket.set_nonblocking(true).unwrap();
                    inside.push((from, socket));
                    inside.len() - 1
                });
                let _ = inside[index].1.send(&packet[..len]);
            }
            for (client, socket) in &inside {
                while let Ok(len) = socket.recv(&mut packet) {
                    let _ = outside.send_to(&packet[..len], client);
                }
            }
        }
    })
}

/// The bound port behind the mapping. Nobody else is in that network.
const BEHIND_NAT: u16 = 7_910;

/// The kernel alone answers from the first address of a network, whichever was asked.
#[test]
fn answers_leave_from_the_address_that_was_asked() {
    let Some(networks) = Networks::new("v4") else {
        return;
    };
    let announce = "10.79.0.1,10.79.0.2";
    let server = networks.serve(&[
        ("SIDEROOM_MEDIA_BIND", "0.0.0.0"),
        ("SIDEROOM_MEDIA_ANNOUNCE", announce),
    ]);
    networks.visit(&server, "10.79.0.1:0,10.79.0.2:0");
}

#[test]
fn one_socket_serves_every_address_of_both_families() {
    let Some(networks) = Networks::new("v6") else {
        return;
    };
    let announce = "fd79::1,fd79::2,10.79.0.1,10.79.0.2";
    let server = networks.serve(&[
        ("SIDEROOM_MEDIA_BIND", "::"),
        ("SIDEROOM_MEDIA_ANNOUNCE", announce),
    ]);
    networks.visit(&server, "[fd79::1]:0,[fd79::2]:0,10.79.0.1:0,10.79.0.2:0");
}

#[test]
fn clients_are_sent_to_the_mapped_port() {
    let Some(networks) = Networks::new("nat") else {
        return;
    };
    let server = networks.serve(&[
        ("SIDEROOM_MEDIA_BIND", "0.0.0.0"),
        ("SIDEROOM_MEDIA_FIRST_PORT", "7910"),
        ("SIDEROOM_MEDIA_ANNOUNCE", "10.79.0.9:40000"),
    ]);
    networks.visit(&server, "10.79.0.9:40000");
}
