//! Entry points for `sideroom-turn`: no input makes it panic, grow, or relay to anybody but its peers.

use sideroom_route::Time;
use sideroom_turn::{
    Addresses, Client, Handled, Limits, Messages, Now, Path, Secret, Strangers, Turn, frame,
};

/// Reads `data` as a stream, in two reads, and gives every message to a client's state.
pub fn turn(data: &[u8]) {
    let peers = vec![
        "192.0.2.1:7910".parse().expect("an address"),
        "[2001:db8::1]:7910".parse().expect("an address"),
    ];
    let turn = Turn::new(Secret::new(&[7; 32]), peers, Limits::default());
    let mut strangers = Strangers::new(1_000);
    let mut addresses = Addresses::new(8, 2, 0);
    let mut client = Client::new("198.51.100.7:40000".parse().expect("an address"));
    let now = Now {
        time: Time::from_millis(1),
        unix_s: 1,
    };
    let mut messages = Messages::default();
    let (front, back) = data.split_at(data.len() / 2);
    let mut out = Vec::new();
    for part in [front, back] {
        messages.read(part);
        while let Ok(Some(message)) = messages.next_message() {
            out.clear();
            match client.handle((&turn, &mut strangers), now, message, &mut out) {
                Ok(Handled::Relay { peer, packet }) => {
                    let peer = turn.peers()[usize::from(peer)];
                    frame(
                        Path::NONE,
                        peer,
                        &message[packet],
                        ([0; 12], true),
                        &mut out,
                    );
                }
                Ok(Handled::Allocate(requested)) => {
                    let port = addresses.take(&requested.user);
                    let relayed = port.map(|port| (turn.peers()[0].ip(), port).into());
                    client.allocate((&turn, now), requested, relayed, &mut out);
                }
                Ok(Handled::Answered | Handled::Ended { .. }) => assert!(!out.is_empty()),
                Err(_) => assert!(out.is_empty()),
            }
            assert!(out.len() <= 4_096);
        }
    }
    // A datagram may be anything.
    let _ = client.handle((&turn, &mut strangers), now, data, &mut out);
}
