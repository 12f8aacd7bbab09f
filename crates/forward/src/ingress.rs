//! A published track on this worker: the incoming packets, and the listeners of each layer.

use sideroom_route::{DropReason, ParticipantId, Time, TrackId, TrackKind, TrackRoute, WorkerId};
use sideroom_rtp::codec::av1::DependencyReader;
use sideroom_rtp::codec::opus;
use sideroom_rtp::{AudioLevel, SeqUnwrapper};

use crate::counts::TrackCounts;
use crate::keyframe::KeyframeAsk;
use crate::packet::{HeaderReader, IncomingPacket, RedForm, Start, refine};
use crate::rate::{MAX_LAYERS, Rates};
use crate::ring::{PacketRing, RingBounds};
use crate::talkers::Activity;
use crate::window::{Arrival, Window};
use crate::{ForwardConfig, IngressConfig};

/// A source's numbers begin anew so far ahead of the old ones that nothing mistakes them for a gap.
const RESTART: u64 = 1 << 17;
/// A late packet that more packets than this have overtaken is not begun with.
const MAX_CATCH_UP: u64 = 64;
/// After this many packets in a row that were too old, the source has begun anew.
const RESTART_AFTER: u8 = 64;

/// The level of a packet without an audio level extension: speech, but not loud.
const UNTOLD: AudioLevel = AudioLevel {
    voice: true,
    attenuation: 45,
};

/// The packet holds sound, as far as its length tells: a source that says no levels (encoders that speak
/// WHIP, plain RTP) is a talker by its packets.
fn sounds(arrived: &IncomingPacket<'_>) -> bool {
    arrived.codec.is_audio() && !opus::is_dtx(arrived.payload)
}

/// A track that comes in.
#[derive(Debug)]
pub(crate) struct Ingress {
    pub(crate) track: TrackId,
    pub(crate) publisher: ParticipantId,
    pub(crate) kind: TrackKind,
    /// Another worker owns the publisher's transport.
    pub(crate) relayed: bool,
    /// Where the table routes it; `None`: it is absent and nothing leaves.
    pub(crate) route: Option<TrackRoute>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) relays: Vec<WorkerId>,
    /// Slots that carry it, gates open or shut.
    pub(crate) attached: Vec<u32>,
    /// How many of them a shut gate holds back, for each reason that occurs.
    pub(crate) shut: Vec<(DropReason, u32)>,
    pub(crate) rates: Rates,
    pub(crate) counts: TrackCounts,
    pub(crate) activity: Activity,
    pub(crate) wanted: WantedLayers,
    reading: HeaderReader,
    red: RedForm,
    /// Packets carry the audio level extension.
    has_levels: bool,
}

/// The layers that subscribers want, and those reported to the publisher.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WantedLayers {
    /// Routes, gates or targets changed since it was worked out.
    pub(crate) stale: bool,
    pub(crate) layers: u8,
    pub(crate) told: Option<u8>,
    /// Since then fewer layers are wanted than were reported.
    pub(crate) fewer_since: Option<Time>,
}

/// One simulcast encoding of a track.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Slots that carry this layer or wait for its keyframe.
    pub(crate) listeners: Vec<u32>,
    pub(crate) ring: PacketRing,
    pub(crate) keyframes: KeyframeAsk,
    pub(crate) report: Option<SourceReport>,
    ssrc: Option<u32>,
    numbers: SeqUnwrapper,
    base: u64,
    window: Window,
    too_old: u8,
    dependencies: DependencyReader,
}

/// The last sender report of a layer, in microseconds of the publisher's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceReport {
    pub(crate) sent_us: i64,
    pub(crate) timestamp: u32,
}

impl Ingress {
    pub(crate) fn new(config: &IngressConfig, bounds: &ForwardConfig, relayed: bool) -> Self {
        let count = usize::from(config.layers).clamp(1, MAX_LAYERS);
        let packets = match config.kind {
            TrackKind::Audio => bounds.audio_ring_packets,
            TrackKind::Camera | TrackKind::Screen | TrackKind::Canvas => bounds.video_ring_packets,
        };
        let ring = RingBounds {
            packets,
            bytes: bounds.ring_bytes,
            age: bounds.ring_age,
        };
        Self {
            track: config.track,
            publisher: config.publisher,
            kind: config.kind,
            relayed,
            route: None,
            layers: (0..count).map(|_| Layer::new(ring)).collect(),
            relays: Vec::new(),
            attached: Vec::new(),
            shut: Vec::new(),
            rates: Rates::new(count),
            counts: TrackCounts::default(),
            activity: Activity::default(),
            wanted: WantedLayers::default(),
            reading: HeaderReader::new(config),
            red: RedForm::Unknown,
            has_levels: false,
        }
    }

    /// More than one stream.
    pub(crate) fn is_simulcast(&self) -> bool {
        self.layers.len() > 1
    }

    /// The publisher or a moderator muted the track: packets that still come don't count as talk.
    pub(crate) fn is_muted(&self) -> bool {
        const MUTED: [DropReason; 2] = [DropReason::PublisherMuted, DropReason::ModeratorMuted];
        self.shut.iter().any(|(reason, _)| MUTED.contains(reason))
    }

