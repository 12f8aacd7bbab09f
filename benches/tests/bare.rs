//! The bare path forwards every packet of a publisher to every subscriber, sealed with the subscriber's key.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::UdpSocket;
use std::time::Duration;

use sideroom_bench::bare::{Bare, Counters, Hello, keys_of};
use sideroom_net::PortOptions;
use sideroom_session::srtp::{SrtpIn, SrtpOut, SrtpProfile};

fn say(bare: &mut Bare, socket: &UdpSocket, hello: &Hello) -> Vec<u8> {
    let text = serde_json::to_vec(hello).unwrap();
    socket.send_to(&text, bare.local_addr()).unwrap();
    bare.turn(Some(Duration::from_secs(5))).unwrap();
    let mut buffer = [0; 2_000];
    let len = socket.recv(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    socket
}

fn check(profile: SrtpProfile) {
    let at = "127.0.0.1:0".parse().unwrap();
    let mut bare = Bare::bind(at, &PortOptions::default(), profile).unwrap();
    let publisher = socket();
    let hello = Hello::Peer {
        id: 1,
        ssrcs: vec![77],
        receives: true,
    };
    let answer = say(&mut bare, &publisher, &hello);
    assert_eq!(serde_json::from_slice::<Hello>(&answer).unwrap(), hello);
    let subscribers: Vec<_> = (2..5)
        .map(|id| {
            let socket = socket();
            let hello = Hello::Peer {
                id,
                ssrcs: Vec::new(),
                receives: true,
            };
            say(&mut bare, &socket, &hello);
            let mut srtp = SrtpIn::new(&keys_of(profile, id));
            assert!(srtp.accept_ssrc(77));
            (socket, srtp)
        })
        .collect();

    let out = SrtpOut::new(&keys_of(profile, 1));
    let mut header = [0; 12];
    header[0] = 0x80;
    header[8..].copy_from_slice(&77u32.to_be_bytes());
    let mut buffer = [0; 2_000];
    for sequence in 0..3u16 {
        header[2..4].copy_from_slice(&sequence.to_be_bytes());
        let len = out.seal(
            &header,
            &[sequence as u8; 1_000],
            sequence.into(),
            &mut buffer,
        );
        publisher
            .send_to(&buffer[..len], bare.local_addr())
            .unwrap();
    }
    while counters(&mut bare).received < 3 {}
    for (socket, mut srtp) in subscribers {
        for sequence in 0..3u8 {
            let len = socket.recv(&mut buffer).unwrap();
            let len = srtp.open(&mut buffer[..len]).unwrap();
            assert_eq!((buffer[3], len), (sequence, 1_012));
            assert_eq!(buffer[12..len], [sequence; 1_000]);
        }
    }
    let counters = counters(&mut bare);
    assert_eq!((counters.received, counters.refused), (3, 0));
    assert_eq!((counters.full, counters.failed), (0, 0));
}

fn counters(bare: &mut Bare) -> Counters {
    let answer = say(bare, &socket(), &Hello::Stats);
    serde_json::from_slice(&answer).unwrap()
}

#[test]
fn packets_reach_every_subscriber_under_every_profile() {
    for profile in SrtpProfile::PREFERRED {
        check(profile);
    }
}
