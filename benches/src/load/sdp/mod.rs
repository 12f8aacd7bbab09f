//! Writes a client's offer, reads the server's description, and answers servers that offer: as much SDP as a browser
//! needs for the same meeting, and no more.

mod answer;
mod description;
mod long;

pub use answer::write_answer;
pub use description::{Description, Line};
pub use long::{LongBy, long_offer};

use sideroom_route::{Media, TrackKind};
use sideroom_rtp::ExtensionKind;
use sideroom_session::IceCredentials;

const OPUS: u8 = 111;
const VP8: u8 = 96;
const VP8_RTX: u8 = 97;

/// Extensions by the numbers that browsers give them.
const EXTENSIONS: [(ExtensionKind, u8); 3] = [
    (ExtensionKind::AbsSendTime, 2),
    (ExtensionKind::TransportCc, 3),
    (ExtensionKind::Mid, 4),
];
/// Only where a track has layers.
const RID: (ExtensionKind, u8) = (ExtensionKind::Rid, 5);
const AUDIO_LEVEL: (ExtensionKind, u8) = (ExtensionKind::AudioLevel, 1);

/// The content of a client's offer.
#[derive(Clone, Debug)]
pub struct OfferPlan<'a> {
    /// The tracks that it sends, with their SSRCs.
    pub sends: &'a [(TrackKind, u32)],
    /// Layers of each video that it sends: simulcast if more than one.
    pub video_layers: u8,
    /// How many audio streams it can receive.
    pub audio_slots: usize,
    /// How many video streams.
    pub video_slots: usize,
    pub credentials: &'a IceCredentials,
    /// The certificate's fingerprint.
    pub fingerprint: &'a str,
}

/// The m-line that a track is offered on: lines for sending come first, in their order.
pub fn mid_of(index: usize) -> String {
    index.to_string()
}

/// The restriction identifiers of so many layers (RFC 8851), the smallest first; none for one layer.
pub fn rids(layers: u8) -> Vec<String> {
    let layers = if layers > 1 { layers } else { 0 };
    (0..layers).map(|layer| layer.to_string()).collect()
}

/// The payload type of a kind of media.
pub fn payload_type_of(media: Media) -> u8 {
    match media {
        Media::Audio => OPUS,
        Media::Video => VP8,
    }
}

pub fn write_offer(plan: &OfferPlan<'_>) -> String {
    let sends = plan
        .sends
        .iter()
        .map(|(kind, ssrc)| (kind.media(), Some(*ssrc)));
    let audio = (0..plan.audio_slots).map(|_| (Media::Audio, None));
    let video = (0..plan.video_slots).map(|_| (Media::Video, None));
    let lines: Vec<_> = sends.chain(audio).chain(video).collect();
    let mids: Vec<_> = (0..lines.len()).map(mid_of).collect();
    let mut text = vec![
        "v=0".to_owned(),
        "o=- 1 1 IN IP4 127.0.0.1".to_owned(),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=group:BUNDLE {}", mids.join(" ")),
        "a=extmap-allow-mixed".to_owned(),
        "a=msid-semantic: WMS".to_owned(),
    ];
    for ((media, ssrc), mid) in lines.into_iter().zip(&mids) {
        write_line(&mut text, plan, (media, ssrc), mid);
    }
    text.push(String::new());
    text.join("\r\n")
}

fn write_line(
    text: &mut Vec<String>,
    plan: &OfferPlan<'_>,
    (media, ssrc): (Media, Option<u32>),
    mid: &str,
) {
    let mut line = |line: String| text.push(line);
    match media {
        Media::Audio => line(format!("m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}")),
        Media::Video => line(format!("m=video 9 UDP/TLS/RTP/SAVPF {VP8} {VP8_RTX}")),
    }
    line("c=IN IP4 0.0.0.0".to_owned());
    line(format!("a=ice-ufrag:{}", plan.credentials.ufrag));
    line(format!("a=ice-pwd:{}", plan.credentials.password));
    line(format!("a=fingerprint:{}", plan.fingerprint));
    line("a=setup:active".to_owned());
    line(format!("a=mid:{mid}"));
    let rids = match (media, ssrc) {
        (Media::Video, Some(_)) => rids(plan.video_layers),
        _ => Vec::new(),
    };
    let level = (media == Media::Audio).then_some(AUDIO_LEVEL);
    let rid = (!rids.is_empty()).then_some(RID);
    for (kind, id) in level.into_iter().chain(EXTENSIONS).chain(rid) {
        line(format!("a=extmap:{id} {}", kind.uri()));
    }
    line(
        if ssrc.is_some() {
            "a=sendonly"
        } else {
            "a=recvonly"
        }
        .to_owned(),
    );
    line("a=rtcp-mux".to_owned());
    line("a=rtcp-rsize".to_owned());
    match media {
        Media::Audio => {
            line(format!("a=rtpmap:{OPUS} opus/48000/2"));
            line(format!("a=rtcp-fb:{OPUS} transport-cc"));
            line(format!("a=fmtp:{OPUS} minptime=10;useinbandfec=1"));
        }
        Media::Video => {
            line(format!("a=rtpmap:{VP8} VP8/90000"));
            for feedback in ["transport-cc", "ccm fir", "nack", "nack pli"] {
                line(format!("a=rtcp-fb:{VP8} {feedback}"));
            }
            line(format!("a=rtpmap:{VP8_RTX} rtx/90000"));
            line(format!("a=fmtp:{VP8_RTX} apt={VP8}"));
        }
    }
    if let Some(ssrc) = ssrc {
        line(format!("a=msid:load track{mid}"));
        if rids.is_empty() {
            line(format!("a=ssrc:{ssrc} cname:load"));
            return;
        }
        for rid in &rids {
            line(format!("a=rid:{rid} send"));
        }
        line(format!("a=simulcast:send {}", rids.join(";")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_has_a_line_for_each_track_and_slot() {
        let credentials = IceCredentials {
            ufrag: "abcd".to_owned(),
            password: "secret".to_owned(),
        };
        let offer = write_offer(&OfferPlan {
            sends: &[(TrackKind::Audio, 7), (TrackKind::Camera, 8)],
            video_layers: 1,
            audio_slots: 2,
            video_slots: 1,
            credentials: &credentials,
            fingerprint: "sha-256 AA",
        });
        assert_eq!(offer.matches("m=audio").count(), 3);
        assert_eq!(offer.matches("m=video").count(), 2);
        assert_eq!(offer.matches("a=recvonly").count(), 3);
        assert!(offer.contains("a=group:BUNDLE 0 1 2 3 4\r\n"));
        assert!(offer.contains("a=ssrc:8 cname:load\r\n"));
        assert!(offer.ends_with("\r\n"));
    }

    #[test]
    fn layers_are_offered_by_their_identifiers() {
        let credentials = IceCredentials {
            ufrag: "abcd".to_owned(),
            password: "secret".to_owned(),
        };
        let offer = write_offer(&OfferPlan {
            sends: &[(TrackKind::Audio, 7), (TrackKind::Camera, 8)],
            video_layers: 3,
            audio_slots: 1,
            video_slots: 1,
            credentials: &credentials,
            fingerprint: "sha-256 AA",
        });
        assert_eq!(offer.matches("a=rid:").count(), 3);
        assert!(offer.contains("a=simulcast:send 0;1;2\r\n"));
        assert_eq!(offer.matches("rtp-stream-id").count(), 1, "not on slots");
        assert!(!offer.contains("a=ssrc:8"));
    }
}
