//! RTCP to publishers about their streams, and from subscribers about theirs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use common::{Builder, MID, OPUS, RID, Sent, TRANSPORT_CC, VP8, World, config};
use sideroom_route::{DropReason, Time};
use sideroom_rtp::Codec;
use sideroom_rtp::rtcp::{self, Packet, ReportBlock, SenderInfo};
use sideroom_session::{DatagramOutcome, PeerAddr, RtpParts, SentPacket, SessionEvent};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A microphone, a camera with retransmissions, a simulcast screen, and two slots.
fn offer() -> Builder {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    offer.section("video", "sendonly");
    offer.section("video", "sendonly");
    offer.section("audio", "recvonly");
    offer.section("video", "recvonly");
    offer.line(0, "a=ssrc:1000 cname:c");
    offer.line(1, "a=ssrc-group:FID 2000 2001");
    offer.line(1, "a=ssrc:2000 cname:c");
    for rid in ["q", "h", "f"] {
        offer.line(2, &format!("a=rid:{rid} send"));
    }
    offer.line(2, "a=simulcast:send q;h;f");
    offer
}

fn world() -> World {
    World::connected(config(Codec::Vp8), &mut offer())
}

fn nacked(world: &mut World) -> Vec<(u32, Vec<u16>)> {
    world.told(|packet| match packet {
        Packet::Nack { media, lost, .. } => Some((media, lost.sequences().collect())),
        _ => None,
    })
}

fn reported(world: &mut World) -> Vec<ReportBlock> {
    let reports = world.told(|packet| match packet {
        Packet::ReceiverReport { reports, .. } => Some(reports.collect::<Vec<_>>()),
        _ => None,
    });
    reports.concat()
}

fn keyframes_asked(world: &mut World) -> Vec<(u32, &'static str)> {
    world.told(|packet| match packet {
        Packet::Pli { media, .. } => Some((media, "pli")),
        Packet::Fir(mut entries) => Some((entries.next().unwrap().0, "fir")),
        _ => None,
    })
}

#[test]
fn a_lost_video_packet_is_asked_for_until_it_comes() {
    let mut world = world();
    for sequence in [1, 2, 5] {
        world.send(&Sent::new(VP8, 2000, sequence));
        world.send(&Sent::new(OPUS, 1000, sequence));
    }
    world.run(10 * MILLISECOND);
    assert_eq!(
        nacked(&mut world),
        [(2000, vec![3, 4])],
        "audio has no retransmissions"
    );
    world.send(&Sent::new(VP8, 2000, 3));
    world.run(110 * MILLISECOND);
    let again = nacked(&mut world);
    assert!(
        again.iter().all(|asked| *asked == (2000, vec![4])),
        "{again:?}"
    );
    assert_eq!(
        again.len(),
        3,
        "at 20, 50 and 90 ms, on a path that takes no time"
    );
    let lost = Sent::new(VP8, 2000, 4);
    let (received, _) = world.send(&lost.repeated(2001, 1));
    assert!(
        matches!(
            received,
            DatagramOutcome::Rtp {
                recovered: true,
                ..
            }
        ),
        "{received:?}"
    );
    world.run(400 * MILLISECOND);
    assert_eq!(nacked(&mut world), []);
    let (again, _) = world.send(&lost.repeated(2001, 2));
    assert_eq!(
        again,
        DatagramOutcome::Handled,
        "a probe of what is not missing"
    );
    assert_eq!(world.session.counts().nacked, 5);
}

/// The client's camera, of which single packets are lost.
struct Camera {
    world: World,
    highest: u16,
}

impl Camera {
    fn lose(&mut self) -> u16 {
        self.highest += 2;
        self.world.send(&Sent::new(VP8, 2000, self.highest));
        self.highest - 1
    }

    fn repeat(&mut self, lost: u16) {
        let repeated = Sent::new(VP8, 2000, lost).repeated(2001, lost);
        assert!(matches!(
            self.world.send(&repeated).0,
            DatagramOutcome::Rtp { .. }
        ));
    }

    /// How long after its first request a lost packet is asked for again.
    fn asked_again_after(&mut self) -> u64 {
        let lost = self.lose();
        let mut times = Vec::new();
        while times.len() < 2 {
            self.world.run(MILLISECOND);
            let asked = nacked(&mut self.world);
            assert!(asked.iter().all(|asked| *asked == (2000, vec![lost])));
            times.extend(asked.first().map(|_| self.world.now.as_millis()));
        }
        self.repeat(lost);
        times[1] - times[0]
    }
}

