//! Reading an offer takes time in proportion to its length, for any content.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "this test measures time")]

mod common;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use common::Builder;
use sideroom_rtp::Codec;

/// The longest offer that is read is 256 KiB.
const FULL: usize = 255 * 1024;
/// A linear reader takes 2 to 6 ms; a quadratic one took 700 ms and more.
const BOUND: Duration = Duration::from_millis(100);

/// Repeats lines until the offer is as long as it may be.
fn fill(text: &mut String, mut line: impl FnMut(usize) -> String) {
    for index in 0.. {
        let line = line(index);
        if text.len() + line.len() > FULL {
            return;
        }
        text.push_str(&line);
    }
}

fn audio() -> String {
    let mut offer = Builder::new();
    offer.section("audio", "sendonly");
    offer.text()
}

fn check(name: &str, text: &str) {
    assert!(text.len() > FULL - 8_192, "{name}: {} bytes", text.len());
    let best = (0..3).map(|_| {
        let begun = Instant::now();
        let _ = common::session(common::config(Codec::Vp8), text);
        begun.elapsed()
    });
    let best = best.min().unwrap();
    assert!(best < BOUND, "{name} took {best:?}");
}

#[test]
fn a_section_with_every_format_and_thousands_of_lines() {
    let formats: Vec<_> = (0..128).map(|format| format.to_string()).collect();
    let list = format!("SAVPF {}", formats.join(" "));
    let mut text = audio().replace("SAVPF 111", &list);
    fill(&mut text, |_| "a=x:1 2\r\n".to_owned());
    check("attributes", &text);
    let mut text = audio().replace("SAVPF 111", &list);
    fill(&mut text, |index| {
        format!("a=fmtp:{} a=1;b=2\r\n", index % 128)
    });
    check("fmtp", &text);
}

#[test]
fn a_long_session_part_above_many_sections() {
    let (session, section) = audio()
        .split_once("m=")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let section = section.replace("a=sendonly\r\n", "");
    let mut media = String::new();
    for mid in 0..300 {
        write!(media, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\n").unwrap();
    }
    let mut text = session;
    let room = FULL - media.len() - section.len();
    while text.len() + 5 < room {
        text.push_str("a=b\r\n");
    }
    let text = format!("{text}m={section}{media}");
    check("session part", &text);
}

#[test]
fn groups_of_hundreds_of_streams() {
    let mut text = audio();
    for ssrc in 0..256 {
        write!(text, "a=ssrc:{ssrc} c\r\n").unwrap();
    }
    let many: Vec<_> = (0..250).map(|ssrc| ssrc.to_string()).collect();
    let many = many.join(" ");
    fill(&mut text, |_| format!("a=ssrc-group:FID {many}\r\n"));
    check("groups", &text);
}

#[test]
fn many_sections_and_a_long_bundle_group() {
    let mut text = audio();
    let section = text.split_once("m=").unwrap().1.replace("a=mid:0\r\n", "");
    let mut mids = 1;
    while text.len() + section.len() + 64 < FULL && mids < 500 {
        write!(text, "m={section}a=mid:{mids}\r\n").unwrap();
        mids += 1;
    }
    let all: Vec<_> = (0..mids).map(|mid| mid.to_string()).collect();
    let mut text = text.replace("BUNDLE 0", &format!("BUNDLE {}", all.join(" ")));
    fill(&mut text, |_| "a=x\r\n".to_owned());
    check("sections", &text);
}
