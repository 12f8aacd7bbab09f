//! Connections of ICE-TCP clients carry packets both ways, and strangers can make the port hold only a
//! bounded amount for a bounded time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sideroom_net::{
    Clock, Destination, PeerAddr, Port, PortOptions, RecvBatch, SendBatch, TcpLimits, UdpOptions,
    WhenFull,
};
use sideroom_route::Time;

const PATIENCE: Duration = Duration::from_secs(5);

struct Server {
    port: Port,
    batch: RecvBatch,
    now: Time,
}

impl Server {
    fn new(limits: TcpLimits) -> Self {
        let options = PortOptions {
            udp: UdpOptions::default(),
            tcp: Some(limits),
        };
        let port = Port::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
        let batch = port.udp().recv_batch_for(4);
        let now = Clock::new().now();
        Self { port, batch, now }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.port.local_addr()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Serves until `done` says so.
    fn serve(&mut self, mut done: impl FnMut(&mut Port, Option<(PeerAddr, Vec<u8>)>) -> bool) {
        loop {
            let ready = self.port.wait(Some(PATIENCE)).unwrap();
            assert!(ready.readable, "nothing happened for long");
            self.port.recv_batch(&mut self.batch, self.now).unwrap();
            while let Some(datagram) = self.batch.pop() {
                let got = Some((datagram.from, datagram.bytes.to_vec()));
                if done(&mut self.port, got) {
                    return;
                }
            }
            if done(&mut self.port, None) {
                return;
            }
        }
    }

    fn serve_until_open(&mut self, open: u64) {
        self.serve(|port, _| port.tcp_counters().open == open);
    }

    fn after(&mut self, span: Duration) {
        self.now = self.now + span;
        self.port.recv_batch(&mut self.batch, self.now).unwrap();
    }
}

fn frame(packet: &[u8]) -> Vec<u8> {
    let mut frame = (packet.len() as u16).to_be_bytes().to_vec();
    frame.extend_from_slice(packet);
    frame
}

fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Ok(0)) || stream.write(&[0]).is_err()
}

#[test]
fn packets_go_both_ways() {
    let mut server = Server::new(TcpLimits::default());
    let mut client = server.connect();
    let peer = PeerAddr::tcp(client.local_addr().unwrap());
    let mut wire = frame(b"one");
    wire.extend(frame(&[5; 1_200]));
    let (head, tail) = wire.split_at(9);
    client.write_all(head).unwrap();
    let mut got = Vec::new();
    server.serve(|_, packet| {
        got.extend(packet);
        !got.is_empty()
    });
    client.write_all(tail).unwrap();
    server.serve(|_, packet| {
        got.extend(packet);
        got.len() == 2
    });
    assert_eq!(got, [(peer, b"one".to_vec()), (peer, vec![5; 1_200])]);

    let mut send = SendBatch::new(8, 8_000);
    assert!(send.push(&Destination::keyed(0, peer), b"two"));
    assert!(send.push(&Destination::alone(peer), &[6; 900]));
    let flushed = server.port.flush(&mut send, WhenFull::Drop);
    assert_eq!((flushed.sent, flushed.failed), (2, 0));
    let mut expected = frame(b"two");
    expected.extend(frame(&[6; 900]));
    let mut read = vec![0; expected.len()];
    client.read_exact(&mut read).unwrap();
    assert_eq!(read, expected);
}

