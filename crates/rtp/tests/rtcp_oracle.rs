//! The readers and writers of this crate and of the webrtc-rs family understand each other, and agree.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use proptest::prelude::*;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtcp::receiver_report::ReceiverReport;
use rtcp::sender_report::SenderReport;
use rtcp::transport_feedbacks::transport_layer_cc::{SymbolTypeTcc, TransportLayerCc};
use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use sideroom_rtp::rtcp::{
    Packet, ReportBlock, SenderInfo, packets, write_bye, write_fir, write_nack, write_pli,
    write_receiver_report, write_remb, write_sdes, write_sender_report, write_transport_cc,
};

fn oracle(bytes: &[u8]) -> Vec<Box<dyn rtcp::Packet>> {
    rtcp::packet::unmarshal(&mut &bytes[..]).unwrap()
}

fn block(seed: u32) -> ReportBlock {
    ReportBlock {
        ssrc: seed,
        fraction_lost: seed as u8,
        lost: (seed & 0xffff) as i32,
        highest: seed ^ 1,
        jitter: seed ^ 2,
        last_sr: seed ^ 3,
        delay: seed ^ 4,
    }
}

#[test]
fn a_compound_packet_is_read_the_same_by_both() {
    let info = SenderInfo {
        ssrc: 1,
        ntp: 0x0102_0304_0506_0708,
        rtp: 9,
        packets: 10,
        octets: 11,
    };
    let mut out = Vec::new();
    write_sender_report(&mut out, &info, &[block(77)]);
    write_sdes(&mut out, 1, "someone");
    write_pli(&mut out, 1, 2);
    write_fir(&mut out, 1, 2, 3);
    write_bye(&mut out, &[1, 5]);
    let theirs = oracle(&out);
    let report = theirs[0].as_any().downcast_ref::<SenderReport>().unwrap();
    assert_eq!(
        (report.ntp_time, report.rtp_time, report.packet_count),
        (info.ntp, 9, 10)
    );
    assert_eq!(
        (report.reports[0].ssrc, report.reports[0].total_lost),
        (77, 77)
    );
    let pli = theirs[2]
        .as_any()
        .downcast_ref::<PictureLossIndication>()
        .unwrap();
    assert_eq!((pli.sender_ssrc, pli.media_ssrc), (1, 2));
    let ours: Vec<_> = packets(&out).map(Result::unwrap).collect();
    let Packet::SenderReport {
        info: read,
        reports,
    } = &ours[0]
    else {
        panic!("{ours:?}")
    };
    assert_eq!(
        (*read, reports.clone().collect::<Vec<_>>()),
        (info, vec![block(77)])
    );
    assert!(matches!(ours[1], Packet::Sdes));
    assert!(matches!(
        ours[2],
        Packet::Pli {
            sender: 1,
            media: 2
        }
    ));
    let Packet::Fir(entries) = &ours[3] else {
        panic!("{ours:?}")
    };
    assert_eq!(entries.clone().collect::<Vec<_>>(), [(2, 3)]);
    let Packet::Bye(sources) = &ours[4] else {
        panic!("{ours:?}")
    };
    assert_eq!(sources.clone().collect::<Vec<_>>(), [1, 5]);
}

