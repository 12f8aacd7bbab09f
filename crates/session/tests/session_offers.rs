//! Tracks and slots of a meeting's one offer, and of later offers that add to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Builder, config, fresh, session};
use sideroom_route::{SlotId, Time, TrackKind};
use sideroom_rtp::{Codec, ExtensionKind};
use sideroom_session::sdp::{MAX_SLOTS_PER_MEDIA, Offer, require_every_codec, summarize};
use sideroom_session::{Answer, Session, TrackHint};

/// The offer of the client SDK: four tracks, and a pool of slots.
fn meeting(slots: usize) -> Builder {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    (0..3).for_each(|_| offer.section("video", "sendonly"));
    (0..slots).for_each(|_| offer.section("audio", "recvonly"));
    (0..slots).for_each(|_| offer.section("video", "recvonly"));
    offer
}

fn kinds(answer: &Answer) -> Vec<(&str, TrackKind)> {
    answer
        .ingress
        .iter()
        .map(|track| (track.mid.as_str(), track.kind))
        .collect()
}

fn parsed(offer: &Builder) -> Offer {
    Offer::parse(&offer.text()).unwrap()
}

/// The builder's video is VP8.
fn video_only() -> Builder {
    let mut offer = Builder::new();
    offer.section("video", "sendonly");
    offer
}

fn accept(offer: &Builder) -> (Session, Answer) {
    session(config(Codec::Vp8), &offer.text()).unwrap()
}

#[test]
fn one_offer_is_a_whole_meeting() {
    let (_, answer) = accept(&meeting(9));
    let expected = [
        ("0", TrackKind::Audio),
        ("1", TrackKind::Camera),
        ("2", TrackKind::Screen),
        ("3", TrackKind::Canvas),
    ];
    assert_eq!(kinds(&answer), expected);
    let slots: Vec<_> = answer.slots.iter().map(|slot| slot.slot).collect();
    let audio = (0..9).map(SlotId::audio);
    let expected: Vec<_> = audio.chain((0..9).map(SlotId::video)).collect();
    assert_eq!(slots, expected);
    let mut ssrcs: Vec<_> = answer
        .slots
        .iter()
        .flat_map(|slot| [Some(slot.ssrc), slot.rtx_ssrc])
        .flatten()
        .collect();
    assert_eq!(ssrcs.len(), 27, "audio has no retransmission stream");
    ssrcs.sort_unstable();
    ssrcs.dedup();
    assert_eq!(ssrcs.len(), 27);
    for slot in &answer.slots {
        assert!(answer.sdp.contains(&format!("a=ssrc:{} cname:", slot.ssrc)));
    }
}

#[test]
fn a_summary_is_what_the_answer_will_be() {
    let offer = meeting(9);
    let (_, answer) = accept(&offer);
    let summary = summarize(&parsed(&offer), &config(Codec::Vp8).codecs, &[]).unwrap();
    assert_eq!(
        summary.kinds,
        answer
            .ingress
            .iter()
            .map(|track| track.kind)
            .collect::<Vec<_>>()
    );
    assert_eq!(
        summary.slots,
        answer
            .slots
            .iter()
            .map(|slot| slot.slot)
            .collect::<Vec<_>>()
    );
    let h264 = config(Codec::H264).codecs;
    assert!(summarize(&parsed(&video_only()), &h264, &[]).is_err());
}

#[test]
fn no_secret_is_printed() {
    let (session, answer) = accept(&meeting(1));
    let printed = format!("{session:?} {answer:?} {:?}", config(Codec::Vp8));
    assert!(answer.sdp.contains("a-password-of-the-server"));
    assert!(!printed.contains("a-password-of-the"), "{printed}");
}

#[test]
fn hints_go_before_the_order() {
    let mut config = config(Codec::Vp8);
    let hint = |mid: &str, kind| TrackHint {
        mid: mid.to_owned(),
        kind,
    };
    config.hints = vec![hint("1", TrackKind::Screen), hint("2", TrackKind::Camera)];
    let (_, answer) = session(config, &meeting(0).text()).unwrap();
    let expected = [
        ("0", TrackKind::Audio),
        ("1", TrackKind::Screen),
        ("2", TrackKind::Camera),
        ("3", TrackKind::Canvas),
    ];
    assert_eq!(kinds(&answer), expected);
}

