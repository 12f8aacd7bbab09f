//! The part of a client in a meeting, and the result of a join.

use sideroom_route::{Time, TrackKind};
use sideroom_rtp::ExtensionMap;

use crate::load::media::SourceSpec;
use crate::load::member::MemberSetup;

/// One client's part in a meeting.
#[derive(Clone, Debug)]
pub struct JoinPlan {
    pub client: u32,
    pub room: String,
    /// The kinds of tracks to send.
    pub sends: Vec<TrackKind>,
    /// Layers of its video: simulcast if more than one.
    pub video_layers: u8,
    /// How many audio streams it can receive at once.
    pub audio_slots: usize,
    /// How many video streams.
    pub video_slots: usize,
    /// Whether it may move others.
    pub moderator: bool,
    /// The moment at which its link begins.
    pub now: Time,
}

/// How a track that was negotiated is to be sent.
#[derive(Clone, Debug)]
pub struct Negotiated {
    pub kind: TrackKind,
    pub ssrc: u32,
    pub payload_type: u8,
    /// The m-line of the track.
    pub mid: String,
    /// The header extensions of that line.
    pub extensions: ExtensionMap,
    /// The restriction identifiers of its simulcast layers, the smallest first; none without simulcast.
    pub rids: Vec<String>,
}

/// A client that the server has let in.
pub struct Joined {
    /// The swarm's configuration of the client.
    pub setup: MemberSetup,
    /// The server's name for it.
    pub participant: String,
    /// The negotiated streams that it may send.
    pub sends: Vec<Negotiated>,
}

/// Each layer of a camera has this many times the rate of the next larger one: 1,200, 300 and 75 kb/s.
const LAYER_FACTOR: u64 = 4;
/// The SSRC of a layer is this far from that of the layer before.
const LAYER_SSRCS: u32 = 4;

impl Negotiated {
    /// The sources for this track, one for each layer, the largest of which has the rate.
    pub fn sources(&self, rate_bps: u64, fps: u32) -> Vec<SourceSpec> {
        let source = |(ssrc, rate_bps, rid)| SourceSpec {
            kind: self.kind,
            rate_bps,
            fps,
            ssrc,
            payload_type: self.payload_type,
            mid: self.mid.clone(),
            rid,
            extensions: self.extensions,
        };
        if self.rids.is_empty() || rate_bps == 0 {
            return vec![source((self.ssrc, rate_bps, None))];
        }
        let ssrcs = (self.ssrc..).step_by(LAYER_SSRCS as usize);
        let rates = (0..self.rids.len() as u32).rev();
        let rates = rates.map(|larger| (rate_bps / LAYER_FACTOR.pow(larger)).max(1));
        let layers = ssrcs.zip(rates).zip(&self.rids);
        let layers = layers.map(|((ssrc, rate), rid)| source((ssrc, rate, Some(rid.clone()))));
        layers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_a_source_of_its_own() {
        let camera = Negotiated {
            kind: TrackKind::Camera,
            ssrc: 32,
            payload_type: 96,
            mid: "1".to_owned(),
            extensions: ExtensionMap::new(),
            rids: ["a", "b", "c"].map(str::to_owned).to_vec(),
        };
        let sources = camera.sources(1_200_000, 30);
        let read = |spec: &SourceSpec| {
            (
                spec.ssrc,
                spec.rate_bps,
                spec.rid.clone().unwrap_or_default(),
            )
        };
        assert_eq!(
            sources.iter().map(read).collect::<Vec<_>>(),
            [
                (32, 75_000, "a".to_owned()),
                (36, 300_000, "b".to_owned()),
                (40, 1_200_000, "c".to_owned())
            ]
        );
        let plain = Negotiated {
            rids: Vec::new(),
            ..camera
        };
        assert_eq!(plain.sources(9, 30).len(), 1);
    }
}
