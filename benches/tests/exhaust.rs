//! Small floods of every cheap kind, while a room speaks and is commanded: the room is served all the time, only the
//! sender of the flood is refused, and the memory comes back. `make nightly` sends the same at full size and with
//! limits on time, which a busy machine cannot keep. Needs the server's binary beside the tests, as `cargo test
//! --workspace` builds it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use clap::Parser;
use sideroom_bench::load::options::Options;
use sideroom_bench::load::run::run;

/// Sends floods and returns their figures. Bounds of the tool: no request of the room fails, and no more than half of
/// the memory before a flood is added by it and stays. Tables and pools fill under the first floods, which counts
/// for more in a process of 22 MB than in the long run: 8 to 26 % were measured, and 70 to 134 % while the allocator
/// kept what was free.
fn exhaust(arguments: &str) -> Vec<serde_json::Value> {
    let arguments = format!(
        "sideroom-load exhaust --json --allow-invalid --warm-up 0.5 --duration 3 --settle 60 \
         --commands-per-s 20 --max-memory-growth 0.5 {arguments}"
    );
    let outcome = run(&Options::parse_from(arguments.split_whitespace())).unwrap();
    let figures = outcome.reports[0].figures.clone();
    println!("{figures:#}");
    // Packets may be lost where a socket's buffer is small and the machine stands still.
    let broken: Vec<_> = outcome
        .broken
        .iter()
        .filter(|what| !what.contains("the media lost"))
        .collect();
    assert!(broken.is_empty(), "{broken:?} {figures:#}");
    let floods = figures["pushes"].as_array().unwrap().clone();
    for flood in &floods {
        let commands = flood["canary"]["command"]["count"].as_u64();
        assert!(commands > Some(0), "{flood:#}");
    }
    floods
}

/// Connections or watches of a flood that the server still serves at its end.
fn served(flood: &serde_json::Value) -> u64 {
    let number = |name: &str| flood[name].as_u64().unwrap();
    number("taken") - number("ended")
}

#[test]
fn a_room_is_served_while_one_address_floods_the_server() {
    let floods = exhaust("--connections 1500 --watches 60 --rooms 200");
    // The first one is the time without a flood. The rest are bytes, sockets, watches and rooms: the sender gets no
    // more than the bound of one address, or of one participant.
    let [bytes, sockets, watches] = [1, 2, 3].map(|at| served(&floods[at]));
    assert!(bytes <= 512, "{bytes} connections are held");
    assert!(sockets <= 512, "{sockets} sockets are held");
    assert!(watches <= 8, "{watches} watches are held");
}

#[test]
fn a_room_is_served_while_many_addresses_flood_the_server() {
    exhaust("--push bytes --push sockets --connections 1500 --pushers 150");
}
