//! Datagrams over the loopback interface arrive whole, in order, with their addresses, however they are
//! batched, coalesced and segmented.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sideroom_net::{
    Clock, Destination, Flushed, PeerAddr, Port, PortOptions, RecvBatch, SendBatch, UdpOptions,
    UdpPort, WhenFull, wall_clock,
};

const PATIENCE: Duration = Duration::from_secs(5);

fn port(addr: &str, udp: UdpOptions) -> Port {
    let options = PortOptions { udp, tcp: None };
    Port::bind(addr.parse().unwrap(), &options).unwrap()
}

fn received(port: &mut Port, batch: &mut RecvBatch, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let clock = Clock::new();
    let mut got = Vec::new();
    while got.len() < count {
        assert!(
            port.wait(Some(PATIENCE)).unwrap().readable,
            "{} of {count}",
            got.len()
        );
        port.recv_batch(batch, clock.now()).unwrap();
        while let Some(datagram) = batch.pop() {
            got.push((datagram.from.addr, datagram.bytes.to_vec()));
        }
    }
    got
}

/// Sends `sizes` to one receiver and checks that all arrive in order, in at most `most_messages` messages.
fn check(at: &str, sender: UdpOptions, receiver: UdpOptions, most_messages: u64) {
    let sizes = [1_200, 1_200, 1_200, 1_200, 400, 100, 100, 1_400, 1_401];
    let mut to = port(at, receiver);
    let mut from = port(at, sender);
    let mut send = SendBatch::new(64, 1 << 17);
    let destination = Destination::keyed(7, PeerAddr::udp(to.local_addr()));
    for (index, size) in sizes.into_iter().enumerate() {
        assert!(send.push(&destination, &vec![index as u8; size]));
    }
    let flushed = from.flush(&mut send, WhenFull::Drop);
    assert_eq!(flushed.sent, sizes.len() as u64, "{flushed:?}");
    assert!(flushed.messages <= most_messages, "{flushed:?}");
    assert!(send.is_empty());
    let mut batch = to.udp().recv_batch_for(4);
    let got = received(&mut to, &mut batch, sizes.len());
    for (index, ((addr, bytes), size)) in got.iter().zip(sizes).enumerate() {
        assert_eq!(*addr, from.local_addr());
        assert_eq!(*bytes, vec![index as u8; size], "packet {index}");
    }
}

#[test]
fn every_pairing_of_options_brings_the_same_packets() {
    let plain = UdpOptions {
        coalesce: false,
        segment: false,
        ..UdpOptions::default()
    };
    let full = UdpOptions::default();
    for at in ["127.0.0.1:0", "[::1]:0"] {
        check(at, plain, plain, 9);
        check(at, plain, full, 9);
        let grouped = if port(at, full).udp().segments() {
            4
        } else {
            9
        };
        check(at, full, plain, grouped);
        check(at, full, full, grouped);
    }
}

#[test]
fn a_dual_stack_socket_speaks_ipv4_under_its_own_name() {
    let mut both = port("[::]:0", UdpOptions::default());
    let mut v4 = port("127.0.0.1:0", UdpOptions::default());
    let to: SocketAddr = ([127, 0, 0, 1], both.local_addr().port()).into();
    let mut send = SendBatch::new(4, 4_000);
    assert!(send.push(&Destination::alone(PeerAddr::udp(to)), b"there"));
    v4.flush(&mut send, WhenFull::Drop);
    let mut batch = RecvBatch::new(4, RecvBatch::SINGLE);
    let got = received(&mut both, &mut batch, 1);
    assert_eq!(got, [(v4.local_addr(), b"there".to_vec())]);
    assert!(send.push(&Destination::alone(PeerAddr::udp(got[0].0)), b"back"));
    assert_eq!(both.flush(&mut send, WhenFull::Drop).sent, 1);
    assert_eq!(received(&mut v4, &mut batch, 1), [(to, b"back".to_vec())]);
}

#[test]
fn a_socket_for_many_addresses_tells_and_chooses_them() {
    let options = UdpOptions {
        local_address: true,
        ..UdpOptions::default()
    };
    let mut many = UdpPort::bind("0.0.0.0:0".parse().unwrap(), &options).unwrap();
    let mut one = port("127.0.0.1:0", UdpOptions::default());
    let local: IpAddr = [127, 9, 8, 7].into();
    let mut send = SendBatch::new(4, 4_000);
    let destination = Destination {
        from: Some(local),
        ..Destination::keyed(1, PeerAddr::udp(one.local_addr()))
    };
    assert!(send.push(&destination, b"who") && send.push(&destination, b"am"));
    assert_eq!(many.flush(&mut send, WhenFull::Drop).sent, 2);
    let mut batch = RecvBatch::new(4, RecvBatch::COALESCED);
    let got = received(&mut one, &mut batch, 2);
    let expected = SocketAddr::new(local, many.local_addr().port());
    assert!(got.iter().all(|(from, _)| *from == expected), "{got:?}");

    assert!(send.push(&Destination::alone(PeerAddr::udp(expected)), b"I"));
    assert_eq!(one.flush(&mut send, WhenFull::Drop).sent, 1);
    assert_eq!(many.recv_batch(&mut batch).unwrap(), 1);
    assert_eq!(batch.pop().unwrap().local, Some(local));
}

