//! Somebody pushes in every cheap way, in small, while a room speaks and is commanded. The room is served all
//! the time and memory comes back. `make nightly` does the same at full size and with limits on time, which a
//! busy machine cannot keep. Needs the server's binary beside the tests, as `cargo test --workspace` builds it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use clap::Parser;
use sideroom_bench::load::options::Options;
use sideroom_bench::load::run::run;

fn exhaust(arguments: &str) -> serde_json::Value {
    let arguments = format!(
        "sideroom-load exhaust --json --allow-invalid --warm-up 0.5 --duration 3 --settle 60 \
         --commands-per-s 20 --max-memory-growth 0.5 {arguments}"
    );
    let outcome = run(&Options::parse_from(arguments.split_whitespace())).unwrap();
    let figures = outcome.reports[0].figures.clone();
    println!("{figures:#}");
    assert_eq!(outcome.broken, [""; 0], "{figures:#}");
    figures["pushes"].clone()
}

#[test]
fn a_room_is_served_while_somebody_pushes() {
    let pushes = exhaust("--connections 1500 --watches 60 --rooms 200");
    for push in pushes.as_array().unwrap() {
        assert_eq!(push["canary"]["failed"], 0);
        assert!(
            push["canary"]["command"]["count"].as_u64() > Some(0),
            "{push}"
        );
    }
    // Those who push get no more than the bounds for one address, and the others of theirs are ended.
    let left = |at: usize| {
        let number = |name: &str| pushes[at][name].as_u64().unwrap();
        number("taken") - number("ended")
    };
    let (bytes, sockets, watches) = (left(1), left(2), left(3));
    assert!(bytes <= 512, "{bytes} connections were held");
    assert!(sockets <= 512, "{sockets} sockets were held");
    assert!(watches <= 8, "{watches} watches were held");
}

#[test]
fn a_room_is_served_while_many_addresses_push() {
    exhaust("--push bytes --push sockets --connections 1500 --pushers 150");
}
