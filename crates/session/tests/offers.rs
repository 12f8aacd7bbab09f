//! Offers of real clients are each answered with the text that lies beside them.
//!
//! `BLESS=1 cargo test -p sideroom-session --test offers` writes the answers anew, to be read by eye.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::PathBuf;

use common::{config, session};
use sideroom_route::{SlotId, TrackKind};
use sideroom_rtp::{Codec, ExtensionKind};
use sideroom_session::Answer;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/offers")
}

fn offer(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.sdp"))).unwrap()
}

/// The certificate is a new one in every run.
fn without_fingerprint(sdp: &str) -> String {
    let line = |line: &str| match line.starts_with("a=fingerprint:sha-256 ") {
        true => "a=fingerprint:sha-256 (of the server)\r\n".to_owned(),
        false => format!("{line}\r\n"),
    };
    sdp.lines().map(line).collect()
}

/// Answers the offer `name` in a room with `video`, and compares the text.
fn check(name: &str, video: Codec) -> Answer {
    let (_, answer) = session(config(video), &offer(name)).unwrap();
    let text = without_fingerprint(&answer.sdp);
    let file = folder().join(format!("{name}.{}.answer.sdp", video.name().to_lowercase()));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    for (number, (line, expected)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(line, expected, "{}:{}", file.display(), number + 1);
    }
    assert_eq!(text.len(), expected.len(), "{}", file.display());
    answer
}

fn kinds(answer: &Answer) -> Vec<(TrackKind, usize)> {
    answer
        .ingress
        .iter()
        .map(|track| (track.kind, track.layers.len()))
        .collect()
}

fn slots(answer: &Answer) -> Vec<SlotId> {
    answer.slots.iter().map(|slot| slot.slot).collect()
}

const BOTH_SLOTS: [SlotId; 2] = [SlotId::audio(0), SlotId::video(0)];

#[test]
fn chromium_simulcast() {
    for video in [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1] {
        let answer = check("chromium156-simulcast", video);
        assert_eq!(
            kinds(&answer),
            [(TrackKind::Audio, 1), (TrackKind::Camera, 3)]
        );
        assert_eq!(slots(&answer), BOTH_SLOTS);
        assert_eq!(answer.ingress[1].codecs[0].codec, video);
        assert!(answer.transport_cc);
    }
}

#[test]
fn chromium_recvonly() {
    let answer = check("chromium156-recvonly", Codec::Vp8);
    assert_eq!(kinds(&answer), []);
    assert_eq!(slots(&answer), BOTH_SLOTS);
    assert_eq!(answer.extensions.id(ExtensionKind::Mid), Some(4));
}

#[test]
fn firefox_simulcast() {
    let answer = check("firefox153esr-simulcast", Codec::Vp8);
    assert_eq!(
        kinds(&answer),
        [(TrackKind::Audio, 1), (TrackKind::Camera, 3)]
    );
    assert_eq!(
        answer.ingress[1].unplaced.len(),
        3,
        "its SSRCs say nothing of their layers"
    );
    let layer = &answer.ingress[1].layers[0];
    assert_eq!((layer.rid.as_deref(), layer.ssrc), (Some("q"), None));
}

#[test]
fn firefox_recvonly() {
    let answer = check("firefox153esr-recvonly", Codec::Vp8);
    assert_eq!(kinds(&answer), []);
    assert_eq!(slots(&answer), BOTH_SLOTS);
}

#[test]
fn firefox_has_no_h264() {
    let answer = check("firefox153esr-simulcast", Codec::H264);
    assert_eq!(kinds(&answer), [(TrackKind::Audio, 1)]);
    assert_eq!(answer.refused.len(), 1);
    assert!(answer.sdp.contains("m=video 0 "), "{}", answer.sdp);
}

#[test]
fn wrtc_simulcast() {
    let answer = check("pywrtc0.1-simulcast", Codec::Vp8);
    assert_eq!(
        kinds(&answer),
        [(TrackKind::Audio, 1), (TrackKind::Camera, 3)]
    );
}

#[test]
fn aiortc() {
    let answer = check("aiortc1.16", Codec::Vp8);
    assert_eq!(
        kinds(&answer),
        [(TrackKind::Audio, 1), (TrackKind::Camera, 1)]
    );
    assert!(!answer.transport_cc);
    let camera = &answer.ingress[1].layers[0];
    assert_eq!(
        (camera.ssrc, camera.rtx_ssrc),
        (Some(2_353_331_984), Some(3_366_700_465))
    );
    assert!(answer.sdp.contains("goog-remb"), "{}", answer.sdp);
}

#[test]
fn node_datachannel() {
    let answer = check("node-datachannel0.33", Codec::Vp8);
    assert_eq!(
        kinds(&answer),
        [(TrackKind::Audio, 1), (TrackKind::Camera, 1)]
    );
    assert_eq!(
        answer.slots[1].rtx_ssrc, None,
        "it has no retransmission format"
    );
}

#[test]
fn ffmpeg_whip() {
    let answer = check("ffmpeg9.0.2-whip", Codec::H264);
    assert_eq!(
        kinds(&answer),
        [(TrackKind::Audio, 1), (TrackKind::Camera, 1)]
    );
    assert_eq!(slots(&answer), []);
    let camera = &answer.ingress[1].layers[0];
    // Its group names a retransmission SSRC that has no line of its own.
    assert_eq!(
        (camera.ssrc, camera.rtx_ssrc),
        (Some(2_403_257_646), Some(2_403_257_647))
    );
    assert!(answer.sdp.contains("a=setup:active"), "{}", answer.sdp);
}