/// A client that only sends gets no sender reports to answer.
#[test]
fn requests_keep_pace_with_the_path_of_a_client_that_only_sends() {
    let mut world = World::begin(config(Codec::Vp8), &mut offer());
    world.lag = 60 * MILLISECOND;
    world.run(MILLISECOND);
    assert!(world.session.is_connected());
    world.lag = Duration::ZERO;
    world.send(&Sent::new(VP8, 2000, 1));
    let mut camera = Camera { world, highest: 1 };
    let by_handshake = camera.asked_again_after();
    assert!((60..=66).contains(&by_handshake), "{by_handshake} ms");

    // Each is answered 35 ms after the only request for it.
    for _ in 0..60 {
        let lost = camera.lose();
        camera.world.run(40 * MILLISECOND);
        assert_eq!(nacked(&mut camera.world), [(2000, vec![lost])]);
        camera.repeat(lost);
    }
    let by_answers = camera.asked_again_after();
    assert!((35..=41).contains(&by_answers), "{by_answers} ms");

    // Another network: measurements of the old one are of no use.
    let world = &mut camera.world;
    world.address = PeerAddr::udp("198.51.100.77:4000".parse().unwrap());
    world.now = world.now + Duration::from_secs(6);
    world.ice.check_now(world.now);
    world.run(10 * MILLISECOND);
    let by_default = camera.asked_again_after();
    assert!((100..=106).contains(&by_default), "{by_default} ms");
}

#[test]
fn a_gap_that_retransmissions_cannot_mend_asks_for_a_keyframe() {
    let mut world = world();
    world.send(&Sent::new(VP8, 2000, 1));
    world.send(&Sent::new(VP8, 2000, 1_000));
    world.run(10 * MILLISECOND);
    assert_eq!(keyframes_asked(&mut world), [(2000, "pli")]);
}

#[test]
fn a_keyframe_is_asked_of_the_encoding_that_is_wanted() {
    let mut world = world();
    let first = |ssrc, rid: &str| Sent::new(VP8, ssrc, 1).with(MID, "2").with(RID, rid);
    world.send(&first(11, "q"));
    world.send(&first(21, "h"));
    assert!(world.session.request_keyframe(2, 1));
    assert!(
        !world.session.request_keyframe(2, 2),
        "nobody has sent that one"
    );
    assert!(
        !world.session.request_keyframe(1, 0),
        "announced, but silent"
    );
    assert!(!world.session.request_keyframe(9, 0));
    assert!(world.session.poll_timeout() <= world.now, "at once");
    world.exchange();
    assert_eq!(keyframes_asked(&mut world), [(21, "pli")]);
}

#[test]
fn a_client_that_knows_only_fir_is_asked_by_fir() {
    let mut offer = offer();
    let config = config(Codec::Vp8);
    offer.fingerprint = common::client_certificate().fingerprint().to_string();
    let mut world = World::begin(config, &mut offer);
    let text = offer.text().replace("nack pli", "ccm fir");
    world
        .session
        .reoffer(world.now, &text, &[], common::fresh())
        .unwrap();
    world.run(Duration::from_secs(1));
    world.send(&Sent::new(VP8, 2000, 1));
    assert!(world.session.request_keyframe(1, 0));
    world.exchange();
    assert_eq!(keyframes_asked(&mut world), [(2000, "fir")]);
}

#[test]
fn publishers_get_receiver_reports_while_they_send() {
    let mut world = world();
    for sequence in [1, 2, 4, 5] {
        world.send(&Sent::new(OPUS, 1000, sequence));
    }
    let mut sender = Vec::new();
    let info = SenderInfo {
        ssrc: 1000,
        ntp: 0x1234_5678_9abc_def0,
        rtp: 77,
        ..SenderInfo::default()
    };
    rtcp::write_sender_report(&mut sender, &info, &[]);
    assert_eq!(world.send_rtcp(&sender), DatagramOutcome::Handled);
    world.run(250 * MILLISECOND);
    let expected = SessionEvent::SenderReport {
        ingress: 0,
        layer: 0,
        ntp: info.ntp,
        rtp: 77,
    };
    assert_eq!(world.events, [expected]);
    let blocks = reported(&mut world);
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    let block = blocks[0];
    assert_eq!(
        (block.ssrc, block.lost, block.highest & 0xffff),
        (1000, 1, 5)
    );
    assert_eq!(block.last_sr, 0x5678_9abc);
    assert!(
        (13_000..14_000).contains(&block.delay),
        "200 ms of {}",
        block.delay
    );
    world.run(Duration::from_secs(3));
    assert_eq!(
        reported(&mut world),
        [],
        "nothing was sent, nothing is reported"
    );
    assert!(world.session.poll_timeout() > world.now + Duration::from_secs(1));
}

