//! The transport of a model client: outgoing streams, slots, and the packets that a NACK may name.

use std::collections::VecDeque;

use sideroom_control::SlotPool;
use sideroom_forward::{
    IngressConfig, IngressId, Mid, PayloadTypes, SlotConfig, SubscriberConfig, SubscriberId,
};
use sideroom_route::{Media, ParticipantId, SlotId, TrackId, TrackKind};
use sideroom_rtp::{Codec, ExtensionMap};

use crate::packet::{OPUS, VP8};
use crate::plane::TransportId;
use crate::sink::Delivery;

/// Packets that a client remembers to ask for again.
const REMEMBERED: usize = 96;

/// A track that it sends.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) track: TrackId,
    pub(crate) kind: TrackKind,
    pub(crate) ssrc: u32,
    pub(crate) serial: u32,
    /// At its worker.
    pub(crate) ingress: IngressId,
    /// Browsers number their payload types differently: how far they are from the usual ones.
    pub(crate) shift: u8,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) id: TransportId,
    pub(crate) participant: ParticipantId,
    pub(crate) worker: usize,
    pub(crate) pool: SlotPool,
    pub(crate) sources: Vec<Source>,
    pub(crate) subscriber: SubscriberId,
    /// Media SSRC and sequence number of received packets.
    pub(crate) heard: VecDeque<(u32, u16)>,
}

impl Source {
    pub(crate) fn config(&self, publisher: ParticipantId) -> IngressConfig {
        IngressConfig {
            track: self.track,
            publisher,
            kind: self.kind,
            codecs: vec![
                (OPUS - self.shift, Codec::Opus),
                (VP8 - self.shift, Codec::Vp8),
            ],
            extensions: ExtensionMap::new(),
            layers: 1,
        }
    }
}

impl Transport {
    pub(crate) fn new(
        id: TransportId,
        participant: ParticipantId,
        (worker, pool): (usize, SlotPool),
        tracks: &[(TrackKind, TrackId)],
    ) -> Self {
        let sources = tracks.iter().map(|(kind, track)| Source {
            track: *track,
            kind: *kind,
            ssrc: id << 8 | 0x80 | *kind as u32,
            serial: 0,
            ingress: IngressId(0),
            shift: 2 * (id % 2) as u8,
        });
        Self {
            id,
            participant,
            worker,
            pool,
            sources: sources.collect(),
            subscriber: SubscriberId(0),
            heard: VecDeque::new(),
        }
    }

    pub(crate) fn subscriber_config(&self) -> SubscriberConfig {
        SubscriberConfig {
            participant: self.participant,
            transport_cc: false,
        }
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = SlotConfig> + '_ {
        let audio = (0..self.pool.audio).map(SlotId::audio);
        let video = (0..self.pool.video).map(SlotId::video);
        audio.chain(video).map(|slot| {
            let ssrc = self.ssrc(slot);
            SlotConfig {
                slot,
                ssrc,
                rtx_ssrc: Some(ssrc | 0x4000_0000),
                mid: Mid::default(),
                payload_types: PayloadTypes::new()
                    .with(Codec::Opus, OPUS, Some(OPUS + 1))
                    .with(Codec::Vp8, VP8, Some(VP8 + 1)),
                extensions: ExtensionMap::new(),
            }
        })
    }

    pub(crate) fn ssrc(&self, slot: SlotId) -> u32 {
        let media = match slot.media {
            Media::Audio => 0,
            Media::Video => 64,
        };
        0x8000_0000 | self.id << 8 | media | u32::from(slot.index)
    }

    /// Remembers a packet, to ask for it again later.
    pub(crate) fn hear(&mut self, delivery: &Delivery) {
        if self.heard.len() >= REMEMBERED {
            self.heard.pop_front();
        }
        self.heard
            .push_back((delivery.ssrc, delivery.number as u16));
    }
}