proptest! {
    #[test]
    fn nacks(start: u16, steps in prop::collection::vec(1_u16..40, 1..60)) {
        let lost: Vec<u16> =
            steps.iter().scan(start, |at, step| { *at = at.wrapping_add(*step); Some(*at) }).collect();
        let mut out = Vec::new();
        write_nack(&mut out, 1, 2, &lost);
        let theirs = oracle(&out);
        let nack = theirs[0].as_any().downcast_ref::<TransportLayerNack>().unwrap();
        let listed: Vec<u16> = nack.nacks.iter().flat_map(|pair| pair.into_iter()).collect();
        prop_assert_eq!(&listed, &lost);
        let Some(Ok(Packet::Nack { media: 2, lost: read, .. })) = packets(&out).next() else {
            panic!("not a NACK");
        };
        prop_assert_eq!(read.sequences().collect::<Vec<_>>(), lost);
    }

    #[test]
    fn receiver_reports(seeds in prop::collection::vec(any::<u32>(), 0..31)) {
        let blocks: Vec<_> = seeds.iter().map(|seed| block(*seed)).collect();
        let mut out = Vec::new();
        write_receiver_report(&mut out, 3, &blocks);
        let theirs = oracle(&out);
        let report = theirs[0].as_any().downcast_ref::<ReceiverReport>().unwrap();
        prop_assert_eq!(report.reports.len(), blocks.len());
        let Some(Ok(Packet::ReceiverReport { ssrc: 3, reports })) = packets(&out).next() else {
            panic!("not an RR");
        };
        prop_assert_eq!(reports.collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn rembs(bps in 1_000_u64..10_000_000_000) {
        let mut out = Vec::new();
        write_remb(&mut out, 1, bps, &[2, 3]);
        let theirs = oracle(&out);
        let remb = theirs[0].as_any().downcast_ref::<ReceiverEstimatedMaximumBitrate>().unwrap();
        prop_assert_eq!(&remb.ssrcs, &[2, 3]);
        let Some(Ok(Packet::Remb { bps: read, .. })) = packets(&out).next() else {
            panic!("not a REMB");
        };
        prop_assert!(read <= bps && read as f64 >= bps as f64 * 0.99999);
        prop_assert!((f64::from(remb.bitrate) - read as f64).abs() <= bps as f64 * 0.0001);
    }

    /// Arrival times go through within a quarter of a millisecond, lost packets as lost.
    #[test]
    fn transport_feedback(
        base: u16,
        start in 0_i64..1_000_000_000_000,
        gaps in prop::collection::vec(prop::option::weighted(0.9, -5_000_i64..200_000), 1..400),
    ) {
        let mut at = start;
        let arrivals: Vec<Option<i64>> =
            gaps.iter().map(|gap| gap.map(|gap| { at = (at + gap).max(0); at })).collect();
        prop_assume!(arrivals.iter().any(Option::is_some));
        let mut out = Vec::new();
        let told = write_transport_cc(&mut out, (1, 2), 9, base, &arrivals);
        prop_assert_eq!(told, arrivals.len());
        prop_assert_eq!(out.len() % 4, 0);
        let theirs = oracle(&out);
        let feedback = theirs[0].as_any().downcast_ref::<TransportLayerCc>().unwrap();
        let received = feedback.recv_deltas.iter()
            .filter(|delta| delta.type_tcc_packet != SymbolTypeTcc::PacketNotReceived).count();
        prop_assert_eq!(received, arrivals.iter().flatten().count());
        let Some(Ok(Packet::TransportCc(read))) = packets(&out).next() else {
            panic!("not transport-cc");
        };
        let read: Vec<_> = read.packets().collect();
        prop_assert_eq!(read.len(), arrivals.len());
        // The reference time has 24 bits: compare the distances from the first arrival.
        let first = read.iter().find_map(|(_, time)| *time).unwrap();
        let true_first = *arrivals.iter().flatten().next().unwrap();
        for (index, ((number, time), arrival)) in read.iter().zip(&arrivals).enumerate() {
            prop_assert_eq!(*number, base.wrapping_add(index as u16));
            prop_assert_eq!(time.is_some(), arrival.is_some());
            if let (Some(time), Some(arrival)) = (time, arrival) {
                let off = (time - first) - (arrival - true_first);
                prop_assert!(off.abs() <= 250, "{}", off);
            }
        }
    }

    /// No input makes the reader panic or loop.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 200_u8..208) {
        let mut bytes = bytes;
        if let Some(second) = bytes.get_mut(1) { *second = kind; }
        if let Some(first) = bytes.get_mut(0) { *first = *first & 0x3f | 0x80; }
        for packet in packets(&bytes).flatten() {
            if let Packet::TransportCc(feedback) = packet {
                prop_assert!(feedback.packets().count() <= usize::from(u16::MAX));
            }
        }
    }
}