#[test]
fn arrivals_are_reported_for_the_whole_transport() {
    let mut world = world();
    let start = world.now;
    for number in 0..4_u16 {
        let sequence = number + 1;
        let numbered = |sent: Sent| sent.with(TRANSPORT_CC, number.to_be_bytes());
        match number {
            0 => world.send(&numbered(Sent::new(OPUS, 1000, sequence))).0,
            2 => DatagramOutcome::Handled,
            _ => world.send(&numbered(Sent::new(VP8, 2000, sequence))).0,
        };
        world.now = world.now + 10 * MILLISECOND;
    }
    world.run(100 * MILLISECOND);
    let told = world.told(|packet| match packet {
        Packet::TransportCc(feedback) => Some(feedback.packets().collect::<Vec<_>>()),
        _ => None,
    });
    let at = |millis: u64| Some((start + Duration::from_millis(millis)).as_micros() as i64);
    assert_eq!(
        told,
        [vec![(0, at(0)), (1, at(10)), (2, None), (3, at(30))]]
    );
}

#[test]
fn clients_without_transport_cc_are_allowed_much_by_remb() {
    let mut offer = offer();
    offer.fingerprint = common::client_certificate().fingerprint().to_string();
    let mut world = World::begin(config(Codec::Vp8), &mut offer);
    let text = offer
        .text()
        .replace("transport-cc", "goog-remb")
        .replace("transport-wide-cc-extensions-01", "unknown");
    world.session = sideroom_session::Session::accept(world.now, config(Codec::Vp8), &text)
        .unwrap()
        .0;
    world.run(Duration::from_secs(1));
    world.send(&Sent::new(VP8, 2000, 1));
    world.run(300 * MILLISECOND);
    let told = world.told(|packet| match packet {
        Packet::Remb { bps, ssrcs } => Some((bps, ssrcs.collect::<Vec<_>>())),
        _ => None,
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!((9_900_000..=10_000_000).contains(&told[0].0), "{told:?}");
    assert!(told[0].1.contains(&2000));
}

#[test]
fn without_reduced_size_every_datagram_begins_with_a_report() {
    for (rsize, expected) in [(true, 0), (false, 1)] {
        let mut offer = offer();
        offer.fingerprint = common::client_certificate().fingerprint().to_string();
        let mut world = World::begin(config(Codec::Vp8), &mut offer);
        if !rsize {
            let text = offer.text().replace("a=rtcp-rsize\r\n", "");
            world
                .session
                .reoffer(world.now, &text, &[], common::fresh())
                .unwrap();
        }
        world.run(Duration::from_secs(1));
        world.send(&Sent::new(VP8, 2000, 1));
        assert!(world.session.request_keyframe(1, 0));
        world.exchange();
        let reports = world
            .rtcp
            .iter()
            .filter(|datagram| datagram[1] == 201)
            .count();
        assert_eq!((world.rtcp.len(), reports), (1, expected));
    }
}

#[test]
fn what_a_subscriber_says_of_its_slots_becomes_events_and_nothing_else_does() {
    let mut world = world();
    let (audio, video) = (world.answer.slots[0].ssrc, world.answer.slots[1].ssrc);
    let repair = world.answer.slots[1].rtx_ssrc.unwrap();
    let block = |ssrc| ReportBlock {
        ssrc,
        fraction_lost: 64,
        lost: 3,
        jitter: 9,
        ..ReportBlock::default()
    };
    let mut said = Vec::new();
    rtcp::write_receiver_report(&mut said, 9, &[block(audio), block(2000), block(repair)]);
    rtcp::write_nack(&mut said, 9, video, &[7, 9]);
    rtcp::write_nack(&mut said, 9, 2000, &[7]);
    rtcp::write_pli(&mut said, 9, video);
    rtcp::write_pli(&mut said, 9, 2000);
    rtcp::write_fir(&mut said, 9, video, 1);
    rtcp::write_fir(&mut said, 9, 4711, 1);
    rtcp::write_remb(&mut said, 9, 1 << 20, &[video]);
    assert_eq!(world.send_rtcp(&said), DatagramOutcome::Handled);
    world.exchange();
    let report = |ssrc| SessionEvent::ReceiverReport {
        ssrc,
        fraction_lost: 64,
        lost: 3,
        jitter: 9,
        rtt: None,
    };
    let expected = [
        report(audio),
        report(repair),
        SessionEvent::Nack {
            ssrc: video,
            lost: vec![7, 9],
        },
        SessionEvent::KeyframeRequest { ssrc: video },
        SessionEvent::KeyframeRequest { ssrc: video },
        SessionEvent::Remb { bps: 1 << 20 },
    ];
    assert_eq!(world.events, expected);
}

#[test]
fn rtcp_that_is_not_whole_or_not_authentic_is_dropped() {
    let mut world = world();
    let mut said = Vec::new();
    rtcp::write_pli(&mut said, 9, world.answer.slots[1].ssrc);
    let torn = said[..10].to_vec();
    assert_eq!(
        world.send_rtcp(&torn),
        DatagramOutcome::Dropped(DropReason::Malformed)
    );
    let mut garbage = vec![
        0x81, 201, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
    ];
    let dropped = world.deliver(sideroom_session::DatagramClass::Rtcp, &mut garbage);
    assert_eq!(dropped, DatagramOutcome::Dropped(DropReason::NotAuthentic));
    world.exchange();
    assert_eq!(world.events, []);
}

fn seal(world: &mut World, sequence: u16) -> usize {
    let ssrc = world.answer.slots[1].ssrc;
    let packet = Sent::new(VP8, ssrc, sequence).with(TRANSPORT_CC, [0, 0]);
    let parts = RtpParts {
        header: &packet.header(),
        prefix: &[],
        payload: &packet.payload,
        extended_sequence: sequence.into(),
        transport_cc_at: Some(17),
        abs_send_time_at: None,
    };
    world.session.seal_rtp(world.now, &parts, &mut [0; 1_500])
}

#[test]
fn sender_reports_of_slots_measure_the_round_trip() {
    let mut world = world();
    assert_ne!(seal(&mut world, 1), 0);
    world.run(200 * MILLISECOND);
    assert_eq!(world.events, [SessionEvent::SlotReportsDue]);
    world.events.clear();
    let slots = world.answer.slots.clone();
    let info = |ssrc| SenderInfo {
        ssrc,
        ntp: 0x1111_2222_3333_4444,
        rtp: 5,
        packets: 1,
        octets: 50,
    };
    let reports: Vec<_> = slots.iter().map(|slot| info(slot.ssrc)).collect();
    world.session.send_reports(world.now, reports.clone());
    world.exchange();
    let told = world.told(|packet| match packet {
        Packet::SenderReport { info, .. } => Some(info),
        _ => None,
    });
    assert_eq!(told, reports);
    world.now = world.now + 150 * MILLISECOND;
    let mut said = Vec::new();
    let block = ReportBlock {
        ssrc: slots[1].ssrc,
        last_sr: 0x2222_3333,
        delay: 65_536 / 10,
        ..ReportBlock::default()
    };
    rtcp::write_receiver_report(&mut said, 9, &[block]);
    world.send_rtcp(&said);
    let Some(SessionEvent::ReceiverReport { rtt: Some(rtt), .. }) = world.session.poll_event()
    else {
        panic!("no report with a round trip");
    };
    assert!(
        (49..=51).contains(&rtt.as_millis()),
        "150 ms less 100: {rtt:?}"
    );
    world.run(Duration::from_secs(2));
    assert_eq!(world.events, [], "nothing was sent since");
}

#[test]
fn feedback_on_what_was_sent_comes_with_sizes_and_times() {
    let mut world = world();
    let start = world.now;
    let mut sizes = Vec::new();
    for sequence in 0..3 {
        sizes.push(seal(&mut world, sequence) as u16);
        world.now = world.now + MILLISECOND;
    }
    let mut said = Vec::new();
    let arrivals = [Some(64_000), None, Some(66_000)];
    rtcp::write_transport_cc(&mut said, (9, 1), 0, 0, &arrivals);
    world.now = world.now + 50 * MILLISECOND;
    world.send_rtcp(&said);
    let Some(SessionEvent::TransportFeedback(feedback)) = world.session.poll_event() else {
        panic!("no feedback");
    };
    let expected: Vec<_> = (0..3_usize)
        .map(|index| SentPacket {
            sequence: index as u64,
            size: sizes[index],
            sent: Time::from_micros(start.as_micros() + 1_000 * index as u64),
            arrived: arrivals[index],
        })
        .collect();
    assert_eq!(feedback.packets, expected);
}
