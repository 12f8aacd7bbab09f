//! Packets of clients that come from inside the process: they wake the port, are taken in order and bounded, and
//! what the port sends them goes to the client's outlet.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sideroom_net::{
    Destination, Outlet, Outlets, PeerAddr, Port, PortOptions, Queued, SendBatch, WhenFull,
};
use sideroom_route::Time;

const PATIENCE: Duration = Duration::from_secs(30);

/// Takes so many packets.
struct Takes(usize, Mutex<Vec<(u16, Vec<u8>)>>);

impl Outlet for Takes {
    fn queue(&self, peer: u16, packet: &[u8]) -> Queued {
        let mut got = self.1.lock().unwrap();
        if got.len() >= self.0 {
            return Queued::Full;
        }
        got.push((peer, packet.to_vec()));
        Queued::Yes
    }
}

fn client(peer: u16) -> PeerAddr {
    PeerAddr::turn(([192, 0, 2, 1], 50_000).into(), peer)
}

#[test]
fn packets_come_in_order_wake_the_port_and_are_bounded() {
    let mut port = Port::bind("127.0.0.1:0".parse().unwrap(), &PortOptions::default()).unwrap();
    let inlet = port.take_turn(Arc::new(Outlets::new()));
    let mut batch = port.udp().recv_batch_for(4);
    let pushing = std::thread::spawn(move || {
        assert_eq!(inlet.push(client(3), [&b"one"[..], b"two"]), 0);
        inlet
    });
    assert!(port.wait(Some(PATIENCE)).unwrap().woken);
    let inlet = pushing.join().unwrap();
    let mut got = Vec::new();
    port.recv_batch(&mut batch, Time::ZERO).unwrap();
    while let Some(packet) = batch.pop() {
        // In place, as media packets are opened.
        packet.bytes[0] ^= 0x20;
        got.push((packet.from, packet.bytes.to_vec()));
    }
    assert_eq!(
        got,
        [(client(3), b"One".to_vec()), (client(3), b"Two".to_vec())]
    );

    let large = [0; 2_000];
    let refused = inlet.push(client(3), std::iter::repeat_n(&large[..], 1_000));
    assert!(
        (470..=480).contains(&refused),
        "a megabyte waits at most: {refused}"
    );
    port.recv_batch(&mut batch, Time::ZERO).unwrap();
    assert_eq!(
        inlet.push(client(3), [&large[..]]),
        0,
        "there is room again"
    );
    inlet.end(client(3));
    port.recv_batch(&mut batch, Time::ZERO).unwrap();
    assert_eq!(port.poll_ended(), Some(client(3)));
    assert_eq!(port.poll_ended(), None);
}

#[test]
fn what_is_sent_goes_to_the_outlet_of_the_address() {
    let mut port = Port::bind("127.0.0.1:0".parse().unwrap(), &PortOptions::default()).unwrap();
    let outlets = Arc::new(Outlets::new());
    port.take_turn(Arc::clone(&outlets));
    let mut batch = SendBatch::new(16, 16_384);
    let mut send = |packets: usize| {
        for number in 0..packets {
            assert!(batch.push(&Destination::keyed(1, client(2)), &[number as u8]));
        }
        let flushed = port.flush(&mut batch, WhenFull::Drop);
        (flushed.sent, flushed.full, flushed.failed)
    };
    assert_eq!(send(2), (0, 0, 2), "nobody is there");
    let takes = Arc::new(Takes(3, Mutex::default()));
    outlets.set(50_000, Some(takes.clone()));
    assert_eq!(send(5), (3, 2, 0));
    let got = takes.1.lock().unwrap().clone();
    assert_eq!(got, [(2, vec![0]), (2, vec![1]), (2, vec![2])]);
    outlets.set(50_000, None);
    assert_eq!(send(1), (0, 0, 1));
    // A port below the range of relayed addresses is nobody's.
    outlets.set(7_910, Some(takes));
}