#[test]
fn a_reader_that_lags_costs_a_bound_and_gets_whole_packets() {
    let limits = TcpLimits {
        waiting_bytes: 50_000,
        ..TcpLimits::default()
    };
    let mut server = Server::new(limits);
    let mut client = server.connect();
    client.write_all(&frame(b"hello")).unwrap();
    server.serve(|_, packet| packet.is_some());
    let to = Destination::keyed(0, PeerAddr::tcp(client.local_addr().unwrap()));
    let mut send = SendBatch::new(32, 64_000);
    let (mut sent, mut full) = (0, 0);
    while full == 0 {
        for _ in 0..32 {
            assert!(send.push(&to, &[sent as u8; 1_000]));
        }
        let flushed = server.port.flush(&mut send, WhenFull::Drop);
        sent += flushed.sent;
        full += flushed.full;
        assert!(sent < 100_000, "the kernel cannot hold this much");
    }
    let reader = std::thread::spawn(move || {
        let mut read = 0;
        let mut buffer = vec![0; 1_002];
        while read < sent {
            client.read_exact(&mut buffer).unwrap();
            assert_eq!(buffer[..2], 1_000u16.to_be_bytes());
            assert!(buffer[2..].iter().all(|byte| *byte == buffer[2]));
            read += 1;
        }
        client
    });
    while !reader.is_finished() {
        // Ends with the connection's room to write, or with nothing to do once all is written.
        server.port.wait(Some(Duration::from_millis(10))).unwrap();
        server
            .port
            .recv_batch(&mut server.batch, server.now)
            .unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn strangers_are_limited_in_number_and_time() {
    let limits = TcpLimits {
        unvalidated: 2,
        validate_within: Duration::from_secs(10),
        idle: Duration::from_secs(60),
        ..TcpLimits::default()
    };
    let mut server = Server::new(limits);
    let mut clients = [server.connect(), server.connect()];
    server.serve_until_open(2);
    let mut third = server.connect();
    server.serve(|port, _| port.tcp_counters().refused == 1);
    assert!(is_closed(&mut third));

    let first = PeerAddr::tcp(clients[0].local_addr().unwrap());
    server.port.validate(first);
    server.port.validate(first);
    let _fourth = server.connect();
    server.serve_until_open(3);
    server.after(Duration::from_secs(11));
    assert_eq!(
        server.port.tcp_counters().open,
        1,
        "the validated one stays"
    );
    assert!(is_closed(&mut clients[1]));
    server.after(Duration::from_secs(60));
    assert_eq!(server.port.tcp_counters().open, 0, "until it is idle");
    assert!(is_closed(&mut clients[0]));
    assert_eq!(server.port.tcp_counters().overdue, 3);
}

#[test]
fn a_packet_that_is_too_long_or_a_word_of_the_server_ends_the_connection() {
    let mut server = Server::new(TcpLimits::default());
    let mut client = server.connect();
    client.write_all(&[0xff, 0xff, 0]).unwrap();
    server.serve(|port, _| port.tcp_counters().malformed == 1);
    assert!(is_closed(&mut client));
    let mut client = server.connect();
    server.serve_until_open(1);
    let peer = PeerAddr::tcp(client.local_addr().unwrap());
    server.port.close(peer);
    assert!(is_closed(&mut client));
    let mut send = SendBatch::new(1, 100);
    assert!(send.push(&Destination::alone(peer), b"late"));
    assert_eq!(server.port.flush(&mut send, WhenFull::Drop).failed, 1);
}

#[test]
fn a_validated_connection_that_ends_is_told_of_once() {
    let mut server = Server::new(TcpLimits::default());
    let mut validated = server.connect();
    let mut closed_by_us = server.connect();
    let stranger = server.connect();
    for stream in [&mut validated, &mut closed_by_us] {
        stream.write_all(&frame(b"hello")).unwrap();
    }
    let mut known = Vec::new();
    server.serve(|port, got| {
        if let Some((from, _)) = got {
            port.validate(from);
            known.push(from);
        }
        known.len() == 2 && port.tcp_counters().open == 3
    });
    server
        .port
        .close(PeerAddr::tcp(closed_by_us.local_addr().unwrap()));
    let ended = PeerAddr::tcp(validated.local_addr().unwrap());
    drop((validated, stranger));
    server.serve_until_open(0);
    assert_eq!(server.port.poll_ended(), Some(ended));
    assert_eq!(server.port.poll_ended(), None);
}