#[test]
fn a_fifth_track_is_answered_inactive() {
    let mut offer = meeting(0);
    offer.section("audio", "sendonly");
    let (_, answer) = accept(&offer);
    assert_eq!(answer.ingress.len(), 4);
    let last = answer.sdp.split("m=audio").last().unwrap();
    assert!(last.contains("a=inactive"), "{last}");
}

#[test]
fn slots_are_bounded() {
    let mut offer = Builder::new();
    (0..200).for_each(|_| offer.section("audio", "recvonly"));
    let (_, answer) = accept(&offer);
    assert_eq!(answer.slots.len(), MAX_SLOTS_PER_MEDIA);
    assert_eq!(
        answer.sdp.matches("a=inactive").count(),
        200 - MAX_SLOTS_PER_MEDIA
    );
}

#[test]
fn a_later_offer_adds_slots_and_changes_nothing_else() {
    let mut offer = meeting(2);
    let (mut session, first) = accept(&offer);
    offer.section("video", "recvonly");
    let later = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert_eq!(later.ingress, first.ingress);
    assert_eq!(later.slots[..4], first.slots[..]);
    assert_eq!(later.slots[4].slot, SlotId::video(2));
    assert_eq!(later.ufrag, first.ufrag, "no ICE restart was asked for");
    let unchanged = |sdp: &str| {
        let sections = sdp.split("\r\nm=").skip(1).take(8);
        sections
            .map(|section| section.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(unchanged(&later.sdp), unchanged(&first.sdp));
    assert!(
        later.sdp.contains("o=- 3 1 IN"),
        "the version counts up: {}",
        later.sdp
    );
}

#[test]
fn new_ice_credentials_are_answered_with_new_ones() {
    let mut offer = meeting(1);
    let (mut session, first) = accept(&offer);
    offer.ufrag = "other".to_owned();
    let later = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert_eq!(
        (first.ufrag.as_str(), later.ufrag.as_str()),
        ("serv", "fresh")
    );
    assert!(later.sdp.contains("a=ice-ufrag:fresh\r\n"), "{}", later.sdp);
    assert_eq!(later.slots, first.slots);
}

#[test]
fn a_section_that_is_switched_off_keeps_its_place() {
    let mut offer = meeting(2);
    let (mut session, first) = accept(&offer);
    offer.sections[5].1 = "inactive";
    offer.sections[2].1 = "inactive";
    let off = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert_eq!(off.slots.iter().filter(|slot| !slot.active).count(), 1);
    assert_eq!(off.ingress.iter().filter(|track| !track.active).count(), 1);
    offer.sections[5].1 = "recvonly";
    offer.sections[2].1 = "sendonly";
    let on = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert_eq!((on.ingress, on.slots), (first.ingress, first.slots));
}

/// The room counts a client's slots and uses the lowest numbers.
#[test]
fn slots_in_use_have_the_lowest_numbers() {
    let mut offer = meeting(4);
    let (mut session, first) = accept(&offer);
    let numbers = |answer: &Answer, active: bool| {
        let slots = answer.slots.iter().filter(|slot| slot.active == active);
        slots
            .map(|slot| (slot.mid.clone(), slot.slot))
            .collect::<Vec<_>>()
    };
    let mut names: Vec<_> = first.slots.iter().map(|slot| slot.ssrc).collect();
    // The second audio slot, and the first two of the video slots.
    for section in [5, 8, 9] {
        offer.sections[section].1 = "inactive";
    }
    let off = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    let mids = |of: &[(&str, SlotId)]| {
        let mids = of.iter().map(|(mid, slot)| ((*mid).to_owned(), *slot));
        mids.collect::<Vec<_>>()
    };
    let [audio, video] = [SlotId::audio, SlotId::video];
    let used = [
        ("4", audio(0)),
        ("6", audio(2)),
        ("7", audio(1)),
        ("10", video(0)),
        ("11", video(1)),
    ];
    assert_eq!(numbers(&off, true), mids(&used));
    let unused = [("5", audio(3)), ("8", video(2)), ("9", video(3))];
    assert_eq!(numbers(&off, false), mids(&unused));
    let summary = summarize(&parsed(&offer), &config(Codec::Vp8).codecs, &[]).unwrap();
    assert_eq!(summary.slots.len(), used.len());
    for (mid, _) in used {
        let name = |sdp: &str| {
            let section = sdp
                .split("m=")
                .find(|one| one.contains(&format!("a=mid:{mid}\r")));
            let lines = section.unwrap().lines();
            lines
                .filter(|line| line.starts_with("a=msid"))
                .map(str::to_owned)
                .next()
        };
        assert_eq!(
            name(&off.sdp),
            name(&first.sdp),
            "the stream keeps its name"
        );
    }
    offer.sections[5].1 = "recvonly";
    let on = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert!(numbers(&on, true).contains(&("5".to_owned(), audio(3))));
    names.sort_unstable();
    let mut after: Vec<_> = on.slots.iter().map(|slot| slot.ssrc).collect();
    after.sort_unstable();
    assert_eq!(after, names);
}

#[test]
fn a_later_offer_that_breaks_a_promise_changes_nothing() {
    let offer = meeting(2);
    let (mut session, first) = accept(&offer);
    let mut shorter = meeting(2);
    shorter.sections.pop();
    let mut swapped = meeting(2);
    swapped.sections.swap(0, 1);
    let other = offer.text().replace("sha-256 82:", "sha-256 83:");
    let mut clash = meeting(2);
    clash.section("video", "recvonly");
    clash.section("video", "recvonly");
    clash.line(9, "a=extmap:4 urn:3gpp:video-orientation");
    let cases = [
        (clash.text(), "header extension id 4 means"),
        (shorter.text(), "the one before had 8"),
        (
            swapped
                .text()
                .replace("a=mid:0", "a=mid:x")
                .replace("BUNDLE 0", "BUNDLE x"),
            "was in this place",
        ),
        (other, "the certificate is another one"),
        (
            offer.text().replace("actpass", "passive"),
            "DTLS roles are settled",
        ),
        ("v=0".to_owned(), "cut off"),
    ];
    for (text, words) in cases {
        let error = session
            .reoffer(Time::ZERO, &text, &[], fresh())
            .err()
            .unwrap();
        assert!(error.sentence.contains(words), "{error}");
    }
    let same = session
        .reoffer(Time::ZERO, &offer.text(), &[], fresh())
        .unwrap();
    assert_eq!((same.ingress, same.slots), (first.ingress, first.slots));
}

#[test]
fn redundant_audio_comes_first_where_room_and_client_have_it() {
    let chromium = include_str!("offers/chromium156-simulcast.sdp");
    let firefox = include_str!("offers/firefox153esr-simulcast.sdp");
    let mut config = config(Codec::Vp8);
    config.codecs.red = true;
    let (_, answer) = session(config.clone(), chromium).unwrap();
    assert!(
        answer.sdp.contains("RTP/SAVPF 63 111\r\n"),
        "{}",
        answer.sdp
    );
    let codecs: Vec<_> = answer.slots[0]
        .codecs
        .iter()
        .map(|codec| codec.codec)
        .collect();
    assert_eq!(codecs, [Codec::Red, Codec::Opus]);
    let (_, answer) = session(config, firefox).unwrap();
    assert_eq!(answer.slots[0].codecs.len(), 1);
}

#[test]
fn only_three_encodings_are_taken() {
    let offer = include_str!("offers/chromium156-simulcast.sdp")
        .replace("a=rid:f send\r\n", "a=rid:f send\r\na=rid:x send\r\n")
        .replace("q;h;f", "f;h;q;x");
    let (_, answer) = session(config(Codec::Vp8), &offer).unwrap();
    let rids: Vec<_> = answer.ingress[1]
        .layers
        .iter()
        .map(|layer| layer.rid.as_deref().unwrap())
        .collect();
    assert_eq!(
        rids,
        ["f", "h", "q"],
        "with a name among them that tells no size, the client's order stands"
    );
    assert!(
        answer.sdp.contains("a=simulcast:recv f;h;q\r\n"),
        "{}",
        answer.sdp
    );
    let offer = offer.replace("f;h;q;x", "f;h;q");
    let (_, answer) = session(config(Codec::Vp8), &offer).unwrap();
    let rids: Vec<_> = answer.ingress[1]
        .layers
        .iter()
        .map(|layer| layer.rid.as_deref().unwrap())
        .collect();
    assert_eq!(rids, ["q", "h", "f"], "the smallest is layer 0");
}

/// node-datachannel and aiortc offer NACKs for audio, and some clients for video without RTX: a NACK
/// that is agreed on is answered, and a retransmission needs a stream of its own (RFC 4588).
#[test]
fn nacks_are_agreed_only_where_they_are_answered() {
    let answer_to = |direction, rtx: bool| {
        let mut offer = Builder::new();
        offer.section("video", direction);
        let text = offer.text();
        let text = if rtx {
            text
        } else {
            text.replace("apt=96", "apt=95")
        };
        session(config(Codec::Vp8), &text).unwrap().1
    };
    let has_nack = |answer: &Answer| answer.sdp.contains("a=rtcp-fb:96 nack\r\n");
    assert!(has_nack(&answer_to("recvonly", true)));
    assert!(!has_nack(&answer_to("recvonly", false)));
    let both = answer_to("sendrecv", false);
    assert!(!has_nack(&both) && !both.ingress[0].nack);
    assert!(both.sdp.contains("a=rtcp-fb:96 nack pli\r\n"));
    let published = answer_to("sendonly", false);
    assert!(has_nack(&published), "we ask, and the client answers");
}

#[test]
fn a_later_offer_changes_what_one_slot_agreed_on() {
    let (mut session, answer) = accept(&meeting(1));
    let level = ExtensionKind::AudioLevel;
    let slot = |answer: &Answer| answer.slots[0].clone();
    assert_eq!(slot(&answer).extensions.id(level), None);
    let mut more = meeting(1);
    more.line(4, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level");
    let answer = session
        .reoffer(Time::ZERO, &more.text(), &[], fresh())
        .unwrap();
    assert_eq!(slot(&answer).extensions.id(level), Some(1));
    assert_eq!(
        answer.slots[1].extensions.id(level),
        None,
        "another section"
    );
}

#[test]
fn an_encoder_is_told_which_codec_the_room_has() {
    let vp8 = config(Codec::Vp8).codecs;
    let h264 = config(Codec::H264).codecs;
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    assert_eq!(require_every_codec(&parsed(&offer), &h264), Ok(()));
    offer.section("video", "sendonly");
    assert_eq!(require_every_codec(&parsed(&offer), &vp8), Ok(()));
    let refused = require_every_codec(&parsed(&offer), &h264).unwrap_err();
    assert_eq!(refused.line, parsed(&offer).media[1].line);
    let expected = "the video codec of this room is H264, this section offers VP8; use H264 there";
    assert!(refused.sentence.starts_with(expected), "{refused}");
    offer.sections[1].1 = "inactive";
    assert_eq!(require_every_codec(&parsed(&offer), &h264), Ok(()));
}

#[test]
fn dtx_is_asked_for_by_the_room_or_by_the_client() {
    for (room, client) in [(false, false), (true, false), (false, true)] {
        let mut offer = Builder::new();
        offer.section("audio", "sendonly");
        if client {
            offer.line(0, "a=fmtp:111 minptime=10;usedtx=1");
        }
        let mut config = config(Codec::Vp8);
        config.codecs.dtx = room;
        let (_, answer) = session(config, &offer.text()).unwrap();
        assert_eq!(answer.sdp.contains(";usedtx=1"), room || client);
    }
}
