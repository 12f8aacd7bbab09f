//! Where a source ends, its listener gets frames of silence: once, and only if no other source follows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod kit;

use kit::*;
use sideroom_forward::{Forwarder, IngressId, PacketKind};
use sideroom_route::{DropReason, Gate, SlotId, Time, TrackKind};

const AUDIO: SlotId = SlotId::audio(0);
const VIDEO: SlotId = SlotId::video(0);
const FRAME_TICKS: u32 = 960;

/// Participant 0 talks and shows a picture, participant 2 talks; participant 1 receives.
struct Room {
    forwarder: Forwarder,
    updates: Updates,
    talk: (IngressId, Source),
    other: (IngressId, Source),
    picture: (IngressId, Source),
}

impl Room {
    fn new() -> Self {
        let (mut forwarder, _) = with_subscribers(3, 1, 1);
        let mut join = |serial, publisher, kind, payload_type| {
            let from = forwarder.add_ingress(ingress(serial, publisher, kind, 1));
            let sequence = 100 * serial as u16;
            (from, Source::new(40 + serial, payload_type, sequence, 5))
        };
        let talk = join(0, 0, TrackKind::Audio, OPUS);
        let picture = join(1, 0, TrackKind::Camera, VP8);
        let other = join(2, 2, TrackKind::Audio, OPUS);
        let mut room = Self {
            forwarder,
            updates: Updates::default(),
            talk,
            other,
            picture,
        };
        let tracks = [
            (0, Some(routed(0, TrackKind::Audio, 1))),
            (1, Some(routed(0, TrackKind::Camera, 1))),
            (2, Some(routed(2, TrackKind::Audio, 1))),
        ];
        let update = room.updates.next(&tracks, &[]);
        room.forwarder.apply(ms(0), &update).unwrap();
        room
    }

    fn route(&mut self, now: Time, to: Option<(u32, Gate)>) {
        let slot = if matches!(to, Some((1, _))) {
            VIDEO
        } else {
            AUDIO
        };
        let to = to.map(|(serial, gate)| route(serial, gate));
        let update = self.updates.next(&[], &[(1, slot, to)]);
        self.forwarder.apply(now, &update).unwrap();
    }

    fn talk(&mut self, now: Time) -> Vec<Sent> {
        put(
            &mut self.forwarder,
            now,
            self.talk.0,
            0,
            &self.talk.1.audio(30),
        )
    }

    fn silence(&mut self, now: Time) -> Vec<Sent> {
        let mut sink = Sink::default();
        self.forwarder.send_silence(now, &mut sink);
        sink.sent
    }
}

/// Ends a source by `end` and checks the number of closing frames: none or two.
fn check(what: &str, end: impl FnOnce(&mut Room), frames: usize) {
    let mut room = Room::new();
    room.route(ms(0), Some((0, Gate::Open)));
    let last = room.talk(ms(20)).remove(0);
    assert!(room.silence(ms(21)).is_empty(), "{what}: too early");
    end(&mut room);
    let said = room.silence(ms(25));
    assert_eq!(said.len(), frames, "{what}");
    for (after, frame) in (1..).zip(&said) {
        let view = frame.view();
        assert_eq!((frame.kind, frame.track), (PacketKind::Silence, None));
        assert_eq!((frame.slot, view.payload_type()), (AUDIO, 109), "{what}");
        assert_eq!(frame.number, last.number + u64::from(after));
        let ticks = view.timestamp().wrapping_sub(last.view().timestamp());
        assert_eq!(ticks, after * FRAME_TICKS, "{what}: behind what was sent");
    }
    if let [silence, pause] = &said[..] {
        assert_eq!(silence.view().payload(), [0xf8, 0xff, 0xfe]);
        assert_eq!(pause.view().payload(), [0xf8]);
    }
    assert!(room.silence(ms(2_000)).is_empty(), "{what}: said once");
}

#[test]
fn whatever_ends_a_source_is_said_once() {
    let shut = Gate::Shut(DropReason::ParentPaused);
    check("gated", |room| room.route(ms(24), Some((0, shut))), 2);
    check("routed away", |room| room.route(ms(24), None), 2);
    check("left", |room| room.forwarder.remove_ingress(room.talk.0), 2);
    check("ended", |room| room.forwarder.remove_room(ROOM), 2);
    let again = |room: &mut Room| {
        room.route(ms(22), Some((0, shut)));
        room.route(ms(23), Some((0, Gate::Open)));
    };
    check("shut and open again", again, 0);
    let replace = |room: &mut Room| room.route(ms(24), Some((2, Gate::Open)));
    check("another follows", replace, 0);
}

