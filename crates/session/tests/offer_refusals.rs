//! An offer that cannot be answered is refused as a whole, with its line and a sentence for a person.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{config, session};
use proptest::prelude::*;
use sideroom_route::TrackKind;
use sideroom_rtp::Codec;
use sideroom_session::TrackHint;
use sideroom_session::sdp::{MAX_MEDIA_SECTIONS, MAX_OFFER_BYTES, Offer};

const GOOD: &str = include_str!("offers/chromium156-simulcast.sdp");
const FINGERPRINT: &str = "a=fingerprint:sha-256 82:47:BD:24:94:48:65:B3:7D:F2:2C:E6:A6:5D:66:EB:5B:78:3F:14:CF:C8:0E:56:7C:03:5B:BB:69:27:00:C9\r\n";

/// The offer is refused at `line` with a sentence that has `words` in it.
fn check(offer: &str, line: usize, words: &str) {
    let error = session(config(Codec::Vp8), offer).err().unwrap();
    assert!(error.sentence.contains(words), "{error}");
    assert_eq!(error.line, line, "{error}");
}

/// The good offer without all lines that begin with `start`.
fn without(start: &str) -> String {
    let keep = |line: &&str| !line.starts_with(start);
    GOOD.split_inclusive('\n').filter(keep).collect()
}

fn line_of(text: &str, start: &str) -> usize {
    text.lines()
        .position(|line| line.starts_with(start))
        .unwrap()
        + 1
}

#[test]
fn what_is_no_sdp_is_refused_at_its_first_line() {
    check("", 1, "begins with v=0");
    check("\r\n\r\n", 1, "begins with v=0");
    check("hello\r\n", 1, "letter=value");
    check("{\"type\":\"offer\"}\n", 1, "letter=value");
    check("s=-\r\nv=0\r\n", 1, "begins with v=0");
    check("v=0\r\n\u{00e9}=x\r\n", 2, "letter=value");
    check(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n",
        2,
        "without a media section",
    );
}

#[test]
fn a_truncated_offer_is_refused_wherever_it_was_cut() {
    // Cuts between two lines of a media section cannot be seen; all others are.
    for cut in (1..GOOD.len()).filter(|cut| !GOOD[..*cut].ends_with('\n')) {
        let error = session(config(Codec::Vp8), &GOOD[..cut]).err().unwrap();
        assert!(error.sentence.contains("cut off"), "{error}");
        assert_eq!(error.line, GOOD[..cut].lines().count());
    }
    let session_part: String = GOOD.split_inclusive('\n').take(7).collect();
    check(&session_part, 7, "without a media section; was it cut off?");
}

#[test]
fn a_huge_offer_is_refused_before_it_is_read() {
    let filling = "a=x\r\n".repeat(MAX_OFFER_BYTES / 5);
    let at = MAX_OFFER_BYTES - GOOD.len();
    let line = GOOD.lines().count() + at / 5 + 1;
    check(
        &format!("{GOOD}{filling}"),
        line,
        "the limit of 262144 is passed here",
    );
    let long = format!("v=0\r\na={}\r\n", "x".repeat(5_000));
    check(&long, 2, "at most are read");
}

#[test]
fn ten_thousand_sections_are_refused_at_the_first_that_is_too_many() {
    let many = format!("v=0\r\n{}", "m=audio 9 X 0\r\n".repeat(10_000));
    check(
        &many,
        MAX_MEDIA_SECTIONS + 2,
        "an offer may have 512 media sections",
    );
}

#[test]
fn an_offer_without_a_secured_transport_is_refused() {
    check(&without("a=ice-ufrag"), 8, "no ICE credentials");
    check(&without("a=ice-pwd"), 8, "no ICE credentials");
    check(&without("a=fingerprint"), 8, "no certificate fingerprint");
    let plain = GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF");
    check(&plain, 8, "RTP/AVPF is not secured");
    let weak = GOOD.replace(FINGERPRINT, "a=fingerprint:md5 00:11\r\n");
    check(&weak, 18, "sha-256, sha-384 or sha-512");
    let short = GOOD.replace(FINGERPRINT, "a=fingerprint:sha-256 00:11\r\n");
    check(&short, 18, "as many pairs of hexadecimal digits");
    let bad = GOOD.replace("a=ice-ufrag:ImCn", "a=ice-ufrag:I\tn");
    check(&bad, 15, "user name fragment has");
    let bad = GOOD.replace("a=ice-pwd:zv20nTKB/i2hIWEgAjbeRyNc", "a=ice-pwd:short");
    check(&bad, 16, "password has");
    check(&GOOD.replace("t=0 0", "t=0 0\r\na=ice-lite"), 5, "ICE-lite");
}

