//! No input panics, messages come whole however a stream is cut, and buffers stay bounded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use proptest::collection::vec;
use proptest::prelude::*;
use sideroom_route::Time;
use sideroom_turn::{Bucket, Messages, Path, frame};

#[path = "../../../fuzz/src/turn.rs"]
#[allow(unreachable_pub)]
mod turn;

/// A client's stream of packets in channels and indications, and the messages in it.
fn stream(packets: &[(bool, Vec<u8>)]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let peer = "192.0.2.1:7910".parse().unwrap();
    let (mut bytes, mut messages) = (Vec::new(), Vec::new());
    for (channel, packet) in packets {
        let path = Path {
            channel: channel.then_some(0x4123),
            until: Time::NEVER,
        };
        let before = bytes.len();
        frame(path, peer, packet, ([3; 12], true), &mut bytes);
        assert_eq!(bytes.len() % 4, 0, "padded");
        let whole = if *channel {
            4 + packet.len()
        } else {
            bytes.len() - before
        };
        messages.push(bytes[before..before + whole].to_vec());
    }
    (bytes, messages)
}

proptest! {
    #[test]
    fn any_bytes_are_handled(bytes in vec(any::<u8>(), 0..4_000)) {
        turn::turn(&bytes);
    }

    #[test]
    fn bytes_that_look_like_messages_are_handled(
        kind in prop::sample::select(vec![1_u16, 3, 4, 8, 9, 0x16, 0x17, 0x103, 0x4000]),
        attributes in vec((prop::sample::select(vec![6_u16, 8, 12, 13, 18, 19, 20, 21, 23, 25]), vec(any::<u8>(), 0..40)), 0..8),
    ) {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend((value.len() as u16).to_be_bytes());
            body.extend(&value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend((body.len() as u16).to_be_bytes());
        bytes.extend([0x21, 0x12, 0xa4, 0x42]);
        bytes.extend([5; 12]);
        bytes.extend(body);
        turn::turn(&bytes);
    }

    #[test]
    fn messages_come_whole_however_the_stream_is_cut(
        packets in vec((any::<bool>(), vec(any::<u8>(), 0..300)), 1..8),
        step in 1..700_usize,
    ) {
        let (bytes, expected) = stream(&packets);
        let mut messages = Messages::default();
        let mut got = Vec::new();
        for piece in bytes.chunks(step) {
            messages.read(piece);
            while let Some(message) = messages.next_message().unwrap() {
                got.push(message.to_vec());
            }
        }
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn a_stream_of_something_else_ends(first in 0x80..=0xff_u8, rest in vec(any::<u8>(), 0..50)) {
        let mut messages = Messages::default();
        messages.read(&[&[first], rest.as_slice()].concat());
        prop_assert!(messages.next_message().is_err());
    }

    #[test]
    fn a_bucket_never_gives_more_than_its_rate(
        steps in vec((0..50_000_u64, 1..400_u64), 1..200),
        per_s in 100..5_000_u64,
    ) {
        let mut bucket = Bucket::default();
        let (mut now, mut given) = (0, 0);
        for (gone, amount) in steps {
            now += gone;
            if bucket.take(Time::from_micros(now), amount, per_s) {
                given += amount;
            }
        }
        prop_assert!(given <= per_s + per_s * now / 1_000_000 + 1);
    }
}

#[test]
fn a_message_longer_than_any_client_sends_ends_the_stream() {
    for head in [[0x00, 0x03, 0xff, 0xfc], [0x40, 0x00, 0xff, 0xff]] {
        let mut messages = Messages::default();
        messages.read(&head);
        assert!(messages.next_message().is_err());
    }
}