#[test]
fn a_slot_without_sound_has_nothing_to_end() {
    let shut = Gate::Shut(DropReason::ParentPaused);
    let mut room = Room::new();
    room.route(ms(0), Some((0, Gate::Open)));
    room.route(ms(10), Some((0, shut)));
    assert!(room.silence(ms(20)).is_empty(), "nothing was sent");
    room.route(ms(30), Some((1, Gate::Open)));
    for packet in room.picture.1.vp8(3_000, true, 0, 2) {
        put(&mut room.forwarder, ms(40), room.picture.0, 0, &packet);
    }
    room.route(ms(50), Some((1, shut)));
    assert!(room.silence(ms(60)).is_empty(), "a picture stands still");
}

#[test]
fn who_talks_next_follows_the_silence_by_the_clock() {
    for pause_ms in [1, 15, 40, 41, 5_000] {
        let mut room = Room::new();
        room.route(ms(0), Some((0, Gate::Open)));
        let last = room.talk(ms(20)).remove(0);
        room.route(ms(24), None);
        let pause = room.silence(ms(25)).remove(1);
        room.route(ms(25), Some((2, Gate::Open)));
        let packet = room.other.1.audio(30);
        let at = ms(25 + pause_ms);
        let next = put(&mut room.forwarder, at, room.other.0, 0, &packet).remove(0);
        assert_eq!(next.number, pause.number + 1);
        let ticks = |sent: &Sent| {
            let (sent, last) = (sent.view().timestamp(), last.view().timestamp());
            sent.wrapping_sub(last)
        };
        let clock = (5 + pause_ms as u32) * 48;
        let expected = clock.max(ticks(&pause) + 1);
        assert_eq!(ticks(&next), expected, "after {pause_ms} ms");
        assert!(next.view().marker(), "talk begins");
    }
}

#[test]
fn what_was_said_before_the_silence_is_not_said_again() {
    let mut room = Room::new();
    room.route(ms(0), Some((0, Gate::Open)));
    let last = room.talk(ms(20)).remove(0);
    room.route(ms(24), None);
    let pause = room.silence(ms(25)).remove(1);
    room.route(ms(26), Some((0, Gate::Open)));
    room.talk(ms(100));
    let mut sink = Sink::default();
    let numbers = (last.number..=pause.number).map(|number| number as u16);
    let to = last.to;
    room.forwarder
        .handle_nack(ms(110), to, ssrc_of(1, AUDIO), numbers, &mut sink);
    assert_eq!(sink.sent, []);
}

#[test]
fn a_crowd_is_told_little_by_little() {
    const CROWD: u32 = 200;
    let (mut forwarder, _) = with_subscribers(CROWD + 1, 1, 0);
    let from = forwarder.add_ingress(ingress(0, 0, TrackKind::Audio, 1));
    let mut source = Source::new(40, OPUS, 100, 5);
    let mut updates = Updates::default();
    let to_all = |gate| -> Vec<_> {
        let listeners = 1..=CROWD;
        listeners
            .map(|index| (index, AUDIO, Some(route(0, gate))))
            .collect()
    };
    let tracks = [(0, Some(routed(0, TrackKind::Audio, 1)))];
    let update = updates.next(&tracks, &to_all(Gate::Open));
    forwarder.apply(ms(0), &update).unwrap();
    put(&mut forwarder, ms(20), from, 0, &source.audio(30));
    let update = updates.next(&[], &to_all(Gate::Shut(DropReason::ParentPaused)));
    forwarder.apply(ms(24), &update).unwrap();
    let mut told = 0;
    for at in 24..40 {
        let mut sink = Sink::default();
        forwarder.send_silence(ms(at), &mut sink);
        assert!(sink.sent.len() <= 128, "{} at once", sink.sent.len());
        told += sink.sent.len();
        let again = forwarder.poll_timeout() == ms(at + 1);
        assert_eq!(again, told < 2 * CROWD as usize, "{told} told at {at} ms");
    }
    assert_eq!(told, 2 * CROWD as usize);
}