#[test]
fn everything_must_be_on_one_transport() {
    let text = without("a=group");
    check(&text, line_of(&text, "m=video"), "not in the BUNDLE group");
    let partly = GOOD.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    check(
        &partly,
        line_of(&partly, "m=video"),
        "not in the BUNDLE group",
    );
    let text = without("a=rtcp-mux");
    check(&text, line_of(&text, "m=audio"), "no a=rtcp-mux");
    let video_at = line_of(GOOD, "m=video");
    let twice = GOOD.replace("a=mid:1", "a=mid:0");
    check(&twice, video_at, "names two media sections");
    let roles = GOOD.replacen("a=setup:actpass", "a=setup:active", 1);
    check(&roles, video_at + 11, "different DTLS roles");
    let held = GOOD.replace("a=setup:actpass", "a=setup:holdconn");
    check(&held, 19, "cannot be answered");
}

#[test]
fn lines_that_contradict_themselves_are_refused() {
    let cases = [
        (
            "m=audio 45174 UDP/TLS/RTP/SAVPF 111 63",
            "m=audio 99999 UDP/TLS/RTP/SAVPF 111",
            "not a port",
        ),
        (
            "m=audio 45174 UDP/TLS/RTP/SAVPF 111 63",
            "m=audio 45174 UDP/TLS/RTP/SAVPF 111 163",
            "not a payload type",
        ),
        (
            "m=audio 45174 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
            "m=audio 45174",
            "media type, a port",
        ),
        (
            "m=audio 45174 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
            "m=audio 45174 UDP/TLS/RTP/SAVPF",
            "no formats",
        ),
        (
            "a=rtpmap:111 opus/48000/2",
            "a=rtpmap:111 opus",
            "name and a clock rate",
        ),
        (
            "a=extmap:1 urn:ietf",
            "a=extmap:first urn:ietf",
            "an id from 1 to 255",
        ),
        (
            "a=ssrc:1887191521 cname",
            "a=ssrc:18871915210 cname",
            "not an SSRC",
        ),
        ("a=mid:0", "a=mid:with a space", "a mid is one word"),
        ("a=rid:q send", "a=rid:q/q send", "a rid is one word"),
    ];
    for (from, to, words) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        check(&text, line_of(&text, to), words);
    }
    let clash = GOOD.replace("a=extmap:13 urn:3gpp", "a=extmap:1 urn:3gpp");
    check(
        &clash,
        line_of(GOOD, "m=video"),
        "header extension id 1 means",
    );
}

#[test]
fn an_offer_of_codecs_that_nobody_knows_is_refused() {
    let unknown = GOOD.replace("opus/", "speex/").replace("VP8/", "H263/");
    check(
        &unknown,
        8,
        "no section of the offer has a codec of this room; here Opus is missing",
    );
    let off = GOOD
        .replace("m=audio 45174", "m=audio 0")
        .replace("m=video 50108", "m=video 0");
    check(&off, 8, "all have port 0");
}

#[test]
fn hints_must_fit_the_offer() {
    let with_hints = |hints: &[(&str, TrackKind)]| {
        let mut config = config(Codec::Vp8);
        config.hints = hints
            .iter()
            .map(|(mid, kind)| TrackHint {
                mid: (*mid).to_owned(),
                kind: *kind,
            })
            .collect();
        session(config, GOOD)
    };
    let cases: [(&[(&str, TrackKind)], &str); 2] = [
        (&[("7", TrackKind::Audio)], "the offer has no such section"),
        (
            &[("0", TrackKind::Screen)],
            "says that this section is the screen, it is audio",
        ),
    ];
    for (hints, words) in cases {
        let error = with_hints(hints).err().unwrap();
        assert!(error.sentence.contains(words), "{error}");
    }
    let (_, answer) = with_hints(&[("1", TrackKind::Canvas)]).unwrap();
    assert_eq!(answer.ingress[1].kind, TrackKind::Canvas);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A real offer that is mangled on its way is answered or refused, and never makes the parser panic.
    #[test]
    fn a_mangled_offer_is_answered_or_refused(
        cuts in prop::collection::vec((0..GOOD.len(), 0..60_usize, "[ -~\r\n]{0,12}"), 1..8),
    ) {
        let mut text = GOOD.to_owned();
        for (at, len, put) in cuts {
            let at = at.min(text.len());
            let end = (at + len).min(text.len());
            text.replace_range(at..end, &put);
        }
        if let Ok((_, answer)) = session(config(Codec::Vp8), &text) {
            // Our own answer is an SDP that we could read, but for its being ICE-lite.
            let text = answer.sdp.replace("a=ice-lite\r\n", "");
            let text = text.replace("a=fingerprint:\r\n", FINGERPRINT);
            prop_assert!(Offer::parse(&text).is_ok(), "{text}");
        }
    }
}