#[test]
fn a_socket_that_measures_tells_when_the_kernel_had_each_datagram() {
    let options = UdpOptions {
        arrival_times: true,
        local_address: true,
        ..UdpOptions::default()
    };
    let bind = |options| UdpPort::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let (mut to, mut from) = (bind(&options), bind(&UdpOptions::default()));
    let destination = Destination::keyed(1, PeerAddr::udp(to.local_addr()));
    let mut send = SendBatch::new(4, 4_000);
    assert!(send.push(&destination, b"one") && send.push(&destination, b"two"));
    let before = wall_clock();
    assert_eq!(from.flush(&mut send, WhenFull::Drop).sent, 2);
    let after = wall_clock();
    let mut batch = RecvBatch::new(4, RecvBatch::COALESCED);
    assert!(to.recv_batch(&mut batch).unwrap() > 0);
    for _ in 0..2 {
        let datagram = batch.pop().unwrap();
        let arrived = datagram.arrived.unwrap();
        // The system's clock may be adjusted a little meanwhile.
        let (early, late) = (before.saturating_sub(PATIENCE), after + PATIENCE);
        assert!(early <= arrived && arrived <= late, "{arrived:?}");
        assert!(
            datagram.local.is_some(),
            "there is room for all that is told"
        );
    }
    // A socket that did not ask for the time stamp gets none.
    let back = Destination::keyed(1, PeerAddr::udp(from.local_addr()));
    assert!(send.push(&back, b"back"));
    to.flush(&mut send, WhenFull::Drop);
    assert_eq!(from.recv_batch(&mut batch).unwrap(), 1);
    assert_eq!(batch.pop().unwrap().arrived, None);
}

#[test]
fn a_refused_packet_is_counted_and_does_not_hold_up_others() {
    let mut to = port("127.0.0.1:0", UdpOptions::default());
    let mut from = port("127.0.0.1:0", UdpOptions::default());
    let mut send = SendBatch::new(8, 1 << 18);
    let good = Destination::keyed(1, PeerAddr::udp(to.local_addr()));
    // The kernel sends nothing from a loopback address to a network, to port 0, or over 64 KiB at once.
    let elsewhere = PeerAddr::udp("127.0.0.1:0".parse().unwrap());
    assert!(send.push(&Destination::alone(elsewhere), b"lost"));
    assert!(send.push(&good, b"first"));
    assert!(send.push(&good, &vec![1; 65_530]));
    let tcp = PeerAddr::tcp(to.local_addr());
    assert!(send.push(&Destination::keyed(1, tcp), b"no such connection"));
    assert!(send.push(&good, b"second"));
    let flushed = from.flush(&mut send, WhenFull::Drop);
    let expected = Flushed {
        sent: 2,
        messages: 2,
        failed: 3,
        ..Flushed::default()
    };
    assert_eq!(flushed, expected);
    let mut batch = RecvBatch::new(4, RecvBatch::SINGLE);
    let got: Vec<_> = received(&mut to, &mut batch, 2);
    assert_eq!(
        (&got[0].1[..], &got[1].1[..]),
        (&b"first"[..], &b"second"[..])
    );
}

#[test]
fn what_does_not_fit_a_buffer_is_dropped_and_counted() {
    let mut to = port("127.0.0.1:0", UdpOptions::default());
    let mut from = port("127.0.0.1:0", UdpOptions::default());
    let destination = Destination::alone(PeerAddr::udp(to.local_addr()));
    let mut send = SendBatch::new(8, 1 << 16);
    assert!(send.push(&destination, &[1; 3_000]) && send.push(&destination, &[2; 30]));
    from.flush(&mut send, WhenFull::Drop);
    let mut batch = RecvBatch::new(4, RecvBatch::SINGLE);
    assert_eq!(received(&mut to, &mut batch, 1)[0].1, [2; 30]);
    assert_eq!(batch.truncated(), 1);
}

#[test]
fn datagrams_that_nobody_takes_are_told_of() {
    let small = UdpOptions {
        recv_buffer: 4_096,
        ..UdpOptions::default()
    };
    let to = port("127.0.0.1:0", small);
    let mut from = port("127.0.0.1:0", UdpOptions::default());
    let destination = Destination::keyed(1, PeerAddr::udp(to.local_addr()));
    let mut send = SendBatch::new(200, 1 << 18);
    while send.push(&destination, &[3; 1_000]) {}
    let sent = from.flush(&mut send, WhenFull::Drop).sent;
    let drops = to.udp().kernel_drops().unwrap();
    assert!(drops > 0 && u64::from(drops) <= sent, "{drops} of {sent}");
    assert!(from.udp().buffers().unwrap().recv >= 1 << 20);
}