    /// Reads a packet and tells copies and late ones apart from new ones.
    #[inline]
    pub(crate) fn accept<'a>(
        &mut self,
        now: Time,
        layer: u8,
        packet: &'a [u8],
    ) -> Result<Accepted<'a>, DropReason> {
        let mut arrived = self.reading.read(packet)?;
        let on = self.layers.get_mut(usize::from(layer));
        let on = on.ok_or(DropReason::UnknownSsrc)?;
        let arrival = on.number(&mut arrived)?;
        self.counts.packets_in += 1;
        self.counts.bytes_in += packet.len() as u64;
        match arrival {
            Arrival::Ahead { skipped } => self.counts.packets_lost += skipped,
            Arrival::Late => {
                self.counts.packets_lost = self.counts.packets_lost.saturating_sub(1);
                arrived.start = on.start_late(now, arrived.number);
            }
        }
        refine(&mut arrived, &mut on.dependencies);
        self.red.learn(&arrived.descriptor);
        arrived.red = self.red;
        if arrived.peek.keyframe {
            on.keyframes.arrives();
        }
        let rated = if self.layers.len() > 1 {
            layer
        } else {
            arrived.peek.spatial
        };
        let temporal = usize::from(arrived.peek.temporal);
        let woke = self
            .rates
            .count(now, usize::from(rated), temporal, packet.len());
        match arrived.level {
            Some(level) => {
                self.has_levels = true;
                self.activity.hear(now, level);
            }
            None if !self.has_levels && sounds(&arrived) => {
                self.activity.hear(now, UNTOLD);
            }
            None => {}
        }
        Ok(Accepted { arrived, woke })
    }

    /// Reads a packet of the ring again.
    pub(crate) fn reread<'a>(&self, packet: &'a [u8], number: u64) -> Option<IncomingPacket<'a>> {
        let mut arrived = self.reading.read(packet).ok()?;
        arrived.number = number;
        arrived.red = self.red;
        Some(arrived)
    }

    /// Forgets every packet, so that earlier ones are never sent again.
    pub(crate) fn forget_packets(&mut self) {
        for layer in &mut self.layers {
            layer.ring.clear();
        }
    }

    /// Counts a slot that is held back.
    pub(crate) fn count_shut(&mut self, reason: DropReason, change: i32) {
        self.counts.routes_shut = self.counts.routes_shut.saturating_add_signed(change);
        match self.shut.iter_mut().find(|(held, _)| *held == reason) {
            Some((_, count)) => *count = count.saturating_add_signed(change),
            None => self.shut.push((reason, u32::from(change > 0))),
        }
        self.shut.retain(|(_, count)| *count > 0);
    }

    /// The layer that comes nearest to `encoding` among those that are live.
    pub(crate) fn layer_for(&self, encoding: u8) -> u8 {
        let top = self.layers.len() - 1;
        let target = usize::from(encoding).min(top);
        let live = |layer: &usize| self.rates.is_live(*layer);
        let below = (0..=target).rev().find(live);
        let nearest = below.or_else(|| (target..=top).find(live));
        nearest.unwrap_or(target) as u8
    }
}

/// A packet that is neither damaged nor a copy.
#[derive(Debug)]
pub(crate) struct Accepted<'a> {
    pub(crate) arrived: IncomingPacket<'a>,
    /// True if the layer was silent before this packet.
    pub(crate) woke: bool,
}

impl Layer {
    fn new(ring: RingBounds) -> Self {
        Self {
            listeners: Vec::new(),
            ring: PacketRing::new(ring),
            keyframes: KeyframeAsk::default(),
            report: None,
            ssrc: None,
            numbers: SeqUnwrapper::new(),
            base: 0,
            window: Window::default(),
            too_old: 0,
            dependencies: DependencyReader::new(),
        }
    }

    /// Extends the packet's sequence number.
    #[inline]
    fn number(&mut self, arrived: &mut IncomingPacket<'_>) -> Result<Arrival, DropReason> {
        if self.ssrc != Some(arrived.ssrc) {
            self.restart();
            self.ssrc = Some(arrived.ssrc);
        }
        arrived.number = self.base + self.numbers.extend(arrived.sequence);
        let found = self.window.insert(arrived.number);
        match found {
            Err(DropReason::TooOld) => {
                self.too_old += 1;
                if self.too_old < RESTART_AFTER {
                    return found;
                }
                self.restart();
                arrived.number = self.base + self.numbers.extend(arrived.sequence);
                self.window.insert(arrived.number)
            }
            _ => {
                self.too_old = 0;
                found
            }
        }
    }

    /// Whether a slot may begin with a late packet.
    #[cold]
    fn start_late(&self, now: Time, number: u64) -> Start {
        let to = self.window.highest().unwrap_or(number);
        if to - number > MAX_CATCH_UP {
            return Start::Never;
        }
        let kept = |number| self.ring.fetch(now, number).is_some() || !self.window.has(number);
        if (number + 1..=to).all(kept) {
            Start::CatchUp { to }
        } else {
            Start::Never
        }
    }

    #[cold]
    fn restart(&mut self) {
        self.base += self.numbers.highest().unwrap_or_default() + RESTART;
        self.numbers = SeqUnwrapper::new();
        self.window = Window::default();
        self.too_old = 0;
        self.report = None;
        self.ring.clear();
    }
}
