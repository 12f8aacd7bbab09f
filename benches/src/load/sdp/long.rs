//! Offers as long as a server reads, for those that try how much work it lets one client cause.

use std::fmt::Write as _;

use sideroom_session::IceCredentials;

use super::{OfferPlan, write_offer};

/// The part that an offer repeats to become long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LongBy {
    /// The media sections, each with few lines.
    Sections,
    /// Lines about streams in one section.
    Streams,
    /// Payload types and their parameters in one section.
    Formats,
}

impl LongBy {
    /// All parts, in the order in which storms use them.
    pub const ALL: [Self; 3] = [Self::Sections, Self::Streams, Self::Formats];
}

/// A well-formed offer of nearly so many bytes.
pub fn long_offer(bytes: usize, by: LongBy) -> String {
    let short = with_sections(1);
    match by {
        LongBy::Sections => {
            let each = with_sections(2).len() - short.len();
            // Later sections have longer names.
            with_sections(1 + bytes.saturating_sub(short.len()) / (each + 16))
        }
        LongBy::Streams => {
            let lines = (1_u32..).map(|ssrc| format!("a=ssrc:{ssrc} cname:long\r\n"));
            filled(short, bytes, lines)
        }
        LongBy::Formats => {
            let types = (0..128_u8).fold(String::new(), |mut types, number| {
                let _ = write!(types, " {number}");
                types
            });
            let section = "m=audio 9 UDP/TLS/RTP/SAVPF";
            let offer = short.replace(&format!("{section} 111"), &format!("{section}{types}"));
            let lines = (0..128_u8).cycle();
            filled(
                offer,
                bytes,
                lines.map(|number| format!("a=fmtp:{number} a=1;b=2\r\n")),
            )
        }
    }
}

fn with_sections(sections: usize) -> String {
    let credentials = IceCredentials {
        ufrag: "long".to_owned(),
        password: "a-password-that-is-no-secret".to_owned(),
    };
    write_offer(&OfferPlan {
        sends: &[],
        video_layers: 1,
        audio_slots: sections,
        video_slots: 0,
        credentials: &credentials,
        fingerprint: &format!("sha-256 {}", ["AB"; 32].join(":")),
    })
}

/// The offer with further lines, as long as it stays within `bytes`.
fn filled(mut offer: String, bytes: usize, lines: impl Iterator<Item = String>) -> String {
    for line in lines {
        if offer.len() + line.len() > bytes {
            break;
        }
        offer.push_str(&line);
    }
    offer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_offers_are_nearly_as_long_as_asked_for() {
        for by in LongBy::ALL {
            let offer = long_offer(256 << 10, by);
            assert!(offer.len() <= 256 << 10, "{by:?}: {}", offer.len());
            assert!(offer.len() > 200 << 10, "{by:?}: {}", offer.len());
        }
    }
}
